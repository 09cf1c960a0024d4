"""Whether leads are still won as often as their scores say, and as often as when the bundle learned: two watches.

Calibration compares outcomes with scores, and a change there means that scores mislead. The base rate compares them with
the share that was won among the leads the bundle learned from; a model may follow such a change, so it is only told.

The threshold is simulated from the scores themselves, as in `learning/drift.py`: outcomes are drawn as if every score
were right, and what those show by chance is no alarm. Leads are taken in the order in which their scores were asked
for, and only once most of their age are decided, the open ones counted: those won at once say nothing of the others yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.cases.labels import OUTCOME
from cloud_sync.crm.outcomes.outcomes import TRIAL, device_of
from cloud_sync.crm.scoring.storing import OPEN
from cloud_sync.effects.alerts import close_alert, raise_lasting
from cloud_sync.hub import Hub
from cloud_sync.store.models import Annotation, CrmConnection, CrmLead, LeadModel, Sample
from cloud_sync.store.models.crm import ASKED
from kits.core.sample import ORDER
from kits.core.stats import Floats

DRIFT = "lead-drift"
BASE_RATE = "lead-base-rate"
FALSE_ALARMS = 0.001
"""Of one look. There is one an hour, and they look at nearly the same leads: of streams of 16,000 leads few alarm."""
ROUNDS = 2000
LATELY = 2000
"""So many decided leads are looked at."""
MIN_LEADS = 100
MIN_TAIL = 30
STEPS = 60
FOLLOWED = 20_000
"""So many words on outcomes tell how long they take."""
SETTLED = 0.95
"""Leads are looked at that are so old that this share of all that are ever won, and of all that are lost, is by then."""
_PORTION = 500
_AT_ONCE = 100
"""Rounds that are drawn together."""
SCORES_SAID = "their scores said"
RATE_SAID = "among those it learned from"
_WON = "won"


@dataclass(frozen=True, slots=True)
class Watched:
    """One look at decided leads.

    Attributes:
        n: leads looked at.
        tail: of these the latest, where outcomes are furthest from what was expected.
        rate, expected: share of the tail that was won, and was to be expected.
        statistic: distance of the two in standard errors; None: too few leads.
        threshold: exceeded with probability `false_alarm_rate` where what is expected is right.
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
    said: str = SCORES_SAID,
    false_alarm_rate: float = FALSE_ALARMS,
    seed: int = 0,
    rounds: int = ROUNDS,
    least: float = 0.0,
) -> Watched:
    """Compares what was expected of each lead with its outcome, both in time order, shapes (n,).

    The statistic is the largest standardised sum of residuals over all tails of the sequence (a CUSUM test for a
    change whose moment is not known, Page 1954), so a change is found from its own leads, not from all of the past.

    Args:
        said: who expected it, for the sentence: `their scores said`.
        least: no tail is looked at whose number of won leads has less variance: where hardly any is expected, one is far off.
    """
    n = len(won)
    p = np.clip(probabilities.astype(np.float64), 1e-3, 1 - 1e-3)
    last = min(n - MIN_TAIL, int((np.cumsum((p * (1 - p))[::-1]) >= least).sum()) - 1)
    if n < MIN_LEADS or last < 0:
        text = f"too few decided leads to tell: {n} of {MIN_LEADS}"
        return Watched(n, 0, float("nan"), float("nan"), None, None, false_alarm_rate, text)
    starts = np.unique(np.linspace(0, last, STEPS).round().astype(np.intp))
    variance = _tails(p * (1 - p), starts)
    found = np.abs(_tails(won - p, starts)) / np.sqrt(variance)
    largest = _by_chance(p, starts, variance, np.random.default_rng(seed), rounds)
    threshold = float(np.quantile(largest, 1 - false_alarm_rate, method="higher"))
    worst = int(found.argmax())
    start, statistic = int(starts[worst]), float(found[worst])
    rate, expected = float(won[start:].mean()), float(p[start:].mean())
    how = "more" if rate > expected else "less"
    what = f"they are won {how} often" if statistic > threshold else "chance explains that"
    text = (
        f"of the last {n - start} decided leads {rate:.1%} were won, {said} {expected:.1%}: {what} "
        f"(distance {statistic:.1f}, threshold {threshold:.1f} for a false-alarm rate of {false_alarm_rate:.1%})"
    )
    return Watched(n, n - start, rate, expected, statistic, threshold, false_alarm_rate, text)


def _tails(values: Floats, starts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
    """Sums from each start to the end, shape (starts,)."""
    sums: Floats = np.cumsum(values[::-1])[::-1][starts]
    return sums


def _by_chance(
    p: Floats,
    starts: np.ndarray[tuple[int], np.dtype[np.intp]],
    variance: Floats,
    rng: np.random.Generator,
    rounds: int,
) -> Floats:
    """(rounds,) largest distances of outcomes that are as likely as was said."""
    means, found = _tails(p, starts), list[Floats]()
    for first in range(0, rounds, _AT_ONCE):
        won = rng.random((min(_AT_ONCE, rounds - first), len(p))) < p
        between = np.add.reduceat(won, starts, axis=1, dtype=np.float64)
        tails = np.cumsum(between[:, ::-1], axis=1)[:, ::-1]
        found.append((np.abs(tails - means) / np.sqrt(variance)).max(axis=1))
    return np.concatenate(found)


@dataclass(frozen=True, slots=True)
class Decided:
    """Leads in the order their scores were asked for, shapes (n,): what was said, what was usual, what came of it.

    Attributes:
        young: so many more are decided, and were asked for too lately to be looked at.
        before: so many more were there before the CRM was connected: a score is of a lead when it comes, and who is still open after
            weeks is won more seldom.
    """

    scores: Floats
    base_rates: Floats
    won: Floats
    young: int = 0
    before: int = 0


def decided(session: Session, project: str, bundle: str, now: datetime) -> Decided:
    """A bundle's leads whose outcome is known, the latest `LATELY` that are old enough."""
    known, waiting = _outcomes(session, project, bundle), open_since(session, project, bundle)
    settled_s = settled(
        np.array([(at - asked).total_seconds() for _id, asked, _label, at in known]),
        np.array([label == _WON for _id, _asked, label, _at in known], dtype=np.float64),
        np.array([(now - asked).total_seconds() for _id, asked, _label, _at in known]),
        np.array([(now - asked).total_seconds() for asked in waiting]),
    )
    old = [
        one
        for one in known
        if settled_s is not None and (now - one[1]).total_seconds() >= settled_s
    ]
    latest = old[:LATELY][::-1]
    rows = _samples(session, [one[0] for one in latest])
    # a form that was tried out is never won, and says nothing of scores
    meant = [
        (rows[name], label)
        for name, _asked, label, _at in latest
        if name in rows and not rows[name].meta.get(TRIAL)
    ]
    connected = _connected(session, project)
    found = [one for one in meant if not _was_there(one[0], connected.get(one[0].device))]
    return Decided(
        np.array([sample.score for sample, _label in found], dtype=np.float64),
        np.array([_base_rate(sample) for sample, _label in found], dtype=np.float64),
        np.array([label == _WON for _sample, label in found], dtype=np.float64),
        len(known) - len(old),
        len(meant) - len(found),
    )


def settled(took: Floats, won: Floats, ages: Floats, waiting: Floats) -> float | None:
    """The age at which leads are settled: `SETTLED` of the won ones, and of the lost ones, are decided; None: too soon to say.

    How many are won and lost by which age is estimated with the open leads in it (Aalen & Johansen 1978; of one outcome
    that is Kaplan & Meier 1958): the decided ones alone are those that were quick, and where one outcome takes longer than
    the other, young leads nearly all have the other. Some leads are never decided; so the share is one of what the
    estimate comes to in the end, which is believed once it was watched for twice that age.

    Args:
        took: seconds decided leads took, shape (n,).
        won: which of them were won, shape (n,).
        ages: seconds since their scores were asked for, shape (n,).
        waiting: the same of open leads, shape (m,).
    """
    every = np.sort(np.concatenate([ages, waiting]))
    if len(took) < MIN_TAIL:
        return None
    spans = np.concatenate([np.maximum(took, 0.0), waiting])
    still = np.zeros(len(waiting))
    ended = np.concatenate([np.ones(len(took)), still])
    order = np.lexsort((1 - ended, spans))  # of those at one moment, the decided first
    hazard = 1 / np.arange(len(spans), 0, -1)
    left = np.cumprod(1 - ended[order] * hazard)
    before = np.concatenate([[1.0], left[:-1]])
    age = 0.0
    for outcome in (won, 1 - won):
        share = np.cumsum(before * hazard * np.concatenate([outcome, still])[order])
        share = share[: len(share) - MIN_TAIL + 1]  # where fewer are left, one tells too much
        age = max(age, float(spans[order][int(np.searchsorted(share, SETTLED * share[-1]))]))
    return age if 2 * age <= every[-MIN_TAIL] else None


def _outcomes(
    session: Session, project: str, bundle: str
) -> list[tuple[str, datetime, str, datetime]]:
    """Sample, when its score was asked for, the newest word on it and when that was said; the latest leads first."""
    query = (
        select(Sample.id, Sample.captured_at, Annotation.label, Annotation.at)
        .join(Annotation, Annotation.sample_id == Sample.id)
        .where(Sample.project == project, Sample.bundle == bundle, Sample.score.is_not(None))
        .where(Annotation.source == OUTCOME)
        .order_by(Sample.captured_at.desc(), Annotation.id.desc())
        .limit(FOLLOWED)
    )
    newest: dict[str, tuple[str, datetime, str, datetime]] = {}
    for name, asked, label, at in session.execute(query):
        newest.setdefault(name, (name, asked, label, at))
    return [one for one in newest.values() if one[2]]


def _connected(session: Session, project: str) -> dict[str, datetime]:
    """Device of a connection's samples → since when it is there."""
    mine = CrmConnection.project == project
    rows = session.execute(select(CrmConnection.name, CrmConnection.created_at).where(mine))
    return {device_of(name): at for name, at in rows}


def _was_there(sample: Sample, connected: datetime | None) -> bool:
    """Whether the lead had come before the connection, and was scored by it."""
    came = sample.meta.get(ORDER)
    if connected is None or not isinstance(came, int | float):
        return False
    return came < connected.timestamp() and connected <= sample.captured_at


def open_since(session: Session, project: str, bundle: str) -> list[datetime]:
    """When the bundle was first asked for the scores of leads that are still open."""
    names = select(CrmConnection.name).where(CrmConnection.project == project)
    mine = ASKED, CrmLead.state == OPEN, CrmLead.connection.in_(names), CrmLead.asked_of == bundle
    return [at for at in session.scalars(select(CrmLead.asked_at).where(*mine)) if at is not None]


def _samples(session: Session, names: list[str]) -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    for first in range(0, len(names), _PORTION):
        query = select(Sample).where(Sample.id.in_(names[first : first + _PORTION]))
        found |= {sample.id: sample for sample in session.scalars(query)}
    return found


def _base_rate(sample: Sample) -> float:
    """What the bundle says of the leads it learned from; not a number: it said nothing."""
    details = sample.prediction.get("details")
    told = details.get("base_rate") if isinstance(details, dict) else None
    return float(told) if isinstance(told, int | float) else float("nan")


@dataclass(frozen=True, slots=True)
class Looked:
    """Both watches; `base_rate` is None where the bundle does not say what is usual."""

    calibration: Watched
    base_rate: Watched | None


def watch(found: Decided, *, seed: int = 0) -> Looked:
    """Both watches over decided leads."""
    usual = None
    told = np.isfinite(found.base_rates)  # what a lead's score rested on goes when it is erased
    if told.any():
        usual = measure(found.base_rates[told], found.won[told], said=RATE_SAID, seed=seed)
    scores = measure(found.scores, found.won, seed=seed)
    left = []
    if found.young:
        left.append(f"{found.young} more too young: of such only the quick outcomes are known")
    if found.before:
        left.append(f"{found.before} more were there before the CRM was connected")
    if scores.statistic is None and left:
        scores = replace(scores, text=f"{scores.text} ({'; '.join(left)})")
    return Looked(scores, usual)


def look(hub: Hub, project: str, now: datetime, *, seed: int = 0) -> Looked | None:
    """One look at a project's leads: alerts stand as long as outcomes differ beyond chance; None: nothing scores them."""
    with hub.database.session() as session:
        row = session.get(LeadModel, project)
        if row is None or not row.bundle:
            return None
        found = watch(decided(session, project, row.bundle, now), seed=seed)
        bundle = row.bundle
    usual = found.base_rate
    with hub.database.transaction() as session:
        now_in_force = session.get(LeadModel, project, with_for_update=True)
        if now_in_force is None or now_in_force.bundle != bundle:
            return found  # another one took its place meanwhile: nothing is known of that
        notify, since = hub.config.notify, now_in_force.at
        if found.calibration.drifted:
            text = f"{project}: {found.calibration.text}"
            raise_lasting(session, notify, DRIFT, "warning", text, where=project, since=since)
        elif found.calibration.statistic is not None:
            close_alert(session, DRIFT, where=project)
        if usual is not None and usual.drifted:
            text = f"{project}: {usual.text}"
            raise_lasting(session, notify, BASE_RATE, "info", text, where=project, since=since)
        elif usual is not None and usual.statistic is not None:
            close_alert(session, BASE_RATE, where=project)
    return found
