"""A table of states (which lead, its new status, when) beside a table of the leads: the last state says what became of each.

Taken for the leads themselves each change of a status would be a lead. What became of leads by one row each is
`tables.py`'s question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kits.core.errors import ConfigError, DataError
from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.mapping import find_mapping
from kits.lead_scoring._reading.columns.role_times import came
from kits.lead_scoring._reading.joining.events import find_time
from kits.lead_scoring._reading.joining.relations import Link, find_link
from kits.lead_scoring._reading.joining.sales import Sold
from kits.lead_scoring._reading.outcome.column import find_outcome
from kits.lead_scoring._reading.outcome.found import Outcome
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.stated_tables import stating
from kits.lead_scoring.config import SourceConfig

LAST_AT = "(last change)"
"""A column that the leads get; no export names its own so."""
_MOST_COLUMNS = 8
"""Of more it lists the leads, in several states each."""
_NEARLY_ALL = 0.9


def with_last_states(main: Sheet, others: Sequence[Sheet], source: SourceConfig) -> Sold | None:
    """The table of leads with the last state of each; None where the table is no list of states.

    Args:
        main: the table that tells outcomes.
        others: tables of which nobody said what they are.
    """
    told = _outcome(main, source) if others and len(main.columns) <= _MOST_COLUMNS else None
    at, seconds = _time_of_states(main) if told is not None else ("", ())
    if told is None or not at:
        return None
    for other in others:
        link = find_link(other, main)
        if (
            link is None
            or link.unique
            or not link.lead_unique
            or link.rows < _NEARLY_ALL * len(main)
            or not came(other)
            or set(told.columns) & set(other.columns)
            or _outcome(other, source) is not None
        ):
            continue
        return _joined(other, main, link, told, (at, seconds), source)
    return None


def _time_of_states(sheet: Sheet) -> tuple[str, Sequence[float | None]]:
    """When each state was noted: by a column's name, else the only date there is."""
    at, seconds = find_time(sheet)
    dates = [] if at else [name for name in sheet.columns if sheet.typed(name).kind == "date"]
    return find_time(sheet, dates[0]) if len(dates) == 1 else (at, seconds)


def _outcome(sheet: Sheet, source: SourceConfig) -> Outcome | None:
    try:
        return find_outcome(sheet, source, find_mapping(sheet.columns, source.mapping))
    except (ConfigError, DataError):
        return None


def _joined(
    leads: Sheet,
    main: Sheet,
    link: Link,
    told: Outcome,
    time: tuple[str, Sequence[float | None]],
    source: SourceConfig,
) -> Sold:
    at, seconds = time
    last: dict[str, int] = {}
    placed = [(one, row) for row, one in enumerate(seconds) if one is not None]
    for _, row in sorted(placed):
        if key := link.key(main.cells[link.column][row]):
            last[key] = row
    found = [last.get(link.key(cell)) for cell in leads.cells[link.lead_column]]
    name = told.columns[0]
    ended = [None if row is None or told.won[row] is None else row for row in found]
    cells = {
        name: ["" if row is None else main.cells[name][row] for row in found],
        LAST_AT: ["" if row is None else main.cells[at][row] for row in ended],
    }
    stated = {"outcome": source.outcome or name, "outcome_at": source.outcome_at or LAST_AT}
    said = Finding(
        "outcomes-joined", "warn",
        f"{main.name} has {link.rows} states of {len(last)} leads of {leads.name}, joined {link.said()}: the last of each by {at} "
        f"says what became of it; {found.count(None)} leads without any are open",
        fix=f"if its rows are the leads: model.source.tables: [{stating(main.files[0], 'leads')}]",
    )  # fmt: skip
    whole = replace(leads, cells={**leads.cells, **cells})
    return Sold(whole, source.model_copy(update=stated), said)
