"""Tokens that came of a token or a person: they end with it, unless they are to be kept."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cloud_sync.errors import UnauthenticatedError
from cloud_sync.hub import Hub
from cloud_sync.store.models import ApiToken, AuditLog
from cloud_sync.web import auth
from cloud_sync.web.made_tokens import offspring
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.hub_builders import add_person, open_hub
from tests.cloud_sync.postgres import url_of
from tests.waiting import wait_for

Headers = dict[str, str]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[TestClient, Hub]]:
    with open_hub(tmp_path) as (client, hub):
        yield client, hub


@pytest.fixture
def hub(tmp_path: Path, cluster: Path) -> Iterator[Hub]:
    """One on PostgreSQL, where two transactions write at once."""
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(tmp_path, database_url=url) as hub:
        yield hub


def make(client: TestClient, headers: Headers, name: str, **more: str) -> tuple[int, Headers]:
    """A token that the bearer of another one makes: its number, and the headers that carry it."""
    made = client.post("/v1/tokens", headers=headers, json={"name": name, **more}).json()
    return made["id"], {"Authorization": f"Bearer {made['token']}"}


def number_of(client: TestClient, headers: Headers, name: str) -> int:
    listed = client.get("/v1/tokens", headers=headers).json()
    return next(token["id"] for token in listed if token["name"] == name)


def good(client: TestClient, *some: Headers) -> list[bool]:
    return [client.get("/v1/me", headers=headers).status_code == 200 for headers in some]


def entries(hub: Hub, what: str) -> list[dict[str, object]]:
    with hub.database.session() as session:
        rows = session.scalars(select(AuditLog).where(AuditLog.what == what).order_by(AuditLog.id))
        return [{"who": row.who, "target": row.target, **row.details} for row in rows]


def test_what_a_token_made_ends_with_its_revocation(opened) -> None:
    client, hub = opened
    boss, lost = add_person(hub, "boss", "admin"), add_person(hub, "eve", "admin")
    add_person(hub, "bob", "engineer")
    child, made = make(client, lost, "ci")
    grandchild, again = make(client, made, "robot", login="bob", role="engineer")
    parent = client.get("/v1/tokens", headers=boss).json()
    assert {t["name"]: (t["made_by"], t["made_with"]) for t in parent if t["name"] != "test"} == {
        "ci": ("eve", parent[1]["id"]), "robot": ("eve", child),
    }  # fmt: skip
    answer = client.delete(f"/v1/tokens/{parent[1]['id']}", headers=boss)
    ended = [token["id"] for token in answer.json()["revoked"]]
    assert ended == [parent[1]["id"], child, grandchild]
    assert answer.json()["kept"] == []
    assert good(client, boss, lost, made, again) == [True, False, False, False]
    said = entries(hub, "token.revoke")
    assert [(row["who"], row["target"], row["token"]) for row in said] == [
        ("boss (token 1)", "eve", parent[1]["id"]), ("boss (token 1)", "eve", child),
        ("boss (token 1)", "bob", grandchild),
    ]  # fmt: skip


def test_what_is_kept_lives_and_can_be_ended_later_by_the_same_call(opened) -> None:
    client, hub = opened
    boss, lost = add_person(hub, "boss", "admin"), add_person(hub, "eve", "engineer")
    child, made = make(client, lost, "ci")
    parent = next(
        t["id"] for t in client.get("/v1/tokens", headers=boss).json() if t["login"] == "eve"
    )
    kept = client.delete(f"/v1/tokens/{parent}?keep_made=true", headers=boss).json()
    assert [t["id"] for t in kept["revoked"]] == [parent]
    assert [t["id"] for t in kept["kept"]] == [child]
    assert [row["token"] for row in entries(hub, "token.keep")] == [child]
    assert good(client, lost, made) == [False, True]
    ended = client.delete(f"/v1/tokens/{parent}", headers=boss).json()
    assert [t["id"] for t in ended["revoked"]] == [child]
    assert good(client, made) == [False]


def test_what_came_of_a_revoked_token_in_between_ends_too(opened) -> None:
    client, hub = opened
    boss, first = add_person(hub, "boss", "admin"), add_person(hub, "eve", "engineer")
    between, second = make(client, first, "between")
    _, third = make(client, second, "last")
    client.delete(f"/v1/tokens/{between}?keep_made=true", headers=boss)
    assert good(client, third) == [True]
    client.delete(f"/v1/tokens/{number_of(client, first, 'test')}", headers=first)
    assert good(client, third) == [False]


@pytest.mark.parametrize("keep", [False, True])
def test_what_somebody_made_for_others_ends_when_they_are_shut_out(opened, keep: bool) -> None:
    client, hub = opened
    boss, eve = add_person(hub, "boss", "admin"), add_person(hub, "eve", "admin")
    add_person(hub, "bob", "engineer")
    by_token, robot = make(client, eve, "robot", login="bob", role="engineer")
    with hub.database.transaction() as session:  # signed in
        token, secret = auth.issue_token(session, "bob", "press", by="eve")
        by_hand = token.id
    body = {"disabled": True, "keep_made": keep}
    answer = client.patch("/v1/people/eve", headers=boss, json=body).json()
    assert answer["disabled_at"] is not None
    told = {key: [token["id"] for token in answer["tokens"][key]] for key in ("revoked", "kept")}
    others = [by_token, by_hand]
    assert told == {"revoked": [] if keep else others, "kept": others if keep else []}
    press = {"Authorization": f"Bearer {secret}"}
    assert good(client, boss, eve, robot, press) == [True, False, keep, keep]


def test_pages_and_answers_tell_of_the_same_tokens(opened) -> None:
    client, hub = opened
    boss, eve = add_person(hub, "boss", "admin"), add_person(hub, "eve", "admin")
    add_person(hub, "bob", "engineer")
    _, own = make(client, eve, "own")
    make(client, own, "robot", login="bob", role="engineer")
    with hub.database.session() as session:
        shown = offspring(session)
        numbers = {t.person.login: t.id for t in session.scalars(select(ApiToken).limit(2))}
    told = client.patch("/v1/people/eve", headers=boss, json={"disabled": True}).json()
    of_eve = [token.id for token in shown.of_people["eve"]]
    assert of_eve == [token["id"] for token in told["tokens"]["revoked"]]
    assert [t.name for t in shown.of_tokens[numbers["eve"]]] == ["own", "robot"]
    assert "boss" not in shown.of_people and numbers["boss"] not in shown.of_tokens
    with hub.database.session() as session:
        assert "eve" not in offspring(session).of_people


def test_the_log_says_with_which_token_a_person_was_added_or_changed(opened) -> None:
    client, hub = opened
    boss = add_person(hub, "boss", "admin")
    client.post("/v1/people", headers=boss, json={"login": "ghost", "role": "admin"})
    body = {"role": "viewer", "password": "four random words"}
    client.patch("/v1/people/ghost", headers=boss, json=body)
    said = [entries(hub, what)[-1] for what in ("person.create", "person.role", "person.password")]
    assert {row["who"] for row in said} == {"boss (token 1)"}


def one_waits(
    hub: Hub, first: Callable[[Session], object], second: Callable[[Session], object]
) -> list[Exception]:
    """The second begins before the first has committed; what it raised."""
    failed: list[Exception] = []
    with ExitStack() as open_ones:
        session = open_ones.enter_context(hub.database.transaction())
        first(session)
        session.flush()

        def work() -> None:
            try:
                with hub.database.transaction() as other:
                    second(other)
            except UnauthenticatedError as error:
                failed.append(error)

        worker = threading.Thread(target=work)
        worker.start()
        wait_for(lambda: not worker.is_alive() or waits_for_a_lock(hub))
    worker.join()
    return failed


def waits_for_a_lock(hub: Hub) -> bool:
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with hub.database.session() as session:
        return bool(session.scalar(query))


def issue(session: Session) -> None:
    auth.issue_token(session, "bob", "made", by="eve", made_with=1)


def revoke(session: Session) -> None:
    auth.revoke_token(session, 1, by="boss")


def shut_out(session: Session) -> None:
    auth.disable_person(session, "eve", by="boss")


@pytest.mark.parametrize("ends", [revoke, shut_out])
def test_no_token_is_made_while_its_maker_is_being_ended(
    hub: Hub, ends: Callable[[Session], object]
) -> None:
    people(hub)
    assert one_waits(hub, ends, issue)
    assert living(hub) == ["bob: test", "boss: test"]


@pytest.mark.parametrize("ends", [revoke, shut_out])
def test_a_token_that_is_being_made_ends_with_its_maker(
    hub: Hub, ends: Callable[[Session], object]
) -> None:
    people(hub)
    assert one_waits(hub, issue, ends) == []
    assert living(hub) == ["bob: test", "boss: test"]


def people(hub: Hub) -> None:
    """The first token is Eve's."""
    for login in ("eve", "bob", "boss"):
        add_person(hub, login, "admin")


def living(hub: Hub) -> list[str]:
    with hub.database.session() as session:
        found = auth.list_tokens(session)
        good = [t for t in found if t.person.disabled_at is None and (t.expires_at or utc_now()) >= utc_now()]  # fmt: skip
        return sorted(f"{token.person.login}: {token.name}" for token in good)


@pytest.mark.parametrize("keep", [False, True])
def test_who_was_shut_out_lets_no_machine_in_any_more(opened, keep: bool) -> None:
    """Not by a one-time token that they had made before, not even in the place of a machine that is known."""
    client, hub = opened
    boss, eve = add_person(hub, "boss", "admin"), add_person(hub, "eve", "engineer")
    for who, name in ((eve, "press-1"), (boss, "press-2")):
        client.post("/v1/devices", headers=who, json={"name": name, "site": "main"})
    asked = client.get("/people", headers=boss).text
    assert "made for others ends too: the enrolment of press-1." in asked
    assert "Disable, keep tokens" in asked
    client.patch("/v1/people/eve", headers=boss, json={"disabled": True, "keep_made": keep})
    awaited = client.get("/v1/devices", headers=boss).json()["awaited"]
    assert [one["name"] for one in awaited] == ["press-1", "press-2"][not keep :]
    ended = [row for row in entries(hub, "device.revoke") if row["target"] == "press-1"]
    assert [row["who"] for row in ended] == ([] if keep else ["boss (token 1)"])
