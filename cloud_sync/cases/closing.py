"""What people and CMMSs do to a case: acknowledge it, and close it with what was found at the machine.

Each is a step of the case like those of its device, told to the receivers in the same transaction.
Saying the same twice equals once. A person's word stands above that of a CMMS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.cases.labels import NORMAL, SENSOR_FAULT, plain_cause, state_cause
from cloud_sync.effects.outbox import EffectOutbox
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import audit
from cloud_sync.learning.known_labels import as_known
from cloud_sync.store.models import Case, CaseTransition
from kits.core.errors import DataError
from kits.core.events import MAX_WORDS
from kits.core.sample import utc_now

HUB = "hub"
MAX_CAUSE = 64
MAX_CAUSES = 200
"""Causes of earlier cases that are looked at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What somebody says of a case.

    Attributes:
        cause: a fault's label, `normal` for a false alarm; empty: closed without a finding.
        who: a person's login, or who did it in the CMMS.
        source: `hub` for a person here, else the name of the CMMS.
        at: when it was found at the machine; None: now.
    """

    cause: str
    who: str
    note: str = ""
    source: str = HUB
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """What became of it. `labelled`: samples that now say so; `repeated`: that had been said."""

    case: Case
    labelled: int
    repeated: bool


def find_case(session: Session, case_id: str, *, lock: bool = False) -> Case:
    """Raises NotFoundError when there is no such case."""
    case = session.get(Case, case_id, with_for_update=lock, populate_existing=lock)
    if case is None:
        raise NotFoundError(f"no case {case_id[:40]!r}", fix="cloud-sync case list")
    return case


def acknowledge(
    session: Session,
    effects: EffectOutbox,
    case_id: str,
    *,
    who: str,
    note: str = "",
    source: str = HUB,
) -> Case:
    """Somebody has taken it on; again, or on a closed case, changes nothing.

    Raises:
        NotFoundError: no such case.
    """
    case = find_case(session, case_id, lock=True)
    if case.acknowledged_at is not None or case.closed_at is not None:
        return case
    who, note = _storable(who), _storable(note)
    case.acknowledged_at, case.acknowledged_by = utc_now(), who
    step = _step(case, "acknowledged", who, note, source, case.acknowledged_at)
    session.add(step)
    session.flush()
    audit(session, who, "case.acknowledge", case.id, via=source)
    effects.cases(session, [(case, step)])
    return case


def close(session: Session, effects: EffectOutbox, case_id: str, found: Finding) -> Closed:
    """Closes a case and states its cause of the samples behind it.

    A closed case takes a cause that it did not have, and another one from a person: people err.

    Raises:
        NotFoundError: no such case.
        DataError: a cause or a time that cannot be.
    """
    case = find_case(session, case_id, lock=True)
    cause, at = _spelled(session, case, _checked(found.cause)), _when(case, found.at)
    found = replace(found, note=_storable(found.note), who=_storable(found.who))
    if case.closed_at is not None and not _says_more(case, cause, found.source):
        if cause and cause == case.cause and found.source == HUB:
            case.cause_from = HUB  # a person has confirmed it
        return Closed(case, 0, True)
    if case.closed_at is None:
        case.closed_at, case.closed_by, case.closed_here, case.shelved = at, found.who, True, False
    if cause:
        case.cause, case.cause_from = cause, found.source
    step = _step(case, "closed", found.who, found.note, found.source, at)
    session.add(step)
    session.flush()
    labelled = state_cause(session, case, found.who, found.note) if cause else 0
    audit(
        session, found.who, "case.close", case.id,
        cause=cause, via=found.source, labelled=labelled,
    )  # fmt: skip
    effects.cases(session, [(case, step)])
    return Closed(case, labelled, False)


def _spelled(session: Session, case: Case, cause: str) -> str:
    """As the project spells it; a cause that was found before counts as one it has."""
    cause = plain_cause(cause)
    if not cause or cause == NORMAL:
        return cause
    before = select(Case.cause).where(Case.project == case.project, Case.cause != "").distinct()
    words = (case.label, SENSOR_FAULT, *sorted(session.scalars(before.limit(MAX_CAUSES))))
    return as_known(session, case.project, [cause], words)[cause]


def _says_more(case: Case, cause: str, source: str) -> bool:
    """Whether a finding on a closed case is news."""
    if not cause or cause == case.cause:
        return False
    return source == HUB or not case.cause or case.cause_from == source


def _checked(cause: str) -> str:
    cause = cause.strip()
    if len(cause) > MAX_CAUSE or not cause.isprintable():
        raise DataError(
            f"a cause has at most {MAX_CAUSE} printable characters",
            where=cause[:40],
            fix="a fault's label as in the dataset, or normal for a false alarm",
        )
    return cause


def _storable(words: str) -> str:
    """PostgreSQL stores no NUL in text."""
    return words.replace("\0", "\ufffd")[:MAX_WORDS]


def _when(case: Case, at: datetime | None) -> datetime:
    now = utc_now()
    if at is None:
        return now
    if at.tzinfo is None or not case.since <= at <= now:
        raise DataError(
            "found at a time before the case began or ahead of now",
            where=at.isoformat(),
            fix=f"between {case.since.isoformat()} and now, with its zone",
        )
    return at


def _step(
    case: Case, transition: str, who: str, note: str, source: str, at: datetime
) -> CaseTransition:
    label = case.cause if transition == "closed" else ""
    return CaseTransition(
        case_id=case.id, transition=transition, level=case.level, score=case.score, label=label,
        reason="", at=at, note=note, who=who, source=source, device=case.device,
    )  # fmt: skip
