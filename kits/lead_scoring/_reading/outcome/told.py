"""Columns that a person is asked about where no known word tells what became of the leads."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kits.core.column_names import plain, squeezed
from kits.lead_scoring._reading.columns.mapping import tier_words
from kits.lead_scoring._reading.columns.names import names_for, phrases_for, rank, speaks_of
from kits.lead_scoring._reading.outcome.cells import (
    amounts_of,
    begins_with,
    cells_by_words,
    known_cells,
    says_more,
    shown,
    word_of,
)
from kits.lead_scoring._reading.tables.sheets import Sheet

_FEW_VALUES = 12
_PAIR = 2
_SOME, _NOT_ALL = 0.005, 0.8
"""Leads with an amount that may be those that were won."""
_STAGE, _SAID, _STATE, _FLAG, _TWO, _REST = range(6)
"""Kinds of columns in the order in which they are asked about."""
_CHANCE = re.compile(r" *\d{1,3}(?:[.,]\d{1,4})? *%? *")
_CHANCES = 30
_WEAK = {"class", "label"}
"""Names of an outcome in data sets for learning, and of other things anywhere else."""
_SIGNED = {"1", "-1"}
"""Yes and no in data sets for learning."""
_SPOKEN, _SHOWN = 0.1, 6
"""Share of cells that begin with a known word, where these may tell outcomes."""


@dataclass(frozen=True)
class Likely:
    """A column that is called like an outcome, though no cell of it is a known word.

    Attributes:
        told: its name and its most frequent cells.
        won: what a person could state for it.
    """

    column: str
    told: str
    won: str


def outcome_by_name(sheet: Sheet) -> list[Likely]:
    """Columns of few values, or of amounts, that are called like an outcome; the likeliest first. A `Class` is one of many things,
    where a stage beside it says how some ended."""
    ended = any(kind == _STAGE for kind, _, _, _ in _candidates(sheet, ()))
    named = [
        (place, name) for name in sheet.columns if (place := rank(name, "outcome")) is not None
    ]
    found: list[Likely] = []
    for _, name in sorted(named):
        if ended and squeezed(name) in _WEAK:
            continue
        known = known_cells(sheet.cells[name])
        amounts = len(known) > _FEW_VALUES and amounts_of(name, known)
        if amounts or 1 <= len(known) <= _FEW_VALUES:
            told = f"{name}: {', '.join(shown(known))}"
            found.append(Likely(name, told, '["> 0"]' if amounts else "[…]"))
    return found


def spoken_ends(sheet: Sheet) -> list[Likely]:
    """Columns called like a stage or an outcome whose many cells are sentences, of which some begin with a word for won, others with
    one for lost: `Auftrag erteilt am 3.4.`, `Absage per Mail`."""
    found: list[Likely] = []
    for name in sheet.columns:
        if rank(name, "stage") is None and rank(name, "outcome") is None:
            continue
        known = known_cells(sheet.cells[name])
        if len(known) <= _FEW_VALUES:
            continue
        sides = Counter[str](), Counter[str]()
        for cell, n in known.items():
            said = begins_with(cell)
            if said is not None:
                sides[not said[1]][f"{said[0]}*"] += n
        told = sides[0].total() + sides[1].total()
        if all(sides) and told >= _SPOKEN * sum(known.values()):
            won, lost = (_listed([word for word, _ in one.most_common(_SHOWN)]) for one in sides)
            line = f"{won}, model.source.lost: {lost}"
            found.append(Likely(name, f"{name}: {', '.join(shown(known))}", line))
    return found


def chances_of_all(sheet: Sheet) -> list[Likely]:
    """Columns called like a chance that is 0 for some leads, 100 for some, and little else: perhaps these have ended."""
    found: list[Likely] = []
    for name in sheet.columns:
        if set(phrases_for("chance_words")).isdisjoint(plain(name).split("_")):
            continue
        known = known_cells(sheet.cells[name])
        if not 2 < len(known) <= _CHANCES or not all(map(_CHANCE.fullmatch, known)):
            continue
        chances = {cell: float(cell.strip(" %").replace(",", ".")) for cell in known}
        whole = 100.0 if max(chances.values()) > 1 else 1.0
        won, lost = (
            [cell.strip() for cell, one in chances.items() if one == end] for end in (whole, 0.0)
        )
        if won and lost and max(chances.values()) == whole:
            line = f"{_listed(won)}, model.source.lost: {_listed(lost)}"
            found.append(Likely(name, f"{name}: {', '.join(shown(known))}", line))
    return found


def _listed(words: Sequence[str]) -> str:
    return f"[{', '.join(json.dumps(word, ensure_ascii=False) for word in words)}]"


def amounts_of_some(sheet: Sheet) -> list[Likely]:
    """Columns called like an amount (`deal_value`) that have one for some leads, and nothing or nought for the others: perhaps
    for those that were won."""
    found: list[Likely] = []
    for name in sheet.columns:
        words = plain(name).split("_")
        money = not set(phrases_for("money_words")).isdisjoint(words)
        if not money and {squeezed(name), words[-1]}.isdisjoint(names_for("amount")):
            continue
        known = known_cells(sheet.cells[name])
        if _flags_alone(known) or (not money and len(known) <= _FEW_VALUES):
            continue
        leads = sum(known[cell] for cell, amount in amounts_of(name, known).items() if amount)
        if _SOME * len(sheet) <= leads <= _NOT_ALL * len(sheet):
            told = f"{name}: an amount for {leads} of {len(sheet)} leads"
            found.append(Likely(name, told, '["> 0"]'))
    return found


def likeliest_of_all(sheet: Sheet, personal: Collection[str] = ()) -> list[Likely]:
    """The column that a person is asked about first, where its name or a plain yes and no speaks for it; after it those of which
    nothing else is known than of it."""
    won, _ = tier_words("flags")
    found: list[Likely] = []
    for kind, _, name, known in _candidates(sheet, personal):
        said = [cell for cell in known if word_of(cell) in won] if _flags_alone(known) else []
        line = "[…], model.source.lost: […]"
        if len(said) == 1:
            # a yes alone would leave it open what a no says
            others = [cell for cell in known if cell not in said]
            line = _listed(said) + (f", model.source.lost: {_listed(others)}" if others else "")
        if {cell.strip() for cell in known} == _SIGNED:
            line = f"{_listed(['1'])}, model.source.lost: {_listed(['-1'])}"
        if kind <= _STATE or (kind == _FLAG and len(said) == 1):
            found.append(Likely(name, f"{name}: {', '.join(shown(known))}", line))
        elif kind == _TWO and not found and _has_word_of_a_stage(name):
            return [Likely(name, f"{name}: {', '.join(shown(known))}", line)]
        if kind <= _SAID:
            break
    return found


def ends_of_all(sheet: Sheet) -> list[str]:
    """Columns that say one of two things of every lead, and are called like an outcome or an end."""
    return [name for kind, _, name, _ in _candidates(sheet, ()) if kind == _SAID]


def says_one_of_two(sheet: Sheet, name: str) -> bool:
    """Whether a column says one of two things of every row, and is called like an outcome or an end, or says yes or no."""
    return any(kind in (_SAID, _FLAG) and one == name for kind, _, one, _ in _candidates(sheet, ()))


def worded_ends(sheet: Sheet, personal: Collection[str] = ()) -> list[Likely]:
    """Columns of few values, whatever they are called, of which some are words for a won end, and others for a lost one: `successful`,
    `failed`."""
    found: list[Likely] = []
    for _, _, name, known in _candidates(sheet, personal):
        chosen = cells_by_words(known, named=False, stage=True)
        if chosen is None or not (chosen.won and chosen.lost) or _flags_alone(known):
            continue
        won, lost = (_listed(shown(known, side)) for side in (chosen.won, chosen.lost))
        told = f"{name}: {', '.join(shown(known))}"
        found.append(Likely(name, told, f"{won}, model.source.lost: {lost}"))
    return found


def _flags_alone(known: Counter[str]) -> bool:
    """Whether all cells are a plain yes or no."""
    return set().union(*tier_words("flags")).issuperset(map(word_of, known))


def candidates_told(
    sheet: Sheet, personal: Collection[str] = (), *, full: bool = False
) -> list[str]:
    """Columns of few values, for a person who must say which of them is the outcome; a mark or nothing is two.

    Those that are called like a stage come first, then those that say one of two things of every lead: with a word of an outcome or
    an end in their names before others, yes or no before other words, and the last of each, as tables that were made for learning
    end with it.

    Args:
        personal: columns that name persons, which are none.
        full: only those that say one of two things of every lead.
    """
    return [
        f"{name}: {', '.join(shown(known))}"
        for kind, _, name, known in _candidates(sheet, personal)
        if not full or kind in (_SAID, _FLAG, _TWO)
    ][:_FEW_VALUES]


def _candidates(
    sheet: Sheet, personal: Collection[str]
) -> list[tuple[int, int, str, Counter[str]]]:
    """Kind, place within it, name and cells of each; the likeliest first."""
    found: list[tuple[int, int, str, Counter[str]]] = []
    for number, name in enumerate(sheet.columns):
        cells = sheet.cells[name]
        if says_more(cells, _FEW_VALUES):
            continue
        known = known_cells(cells)
        gaps = sum(known.values()) < len(cells)
        if not known or not 2 <= len(known) + gaps <= _FEW_VALUES or name in personal:
            continue
        words = set(plain(name).split("_"))
        # `TARGET_B` is called like an outcome, though not as one is; `previous_cancellations` is called like an earlier one
        ends = speaks_of(name, "end_words") and words.isdisjoint(names_for("earlier_words"))
        named = words.isdisjoint(names_for("no_outcome_words"))
        said = ends or (named and not words.isdisjoint(names_for("outcome")))
        # leads to score lack what became of the others
        pair = len(known) == _PAIR and not (gaps and not ends)
        flag = pair and _flags_alone(known)
        stage = _is_stage(name, known)
        kind = _FLAG if flag else _TWO if pair else _REST
        if kind == _REST and _has_word_of_a_stage(name) and not _coded(known):
            kind = _STATE
        if stage and not flag:
            kind = _STAGE
        elif (flag and (said or stage)) or (pair and ends):
            kind = _SAID
        place = -number if pair else number
        first = said or _has_word_of_a_stage(name)
        found.append((kind, place - len(sheet.columns) * first, name, known))
    return sorted(found, key=lambda one: one[:3])


def _is_stage(name: str, known: Counter[str]) -> bool:
    """Whether a column is called like a stage, or has such a word in its name, and cells that are ends (`Canceled`); codes of a
    program (1, 2) are none."""
    if _coded(known) and not _flags_alone(known):
        return False
    if rank(name, "stage") is not None:
        return True
    return _has_word_of_a_stage(name) and cells_by_words(known, named=False, stage=True) is not None


def _coded(known: Counter[str]) -> bool:
    """Whether all cells are numbers of a program."""
    return all(cell.strip().isdecimal() for cell in known)


def _has_word_of_a_stage(name: str) -> bool:
    """`reservation_status` has, and `Gesamtstatus`."""
    words = plain(name).split("_")
    if any(word.startswith(phrases_for("state_of_persons")) for word in words):
        return False
    return any(word.endswith("status") or word in phrases_for("stage_words") for word in words)
