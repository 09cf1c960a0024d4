"""Tables in JSON, whose rows are lists of cells: the header lies beside them, or is the first of them.

Knows Google Sheets' and Smartsheet's answers, and what other programs write in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from pydantic import JsonValue

from kits.core.column_names import squeezed

_HEADERS = ("columns", "fields", "headers", "header", "cols")
_BESIDE = frozenset({*_HEADERS, "range", "majordimension", "index"})
"""What else is said beside the rows of a table, without signs."""
_TITLES = ("title", "name")
_FEWEST = 2
"""Rows and columns that make a table."""


def table_in(
    answer: dict[str, JsonValue], about: frozenset[str]
) -> list[dict[str, JsonValue]] | None:
    """The rows of an answer that is a table; None: it is none.

    Args:
        about: what an answer says of itself, without signs.
    """
    if (rows := _with_cells(answer)) is not None:
        return rows
    grids = [key for key, value in answer.items() if _is_grid(value)]
    if len(grids) != 1 or not {squeezed(k) for k in answer if k != grids[0]} <= about | _BESIDE:
        return None
    grid = _lists(answer[grids[0]])
    if answer.get("majorDimension") == "COLUMNS":
        grid = [list(row) for row in zip_longest(*grid)]
    named = next((found for key in _HEADERS if (found := _names(answer.get(key)))), None)
    return _rows(named, grid) if named else _rows(_names(list(grid[0])), grid[1:])


def listed_table(grid: Sequence[JsonValue]) -> list[dict[str, JsonValue]] | None:
    """The rows of a list of lists, the first of which is the header; None: it is none."""
    rows = list(grid)
    return _rows(_names(_lists(rows)[0]), _lists(rows)[1:]) if _is_grid(rows) else None


def _rows(
    names: Sequence[str], grid: Sequence[Sequence[JsonValue]]
) -> list[dict[str, JsonValue]] | None:
    """Cells that the end of a row lacks are empty; None: there are more of them than names."""
    if len(names) < _FEWEST or not grid or any(len(row) > len(names) for row in grid):
        return None
    return [dict(zip_longest(names, row)) for row in grid]


def _is_grid(value: JsonValue) -> bool:
    return (
        isinstance(value, list) and len(value) >= _FEWEST and all(isinstance(r, list) for r in value)
    )  # fmt: skip


def _lists(value: JsonValue) -> list[list[JsonValue]]:
    return [row for row in value if isinstance(row, list)] if isinstance(value, list) else []


def _names(header: JsonValue) -> list[str]:
    """Names of columns; empty: they are none."""
    found = [_title(one) for one in header] if isinstance(header, list) else []
    return found if all(found) and len(set(found)) == len(found) else []


def _title(column: JsonValue) -> str:
    if isinstance(column, dict):
        return next((str(column[key]) for key in _TITLES if isinstance(column.get(key), str)), "")
    return column.strip() if isinstance(column, str) else ""


def _with_cells(answer: dict[str, JsonValue]) -> list[dict[str, JsonValue]] | None:
    """Smartsheet's: `{"columns": [{"id": 1, "title": "Status"}], "rows": [{"id": 5, "cells": [{"columnId": 1, "value": "Won"}]}]}`."""
    columns, rows = answer.get("columns"), answer.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return None
    titles = {_number(one, "id"): _title(one) for one in columns if isinstance(one, dict)}
    found = []
    for row in rows:
        cells = row.get("cells") if isinstance(row, dict) else None
        if not isinstance(row, dict) or not isinstance(cells, list):
            return None
        own = {key: value for key, value in row.items() if key != "cells"}
        held = {_number(c, "columnId"): c.get("value") for c in cells if isinstance(c, dict)}
        found.append(own | {title: held.get(number) for number, title in titles.items() if title})
    return found or None


def _number(one: dict[str, JsonValue], key: str) -> str:
    """By what a cell names its column: a number or a text."""
    return str(one.get(key, ""))
