"""Rules about time: leads too young to have an outcome, outcomes before the lead, dates that are still to come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import Finding
from kits.lead_scoring._reading.samples import OUTCOME_AT
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

Now = Callable[[], datetime]
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DAY = 86_400.0
_QUANTILES = (0.5, 0.8, 0.95)
_FEW = 50
_SOME = 0.02
_SHOWN = 10
_SLACK = timedelta(days=1)


def young(table: LeadTable, config: Config) -> Iterator[Finding]:
    """Recent leads whose outcome is not to be believed: those that take long are still open, the quick ones are not.

    The time that outcomes take is taken from leads old enough to have had it in full.
    """
    at, known = _times(table)
    spans = (known - at) / _DAY
    told = np.isfinite(spans) & (spans >= 0)
    if told.sum() < _FEW:
        return
    latest = float(np.nanmax(np.concatenate([at, known[told]])))
    old = told & (at <= float(np.nanmedian(at)))
    days = float(np.quantile(spans[old if old.any() else told], _QUANTILES[-1]))
    quantiles = tuple(
        f"{share:.0%} of outcomes come within {np.quantile(spans[told], share):.0f} days"
        for share in _QUANTILES
    )
    bar = latest - days * _DAY
    late = at > bar
    decided = np.isfinite(table.won)
    recent = int((late & decided).sum())
    date = (_EPOCH + timedelta(seconds=bar)).date().isoformat()
    if recent < _SOME * decided.sum() or config.source.open_for_days >= days:
        yield Finding(
            "young-leads", "pass", f"outcomes of leads until {date} are complete", quantiles
        )
        return
    rates = _rate(table, late & decided), _rate(table, ~late & decided)
    yield Finding(
        "young-leads", "warn",
        f"{recent} leads with an outcome are younger than {days:.0f} days, in which 95 of 100 outcomes come: of these {rates[0]:.1%} "
        f"are won, of older ones {rates[1]:.1%}; trust outcomes until {date} only",
        quantiles,
        f"keep them open: model.source.open_for_days: {days:.0f}, and import again with --replace",
    )  # fmt: skip


def young_note(table: LeadTable, config: Config) -> tuple[str, ...]:
    """The same for a run: who learns from young leads reads it beside the figures."""
    found = young(table, config)
    return tuple(f"young: {one.text}; {one.fix}" for one in found if one.level == "warn")


def backwards(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Outcomes known before the lead was there."""
    at, known = _times(table)
    wrong = np.flatnonzero(known < at - _DAY)
    if not wrong.size:
        return
    yield Finding(
        "outcome-before-lead", "warn" if wrong.size > _SOME * len(table) else "pass",
        f"{wrong.size} leads were decided before they came",
        tuple(table.items[row].sample.source for row in wrong[:_SHOWN]),
        "check which columns are model.source.decided_at and model.source.outcome_at, and whether days come first in dates",
    )  # fmt: skip


def future(table: LeadTable, now: Now) -> Iterator[Finding]:
    """Leads that come from the future."""
    bar = now() + _SLACK
    wrong = [row for row, lead in enumerate(table.leads) if lead.at is not None and lead.at > bar]
    if wrong:
        yield Finding(
            "future-leads", "warn", f"{len(wrong)} leads come from the future",
            tuple(table.items[row].sample.source for row in wrong[:_SHOWN]),
            "check model.source.decided_at, and whether days come first in its dates",
        )  # fmt: skip


def _rate(table: LeadTable, rows: NDArray[np.bool_]) -> float:
    return float(table.won[rows].mean()) if rows.any() else 0.0


def _times(table: LeadTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(rows,) when leads came and when their outcomes were known, seconds since 1970; NaN where unknown."""
    at = [lead.at.timestamp() if lead.at is not None else np.nan for lead in table.leads]
    known = [_number(item.sample.meta.get(OUTCOME_AT)) for item in table.items]
    return np.array(at, dtype=np.float64), np.array(known, dtype=np.float64)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
