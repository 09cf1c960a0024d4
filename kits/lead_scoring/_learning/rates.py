"""What became of leads by the values of each column: the shares that reasons state. Counts only, never smoothed.

It decides what kind a column is for reasons and where its numbers are cut, and takes the words from `words.py`. What a
column weighs in a score is the model's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._lead import Value
from kits.lead_scoring._learning.words import ColumnWords, Words, words_of
from kits.lead_scoring._reasons.spec import Bin, ColumnReasons, Kind, ReasonsSpec, Tally
from kits.lead_scoring._reasons.values import (
    choice_of,
    days_before,
    is_missing,
    key_of,
    keys_of,
    moment_of,
    number_of,
    yes_or_no,
)
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]

BINS = 5
"""Bins of a number, of as many leads each as its values allow."""
MOST_CHOICES = 200
LEAST_CHOICE = 5
"""A choice of fewer leads is counted with the rare ones: a bundle names nobody."""
_MOSTLY = 0.95
"""Share of a column's values that must be numbers or days for it to be one."""
_SINGLE = 6
"""Numbers that are so few are a bin each."""
_FREE_TEXT = 0.5
"""Above this share of different values a column is free text: only whether there is one is told."""
_LEAST_FREE = 50
_JOINED = 0.1
"""Share of a column's values that must hold several choices for it to be one of such."""
_DIGITS = (1, 2, 3, 4)


def learn_rates(
    table: LeadTable, columns: Sequence[str], config: Config, *, unnamed: Collection[str] = ()
) -> ReasonsSpec:
    """The reasons' part of a bundle, from decided leads.

    Args:
        table: what the shipped model learned from; leads whose outcome is open are passed over.
        columns: those the model looks at.
        unnamed: columns that are never named beside those the configuration forbids: protected ones and their proxies.

    Raises:
        ConfigError: the firm's file of phrases is absent or wrong, or there is no such language.
    """
    words = words_of(config)
    decided = table.decided
    barred = {
        *unnamed,
        *config.columns.protected,
        *config.columns.exclude,
        config.columns.opt_out,
    }
    spoken = [name for name in columns if name not in barred]
    return ReasonsSpec(
        base=Tally(n=len(decided), won=int(decided.won.sum())),
        columns={name: _column(decided, name, config, words) for name in spoken},
        wording=words.wording,
    )


def _column(table: LeadTable, name: str, config: Config, words: Words) -> ColumnReasons:
    values = table.column(name)
    won = table.won
    there = np.array([not is_missing(value) for value in values], dtype=bool)
    known = [value for value, given in zip(values, there) if given]
    kind = kind_of(name, known, config)
    said = words.of(name)
    made = ColumnReasons(
        kind=kind,
        label=said.label,
        given=_tally(won[there]),
        missing=_tally(won[~there]),
        names={key_of(choice): name for choice, name in said.values.items()},
        templates=said.templates,
        unit=said.unit,
        divide_by=said.divide_by,
        actionable=said.actionable or name in config.columns.actionable,
    )
    if kind == "choice":
        return made.model_copy(update=_choices(known, won[there]))
    if kind == "many":
        return made.model_copy(update=_several(known, won[there]))
    if kind == "given":
        return made
    numbers = np.array(
        [_number(table, row, value, kind) for row, value in enumerate(values) if there[row]]
    )
    kept = np.isfinite(numbers)
    return made.model_copy(update=_bins(numbers[kept], won[there][kept], said))


def kind_of(name: str, known: Sequence[Value], config: Config) -> Kind:
    """What a column is to a reader, by a person's word, else by the values that are there."""
    if not known or name in config.columns.categorical:
        return "choice"
    return "number" if name in config.columns.numeric else _kind_by_values(known)


def _kind_by_values(known: Sequence[Value]) -> Kind:
    choices = {key_of(value) for value in known}
    if all(yes_or_no(choice) for choice in choices):
        return "choice"
    count = len(known)
    if sum(number_of(value) is not None for value in known) >= _MOSTLY * count:
        return "number"
    if sum(moment_of(value) is not None for value in known) >= _MOSTLY * count:
        return "days"
    if sum(isinstance(value, str) and ";" in value for value in known) >= _JOINED * count:
        return "many"
    return "given" if count >= _LEAST_FREE and len(choices) > _FREE_TEXT * count else "choice"


def _number(table: LeadTable, row: int, value: Value, kind: Kind) -> float:
    found = days_before(value, table.leads[row].at) if kind == "days" else number_of(value)
    return float("nan") if found is None else found


def _tally(won: Floats) -> Tally:
    return Tally(n=len(won), won=int(won.sum()))


def _choices(known: Sequence[Value], won: Floats) -> dict[str, object]:
    names = [key_of(value) for value in known]
    spellings = Counter((name, choice_of(value)) for name, value in zip(names, known))
    usual = {name: spelling for (name, spelling), _ in reversed(spellings.most_common())}
    counts = Counter(names)
    bought = Counter(name for name, outcome in zip(names, won) if outcome)
    listed = [name for name, n in counts.most_common(MOST_CHOICES) if n >= LEAST_CHOICE]
    rest = len(names) - sum(counts[name] for name in listed)
    rest_won = int(won.sum()) - sum(bought[name] for name in listed)
    return {
        "choices": {name: Tally(n=counts[name], won=bought[name]) for name in listed},
        "spelt": {name: usual[name] for name in listed if usual[name] != name},
        "rest": Tally(n=rest, won=rest_won),
        "flag": bool(listed) and all(yes_or_no(name) for name in counts),
    }


def _several(known: Sequence[Value], won: Floats) -> dict[str, object]:
    """As `_choices`, of leads that have several at once: each counts for all of its own."""
    parts = [keys_of(value) for value in known]
    counts = Counter(part for own in parts for part in own)
    bought = Counter(part for own, outcome in zip(parts, won) if outcome for part in own)
    listed = [part for part, n in counts.most_common(MOST_CHOICES) if n >= LEAST_CHOICE]
    kept = set(listed)
    other = np.array([not own & kept for own in parts], dtype=bool)
    spellings = {
        key_of(part): part.strip()
        for value in known
        for part in (value.split(";") if isinstance(value, str) else ())
    }
    return {
        "choices": {part: Tally(n=counts[part], won=bought[part]) for part in listed},
        "rest": _tally(won[other]),
        "spelt": {part: spellings[part] for part in listed if spellings.get(part, part) != part},
    }


def _bins(numbers: Floats, won: Floats, said: ColumnWords) -> dict[str, object]:
    if not len(numbers):
        return {}
    cuts = _cuts(numbers / said.divide_by) * said.divide_by
    places = np.searchsorted(cuts, numbers, side="left")
    bins = []
    for place in range(len(cuts) + 1):
        mine = places == place
        within = np.unique(numbers[mine])
        tally = _tally(won[mine])
        only = float(within[0]) if len(within) == 1 else None
        bins.append(Bin(n=tally.n, won=tally.won, only=only))
    return {"cuts": tuple(float(cut) for cut in cuts), "bins": tuple(bins)}


def _cuts(numbers: Floats) -> Floats:
    """Upper ends of bins: quantiles, rounded as far as they stay apart, so that a person can say them."""
    different = np.unique(numbers)
    if len(different) <= _SINGLE:
        singles: Floats = different[:-1]
        return singles
    steps = np.arange(1, BINS) / BINS
    quantiles = np.unique(np.quantile(numbers, steps, method="lower"))
    exact: Floats = quantiles[quantiles < different[-1]]
    if not len(exact):
        return _around_most(numbers, different)
    for digits in _DIGITS:
        cuts = np.array(sorted({_rounded(float(cut), digits) for cut in exact}), dtype=np.float64)
        if len(cuts) == len(exact) and _populated(numbers, cuts):
            return cuts
    return exact


def _around_most(numbers: Floats, different: Floats) -> Floats:
    """Cuts of a column that is nearly always one number: below it, it, and above it."""
    values, counts = np.unique(numbers, return_counts=True)
    most = values[counts.argmax()]
    below = different[different < most]
    cuts = [*below[-1:], *([most] if most < different[-1] else [])]
    return np.array(cuts, dtype=np.float64)


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _populated(numbers: Floats, cuts: Floats) -> bool:
    """Whether rounding left no bin nearly empty."""
    counts = np.bincount(np.searchsorted(cuts, numbers, side="left"), minlength=len(cuts) + 1)
    return bool(counts.min() >= len(numbers) / BINS / 4)
