"""What became of one bundle's alarms, as a retraining weighs them: a machine has no cost by windows, but by its cases.

Failures that no alarm came before are not among them: nobody closes a case that was never opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.cases.figures import MONTH, poisson_rate
from cloud_sync.learning.audits import NEGATIVE_LABELS
from cloud_sync.store.models import Asset, Case, Sample
from kits.core.stats import Estimate, proportion


@dataclass(frozen=True, slots=True)
class AlarmCounts:
    """Alarms of one bundle.

    Attributes:
        false, true: closed cases with a cause.
        machines: how many it watches; `machine_months`: for how long together.
    """

    false: int
    true: int
    machines: int
    machine_months: float

    @property
    def known(self) -> int:
        """Alarms of which it is known whether they were right."""
        return self.false + self.true

    @property
    def false_alarms(self) -> Estimate | None:
        """Per machine-month; None where nothing was watched yet."""
        return poisson_rate(self.false, self.machine_months) if self.machine_months > 0 else None

    def rates(self) -> Mapping[str, Estimate]:
        """`precision`, of the alarms with a cause, and `false_alarms_per_machine_month`."""
        rates = {"precision": proportion(self.true, self.known)}
        if self.false_alarms is not None:
            rates["false_alarms_per_machine_month"] = self.false_alarms
        return rates


def alarm_counts(session: Session, bundle: str, now: datetime) -> AlarmCounts:
    """What is known of a bundle's alarms until now."""
    causes = session.scalars(
        select(Case.cause).where(
            Case.bundle == bundle, Case.worst == "alarm", Case.closed_at.is_not(None), Case.cause != ""
        )
    ).all()  # fmt: skip
    false = sum(cause.lower() in NEGATIVE_LABELS for cause in causes)
    begun = select(Sample.device, func.min(Sample.captured_at)).where(Sample.bundle == bundle)
    since = {row[0]: row[1] for row in session.execute(begun.group_by(Sample.device))}
    watched = session.execute(
        select(Asset.device, Asset.first_at, Asset.last_at).where(Asset.device.in_(since))
    ).all()
    spans = [min(last, now) - max(first, since[device]) for device, first, last in watched]
    spans = [span for span in spans if span > timedelta()]
    return AlarmCounts(false, len(causes) - false, len(spans), sum(spans, timedelta()) / MONTH)
