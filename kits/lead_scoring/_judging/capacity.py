"""How many leads the team can call of those that come in, and what a lead is worth: the terms all money is counted in.

It reads the team's settings and the data's clock. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kits.core.dataset import DatasetItem
from kits.core.operating_point import OperatingPoint
from kits.core.sample import place_in_time
from kits.core.stats import Estimate
from kits.lead_scoring.config import TeamConfig

Floats = npt.NDArray[np.float64]
RATE = "capacity"
"""Name under which an operating point keeps the share of leads that can be called."""
WARM_RATE = "warm_capacity"
"""As `RATE`, of those that are called next."""
STATE = "say how many of them it can really call: model.team.per_month; or how many come in: model.team.incoming_per_month"
"""What to do where all leads seem to be called."""
EXPLORATION = "exploration"
"""As `RATE`, of those that are called by lot."""
TENTH = 0.1
_FEW = 0.05
_ALL = "all that the data holds, taken as one month"
_MADE = "as when the bundle was made"
MONTH_S = 365.25 / 12 * 86_400


@dataclass(frozen=True, slots=True)
class Terms:
    """What the team can do.

    Attributes:
        share: of the leads that come in, those that can be called, 0 to 1.
        per_month, incoming: leads a month.
        value, contact: margin of a lead won, cost of working on one; money.
        exploration: share of the calls that go to leads in random order.
        said: where capacity is from, in words.
        one_month: nobody said how many can be called or come in, and all that the data holds was taken as one month.
        guessed: nobody said how many come in, and the data cannot tell: sums of a month are of all that it holds.
    """

    share: float
    per_month: float
    incoming: float
    value: float
    contact: float
    exploration: float
    said: str
    one_month: bool = False
    guessed: bool = False


def terms_of(
    team: TeamConfig,
    items: Sequence[DatasetItem],
    clocked: bool,
    point: OperatingPoint | None = None,
) -> Terms:
    """The terms for all leads of a dataset.

    Args:
        clocked: its leads have moments, not mere ranks.
        point: with it, the share the bundle was made for serves where the settings leave it to the data.
    """
    kept = point.rates.get(RATE) if point is not None else None
    incoming, whence = _incoming(team, items, clocked)
    if kept is not None and not (team.per_month and team.incoming_per_month):
        share, incoming = kept.value, float(kept.n)
        whence = _MADE + (f": {_ALL}" if _ALL in kept.method else "")
    elif team.per_month:
        share = min(1.0, team.per_month / max(incoming, 1.0))
    else:
        share = TENTH
    per_month = team.per_month or share * incoming
    said = f"{per_month:,.0f} of {incoming:,.0f} leads a month ({share:.1%}; {whence})"
    return Terms(
        share, float(per_month), incoming, team.value, team.contact, team.exploration, said,
        one_month=whence == _ALL and not team.per_month,
        guessed=whence.endswith(_ALL),
    )  # fmt: skip


def everyone(terms: Terms) -> str:
    """That all leads that come in can be called, in one sentence; empty where they cannot."""
    if terms.share < 1:
        return ""
    return (
        f"the team can call {terms.per_month:,.0f} leads a month, and {terms.incoming:,.0f} come in: with everyone called "
        "nobody is left to choose, so the score earns nothing beside any other order; it only says who is called first"
    )


def rate_of(terms: Terms) -> Estimate:
    """The share as an operating point keeps it: stated, so without an interval."""
    return stated(terms.share, terms, terms.said)


def stated(share: float, terms: Terms, said: str) -> Estimate:
    """A share of incoming leads that somebody stated."""
    return Estimate(
        value=share, low=share, high=share, n=round(terms.incoming), method=f"stated: {said}"
    )


def _incoming(team: TeamConfig, items: Sequence[DatasetItem], clocked: bool) -> tuple[float, str]:
    if team.incoming_per_month:
        return float(team.incoming_per_month), "team.incoming_per_month"
    places = [place_in_time(item.sample) for item in items] if clocked else []
    times = _without_strays(np.array([place for place in places if place is not None]))
    span_s = float(np.ptp(times)) if len(times) > 1 else 0.0
    if span_s >= MONTH_S:
        # a lead without a date came in, too: at the rate of the others
        dated = sum(place is not None for place in places)
        # whole leads, as an operating point keeps them: what is measured at it must be the same later
        rate = round(len(times) * len(items) / dated / (span_s / MONTH_S))
        return float(max(1, rate)), "as in the data"
    return float(max(1, len(items))), _ALL


def _without_strays(times: Floats) -> Floats:
    """Without dates far from nearly all others (a year typed wrongly, 1900): one would make months of decades."""
    if not len(times):
        return times
    low, high = np.quantile(times, (_FEW, 1 - _FEW))
    near: Floats = times[(times >= low - (high - low)) & (times <= high + (high - low))]
    return near
