"""Is it time to retrain? Labels, audited rates, drift and money, weighed and explained.

Only people's labels and audited rates can say yes; drift alone asks for more reviews first,
because changed scores are not yet wrong decisions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.outcomes import proposing
from cloud_sync.effects.alerts import close_alert, raise_lasting
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.intake import provenance
from cloud_sync.learning import datasets, left_out, sifting
from cloud_sync.learning.champions import champion_of
from cloud_sync.learning.costs import Worth
from cloud_sync.learning.drift import DriftResult
from cloud_sync.learning.evidence import Evidence, Labels, evidence_of
from cloud_sync.learning.held import held, held_for_s
from cloud_sync.learning.history import drift_of, note_baseline
from cloud_sync.learning.promises import beyond_promise
from cloud_sync.learning.reviewed import reviewed_samples
from cloud_sync.learning.states import news_beside, with_keys
from cloud_sync.store.db import take_turn
from cloud_sync.store.models import Alert, Bundle, Project
from kits.core.dataset import Dataset
from kits.core.sample import utc_now
from kits.core.stats import Estimate

MIN_NEW_SAMPLES = 20
WORTH_IT = 0.5
ALERT_EVERY = timedelta(days=1)
PAYS = "retraining-pays"
_DAY_S = 86_400.0
_EVER = datetime(1970, 1, 1, tzinfo=timezone.utc)


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
    # an open lead of the version that is decided now has something new to teach
    known = _said(base) if row.kit == proposing.KIT else there
    without = known | left_out.noted(session, project)
    reviewed, left = sifting.sifted(
        reviewed_samples(session, project), sifting.rule_of(row.kit_yaml)
    )
    reviewed, young = held(base, reviewed, utc_now().timestamp())
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
        if young:
            why = [*why, _told_of_young(young, held_for_s(base))]
        return Plan(project, told, tuple(why), len(fresh), dict(labels), {}, None, None, True)
    champion = champion_of(session, project)
    drift = drift_of(hub, session, champion, seed=seed) if champion else None
    labels_then = Labels(version.n, version.n + len(fresh))
    evidence = evidence_of(hub, session, row, champion, labels_then, seed)
    retrain, reasons = _weigh(len(fresh), drift, evidence)
    refused = provenance.refused_among(session, there)
    if refused:
        reasons.append(f"the next version leaves out {len(refused)} samples of withdrawn bundles")
    return Plan(
        project,
        retrain,
        tuple(reasons),
        len(fresh),
        dict(labels),
        {**evidence.rates},
        drift,
        evidence.worth,
    )


def _said(version: Dataset) -> set[str]:
    """Samples of which something is said."""
    return {i.sample.id for i in version.items if i.annotation is not None and i.annotation.says}


def _told_of_young(count: int, held_s: float) -> str:
    return (
        f"leads that have ended and are younger than {held_s / _DAY_S:.0f} days, for which this data holds outcomes: {count}; they "
        "are not decided yet, and are learned from as they are so far"
    )


def watch_drift(hub: Hub, project: str, *, now: datetime | None = None) -> tuple[Alert, ...]:
    """Looks for drift of the champion, and whether it decides as its rates let expect; gives the alerts that are new.

    They stand as long as what they tell of lasts. Notes the champion's first days when they are over. The simulation runs
    outside the writing transaction.
    """
    now = now or utc_now()
    with hub.database.session() as session:
        champion = champion_of(session, project)
    if champion is None:
        return ()
    note_baseline(hub, champion.id, now)
    with hub.database.session() as session:
        result = drift_of(hub, session, champion, now=now)
        beyond = beyond_promise(hub, session, champion, now=now)
    drifted = None if result.statistic is None else result.text if result.drifted else ""
    place = _Place(project, champion)
    told = (
        _told("drift", hub, drifted, place, now),
        _told("beyond-promise", hub, beyond, place, now),
    )
    return tuple(alert for alert in told if alert is not None)


def propose(hub: Hub, project: str, *, now: datetime | None = None) -> Alert | None:
    """Tells people that a retraining is worth it, as long as it is; the alert, when it is new.

    Raises:
        KitwrightError: the newest version cannot be read, or the project's `kit.yaml`.
    """
    with hub.database.session() as session:
        row = session.get(Project, project)
        needed = datasets.newest(session, project), champion_of(session, project)
        if row is None or not row.kit_yaml or None in needed:
            return None  # published without what a retraining needs
        found = plan(hub, session, project)
    with hub.database.transaction() as session:
        if not found.retrain:
            close_alert(session, PAYS, where=project)
            return None
        text = f"{project}: {'; '.join(found.reasons)}"
        return raise_lasting(
            session, hub.config.notify, PAYS, "info", text, where=project, since=_EVER, at=now
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """A project's champion, as alerts name it."""

    project: str
    champion: Bundle

    @property
    def where(self) -> str:
        """Of other bundles of the project it differs in its end."""
        return f"{self.project} {self.champion.id[:12]}"


def _told(name: str, hub: Hub, text: str | None, place: _Place, now: datetime) -> Alert | None:
    """The alert, when it is new; it ends when `text` is empty, and with the champion that it is about.

    Args:
        text: what is so; None: nobody knows.
    """
    where = place.where
    with hub.database.transaction() as session:
        take_turn(session, f"{name}/{where}")
        standing = Alert.name == name, Alert.device.is_(None), Alert.seen_at.is_(None)
        of_project = Alert.where.startswith(f"{place.project} ", autoescape=True)
        others = select(Alert.where).where(*standing, of_project, Alert.where != where)
        for other in session.scalars(others).all():
            close_alert(session, name, where=other)
        if text == "":
            close_alert(session, name, where=where)
        if not text:
            return None
        since = now - ALERT_EVERY
        lately = select(Alert.id).where(
            Alert.name == name,
            Alert.where == where,
            Alert.at.between(since, now),
            Alert.seen_at.is_not(None),
        )
        if session.scalar(lately.limit(1)) is not None:
            return None  # it comes and goes
        return raise_lasting(
            session, hub.config.notify, name, "warning", text,
            where=where, since=place.champion.created_at, at=now,
        )  # fmt: skip


def _weigh(fresh: int, drift: DriftResult | None, known: Evidence) -> tuple[bool, list[str]]:
    reasons, worth = [], known.worth
    enough = fresh >= MIN_NEW_SAMPLES
    reasons.append(f"{fresh} newly reviewed samples, {MIN_NEW_SAMPLES} are needed")
    if known.worse:
        reasons.append(known.worse)
    if worth is not None:
        reasons.append(f"{worth.chance:.0%} chance that it pays: {worth.text}")
    else:
        reasons.append(known.lacks)
    if drift is not None:
        advice = "; review more samples" if drift.drifted else ""
        reasons.append(drift.text + advice)
    pays = worth is not None and worth.chance >= WORTH_IT
    return enough and (pays or bool(known.worse)), reasons
