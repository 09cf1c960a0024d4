"""Tokens that came of a token or of a person: whoever held the one has seen the secrets of the others.

Ends them or tells of them; who may ask for it and why is decided by `accounts.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from cloud_sync.errors import UnauthenticatedError
from cloud_sync.hub import audit
from cloud_sync.store.models import ApiToken, Person
from kits.core.sample import utc_now


@dataclass(frozen=True, slots=True)
class Ended:
    """What a revocation ended, and what still lives because it was to be kept."""

    revoked: Sequence[ApiToken] = ()
    kept: Sequence[ApiToken] = ()


def lives(token: ApiToken, now: datetime) -> bool:
    """Whether somebody who shows it is let in."""
    ended = token.expires_at is not None and token.expires_at <= now
    return token.revoked_at is None and not ended and token.person.disabled_at is None


def check_maker(session: Session, by: str, made_with: int) -> ApiToken | None:
    """The token that makes another one, None for a person; neither can be ended before this transaction has.

    Raises:
        UnauthenticatedError: it was revoked, or the person shut out, a moment ago.
    """
    # key_share: rows that refer to it may be made meanwhile, two admins who make tokens for each other do not wait
    query = select(Person).where(Person.login == by).with_for_update(key_share=True)
    person = session.scalar(query.execution_options(populate_existing=True))
    maker = session.get(
        ApiToken, made_with, with_for_update={"key_share": True}, populate_existing=True
    )
    shut_out = person is not None and person.disabled_at is not None
    if shut_out or (maker is not None and maker.revoked_at is not None):
        raise UnauthenticatedError("this token or its person was shut out a moment ago")
    return maker


def end_made_with(
    session: Session, token: ApiToken, *, by: str, keep: bool, now: datetime | None = None
) -> Ended:
    """Ends what a token made, and what that made, and so on."""
    return _end(session, _made(session, [token.id]), f"token {token.id}", by, keep, now)


def end_made_by(
    session: Session, person: Person, *, by: str, keep: bool, now: datetime | None = None
) -> Ended:
    """Ends what a person made for others, signed in or by a token, and what that made."""
    mine = ApiToken.person_id == person.id
    query = select(ApiToken).where(mine | (ApiToken.made_by == person.login))
    first = session.scalars(query.order_by(ApiToken.id).with_for_update(key_share=True)).all()
    found = {token.id: token for token in (*first, *_made(session, [t.id for t in first]))}
    others = [token for token in found.values() if token.person_id != person.id]
    return _end(session, others, person.login, by, keep, now)


@dataclass(frozen=True, slots=True)
class Offspring:
    """Tokens that live, by what ends them: the numbers of the tokens they came of, and logins, but for their own."""

    of_tokens: Mapping[int, list[ApiToken]]
    of_people: Mapping[str, list[ApiToken]]


def offspring(session: Session, now: datetime | None = None) -> Offspring:
    """What would end with each token and each person; locks nothing."""
    now = now or utc_now()
    query = select(ApiToken).options(joinedload(ApiToken.person)).order_by(ApiToken.id)
    known = {token.id: token for token in session.scalars(query)}
    of_tokens, of_people = defaultdict(list), defaultdict(list)
    for token in known.values():
        if not lives(token, now):
            continue
        above = list(_above(token, known))
        for one in above:
            of_tokens[one.id].append(token)
        makers = {one.made_by for one in (token, *above)} | {one.person.login for one in above}
        for login in makers - {token.person.login}:
            of_people[login].append(token)
    return Offspring(of_tokens, of_people)


def _above(token: ApiToken, known: Mapping[int, ApiToken]) -> Iterator[ApiToken]:
    maker = known.get(token.made_with or 0)
    while maker is not None:
        yield maker
        maker = known.get(maker.made_with or 0)


def _made(session: Session, numbers: Collection[int]) -> list[ApiToken]:
    """Locked one generation after the other: one that is just being made is waited for, and found."""
    found: list[ApiToken] = []
    while numbers:
        query = select(ApiToken).where(ApiToken.made_with.in_(numbers)).order_by(ApiToken.id)
        next_ones = session.scalars(query.with_for_update(key_share=True)).all()
        found += next_ones
        numbers = [token.id for token in next_ones]
    return found


def _end(
    session: Session,
    tokens: Sequence[ApiToken],
    of: str,
    by: str,
    keep: bool,
    now: datetime | None,
) -> Ended:
    now = now or utc_now()
    living = [token for token in tokens if lives(token, now)]
    what = "token.keep" if keep else "token.revoke"
    for token in living:
        if not keep:
            token.revoked_at = now
        audit(session, by, what, token.person.login, token=token.id, name=token.name, made_by=of)
    return Ended(kept=living) if keep else Ended(revoked=living)
