"""What became of leads by the values of each column: the shares that reasons state. Counts only, never smoothed.

It decides what kind a column is for reasons and where its numbers are cut, and takes the words from `words.py`. What a
column weighs in a score is the model's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.cells import Joints
from kits.lead_scoring._features.spec import EncoderSpec, Week, words_of_choices, words_of_texts
from kits.lead_scoring._features.week import WEEK, hours_of, told_of
from kits.lead_scoring._learning.counted import Counted, count, kind_of, numbers_of
from kits.lead_scoring._learning.frequent import FREQUENT
from kits.lead_scoring._learning.sheet import Bags, Ints, Sheet
from kits.lead_scoring._learning.words import ColumnWords, words_of
from kits.lead_scoring._models.season import SEASON, month_of, peak_of, quarter_of
from kits.lead_scoring._models.spec import SeasonSpec
from kits.lead_scoring._models.still_open import STILL_OPEN
from kits.lead_scoring._reasons.spec import Bin, ColumnReasons, ReasonsSpec, Tally
from kits.lead_scoring._reasons.values import (
    choice_of,
    key_of,
    keys_of,
    spellings_of,
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
_SINGLE = 6
"""Numbers that are so few are a bin each."""
_DIGITS = (1, 2, 3, 4)
_DAY_S = 86_400.0


def learn_rates(
    table: LeadTable,
    columns: Sequence[str],
    config: Config,
    *,
    unnamed: Collection[str] = (),
    sheet: Sheet | None = None,
    season: SeasonSpec | None = None,
    open_at: Mapping[float, Tally] | None = None,
    encoder: EncoderSpec | None = None,
) -> ReasonsSpec:
    """The reasons' part of a bundle, from decided leads.

    Args:
        table: what the shipped model learned from; leads whose outcome is open are passed over.
        columns: those the model looks at.
        unnamed: columns that are never named beside those the configuration forbids: protected ones and their proxies.
        sheet: the decided leads by column, where that was made before.
        season: what the model adds for the time of year.
        open_at: age in days → leads still open then, from 0 on; None: the model adds nothing for it.
        encoder: what the model makes of leads: words of choices, the time of the week; None: neither.

    Raises:
        ConfigError: the firm's file of phrases is absent or wrong, or there is no such language.
    """
    words = words_of(config)
    decided = table.decided
    barred = {
        *unnamed,
        *config.columns.protected,
        *config.columns.exclude,
        *config.columns.opt_out,
    }
    there = frozenset(table.names)
    spoken = [name for name in columns if name not in barred]
    by_column = sheet or Sheet(decided.leads)
    known = {
        name: _column(by_column, decided.won, name, config, words.of(name, there))
        for name in spoken
    }
    if encoder is not None:
        known |= _with_words(known, by_column, decided.won, encoder)
    if encoder is not None and encoder.week is not None:
        said = words.of(WEEK, there)
        known[WEEK] = _of_week(by_column.came, decided.won, encoder.week, said)
    if season is not None:
        said = words.of(SEASON, there)
        known[SEASON] = _of_year(by_column.at, decided.won, season, said)
    if open_at is not None:
        known[STILL_OPEN] = _of_age(open_at, words.of(STILL_OPEN, there))
    return ReasonsSpec(
        base=Tally(n=len(decided), won=int(decided.won.sum())),
        columns=known,
        wording=words.wording,
    )


def _of_year(at: Floats, won: Floats, season: SeasonSpec, said: ColumnWords) -> ColumnReasons:
    """What became of leads by the quarter in which they came, of which one has the best month in its middle."""
    peak, dated = peak_of(season.cosine, season.sine), np.isfinite(at)
    months = np.array([month_of(moment) for moment in at[dated]])
    found: dict[str, Tally] = {}
    for month in range(1, 13):
        mine = np.isin(months, quarter_of(month, peak))
        found[str(month)] = Tally(n=int(mine.sum()), won=int(won[dated][mine].sum()))
    given = Tally(n=int(dated.sum()), won=int(won[dated].sum()))
    missing = Tally(n=int((~dated).sum()), won=int(won[~dated].sum()))
    return ColumnReasons(
        kind="season",
        label=said.label,
        choices=found,
        given=given,
        missing=missing,
        templates=said.templates,
        peak=peak,
    )


def _of_week(came: Floats, won: Floats, week: Week, said: ColumnWords) -> ColumnReasons:
    """What became of leads by the day on which they came, or by hours of working days and of weekends."""
    dated = np.isfinite(came)
    told = [told_of(hour, hours=week.hours) for hour in hours_of(came[dated], week.zone).tolist()]
    counts, bought = Counter(told), Counter[str]()
    for name, one in zip(told, won[dated].tolist()):
        bought[name] += int(one)
    given = Tally(n=int(dated.sum()), won=int(won[dated].sum()))
    return ColumnReasons(
        kind="week",
        label=said.label,
        choices={name: Tally(n=counts[name], won=bought[name]) for name in sorted(counts)},
        given=given,
        missing=Tally(n=len(won) - given.n, won=int(won.sum()) - given.won),
        templates=said.templates,
        hours=week.hours,
        zone=week.zone,
    )


def _of_age(open_at: Mapping[float, Tally], said: ColumnWords) -> ColumnReasons:
    """What became of leads that were still open at an age."""
    ages, bins = tuple(open_at), tuple(Bin(n=one.n, won=one.won) for one in open_at.values())
    return ColumnReasons(
        kind="open",
        label=said.label,
        cuts=ages[1:],
        bins=bins,
        given=Tally(n=bins[0].n, won=bins[0].won),
        templates=said.templates,
    )


def _column(
    sheet: Sheet, won: Floats, name: str, config: Config, said: ColumnWords
) -> ColumnReasons:
    known = count(sheet, name, won)
    kind = kind_of(sheet, name, known, config)
    given = known.tally()
    made = ColumnReasons(
        kind=kind,
        label=said.label,
        given=given,
        missing=Tally(n=len(won) - given.n, won=int(won.sum()) - given.won),
        names={key_of(choice): name for choice, name in said.values.items()},
        templates=said.templates,
        unit=said.unit,
        divide_by=said.divide_by,
        actionable=said.actionable or name in config.columns.actionable,
    )
    if kind == "choice":
        return made.model_copy(update=_choices(known))
    if kind == "many":
        return made.model_copy(update=_several(known, sheet.joints(name)))
    if kind == "given":
        return made
    held = sheet.column(name)[1]
    if kind == "days":
        numbers = (sheet.at - sheet.moments(name)[held]) / _DAY_S
    else:
        numbers = numbers_of(sheet, name)[held]
    kept = np.isfinite(numbers)
    return made.model_copy(update=_bins(numbers[kept], won[kept], said, parted=kind == "days"))


def _choices(known: Counted) -> dict[str, object]:
    spellings: Counter[tuple[str, str]] = Counter()
    counts: Counter[str] = Counter()
    bought: Counter[str] = Counter()
    for value, n, won in zip(known.values, known.n.tolist(), known.won.tolist()):
        name = key_of(value)
        spellings[name, choice_of(value)] += n
        counts[name] += n
        bought[name] += won
    usual = {name: spelling for (name, spelling), _ in reversed(spellings.most_common())}
    listed = [name for name, n in counts.most_common(MOST_CHOICES) if n >= LEAST_CHOICE]
    whole = known.tally()
    rest = whole.n - sum(counts[name] for name in listed)
    rest_won = whole.won - sum(bought[name] for name in listed)
    return {
        "choices": {name: Tally(n=counts[name], won=bought[name]) for name in listed},
        "spelt": {name: usual[name] for name in listed if usual[name] != name},
        "rest": Tally(n=rest, won=rest_won),
        "flag": bool(listed) and all(yes_or_no(name) for name in counts),
    }


def _with_words(
    known: Mapping[str, ColumnReasons], sheet: Sheet, won: Floats, encoder: EncoderSpec
) -> dict[str, ColumnReasons]:
    """Columns of choices and of texts with what became of leads by the words that the model looks at."""
    told = {
        name: (sheet.bags(name, "parts"), own) for name, own in words_of_choices(encoder).items()
    }
    told |= {name: (sheet.bags(name, "text"), own) for name, own in words_of_texts(encoder).items()}
    found = {}
    for name, (bags, own) in told.items():
        if name in known and known[name].kind in ("choice", "given"):
            held = sheet.column(name)[1]
            tallies = _words(bags, held, won, own)
            found[name] = known[name].model_copy(update={"words": tallies})
    return found


def _words(bags: Bags, held: Ints, won: Floats, said: Collection[str]) -> dict[str, Tally]:
    """What became of leads by words. `held`: (rows,) the cell of each."""
    n = np.bincount(held, minlength=len(bags.sizes))[bags.owner]
    bought = np.bincount(held, won, len(bags.sizes))[bags.owner]
    leads = np.bincount(bags.word, n, len(bags.words))
    wins = np.bincount(bags.word, bought, len(bags.words))
    place = {word: number for number, word in enumerate(bags.words)}
    found = {word: place[word] for word in sorted(said) if word in place}
    tallies = {word: Tally(n=round(leads[n]), won=round(wins[n])) for word, n in found.items()}
    return {word: one for word, one in tallies.items() if one.n >= FREQUENT}


def _several(known: Counted, joints: Joints) -> dict[str, object]:
    """As `_choices`, of leads that have several at once: each counts for all of its own."""
    parts = [keys_of(value, joints) for value in known.values]
    counts: Counter[str] = Counter()
    bought: Counter[str] = Counter()
    for own, n, won in zip(parts, known.n.tolist(), known.won.tolist()):
        for part in sorted(own):  # a set has another order in each process
            counts[part] += n
            bought[part] += won
    listed = [part for part, n in counts.most_common(MOST_CHOICES) if n >= LEAST_CHOICE]
    kept = set(listed)
    other = np.array([not own & kept for own in parts], dtype=bool)
    spellings = {
        key_of(part): part for value in known.values for part in spellings_of(value, joints)
    }
    return {
        "choices": {part: Tally(n=counts[part], won=bought[part]) for part in listed},
        "rest": known.tally(other),
        "commas": joints == ",",
        "slashes": joints == "/",
        "spelt": {part: spellings[part] for part in listed if spellings.get(part, part) != part},
    }


def _bins(
    numbers: Floats, won: Floats, said: ColumnWords, *, parted: bool = False
) -> dict[str, object]:
    """Leads by their numbers. `parted`: what lies ahead is counted apart from what is over, where many have either."""
    if not len(numbers):
        return {}
    # a moment may lie minutes before the decision: people speak of days
    told = np.ceil(numbers) if parted else numbers
    cuts = _cuts(told / said.divide_by) * said.divide_by
    if parted and len(cuts) and numbers.min() < 0 < numbers.max():
        apart = np.unique(np.where(np.arange(len(cuts)) == np.abs(cuts).argmin(), 0.0, cuts))
        cuts = apart if _populated(numbers, apart) else cuts
    places = np.searchsorted(cuts, numbers, side="left")
    bins = []
    for place in range(len(cuts) + 1):
        mine = places == place
        within = np.unique(numbers[mine])
        only = float(within[0]) if len(within) == 1 else None
        bins.append(Bin(n=int(mine.sum()), won=int(won[mine].sum()), only=only))
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
