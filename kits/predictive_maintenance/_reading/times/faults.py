"""Times of listed faults where days and hours stand in columns of their own, or days alone are told."""

from __future__ import annotations

import re

import numpy as np

from kits.predictive_maintenance._reading.columns.names import plain
from kits.predictive_maintenance._reading.formats.table import Column, Table
from kits.predictive_maintenance._reading.sidecar import TimeColumn
from kits.predictive_maintenance._reading.times.rows import time_column
from kits.predictive_maintenance._reading.times.times import read_times

_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
_OF_DAY = re.compile(
    r"(?!.*(?:repair|down|duration|dauer|lost|response|reaktion|labou?r))(?:.*_)?(?:(?:melde|start|end|beginn?)?(?:zeit|time)|uhrzeit|hora|heure|ora|tijd|clock)(?:_.*)?"
)
"""Names of columns of the hours of a day, not of how long something took."""
_DAY_S = 86_400.0
LAST_SECOND = _DAY_S - 1
"""Of a day, from its midnight."""


def with_hours(table: Table, column: Column) -> Column:
    """A column of days, joined with the one right of it where that tells the hours: `Störbeginn; Störbeginn (Uhrzeit)`."""
    for beside in table.columns[table.names.index(column.name) + 1 :][:1]:
        hours = all(_CLOCK.fullmatch(str(cell)) for cell in beside.values.tolist())
        if hours and _OF_DAY.fullmatch(plain(beside.name)) and tells_days(column):
            return time_column(table, (column.name, beside.name))
    return column


def tells_days(column: Column) -> bool:
    """Whether each moment of a column is a midnight where it was written: of whatever ends so, the day is all that is known."""
    times = read_times(column, TimeColumn())
    return times is not None and times.absolute and not np.nan_to_num(times.seconds % _DAY_S).any()
