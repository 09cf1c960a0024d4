"""What another capacity, or another worth of a lead, changes: the same leads, called by the old terms and by the new.

Both are counted in what a win is worth and a call costs now, on leads that no threshold was chosen on. The model is the
same, so the order is; only how far down the list the team comes, and what that brings, is another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, JsonValue

from kits.core.errors import DataError
from kits.core.kit import EvaluateTask
from kits.core.ranked import Ranked
from kits.core.resampling import Figure, estimates
from kits.core.stats import Estimate, opened
from kits.core.tuning import Change, Changes
from kits.lead_scoring._judging.capacity import Terms, stated, terms_of
from kits.lead_scoring._judging.figures import income
from kits.lead_scoring._judging.judged import Judged, judge
from kits.lead_scoring._judging.of_runtime import team_of
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]

_SHARES = np.arange(1, 101) / 100
"""Capacities that are tried for the one that earns most."""


@dataclass(frozen=True)
class LeadTuning:
    """`kits.core.tuning.Tunable` of this kit."""

    settings: tuple[str, ...] = ("team",)

    def restated(
        self, config: Mapping[str, JsonValue], settings: BaseModel
    ) -> dict[str, JsonValue]:
        """The bundle's config with the team as it is now."""
        assert isinstance(settings, Config)
        return {**config, "team": settings.team.model_dump(mode="json")}

    def changes(self, before: EvaluateTask, after: EvaluateTask) -> Changes:
        """What the new capacity brings, in what leads and calls are worth now.

        Raises:
            DataError: no lead was won, or none lost.
        """
        judged = judge(after)
        if not 0 < judged.won.sum() < len(judged):
            raise DataError(
                "money cannot be told: all of these leads ended alike",
                fix="import leads that were won and leads that were lost",
            )
        new = _terms(after, judged)
        old = _as_of_now(_terms(before, judged), new)
        ranked = Ranked(judged.score, judged.won)
        currency = after.costs.currency
        figures = _figures(ranked, judged, old, new, after.seed, currency)
        earned = figures[-1].apart
        headline = (
            f"hot: {new.per_month:,.0f} of {new.incoming:,.0f} leads a month ({new.share:.1%}), before "
            f"{old.per_month:,.0f} ({old.share:.1%}): income {_signed(earned)} {currency} a month"
        )
        return Changes(headline, figures, tuple(_notes(ranked, judged, new, after.seed, currency)))


def _terms(task: EvaluateTask, judged: Judged) -> Terms:
    clocked = judged.clocked
    return terms_of(team_of(task.runtime), task.dataset.items, clocked, task.operating_point)


def _as_of_now(old: Terms, new: Terms) -> Terms:
    """As many calls as before, of the leads that come in now, at what they are worth now."""
    share = min(1.0, old.per_month / max(new.incoming, 1.0))
    if old.incoming == new.incoming:
        # leads a month are kept as a whole number: of it another share would be told than the report tells
        share = old.share
    return replace(new, share=share, per_month=old.per_month)


def _figures(
    ranked: Ranked, judged: Judged, old: Terms, new: Terms, seed: int, currency: str
) -> tuple[Change, ...]:
    def won(terms: Terms) -> Figure:
        return lambda w: ranked.tally(w).precision_at(terms.share)

    def reached(terms: Terms) -> Figure:
        return lambda w: float(ranked.tally(w).gain(np.array([terms.share]))[0])

    both: dict[str, tuple[Figure, Figure, str]] = {
        "hot_won": (won(old), won(new), ""),
        "won_in_hot": (reached(old), reached(new), ""),
        "income_per_month": (income(ranked, old), income(ranked, new), f"{currency} a month"),
    }
    asked: dict[str, Figure] = {}
    for name, (first, second, _) in both.items():
        asked |= {f"{name} before": first, name: second, f"{name} apart": _less(second, first)}
    found = estimates(asked, judged.groups, seed=seed, each=judged.each)
    _open(found, " before", old, judged.alone)
    _open(found, "", new, judged.alone)
    calls = Change(
        "hot_per_month",
        stated(old.per_month, new, "team"),
        stated(new.per_month, new, "team"),
        stated(new.per_month - old.per_month, new, "team"),
        "leads a month",
    )
    return (
        calls,
        *(
            Change(name, found[f"{name} before"], found[name], found[f"{name} apart"], unit)
            for name, (_, _, unit) in both.items()
        ),
    )


def _open(found: dict[str, Estimate], which: str, terms: Terms, alone: int) -> None:
    """Where all or none of the called were won: what so few still allow, also of the money and of how far both are apart.

    Args:
        which: ` before`, or empty for what comes after.
        alone: what counts singly: accounts, or leads where each is its own.
    """
    drawn = found[f"hot_won{which}"]
    exact = opened(drawn, max(1, round(terms.share * alone)))
    ends = (exact.low - drawn.low, exact.high - drawn.high)
    for name, scale in (("hot_won", 1.0), ("income_per_month", terms.per_month * terms.value)):
        low, high = (scale * end for end in ends)
        one, apart = found[f"{name}{which}"], found[f"{name} apart"]
        update = {"low": one.low + low, "high": one.high + high}
        found[f"{name}{which}"] = one.model_copy(update=update)
        if which:
            low, high = -high, -low
        update = {"low": apart.low + min(low, 0.0), "high": apart.high + max(high, 0.0)}
        found[f"{name} apart"] = apart.model_copy(update=update)


def _less(second: Figure, first: Figure) -> Figure:
    return lambda w: second(w) - first(w)


def _notes(ranked: Ranked, judged: Judged, terms: Terms, seed: int, currency: str) -> list[str]:
    """In what terms, on what, and which capacity would earn most."""
    notes = [
        f"a lead won is worth {terms.value:g}, a contact costs {terms.contact:g} {currency}, before as after; {terms.said}",
        f"on {len(judged)} decided leads, {int(judged.won.sum())} won; a won lead is counted as if the call had won it",
    ]
    if not terms.value or not terms.contact:
        return [
            *notes,
            "which capacity would earn most cannot be told: team.value or team.contact is 0",
        ]

    def best(weight: Floats) -> float:
        tally = ranked.tally(weight)
        hits = np.array([tally.hits(share * float(tally.n.sum())) for share in _SHARES])
        return float(
            _SHARES[(terms.value * hits - terms.contact * _SHARES * tally.n.sum()).argmax()]
        )

    most = estimates({"best": best}, judged.groups, seed=seed, each=judged.each)["best"]
    value, low, high = (terms.incoming * share for share in (most.value, most.low, most.high))
    side = "one of these"
    if not most.low <= terms.share <= most.high:
        side = "fewer" if terms.share < most.low else "more"
    told = f"most would be earned with {value:,.0f} calls a month [{low:,.0f}, {high:,.0f}]; {terms.per_month:,.0f} are {side}"
    return [*notes, told]


def _signed(one: Estimate) -> str:
    return f"{one.value:+,.0f} [{one.low:+,.0f}, {one.high:+,.0f}]"
