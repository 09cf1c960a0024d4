"""Rates from audit samples: the only unbiased view of how the machine works in production.

An audit sample was drawn at random, whatever the model said of it; a person has decided what it
really is. Rates come with exact intervals (Clopper–Pearson).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud_sync.learning.label_words import GOOD_LABEL
from cloud_sync.store.models import Annotation, Review, Sample
from cloud_sync.store.models.intake import AUDIT
from cloud_sync.store.models.mails import MAILS
from kits.core.stats import Estimate, proportion

NEGATIVE_LABELS = frozenset({GOOD_LABEL, "healthy", "normal", "ok", "lost", "oos"})
"""Labels that mean "nothing to act on" in the kits' data."""
LATELY = 300
"""So many audits tell a rate of some percent; older ones are of a world that may have changed."""


@dataclass(frozen=True, slots=True)
class AuditCounts:
    """Audited samples by what was done and what was right."""

    n: int = 0
    positives: int = 0
    escapes: int = 0
    overkills: int = 0
    reviews: int = 0

    @property
    def negatives(self) -> int:
        return self.n - self.positives

    def rates(self) -> dict[str, Estimate]:
        """`escape_rate` (of the positives), `overkill_rate` (of the negatives), `agreement`,
        `review_rate` and `prevalence` (of all)."""
        wrong = self.escapes + self.overkills
        return {
            "escape_rate": proportion(self.escapes, self.positives),
            "overkill_rate": proportion(self.overkills, self.negatives),
            "agreement": proportion(self.n - wrong, self.n),
            "review_rate": proportion(self.reviews, self.n),
            "prevalence": proportion(self.positives, self.n),
        }


def is_positive(label: str, boxes: object = ()) -> bool:
    """Whether an annotation states something to act on."""
    return bool(boxes) if not label else label.lower() not in NEGATIVE_LABELS


def count(judged: Iterable[tuple[str, bool]]) -> AuditCounts:
    """Counts from (verdict, positive) pairs."""
    n = positives = escapes = overkills = reviews = 0
    for verdict, positive in judged:
        n += 1
        positives += positive
        reviews += verdict == "review"
        escapes += positive and verdict == "pass"
        overkills += not positive and verdict == "act"
    return AuditCounts(n, positives, escapes, overkills, reviews)


def audited(
    session: Session,
    project: str = "",
    bundle: str = "",
    *,
    mails: bool = True,
    lately: datetime | None = None,
) -> AuditCounts:
    """Counts over the audit samples that a person has decided; the newest decision counts.

    Args:
        mails: False: without those, which are right or wrong in other ways (`cloud_sync.mails`).
        lately: those captured since, and the latest `LATELY` at least; None: all.
    """
    if lately is not None:
        return count(_lately(session, project, bundle, mails, lately))
    return count(row[1:] for row in _judged(session, project, bundle, mails, Sample.id))


def _lately(
    session: Session, project: str, bundle: str, mails: bool, since: datetime
) -> Iterable[tuple[str, bool]]:
    rows = _judged(session, project, bundle, mails, Sample.captured_at)
    rows.sort(key=lambda row: row[0], reverse=True)
    return [row[1:] for place, row in enumerate(rows) if place < LATELY or row[0] >= since]


def _judged(
    session: Session, project: str, bundle: str, mails: bool, column: InstrumentedAttribute[Any]
) -> list[tuple[Any, str, bool]]:
    """Of each decided audit sample a column, its verdict, and whether it is positive by the newest word."""
    # boxes count only where there is no label, and reading JSON costs more than all the rest
    body = case((Annotation.label == "", Annotation.body))
    query = (
        select(Sample.id, column, Sample.verdict, Annotation.label, body)
        .join(Review, Review.sample_id == Sample.id)
        .join(Annotation, Annotation.id == Review.annotation_id)
        # no condition on the decision: only final ones have an annotation, and an index on decisions
        # would lead through all reviews to few audits
        .where(AUDIT)
        .order_by(Annotation.id)
    )
    if not mails:
        query = query.where(~MAILS)
    if project:
        query = query.where(Sample.project == project)
    if bundle:
        query = query.where(Sample.bundle == bundle)
    newest = {
        sample: (told, verdict, is_positive(label, stated.get("boxes") if stated else ()))
        for sample, told, verdict, label, stated in session.execute(query)
    }
    return list(newest.values())
