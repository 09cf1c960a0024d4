"""Is it time to retrain the model of leads? Outcomes say so, which come by themselves: nobody has to review.

Scores that no longer come true, beyond chance, are a reason; so is a good share of new outcomes. What a challenger is
worth is said by the comparison with the champion, before anything changes. Other kits: `learning/planning.py`.
"""

from __future__ import annotations

import math
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.outcomes.pace import PACE
from cloud_sync.crm.outcomes.skew import SKEW
from cloud_sync.crm.outcomes.watching import decided, watch
from cloud_sync.crm.scoring.models import in_force
from cloud_sync.crm.scoring.projects import KIT
from cloud_sync.effects.outbox import open_alert
from cloud_sync.store.models import Alert

__all__ = ["KIT", "weigh"]

MIN_OUTCOMES = 100
SHARE = 0.25
"""So many new outcomes, beside those learned from, are worth a try."""


def weigh(
    session: Session, project: str, fresh: int, learned: int, now: datetime
) -> tuple[bool, list[str]]:
    """Whether to retrain, and why.

    Args:
        fresh: leads whose outcome came since the newest dataset version.
        learned: leads of that version whose outcome is known.
    """
    enough = max(MIN_OUTCOMES, math.ceil(SHARE * learned))
    told = f"{'1 lead was' if fresh == 1 else f'{fresh} leads were'} decided since the newest version of the data, which has {learned}"
    needed = f"{enough} are needed, or {MIN_OUTCOMES} and scores that mislead"
    reasons = [f"{told}: {needed if enough > MIN_OUTCOMES else f'{enough} are needed'}"]
    row = in_force(session, project)
    misled = False
    if row is not None and row.bundle:
        found = watch(decided(session, project, row.bundle, now))
        misled = found.calibration.drifted
        reasons.append(found.calibration.text)
        if found.base_rate is not None and found.base_rate.statistic is not None:
            reasons.append(found.base_rate.text)
    for name in (PACE, SKEW):
        reasons += session.scalars(select(Alert.text).where(*open_alert(name, where=project)))
    reasons.append(
        "what a new model is worth is measured beside the one in force, before anything changes"
    )
    return fresh >= (MIN_OUTCOMES if misled else enough), reasons
