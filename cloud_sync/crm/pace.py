"""Whether as many leads are won by now as their scores and the time outcomes take let expect: what scores of open leads rest on.

How much of its chance a lead has left hangs on how long others took. Where a market takes longer to decide, leads as they come
are scored right, and those that stay open far too low. `watching.py` waits until nearly all leads of an age are decided, which
takes twice as long as outcomes do; here each counts from its first days on, for as much as is to be expected of it by then.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from heapq import nlargest

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from cloud_sync.crm.skew import SKEW
from cloud_sync.crm.storing import CAME, OPEN
from cloud_sync.crm.watching import BASE_RATE, DRIFT, LATELY, Watched, measure
from cloud_sync.effects.alerts import close_alert, raise_lasting
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead, LeadModel
from cloud_sync.store.models.crm import ASKED
from kits.core.ready import ReadyBundle
from kits.core.runtime import TellsWhen
from kits.core.stats import Floats

PACE = "lead-pace"
WON = "won"
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
    chances, days, won = _told(leads, now)
    expected = runtime.won_by(chances, days)
    if len(expected) != len(chances):
        return None
    found = paced(np.array(expected, dtype=np.float64), np.array(won, dtype=np.float64))
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


def paced(expected: Floats, won: Floats, *, seed: int = 0) -> Watched:
    """Compares how likely each lead has been won by now with whether it has, both in time order, shapes (n,)."""
    found = measure(
        expected, won, false_alarm_rate=FALSE_ALARMS, seed=seed, rounds=ROUNDS, least=LEAST
    )
    if found.statistic is None:
        return replace(found, text=f"too few leads to tell: {found.n}")
    what = "chance explains that"
    if found.drifted:
        fewer = found.rate < found.expected
        what = (
            "they are won later, or more seldom" if fewer else "they are won sooner, or more often"
        )
    return replace(
        found,
        text=f"of the {found.tail} leads that came last {found.rate:.1%} are won by now, by their scores and the time that takes "
        f"{found.expected:.1%} would be: {what} (distance {found.statistic:.1f}, threshold {found.threshold:.1f} for a "
        f"false-alarm rate of {found.false_alarm_rate:.2%})",
    )


def latest(session: Session, project: str, bundle: str) -> list[CrmLead]:
    """Leads of which a bundle was asked first, as soon as they came, open and decided ones, the latest, in the order of asking.

    Without test leads, and those that counted as new once more.
    """
    connections = session.scalars(select(CrmConnection).where(CrmConnection.project == project))
    found: list[CrmLead] = []
    for connection in connections.all():
        query = (
            select(CrmLead)
            .options(load_only(CrmLead.asked, CrmLead.asked_at, CrmLead.state))
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


def _told(leads: list[CrmLead], now: datetime) -> tuple[list[float], list[float], list[bool]]:
    """What was said of leads, how many days ago they came, and whether they are won."""
    said = [(one, one.asked.get("probability")) for one in leads]
    scored = [(one, float(p)) for one, p in said if isinstance(p, int | float)]
    return (
        [p for _, p in scored],
        [max(0.0, (now - _came(one)) / _DAY) for one, _ in scored],
        [one.state == WON for one, _ in scored],
    )


def _came(lead: CrmLead) -> datetime:
    return datetime.fromisoformat(str(lead.asked.get(CAME) or lead.asked["at"]))


def _asked_at(lead: CrmLead) -> datetime:
    assert lead.asked_at is not None
    return lead.asked_at
