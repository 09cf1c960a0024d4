"""A decided lead becomes a sample of what was known when its score was asked for, never of what was known after."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.errors import UnauthenticatedError
from cloud_sync.fleet import devices
from cloud_sync.learning.datasets import describe, register
from cloud_sync.learning.extending import extend
from cloud_sync.learning.freezing import freeze
from cloud_sync.learning.reviewed import reviewed_samples
from cloud_sync.store.models import Annotation, Device, Sample
from kits.core.annotation import Annotation as CoreAnnotation
from kits.core.dataset import DatasetHeader, DatasetItem, build, to_bytes
from kits.core.errors import ConfigError
from kits.core.placing import BY_TIME
from kits.core.sample import Sample as CoreSample
from kits.core.sample import digest_of
from kits.lead_scoring._reading.samples import OUTCOME_AT
from tests.cloud_sync.crm.connection.test_meanwhile import change
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, LeadHub, lead_hub
from tests.cloud_sync.fleet_builders import AT, put_blob


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


def samples(here: LeadHub) -> list[Sample]:
    with here.hub.database.session() as session:
        return list(session.scalars(select(Sample).order_by(Sample.id)))


def won(
    here: LeadHub, name: str, outcome: str = "won", minutes: int = 60, **fields: object
) -> None:
    here.crm.put(name, AT + timedelta(minutes=minutes), outcome=outcome, **fields)
    here.score(name)


def test_the_fields_are_those_of_the_first_score(here: LeadHub) -> None:
    here.crm.put("1", size=40)
    asked_at = here.clock()
    here.score("1")
    here.clock.tick(3600)
    here.crm.put("1", AT + timedelta(minutes=10), size=70, contract="signed")
    here.score("1")
    won(here, "1", invoice=4711)
    [sample] = samples(here)
    told = json.loads(here.hub.storage.get(sample.blob))
    assert told == {"id": "1", "fields": {"size": 40}, "at": asked_at.isoformat()}
    assert sample.captured_at == asked_at and sample.meta["order"] == asked_at.timestamp()
    assert (sample.score, sample.verdict, sample.project) == (0.4, "review", LEADS)
    assert here.lead("1").state == "won" and here.lead("1").sample_id == sample.id
    assert here.lead("1").fields == {"size": 70, "contract": "signed"}


def test_a_lead_stands_in_time_where_it_came_as_in_an_import_of_its_crm(here: LeadHub) -> None:
    """Those that were open when the CRM was connected would else be a crowd of slow ones of one day."""
    came, asked_at = here.clock() - timedelta(days=80), here.clock()
    here.crm.put("1", size=40, created_at=came)
    here.crm.put("2", size=40, created_at=asked_at + timedelta(days=2))  # its clock is wrong
    here.score("1", "2")
    won(here, "1")
    won(here, "2")
    first, second = sorted(samples(here), key=lambda one: one.source)
    assert (first.captured_at, first.meta["order"]) == (asked_at, came.timestamp())
    assert second.meta["order"] == asked_at.timestamp()
    told = json.loads(here.hub.storage.get(first.blob))
    assert told["at"] == came.isoformat(), "its columns are read as of then"


def test_what_a_program_fills_in_within_minutes_is_the_leads_own_where_it_is_given_them(
    here: LeadHub,
) -> None:
    change(here.hub, SALES, complete_after_min=10)
    asked_at = here.clock()
    for minutes, size in ((0, 40), (4, 60), (5, 80)):  # the third one 9 minutes after the first
        here.clock.tick(60 * minutes)
        here.crm.put("1", AT + timedelta(minutes=size), size=size, firm=f"of {size}")
        here.score("1")
    here.clock.tick(61)
    here.crm.put("1", AT + timedelta(minutes=90), size=90, contract="signed")
    here.score("1")
    won(here, "1", minutes=100, invoice=4711)
    [sample] = samples(here)
    told = json.loads(here.hub.storage.get(sample.blob))
    assert told["fields"] == {"size": 80, "firm": "of 80"} and sample.score == 0.8
    assert sample.captured_at == asked_at and told["at"] == asked_at.isoformat()


def test_a_lead_that_is_open_again_within_these_minutes_is_not_asked_for_anew(
    here: LeadHub,
) -> None:
    change(here.hub, SALES, complete_after_min=10)
    here.crm.put("1", size=40)
    here.score("1")
    won(here, "1", minutes=1, invoice=4711)
    here.crm.put("1", AT + timedelta(minutes=2), outcome="", size=50)
    here.score("1")
    assert here.lead("1").state == "open" and here.lead("1").asked["fields"] == {"size": 40}


def test_the_dataset_of_the_project_takes_it(here: LeadHub) -> None:
    for name, outcome in (("1", "won"), ("2", "lost")):
        here.crm.put(name, size=40)
        here.score(name)
        won(here, name, outcome)
    with here.hub.database.session() as session:
        found = reviewed_samples(session, LEADS)
    assert sorted(one.annotation.label for one in found) == ["lost", "won"]
    assert {one.annotation.source for one in found} == {"outcome"}
    assert {one.sample.device for one in found} == {"crm-sales"}


def test_a_lead_that_was_decided_before_it_was_scored_is_no_sample(here: LeadHub) -> None:
    won(here, "1", size=40)
    assert samples(here) == [] and here.lead("1").state == "won"
    assert here.lead("1").points is None


def test_the_same_outcome_again_says_nothing_new_and_another_one_does(here: LeadHub) -> None:
    here.crm.put("1", size=40)
    here.score("1")
    won(here, "1", "won", 60)
    won(here, "1", "won", 61)
    won(here, "1", "lost", 62)
    here.crm.put("1", AT + timedelta(minutes=63), outcome="", size=50)
    here.score("1")
    with here.hub.database.session() as session:
        labels = list(session.scalars(select(Annotation.label).order_by(Annotation.id)))
    assert labels == ["won", "lost", ""] and len(samples(here)) == 1
    assert here.lead("1").state == "open" and here.lead("1").points == 50
    won(here, "1", "won", 70)
    assert len(samples(here)) == 1


def test_a_sample_says_when_its_outcome_was_known(here: LeadHub) -> None:
    asked = here.clock()
    for name in "1234":
        here.crm.put(name, asked, size=40)
    here.score(*"1234")
    here.clock.tick(10 * 86_400)
    times = {
        "1": asked + timedelta(days=4),
        "2": asked - timedelta(hours=3),  # a day without an hour
        "3": asked + timedelta(days=40),  # a day that is to come
        "4": None,
    }
    for name, at in times.items():
        here.crm.put(name, asked + timedelta(days=6), outcome="won", outcome_at=at)
    here.score(*times)
    assert after(here, asked) == {"1": 4.0, "2": 0.0, "3": 10.0, "4": 6.0}
    here.crm.put("1", asked + timedelta(days=7), outcome="", outcome_at=None)
    here.score("1")
    assert "1" not in after(here, asked)
    here.crm.put("1", asked + timedelta(days=9), outcome="lost", outcome_at=None)
    here.score("1")
    assert after(here, asked)["1"] == 9.0


def after(here: LeadHub, asked: datetime) -> dict[str, float]:
    """How many days after their scores were asked for outcomes were known, as the kit reads it, by lead."""
    known = {one.source.partition("#")[2]: one.meta.get(OUTCOME_AT) for one in samples(here)}
    return {
        name: round((float(str(at)) - asked.timestamp()) / 86_400, 3)
        for name, at in known.items()
        if at is not None
    }


def test_leads_shown_by_lot_are_marked_in_what_is_learned_from(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        here.judged_with(0.5)
        names = [str(n) for n in range(40)]
        for name in names:
            here.crm.put(name, size=40)
        here.score(*names)
        for name in names:
            won(here, name)
        lots = {sample.source.partition("#")[2]: sample.meta.get("lot") for sample in samples(here)}
        assert all(
            (lead.lot < 0.5) == (lots[name] is not None) for name, lead in here.leads().items()
        )
        assert 5 < sum(lot is not None for lot in lots.values()) < 35


@pytest.mark.slow
@pytest.mark.parametrize(
    ("then", "now"), [(0.3, 0.7), pytest.param(0.7, 0.3, marks=pytest.mark.slow)]
)
def test_by_lot_are_those_that_were_so_from_first_to_last(
    tmp_path: Path, then: float, now: float
) -> None:
    """A share that was raised does not make those by lot that nobody called because they were not."""
    with lead_hub(tmp_path) as here:
        here.judged_with(then)
        names = [str(n) for n in range(60)]
        for name in names:
            here.crm.put(name, size=40)
        here.score(*names)
        here.judged_with(now, version=3)
        for name in names:
            won(here, name)
        marked = {one.source.partition("#")[2] for one in samples(here) if "lot" in one.meta}
        assert marked == {name for name, lead in here.leads().items() if lead.lot < 0.3} != set()


def test_nobody_can_sign_in_as_a_connection(here: LeadHub) -> None:
    here.crm.put("1", size=40)
    here.score("1")
    won(here, "1")
    with here.hub.database.transaction() as session:
        device = session.get_one(Device, "crm-sales")
        assert device.revoked_at is not None and devices.logins(session) == []
        with pytest.raises(ConfigError, match="CRM"):
            devices.add_device(session, "crm-sales", site="main", who="test")
        with pytest.raises(UnauthenticatedError):
            devices.enroll(session, "guess", "machine")


def test_a_version_split_by_time_stays_so_and_the_latest_outcomes_judge(here: LeadHub) -> None:
    add_version(here, 50)
    for n in range(20):
        here.clock.tick(60)
        here.crm.put(f"n{n:02d}", size=40)
        here.score(f"n{n:02d}")
    for n in range(20):
        won(here, f"n{n:02d}", "won" if n % 2 else "lost")
    frozen = freeze(here.hub, LEADS, by="test")
    splits = {item.sample.source: item.split for item in frozen.dataset.items}
    assert frozen.added == 20 and len(splits) == 70
    counts = Counter(splits.values())
    assert (counts["train"], counts["val"], counts["test"]) == (42, 14, 14)
    assert all(splits[f"sales#n{n:02d}"] == "test" for n in range(6, 20))
    assert splits["old#41"] == "train"  # it was judged on before
    again = extend(frozen.dataset, [], here.hub.storage)
    assert {i.sample.source: i.split for i in again.dataset.items} == splits


def add_version(here: LeadHub, n: int) -> None:
    """The project's first version, split by time."""
    items = []
    for i in range(n):
        content = json.dumps({"id": str(i), "fields": {"size": i}}).encode()
        put_blob(here.hub, content)
        sample = CoreSample(
            f"f{i:025d}", "application/json", digest_of(content), len(content), AT,
            source=f"old#{i}", group=f"old#{i}", meta={"order": float(i)},
        )  # fmt: skip
        split = "train" if i < 0.6 * n else "val" if i < 0.8 * n else "test"
        items.append(DatasetItem(sample, CoreAnnotation("won" if i % 3 else "lost", at=AT), split))
    rule = f"{BY_TIME}, 0.6/0.2/0.2"
    dataset = build(
        DatasetHeader(kit="lead-scoring", split_rule=rule, seed=0), items, here.hub.storage
    )
    here.hub.storage.put(to_bytes(dataset))
    version = describe(dataset, here.hub.storage)
    with here.hub.database.transaction() as session:
        register(session, version, LEADS, by="test")
