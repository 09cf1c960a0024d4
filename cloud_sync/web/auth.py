"""Who is asking: sessions in the browser, API tokens, roles, and defence against forged requests.

Gives routes the dependencies `require(role)` (JSON: 401, 403) and `require_page(role)` (redirects
to the login page). People and tokens are changed in `accounts.py`, whose functions are offered
here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import Depends, HTTPException, Request
from sqlalchemy import Update, delete, select, update
from sqlalchemy.exc import DBAPIError
from starlette.responses import Response

from cloud_sync.errors import BusyError, NotAllowedError, UnauthenticatedError
from cloud_sync.hub import Hub, HubDep, audit
from cloud_sync.spans import SLACK, has_passed
from cloud_sync.store.models import ApiToken, AuditLog, Person, WebSession
from cloud_sync.store.room import no_room
from cloud_sync.web.accounts import (
    ROLES,
    Role,
    check_role,
    create_person,
    disable_person,
    find_person,
    issue_token,
    list_people,
    list_tokens,
    lower_role,
    reaches,
    revoke_token,
    set_password,
    set_role,
)
from cloud_sync.web.security import (
    TOKEN_PREFIX,
    hash_password,
    needs_rehash,
    new_secret,
    safe_next,
    same,
    secret_hash,
    verify_password,
)
from cloud_sync.web.throttle import LoginThrottle
from kits.core.sample import utc_now

__all__ = [
    "COOKIE", "ROLES", "Admin", "Engineer", "Identity", "LoginThrottle", "NewSession", "Reviewer",
    "Role", "Viewer", "check_role", "client_address", "create_person", "disable_person", "drop_cookie",
    "find_person", "get_throttle", "identify", "issue_token", "list_people", "list_tokens",
    "login", "logout", "reaches", "refuse_foreign_origin", "require", "require_page",
    "revoke_token", "safe_next", "set_cookie", "set_password", "set_role",
]  # fmt: skip

COOKIE = "kitwright_session"
CSRF_HEADER = "x-csrf-token"
IDLE = timedelta(hours=4)
_TOUCH_EVERY = timedelta(minutes=1)
_HOMES = timedelta(days=90)
_MOST_HOMES = 200
"""Where somebody signed in from in that time, and so many of the last sign-ins, is not shut by strangers."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `csrf` is what the session's pages send as a header; empty for a token, whose number is `token`."""

    person_id: int
    login: str
    role: Role
    via: Literal["session", "token"]
    csrf: str = ""
    token: int = 0

    @property
    def traced(self) -> str:
        """For the audit log: the login, and with which token."""
        return f"{self.login} (token {self.token})" if self.token else self.login

    def may(self, role: Role) -> bool:
        """Whether this person may do what needs `role`."""
        return reaches(self.role, role)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just made; `secret` is the cookie's value."""

    identity: Identity
    secret: str
    max_age_s: int


def login(
    hub: Hub,
    throttle: LoginThrottle,
    name: str,
    password: str,
    *,
    address: str,
    now: datetime | None = None,
) -> NewSession:
    """Checks a password and opens a session.

    Raises:
        UnauthenticatedError: wrong login or password (it is not said which), or too many attempts.
        BusyError: too many sign in at this moment.
    """
    name, now = name.strip().lower()[:64], now or utc_now()
    logins = hub.metrics.logins
    wait = throttle.begin(name, address, lambda: _homes(hub, name, now))
    if wait > 0:
        logins.labels("too-many").inc()
        raise UnauthenticatedError(
            "too many attempts", fix=f"wait {int(wait) + 1} seconds, then try again"
        )
    try:
        with hub.database.session() as session:
            person = session.scalar(
                select(Person).where(Person.login == name, Person.disabled_at.is_(None))
            )
        with throttle.verifying():
            fits = verify_password(person.password_hash if person else None, password)
    except BaseException as error:
        throttle.undone(name, address)
        logins.labels("busy" if isinstance(error, BusyError) else "failed").inc()
        raise
    new = _open_session(hub, person, password, address, now) if person and fits else None
    if new is None:
        logins.labels("wrong").inc()
        _note_failure(hub, throttle, name, address, there=person is not None)
        raise UnauthenticatedError("login or password is wrong")
    throttle.succeeded(name, address)
    logins.labels("done").inc()
    return new


def _homes(hub: Hub, name: str, now: datetime) -> list[str]:
    """Addresses that this login signed in from lately, by the audit log."""
    query = select(AuditLog.details).where(
        AuditLog.at > now - _HOMES, AuditLog.what == "login", AuditLog.who == name
    )
    with hub.database.session() as session:
        rows = session.scalars(query.order_by(AuditLog.at.desc()).limit(_MOST_HOMES)).all()
    return [str(row.get("address", "")) for row in rows]


def _note_failure(
    hub: Hub, throttle: LoginThrottle, name: str, address: str, *, there: bool
) -> None:
    """A row of the audit log, so many an hour: strangers must not be able to fill the disk."""
    left_out = throttle.note(there)
    if left_out is None:
        return
    with hub.database.transaction() as session:
        audit(session, name, "login.failed", address=address, left_out=left_out)


def _open_session(
    hub: Hub, person: Person, password: str, address: str, now: datetime
) -> NewSession | None:
    """None: the password was changed while it was verified, or the person was shut out."""
    secret, csrf = new_secret(), new_secret()
    lifetime = timedelta(hours=hub.config.session.hours)
    stronger = hash_password(password) if needs_rehash(person.password_hash) else ""
    with hub.database.transaction() as session:
        held = session.get(Person, person.id, with_for_update={"key_share": True})
        if held is None or held.disabled_at or held.password_hash != person.password_hash:
            return None
        session.execute(delete(WebSession).where(WebSession.expires_at <= now))
        session.add(
            WebSession(
                hash=secret_hash(secret),
                person_id=person.id,
                csrf=csrf,
                created_at=now,
                last_seen_at=now,
                expires_at=now + lifetime,
            )
        )
        held.password_hash = stronger or held.password_hash
        audit(session, person.login, "login", address=address)
    identity = Identity(person.id, person.login, lower_role(person.role, "admin"), "session", csrf)
    return NewSession(identity, secret, int(lifetime.total_seconds()))


def logout(hub: Hub, secret: str) -> None:
    """Ends the session of a cookie's value; an unknown one is fine."""
    with hub.database.transaction() as session:
        row = session.get(WebSession, secret_hash(secret))
        if row is not None:
            audit(session, row.person.login, "logout")
            session.delete(row)


def set_cookie(response: Response, new: NewSession, hub: Hub) -> None:
    """Puts the session into the browser."""
    response.set_cookie(
        COOKIE, new.secret, max_age=new.max_age_s, httponly=True, samesite="lax", path="/",
        secure=hub.config.session.secure_cookie or hub.config.url.startswith("https:"),
    )  # fmt: skip


def drop_cookie(response: Response) -> None:
    """Takes the session out of the browser."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def get_throttle(request: Request) -> LoginThrottle:
    """The application's throttle (kept in `app.state.login_throttle`)."""
    state = request.app.state
    if not hasattr(state, "login_throttle"):
        state.login_throttle = LoginThrottle()
    throttle = state.login_throttle
    assert isinstance(throttle, LoginThrottle)
    return throttle


def client_address(request: Request) -> str:
    """The address a request came from, as the server saw it."""
    return request.client.host if request.client else ""


def identify(hub: Hub, request: Request, now: datetime | None = None) -> Identity | None:
    """Who asks, or None. A bearer token outranks a cookie; a wrong one is not forgiven by it.

    The CSRF token is not checked here.
    """
    now = now or utc_now()
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme:
        return _by_token(hub, credentials.strip(), now) if scheme.lower() == "bearer" else None
    secret = request.cookies.get(COOKIE, "")
    return _by_session(hub, secret, now) if secret else None


def _by_token(hub: Hub, secret: str, now: datetime) -> Identity | None:
    if not secret.startswith(TOKEN_PREFIX):
        return None
    with hub.database.session() as session:
        token = session.scalar(select(ApiToken).where(ApiToken.hash == secret_hash(secret)))
        if token is None or token.revoked_at is not None or token.person.disabled_at is not None:
            return None
        if token.expires_at is not None and token.expires_at <= now:
            return None
        person = token.person
        role = lower_role(token.role, person.role)
        identity = Identity(person.id, person.login, role, "token", token=token.id)
    if token.last_used_at is None or now - token.last_used_at >= _TOUCH_EVERY:
        _note(hub, update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=now))
    return identity


def _by_session(hub: Hub, secret: str, now: datetime) -> Identity | None:
    key = secret_hash(secret)
    with hub.database.session() as session:
        row = session.get(WebSession, key)
        if row is None or row.person.disabled_at is not None:
            return None
        # one that was seen in a time to come, by a clock that was wrong, would be good until then
        idle = has_passed(row.last_seen_at - SLACK, SLACK + IDLE, now)
        if row.expires_at <= now or idle:
            return None
        person = row.person
        role = lower_role(person.role, "admin")
        identity = Identity(person.id, person.login, role, "session", row.csrf)
    if now - row.last_seen_at >= _TOUCH_EVERY:
        _note(hub, update(WebSession).where(WebSession.hash == key).values(last_seen_at=now))
    return identity


def _note(hub: Hub, seen: Update) -> None:
    """Writes down that somebody came; a full disk keeps nobody out who wants to see what it is full of."""
    try:
        with hub.database.transaction() as session:
            session.execute(seen)
    except DBAPIError as error:
        if no_room(hub.database.engine, error) is None:
            raise


def refuse_foreign_origin(request: Request) -> None:
    """For the login form, which has no session yet: refuses posts from other sites.

    Raises:
        NotAllowedError: the browser says that another site sent this.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowedError("this form was sent from another site")


def require(role: Role) -> Callable[[Request, Hub], Identity]:
    """A dependency for JSON routes: the person, who must have at least `role`.

    The dependency raises UnauthenticatedError (401) without valid token or session, and
    NotAllowedError (403) when the role does not suffice or the CSRF token is missing.
    """

    def dependency(request: Request, hub: HubDep) -> Identity:
        identity = identify(hub, request)
        if identity is None:
            if request.headers.get("authorization"):
                raise UnauthenticatedError(
                    "this token is not known: it was revoked, ran out, or is not whole",
                    fix="on the hub: cloud-sync token add NAME prints a new one; Authorization: Bearer kwt_…",
                )
            raise UnauthenticatedError(
                "sign in, or send an API token", fix="Authorization: Bearer kwt_…"
            )
        _check(identity, role, request)
        return identity

    return dependency


def require_page(role: Role) -> Callable[[Request, Hub], Identity]:
    """A dependency for pages: like `require`, but who is not signed in is sent to `/login`.

    A page that only loads a part of itself is told (401): it would show the form for signing in within itself.
    """

    def dependency(request: Request, hub: HubDep) -> Identity:
        identity = identify(hub, request)
        if identity is None and request.headers.get("hx-request"):
            raise HTTPException(401)
        if identity is None:
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            target = safe_next(here) if request.method in _SAFE_METHODS else "/"
            raise HTTPException(303, headers={"Location": f"/login?next={quote(target, safe='/')}"})
        _check(identity, role, request)
        return identity

    return dependency


def _check(identity: Identity, role: Role, request: Request) -> None:
    # a header and no form field: nothing of a body is read before it is known who sends it
    submitted = request.headers.get(CSRF_HEADER, "")
    forgeable = identity.via == "session" and request.method not in _SAFE_METHODS
    if forgeable and not (submitted and same(submitted, identity.csrf)):
        raise NotAllowedError("the form is too old or was forged", fix="load the page again")
    if not identity.may(role):
        raise NotAllowedError(f"this needs the role {role}", fix="ask an admin of this hub")


Viewer = Annotated[Identity, Depends(require("viewer"))]
Reviewer = Annotated[Identity, Depends(require("reviewer"))]
Engineer = Annotated[Identity, Depends(require("engineer"))]
Admin = Annotated[Identity, Depends(require("admin"))]
