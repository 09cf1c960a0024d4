"""The course of a lead does not grow for ever: old scores go, what a person said and what a trend is told from stay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.scoring.claiming import courses
from cloud_sync.crm.scoring.storing import REMEMBERED
from cloud_sync.hub import Hub
from cloud_sync.retention import scores
from cloud_sync.retention.preview import preview
from cloud_sync.retention.pruner import Pruner
from cloud_sync.retention.rules import LEAD_SCORES, Rules
from cloud_sync.retention.totals import pruned_ever
from cloud_sync.store.models import CrmLead, CrmScore
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub
from tests.cloud_sync.plans import asked, plan

DAY = timedelta(days=1)
RULES = {"crm_scores_days": 100, "crm_scores_per_lead": 20}


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url, retention=RULES) as made:
        yield made


def course(here: LeadHub, name: str, n: int, newest: datetime, *, said: int = 0) -> None:
    """A lead with a score a day, the last at `newest`; `said`: version at which a person overrode it."""
    with here.hub.database.transaction() as session:
        session.add(CrmLead(connection=SALES, object_id=name, version=n, points=n))
        session.flush()
        for version in range(1, n + 1):
            word = {"band": "hot", "who": "rita"} if version == said else {}
            session.add(
                CrmScore(
                    connection=SALES, object_id=name, version=version, points=version,
                    override=word, at=newest - (n - version) * DAY,
                )
            )  # fmt: skip


def versions(hub: Hub, name: str) -> list[int]:
    with hub.database.session() as session:
        query = select(CrmScore.version).where(CrmScore.object_id == name)
        return list(session.scalars(query.order_by(CrmScore.version)))


def test_old_and_crowded_scores_go_and_what_is_needed_stays(here: LeadHub) -> None:
    now = here.clock()
    course(here, "quiet", 8, now - 200 * DAY, said=2)
    course(here, "busy", 40, now, said=3)
    course(here, "young", 15, now)
    with here.hub.database.session() as session:
        before = courses(session, SALES, ["quiet", "busy", "young"], "")
    assert preview(here.hub, now)[LEAD_SCORES] == 2 + 19
    pruner = Pruner(here.hub, now)
    assert pruner.turn()[LEAD_SCORES] == 21 and pruner.finished
    assert versions(here.hub, "quiet") == [2, 4, 5, 6, 7, 8]
    assert versions(here.hub, "busy") == [3, *range(21, 41)]
    assert versions(here.hub, "young") == [*range(1, 16)]
    with here.hub.database.session() as session:
        assert courses(session, SALES, ["quiet", "busy", "young"], "") == before
        assert pruned_ever(session)[LEAD_SCORES] == 21
    assert len(before["quiet"]) == REMEMBERED
    assert Pruner(here.hub, now).turn()[LEAD_SCORES] == 0


def test_more_than_one_reading_finds_goes_in_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "AT_ONCE", 7)
    with lead_hub(tmp_path, retention=RULES) as here:
        course(here, "busy", 40, here.clock())
        assert Pruner(here.hub, here.clock()).turn()[LEAD_SCORES] == 20
        assert versions(here.hub, "busy") == [*range(21, 41)]


def test_one_turn_looks_at_a_part_of_a_large_table_and_the_next_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "AT_ONCE", 4)
    monkeypatch.setattr(scores, "READINGS", 2)
    with lead_hub(tmp_path, retention=RULES) as here:
        course(here, "young", 15, here.clock())
        course(here, "busy", 40, here.clock())

        def turn() -> tuple[int, int, bool]:
            with here.hub.database.session() as session:
                began = scores.place(session)
            pruner = Pruner(here.hub, here.clock())
            return began, pruner.turn()[LEAD_SCORES], pruner.finished

        assert [turn() for _ in range(5)] == [
            (0, 0, True),
            (8, 20, True),
            (40, 0, True),
            (48, 0, True),
            (0, 0, True),
        ]
        assert versions(here.hub, "busy") == [*range(21, 41)]


def test_a_person_who_prunes_has_all_of_a_large_table_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "AT_ONCE", 4)
    monkeypatch.setattr(scores, "READINGS", 2)
    with lead_hub(tmp_path, retention=RULES) as here:
        course(here, "busy", 40, here.clock())
        course(here, "young", 15, here.clock())
        with here.hub.database.transaction() as session:
            scores.keep_place(session, 48)
        assert Pruner(here.hub, here.clock(), whole=True).turn()[LEAD_SCORES] == 20


def test_old_scores_are_looked_for_in_a_stretch_of_the_table(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        rules = Rules.at(here.hub.config.retention, here.clock())
        with here.hub.database.session() as session, asked(here.hub, "crm_score") as said:
            assert not scores.find_old(session, rules, 20, 0).old
        found = plan(here.hub, said)
        assert "SCAN" not in found and found.count("crm_score USING INTEGER PRIMARY KEY") == 2


def test_without_rules_everything_stays(tmp_path: Path) -> None:
    rules = {"crm_scores_days": 0, "crm_scores_per_lead": 0}
    with lead_hub(tmp_path, retention=rules) as here:
        course(here, "old", 300, here.clock() - 5000 * DAY)
        assert Pruner(here.hub, here.clock()).turn()[LEAD_SCORES] == 0
        assert len(versions(here.hub, "old")) == 300


def test_fewer_than_a_trend_needs_are_never_kept(tmp_path: Path) -> None:
    with lead_hub(tmp_path, retention={"crm_scores_per_lead": 1}) as here:
        course(here, "busy", 12, here.clock())
        Pruner(here.hub, here.clock()).turn()
        assert versions(here.hub, "busy") == [8, 9, 10, 11, 12]
