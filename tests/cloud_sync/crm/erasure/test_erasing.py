"""A lead that is forgotten leaves nothing that tells of a person: rows, bytes and dataset versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.erasure.forgetting import forget
from cloud_sync.crm.leads import leads
from cloud_sync.crm.outcomes import outcomes
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.learning.datasets import newest, read
from cloud_sync.learning.freezing import freeze
from cloud_sync.learning.reviewed import reviewed_samples
from cloud_sync.mails.erasure import remove_bytes
from cloud_sync.store.models import AuditLog, CrmEvent, CrmLead, CrmScore, Dataset, Sample
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, LeadHub, lead_hub
from tests.cloud_sync.crm.outcomes.test_outcomes import add_version, won
from tests.cloud_sync.fleet_builders import AT

SECRET = "Ann Example"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


def known(here: LeadHub, name: str = "1") -> None:
    """A lead with a past: scored, written, with an event."""
    here.crm.put(name, size=40, person=SECRET)
    here.score(name)
    with here.hub.database.transaction() as session:
        lead = session.merge(here.lead(name))
        lead.wrote_points, lead.wrote_band, lead.written, lead.write_at = 40, "warm", 1, None
        session.add(
            CrmEvent(
                connection=SALES, event_id=f"e{name}", object_id=name, what="changed", at=AT,
                body={"person": SECRET},
            )
        )  # fmt: skip


def test_nothing_of_a_lead_is_left_and_the_crm_loses_its_score(
    here: LeadHub, tmp_path: Path
) -> None:
    add_version(here, 30)
    known(here)
    won(here, "1")
    known(here, "2")
    won(here, "2")
    version = freeze(here.hub, LEADS, by="test").dataset.id
    blob = next(s.blob for s in all_samples(here) if s.source.endswith("#1"))
    done = forget(here.hub, SALES, "1", by="ada")
    assert (done.events, done.scores, done.samples, done.versions) == (1, 1, 1, 1)
    lead = here.lead("1")
    assert (lead.fields, lead.asked, lead.reasons, lead.points) == ({}, {}, [], None)
    assert lead.opted_out and lead.write_at is not None
    with here.hub.database.session() as session:
        row = newest(session, LEADS)
        assert row is not None and row.id != version
        assert session.get_one(Dataset, version).successor == row.id
        assert session.scalars(select(CrmEvent.object_id)).all() == ["2"]
        assert "1" not in [row.target for row in session.scalars(select(AuditLog))]
        assert [one.sample.source for one in reviewed_samples(session, LEADS)] == ["sales#2"]
    items = read(here.hub.storage, row.id).items
    assert sum(item.sample.source.startswith("sales#") for item in items) == 1
    assert done.bytes_gone
    with pytest.raises(NotFoundError):
        here.hub.storage.get(blob)


def test_an_event_of_tomorrow_does_not_bring_it_back(here: LeadHub) -> None:
    known(here)
    forget(here.hub, SALES, "1", by="ada")
    here.crm.put("1", AT + timedelta(days=1), size=90, person=SECRET)
    here.clock.tick(60)
    here.score("1")
    assert here.lead("1").points is None and here.lead("1").fields == {}
    with here.hub.database.session() as session:
        assert session.scalars(select(CrmScore.points)).all() == [None]


def test_a_lead_that_was_never_scored_and_one_that_is_not_there(here: LeadHub) -> None:
    here.due("1")
    assert forget(here.hub, SALES, "1", by="ada").samples == 0
    with pytest.raises(NotFoundError):
        forget(here.hub, SALES, "2", by="ada")


def all_samples(here: LeadHub) -> list[Sample]:
    with here.hub.database.session() as session:
        return list(session.scalars(select(Sample)))


def test_what_a_person_wrote_of_a_lead_is_erased_too(here: LeadHub) -> None:
    known(here)
    with here.hub.database.transaction() as session:
        leads.override(session, SALES, "1", "hot", why=f"{SECRET} called me", who="rita")
    forget(here.hub, SALES, "1", by="ada")
    with here.hub.database.session() as session:
        rows = list(session.scalars(select(AuditLog).where(AuditLog.what == "leads.override")))
    assert [(row.who, row.details) for row in rows] == [("rita", {"band": "hot", "why": "erased"})]


def test_who_is_forgotten_while_an_outcome_is_stored_is_no_sample(
    here: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(here)
    here.crm.put("1", AT + timedelta(hours=1), outcome="won")
    plain = outcomes.keep_bytes

    def slow(hub: Hub, rows: Sequence[CrmLead]) -> dict[str, outcomes.Kept]:
        kept = plain(hub, rows)
        forget(hub, SALES, "1", by="ada")
        return kept

    monkeypatch.setattr(outcomes, "keep_bytes", slow)
    here.score("1")
    assert here.lead("1").state == "won" and not all_samples(here)
    assert remove_bytes(here.hub)
    assert not any(SECRET.encode() in path.read_bytes() for path in files(here))


def files(here: LeadHub) -> list[Path]:
    return [path for path in (here.hub.config.data_dir / "blobs").rglob("*") if path.is_file()]


def test_a_lead_that_is_gone_in_the_crm_leaves_nothing_to_be_written(here: LeadHub) -> None:
    known(here)
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "1")).state = "gone"
    forget(here.hub, SALES, "1", by="ada")
    assert here.lead("1").points is None and here.lead("1").write_at is None
