"""Rules about time: leads too young to have an outcome, outcomes before the lead, dates that are still to come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import SPLITS, Split
from kits.core.kit import Finding
from kits.lead_scoring._learning.delays import LONGER, Delays, all_delays, delays_of
from kits.lead_scoring._learning.folds import LATER, strays
from kits.lead_scoring._reading.samples import OUTCOME_AT
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

Now = Callable[[], datetime]
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DAY = 86_400.0
_QUANTILES = (0.5, 0.8, 0.95)
_FEW = 50
_SOME = 0.02
_APART, _BEYOND = 0.1, 3.0
"""By how much more young leads must be open than older ones, and by how many standard errors."""
_STEP = 20
"""Leads by which ages are told apart, at least."""
_SHOWN = 10
_SLACK = timedelta(days=1)
_OTHER = 1.2
"""Times as long, from which on a person is told that outcomes take longer of late, or less long."""


def young(table: LeadTable, config: Config) -> Iterator[Finding]:
    """Recent leads whose outcome is not to be believed: those that take long are still open, the quick ones are not.

    The time that outcomes take is taken from leads old enough to have had it in full.
    """
    at, known = times_of(table)
    spans = (known - at) / _DAY
    told = np.isfinite(spans) & (spans >= 0)
    if told.sum() < _FEW:
        yield from _young_undated(table, config, at)
        return
    latest = float(np.nanmax(np.concatenate([at, known[told]])))
    old = told & (at <= float(np.nanmedian(at)))
    took = np.quantile(spans[old if old.any() else told], _QUANTILES)
    days = float(took[-1])
    quantiles = tuple(
        f"{share:.0%} of outcomes come within {span:.0f} days"
        for share, span in zip(_QUANTILES, took)
    )
    bar = latest - days * _DAY
    late = at > bar
    decided = np.isfinite(table.won)
    recent = int((late & decided).sum())
    date = _date(bar)
    if recent < _SOME * decided.sum() or config.source.open_for_days >= days:
        yield Finding(
            "young-leads", "pass", f"outcomes of leads until {date} are complete", quantiles
        )
        return
    rates = _rate(table, late & decided), _rate(table, ~late & decided)
    said = (
        f"{recent} leads with an outcome are younger than {days:.0f} days, in which 95 of 100 outcomes come: of these {rates[0]:.1%} "
        f"are won, of older ones {rates[1]:.1%}"
    )
    delays = all_delays(table.items, table.order, table.won, config.source.open_for_days)
    steady = delays is not None and delays.steady
    if delays is not None and steady and delays.untold < _SOME:
        way = (
            pace_of(delays)
            or "training and figures reckon with how long outcomes of each kind take"
        )
        yield Finding("young-leads", "pass", f"{said}; {way}{_missing(delays)}", quantiles)
        return
    if delays is not None and not steady:
        said += f" ({_unsteady(delays)})"
    fix = f"keep them open: model.source.open_for_days: {days:.0f}, and import again with --replace"
    if not steady and (decided.all() or (delays is not None and delays.unmatched)):
        fix += "; better, export all open leads, too: how many there are tells which outcomes are known"
    yield Finding(
        "young-leads", "warn", f"{said}; trust outcomes until {date} only", quantiles, fix
    )


def _unsteady(delays: Delays) -> str:
    """Why outcomes of late cannot be reckoned with as those of before."""
    part = "reckons with a part of it" if delays.reckoned else "cannot reckon with it"
    if not delays.unmatched:
        return f"outcomes took longer or shorter of late, or many leads were closed on one day: training {part}"
    if delays.reckoned and delays.unmatched != LONGER:
        part = "reckons with more time than they take"
    seen = "" if delays.open is None else ", and too few leads are open for it"
    return f"by their dates outcomes took {delays.unmatched} of late{seen}: training {part}"


def _missing(delays: Delays) -> str:
    """Whether open leads seem to be missing, as a person reads it."""
    beside = delays.open
    if beside is None or delays.still is not None or beside.more > -_BEYOND:
        return ""
    return (
        f"; {beside.found:.0f} leads are open where about {beside.expected:.0f} would be: if the export leaves some out, nothing tells "
        "in time that outcomes take longer"
    )


def _young_undated(table: LeadTable, config: Config, at: NDArray[np.float64]) -> Iterator[Finding]:
    """The same where nothing tells when outcomes were known: by how many leads of each age are still open."""
    decided, dated = np.isfinite(table.won), np.isfinite(at)
    if (decided & dated).sum() < _FEW or not (~decided & dated).any():
        return
    age = (float(np.nanmax(at)) - at) / _DAY
    days = _until_settled(age[dated], ~decided[dated])
    recent = decided & dated & (age < days)
    if recent.sum() < _SOME * decided.sum() or config.source.open_for_days >= days:
        return
    old = decided & dated & (age >= days)
    young, rest = (~decided[dated & (age < days)], ~decided[dated & (age >= days)])
    shares = float(young.mean()), float(rest.mean())
    chance = _BEYOND * np.sqrt(decided[dated].mean() * (1 - decided[dated].mean()) / len(young))
    if shares[0] - shares[1] < max(_APART, float(chance)):
        return
    yield Finding(
        "young-leads", "warn",
        f"of the leads younger than {days:.0f} days {shares[0]:.0%} are still open, of older ones {shares[1]:.0%}: the {recent.sum()} "
        f"that have an outcome are those with a quick one; of these {_rate(table, recent):.1%} are won, of older ones "
        f"{_rate(table, old):.1%}",
        fix=f"keep them open: model.source.open_for_days: {days:.0f}, and import again with --replace; better, export when outcomes "
        "were known, too",
    )  # fmt: skip


def _until_settled(age: NDArray[np.float64], still: NDArray[np.bool_]) -> float:
    """The age in whole days from which on hardly more leads are open than of the older half; 0 where none is.

    Args:
        age: (leads,) days.
        still: (leads,) whether they are open.
    """
    by_age = np.argsort(age, kind="stable")
    age, still = age[by_age], still[by_age]
    usual = float(still[len(still) // 2 :].mean()) + 1 - _QUANTILES[-1]
    step = max(_STEP, len(age) // 50)
    for start in range(0, len(age) // 2, step):
        if still[start : start + 2 * step].mean() <= usual:
            return float(np.ceil(age[start])) if start else 0.0
    return float(np.ceil(age[len(age) // 2]))


def pace_of(delays: Delays) -> str:
    """Whether outcomes take longer of late, or less long, as a person reads it; empty: as long as ever, as far as is known."""
    halves = None if delays.table is None else delays.table.halves(delays.now)
    if halves is None:
        return ""
    told, ways = [], set()
    for kind, was, now in zip(("lost", "won"), *halves):
        days = f"{now / _DAY:.0f}", f"{was / _DAY:.0f}"
        both = min(now, was) > 0  # there were some of a kind before, and of late
        if both and days[0] != days[1] and max(now, was) >= _OTHER * min(now, was):
            told.append(f"half of the {kind} ones are known after {days[0]} days, {days[1]} before")
            ways.add("longer" if now > was else "less long")
    if not told:
        return ""
    way = ways.pop() if len(ways) == 1 else "otherwise"
    return f"outcomes take {way} of late: {' and '.join(told)}; training and figures go by who is still open"


def young_note(table: LeadTable, config: Config) -> tuple[str, ...]:
    """The same for a run: who learns from young leads reads it beside the figures.

    Args:
        table: open leads too, which tell until when the data goes.
    """
    delays = delays_of(table.items, table.order, table.won, config.source.open_for_days)
    if delays is not None and delays.steady and (pace := pace_of(delays)):
        return (f"young: {pace}",)
    found = young(table, config)
    return tuple(f"young: {one.text}; {one.fix}" for one in found if one.level == "warn")


def overlapping(table: LeadTable, stated: bool) -> Iterator[Finding]:
    """Splits that the data names and that lie over each other in time: what is judged came before what was learned.

    Args:
        stated: the data named splits.
    """
    if not stated:
        return
    told = list(filter(None, (_overlap(table, split) for split in LATER)))
    if told:
        yield Finding(
            "splits-overlap", "warn",
            "the stated splits lie over each other in time, so leads are judged by what learned from later ones: "
            + "; ".join(told),
            fix="state splits that follow each other in time, or leave them out (the column, or what files are called) "
            "and import again with --replace: leads are then placed by time",
        )  # fmt: skip


def overlap_note(table: LeadTable, stated: bool) -> tuple[str, ...]:
    """The same for a run."""
    return tuple(f"splits: {one.text}; {one.fix}" for one in overlapping(table, stated))


def _overlap(table: LeadTable, split: Split) -> str:
    """Of a later split, since when its leads came and until when those that were learned from; strays aside."""
    at, decided = times_of(table)[0], np.isfinite(table.won)
    places = np.array([item.split for item in table.items])
    dated = decided & np.isfinite(at)
    earlier = [one for one in SPLITS[: SPLITS.index(split)] if (dated & (places == one)).any()]
    fit = np.sort(at[dated & np.isin(places, earlier)])
    judge = np.sort(at[dated & (places == split)])
    if not fit.size or not judge.size:
        return ""
    last, first = float(fit[-1 - strays(len(fit))]), float(judge[strays(len(judge))])
    if first >= last:
        return ""
    goes = "goes" if len(earlier) == 1 else "go"
    return (
        f"{split} begins {_date(first)}, {' and '.join(earlier)} {goes} on until {_date(last)} (each without its outermost "
        f"twentieth), {int((judge < last).sum())} of {len(judge)} leads came before that"
    )


def _date(seconds: float) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).date().isoformat()


def backwards(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Outcomes known before the lead was there."""
    at, known = times_of(table)
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


def times_of(table: LeadTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(rows,) when leads came and when their outcomes were known, seconds since 1970; NaN where unknown."""
    at = [lead.at.timestamp() if lead.at is not None else np.nan for lead in table.leads]
    known = [_number(item.sample.meta.get(OUTCOME_AT)) for item in table.items]
    return np.array(at, dtype=np.float64), np.array(known, dtype=np.float64)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
