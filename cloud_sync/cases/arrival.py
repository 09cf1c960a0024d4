"""Steps of cases as devices send them: into their tables, in whatever order they arrive.

A step that is newer than all before says how the case stands now; an older one only completes the
history, and what ends a case ends it whenever it comes. Which rows are new was decided before
(`intake/rows.py`); what people and CMMSs do to a case is `closing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.intake.epochs import Key
from cloud_sync.store.bulk import EARLIEST, in_portions
from cloud_sync.store.models import Case, CaseTransition
from kits.core.alarm import LEVELS, Level
from kits.core.events import CaseBody

RISES = ("opened", "escalated")
SUPERSEDED = "a newer case of this asset"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A new step: the key of its row, its body, and its times as far as the hub can tell."""

    key: Key
    body: CaseBody
    at: datetime
    since: datetime
    project: str


class CaseWriter:
    """Writes the steps of one transaction.

    Args:
        session: holds the lock of the devices whose steps come (`intake/batch.py`).

    Attributes:
        odd: why a step stays an event only.
        written: the steps that were taken and say something new, each with its case.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, Case] = {}
        self.odd: list[str] = []
        self.written: list[tuple[Case, CaseTransition]] = []

    def write(self, steps: Sequence[Arrived]) -> None:
        """Takes steps in the order of their rows."""
        self._load({step.body.case_id for step in steps})
        for step in steps:
            device = step.key[0]
            case = self._known.get(step.body.case_id)
            if case is not None and case.device != device:
                self.odd.append("case id taken")
                continue
            if case is None:
                case = self._begin(step)
            elif _reopens(case, step):
                self._reopen(case)
            self._fold(case, step)

    def _load(self, ids: set[str]) -> None:
        for some in in_portions(ids):
            query = select(Case).where(Case.id.in_(some)).order_by(Case.id).with_for_update()
            self._known |= {case.id: case for case in self._session.scalars(query)}

    def _begin(self, step: Arrived) -> Case:
        device, body = step.key[0], step.body
        older = self._open_of(device, body.asset)
        case = Case(
            id=body.case_id, device=device, asset=body.asset, project=step.project,
            level=body.level, worst=body.level, opened_at=step.at, since=step.since,
            last_at=step.at, raised_at=EARLIEST, acknowledged_by="", closed_by="", shelved=False, closed_here=False,
        )  # fmt: skip
        if older is not None:
            # a device that lost its state begins anew: two open cases of one asset help nobody
            newer = case.opened_at >= older.last_at
            _supersede(older if newer else case, step.at)
        # the older one is closed in the database before the newer one is there
        self._session.flush()
        self._session.add(case)
        self._session.flush()
        self._known[case.id] = case
        return case

    def _open_of(self, device: str, asset: str) -> Case | None:
        is_open = Case.device == device, Case.asset == asset, Case.closed_at.is_(None)
        return self._session.scalar(select(Case).where(*is_open).with_for_update())

    def _reopen(self, case: Case) -> None:
        """It became worse after it was closed here: that was no end."""
        if self._open_of(case.device, case.asset) is None:
            case.closed_at, case.closed_by, case.closed_here = None, "", False
            case.acknowledged_at, case.acknowledged_by, case.cause = None, "", ""
            case.cause_from, case.labels_due, case.shelved = "", False, False
            case.order_ref = ""  # an order that was done says nothing of what came after it

    def _fold(self, case: Case, step: Arrived) -> None:
        echo = _is_echo(case, step)
        _advance(case, step)
        _settle(case, step)
        row = _row(step)
        self._session.add(row)
        if not echo:
            self.written.append((case, row))


def _reopens(case: Case, step: Arrived) -> bool:
    rises = step.body.transition in RISES and step.body.level != "normal"
    return rises and case.closed_here and case.closed_at is not None and step.at > case.closed_at


def _is_echo(case: Case, step: Arrived) -> bool:
    """Whether a device only follows what was done here, which its receivers were told then."""
    if step.body.transition == "acknowledged":
        return case.acknowledged_at is not None and step.at >= case.raised_at
    return step.body.transition == "closed" and case.closed_at is not None and case.closed_here


def _supersede(case: Case, at: datetime) -> None:
    case.closed_at, case.closed_by = at, SUPERSEDED


def _advance(case: Case, step: Arrived) -> None:
    """What only the newest step says, and what any step may add to."""
    body = step.body
    case.since = min(case.since, step.since)
    case.opened_at = min(case.opened_at, step.at)
    case.worst = worse(case.worst, body.level)
    if step.at < case.last_at:
        return
    case.last_at, case.level = step.at, body.level
    case.score = body.score if body.score is not None else case.score
    case.bundle = body.bundle or case.bundle or ""
    if body.transition == "returned":
        case.returned_at = step.at
    elif body.level != "normal":
        case.returned_at = None
    if body.transition in ("shelved", "unshelved"):
        case.shelved = body.transition == "shelved"


def _settle(case: Case, step: Arrived) -> None:
    """What holds whenever it comes."""
    who = step.body.who or step.key[0]
    newest = step.body.transition in RISES and step.at > case.raised_at
    if newest or (not case.label and step.body.level != "normal"):
        # what is supposed is what it rose by: a window of a machine that is well again supposes nothing
        case.label = step.body.label or case.label or ""
        case.reason = step.body.reason or case.reason or ""
    if newest:
        case.raised_at = step.at
        if case.acknowledged_at is not None and case.acknowledged_at < step.at:
            # it became worse since: that is to be seen anew
            case.acknowledged_at, case.acknowledged_by = None, ""
    if (
        step.body.transition == "acknowledged"
        and case.acknowledged_at is None
        and step.at >= case.raised_at
    ):
        case.acknowledged_at, case.acknowledged_by = step.at, who
    if step.body.transition == "closed" and (
        case.closed_at is None or case.closed_by == SUPERSEDED
    ):
        case.closed_at, case.closed_by, case.shelved = step.at, who, False


def _row(step: Arrived) -> CaseTransition:
    (device, epoch, seq), body = step.key, step.body
    return CaseTransition(
        case_id=body.case_id, device=device, epoch=epoch, seq=seq, transition=body.transition,
        level=body.level, score=body.score, label=body.label, reason=body.reason,
        sample_id=body.sample_id, bundle=body.bundle, at=step.at, since=step.since, note=body.note,
        who=body.who, source="device",
    )  # fmt: skip


def worse(one: str, other: Level) -> Level:
    """The higher of two levels."""
    return max((level for level in LEVELS if level in (one, other)), key=LEVELS.index)
