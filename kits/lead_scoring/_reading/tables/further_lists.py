"""Whether a table lists further leads of the kind that another one lists, though it does not tell itself what became of them:
those that came last, those that are open, those that were lost with the reason why.

By their ids, which are of one kind and not the same, and by the columns that both have; where the ids are called as those of any
table are, by the names of the tables as well, or by leads that were won or lost: of employees, suppliers and calls there may be the
same columns. Such tables are put together in `stacking.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from kits.core.column_names import plain, squeezed
from kits.lead_scoring._reading.columns.names import names_for, rank
from kits.lead_scoring._reading.joining.loose_keys import bare_id
from kits.lead_scoring._reading.joining.sales import named_like_sales
from kits.lead_scoring._reading.leads.ids import counts_rows, is_numbered
from kits.lead_scoring._reading.outcome.by_files import without_ends
from kits.lead_scoring._reading.outcome.cells import cells_by_words, known_cells
from kits.lead_scoring._reading.tables.names import without_times
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import FIRM, LEAD, PERSON, kind_of_rows, of_customers
from kits.lead_scoring._reading.values.cells import is_missing

_MOSTLY, _HALF = 0.75, 0.5
_UNIQUE = 0.98
_MET = 0.02
"""Rows of one that the other one has too, by chance."""
_OF_ANY = frozenset({"id", "record_id", "datensatz_id", "id_de_registro", "id_rekordu", "vorgangsnummer"})  # fmt: skip
"""What ids are called of which each table of a program may have one."""


def lists_further(told: Sheet, other: Sheet, outcome: str, *, crm: bool = False) -> bool:
    """Whether `other` lists leads of the kind of `told` that are not among them.

    Args:
        told: a table that tells what became of its rows.
        outcome: the column that tells it, squeezed; empty: its own name does.
        crm: both have the columns of the same records of a CRM, whatever somebody called the files.
    """
    mine, theirs = _names(told), _names(other)
    common = sorted(mine.keys() & theirs.keys())
    alike = len(common) / len(mine.keys() | theirs.keys())
    if alike < _HALF or _of_another_kind(told, other):
        return False
    once = [n for n in common if _once(told.cells[mine[n]]) and _once(other.cells[theirs[n]])]
    met = {
        name: _share_met(told.cells[mine[name]], other.cells[theirs[name]])
        for name in once
        if told.typed(mine[name]).kind != "date"  # of a firm that has a lead each day
    }
    ids = [name for name in met if _is_id(mine[name])]
    if not any(_of_leads(mine[name]) for name in ids):
        half = any(_of_records(mine[n]) for n in ids) or (_says_how_far(told) and _says_how_far(other))  # fmt: skip
        if alike < (_HALF if half else _MOSTLY) or not (
            crm or _called_alike(told, other) or _tells(other, theirs.get(outcome, ""))
        ):
            return False
    if ids:  # the same persons or addresses are the same leads, whatever their numbers
        return max(met.values()) <= _HALF and all(met[name] <= _MET for name in ids)
    # lists that are kept by hand count their rows, each from one on
    return outcome in common and alike >= _MOSTLY and not _met(told, mine, other, theirs, common)


def _names(sheet: Sheet) -> dict[str, str]:
    return {squeezed(name): name for name in sheet.columns}


def _of_another_kind(told: Sheet, other: Sheet) -> bool:
    """Whether a table is called like firms, persons or sales, and the one of the leads is not."""
    kind = kind_of_rows(other)
    apart = kind in (FIRM, PERSON) and kind != kind_of_rows(told)
    cut_out = _says_how_far(other) and _called_alike(told, other)  # `Won` beside `Lost`
    return apart or (named_like_sales(other) and not cut_out and not named_like_sales(told))


def _called_alike(told: Sheet, other: Sheet) -> bool:
    """Whether a table is called like leads, or as the one of the leads is, but for the time and for what became of them."""
    if kind_of_rows(other) == LEAD or told.label == other.label:
        return True
    return set(without_ends(_words(other))) <= set(_words(told))


def _tells(sheet: Sheet, outcome: str) -> bool:
    """Whether most cells of the other one's outcome say won or lost: leads, however they are called, `Absagen` beside `Aufträge`."""
    known = known_cells(sheet.cells.get(outcome, ()))
    found = cells_by_words(known, named=False)
    ends = sum(known[cell] for cell in found.won | found.lost) if found is not None else 0
    return ends > _HALF * known.total()


def _says_how_far(sheet: Sheet) -> bool:
    words = _words(sheet)
    return len(without_ends(words)) < len(words)


def _words(sheet: Sheet) -> tuple[str, ...]:
    """The words of a table's name that do not say when."""
    return without_times(PurePosixPath(sheet.called).name)


def _is_id(name: str) -> bool:
    """Whether a column is called like a number of its own that each row has, and not like a customer's."""
    return (rank(name, "id") is not None or is_numbered(name)) and not of_customers(name)


def _once(cells: Sequence[str]) -> bool:
    """Whether hardly a cell comes again, and they do not count the rows."""
    known = {cell.strip() for cell in cells if not is_missing(cell)}
    return len(known) >= _UNIQUE * len(cells) and not counts_rows(cells)


def _of_leads(name: str) -> bool:
    """Whether an id is called that of a lead, and not as any table's may be."""
    return plain(name) not in _OF_ANY and squeezed(name) in names_for("lead_id")


def _of_records(name: str) -> bool:
    """Whether an id is called that of a lead or of a record, and not simply an id."""
    return plain(name) != "id" and squeezed(name) in names_for("lead_id")


def _share_met(mine: Sequence[str], theirs: Sequence[str]) -> float:
    """The share of one's cells that the other has too, numbers with the zeros before them or without."""
    known = {bare_id(cell) or cell.strip().casefold() for cell in mine}
    return sum((bare_id(cell) or cell.strip().casefold()) in known for cell in theirs) / len(theirs)


def _met(
    told: Sheet, mine: dict[str, str], other: Sheet, theirs: dict[str, str], common: Sequence[str]
) -> bool:
    """Whether rows of one are in the other, by all columns that both have."""
    rows = set(zip(*(told.cells[mine[name]] for name in common)))
    same = sum(row in rows for row in zip(*(other.cells[theirs[name]] for name in common)))
    return same > _MET * len(other)
