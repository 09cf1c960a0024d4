"""Whether leads are still won as often as their scores say: base rate and calibration of decided leads, by time.

The threshold is simulated from the scores themselves, as in `learning/drift.py`: outcomes are drawn as if every score
were right, and what those show by chance is no alarm. Leads are taken in the order in which their scores were asked
for, and only once most of their age are decided: those won at once say nothing of the others yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.cases.labels import OUTCOME
from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.hub import Hub
from cloud_sync.learning.drift import FALSE_ALARM_RATE, ROUNDS
from cloud_sync.store.models import Annotation, LeadModel, Sample
from kits.core.stats import Floats

DRIFT = "lead-drift"
LATELY = 2000
"""So many decided leads are looked at."""
MIN_LEADS = 100
MIN_TAIL = 30
STEPS = 60
SETTLED = 0.9
"""Leads as old as this share of them took to be decided are looked at."""
_WON = "won"


@dataclass(frozen=True, slots=True)
class Watched:
    """One look at decided leads.

    Attributes:
        n: leads looked at.
        tail: of these the latest, where outcomes are furthest from the scores.
        rate, expected: share of the tail that was won, and the mean of its scores.
        statistic: distance of the two in standard errors; None: too few leads.
        threshold: exceeded with probability `false_alarm_rate` where every score is right.
        text: the finding in one sentence.
    """

    n: int
    tail: int
    rate: float
    expected: float
    statistic: float | None
    threshold: float | None
    false_alarm_rate: float
    text: str

    @property
    def drifted(self) -> bool:
        """Whether it is beyond what chance explains."""
        if self.statistic is None or self.threshold is None:
            return False
        return self.statistic > self.threshold


def measure(
    probabilities: Floats,
    won: Floats,
    *,
    false_alarm_rate: float = FALSE_ALARM_RATE,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> Watched:
    """Compares scores with outcomes, both in time order, shapes (n,).

    The statistic is the largest standardised sum of residuals over all tails of the sequence (a CUSUM test for a
    change whose moment is not known, Page 1954), so a change is found from its own leads, not from all of the past.
    """
    n = len(won)
    if n < MIN_LEADS:
        text = f"too few decided leads to tell: {n} of {MIN_LEADS}"
        return Watched(n, 0, float("nan"), float("nan"), None, None, false_alarm_rate, text)
    p = np.clip(probabilities.astype(np.float64), 1e-3, 1 - 1e-3)
    starts = np.unique(np.linspace(0, n - MIN_TAIL, STEPS).round().astype(np.intp))
    variance = _tails(p * (1 - p), starts)
    found = np.abs(_tails(won - p, starts)) / np.sqrt(variance)
    rng = np.random.default_rng(seed)
    largest = [
        float((np.abs(_tails((rng.random(n) < p) - p, starts)) / np.sqrt(variance)).max())
        for _ in range(rounds)
    ]
    threshold = float(np.quantile(largest, 1 - false_alarm_rate, method="higher"))
    worst = int(found.argmax())
    start, statistic = int(starts[worst]), float(found[worst])
    rate, expected = float(won[start:].mean()), float(p[start:].mean())
    how = "more" if rate > expected else "less"
    what = (
        f"they are won {how} often than scores say"
        if statistic > threshold
        else "chance explains that"
    )
    text = (
        f"of the last {n - start} decided leads {rate:.1%} were won, their scores said {expected:.1%}: {what} "
        f"(distance {statistic:.1f}, threshold {threshold:.1f} for a false-alarm rate of {false_alarm_rate:.1%})"
    )
    return Watched(n, n - start, rate, expected, statistic, threshold, false_alarm_rate, text)


def _tails(values: Floats, starts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
    """Sums from each start to the end, shape (starts,)."""
    sums: Floats = np.cumsum(values[::-1])[::-1][starts]
    return sums


def decided(session: Session, project: str, bundle: str, now: datetime) -> tuple[Floats, Floats]:
    """Scores and outcomes of a bundle's leads in the order they were asked for, the latest `LATELY`."""
    query = (
        select(Sample.id, Sample.captured_at, Sample.score, Annotation.label, Annotation.at)
        .join(Annotation, Annotation.sample_id == Sample.id)
        .where(Sample.project == project, Sample.bundle == bundle, Sample.score.is_not(None))
        .where(Annotation.source == OUTCOME)
        .order_by(Sample.captured_at.desc(), Annotation.id.desc())
        .limit(2 * LATELY)
    )
    newest: dict[str, tuple[datetime, float, str, datetime]] = {}
    for name, asked, score, label, at in session.execute(query):
        if name not in newest and score is not None:
            newest[name] = (asked, score, label, at)
    rows = [row for row in newest.values() if row[2]]
    if not rows:
        return np.zeros(0), np.zeros(0)
    took = np.array([(at - asked).total_seconds() for asked, _score, _label, at in rows])
    settled = float(np.quantile(took, SETTLED))
    old = [row for row in rows if (now - row[0]).total_seconds() >= settled][:LATELY][::-1]
    return (
        np.array([row[1] for row in old], dtype=np.float64),
        np.array([row[2] == _WON for row in old], dtype=np.float64),
    )


def look(hub: Hub, project: str, now: datetime, *, seed: int = 0) -> Watched | None:
    """One look at a project's leads: an alert while outcomes and scores differ beyond chance; None: nothing scores them."""
    with hub.database.session() as session:
        row = session.get(LeadModel, project)
        if row is None or not row.bundle:
            return None
        probabilities, won = decided(session, project, row.bundle, now)
    found = measure(probabilities, won, seed=seed)
    with hub.database.transaction() as session:
        if found.drifted:
            text = f"{project}: {found.text}"
            raise_alert(session, hub.config.notify, DRIFT, "warning", text, where=project)
        elif found.statistic is not None:
            close_alert(session, DRIFT, where=project)
    return found
