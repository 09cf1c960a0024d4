"""What the youngest leads lack of columns: what is filled in, or counted on, while people work on a lead.

An export is one moment. Whatever it tells of leads, those that came just before it have hardly been worked on. A column of which
leads have more the older they are, up to an age, is written later (or is no longer filled in); to learn from it is wrong.

How much leads have of a column is fitted by their age, as a level that may rise or fall over all the time, and a part that is
lacking at first and comes within days, weeks or months. What lacks by that must be much, beyond the noise of the course, and far
beyond what the same fit finds for earlier moments: there, weeks without whoever asks and campaigns that come and go look alike.
Columns alone are looked at, no outcome, so leads of all splits are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np

from kits.lead_scoring._court.accused import Mark
from kits.lead_scoring._court.columns import Codes, Column, Flags, Floats
from kits.lead_scoring._features.cells import each, is_missing, to_choice, to_truth
from kits.lead_scoring._lead import Value
from kits.lead_scoring._table import LeadTable

_DAY_S = 86_400.0
_MOST_LEADS, _MOST_CELLS = 20_000, 1_500_000
"""Of more, the latest are looked at."""
_FIRST, _PART, _GROWS = 15, 400, 1.15
"""Leads of the youngest stretch at least, its part of all, and how much longer than it each stretch before is."""
_LEAST_STRETCHES = 9
_PACES = (1.0, 3.0, 10.0, 30.0, 90.0)
"""Days in which two thirds of what lacks at first have come."""
_MOMENTS, _EARLIEST = 28, 0.3
"""Earlier moments, from so far into the leads on."""
_LEAST_MOMENTS = 6
_GROWN = 3.0
"""Paces after which hardly anything lacks any more."""
_FAR, _BEYOND = -5.0, 2.0
"""Standard errors by which leads must lack it, and how many times that of earlier moments."""
_LACKS, _SHARE = 0.4, 0.1
"""Part of the level that the youngest lack at least; share of leads that have something."""
_BEGINNINGS = (0.0, 1.0)
"""What counts begin with."""
_LARGEST, _MOST = 0.95, 200.0
"""Share of leads that count no more than is looked at, and what is too large to be a count."""
_FIRST_VALUE, _AT_ALL_TIMES = 0.03, 0.9
"""Share of older leads that have kept the first value, and of stretches in which so many have."""
_YOUNG, _LEAST_YOUNG = timedelta(days=3), 30
_OF_A_KIND, _USUAL, _BEFORE = 0.8, 0.4, 0.02
"""The youngest are of a kind where so many share a choice that not so many of all have, and some of the older half: of a campaign
that has just begun there are no older leads to be held against."""


def lacked_by_youngest(table: LeadTable, columns: Sequence[Column]) -> dict[str, Mark]:
    """Columns that the youngest leads lack, each with what is said of it; none without dates, or of too few leads.

    Args:
        table: leads of all splits, decided or open.
        columns: where they are choices, leads of the kind of the youngest alone are looked at: what visitors of a fair
            lack, leads of the web cannot tell.
    """
    table = _by_clock(table, len(columns))
    lacked = _lacked(table, [column.name for column in columns])
    if not lacked:
        return {}
    # what the youngest lack is no kind of leads: else it would hide itself, and others
    kinds = {name: same for name, same in _kinds(table, columns).items() if name not in lacked}
    if not kinds:
        return lacked
    alike = np.all(list(kinds.values()), axis=0)
    return _lacked(table.rows(alike), list(lacked))


def _by_clock(table: LeadTable, columns: int) -> LeadTable:
    """The latest of a table's dated leads, in the order of their dates."""
    at = np.array([np.inf if lead.at is None else lead.at.timestamp() for lead in table.leads])
    most = min(_MOST_LEADS, _MOST_CELLS // max(columns, 1))
    return table.rows(np.argsort(at, kind="stable")[: int(np.isfinite(at).sum())][-most:])


def _kinds(table: LeadTable, columns: Sequence[Column]) -> dict[str, Flags]:
    """Column → (rows,) leads that share its choice with the youngest, where theirs is not the usual one."""
    moments = [lead.at for lead in table.leads if lead.at is not None]
    late = len(moments) - bisect_right(moments, moments[-1] - _YOUNG) if moments else 0
    size = max(_LEAST_YOUNG, late)
    kinds: dict[str, Flags] = {}
    for column in columns:
        if column.kind != "choice" or not column.choices or not moments:
            continue
        counts = Counter(to_choice(lead.fields.get(column.name)) for lead in table.leads[-size:])
        label, count = counts.most_common(1)[0]
        if not label or count < _OF_A_KIND * size:
            continue
        same = np.array([word == label for word in each(to_choice, table.column(column.name))])
        if same.mean() < _USUAL and same[: len(same) // 2].mean() >= _BEFORE:
            kinds[column.name] = same
    return kinds


@dataclass(frozen=True)
class _Course:
    """How much leads have of something, in order of time.

    Attributes:
        what: whether there is something, how much is counted, or whether it is something else than most of the youngest have.
        usual: that.
        is_yes: that is a yes, and others are a no: taking it back is as late as ticking it.
        values: (leads,)
    """

    name: str
    what: Literal["something", "counts", "changed"]
    values: Floats
    usual: str = ""
    is_yes: bool = False


def _lacked(table: LeadTable, names: Sequence[str]) -> dict[str, Mark]:
    if not names or len(table) < _FIRST * _LEAST_STRETCHES:
        return {}
    courses = [one for name in names for one in _courses(name, table.column(name))]
    if not courses:
        return {}
    at = np.array([lead.at.timestamp() for lead in table.leads if lead.at is not None])
    at = (at - at[0]) / _DAY_S
    sums = np.zeros((1 + len(courses), len(at) + 1))
    np.cumsum([at, *(one.values for one in courses)], axis=1, out=sums[:, 1:])
    now = _fit(sums, len(at))
    if now is None:
        return {}
    ends = np.unique(np.linspace(_EARLIEST * len(at), len(at), _MOMENTS + 1).astype(np.intp))[:-1]
    before = [
        (at[-1 - _FIRST // 2] - at[end - 1], fit)
        for end in ends.tolist()
        if (fit := _fit(sums, end)) is not None
    ]
    marks: dict[str, Mark] = {}
    for number, course in enumerate(courses):
        # moments at which the leads of then were as far from the export as it takes to be filled in
        usual = [float(fit.far[number]) for ago, fit in before if ago >= 2 * now.pace[number]]
        if len(usual) < _LEAST_MOMENTS or course.name in marks:
            continue
        lacks = now.lacks[number] >= _LACKS * now.level[number] and now.level[number] >= _SHARE
        stays = course.what != "changed" or _stays(now, number)
        if lacks and stays and now.far[number] <= min(_FAR, _BEYOND * min(usual)):
            marks[course.name] = _said(course, now, number, len(usual))
    return marks


def _courses(name: str, values: Sequence[Value]) -> Iterator[_Course]:
    """Whether leads have something there, and what they count where it is a count; nothing of what does not differ."""
    has = _something(values).astype(np.float64)
    if 0 < has.mean() < 1:
        yield _Course(name, "something", has)
    if word := _of_the_youngest(values):
        words = each(to_choice, values)
        is_yes = to_truth(word) == 1 and all(np.isfinite(to_truth(one)) for one in {*words} - {""})
        # what has become usual only lately is a kind of leads, as of a channel that has most of the last ones; a yes is none
        if is_yes or words.count(word) >= _USUAL * len(words):
            others = np.array([one != word for one in words], dtype=np.float64)
            yield _Course(name, "changed", others, word, bool(is_yes))
    counts = _counts(values)
    if counts is not None and counts.std() > 0:
        yield _Course(name, "counts", counts)


def _of_the_youngest(values: Sequence[Value]) -> str:
    """The choice that most of the youngest have; empty where none is, or it is a number."""
    if isinstance(values[-1], float):
        return ""
    counts = Counter(to_choice(value) for value in values[-_LEAST_YOUNG:])
    word, times = counts.most_common(1)[0]
    return word if times >= _OF_A_KIND * _LEAST_YOUNG else ""


def _something(values: Sequence[Value]) -> Flags:
    """(rows,) whether a cell holds something: it is not empty, no "no", and more than the nought or one that a count begins with."""
    has = ~np.array(each(is_missing, values), dtype=bool)
    if any(isinstance(value, str | bool) for value in values):
        yes: Flags = has & (np.array(each(to_truth, values)) != 0.0)
        return yes
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    usual = Counter(numbers[-_LEAST_YOUNG:].tolist()).most_common(1)[0][0]
    more: Flags = numbers > usual
    return more if usual in _BEGINNINGS else has


def _counts(values: Sequence[Value]) -> Floats | None:
    """(rows,) a column of whole numbers from nought on, without its largest; None: it is none."""
    if any(isinstance(value, str | bool) for value in values):
        return None
    numbers = np.array([0.0 if value is None else float(value) for value in values])
    if (numbers < 0).any() or (numbers != np.floor(numbers)).any():
        return None
    clipped: Floats = np.minimum(numbers, np.quantile(numbers, _LARGEST))
    return clipped if clipped.max() <= _MOST else None


@dataclass(frozen=True)
class _Fit:
    """Courses by the age of leads at a moment.

    Attributes:
        level: (courses,) what leads have that came just then, once nothing lacks.
        lacks: (courses,) what those lack that come just then.
        far: (courses,) minus that, in standard errors.
        pace: (courses,) days in which two thirds of it come.
        age: (stretches,) days of their leads on the average, the youngest first.
        sizes: (stretches,) their leads.
        means: (courses, stretches) what those have.
    """

    level: Floats
    lacks: Floats
    far: Floats
    pace: Floats
    age: Floats
    sizes: Floats
    means: Floats


def _fit(sums: Floats, end: int) -> _Fit | None:
    """Fits what the first leads have, at the moment the last of them comes; None where they are too few.

    Args:
        sums: (1 + courses, leads + 1) running sums, from 0 on, of the leads' days and of what they have.
    """
    edges = _edges(end)
    sizes = -np.diff(edges).astype(np.float64)
    if len(sizes) < _LEAST_STRETCHES:
        return None
    means = -np.diff(sums[:, edges], axis=1) / sizes
    # the middle one of the youngest: of a typing error in a date the last one may be of another year
    last = end - 1 - _FIRST // 2
    age = np.maximum(sums[0, last + 1] - sums[0, last] - means[0], 0.0)
    fits = [one for pace in _PACES if (one := _at_pace(age, means[1:], sizes, pace)) is not None]
    if not fits:
        return None
    best = np.argmin([one[2] for one in fits], axis=0)
    level, lacks, far, pace = (
        np.take_along_axis(np.array([one[part] for one in fits]), best[None], axis=0)[0]
        for part in range(4)
    )
    return _Fit(level, lacks, far, pace, age, sizes, means[1:])


def _edges(end: int) -> Codes:
    """Where stretches begin and end, the youngest first, from the moment back to the first lead; the oldest takes the rest."""
    size, at, edges = float(max(_FIRST, end // _PART)), end, [end]
    while at - size * (1 + _GROWS) >= 0:
        at -= round(size)
        edges.append(at)
        size *= _GROWS
    return np.array([*edges, 0], dtype=np.intp)


def _at_pace(
    age: Floats, means: Floats, sizes: Floats, pace: float
) -> tuple[Floats, Floats, Floats, Floats] | None:
    """Level, what lacks, that in standard errors, and the pace, by least squares; None where leads of that age do not tell."""
    if age[0] > pace or age[-1] < 2 * pace:
        return None
    seen = np.stack([np.ones_like(age), age / age[-1], np.exp(-age / pace)], axis=1)
    weighted = seen * sizes[:, None]
    try:
        inverse = np.linalg.inv(seen.T @ weighted)
    except np.linalg.LinAlgError:
        return None
    if inverse[2, 2] <= 0:
        return None
    found = inverse @ (weighted.T @ means.T)
    rest = means.T - seen @ found
    spread = np.sqrt((sizes[:, None] * rest**2).sum(0) / (len(age) - 3))
    error = np.maximum(spread * np.sqrt(inverse[2, 2]), 1e-9)
    return found[0], -found[2], found[2] / error, np.full(len(means), pace)


def _stays(now: _Fit, number: int) -> bool:
    """Whether older leads have it too, at all times: what came up lately, as a campaign, was no first value of theirs."""
    rest = 1 - now.means[number][now.age >= _GROWN * now.pace[number]]
    return len(rest) > 0 and float((rest >= _FIRST_VALUE).mean()) >= _AT_ALL_TIMES


def _said(course: _Course, now: _Fit, number: int, moments: int) -> Mark:
    days = _GROWN * now.pace[number]
    old = now.age >= min(days, now.age[-1])
    means, young = now.means[number], now.means[number, 0]
    level = float(np.average(means[old], weights=now.sizes[old]))
    older, last = f"leads of {days:.0f} days and more", f"the {now.sizes[0]:.0f} that came last"
    so = f"and at none of {moments} earlier moments was it so"
    if course.what == "changed":
        has = f"{1 - young:.0%} of {last} have “{course.usual}”, {1 - level:.0%} of {older}, {so}"
        return Mark(
            "youngest leads",
            2.0 if course.is_yes else 1.0,
            f"{has}: it is changed while a lead is worked on",
        )
    if course.what == "counts":
        has, later = f"it counts {level:.3g} for {older}, {young:.3g} for {last}", "counted on"
    else:
        share = f"{level:.0%} of {older} have something there"
        has, later = f"{share}, {abs(young):.0%} of {last}", "filled in"
    return Mark(
        "youngest leads", 2.0, f"{has}, {so}: it is {later} while a lead is worked on, or no longer"
    )
