"""Audited mails as a retraining weighs them: what was decided wrongly, and what was left to a person.

A mail is wrong by its intent, not by being passed or rejected, and its audits are filed at the mailbox as often as they
are reviewed here: `learning.audits` knows neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.learning.audits import AuditCounts
from cloud_sync.mails import truth
from cloud_sync.store.models import Sample
from cloud_sync.store.models.mails import MAILS
from kits.core.stats import Estimate, proportion


@dataclass(frozen=True, slots=True)
class MailAudits:
    """What persons said of one bundle's automatic decisions.

    Attributes:
        judged: audits of which a person has said what they are; `wrong`: those decided wrongly.
        automatic: mails that were decided without a person, or would have been but for the audit.
        left: mails that were left to a person.
    """

    judged: int
    wrong: int
    automatic: int
    left: int

    @property
    def counts(self) -> AuditCounts:
        """As if all mails were audited: of those left to a person as many for each audit as there were for each decision."""
        left = round(self.judged * self.left / self.automatic) if self.automatic else self.left
        n = self.judged + left
        return AuditCounts(n, positives=n, escapes=self.wrong, reviews=left)

    @property
    def known(self) -> int:
        """Mails of which it is known whether they were decided rightly: all, where none is decided without a person."""
        return self.judged if self.automatic else self.left

    def rates(self) -> Mapping[str, Estimate]:
        """`auto_error`, of the automatic decisions, and `review_rate`, of all mails."""
        return {
            "auto_error": proportion(self.wrong, self.judged),
            "review_rate": proportion(self.left, self.left + self.automatic),
        }


def mail_audits(session: Session, bundle: str) -> MailAudits | None:
    """What is known of a bundle's mails; None where it decided none."""
    query = (
        select(Sample.verdict, func.count())
        .where(MAILS, Sample.bundle == bundle)
        .group_by(Sample.verdict)
    )
    verdicts = {row[0]: row[1] for row in session.execute(query)}
    if not verdicts:
        return None
    judged, waiting = truth.audited(session, bundle=bundle)
    acts, total = verdicts.get("act", 0), sum(verdicts.values())
    automatic = min(total, acts + len(judged) + len(waiting))
    return MailAudits(len(judged), sum(one.wrong for one in judged), automatic, total - automatic)
