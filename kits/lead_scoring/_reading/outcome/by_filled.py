"""What became of a lead, said by one column that those have who were won, and nobody else.

Or a date and a word for no stand in one column. A date of the sale in a list that says nothing of the others (`Auftragsdatum`, `upgraded_at`) is taken, and told. Numbers that only
customers have, and plans of which one costs nothing, are asked about: they may have been there before the lead came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kits.core.column_names import plain
from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.mapping import tier_words
from kits.lead_scoring._reading.columns.names import phrases_for, rank
from kits.lead_scoring._reading.columns.role_times import seconds_of
from kits.lead_scoring._reading.outcome.cells import ANY, known_cells, says_more, shown, word_of
from kits.lead_scoring._reading.outcome.found import AGREE, Outcome
from kits.lead_scoring._reading.outcome.told import Likely, amounts_of_some, outcome_by_name
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import ranked_in
from kits.lead_scoring._reading.values.cells import is_missing, type_cells
from kits.lead_scoring._reading.values.dates import read_dates

_SOME, _NOT_ALL, _LEAST = 0.005, 0.8, 5
"""Leads that have what only customers have: their share, and how many at least."""
_FULL = 0.98
_DAY = 86_400.0
_PLANS = 12
_NO_SALE = frozenset({
    "last", "next", "birth", "born", "modified", "updated", "update", "change", "changed", "due", "expected", "deadline", "expiry",
    "expires", "renewal", "follow", "planned", "letzte", "letzter", "naechste", "geburt", "geaendert", "lost", "verloren", "perdu",
})  # fmt: skip
"""Words of dates that are no sale's."""
_LEAST_SURE = 4


def by_filled(sheet: Sheet, learned: Sequence[str] = ()) -> Outcome | None:
    """What became of the leads by a date of the sale, or by one beside words that mean lost; None where there is none, or it may be
    of something earlier, or where another column is called like an outcome.

    Args:
        learned: columns that told it to a bundle: of few leads too, and no other is asked where they are there.
    """
    known = [name for name in learned if name in sheet.cells]
    beside = _by_cells_beside(sheet, known)
    if beside is not None or (outcome_by_name(sheet) and not known):
        return beside
    dates = known or ranked_in(sheet, sheet.columns, "sold_at")
    dates = [name for name in dates if _is_a_sale(sheet, name, met=bool(known))]
    if not dates:
        return None
    first = dates[0]
    filled = [at is not None for at in seconds_of(sheet, first)]
    others = [
        name for name in _of_customers(sheet) if name != first and _within(sheet, name, filled)
    ]
    line = f'{{outcome: {first}, won: ["{ANY}"]}}'
    told = Finding(
        "assumed", "warn",
        f"{sum(filled)} of {len(sheet)} leads have a date in {first} and were taken for won: no column tells what became of the others",
        fix=f"state it in kit.yaml: model.source: {line}; if another column tells it, name that one: model.source.outcome",
    )  # fmt: skip
    return Outcome(
        (first, *others),
        tuple(True if one else None for one in filled),
        f"{first} (won: filled in)",
        all_lost=True,
        kind=_LEAST_SURE,
        assumed=told,
    )


def _by_cells_beside(sheet: Sheet, known: Sequence[str]) -> Outcome | None:
    """By a column in which those who were won have a date or an amount, and those who were lost a word: `12.3.2025`, `nein`."""
    no = tier_words("flags")[1] | tier_words("sure")[1] | tier_words("converted")[1]
    meanings = ("won_mark", "sold_at", "outcome", "of_customers")
    named = known or [n for one in meanings for n in ranked_in(sheet, sheet.columns, one)]
    least = 1 if known else _LEAST
    for name in dict.fromkeys(named):
        cells = known_cells(sheet.cells[name])
        lost = {cell for cell in cells if word_of(cell) in no and not cell.strip().isdigit()}
        rest = [cell for cell in cells if cell not in lost]
        leads = sum(cells[cell] for cell in lost), sum(cells[cell] for cell in rest)
        if min(leads) < least or not _dates_or_amounts(sheet, name, rest):
            continue
        won = frozenset(rest)
        told = tuple(True if c in won else False if c in lost else None for c in sheet.cells[name])
        words = ", ".join(shown(cells, frozenset(lost)))
        said = f"{name} (won: a date or an amount; lost: {words})"
        return Outcome((name,), told, said, kind=_LEAST_SURE)
    return None


def _dates_or_amounts(sheet: Sheet, name: str, cells: Sequence[str]) -> bool:
    """Whether cells are nothing but dates, or amounts above nought."""
    dates = read_dates(name, cells, sheet.dates)
    if dates is not None:
        return all(one is not None for one in dates.seconds)
    amounts = type_cells(name, cells)
    numbers = [one for one in amounts.values if isinstance(one, float)]
    return amounts.kind == "number" and len(numbers) == len(cells) and min(numbers) > 0


def is_date_of_a_sale(sheet: Sheet, name: str) -> bool:
    """Whether a column that a person named tells by a date who was won: some have one, and its name says no other end."""
    ends = any(rank(name, meaning) is not None for meaning in ("closed_at", "lost_mark"))
    dated = sheet.typed(name).kind == "date" and not sheet.typed(name).odd
    return dated and not ends and is_filled_for_some(sheet, name)


def is_filled_for_some(sheet: Sheet, name: str) -> bool:
    """Whether some leads have something in a column, and others nothing."""
    filled = sum(_filled(sheet.cells[name]))
    return filled >= _LEAST and _SOME * len(sheet) <= filled <= _NOT_ALL * len(sheet)


def filled_for_some(sheet: Sheet) -> Iterator[Likely]:
    """Columns called like what only customers have, that some leads have: perhaps those that were won."""
    for name in _of_customers(sheet):
        if is_filled_for_some(sheet, name):
            told = f"{name}: filled in for {sum(_filled(sheet.cells[name]))} of {len(sheet)} leads"
            yield Likely(name, told, f'["{ANY}"]')


def dates_of_some(sheet: Sheet) -> Iterator[Likely]:
    """Columns of dates that some leads have, none of them from before the lead came: perhaps those that were won."""
    for name in sheet.columns:
        if _NO_SALE.isdisjoint(plain(name).split("_")) and _is_a_sale(sheet, name, met=False):
            dated = sum(at is not None for at in seconds_of(sheet, name))
            told = f"{name}: a date for {dated} of {len(sheet)} leads, none of them before the lead came"
            yield Likely(name, told, f'["{ANY}"]')


def may_tell(sheet: Sheet) -> bool:
    """Whether something that only customers have may tell what became of a table's rows."""
    found = (
        by_filled(sheet), *filled_for_some(sheet), *dates_of_some(sheet), *amounts_of_some(sheet), *plans_of_some(sheet),
    )  # fmt: skip
    return any(one is not None for one in found)


def plans_of_some(sheet: Sheet) -> Iterator[Likely]:
    """Columns called like a plan of which one costs nothing: perhaps the others were won."""
    free = set(phrases_for("free_words"))
    for name in ranked_in(sheet, sheet.columns, "plan"):
        if says_more(sheet.cells[name], _PLANS):
            continue
        known = known_cells(sheet.cells[name])
        paid = [cell for cell in known if plain(cell) not in free]
        empty = sum(known.values()) < len(sheet)
        if paid and (len(paid) < len(known) or empty):
            yield Likely(
                name, f"{name}: {', '.join(shown(known))}", f"[{', '.join(shown(known, paid))}]"
            )


def _of_customers(sheet: Sheet) -> list[str]:
    named = (
        *ranked_in(sheet, sheet.columns, "sold_at"),
        *ranked_in(sheet, sheet.columns, "of_customers"),
    )
    return list(dict.fromkeys(named))


def _is_a_sale(sheet: Sheet, name: str, *, met: bool) -> bool:
    """Whether some leads have a date there, none of them from before the lead came.

    Args:
        met: it told the outcome in earlier tables, so that any date does.
    """
    if sheet.typed(name).kind != "date" or not (met or is_filled_for_some(sheet, name)):
        return False
    sold = seconds_of(sheet, name)
    came = [seconds_of(sheet, other) for other in sheet.columns if _is_a_full_date(sheet, other)]
    early = known = 0
    for row, at in enumerate(sold):
        dates = [one for column in came if (one := column[row]) is not None]
        if at is not None and dates:
            known += 1
            early += at < min(dates) - _DAY
    return early <= (1 - AGREE) * known


def _is_a_full_date(sheet: Sheet, name: str) -> bool:
    full = sum(_filled(sheet.cells[name])) >= _FULL * len(sheet)
    return full and sheet.typed(name).kind == "date"


def _within(sheet: Sheet, name: str, filled: Sequence[bool]) -> bool:
    """Whether hardly anybody has something in a column but those who were won."""
    own = _filled(sheet.cells[name])
    return any(own) and sum(a and not b for a, b in zip(own, filled)) <= (1 - AGREE) * sum(own)


def _filled(cells: Sequence[str]) -> list[bool]:
    return [not is_missing(cell) for cell in cells]
