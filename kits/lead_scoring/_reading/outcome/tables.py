"""A list of outcomes and nothing else (who, what, when) beside a table of the leads: what it says belongs to these.

Taken for the leads themselves it would have them come on the day of their outcome, and leave out those that are still open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.personal import POSTCODE, find_personal
from kits.lead_scoring._reading.columns.role_times import came
from kits.lead_scoring._reading.joining.relations import Link, find_link
from kits.lead_scoring._reading.tables.leads_table import outcome_columns
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import ranked_in
from kits.lead_scoring.config import SourceConfig

_MOST_COLUMNS = 6
_NEARLY_ALL = 0.9


def with_outcomes(
    main: Sheet, others: Sequence[Sheet], source: SourceConfig
) -> tuple[Sheet, Sheet, Finding | None]:
    """The table of leads, with the outcomes of the list beside it, the table it was made of, and what was done.

    Args:
        main: the table that tells outcomes; it is returned twice where it is no such list.
        others: tables of which nobody said what they are.
    """
    told = outcome_columns(main, source)
    for other in others:
        link = find_link(other, main) if told and len(other.columns) > len(main.columns) else None
        if link is None or not _of_each(link, main) or not _only_tells(main, link, told):
            continue
        if (
            came(other)
            and not outcome_columns(other, source)
            and not set(told) & set(other.columns)
        ):
            said = Finding(
                "outcomes-joined", "pass",
                f"{main.name} tells what became of the leads of {other.name}, joined {link.said()}: {link.leads} of "
                f"{len(other)} have a row, the others are open",
            )  # fmt: skip
            return _merged(other, main, link), other, said
    return main, main, None


def _of_each(link: Link, main: Sheet) -> bool:
    """Whether each has one row there, and nearly all rows find theirs."""
    return link.unique and link.lead_unique and link.rows >= _NEARLY_ALL * len(main)


def _only_tells(main: Sheet, link: Link, told: Sequence[str]) -> bool:
    """Whether a table holds nothing but whom it speaks of, the outcome, and dates."""
    persons = {one.column for one in find_personal(main) if one.what != POSTCODE}
    known = {link.column, *told, *persons, *ranked_in(main, main.columns, "id")}
    left = [name for name in main.columns if name not in known]
    dates = all(main.typed(name).kind in ("date", "empty") for name in left)
    return dates and len(main.columns) <= _MOST_COLUMNS


def _merged(leads: Sheet, main: Sheet, link: Link) -> Sheet:
    told = enumerate(map(link.key, main.cells[link.column]))
    rows = {key: row for row, key in told if key}
    found = [rows.get(link.key(cell)) for cell in leads.cells[link.lead_column]]
    added = {
        name: ["" if row is None else cells[row] for row in found]
        for name, cells in main.cells.items()
        if name != link.column and name not in leads.columns
    }
    numeric = leads.numeric | (main.numeric & added.keys())
    return replace(leads, cells={**leads.cells, **added}, numeric=numeric)
