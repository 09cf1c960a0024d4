"""People, their passwords, roles and API tokens: the changes, each with its line in the audit log.

Who may ask for them is decided in `auth.py`; the caller's transaction commits them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.fleet import devices
from cloud_sync.hub import audit
from cloud_sync.store.db import take_turn
from cloud_sync.store.models import ApiToken, Person, WebSession
from cloud_sync.web.made_tokens import Ended, check_maker, end_made_by, end_made_with
from cloud_sync.web.security import TOKEN_PREFIX, hash_password, new_secret, secret_hash
from kits.core.errors import UsageError, did_you_mean
from kits.core.sample import utc_now

Role = Literal["viewer", "reviewer", "engineer", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "reviewer", "engineer", "admin")
TOKEN_DAYS = 365
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")


def check_role(role: str) -> Role:
    """`role` when there is such a role.

    Raises:
        UsageError: there is none.
    """
    for known in ROLES:
        if role == known:
            return known
    raise UsageError(f"no role {role!r}", fix=did_you_mean(role, ROLES))


def reaches(role: str, needed: Role) -> bool:
    """Whether `role` may do what needs `needed`."""
    return role in ROLES and ROLES.index(check_role(role)) >= ROLES.index(needed)


def lower_role(one: str, two: str) -> Role:
    """The weaker of two roles."""
    return ROLES[min(ROLES.index(check_role(one)), ROLES.index(check_role(two)))]


def find_person(session: Session, login: str) -> Person:
    """Raises NotFoundError when nobody has this login."""
    person = session.scalar(select(Person).where(Person.login == login.strip().lower()))
    if person is None:
        # another database than that of `init` knows nobody yet
        somebody = session.scalar(select(Person.id).limit(1)) is not None
        fix = "cloud-sync user list" if somebody else "cloud-sync user add LOGIN --role admin"
        raise NotFoundError(f"no person {login!r}", fix=fix)
    return person


def list_people(session: Session) -> Sequence[Person]:
    """Everybody, by login."""
    return session.scalars(select(Person).order_by(Person.login)).all()


def create_person(session: Session, login: str, password: str, role: str, *, by: str) -> Person:
    """Adds a person; an empty password makes one who can only use API tokens.

    Raises:
        UsageError: the login, the role or the password is not acceptable.
        ConflictError: the login is taken.
    """
    name = login.strip().lower()
    if not _LOGIN.fullmatch(name):
        raise UsageError(
            f"{login!r} cannot be a login", fix="use a-z, 0-9, '.', '_', '-' and '@', at most 63"
        )
    take_turn(session, f"person/{name}")
    if session.scalar(select(Person.id).where(Person.login == name)) is not None:
        raise ConflictError(f"there is already a person {name!r}", fix="choose another login")
    person = Person(
        login=name,
        role=check_role(role),
        password_hash=hash_password(password) if password else "",
    )
    session.add(person)
    session.flush()
    audit(session, by, "person.create", name, role=role)
    return person


def set_password(session: Session, login: str, password: str, *, by: str) -> None:
    """Changes a password and ends all sessions of the person.

    Raises:
        NotFoundError: no such person.
        UsageError: the password is too short or too long.
    """
    person = find_person(session, login)
    person.password_hash = hash_password(password)
    _end_sessions(session, person)
    audit(session, by, "person.password", person.login)


def set_role(session: Session, login: str, role: str, *, by: str) -> Person:
    """Changes what a person may do.

    Raises:
        NotFoundError: no such person.
        ConflictError: it would leave the hub without an admin.
    """
    person = find_person(session, login)
    new = check_role(role)
    if new != "admin":
        _keep_one_admin(session, person)
    audit(session, by, "person.role", person.login, old=person.role, new=new)
    person.role = new
    return person


def disable_person(session: Session, login: str, *, by: str, keep_made: bool = False) -> Ended:
    """Shuts a person out: no login, no session, no token, and no machine that they let in after that. Their records stay.

    Args:
        keep_made: tokens that this person made for others, and for devices that are to come, stay good; else they end too.

    Raises:
        NotFoundError: no such person.
        ConflictError: it would leave the hub without an admin.
    """
    person = find_person(session, login)
    _keep_one_admin(session, person)
    person.disabled_at = utc_now()
    _end_sessions(session, person)
    audit(session, by, "person.disable", person.login)
    if not keep_made:
        devices.end_awaited_of(session, person.login, who=by)
    return end_made_by(session, person, by=by, keep=keep_made)


def issue_token(
    session: Session,
    login: str,
    name: str,
    role: str = "",
    *,
    by: str,
    made_with: int = 0,
    days: int = TOKEN_DAYS,
    now: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new API token and its secret, which is shown this once.

    Args:
        role: what the token may do, at most what the person may; empty: the same.
        made_with: the token that asks for it; 0: a person does. It ends no later than that one.

    Raises:
        NotFoundError: no such person.
        UsageError: the role is above the person's, or the name or the time is not acceptable.
        UnauthenticatedError: who asks was shut out a moment ago.
    """
    maker = check_maker(session, by, made_with)
    person = find_person(session, login)
    wanted = check_role(role) if role else check_role(person.role)
    if not reaches(person.role, wanted):
        raise UsageError(f"{person.login} is only {person.role}", fix=f"role {person.role}")
    if not name.strip() or len(name) > 80 or not 1 <= days <= 3650:
        raise UsageError(
            "a token needs a name of 1 to 80 characters and 1 to 3650 days", fix="--name and --days"
        )
    secret = new_secret(TOKEN_PREFIX)
    ends = (now or utc_now()) + timedelta(days=days)
    if maker is not None and maker.expires_at is not None:
        ends = min(ends, maker.expires_at)
    token = ApiToken(
        person_id=person.id,
        name=name.strip(),
        role=wanted,
        hash=secret_hash(secret),
        expires_at=ends,
        made_by=by,
        made_with=maker.id if maker is not None else None,
    )
    session.add(token)
    session.flush()
    details = {"made_with": maker.id} if maker is not None else {}
    audit(
        session, by, "token.issue", person.login,
        token=token.id, name=token.name, role=wanted, **details,
    )  # fmt: skip
    return token, secret


def list_tokens(session: Session, login: str = "") -> Sequence[ApiToken]:
    """Tokens that are not revoked, of one person or of all."""
    query = select(ApiToken).where(ApiToken.revoked_at.is_(None)).order_by(ApiToken.id)
    if login:
        query = query.where(ApiToken.person_id == find_person(session, login).id)
    return session.scalars(query).all()


def revoke_token(
    session: Session,
    token_id: int,
    *,
    by: str,
    keep_made: bool = False,
    now: datetime | None = None,
) -> Ended:
    """Ends a token at once; twice equals once.

    Args:
        keep_made: what the token made stays good; else that ends too, also of a token that was revoked before.

    Raises:
        NotFoundError: no such token.
    """
    token = session.get(ApiToken, token_id, with_for_update=True, populate_existing=True)
    if token is None:
        raise NotFoundError(f"no token {token_id}", fix="cloud-sync token list")
    own = [token] if token.revoked_at is None else []
    if own:
        token.revoked_at = now or utc_now()
        audit(session, by, "token.revoke", token.person.login, token=token_id, name=token.name)
    ended = end_made_with(session, token, by=by, keep=keep_made, now=now)
    return Ended([*own, *ended.revoked], ended.kept)


def _end_sessions(session: Session, person: Person) -> None:
    session.execute(delete(WebSession).where(WebSession.person_id == person.id))


def _keep_one_admin(session: Session, leaving: Person) -> None:
    admins = select(Person.id).where(Person.role == "admin").order_by(Person.id)
    session.execute(admins.with_for_update(key_share=True)).all()  # of two at once one stays
    others = session.scalar(
        select(func.count())
        .select_from(Person)
        .where(Person.role == "admin", Person.disabled_at.is_(None), Person.id != leaving.id)
    )
    if leaving.role == "admin" and not others:
        raise ConflictError("the last admin must stay one", fix="make somebody else admin first")
