"""What a column of the latest leads learned from held, and which columns of later leads hold something else by far.

A column that many of those leads say something in, and hardly a later one, is filled in only after a lead is scored, or
not sent any more: training-serving skew (Breck et al. 2017, *The ML Test Score*). Its figures in training never come
true. No outcome is needed to see that, so it is seen within days.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kits.core.runtime import Skew
from kits.core.stats import proportion
from kits.lead_scoring._features import cells
from kits.lead_scoring._features.arrivals import moments, times_of_arrival
from kits.lead_scoring._features.encoder import met_in
from kits.lead_scoring._features.spec import ChoiceColumn, Column, ManyColumn, NumberColumn, Week
from kits.lead_scoring._features.week import HOURS, WEEK, hours_of
from kits.lead_scoring._lead import Lead, Value

Floats = NDArray[np.float64]

FEWEST_LEARNED, FEWEST = 100, 30
"""Leads learned from, and later ones, without which nothing is compared."""
_FALSE_ALARM_RATE = 0.001
"""Of one comparison of all columns, where nothing has changed."""
_TENTH = 0.1
_HALF = 0.5
_MANY, _ONE = 0.2, 0.1
"""Shares of values that were never met from which on it is told: of all of them, and of one."""
_SHOWN = 60
"""Characters of a value that is named."""
_QUESTIONS = 4
"""About each column: whether it says something, too small, too large, never met."""


class Usual(BaseModel):
    """One column of the latest leads learned from."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, allow_inf_nan=False)

    leads: int = Field(ge=0, description="leads that were looked at")
    said: int = Field(
        ge=0, description="of these, whose cell says something: neither empty nor no nor nought"
    )
    low: float | None = Field(
        None, description="a tenth of its numbers, without noughts, are smaller; None: no numbers"
    )
    high: float | None = Field(None, description="a tenth of its numbers are larger")


def usual_of(
    columns: Sequence[Column], leads: Sequence[Lead], week: Week | None = None
) -> dict[str, Usual]:
    """Column → what it holds in these leads; where hours are looked at (`week`), those at which they came, too."""
    found = {}
    hours = _hours(leads) if week is not None and week.hours else ()
    if len(hours):
        first, last = np.quantile(hours, (_TENTH, 1 - _TENTH), method="lower").tolist()
        found[WEEK] = Usual(leads=len(leads), said=len(hours), low=first, high=last)
    for column in columns:
        said = _said(column, leads)
        numbers = _numbers(column, said)
        low = high = None
        if len(numbers) >= FEWEST_LEARNED:
            low, high = map(float, np.quantile(numbers, (_TENTH, 1 - _TENTH), method="lower"))
        found[column.name] = Usual(leads=len(leads), said=len(said), low=low, high=high)
    return found


def skews(
    columns: Sequence[Column], usual: Mapping[str, Usual], leads: Sequence[Lead]
) -> tuple[Skew, ...]:
    """Columns in which leads are unlike those learned from, beyond chance and by far; the emptiest first.

    Args:
        columns: those that a model looks at.
        usual: what each of them held.
        leads: as they were when they were scored.
    """
    known = [
        (column, usual[column.name])
        for column in columns
        if column.name in usual and usual[column.name].leads >= FEWEST_LEARNED
    ]
    hours = usual.get(WEEK)
    asked = len(known) + (hours is not None)
    if len(leads) < FEWEST or not asked:
        return ()
    chance = _FALSE_ALARM_RATE / (_QUESTIONS * asked)
    silent: list[tuple[float, Skew]] = []
    others: list[Skew] = []
    for column, one in known:
        said = _said(column, leads)
        then, now = one.said / one.leads, len(said) / len(leads)
        if (
            now < _HALF * then
            and fewer_by_chance(len(said), len(leads), one.said, one.leads) < chance
        ):
            text = (
                f"{column.name} is filled in (not no or 0) for {_percent(now)} of {len(leads)} leads when scored, for "
                f"{_percent(then)} of those learned from"
            )
            silent.append((now / then, Skew(column.name, text)))
        else:
            others += _strange(column, one, said, 1 - chance)
    if hours is not None:
        others += _at_other_hours(hours, _hours(leads), 1 - chance)
    return (*(skew for _, skew in sorted(silent, key=lambda pair: pair[0])), *others)


def fewer_by_chance(k: int, n: int, others: int, of: int) -> float:
    """How seldom at most `k` of `n` are among those that are `k + others` of `n + of` in all (Fisher's exact test, one-sided)."""
    every = _log_choose(n + of, n)
    least = max(0, k + others - of)
    terms = [
        _log_choose(k + others, x) + _log_choose(n + of - k - others, n - x) - every
        for x in range(least, k + 1)
    ]
    return min(1.0, sum(map(math.exp, terms)))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _strange(
    column: Column, usual: Usual, said: Sequence[Value], confidence: float
) -> Iterator[Skew]:
    """What is told of the values of a column that says something as often as before."""
    numbers = _numbers(column, said)
    if usual.low is not None and usual.high is not None and len(numbers) >= FEWEST:
        for odd, end, word in (
            (numbers < usual.low, usual.low, "below"),
            (numbers > usual.high, usual.high, "above"),
        ):
            found = proportion(int(odd.sum()), len(odd), confidence)
            if found.low > _HALF:
                yield Skew(
                    column.name,
                    f"{column.name} is {word} {end:g} for {_percent(found.value)} of {len(odd)} leads when scored, for at most a "
                    "tenth of those learned from",
                )
    if isinstance(column, ChoiceColumn) and column.all_met and len(said) >= FEWEST:
        yield from _never_met(column, said, confidence)


def _at_other_hours(usual: Usual, hours: Floats, confidence: float) -> Iterator[Skew]:
    """Where leads come at other hours of the day, as where times are written by another zone than those learned from."""
    if len(hours) < FEWEST or usual.low is None or usual.high is None:
        return
    for odd, end, word in (
        (hours < usual.low, usual.low, "before"),
        (hours >= usual.high + 1, usual.high + 1, "after"),
    ):
        found = proportion(int(odd.sum()), len(odd), confidence)
        if found.low > _HALF:
            text = (
                f"{WEEK}: {_percent(found.value)} of {len(odd)} leads came {word} {end:.0f}:00 UTC, of those learned from a tenth: "
                "perhaps their times, or those learned from, are of another zone than they say: model.source.timezone states whose "
                "clock wrote the tables"
            )
            yield Skew(WEEK, text)


def _hours(leads: Sequence[Lead]) -> Floats:
    """(n,) the hours of the day at which leads came, of those that say it."""
    came = times_of_arrival(moments(leads))
    return (hours_of(came[np.isfinite(came)]) % HOURS).astype(np.float64)


def _never_met(column: ChoiceColumn, said: Sequence[Value], confidence: float) -> Iterator[Skew]:
    """Where many values are new, or one new value, as that of a channel that opened, is of many leads."""
    met = met_in(column)
    new = Counter(word for value in said if not met(word := cells.to_choice(value)))
    every = proportion(new.total(), len(said), confidence)
    for word, count in new.most_common(1):
        most = proportion(count, len(said), confidence)
        shown = f"“{''.join(filter(str.isprintable, word[:_SHOWN]))}”"
        if most.low > _ONE:
            text = f"{shown}, never met in training, for {_percent(most.value)} of {len(said)} leads when scored"
            rest = _percent((new.total() - count) / len(said))
            others = f", and other new values for {rest}" if len(new) > 1 else ""
            yield Skew(column.name, f"{column.name} is {text}{others}")
        elif every.low > _MANY:
            yield Skew(
                column.name,
                f"{column.name} holds a value never met in training for {_percent(every.value)} of {len(said)} leads when scored, most "
                f"often {shown}",
            )


def _said(column: Column, leads: Sequence[Lead]) -> list[Value]:
    """The cells of a column that say something."""
    says = _SAYS.get(column.kind, _is_given)
    cell = (lead.fields.get(column.name) for lead in leads)
    if isinstance(column, ManyColumn):
        joints = cells.joints_of(commas=column.commas, slashes=column.slashes)
        return [value for value in cell if cells.to_choices(value, joints)]
    return [value for value in cell if says(value)]


def _numbers(column: Column, said: Sequence[Value]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(n,) numbers of a column of numbers; (0,) of another."""
    told = said if isinstance(column, NumberColumn) else ()
    return np.array([cells.to_number(value) for value in told], dtype=np.float64)


def _is_number(value: Value) -> bool:
    number = cells.to_number(value)
    return math.isfinite(number) and number != 0.0


def _is_yes(value: Value) -> bool:
    return cells.to_truth(value) == 1.0


def _is_choice(value: Value) -> bool:
    return bool(cells.to_choice(value)) and cells.to_truth(value) != 0.0


def _is_date(value: Value) -> bool:
    return math.isfinite(cells.to_moment(value))


def _is_given(value: Value) -> bool:
    return not cells.is_missing(value)


_SAYS: Mapping[str, Callable[[Value], bool]] = {
    "number": _is_number,
    "truth": _is_yes,
    "choice": _is_choice,
    "date": _is_date,
}
"""By the kind of column; of a text any word does."""


def _percent(share: float) -> str:
    return f"{share:.0%}" if share == 0 or share >= _TENTH else f"{share:.1%}"
