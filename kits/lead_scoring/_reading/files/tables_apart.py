"""A second table in a sheet of leads: beside them behind an empty column (a legend, sums of months), or below them (what they come to).

Its columns would be features of the leads that happen to stand in the same rows, its rows leads of which hardly anything is known. It
is told and left out. How the rows of one table are read is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from kits.core.column_names import squeezed
from kits.core.kit import Finding
from kits.core.row_sources import RowSource, passed_over
from kits.core.spreadsheets.workbook import SheetTable
from kits.lead_scoring._reading.columns.names import rank
from kits.lead_scoring._reading.files.no_leads import is_total
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_LEAST = 20
"""Rows of the leads, from which on a table in the same sheet can be told from them."""
_SMALL, _HALF = 0.25, 0.5
"""Share of the leads' rows that a small table beside them has at most, and in which part of them it ends."""
_SAME_HEAD = 0.75
_NEARLY_ALL = 0.98
_LOOKED_AT, _BELOW = 300, 60
"""Rows that tell what columns hold; rows that a table below them has at most."""
_FEW_VALUES = 30
_MOST_PARTS = 5
"""Tables below each other; of leads who have something now and then there are more such stretches."""
_PAIR = 2
_NAMELESS, _AGAIN = re.compile(r"c\d+"), re.compile(r"_\d+$")
_SHOWN = 8


def without_tables_apart(
    sheet: Sheet, table: RowSource, known: Collection[str] = ()
) -> tuple[Sheet, tuple[Finding, ...]]:
    """The table of the leads alone, and what was left out.

    Args:
        table: where the rows came from: which columns of it stand behind an empty one.
        known: columns of leads: those that a person names, and that a bundle learned from.
    """
    if len(sheet) < _LEAST:
        return sheet, ()
    blocks = _blocks(sheet, table)
    names = {squeezed(name) for name in known}
    whole = sheet
    sheet, beside = _without_beside(whole, blocks, names)
    left = [one for one in blocks if one.rows and one.names[0] in sheet.cells]
    doubted = _doubted(whole, left, names) if len(left) >= _PAIR else []
    sheet, list_below = _without_list_below(sheet)
    sheet, below = _without_below(sheet)
    return sheet, (*beside, *doubted, *list_below, *below)


# -- beside -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Block:
    """Columns next to each other.

    Attributes:
        rows: those with something in them.
        parts: how often these go on without a gap: of tables below each other each is a part.
        listed: the first column has something else in each row of a part, as a table by itself has.
    """

    names: tuple[str, ...]
    rows: tuple[int, ...]
    parts: int
    listed: bool


def _blocks(sheet: Sheet, table: RowSource) -> list[_Block]:
    """The columns between those in which nothing stands."""
    places = table.found.columns if isinstance(table, SheetTable) else range(len(table.columns))
    parts: list[list[str]] = [[]]
    last = -1
    for place, name in zip(places, table.columns):
        if place > last + 1:
            parts.append([])
        last = place
        if _NAMELESS.fullmatch(name) and not any(map(str.strip, sheet.cells[name])):
            parts.append([])
        else:
            parts[-1].append(name)
    return [_block(sheet, part) for part in parts if part]


def _block(sheet: Sheet, names: Sequence[str]) -> _Block:
    rows = _filled(sheet, names)
    parts: list[list[int]] = []
    for row in rows:
        if parts and row == parts[-1][-1] + 1:
            parts[-1].append(row)
        else:
            parts.append([row])
    first = sheet.cells[names[0]]
    known = sum(len({first[row].strip() for row in part} - {""}) for part in parts)
    return _Block(tuple(names), rows, len(parts), known == len(rows))


def _filled(sheet: Sheet, names: Sequence[str]) -> tuple[int, ...]:
    rows = zip(*(sheet.cells[name] for name in names))
    return tuple(row for row, cells in enumerate(rows) if any(map(str.strip, cells)))


def _without_beside(
    sheet: Sheet, blocks: Sequence[_Block], known: Collection[str]
) -> tuple[Sheet, list[Finding]]:
    if len(blocks) < _PAIR:
        return sheet, []
    main = max(blocks, key=lambda one: len(one.rows))
    others = [one for one in blocks if one is not main and not _has_any(one, known)]
    apart = [one for one in others if _is_small(one, main) or _is_again(one, main)]
    if not apart:
        return sheet, []
    out = {name for one in apart for name in one.names}
    left = replace(sheet, cells={n: c for n, c in sheet.cells.items() if n not in out})
    kept = _filled(left, left.columns)
    if len(kept) < len(left):
        left = left.rows(kept)
    return left, [_beside(sheet, one, again=_is_again(one, main)) for one in apart]


def _has_any(one: _Block, known: Collection[str]) -> bool:
    return any(squeezed(name) in known for name in one.names)


def _is_small(one: _Block, main: _Block) -> bool:
    """Whether a block is a list or a few below each other, and ends far above the leads: hardly a column of theirs does so."""
    if not one.rows or not one.listed or len(main.rows) < _LEAST:
        return False
    few = one.parts == 1 or (one.parts <= _MOST_PARTS and _PAIR * one.parts <= len(one.rows))
    whole = few and len(one.rows) + len(one.names) > _PAIR + 1
    ends = one.rows[-1] < _HALF * main.rows[-1]
    return whole and ends and len(one.rows) <= _SMALL * len(main.rows)


def _is_again(one: _Block, main: _Block) -> bool:
    """Whether a block has the names of the leads' columns once more: a second list of them."""
    mine = {_AGAIN.sub("", name) for name in main.names}
    theirs = {_AGAIN.sub("", name) for name in one.names}
    return len(theirs) > _PAIR and theirs <= mine and len(theirs) >= _SAME_HEAD * len(mine)


def _beside(sheet: Sheet, one: _Block, *, again: bool) -> Finding:
    where = f"{sheet.name}, columns {_listed(one)}"
    kind = "a second list" if again else "a table of its own"
    own = "put it below the first one, or on a sheet of its own"
    fix = (
        own
        if again
        else f"nothing to do if it lists no leads, else {own}; if it is part of the leads beside it, delete the empty column between, or name it in model.columns.keep"
    )
    return passed_over(where, f"{kind} beside the leads, behind an empty column ({len(one.rows)} rows)", fix)  # fmt: skip


def _doubted(sheet: Sheet, left: Sequence[_Block], known: Collection[str]) -> list[Finding]:
    """Tells of blocks that have something in each row from the first one on, and end where the longest does not: a second table may.

    Args:
        sheet: with all its rows, as the blocks know them.
        left: blocks of which none was told as a table of its own, two or more.
    """
    main = max(left, key=lambda one: len(one.rows))
    return [
        _may_be_two(sheet, main, one)
        for one in left
        if (one.parts, one.rows[0], one.listed) == (1, 0, True)
        and one.rows[-1] != main.rows[-1]
        and not (_has_any(one, known) and _has_any(main, known))
    ]


def _may_be_two(sheet: Sheet, main: _Block, one: _Block) -> Finding:
    first, second = sorted((main, one), key=lambda block: sheet.columns.index(block.names[0]))
    ends = " and ".join(str(sheet.lines[block.rows[-1]]) for block in (first, second))
    said = f"{sheet.name}: columns {_listed(first)} and, behind an empty one, {_listed(second)} end in rows {ends}: they may be two tables, and were read as one"
    fix = "if they are two, put the one that lists no leads on a sheet of its own; else delete the empty column, or name those behind it in model.columns.keep"
    return Finding("tables-beside", "warn", said, one.names, fix)


def _listed(one: _Block) -> str:
    more = f" and {len(one.names) - _SHOWN} more" if len(one.names) > _SHOWN else ""
    return ", ".join(one.names[:_SHOWN]) + more


# -- below ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Column:
    """What a column holds above: `kind` as of its values, `few` the cells of one with few different ones, `full` in nearly all rows."""

    name: str
    kind: str
    few: frozenset[str]
    full: bool


def _without_list_below(sheet: Sheet) -> tuple[Sheet, list[Finding]]:
    """Without a list below the leads that begins with names of its own: under those of the leads its cells would say something else."""
    above = sheet.rows(range(_LEAST))
    dated = [one for name in sheet.columns if (one := _column(above, name)).kind == "date"]
    day = next((one.name for one in dated if one.full), None)
    if day is None:
        return sheet, []
    rows = (row for row in range(_LEAST, len(sheet) - 1) if _is_word(sheet.cells[day][row]))
    head = next((row for row in rows if _is_other_head(sheet, row)), None)
    if head is None:
        return sheet, []
    first = head
    while sum(bool(cells[first - 1].strip()) for cells in sheet.cells.values()) == 1:
        first -= 1  # its title
    where = f"{sheet.name}, rows {sheet.lines[first]} to {sheet.lines[-1]}"
    why = f"a list of its own below the leads: row {sheet.lines[head]} has other names of columns"
    fix = "nothing to do if it lists no leads, else put it on a sheet of its own"
    return sheet.rows(range(first)), [passed_over(where, why, fix)]


def _is_word(cell: str) -> bool:
    return not is_missing(cell) and not any(map(str.isdigit, cell))


def _is_other_head(sheet: Sheet, row: int) -> bool:
    """Whether a row has different words, new in their columns, one of which names a date; few are the names of the columns they stand in."""
    named = {name: cell for name, cells in sheet.cells.items() if (cell := cells[row].strip())}
    words = all(map(_is_word, named.values())) and len(set(named.values())) == len(named) > _PAIR
    if not words or all(rank(cell, "decided_at") is None for cell in named.values()):
        return False
    same = sum(squeezed(name) == squeezed(cell) for name, cell in named.items())
    new = all(cell not in map(str.strip, sheet.cells[name][:row]) for name, cell in named.items())
    return new and same < _HALF * len(named)


def _without_below(sheet: Sheet) -> tuple[Sheet, list[Finding]]:
    """Without the last rows where none has a date, and each has other things than the leads above in most of what all of them have."""
    last = len(sheet)
    begin = max(_LEAST, last - _BELOW)
    if begin >= last or not _may_end_otherwise(sheet):
        return sheet, []
    above = sheet.rows(range(max(0, begin - _LOOKED_AT), begin))
    columns = [_column(above, name) for name in sheet.columns]
    if not any(one.kind == "date" and one.full for one in columns):
        return sheet, []
    first, odd = last, 0
    while first > begin:
        foreign = _is_foreign(sheet, columns, first - 1)
        if foreign is None:
            break
        first, odd = first - 1, odd + foreign
    while first < last and is_total([cells[first] for cells in sheet.cells.values()]):
        first += 1  # of the leads above it
    if odd < _PAIR or first > last - _PAIR:
        return sheet, []
    where = f"{sheet.name}, rows {sheet.lines[first]} to {sheet.lines[last - 1]}"
    why = "a table of its own below the leads: no row has a date, and each other things than they in most columns"
    fix = "nothing to do if it lists no leads; else give each row its date"
    return sheet.rows(range(first)), [passed_over(where, why, fix)]


def _may_end_otherwise(sheet: Sheet) -> bool:
    """Whether the last row lacks something that the first has."""
    return any(cells[0].strip() and not cells[-1].strip() for cells in sheet.cells.values())


def _column(above: Sheet, name: str) -> _Column:
    known = [cell for cell in above.cells[name] if not is_missing(cell)]
    different = frozenset(cell.strip() for cell in known)
    few = different if len(different) <= _FEW_VALUES else frozenset[str]()
    return _Column(name, above.typed(name).kind, few, len(known) >= _NEARLY_ALL * len(above))


def _is_foreign(sheet: Sheet, columns: Sequence[_Column], row: int) -> bool | None:
    """None: the row may be a lead. Else whether a cell of it is of another kind than those above."""
    filled = odd = contrary = 0
    full = sum(one.full for one in columns)
    for one in columns:
        cell = sheet.cells[one.name][row]
        if is_missing(cell):
            odd += one.full
            continue
        filled += 1
        kind = one.kind if cell.strip() in one.few else sheet.typed(one.name, [cell]).kind
        if one.kind == "date" and one.full and kind == "date":
            return None
        measured = one.kind in ("date", "number")
        contrary += measured and kind != one.kind
        new = bool(one.few) and cell.strip() not in one.few
        odd += one.full and (kind != one.kind if measured else new)
    if filled == 1 or is_total([cells[row] for cells in sheet.cells.values()]):
        return False
    return True if contrary and odd >= _HALF * full else None
