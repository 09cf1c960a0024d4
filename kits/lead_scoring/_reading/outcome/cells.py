"""Distinct cells of a column that may tell outcomes: which mean won and lost, by words or as a person listed them.

Which column tells the outcome is `column.py`'s question.
"""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import cast

from kits.core.errors import DataError
from kits.lead_scoring._reading.columns.mapping import Tier, tier_words
from kits.lead_scoring._reading.columns.names import load_words, words_of
from kits.lead_scoring._reading.values.cells import is_missing, type_cells
from kits.lead_scoring.config import SourceConfig

MOST_VALUES = 200
"""Different cells of a column that may tell an outcome by words."""
_KEPT = 20_000
"""Cells whose words are kept: whether a table tells outcomes is asked several times."""
_TIERS: tuple[Tier, ...] = ("sure", "converted", "qualified")
ANY = "*"
"""Stated for any cell that says something: the column is filled in. Behind a word: cells that begin with it."""
_OF_ACCESS = {"-1", "0"}
"""Yes and no as Microsoft Access exports them."""
_TOO_COMMON = frozenset({"win", "loss", "lose"})
"""Words that begin other things too (`win back`)."""
_LONGEST = 120
_SHOWN = 6
_NUMBERED = re.compile(r"^(?:C\d{1,6}:|DT\d{1,6}_\d{1,6}:|[A-Z]_(?=[A-Z]))?[\d\W_]*(?=[^\W\d_])")
"""The number before a stage, or of its pipeline: Bitrix24's `C7:WON` and `DT128_5:SUCCESS`; or the letter by which it is sorted: Raynet's `F_LOST`."""
_NOTE = re.compile(r"\s*\([^()]{0,80}\)$")
"""`06 - Closed Won (Sales pipeline)` is `Closed Won`, and `Closed (won)` is."""
_MARKS = dict.fromkeys("✓✔✅☑🗸👍", "yes") | dict.fromkeys("✗✘❌✕✖❎☐👎", "no")
_AS_PICTURE = "\ufe0e\ufe0f"
"""What says behind a mark how it is drawn."""
_COMPARED = re.compile(r"(>=|<=|>|<)\s*([-+]?\d+(?:\.\d+)?)")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


@dataclass(frozen=True)
class Cells:
    """Distinct cells of a column that mean won and lost."""

    won: frozenset[str]
    lost: frozenset[str]
    sure: bool = False


def word_of(cell: str) -> str:
    """A cell's words without the number before them and the note behind; of a mark what it means."""
    # what is kept are no whole texts: cells may be letters of many pages
    return _word_of(cell.strip()[:_LONGEST])


@lru_cache(_KEPT)
def _word_of(cell: str) -> str:
    mark = _MARKS.get(cell.rstrip(_AS_PICTURE))
    return mark or words_of(_NUMBERED.sub("", _NOTE.sub("", cell)))


def known_cells(cells: Sequence[str], stated: Sequence[str] = ()) -> Counter[str]:
    """How often each cell is there that says something.

    Args:
        stated: cells that a person said mean something, though they look as if nothing were known (`-`).
    """
    said = {one.strip() for one in stated} - {""}
    return Counter({
        cell: n
        for cell, n in Counter(cells).items()
        if not is_missing(cell) or cell.strip() in said
    })  # fmt: skip


def says_more(cells: Sequence[str], most: int) -> bool:
    """Whether a column has more different cells that say something; of most columns a few of their rows tell it."""
    for rows in (cells[: 2 * most], cells):
        known = (cell for cell in dict.fromkeys(rows) if not is_missing(cell))
        if next(islice(known, most, None), None) is not None:
            return True
    return False


def cells_by_words(
    known: Counter[str], *, named: bool, stage: bool = False, tiers: Sequence[Tier] = _TIERS
) -> Cells | None:
    """The cells that mean won and lost; the surest words that are there decide what is won.

    Args:
        named: the column's name says that it is the outcome: a plain yes or no counts then.
        stage: its name says that it is a stage or status.
    """
    words = {cell: word_of(cell) for cell in known}
    won = lost = frozenset[str]()
    sure = False
    for tier in tiers if named or stage else tiers[:1]:
        wins, losses = tier_words(tier)
        begun = tier == "sure"
        told = {cell: _told_by(cell, word, wins | losses, begun) for cell, word in words.items()}
        won = won or frozenset(
            cell
            for cell, word in told.items()
            if _among(word, wins, begun) and not _is_taken_back(cell, wins)
        )
        # what was rejected is no stage, also beside what was lost
        lost |= frozenset(
            c for c, w in told.items() if _among(w, losses, begun) or _denied(w, wins)
        )
        sure = sure or (tier == "sure" and bool(won) and bool(lost))
    if won and (named or stage):
        won |= frozenset(cell for cell, word in words.items() if word in _words_for("after_won"))
    if not won and not lost and (named or stage):
        won, lost = _flags(words, named=named)
    return Cells(won, lost, sure) if won or lost else None


def says_open(word: str) -> bool:
    """Whether a word says that nothing is decided: `offen`, `pending`."""
    return word in _words_for("not_yet")


def _flags(words: Mapping[str, str], *, named: bool) -> tuple[frozenset[str], frozenset[str]]:
    """Cells that are a plain yes and a plain no, with no other among them; in a column named an outcome one may say `open`."""
    wins, losses = tier_words("flags")
    # what has signs alone (`⏳`) says nothing yet
    said = set(words.values()) - {""}
    if named and said == _OF_ACCESS:
        won, lost = (frozenset(c for c, w in words.items() if w == one) for one in ("-1", "0"))
        return won, lost
    flags = said - _words_for("not_yet") if named else said
    both = not flags.isdisjoint(wins) and not flags.isdisjoint(losses)
    # a stage that is 1 for all is the number of a stage
    if not flags <= wins | losses or not (both or (named and flags == said)):
        return frozenset(), frozenset()
    won, lost = (frozenset(c for c, w in words.items() if w in side) for side in (wins, losses))
    return won, lost


def _denied(word: str, wins: frozenset[str]) -> bool:
    """Whether a cell is a word for won that a `not` takes back: `Non accettato`."""
    no, _, rest = word.partition(" ")
    return rest in wins and no in _words_for("denied")


def _told_by(cell: str, word: str, listed: frozenset[str], begun: bool) -> str:
    """A cell's words; with the note behind them where they say nothing without it: `Closed (won)`."""
    if "(" not in cell or _among(word, listed, begun) or not _NOTE.search(cell.strip()):
        return word
    return _words(cell)


def _among(word: str, listed: frozenset[str], begun: bool) -> bool:
    """Whether a cell is a listed word, or where `begun` begins with one."""
    return not _starts(word).isdisjoint(listed) if begun else word in listed


@lru_cache(_KEPT)
def _starts(word: str) -> frozenset[str]:
    """A cell's words and what they begin with: `Lost - too expensive` is lost, but not `won't buy`. A thing may stand before
    it: `Auftrag gewonnen`."""
    parts = word.split(" ")
    starts = {" ".join(parts[:n]) for n in (1, 2) if len(parts) > n and parts[n] != "t"}
    rest = [" ".join(parts[1:])] if parts[0] in _words_for("things") else []
    return frozenset((word, *rest, *(starts - _TOO_COMMON)))


def _is_taken_back(cell: str, wins: frozenset[str]) -> bool:
    """Whether more than a listed word stands in a cell, and takes it back: `Won by competitor`, `Won (cancelled)`."""
    whole = _words(cell)
    words = set(whole.split(" "))
    pipeline = not words.isdisjoint(_words_for("pipelines"))
    return not (whole in wins or pipeline or words.isdisjoint(_words_for("taken_back")))


@cache
def _words_for(meaning: str) -> frozenset[str]:
    listed = cast("list[str]", load_words("outcomes.yaml")[meaning])
    return frozenset(words_of(word) for word in listed)


def means_filled(listed: Sequence[str]) -> bool:
    """Whether a person listed any cell that says something."""
    return any(one.strip() == ANY for one in listed)


def without_rest(won: frozenset[str], lost: frozenset[str], source: SourceConfig) -> Cells:
    """Cells of two sides of which one or both were listed by their beginnings: what is listed as it stands is meant, else it is lost."""
    if any(map(_is_open, source.lost)) and not any(map(_is_open, source.won)):
        return Cells(won, lost - won)
    return Cells(won - lost, lost) if any(map(_is_open, source.won)) else Cells(won, lost)


def begins_with(cell: str) -> tuple[str, bool] | None:
    """The known word that a cell begins with, as it stands there, and whether it means won; None where it begins with none."""
    tokens = cell.split()
    for n in (2, 1):
        start = " ".join(tokens[:n])
        for tier in ("sure", "converted"):
            wins, losses = tier_words(tier)
            if len(tokens) >= n and words_of(start) in wins | losses:
                return start.rstrip(",.;:-"), words_of(start) in wins
    return None


def compares(listed: Sequence[str]) -> bool:
    """Whether a person listed bounds of an amount (`> 0`) and nothing else."""
    return bool(listed) and all(_COMPARED.fullmatch(one.strip()) for one in listed)


def listed_cells(column: str, known: Counter[str], listed: Sequence[str]) -> frozenset[str]:
    """The cells that a person means: by their words, or by a bound of their amounts such as `> 0`.

    Raises:
        DataError: a bound of a column that holds no amounts.
    """
    bounds = [match for one in listed if (match := _COMPARED.fullmatch(one.strip()))]
    words = [one for one in listed if not _COMPARED.fullmatch(one.strip())]
    return _in_bounds(column, known, bounds) | _worded(known, words)


def amounts_of(column: str, known: Counter[str]) -> Mapping[str, float]:
    """Distinct cells that are numbers; empty where the column holds something else."""
    typed = type_cells(column, list(known))
    if typed.kind != "number":
        return {}
    return {cell: value for cell, value in zip(known, typed.values) if isinstance(value, float)}


def shown(known: Counter[str], only: Sequence[str] | frozenset[str] | None = None) -> list[str]:
    """The most frequent cells, for people."""
    listed = [cell.strip()[:40] for cell, _ in known.most_common() if only is None or cell in only]
    rest = len(listed) - _SHOWN
    return [*listed[:_SHOWN], f"{rest} more"] if rest > 1 else listed


def _in_bounds(column: str, known: Counter[str], bounds: Sequence[re.Match[str]]) -> frozenset[str]:
    if not bounds:
        return frozenset()
    amounts = amounts_of(column, known)
    if not amounts:
        raise DataError(
            f"{column!r} holds no amounts that could be {bounds[0][0]}",
            where=f"cells there: {', '.join(shown(known))}",
            fix="list the cells themselves under model.source.won and model.source.lost",
        )
    return frozenset(
        cell
        for cell, amount in amounts.items()
        if any(_COMPARE[bound[1]](amount, float(bound[2])) for bound in bounds)
    )


def _worded(known: Counter[str], listed: Sequence[str]) -> frozenset[str]:
    wanted = {_stated(word) for word in listed}
    starts = tuple(filter(None, (words_of(one.strip()[:-1]) for one in listed if _is_open(one))))
    exact = frozenset(cell for cell in known if _stated(cell) in wanted)
    if not exact and means_filled(listed):
        return frozenset(known)
    begun = (cell for cell in known if starts and _words(cell).startswith(starts))
    found = exact.union(begun)
    return found or frozenset(cell for cell in known if word_of(cell) in wanted)


def _is_open(stated: str) -> bool:
    """Whether it stands for all cells that begin so: `Absage*`."""
    return stated.strip().endswith(ANY)


def _words(cell: str) -> str:
    return words_of(cell.strip()[:_LONGEST])


def _stated(cell: str) -> str:
    """What a stated cell is compared by: its words, or its signs where it has no words (`-`)."""
    return words_of(cell) or cell.strip()


def unmet(known: Counter[str], listed: Sequence[str]) -> tuple[str, ...]:
    """What a person listed and no cell is; bounds of amounts are no cells."""
    words = (one for one in listed if not _COMPARED.fullmatch(one.strip()))
    return tuple(one for one in words if not _worded(known, [one]))
