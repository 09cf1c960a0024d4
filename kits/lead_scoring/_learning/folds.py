"""Who is learned from and who is judged: rolling origins in time, or folds by lot where the data has no time.

A step in time learns from what a training at its moment would have: leads that had come, whose outcomes counted by then.
Where outcomes take so long that `val` or `test` could not be judged so, steps without enough of them learn from all leads
that had come. Functions of places in time, splits and outcomes; no model is known here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Split

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_FIRST = 0.5
"""Share of the training leads that the first fold is learned from."""
_LATER = 0.95
LATER: tuple[Split, ...] = ("val", "test")
"""Steps after the inner folds that figures come from, in order."""
YOUNG = "young"
"""The step after them, in place of a split: leads whose outcome the version holds, by what became of them so far."""
AFTER = (*LATER, YOUNG)
_LEAST = 5
"""Leads won, and lost ones, that a step learns from."""
_STRAYS = 0.05
_PARTS, _IN_PARTS = 4, (LATER[-1], YOUNG)
"""In so many parts these steps are judged: by a model that is no older than one which ships, rather than by one of before them all."""


@dataclass(frozen=True)
class Origin:
    """One step of a backtest: a model of `fit` has not seen `judge`.

    Attributes:
        name: `fold 1`, …, `val`, `test`.
        fit, judge: rows.
        moment: when it begins, seconds since 1970; infinite: all outcomes were known.
        parts: the same in parts, the earliest first, each with what was known when it began; none: it is one.
    """

    name: str
    fit: Ints
    judge: Ints
    moment: float = math.inf
    parts: tuple[Origin, ...] = ()

    def only(self, judged: NDArray[np.bool_]) -> Origin:
        """The same step with some of the rows that it judges."""
        return replace(self, judge=self.judge[judged], parts=())


def can_learn(won: Floats) -> bool:
    """Whether there are leads won and leads lost enough for a step."""
    count = won.sum()
    return bool(min(count, len(won) - count) >= _LEAST)


@dataclass(frozen=True)
class Clock:
    """When leads came, and when it was known what became of them.

    Attributes:
        order: (rows,) when each came, seconds since 1970.
        settled: (rows,) since when each outcome counts; NaN: since the lead came.
        stated: the data names splits itself: they may overlap in time.
    """

    order: Floats
    settled: Floats
    stated: bool = False


def strays(leads: int) -> int:
    """How many of so many leads may stand alone in time, far from the others of their split."""
    return min(leads - 1, max(1, int(_STRAYS * leads)))


def in_hindsight(steps: Sequence[Origin]) -> tuple[str, ...]:
    """Which of `val` and `test`, in time, are judged by what learned from outcomes that nobody knew when they began."""
    return tuple(one.name for one in steps if one.name in LATER and math.isinf(one.moment))


def is_in_time(order: Floats, splits: Sequence[Split]) -> bool:
    """Whether the later splits are later in time than nearly all that is learned from."""
    places = np.array(splits)
    train, later = order[places == "train"], order[places != "train"]
    if not train.size or order.min() == order.max():
        return False
    return not later.size or bool(np.median(later) >= np.quantile(train, _LATER))


def origins(
    splits: Sequence[str],
    groups: Sequence[str],
    folds: int,
    *,
    in_time: bool,
    seed: int,
    clock: Clock | None = None,
    won: Floats | None = None,
) -> tuple[Origin, ...]:
    """Steps of a backtest, the earliest first: folds within train, then val, then test.

    Args:
        splits: (rows,) of rows in order of time; `YOUNG`: of none.
        groups: (rows,) what must not be on both sides where folds are drawn by lot; empty: stands for itself.
        clock: with it, steps in time learn from what was known when they begin.
        won: (rows,) 1 or 0; with it, steps that could not learn from so little learn from all leads that had come, where
            `val` or `test` would not be judged otherwise.
    """
    places = np.array(splits)
    train = np.flatnonzero(places == "train")
    inner = _rolling(train, folds) if in_time else _by_lot(train, groups, folds, seed)
    found = list(inner)
    known = train
    for later in AFTER:
        rows = np.flatnonzero(places == later)
        if rows.size:
            found.append(Origin(later, known, rows))
            known = np.sort(np.concatenate([known, rows]))
    steps = _held(found)
    if not in_time or clock is None:
        return tuple(steps)
    found = [_as_known(one, clock) for one in steps]
    if won is not None:
        found = _that_learn(found, steps, won)
    return tuple(
        replace(one, parts=_parts(one, whole, groups, clock)) if one.name in _IN_PARTS else one
        for one, whole in zip(found, steps)
    )


def _held(steps: Sequence[Origin]) -> list[Origin]:
    return [one for one in steps if one.fit.size and one.judge.size]


def _as_known(step: Origin, clock: Clock) -> Origin:
    """A step without the outcomes that nobody knew when it began."""
    fit, judge = (np.sort(clock.order[rows]) for rows in (step.fit, step.judge))
    moment = _begins(fit, judge, clock.stated)
    return Origin(step.name, step.fit[~(clock.settled[step.fit] > moment)], step.judge, moment)


def _parts(step: Origin, whole: Origin, groups: Sequence[str], clock: Clock) -> tuple[Origin, ...]:
    """A step in parts of about as many leads; those of one group and those of one moment together.

    Args:
        whole: the same with all leads before it, their outcomes known or not.
    """
    if math.isinf(step.moment):
        return ()
    names = [groups[row] or f"\0{row}" for row in step.judge.tolist()]
    latest: dict[str, float] = {}
    for name, at in zip(names, clock.order[step.judge].tolist()):
        latest[name] = max(latest.get(name, at), at)
    placed = np.array([latest[name] for name in names])
    cuts = np.unique(np.quantile(placed, np.arange(1, _PARTS) / _PARTS, method="higher"))
    part = np.searchsorted(cuts, placed, side="right")
    found: list[Origin] = []
    for number in np.unique(part).tolist():
        fit = np.sort(np.concatenate([whole.fit, step.judge[part < number]]))
        judge = step.judge[part == number]
        begins = _begins(np.sort(clock.order[fit]), np.sort(clock.order[judge]), clock.stated)
        moment = max(step.moment, begins) if found else step.moment
        known = fit[~(clock.settled[fit] > moment)] if found else step.fit
        found.append(Origin(f"{step.name}, part {len(found) + 1}", known, judge, moment))
    return tuple(found) if len(found) > 1 else ()


def _begins(fit: Floats, judge: Floats, stated: bool) -> float:
    """When a step begins: the latest moment before the leads that it judges."""
    first, last = float(judge[0]), float(fit[-1])
    if first >= last:
        return first
    if not stated:
        # older leads of an account stand with its latest one: the training was no earlier than what it had
        return last
    if fit[-1 - strays(len(fit))] <= first:
        return first
    return min(last, float(judge[strays(len(judge))]))


def _that_learn(as_known: Sequence[Origin], steps: Sequence[Origin], won: Floats) -> list[Origin]:
    """Steps as they were known, but for those that would learn from too little, if one of them is not an inner fold."""
    few = [not can_learn(won[one.fit]) for one in as_known]
    if not any(lacks and one.name in LATER for lacks, one in zip(few, as_known)):
        return list(as_known)
    return [whole if lacks else one for lacks, one, whole in zip(few, as_known, steps)]


def _rolling(train: Ints, folds: int) -> list[Origin]:
    edges = np.linspace(_FIRST, 1.0, folds + 1) * len(train)
    cuts = edges.round().astype(int)
    return [
        Origin(f"fold {n + 1}", train[: cuts[n]], train[cuts[n] : cuts[n + 1]])
        for n in range(folds)
    ]


def _by_lot(train: Ints, groups: Sequence[str], folds: int, seed: int) -> list[Origin]:
    names = [groups[row] or f"\0{row}" for row in train.tolist()]
    unique = {name: n for n, name in enumerate(dict.fromkeys(names))}
    lots = np.random.default_rng(seed).permutation(len(unique)) % folds
    fold = np.array([lots[unique[name]] for name in names], dtype=np.intp)
    return [Origin(f"fold {n + 1}", train[fold != n], train[fold == n]) for n in range(folds)]
