"""Of several rows that belong to one lead, such as the contacts of a deal, the one that counts, and how many there are.

The one that is marked as the primary one, else the one that came first: it most likely was there at the decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kits.lead_scoring._reading.columns.mapping import tier_words
from kits.lead_scoring._reading.columns.names import by_rank, words_of
from kits.lead_scoring._reading.joining.relations import Link
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import PERSON, kind_of_rows
from kits.lead_scoring._reading.values.cells import is_missing

Seconds = Sequence[float | None]


@dataclass(frozen=True)
class Chosen:
    """The rows of each lead.

    Attributes:
        row: (leads,) the one that counts; None: there is none.
        rows: (leads,) all of them; empty where no lead has several.
        said: how many have several, and which one counts; empty where none has.
    """

    row: Sequence[int | None]
    rows: Sequence[Sequence[int]] = ()
    said: str = ""


def one_of_several(other: Sheet, link: Link) -> bool:
    """Whether a table lists the people of a lead, or marks one of its rows as the primary one: one row counts for each lead."""
    if not link.lead_unique and not link.lists:
        return False
    return kind_of_rows(other) == PERSON or bool(primary_column(other))


def primary_column(other: Sheet) -> str:
    """The column that marks a row as the primary one by yes or no; empty where there is none."""
    yes, no = tier_words("flags")
    for name in by_rank(other.columns, "primary"):
        words = {words_of(cell) for cell in other.cells[name] if not is_missing(cell)}
        if words & yes and words <= yes | no:
            return name
    return ""


def choose(leads: Sheet, other: Sheet, link: Link, times: Seconds = ()) -> Chosen:
    """Which row of the other table counts for each lead.

    Args:
        times: (rows,) when each came, seconds since 1970; empty: not known.
    """
    by_key: dict[str, list[int]] = defaultdict(list)
    for row, cell in enumerate(other.cells[link.column]):
        for key in link.keys(cell):
            by_key[key].append(row)
    rows = [
        tuple(dict.fromkeys(row for key in link.keys(cell) for row in by_key.get(key, ())))
        for cell in leads.cells[link.lead_column]
    ]
    many = sum(len(found) > 1 for found in rows)
    if not many:
        return Chosen([found[0] if found else None for found in rows])
    marked = primary_column(other)
    yes, _ = tier_words("flags")
    primary = [words_of(cell) in yes for cell in other.cells[marked]] if marked else ()

    def place(row: int) -> tuple[bool, bool, float]:
        came = times[row] if times else None
        return not (primary and primary[row]), came is None, came or 0.0

    rule = " or ".join(filter(None, (f"is marked by {marked}" if marked else "", "came first")))
    if not times:
        rule = rule.replace("came first", "stands first")
    return Chosen(
        [min(found, key=place) if found else None for found in rows],
        rows,
        f"{many} leads have several: of these the one counts that {rule}",
    )


def counted(rows: Sequence[Sequence[int]], times: Seconds, decided: Seconds) -> list[float | None]:
    """(leads,) how many of their rows had come at the decision; None where it has no time."""
    return [
        None if at is None else float(sum(_came(times[row], at) for row in found))
        for found, at in zip(rows, decided)
    ]


def _came(came: float | None, at: float) -> bool:
    return came is not None and came <= at
