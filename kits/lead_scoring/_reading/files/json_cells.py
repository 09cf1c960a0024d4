"""Columns of a table whose cells are JSON objects → a column for each of their entries, as in a file of JSON.

Databases and web analytics write what has no fixed columns so (`{"browser": "Firefox", "isMobile": false}`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from pydantic import JsonValue

from kits.core.answers.wrapping import Object
from kits.core.kit import Finding
from kits.lead_scoring._reading.files.json_rows import MAX_COLUMNS, flat_rows, texts_of
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_SHOWN = 10


def with_entries(sheet: Sheet) -> tuple[Sheet, list[Finding]]:
    """The table with a column for each entry of the objects in its cells, in the place of theirs, and what is told of it."""
    objects = {name: found for name in sheet.columns if (found := _objects(sheet.cells[name]))}
    if not objects:
        return sheet, []
    cells: dict[str, Sequence[str]] = {}
    numeric = set(sheet.numeric)
    made: list[str] = []
    for name in sheet.columns:
        if name not in objects:
            cells[name] = sheet.cells[name]
            continue
        flat = flat_rows([{name: one} if one else {} for one in objects[name]])
        for entry in dict.fromkeys(entry for row in flat for entry in row):
            values = [row.get(entry) for row in flat]
            taken = entry != name and (entry in sheet.cells or entry in cells)
            column = f"{name}.{entry}" if taken else entry
            cells[column] = texts_of(values)
            made.append(column)
            if all(_is_number(value) for value in values if value is not None):
                numeric.add(column)
    if len(cells) > MAX_COLUMNS:
        return sheet, []
    told = Finding(
        "json-cells", "pass",
        f"{sheet.name} has JSON in the cells of {', '.join(objects)}: each of its entries was read as a column",
        tuple(made[:_SHOWN]),
    )  # fmt: skip
    return replace(sheet, cells=cells, numeric=frozenset(numeric)), [told]


def _objects(cells: Sequence[str]) -> list[Object]:
    """(rows,) each cell's object, an empty one where nothing stands; empty: not all cells are objects."""
    found: dict[str, Object] = {}
    for cell in cells:
        text = cell.strip()
        if text in found or is_missing(cell):
            continue
        if not (text.startswith("{") and text.endswith("}")):
            return []
        try:
            value: JsonValue = json.loads(text)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        found[text] = value
    if not any(found.values()):
        return []
    return [found.get(cell.strip(), {}) for cell in cells]


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
