"""What persons said of mails that were decided without one, or would have been: right or wrong.

Audit mails were drawn at random, so what is wrong among them is wrong among all; what persons find among mails that
were filed is only what somebody came across. The two are never mixed. No figures here, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from cloud_sync.store.models import Annotation, Sample
from cloud_sync.store.models.intake import AUDIT
from cloud_sync.store.models.mails import MAILS, SUGGESTED
from kits.core.mail_remarks import read_remarks

STRONG = ("review", "outcome")
"""What is said in the hub, or by the world, outranks what was said at the device."""
_COLUMNS = (
    Sample.id, Sample.project, Sample.bundle, Sample.captured_at, Sample.label, Annotation.id,
    Annotation.label, Annotation.source,
)  # fmt: skip
_SAID = Annotation.sample_id == Sample.id


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision of which a person has said what it should have been.

    Attributes:
        first, newest: numbers of the annotations that first said so, and that is in force.
    """

    sample: str
    project: str
    bundle: str
    at: datetime
    said: str
    truth: str
    first: int
    newest: int

    @property
    def wrong(self) -> bool:
        """A mail with several intents is right with any of them."""
        return is_wrong(self.said, self.truth)


def is_wrong(said: str, truth: str) -> bool:
    """Whether two labels (several intents joined by `|`) share none."""
    return set(said.split("|")).isdisjoint(truth.split("|"))


def audited(
    session: Session,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    bundle: str = "",
) -> tuple[list[Judged], list[tuple[str, str, datetime]]]:
    """Audit mails by what persons said; and those that nobody has filed yet, as (project, bundle, time).

    Of the automatic decisions only: mails that would have been filed but for the audit, and filed ones that were
    drawn, too. Of the latter only what is said here counts: at the mailbox nobody confirms what lies right.
    """
    asked = select(*_COLUMNS, Sample.verdict, Sample.meta).outerjoin(Annotation, _SAID)
    within = _within(since, until, bundle)
    rows: list[Any] = list(session.execute(asked.where(AUDIT, *within).order_by(Annotation.id)))
    automatic = [row for row in rows if row[8] == "act" or read_remarks(row[9]).audit]
    counts = (row for row in automatic if row[6] and (row[8] != "act" or row[7] in STRONG))
    judged = _fold(tuple(row)[:8] for row in counts)
    known = {one.sample for one in judged}
    waiting = {row[0]: (row[1], row[2], row[3]) for row in automatic if row[0] not in known}
    return judged, list(waiting.values())


def found_later(
    session: Session, *, since: datetime | None = None, until: datetime | None = None
) -> list[Judged]:
    """Filed mails, not drawn for an audit, of which a person has said something all the same."""
    asked = select(*_COLUMNS).join(Annotation, _SAID).where(*_within(since, until, ""))
    plain = asked.where(~AUDIT, Sample.verdict == "act", Annotation.label != "")
    return _fold(tuple(row) for row in session.execute(plain.order_by(Annotation.id)))


def suggested(
    session: Session, *, since: datetime | None = None, until: datetime | None = None
) -> list[Judged]:
    """Mails left to a person for which a language model suggested something (`said`), and what the person said.

    Who reviews at the hub has seen the suggestion; who files at the mailbox has not.
    """
    asked = select(*_COLUMNS, Sample.meta).join(Annotation, _SAID)
    left = asked.where(
        *_within(since, until, ""), Sample.verdict == "review", Annotation.label != "", SUGGESTED != ""
    )  # fmt: skip
    rows: list[Any] = list(session.execute(left.order_by(Annotation.id)))
    return _fold(
        (*row[:4], label, *row[5:8]) for row in rows if (label := read_remarks(row[8]).suggested)
    )


def _within(
    since: datetime | None, until: datetime | None, bundle: str
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [MAILS]
    if since is not None:
        conditions.append(Sample.captured_at >= since)
    if until is not None:
        conditions.append(Sample.captured_at < until)
    if bundle:
        conditions.append(Sample.bundle == bundle)
    return conditions


def _fold(rows: Iterable[tuple[object, ...]]) -> list[Judged]:
    """The statement in force of each mail; rows in the order in which statements came."""
    found: dict[str, tuple[Judged, bool]] = {}
    for name, project, bundle, at, said, number, truth, source in rows:
        assert isinstance(name, str) and isinstance(number, int) and isinstance(at, datetime)
        strong = source in STRONG
        first = number
        if name in found:
            known, was_strong = found[name]
            if was_strong and not strong:
                continue
            first = known.first
        words = str(project), str(bundle), at, str(said), str(truth)
        found[name] = Judged(name, *words, first, number), strong
    return sorted((one for one, _ in found.values()), key=lambda one: one.first)
