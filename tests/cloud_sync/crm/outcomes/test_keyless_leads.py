"""Samples that were made before leads had a key get one where it is known whose they are; the others are counted and told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.config import FILE, dump
from cloud_sync.crm.erasure.forgetting import forget
from cloud_sync.crm.outcomes.keyless import PORTION, count_without, give_keys
from cloud_sync.learning.extending import extend
from cloud_sync.learning.freezing import freeze
from cloud_sync.learning.reviewed import reviewed_samples
from cloud_sync.setup import Finding, doctor
from cloud_sync.store.models import CrmConnection, Sample
from kits.core.dataset import build
from kits.core.sample import KEY
from kits.toolchain.project import Project
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, LeadHub, lead_hub
from tests.cloud_sync.crm.outcomes.test_lead_states import FIRMS, bring, is_of, only, project, send
from tests.cloud_sync.crm.outcomes.test_outcomes import won

__all__ = ["project"]
FIRM = FIRMS[0]


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path / "hub", database_url) as made:
        yield made


def decided(here: LeadHub, *names: str) -> None:
    for name in names:
        here.crm.put(name, size=40)
    here.score(*names)
    for name in names:
        won(here, name)


def as_before_keys(here: LeadHub) -> None:
    """As an earlier version left its samples."""
    with here.hub.database.transaction() as session:
        for row in session.scalars(select(Sample)):
            row.meta = {name: value for name, value in row.meta.items() if name != KEY}


def keys(here: LeadHub) -> dict[str, object]:
    with here.hub.database.session() as session:
        return {row.source: row.meta.get(KEY) for row in session.scalars(select(Sample))}


def without(here: LeadHub) -> dict[str, int]:
    with here.hub.database.session() as session:
        return count_without(session)


def told(here: LeadHub) -> list[Finding]:
    (here.hub.config.data_dir / FILE).write_text(dump(here.hub.config))
    return [
        one for one in doctor(here.hub.config.data_dir) if one.check == "samples without a record"
    ]


def test_a_sample_gets_the_key_that_a_new_one_would_have(here: LeadHub) -> None:
    is_of(here, FIRM)
    decided(here, "4711", "4#7")
    made = keys(here)
    as_before_keys(here)
    assert without(here) == {SALES: 2}
    assert (give_keys(here.hub), give_keys(here.hub)) == (2, 0)
    assert keys(here) == made and without(here) == {}


def test_more_than_a_portion_are_all_looked_at(here: LeadHub) -> None:
    decided(here, "1")
    with here.hub.database.transaction() as session:
        [row] = session.scalars(select(Sample))
        columns = {c.key: getattr(row, c.key) for c in Sample.__mapper__.column_attrs}
        for number in range(PORTION):
            session.add(
                Sample(**{**columns, "id": f"z{number:025d}", "source": f"{SALES}#x{number}"})
            )
    assert give_keys(here.hub) == 0 and without(here) == {SALES: PORTION + 1}
    with here.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        row.settings = {**row.settings, "options": {"id_column": "Lead ID"}}
    assert give_keys(here.hub) == PORTION + 1 and without(here) == {}


def test_what_can_not_be_told_is_counted_and_said(here: LeadHub) -> None:
    decided(here, "1", "2")
    assert give_keys(here.hub) == 0, (
        "a program of the firm's own: whose ids these are no export says"
    )
    [found] = told(here)
    assert found.ok and f"2 of {SALES}" in found.found and "id_column" in found.fix
    forget(here.hub, SALES, "1", by="ada")
    assert without(here) == {SALES: 1}, "what is erased waits for nothing"
    is_of(here, FIRM)
    give_keys(here.hub)
    assert told(here) == []


def test_a_lead_that_a_version_has_twice_is_there_once_in_the_next_one(
    here: LeadHub, project: Project
) -> None:
    is_of(here, FIRM)
    send(here, bring(project, FIRM, "may.csv"))
    decided(here, FIRM.asked)
    as_before_keys(here)
    old = freeze(here.hub, LEADS, by="test")
    assert len(old.dataset.items) == 32, "the import's state and the hub's"
    give_keys(here.hub)
    decided(here, "another")
    new = freeze(here.hub, LEADS, by="test")
    assert (new.added, new.replaced, new.withdrawn) == (1, 1, 0)
    assert len(new.dataset.items) == 32
    assert only(new.dataset, FIRM).annotation is not None
    header = old.dataset.header.model_copy(update={"split_rule": "by chance"})
    base = build(header, old.dataset.items, here.hub.storage)
    with here.hub.database.session() as session:
        other = extend(base, reviewed_samples(session, LEADS), here.hub.storage)
    assert (other.added, other.replaced, other.withdrawn) == (1, 1, 0), "however it is split"
