"""A device is told what was done to its cases here, and only to its own, until it has said the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync.api.cases import case_outbox
from cloud_sync.cases import telling
from cloud_sync.cases.closing import Finding, acknowledge, close
from cloud_sync.fleet import deployments
from cloud_sync.fleet.supervisor import _fingerprint
from cloud_sync.hub import Hub
from cloud_sync.store.models import Case, Effect
from kits.core.hub_api import MAX_CASE_WORDS, CaseWord
from tests.cloud_sync.cases.case_builders import ASSET, CASE, hours, know_project, step, take
from tests.cloud_sync.fleet_builders import add_device, make_hub


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub, "press-1")
        add_device(hub, "press-2")
        know_project(hub)
        take(hub, step(1, "opened", 1))
        yield hub


def closed(
    hub: Hub, case_id: str = CASE, cause: str = "bearing", at: datetime | None = None
) -> None:
    with hub.database.transaction() as session:
        close(session, case_outbox(hub), case_id, Finding(cause, "ada", at=at))


def told(hub: Hub, device: str = "press-1") -> tuple[CaseWord, ...]:
    with hub.database.session() as session:
        return deployments.desired_for(session, device).cases


def test_a_case_closed_here_is_told_to_its_device_and_to_no_other(hub: Hub) -> None:
    assert told(hub) == ()
    with hub.database.session() as session:
        before = _fingerprint(session, 1)
    closed(hub)
    with hub.database.session() as session:
        assert _fingerprint(session, 1) != before
    assert told(hub) == (
        CaseWord(
            case_id=CASE, asset=ASSET, step="closed", who="ada", note="at the hub: bearing",
            seen=("w1",),
        ),
    )  # fmt: skip
    assert told(hub, "press-2") == ()


def test_a_device_that_has_followed_is_told_no_more_and_nobody_hears_of_it_twice(hub: Hub) -> None:
    closed(hub)
    with hub.database.session() as session:
        effects = session.scalar(select(func.count(Effect.id)))
    take(hub, step(2, "closed", 2, who="ada", note="at the hub: bearing"))
    assert told(hub) == ()
    with hub.database.session() as session:
        case = session.get_one(Case, CASE)
        assert (case.closed_by, case.cause, case.closed_here) == ("ada", "bearing", True)
        assert session.scalar(select(func.count(Effect.id))) == effects


def test_another_device_can_neither_follow_nor_close(hub: Hub) -> None:
    take(hub, step(1, "closed", 2, case_id=CASE), device="press-2")
    with hub.database.session() as session:
        assert session.get_one(Case, CASE).closed_at is None
    closed(hub)
    take(hub, step(2, "closed", 3, case_id=CASE), device="press-2")
    assert [one.case_id for one in told(hub)] == [CASE]


def test_a_case_that_became_worse_since_is_told_closed_no_more(hub: Hub) -> None:
    closed(hub, at=hours(2))
    take(hub, step(2, "escalated", 3))
    assert told(hub) == ()
    closed(hub)
    assert [one.seen for one in told(hub)] == [("w2", "w1")]


def test_a_rise_from_before_the_closing_becomes_known_later(hub: Hub) -> None:
    closed(hub)
    take(hub, step(2, "escalated", 2))
    assert [one.seen for one in told(hub)] == [("w2", "w1")]


def test_taking_on_is_told_until_the_device_has_said_so(hub: Hub) -> None:
    with hub.database.transaction() as session:
        acknowledge(session, case_outbox(hub), CASE, who="ada")
    assert [(one.step, one.who) for one in told(hub)] == [("acknowledged", "ada")]
    take(hub, step(2, "acknowledged", 2, who="ada"))
    assert told(hub) == ()


def test_what_the_device_closed_itself_or_left_for_a_newer_case_is_not_told(hub: Hub) -> None:
    closed(hub)
    take(hub, step(2, "opened", 3, case_id="02kcase"))
    assert told(hub) == ()
    take(hub, step(3, "closed", 4, case_id="02kcase"))
    assert told(hub) == ()


def test_words_are_bounded_and_end(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(MAX_CASE_WORDS + 5):
        take(hub, step(10 + number, "opened", 1, case_id=f"03k{number}", asset=f"fan-{number}"))
        closed(hub, f"03k{number}", "")
    assert len(told(hub)) == MAX_CASE_WORDS
    monkeypatch.setattr(telling, "STANDS", timedelta(seconds=-1))
    assert told(hub) == ()
