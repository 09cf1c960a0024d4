"""People, sessions, tokens: what opens the hub and what does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi import Depends
from sqlalchemy import select

from cloud_sync.errors import ConflictError, UnauthenticatedError
from cloud_sync.store.models import ApiToken, AuditLog, Person, WebSession
from cloud_sync.web import auth
from cloud_sync.web.security import safe_next
from cloud_sync.web.throttle import LoginThrottle
from kits.core.errors import UsageError
from kits.core.sample import utc_now
from tests.cloud_sync.crossing import meanwhile
from tests.cloud_sync.hub_builders import PASSWORD, add_person, open_hub


@pytest.fixture
def opened(tmp_path: Path):
    with open_hub(tmp_path) as (client, hub):
        yield client, hub


def sign_in(client, hub, login: str = "ada") -> auth.NewSession:
    new = auth.login(hub, LoginThrottle(), login, PASSWORD, address="10.0.0.1")
    client.cookies.set(auth.COOKIE, new.secret)
    return new


def test_password_opens_a_session_and_is_not_stored(opened) -> None:
    client, hub = opened
    add_person(hub, "ada", "viewer", PASSWORD)
    new = sign_in(client, hub, "ADA ")
    assert client.get("/v1/me").json() == {"login": "ada", "role": "viewer", "via": "session"}
    with hub.database.session() as session:
        person = session.scalars(select(Person)).one()
        assert person.password_hash.startswith("$argon2id$")
        assert PASSWORD not in person.password_hash
        row = session.scalars(select(WebSession)).one()
        assert new.secret != row.hash
        assert [a.what for a in session.scalars(select(AuditLog))][-1] == "login"


def test_a_password_costs_what_owasp_asks_for(real_hasher: Callable[[], PasswordHasher]) -> None:
    made = real_hasher()
    assert (made.type.name, made.time_cost, made.memory_cost, made.parallelism) == ("ID", 2, 19_456, 1)  # fmt: skip


def test_logout_ends_the_session(opened) -> None:
    client, hub = opened
    add_person(hub, "ada", "viewer", PASSWORD)
    new = sign_in(client, hub)
    auth.logout(hub, new.secret)
    assert client.get("/v1/me").status_code == 401


@pytest.mark.parametrize("weak", [False, True], ids=["as strong as today's", "of weaker settings"])
def test_who_signs_in_while_the_password_is_changed_does_not_get_in(
    opened, monkeypatch: pytest.MonkeyPatch, weak: bool
) -> None:
    client, hub = opened
    add_person(hub, "ada", "viewer", PASSWORD)
    if weak:
        monkeypatch.setattr(auth, "needs_rehash", lambda _: True)

    def change() -> None:
        with hub.database.transaction() as session:
            auth.set_password(session, "ada", "other words than before", by="eve")

    meanwhile(monkeypatch, auth, "verify_password", change)
    with pytest.raises(UnauthenticatedError, match="wrong"):
        sign_in(client, hub)
    auth.login(hub, LoginThrottle(), "ada", "other words than before", address="10.0.0.1")


def test_a_session_ends_when_idle_and_when_old(opened) -> None:
    client, hub = opened
    add_person(hub, "ada", "viewer", PASSWORD)
    for created, seen in (
        (timedelta(hours=1), auth.IDLE + timedelta(minutes=1)),
        (timedelta(hours=13), timedelta(0)),
    ):
        new = sign_in(client, hub)
        assert client.get("/v1/me").status_code == 200
        with hub.database.transaction() as session:
            row = session.scalars(
                select(WebSession).where(WebSession.csrf == new.identity.csrf)
            ).one()
            row.last_seen_at = utc_now() - seen
            row.expires_at = row.expires_at - created
        assert client.get("/v1/me").status_code == 401


def test_a_session_of_a_clock_that_was_ahead_does_not_last_until_then(opened) -> None:
    client, hub = opened
    add_person(hub, "ada", "viewer", PASSWORD)
    new = sign_in(client, hub)
    for ahead, status in ((timedelta(seconds=30), 200), (timedelta(days=5 * 365), 401)):
        with hub.database.transaction() as session:
            row = session.scalars(
                select(WebSession).where(WebSession.csrf == new.identity.csrf)
            ).one()
            row.last_seen_at = utc_now() + ahead
            row.expires_at = utc_now() + ahead + timedelta(hours=12)
        assert client.get("/v1/me").status_code == status


def test_cookie_is_closed_to_scripts_and_secure_under_https(tmp_path: Path) -> None:
    from starlette.responses import Response

    with open_hub(tmp_path, public_url="https://hub.example") as (_, hub):
        add_person(hub, "ada", "viewer", PASSWORD)
        response = Response()
        new = auth.login(hub, LoginThrottle(), "ada", PASSWORD, address="x")
        auth.set_cookie(response, new, hub)
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "secure" in cookie


@pytest.mark.parametrize("role", auth.ROLES)
def test_roles_open_exactly_what_they_should(opened, role: str) -> None:
    client, hub = opened
    headers = add_person(hub, "eve", role)
    rank = auth.ROLES.index(role)
    assert client.get("/v1/samples", headers=headers).status_code == 200
    assert (client.get("/v1/reviews/queue", headers=headers).status_code == 200) == (rank >= 1)
    freeze = client.post("/v1/datasets/freeze", headers=headers, json={"project": "none"})
    assert freeze.status_code == (404 if rank >= 2 else 403)
    assert (client.get("/v1/people", headers=headers).status_code == 200) == (rank >= 3)


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer kwt_wrong", "Basic YTpi", "Bearer nonsense", "kwt_wrong"]
)
def test_wrong_credentials_are_401(opened, value: str) -> None:
    client, _ = opened
    answer = client.get("/v1/samples", headers={"Authorization": value} if value else {})
    assert answer.status_code == 401
    assert answer.json()["error"] == "UnauthenticatedError"


def test_a_wrong_token_is_not_forgiven_by_a_good_session(opened) -> None:
    client, hub = opened
    add_person(hub, "ada", "viewer", PASSWORD)
    sign_in(client, hub)
    assert client.get("/v1/me", headers={"Authorization": "Bearer kwt_x"}).status_code == 401


def test_unsafe_session_requests_need_the_csrf_token(opened) -> None:
    client, hub = opened
    add_person(hub, "ada", "admin", PASSWORD)
    new = sign_in(client, hub)
    body = {"login": "bob", "role": "viewer"}
    assert client.post("/v1/people", json=body).status_code == 403
    wrong = client.post("/v1/people", json=body, headers={"X-CSRF-Token": "x"})
    assert wrong.status_code == 403
    right = client.post("/v1/people", json=body, headers={"X-CSRF-Token": new.identity.csrf})
    assert right.status_code == 201


def test_csrf_of_another_session_does_not_count(opened) -> None:
    client, hub = opened
    add_person(hub, "ada", "admin", PASSWORD)
    other = auth.login(hub, LoginThrottle(), "ada", PASSWORD, address="x")
    sign_in(client, hub)
    answer = client.post(
        "/v1/people", json={"login": "bob"}, headers={"X-CSRF-Token": other.identity.csrf}
    )
    assert answer.status_code == 403


def test_pages_take_the_csrf_token_as_a_header_and_send_strangers_to_login(opened) -> None:
    client, hub = opened
    page = Depends(auth.require_page("reviewer"))

    @client.app.api_route("/test-page", methods=["GET", "POST"])
    def show(who: auth.Identity = page) -> str:
        return who.login

    away = client.get("/test-page?x=1", follow_redirects=False)
    assert away.status_code == 303
    assert away.headers["location"] == "/login?next=/test-page%3Fx%3D1"
    add_person(hub, "ada", "reviewer", PASSWORD)
    new = sign_in(client, hub)
    csrf = new.identity.csrf
    assert client.post("/test-page", headers={"X-CSRF-Token": "forged"}).status_code == 403
    assert client.post("/test-page", data={"csrf": csrf}).status_code == 403
    assert client.post("/test-page", headers={"X-CSRF-Token": csrf}).json() == "ada"


def test_tokens_expire_are_revoked_and_never_exceed_their_person(opened) -> None:
    client, hub = opened
    headers = add_person(hub, "eve", "engineer")
    with hub.database.transaction() as session:
        auth.set_role(session, "eve", "viewer", by="test")
    assert client.get("/v1/me", headers=headers).json()["role"] == "viewer"
    with hub.database.transaction() as session:
        session.scalars(select(ApiToken)).one().expires_at = utc_now() - timedelta(seconds=1)
    assert client.get("/v1/me", headers=headers).status_code == 401
    with hub.database.transaction() as session:
        _, secret = auth.issue_token(session, "eve", "second", by="test")
        with pytest.raises(UsageError, match="only viewer"):
            auth.issue_token(session, "eve", "third", "admin", by="test")
    headers = {"Authorization": f"Bearer {secret}"}
    token = client.get("/v1/tokens", headers=headers).json()[-1]
    assert token["last_used_at"] is not None and "token" not in token
    assert client.delete(f"/v1/tokens/{token['id']}", headers=headers).status_code == 200
    refused = client.get("/v1/me", headers=headers)
    assert refused.status_code == 401 and "revoked" in refused.json()["what"]
    assert "sign in" in client.get("/v1/me").json()["what"]


def test_a_weak_token_cannot_make_a_strong_one(opened) -> None:
    client, hub = opened
    add_person(hub, "root", "admin")
    with hub.database.transaction() as session:
        _, secret = auth.issue_token(session, "root", "weak", "viewer", by="test")
    headers = {"Authorization": f"Bearer {secret}"}
    strong = client.post("/v1/tokens", headers=headers, json={"name": "x", "role": "admin"})
    assert strong.status_code == 403
    same = client.post("/v1/tokens", headers=headers, json={"name": "x"})
    assert same.status_code == 201 and same.json()["role"] == "viewer"


def test_what_a_token_makes_ends_with_it(opened) -> None:
    client, hub = opened
    add_person(hub, "eve", "engineer")
    with hub.database.transaction() as session:
        _, secret = auth.issue_token(session, "eve", "short", by="test", days=1)
    headers = {"Authorization": f"Bearer {secret}"}
    made = [
        client.post("/v1/tokens", headers=headers, json={"name": "x", "days": days}).json()
        for days in (3650, 1)
    ]
    own = next(t for t in client.get("/v1/tokens", headers=headers).json() if t["name"] == "short")
    assert {token["expires_at"] for token in made} == {own["expires_at"]}


def test_a_weak_token_ends_no_strong_one(opened) -> None:
    client, hub = opened
    add_person(hub, "root", "admin")
    with hub.database.transaction() as session:
        _, secret = auth.issue_token(session, "root", "weak", "viewer", by="test")
        strong = auth.issue_token(session, "root", "strong", "engineer", by="test")[0].id
        like = auth.issue_token(session, "root", "like", "viewer", by="test")[0].id
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.delete(f"/v1/tokens/{strong}", headers=headers).status_code == 403
    assert client.delete(f"/v1/tokens/{like}", headers=headers).status_code == 200


def test_disabling_a_person_shuts_every_door_but_the_last_admin_stays(opened) -> None:
    client, hub = opened
    boss = add_person(hub, "boss", "admin", PASSWORD)
    eve = add_person(hub, "eve", "engineer", PASSWORD)
    sign_in(client, hub, "eve")
    assert client.patch("/v1/people/eve", headers=boss, json={"disabled": True}).status_code == 200
    assert client.get("/v1/me").status_code == 401
    assert client.get("/v1/me", headers=eve).status_code == 401
    with pytest.raises(UnauthenticatedError):
        auth.login(hub, LoginThrottle(), "eve", PASSWORD, address="x")
    with hub.database.transaction() as session, pytest.raises(ConflictError, match="last admin"):
        auth.set_role(session, "boss", "viewer", by="boss")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/samples?x=1", "/samples?x=1"),
        ("//evil.example", "/"),
        ("/%2f/evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\nb", "/"),
        ("", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_only_paths_of_this_hub_are_followed_after_login(given: str, kept: str) -> None:
    assert safe_next(given) == kept
