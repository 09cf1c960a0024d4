"""Rows of `kit predict --out FILE.csv`: predictions as cells of a table that people open in a spreadsheet.

It says less than the lines of JSON and decides nothing. What a prediction means is the kit's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pydantic import JsonValue

from kits.core.prediction import marked
from kits.toolchain.spreadsheet_cells import shown_cell

Value: TypeAlias = str | float | None
"""What a cell holds."""
COLUMNS = (
    "sample", "verdict", "band", "score", "low", "high", "label", "reasons", "error", "path"
)  # fmt: skip
"""`low` and `high` are of the first quantity that has an interval."""


def sheet_cells(row: Mapping[str, JsonValue]) -> list[str]:
    """A prediction's entry, as `Predicted.as_json` gives it, as one cell for each of `COLUMNS`."""
    values = sheet_values(row, " | ")
    return [_cell(values[name]) for name in COLUMNS]


def sheet_values(row: Mapping[str, JsonValue], between: str) -> dict[str, Value]:
    """The same as numbers and texts by the names of `COLUMNS`.

    Args:
        between: what stands between two reasons.
    """
    prediction = row.get("prediction")
    told = prediction if isinstance(prediction, dict) else {}
    reasons = (
        marked(str(one.get("text")), str(one.get("direction")))
        for one in _objects(told.get("reasons"))
    )
    values = {**row, **_interval(told), "reasons": between.join(reasons)}
    return {name: _value(values.get(name)) for name in COLUMNS}


def _interval(told: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    for one in _objects(told.get("quantities")):
        if "low" in one and "high" in one:
            return {"low": one["low"], "high": one["high"]}
    return {}


def _objects(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _value(value: JsonValue) -> Value:
    return value if value is None or isinstance(value, float) else str(value)


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return shown_cell(value)
