"""A token that was looked up a moment ago: it is not looked up again, and stops all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select, update
from starlette.requests import Request

from cloud_sync.errors import UnauthenticatedError
from cloud_sync.hub import Hub
from cloud_sync.store.db import Database
from cloud_sync.store.models import ApiToken, Person
from cloud_sync.store.remembered import Remembered
from cloud_sync.web.accounts import disable_person, revoke_token, set_role
from cloud_sync.web.known_tokens import SECONDS, KnownTokens
from kits.core.sample import utc_now
from tests.cloud_sync.hub_builders import add_person, open_hub


class Clock:
    """Monotonic seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with open_hub(tmp_path) as (_client, hub):
        yield hub


def asking(headers: dict[str, str]) -> Request:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw})


def revoked(hub: Hub) -> None:
    with hub.database.transaction() as session:
        revoke_token(session, session.scalars(select(ApiToken.id)).one(), by="test")


def shut_out(hub: Hub) -> None:
    with hub.database.transaction() as session:
        disable_person(session, "vera", by="test")


def test_a_known_token_costs_no_query(hub: Hub) -> None:
    headers, known = add_person(hub, "vera", "viewer"), KnownTokens(hub)
    first = known.identify(asking(headers), "viewer")
    asked: list[str] = []
    event.listen(hub.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    assert known.at_hand(asking(headers), "viewer") == first
    assert known.at_hand(asking({"authorization": headers["Authorization"]}), "viewer") == first
    assert asked == []


@pytest.mark.parametrize("change", [revoked, shut_out])
def test_a_token_that_is_void_stops_at_once_in_this_process(
    hub: Hub, change: Callable[[Hub], None]
) -> None:
    headers, known = add_person(hub, "vera", "viewer"), KnownTokens(hub)
    known.identify(asking(headers), "viewer")
    change(hub)
    assert known.at_hand(asking(headers), "viewer") is None
    with pytest.raises(UnauthenticatedError):
        known.identify(asking(headers), "viewer")


def test_a_role_that_was_lowered_counts_at_once(hub: Hub) -> None:
    add_person(hub, "ada", "admin")
    headers, known = add_person(hub, "vera", "engineer"), KnownTokens(hub)
    known.identify(asking(headers), "engineer")
    assert known.at_hand(asking(headers), "admin") is None
    with hub.database.transaction() as session:
        set_role(session, "vera", "viewer", by="test")
    assert known.at_hand(asking(headers), "engineer") is None


def test_what_another_process_revoked_stops_after_seconds(hub: Hub) -> None:
    headers, clock = add_person(hub, "vera", "viewer"), Clock()
    known = KnownTokens(hub, clock=clock)
    known.identify(asking(headers), "viewer")
    other = Database(hub.config.database)
    with other.transaction() as session:
        session.execute(update(ApiToken).values(revoked_at=utc_now()))
    other.close()
    clock.now = SECONDS + 0.01
    assert known.at_hand(asking(headers), "viewer") is None


def test_strangers_and_sessions_are_never_at_hand(hub: Hub) -> None:
    known = KnownTokens(hub)
    for headers in ({}, {"Authorization": "Bearer kwt_wrong"}, {"Authorization": "Basic eDp5"}, {"Cookie": "a=b"}):  # fmt: skip
        with pytest.raises(UnauthenticatedError):
            known.identify(asking(headers), "viewer")
        assert known.at_hand(asking(headers), "viewer") is None


def test_a_revoked_token_scores_no_more_leads(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        headers = add_person(hub, "vera", "viewer")
        assert _asked(client, headers) == _asked(client, headers) == 404  # known, but no project
        revoked(hub)
        assert _asked(client, headers) == 401


def _asked(client: TestClient, headers: dict[str, str]) -> int:
    body = {"lead": {"fields": {"size": 1}}}
    return client.post("/v1/leads/score", json=body, headers=headers).status_code


def test_an_answer_that_a_change_overtook_is_not_good(hub: Hub) -> None:
    kept: Remembered[str, int] = Remembered(hub.database, (Person,), seconds=9, most=2)
    before = kept.version
    add_person(hub, "vera", "viewer")
    kept.keep("a", 1, before)
    assert kept.get("a") is None
    kept.keep("a", 1, kept.version)
    assert kept.get("a") == 1


def test_only_a_commit_of_its_tables_makes_it_forget(hub: Hub) -> None:
    kept: Remembered[str, int] = Remembered(hub.database, (ApiToken,), seconds=9, most=2)
    add_person(hub, "vera", "viewer")
    kept.keep("a", 1, kept.version)
    with pytest.raises(RuntimeError), hub.database.transaction() as session:
        revoke_token(session, 1, by="test")
        session.flush()
        raise RuntimeError
    with hub.database.transaction() as session:
        set_role(session, "vera", "reviewer", by="test")
    assert kept.get("a") == 1


def test_a_memory_is_bounded_and_the_oldest_goes_first(hub: Hub) -> None:
    kept: Remembered[int, int] = Remembered(hub.database, (Person,), seconds=9, most=2)
    for number in range(3):
        kept.keep(number, number, kept.version)
    assert [kept.get(number) for number in range(3)] == [None, 1, 2]
