"""Whether as many leads are won by now as their scores and the time outcomes take let expect: what scores of open leads rest on.

How much of its chance a lead has left hangs on how long others took. Where a market takes longer to decide, leads as they come
are scored right, and those that stay open far too low. `watching.py` waits until nearly all leads of an age are decided, which
takes twice as long as outcomes do; here each counts from its first days on, for as much as is to be expected of it by then.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import nlargest

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from cloud_sync.crm.outcomes.later import explained
from cloud_sync.crm.outcomes.lulls import Followed, Lull, without_lulls
from cloud_sync.crm.outcomes.skew import SKEW
from cloud_sync.crm.outcomes.watching import BASE_RATE, DRIFT, LATELY, Watched, measure
from cloud_sync.crm.scoring.storing import CAME, OPEN
from cloud_sync.effects.alerts import close_alert, raise_lasting
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead, LeadModel
from cloud_sync.store.models.crm import ASKED
from kits.core.ready import ReadyBundle
from kits.core.runtime import TellsWhen
from kits.core.stats import Floats

PACE = "lead-pace"
WON = "won"
MOST_SAID = math.log(1000.0)
"""Of how many times as likely something is no more is said."""
AT_ONCE = timedelta(days=1)
"""So soon after it came a lead was scored as it came; of others a score says what was left of it."""
LEAST = 5.0
"""Variance of how many are won of the fewest leads that are looked at."""
FALSE_ALARMS, ROUNDS = 0.0002, 10_000
"""Of one look: leads are the same for longer than in `watching.py`, each look has a little more of them, and scores are never quite right."""
_DAY = timedelta(days=1)


def begin_anew(session: Session, project: str) -> None:
    """Another bundle is in force: what the one before said of leads is over, and of this one nothing is known yet."""
    for name in (DRIFT, BASE_RATE, PACE, SKEW):
        close_alert(session, name, where=project)


def look(hub: Hub, project: str, ready: ReadyBundle, now: datetime) -> Watched | None:
    """One look at a project's leads: an alert stands as long as it is beyond chance; None: it is not known how long outcomes take.

    Args:
        ready: the bundle in force.
    """
    runtime = ready.runtime
    if not isinstance(runtime, TellsWhen):
        return None
    with hub.database.session() as session:
        leads = latest(session, project, ready.id)
    found = compared(runtime, _followed(leads, now))
    if found is None:
        return None
    with hub.database.transaction() as session:
        in_force = session.get(LeadModel, project, with_for_update=True)
        if in_force is None or in_force.bundle != ready.id:
            return found  # another one took its place meanwhile: nothing is known of that
        if found.drifted:
            text, since = f"{project}: {found.text}", in_force.at
            raise_lasting(
                session, hub.config.notify, PACE, "warning", text, where=project, since=since
            )
        elif found.statistic is not None:
            close_alert(session, PACE, where=project)
    return found


def compared(runtime: TellsWhen, leads: Followed) -> Watched | None:
    """Whether leads are won as they should be by now, lulls left out; None: nobody knows how long outcomes take."""
    expected = leads.expected(runtime)
    if len(expected) != len(leads.came):
        return None
    found = paced(expected, leads.is_won)
    if not found.drifted:
        return found
    some, lulls = without_lulls(runtime, leads) if found.rate < found.expected else (leads, [])
    if lulls:
        # what a lull puts off is decided as much later, or at once when it is over: it is to be beyond chance either way
        again = paced(some.expected(runtime), some.is_won)
        if not again.drifted:
            return again
        if _distance(again) < _distance(found):
            return _explained(runtime, some, again, lulls)
    return _explained(runtime, leads, found, [])


def paced(expected: Floats, won: Floats, *, seed: int = 0) -> Watched:
    """Compares how likely each lead has been won by now with whether it has, both in time order, shapes (n,)."""
    found = measure(
        expected, won, false_alarm_rate=FALSE_ALARMS, seed=seed, rounds=ROUNDS, least=LEAST
    )
    if found.statistic is None:
        return replace(found, text=f"too few leads to tell: {found.n}")
    what = "not by chance" if found.drifted else "chance explains that"
    return replace(found, text=f"{_compared(found)}: {what} ({_measured(found)})")


def _explained(runtime: TellsWhen, leads: Followed, found: Watched, lulls: list[Lull]) -> Watched:
    """What is beyond chance, with what explains it."""
    fewer = found.rate < found.expected
    later, seldom = ("later", "more seldom") if fewer else ("sooner", "more often")
    why = explained(runtime, leads.last(found.tail))
    what = f"they are won {later}, or {seldom}"
    if why is not None:
        took = f"half of those that are won took {why.took:.0f} days at most, {why.expected:.0f} were to be expected"
        times = f"{math.exp(min(abs(why.ratio), MOST_SAID)):.0f} times as likely"
        if why.is_time is None:
            what = f"{what}, which cannot be told apart yet: {took}"
        elif why.is_time:
            what = f"they are won {later}, {times} as {seldom}: {took}"
        else:
            what = f"they are won {seldom}, {times} as {later}: {took}"
    apart = f", {sum(one.began - one.ended for one in lulls):.0f} days left out on which hardly any were won" if lulls else ""  # fmt: skip
    return replace(found, text=f"{_compared(found)}{apart}: {what} ({_measured(found)})")


def _compared(found: Watched) -> str:
    return (
        f"of the {found.tail} leads that came last {found.rate:.1%} are won by now, by their scores and the time that takes "
        f"{found.expected:.1%} would be"
    )


def _measured(found: Watched) -> str:
    return (
        f"distance {found.statistic:.1f}, threshold {found.threshold:.1f} for a false-alarm rate of "
        f"{found.false_alarm_rate:.2%}"
    )


def _distance(found: Watched) -> float:
    return found.statistic or 0.0


def latest(session: Session, project: str, bundle: str) -> list[CrmLead]:
    """Leads of which a bundle was asked first, as soon as they came, open and decided ones, the latest, in the order of asking.

    Without test leads, and those that counted as new once more.
    """
    connections = session.scalars(select(CrmConnection).where(CrmConnection.project == project))
    found: list[CrmLead] = []
    for connection in connections.all():
        query = (
            select(CrmLead)
            .options(load_only(CrmLead.asked, CrmLead.asked_at, CrmLead.state, CrmLead.outcome_at))
            .where(ASKED, CrmLead.connection == connection.name, CrmLead.asked_of == bundle)
            .where(CrmLead.state.in_((OPEN, "won", "lost")))
            .where(CrmLead.trial == "", CrmLead.fresh_at.is_(None))
            .order_by(CrmLead.asked_at.desc())
            .limit(LATELY)
        )
        found += (
            lead
            for lead in session.scalars(query)
            if connection.created_at <= _came(lead) and _asked_at(lead) - _came(lead) <= AT_ONCE
        )
    return nlargest(LATELY, found, key=_asked_at)[::-1]


def _followed(leads: list[CrmLead], now: datetime) -> Followed:
    """What was said of leads, how many days ago they came, and when they were won."""
    said = [(one, one.asked.get("probability")) for one in leads]
    scored = [(one, float(p)) for one, p in said if isinstance(p, int | float)]
    return Followed(
        np.array([p for _, p in scored], dtype=np.float64),
        np.array([max(0.0, (now - _came(one)) / _DAY) for one, _ in scored], dtype=np.float64),
        np.array([_won(one, now) for one, _ in scored], dtype=np.float64),
    )


def _won(lead: CrmLead, now: datetime) -> float:
    """Days since a lead was won; infinite: it is not; NaN: the CRM does not say."""
    if lead.state != WON:
        return math.inf
    return math.nan if lead.outcome_at is None else max(0.0, (now - lead.outcome_at) / _DAY)


def _came(lead: CrmLead) -> datetime:
    return datetime.fromisoformat(str(lead.asked.get(CAME) or lead.asked["at"]))


def _asked_at(lead: CrmLead) -> datetime:
    assert lead.asked_at is not None
    return lead.asked_at
