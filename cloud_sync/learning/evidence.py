"""What is known of the champion at work, in the terms of what it does: audited samples, mails, or what became of alarms.

A sample is passed or rejected and costs what it costs; a mail is right or wrong by its intent; a machine that is watched
costs by its cases, of which each may be a thousand windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.cases.alarm_counts import AlarmCounts, alarm_counts
from cloud_sync.hub import Hub
from cloud_sync.learning.audits import AuditCounts, audited
from cloud_sync.learning.costs import (
    Measured,
    Worth,
    alarms_worth,
    project_costs,
    retraining_worth,
)
from cloud_sync.mails.audit_counts import MailAudits, mail_audits
from cloud_sync.store.models import Bundle, Project, Sample
from kits.core import bundle as bundles
from kits.core.operating_point import OperatingPoint
from kits.core.sample import utc_now
from kits.core.stats import Estimate, proportion

MIN_AUDITS = 30
MIN_ALARMS = 10
SLIPS = 0.05
"""Share of reviews that may be slips of the person."""
MONTH = timedelta(days=30)
AUDITS_SPAN = timedelta(days=90)
"""What a champion was a year ago must not hide what it is now."""


@dataclass(frozen=True, slots=True)
class Labels:
    """How many samples the champion learned from, and how many a retraining would."""

    before: int
    after: int


@dataclass(frozen=True)
class Evidence:
    """What speaks for a retraining, or against it.

    Attributes:
        worth: None where too little is known to speak of money; `lacks` says how much.
        worse: one sentence when the champion is worse than it measured or promised, beyond chance.
    """

    lacks: str
    rates: Mapping[str, Estimate] = field(default_factory=dict)
    worth: Worth | None = None
    worse: str = ""


def evidence_of(
    hub: Hub, session: Session, project: Project, champion: Bundle | None, labels: Labels, seed: int
) -> Evidence:
    """What persons have said of the champion's decisions so far."""
    lately = utc_now() - AUDITS_SPAN
    if champion is None:
        counts = audited(session, project.name, lately=lately)
        return _of_samples(hub, session, project, counts, None, labels, seed)
    point = bundles.open_bytes(hub.storage.get(champion.blob)).operating_point
    if point.alarm is not None:
        alarms = alarm_counts(session, champion.id, utc_now())
        return _of_alarms(hub, project, alarms, point, labels, seed)
    mails = mail_audits(session, champion.id)
    if mails is not None:
        return _of_mails(hub, session, project, mails, point, labels, seed)
    counts = audited(session, project.name, champion.id, lately=lately)
    return _of_samples(hub, session, project, counts, point, labels, seed)


def _of_alarms(
    hub: Hub,
    project: Project,
    alarms: AlarmCounts,
    point: OperatingPoint,
    labels: Labels,
    seed: int,
) -> Evidence:
    worth, found = None, alarms.false_alarms
    if alarms.known >= MIN_ALARMS and found is not None:
        worth = alarms_worth(
            alarms, project_costs(project.kit_yaml), hub.config.prices,
            labels_before=labels.before, labels_after=labels.after, seed=seed,
        )  # fmt: skip
    stated, worse = point.rates.get("false_onsets_per_day"), ""
    if found is not None and stated is not None and found.low > stated.high * MONTH.days:
        worse = (
            f"{found.text()} false alarms per machine-month are above the {stated.value * MONTH.days:.3g} "
            f"[{stated.low * MONTH.days:.3g}, {stated.high * MONTH.days:.3g}] measured in training"
        )
    lacks = f"{alarms.known} closed alarms with a cause, {MIN_ALARMS} are needed to speak of money"
    return Evidence(lacks, alarms.rates(), worth, worse)


def _of_mails(
    hub: Hub, session: Session, project: Project, mails: MailAudits, point: OperatingPoint,
    labels: Labels, seed: int,
) -> Evidence:  # fmt: skip
    found, worse = mails.rates()["auto_error"], ""
    if point.bound is not None and found.n and found.low > point.bound.epsilon:
        worse = f"audited auto_error {found.text()} is above the {point.bound.epsilon:.1%} promised"
    before = Measured()
    if point.bound is not None and point.bound.n:
        before = Measured(escapes=proportion(point.bound.errors, point.bound.n))
    worth = _worth(hub, session, project, mails.counts, mails.known, labels, before, seed)
    return Evidence(_lacks(mails.known), mails.rates(), worth, worse)


def _of_samples(
    hub: Hub, session: Session, project: Project, counts: AuditCounts, point: OperatingPoint | None,
    labels: Labels, seed: int,
) -> Evidence:  # fmt: skip
    costs, rates = project_costs(project.kit_yaml), point.rates if point is not None else {}
    before = Measured(costs.prevalence, rates.get("escape_rate"), rates.get("overkill_rate"))
    worth = _worth(hub, session, project, counts, counts.n, labels, before, seed)
    worse = _worse(counts, point) if point is not None else ""
    return Evidence(_lacks(counts.n), counts.rates(), worth, worse)


def _worse(counts: AuditCounts, point: OperatingPoint) -> str:
    for name in ("escape_rate", "overkill_rate"):
        found, stated = counts.rates()[name], point.rates.get(name)
        if stated is not None and found.n and found.low > stated.high:
            doubt = _perhaps_slips(counts) if name == "escape_rate" else ""
            return f"audited {name} {found.text()} is above the {stated.text()} measured in training{doubt}"
    return ""


def _perhaps_slips(counts: AuditCounts) -> str:
    """Words where slips of reviewers explain the escapes: nearly all parts are good, so few of these slips make many escapes."""
    if counts.escapes > SLIPS * counts.n:
        return ""
    return (
        f" ({counts.escapes} of {counts.n} audits: one slip in {1 / SLIPS:.0f} reviews makes as many, so look at those "
        "that were passed and labelled as defects once more first)"
    )


def _lacks(known: int) -> str:
    return f"{known} audited samples, {MIN_AUDITS} are needed to speak of money"


def _worth(
    hub: Hub, session: Session, project: Project, counts: AuditCounts, known: int, labels: Labels,
    before: Measured, seed: int,
) -> Worth | None:  # fmt: skip
    if known < MIN_AUDITS:
        return None
    return retraining_worth(
        counts,
        project_costs(project.kit_yaml),
        hub.config.prices,
        decisions_per_month=_per_month(session, project.name),
        labels_before=labels.before,
        labels_after=labels.after,
        before=before,
        seed=seed,
    )


def _per_month(session: Session, project: str) -> float:
    since = utc_now() - MONTH
    n, first = session.execute(
        select(func.count(), func.min(Sample.captured_at)).where(
            Sample.project == project, Sample.captured_at > since
        )
    ).one()
    if not n or first is None:
        return 0.0
    days = max(1.0, (utc_now() - first) / timedelta(days=1))
    return float(n) * MONTH.days / min(days, float(MONTH.days))
