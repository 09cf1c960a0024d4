"""A firm that closes no lead: the hub learns of those that did not buy by their age, as the import did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.outcomes import by_age
from cloud_sync.learning.held import HELD_OPEN, OUTCOME_AT, SETTLED_AT, held, matured
from cloud_sync.learning.reviewed import Reviewed, reviewed_samples
from cloud_sync.store.models import CrmConnection, CrmLead, Sample
from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, build
from kits.core.ready import ReadyBundle
from kits.core.sample import ORDER
from kits.core.sample import Sample as CoreSample
from kits.toolchain.evaluation import MemoryBlobStore
from tests.cloud_sync.crm.lead_builders import DAY_S, LEADS, SALES, LeadHub, Rule, lead_hub
from tests.cloud_sync.fleet_builders import AT

DAYS = 90.0
NOW_S = 1_000 * DAY_S


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        yield made


def look(there: LeadHub, days: float = DAYS) -> int:
    """The keeper's look, with a bundle whose leads nobody had closed."""
    ready = ReadyBundle(there.models.current(LEADS).bundle, Rule(lost_after_days=days))
    return by_age.look(there.hub, LEADS, ready, there.clock())


def put(there: LeadHub, *names: str, days: float = 0.0) -> None:
    """Leads that came so long ago and are scored now."""
    for name in names:
        there.crm.put(name, size=40, created_at=there.clock() - timedelta(days=days))
    there.score(*names)


def learned(there: LeadHub) -> dict[str, str]:
    """Lead → what it would be learned from as."""
    with there.hub.database.session() as session:
        found = reviewed_samples(session, LEADS)
    return {one.sample.source.removeprefix(f"{SALES}#"): one.annotation.label for one in found}


def test_a_lead_that_nobody_closed_is_lost_by_its_age_and_stays_open(there: LeadHub) -> None:
    put(there, "1", days=10)
    came = there.clock() - timedelta(days=10)
    there.clock.tick(79 * DAY_S)
    assert look(there) == 0 and learned(there) == {}
    there.clock.tick(1 * DAY_S)
    put(there, "2")
    assert look(there) == 1 and look(there) == 0
    assert learned(there) == {"1": "lost"}
    with there.hub.database.session() as session:
        [sample] = session.scalars(select(Sample))
    assert sample.meta[OUTCOME_AT] == (came + timedelta(days=DAYS)).timestamp()
    lead = there.lead("1")
    assert (lead.state, lead.points, lead.sample_id) == ("open", 40, sample.id)


def test_who_was_as_old_when_the_crm_was_connected_is_the_imports_to_count(there: LeadHub) -> None:
    put(there, "old", days=200)
    there.clock.tick(2 * DAYS * DAY_S)
    assert look(there) == 0
    # long after that it met a record of before: that became a lead then
    with there.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        row.created_at = there.clock() - timedelta(days=100)
    put(there, "met late", days=400)
    with there.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "met late")).created_at = there.clock()
        session.get_one(CrmLead, (SALES, "old")).created_at = there.clock() - timedelta(days=99)
    at = there.clock() + timedelta(days=DAYS)
    there.clock.tick((DAYS - 1) * DAY_S)
    assert look(there) == 0
    there.clock.tick(1 * DAY_S)
    assert look(there) == 1 and learned(there) == {"met late": "lost"}
    with there.hub.database.session() as session:
        [sample] = session.scalars(select(Sample))
    assert sample.meta[OUTCOME_AT] == at.timestamp()


def test_one_that_buys_after_all_is_won(there: LeadHub) -> None:
    put(there, "1")
    there.clock.tick(DAYS * DAY_S)
    look(there)
    there.crm.put("1", AT + timedelta(hours=1), outcome="won", outcome_at=there.clock())
    there.score("1")
    assert learned(there) == {"1": "won"} and there.lead("1").state == "won"
    with there.hub.database.session() as session:
        [sample] = session.scalars(select(Sample))
    assert sample.meta[OUTCOME_AT] == there.clock().timestamp()
    assert look(there) == 0


def test_a_lead_that_is_read_again_stays_what_it_is(there: LeadHub) -> None:
    put(there, "1")
    there.clock.tick(DAYS * DAY_S)
    look(there)
    there.crm.put("1", AT + timedelta(hours=1), size=70)
    there.score("1")
    assert learned(there) == {"1": "lost"} and there.lead("1").points == 70


def test_decided_leads_and_those_who_object_are_left_alone(there: LeadHub) -> None:
    put(there, "won", "objects", "muted")
    there.crm.put("won", AT + timedelta(hours=1), outcome="won")
    there.crm.put("objects", AT + timedelta(hours=1), opted_out=True)
    there.score("won", "objects")
    with there.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "muted")).opted_out = True
    there.clock.tick(2 * DAYS * DAY_S)
    assert look(there) == 0 and learned(there) == {"won": "won"}


def test_where_somebody_closes_leads_none_is_lost_by_its_age(there: LeadHub) -> None:
    put(there, "1")
    there.clock.tick(900 * DAY_S)
    assert look(there, days=0.0) == 0


def test_more_than_one_portion_is_counted(there: LeadHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_age, "PORTION", 2)
    put(there, *"12345")
    there.clock.tick(DAYS * DAY_S)
    assert look(there) == 5 and set(learned(there).values()) == {"lost"}


# -- what of it counts by now ----------------------------------------------------------------------


def sample(n: int, **meta: float) -> CoreSample:
    return CoreSample(f"{n:026d}", "application/json", "", 0, AT, meta=dict(meta))


def version(settled: bool) -> Dataset:
    """Leads of an import, whose outcomes are held for 90 days or not."""
    items = []
    for n in range(40):
        came = n * DAY_S
        ended = came + (20 + 3 * n) * DAY_S
        more = {SETTLED_AT: max(came + DAYS * DAY_S, ended)} if settled else {}
        meta = {ORDER: came, OUTCOME_AT: ended, **more}
        items.append(DatasetItem(sample(n, **meta), Annotation(label="won"), "train"))
    return build(
        DatasetHeader(kit="lead-scoring", split_rule="by time", seed=0), items, MemoryBlobStore()
    )


def hub_samples() -> list[Reviewed]:
    """Leads of the hub by their age in days, how long their outcome took, and how long ago they were met."""
    known = [(200.0, 30.0, 200.0), (200.0, 150.0, 190.0), (60.0, 5.0, 60.0), (300.0, 260.0, 50.0)]
    return [
        Reviewed(
            replace(
                sample(
                    100 + n,
                    **{ORDER: NOW_S - age * DAY_S, OUTCOME_AT: NOW_S - (age - took) * DAY_S},
                ),
                captured_at=datetime.fromtimestamp(NOW_S - min(age, asked) * DAY_S, timezone.utc),
            ),
            Annotation(label="won"),
            False,
        )
        for n, (age, took, asked) in enumerate(known)
    ]


def ages_settled(found: Sequence[Reviewed]) -> list[float]:
    """Days before now since when outcomes count."""
    return [(NOW_S - float(str(one.sample.meta[SETTLED_AT]))) / DAY_S for one in found]


def test_outcomes_count_once_all_leads_as_old_have_had_their_time() -> None:
    """Of younger ones the quick alone are known, which were won: these stay open, with what they are so far."""
    found, left = held(version(settled=True), hub_samples(), NOW_S)
    assert ages_settled(found[:2]) == pytest.approx([110.0, 50.0])
    young = found[2]
    assert (young.annotation.label, young.sample.meta[HELD_OPEN]) == ("", "won")
    assert SETTLED_AT not in young.sample.meta and OUTCOME_AT in young.sample.meta
    # a record that was old when it was met became a lead then
    assert [one.sample.meta[HELD_OPEN] for one in found[2:]] == ["won", "won"]
    assert left == 2


def test_what_a_person_said_of_a_held_lead_stands() -> None:
    base = version(settled=True)
    meta = {ORDER: 0.0, OUTCOME_AT: DAY_S, HELD_OPEN: "won"}
    open_ones = [
        DatasetItem(replace(sample(200 + n), meta=dict(meta)), annotation, "test")
        for n, annotation in enumerate((None, Annotation("lost", source="review", author="eve")))
    ]
    there = replace(base, items=(*base.items, *open_ones))
    [one] = matured(there, [], NOW_S)
    assert (one.sample.id, one.annotation.label) == (open_ones[0].sample.id, "won")
    assert matured(there, [one], NOW_S) == []


def test_where_the_import_holds_none_they_count_as_they_come() -> None:
    given = hub_samples()
    assert held(version(settled=False), given, NOW_S) == (given, 0)
