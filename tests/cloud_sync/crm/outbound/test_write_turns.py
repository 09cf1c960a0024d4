"""Whose score is written next: leads that something happens to go before those that were scored in the background, and
what came last before a list that somebody has put into the CRM. Those that wait longest have a share."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.crm.client.budget import SPARE
from cloud_sync.crm.connection import settling
from cloud_sync.crm.connection.condition import DAY_USED_UP, IN_ORDER, conditions
from cloud_sync.crm.connection.used_up import USED_UP
from cloud_sync.crm.kinds.base import ScoreWrite, WriteOutcome
from cloud_sync.crm.leads import leads
from cloud_sync.crm.outbound.writeback import FEW, WriteBack
from cloud_sync.crm.scoring import cutting
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.store.models import Alert, CrmConnection, CrmLead
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    MemoryCrm,
    lead_bundle,
    lead_hub,
    release_bundle,
)

pytestmark = pytest.mark.postgresql_in_all

OLD = tuple(str(n) for n in range(40))
"""Leads that were there before the hub."""


@dataclass
class WritingCrm(MemoryCrm):
    """A CRM that takes a few scores at once, with what it took."""

    batch: int = FEW
    taken: list[str] = field(default_factory=list)

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        self.taken += [one.object_id for one in writes]
        return super().write(writes)


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        yield made


class Desk:
    """A hub that a sweep has shown forty leads, scored and not written yet."""

    def __init__(self, here: LeadHub) -> None:
        self.here, self.crm = here, WritingCrm()
        self.scoring = LeadScoring(
            here.hub, here.models, lambda _row: self.crm, now=here.clock, rng=random.Random(1)
        )
        self.writing = WriteBack(
            here.hub, lambda _row: self.crm, now=here.clock, rng=random.Random(1)
        )
        for number, name in enumerate(OLD):
            self.crm.put(name, size=20 + number)
        with here.hub.database.transaction() as session:
            session.add_all(
                CrmLead(connection=SALES, object_id=name, later_at=here.clock()) for name in OLD
            )
        self.score()

    def score(self) -> None:
        while self.scoring.serve(SALES)[0]:
            self.here.clock.tick(0.1)

    def comes(self, name: str) -> None:
        """A message of it, after those were scored."""
        self.here.clock.tick(60)
        self.crm.put(name, self.here.clock(), size=90)
        self.here.due(name)
        self.score()

    def write(self, batches: int = 1) -> list[str]:
        """What so many batches took; what a person did by the true clock is over by then."""
        self.here.clock.tick(60)
        before = len(self.crm.taken)
        for _ in range(batches):
            self.writing.serve(SALES)
        return self.crm.taken[before:]

    def tell_day(self, left: int) -> None:
        """What the CRM says is left of a hundred."""
        self.crm.budget.heed(
            {"x-daily-ratelimit-token-limit": "100", "x-daily-ratelimit-token-remaining": str(left)}
        )

    def waiting(self) -> set[str]:
        with self.here.hub.database.session() as session:
            wanted = select(CrmLead.object_id).where(CrmLead.write_at.is_not(None))
            return set(session.scalars(wanted))


@pytest.fixture
def desk(here: LeadHub) -> Desk:
    return Desk(here)


def test_a_lead_that_comes_goes_before_those_that_a_sweep_found(desk: Desk) -> None:
    assert len(desk.write()) == 5
    desk.comes("new")
    assert desk.write()[0] == "new"
    desk.write(8)
    assert sorted(desk.crm.taken) == sorted({*OLD, "new"}), "each once, and none is left out"
    assert not desk.waiting()


def test_where_each_takes_a_request_a_lead_that_comes_waits_for_few(desk: Desk) -> None:
    desk.crm.batch, desk.crm.singly = 20, True
    assert len(desk.write()) == FEW
    for name in ("a", "b", "c", "d", "e", "f", "g"):
        desk.comes(name)
    assert desk.write() == ["g", "f", "e", "d", "a"], "who comes meanwhile waits for no more"
    assert desk.write()[:2] == ["c", "b"]
    desk.crm.singly = False
    assert len(desk.write()) == 20


def test_one_of_them_that_something_happens_to_goes_first_too(desk: Desk) -> None:
    last = OLD[-1]
    first = desk.write()
    assert last not in first
    desk.comes(last)
    assert desk.write()[0] == last


def test_what_a_person_says_goes_first(desk: Desk) -> None:
    lead = OLD[-1]
    with desk.here.hub.database.transaction() as session:
        leads.override(session, SALES, lead, "cold", why="a friend", who="ada")
    assert desk.write()[0] == lead


def test_a_score_that_is_taken_away_lets_nobody_go_first(desk: Desk) -> None:
    desk.write(8)
    release_bundle(desk.here.hub, lead_bundle(2, 0.5))
    desk.here.models.look(LEADS)
    desk.crm.put(OLD[-1], desk.here.clock(), opted_out=True)
    desk.score()
    assert len(desk.waiting()) > 1
    assert desk.write()[0] == OLD[-1]


def test_scores_of_a_new_bundle_and_those_written_again_let_others_go_first(desk: Desk) -> None:
    desk.write(8)
    settling.write_again(desk.here.hub, SALES)
    assert desk.waiting() == set(OLD)
    desk.comes("new")
    assert desk.write()[0] == "new"


def test_written_again_what_a_person_said_lets_nobody_go_first(desk: Desk) -> None:
    with desk.here.hub.database.transaction() as session:
        leads.override(session, SALES, OLD[3], "cold", why="a friend", who="ada")
        leads.opt_out(session, SALES, OLD[7], True, why="asked", who="ada")
        session.get_one(CrmLead, (SALES, OLD[7])).wrote_points = 50
    settling.write_again(desk.here.hub, SALES)
    assert {OLD[3], OLD[7]} <= set(desk.write())


def test_a_write_that_went_first_before_goes_first_still(desk: Desk) -> None:
    desk.comes(OLD[-1])
    with desk.here.hub.database.transaction() as session:
        row = session.get_one(CrmLead, (SALES, OLD[-1]))
        row.bundle, row.later_at = "0" * 64, desk.here.clock()  # scored again in the background
    desk.score()
    assert desk.write()[0] == OLD[-1]


def test_bands_that_are_cut_anew_let_others_go_first(desk: Desk) -> None:
    desk.write(8)
    now = desk.here.clock()
    cut = cutting.Cut(desk.here.lead(OLD[0]).bundle, 2.0, 1.5, 40, now, (0.0, 1.0))  # all are cold
    assert cutting.reband(desk.here.hub, SALES, cut, now) > 5
    desk.comes("new")
    assert desk.write()[0] == "new"


def test_with_a_quarter_of_the_day_left_only_what_cannot_wait_is_written(desk: Desk) -> None:
    desk.tell_day(round(100 * SPARE) - 1)
    assert desk.write() == []
    desk.comes("new")
    assert desk.write() == ["new"]
    assert desk.write() == []
    desk.tell_day(round(100 * SPARE))
    assert len(desk.write()) == 5


def test_with_a_quarter_of_the_day_left_nothing_is_read_in_the_background(desk: Desk) -> None:
    desk.here.clock.tick(60)
    with desk.here.hub.database.transaction() as session:
        session.execute(update(CrmLead).values(later_at=desk.here.clock()))
    read = len(desk.crm.asked)
    desk.tell_day(round(100 * SPARE) - 1)
    desk.score()
    assert len(desk.crm.asked) == read
    desk.comes("new")
    assert desk.crm.asked[read:] == [("new",)]
    desk.tell_day(round(100 * SPARE))
    desk.score()
    assert len(desk.crm.asked) > read + 1


def test_that_the_day_is_used_up_is_told_until_it_is_not(desk: Desk) -> None:
    def told() -> list[str]:
        with desk.here.hub.database.session() as session:
            open_ones = select(Alert.text).where(Alert.name == USED_UP, Alert.seen_at.is_(None))
            return list(session.scalars(open_ones))

    def state() -> str:
        with desk.here.hub.database.session() as session:
            rows = session.scalars(select(CrmConnection)).all()
            return conditions(session, rows, desk.here.clock())[SALES].state

    desk.write()
    assert told() == [] and state() == IN_ORDER
    desk.tell_day(4)
    desk.comes("new")
    assert len(told()) == 1 and "nothing is lost" in told()[0]
    assert state() == DAY_USED_UP
    desk.tell_day(100)
    desk.write()
    assert told() == [] and state() == IN_ORDER


FAIR = tuple(f"fair-{n:02d}" for n in range(30))
"""A list that somebody has put into the CRM: all of them are news."""


def puts_in(desk: Desk) -> None:
    """The list of a trade fair, after all that was there is written."""
    desk.write(8)
    desk.crm.taken.clear()
    desk.here.clock.tick(60)
    for name in FAIR:
        desk.crm.put(name, desk.here.clock(), size=40)
    desk.here.due(*FAIR)


def test_a_lead_that_comes_is_read_before_a_list_that_was_put_in(desk: Desk) -> None:
    puts_in(desk)
    desk.crm.asked.clear()
    desk.scoring.serve(SALES)
    desk.here.clock.tick(1)
    desk.crm.put("new", desk.here.clock(), size=90)
    desk.here.due("new")
    desk.score()
    assert "new" in desk.crm.asked[1]
    assert sorted(name for batch in desk.crm.asked for name in batch) == sorted({*FAIR, "new"})


def test_a_lead_that_comes_is_written_before_a_list_that_was_put_in(desk: Desk) -> None:
    puts_in(desk)
    desk.here.clock.tick(1)
    desk.crm.put("new", desk.here.clock(), size=90)
    desk.here.due("new")
    desk.scoring.serve(SALES)
    desk.here.clock.tick(1)
    # the rest of the list is scored after it, and does not come before it by that
    desk.score()
    assert desk.write()[0] == "new"
    desk.write(8)
    assert sorted(desk.crm.taken) == sorted({*FAIR, "new"}), "each once, and none is left out"
    assert not desk.waiting()


def test_one_of_the_list_that_something_happens_to_goes_first(desk: Desk) -> None:
    puts_in(desk)
    desk.score()
    first = desk.write()
    asks = next(name for name in FAIR if name not in first)
    desk.here.clock.tick(60)
    desk.crm.put(asks, desk.here.clock(), size=95)
    desk.here.due(asks)
    desk.score()
    assert desk.write()[0] == asks


@pytest.mark.slow
def test_one_that_waits_long_is_written_however_many_come(desk: Desk) -> None:
    puts_in(desk)
    desk.score()
    written = []
    for number in range(len(FAIR)):
        come = [f"{number}-{more}" for more in range(2 * FEW)]
        for more, name in enumerate(come):
            desk.crm.put(name, desk.here.clock(), size=30 + more)
        desk.here.due(*come)
        desk.score()
        written += desk.write()
    assert set(FAIR) <= set(written), "a share of each batch is theirs"


@pytest.mark.slow
def test_one_that_waits_long_is_read_however_many_come(desk: Desk) -> None:
    puts_in(desk)
    desk.crm.asked.clear()
    for number in range(len(FAIR)):
        desk.here.clock.tick(1)
        come = [f"{number}-{more}" for more in range(2 * FEW)]
        for more, name in enumerate(come):
            desk.crm.put(name, desk.here.clock(), size=30 + more)
        desk.here.due(*come)
        desk.scoring.serve(SALES)
    assert set(FAIR) <= {name for batch in desk.crm.asked for name in batch}


def test_one_that_the_crm_put_off_comes_no_sooner_because_something_happens_to_it(
    desk: Desk,
) -> None:
    puts_in(desk)
    desk.score()
    later = desk.here.clock() + timedelta(hours=1)
    with desk.here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, FAIR[3])).write_at = later
    desk.comes(FAIR[3])
    desk.write(8)
    assert FAIR[3] not in desk.crm.taken and desk.waiting() == {FAIR[3]}
    assert desk.here.lead(FAIR[3]).write_at == later
