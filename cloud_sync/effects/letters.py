"""Effects as a person sees them: what waits, what was given up, trying again, and forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import audit
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import Effect, EffectTarget
from kits.core.sample import utc_now

STATES = ("waiting", "done", "dead")
FINAL = ("done", "dead")


@dataclass(frozen=True, slots=True)
class TargetState:
    """A receiver: its effects by state, and whether it is left alone after failures."""

    name: str
    counts: dict[str, int]
    failures: int
    open_until: datetime | None
    error: str
    last_ok_at: datetime | None


def targets(session: Session) -> list[TargetState]:
    """All receivers that ever had an effect."""
    grouped = select(Effect.target, Effect.state, func.count()).group_by(
        Effect.target, Effect.state
    )
    counts: dict[str, dict[str, int]] = {}
    for name, state, count in session.execute(grouped):
        counts.setdefault(name, dict.fromkeys(STATES, 0))[state] = count
    breakers = {row.name: row for row in session.scalars(select(EffectTarget))}
    found = []
    for name in sorted({*counts, *breakers}):
        row = breakers.get(name)
        found.append(
            TargetState(
                name,
                counts.get(name, dict.fromkeys(STATES, 0)),
                row.failures if row else 0,
                row.open_until if row else None,
                row.error if row else "",
                row.last_ok_at if row else None,
            )
        )
    return found


def newest(
    session: Session, *, state: str = "", target: str = "", limit: int = 50
) -> Sequence[Effect]:
    """The newest effects; empty words do not filter."""
    return session.scalars(wanted(state=state, target=target).limit(limit)).all()


def wanted(*, state: str = "", target: str = "") -> Select[Effect]:
    """Effects, newest first; empty words do not filter."""
    query = select(Effect).order_by(Effect.id.desc())
    if state:
        query = query.where(Effect.state == state)
    if target:
        query = query.where(Effect.target == target)
    return query


def replay(session: Session, *, by: str, effect_id: int | None = None, target: str = "") -> int:
    """Lets given-up effects be tried again under their old keys; how many.

    They need not go together as they went before: a mail they make is a new one.

    Raises:
        NotFoundError: there is no such effect, or it was not given up.
    """
    query = update(Effect).where(Effect.state == "dead")
    if effect_id is not None:
        query = query.where(Effect.id == effect_id)
    if target:
        query = query.where(Effect.target == target)
    now = utc_now()
    anew = {"state": "waiting", "attempts": 0, "next_at": now, "batch": "", "error": ""}
    done = session.execute(query.values(anew))
    count = changed_by(done)
    if not count and effect_id is not None:
        raise NotFoundError(
            "no such effect that was given up",
            where=str(effect_id),
            fix="cloud-sync effect list --state dead",
        )
    closed = update(EffectTarget).values(open_until=None, failures=0)
    session.execute(closed.where(EffectTarget.name == target) if target else closed)
    audit(session, by, "effect.replay", str(effect_id or target or "all"), count=count)
    return count


def prune(session: Session, state: str, before: datetime, limit: int) -> int:
    """Deletes effects that were done, or given up, before a time; at most `limit`, and how many.

    A part at a time, so that the database is never locked for long: call it again while it deletes
    as many as it may. It goes by when an effect was last due, which has an index.

    Raises:
        ValueError: effects in this state are not over.
    """
    if state not in FINAL:
        raise ValueError(f"effects that are {state} are not to be deleted")
    count, target = 0, ""
    while count < limit:
        # from receiver to receiver along the index: all at once would read all that are younger
        others = select(func.min(Effect.target)).where(Effect.state == state)
        target = session.scalar(others.where(Effect.target > target)) or ""
        if not target:
            break
        old = select(Effect.id).where(
            Effect.state == state, Effect.target == target, Effect.next_at < before
        )
        ids = session.scalars(old.order_by(Effect.next_at).limit(limit - count)).all()
        session.execute(delete(Effect).where(Effect.id.in_(ids)))
        count += len(ids)
    return count


def as_json(row: Effect) -> dict[str, JsonValue]:
    """For API and `--json`."""
    return {
        "id": row.id,
        "key": row.key,
        "target": row.target,
        "kind": row.kind,
        "state": row.state,
        "attempts": row.attempts,
        "error": row.error,
        "created_at": row.created_at.isoformat(),
        "next_at": row.next_at.isoformat(),
        "done_at": row.done_at.isoformat() if row.done_at else None,
        "data": row.body,
    }
