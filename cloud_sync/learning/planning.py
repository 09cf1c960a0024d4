"""Is it time to retrain? Labels, audited rates, drift and money, weighed and explained.

Only people's labels and audited rates can say yes; drift alone asks for more reviews first,
because changed scores are not yet wrong decisions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.crm import proposing
from cloud_sync.effects.alerts import outbox_for
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.intake import provenance
from cloud_sync.learning import datasets, left_out, sifting
from cloud_sync.learning.audits import AuditCounts, audited
from cloud_sync.learning.champions import champion_of
from cloud_sync.learning.costs import Worth, project_costs, retraining_worth
from cloud_sync.learning.drift import DriftResult
from cloud_sync.learning.history import drift_of, note_baseline
from cloud_sync.learning.reviewed import reviewed_samples
from cloud_sync.learning.states import news_beside, with_keys
from cloud_sync.mails.audit_counts import MailAudits, mail_audits
from cloud_sync.store.db import take_turn
from cloud_sync.store.models import Alert, Project, Sample
from cloud_sync.store.models import Bundle as BundleRow
from kits.core import bundle as bundles
from kits.core.sample import utc_now
from kits.core.stats import Estimate

MIN_NEW_SAMPLES = 20
MIN_AUDITS = 30
WORTH_IT = 0.5
ALERT_EVERY = timedelta(days=1)
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Plan:
    """The answer and what it rests on. `worth` is None without enough audits; `by_outcomes`: nobody has to review."""

    project: str
    retrain: bool
    reasons: tuple[str, ...]
    new_samples: int
    new_labels: dict[str, int]
    rates: dict[str, Estimate]
    drift: DriftResult | None
    worth: Worth | None
    by_outcomes: bool = False


def plan(hub: Hub, session: Session, project: str, *, seed: int = 0) -> Plan:
    """Weighs a retraining of `project` now.

    Raises:
        NotFoundError: the hub does not know the project or has no version of its data.
    """
    row, version = session.get(Project, project), datasets.newest(session, project)
    if row is None or version is None:
        raise NotFoundError(f"no project {project!r} with data", fix="kit publish --hub URL")
    base = datasets.read(hub.storage, version.id)
    there = {item.sample.id for item in base.items}
    without = there | left_out.noted(session, project)
    reviewed, left = sifting.sifted(
        reviewed_samples(session, project), sifting.rule_of(row.kit_yaml)
    )
    # of two states of one lead only the newer one is ever learned from
    news = news_beside(with_keys(base, reviewed), reviewed).reviewed
    fresh = [r for r in news if r.sample.id not in without]
    if row.kit == proposing.KIT:
        fresh = [r for r in fresh if r.annotation.label]  # those that are open again have none
    labels = Counter(r.annotation.label or "(boxes)" for r in fresh)
    if row.kit == proposing.KIT:
        learned = sum(i.annotation is not None and bool(i.annotation.label) for i in base.items)
        told, why = proposing.weigh(session, project, len(fresh), learned, utc_now())
        if left:
            why = [*why, f"left out, as the project states: {datasets.in_words(left)}"]
        return Plan(project, told, tuple(why), len(fresh), dict(labels), {}, None, None, True)
    champion = champion_of(session, project)
    mails = mail_audits(session, champion.id) if champion else None
    counts = mails.counts if mails else audited(session, project, champion.id if champion else "")
    known = mails.known if mails else counts.n
    drift = drift_of(hub, session, champion, seed=seed) if champion else None
    worth = None
    if known >= MIN_AUDITS:
        worth = retraining_worth(
            counts,
            project_costs(row.kit_yaml),
            hub.config.prices,
            decisions_per_month=_per_month(session, project),
            labels_before=version.n,
            labels_after=version.n + len(fresh),
            seed=seed,
        )
    worse = _worse_than_promised(hub, champion, counts, mails)
    retrain, reasons = _weigh(len(fresh), known, drift, worth, worse)
    refused = provenance.refused_among(session, there)
    if refused:
        reasons.append(f"the next version leaves out {len(refused)} samples of withdrawn bundles")
    return Plan(
        project,
        retrain,
        tuple(reasons),
        len(fresh),
        dict(labels),
        {**(mails or counts).rates()},
        drift,
        worth,
    )


def watch_drift(hub: Hub, project: str, *, now: datetime | None = None) -> Alert | None:
    """Looks for drift of the champion and writes an alert, at most one a day.

    Notes the champion's first days when they are over. The simulation runs outside the writing
    transaction.
    """
    now = now or utc_now()
    with hub.database.session() as session:
        champion = champion_of(session, project)
    if champion is None:
        return None
    note_baseline(hub, champion.id, now)
    with hub.database.session() as session:
        result = drift_of(hub, session, champion, now=now)
    if not result.drifted:
        return None
    place = f"{project} {champion.id[:12]}"
    with hub.database.transaction() as session:
        take_turn(session, f"drift/{place}")
        recent = session.scalar(
            select(Alert.id).where(
                Alert.name == "drift",
                Alert.where == place,
                Alert.at.between(now - ALERT_EVERY, now),
            )
        )
        if recent is not None:
            return None
        outbox = outbox_for(hub.config.notify)
        return outbox.raise_own(session, "drift", "warning", result.text, where=place, at=now)


def _weigh(
    fresh: int,
    audits: int,
    drift: DriftResult | None,
    worth: Worth | None,
    worse: str,
) -> tuple[bool, list[str]]:
    reasons = []
    enough = fresh >= MIN_NEW_SAMPLES
    reasons.append(f"{fresh} newly reviewed samples, {MIN_NEW_SAMPLES} are needed")
    if worse:
        reasons.append(worse)
    if worth is not None:
        reasons.append(f"{worth.chance:.0%} chance that it pays: {worth.text}")
    else:
        reasons.append(f"{audits} audited samples, {MIN_AUDITS} are needed to speak of money")
    if drift is not None:
        advice = "; review more samples" if drift.drifted else ""
        reasons.append(drift.text + advice)
    pays = worth is not None and worth.chance >= WORTH_IT
    return enough and (pays or bool(worse)), reasons


def _worse_than_promised(
    hub: Hub, champion: BundleRow | None, counts: AuditCounts, mails: MailAudits | None
) -> str:
    """One sentence when an audited rate is above what the bundle measured or promised, beyond chance."""
    if champion is None:
        return ""
    point = bundles.open_bytes(hub.storage.get(champion.blob)).operating_point
    if mails is not None:
        found = mails.rates()["auto_error"]
        if point.bound is None or not found.n or found.low <= point.bound.epsilon:
            return ""
        return f"audited auto_error {found.text()} is above the {point.bound.epsilon:.1%} promised"
    promised = point.rates
    for name in ("escape_rate", "overkill_rate"):
        found, stated = counts.rates()[name], promised.get(name)
        if stated is not None and found.n and found.low > stated.high:
            return (
                f"audited {name} {found.text()} is above the {stated.text()} measured in training"
            )
    return ""


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
