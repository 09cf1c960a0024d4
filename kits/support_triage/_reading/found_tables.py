"""A table with what its columns are for, or why it holds no mails: judged by some rows of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from kits.core.column_names import squeezed
from kits.core.dataset import Split
from kits.core.kit import Finding
from kits.core.row_sources import RowSource, Source, passed_over
from kits.core.tables import Row
from kits.support_triage._reading import parquet_rows
from kits.support_triage._reading.fits import FEW_ROWS, all_the_same, are_few
from kits.support_triage._reading.levels import URGENCY, level_of
from kits.support_triage._reading.naming import ranked
from kits.support_triage._reading.role_names import NAMES, TICKETS
from kits.support_triage._reading.roles import Roles, find_roles
from kits.support_triage._reading.rows import urgency_unknown
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.splits import split_of
from kits.support_triage._reading.spread_rows import MOST_ROWS, good_rows, spread_rows
from kits.support_triage._reading.unfolding import unfold

_FEWEST = 2
_SHOWN = 8
_LOOKED_AT, _AGAIN = 200_000, 10
"""Rows whose nested values are looked into: one alone may be settings."""
_NESTS = ("JSON", parquet_rows.FORM)
"""Forms whose cells may hold objects and lists."""
_DOUBTFUL = frozenset({".txt", ".json"})
"""Suffixes that notes and settings have as well; without texts and labels in them they are passed over."""


@dataclass(frozen=True)
class Found:
    """One table with what its columns are for.

    Attributes:
        name: of the file, or of the file and the sheet.
        main: whether the split is all that its name tells.
        labels: of the rows looked at, where one column holds them.
        telling: whether it has labels that are not all the same.
        rows: how many were looked at.
        doubt: why it is passed over unless other tables need it; empty: it is read.
        names: what numbers of its labels mean.
        intent: of all its rows; empty: these tell it.
    """

    name: str
    table: RowSource
    roles: Roles
    split: Split | None
    main: bool
    labels: tuple[str, ...]
    telling: bool
    rows: int
    doubt: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    intent: str = ""

    @property
    def labelled(self) -> bool:
        roles = self.roles
        return bool(roles.label or roles.flags or roles.urgency or roles.sentiment)


def found_in(source: Source, sidecar: Sidecar) -> Found | Finding:
    """A table, or what is to be said of one without a text.

    Raises:
        ConfigError: `mails.yaml` names a column that is not there.
    """
    name, table = source.name, source.rows
    head = spread_rows(table)
    nested: frozenset[str] = frozenset()
    if table.form.startswith(_NESTS) and len(head) >= _FEWEST:
        table, head = unfold(table, head)
        nested = table.nested
    found = judged(name, table, head, sidecar, nested)
    if not found.roles.usable:
        why = _without_texts(table.columns, head)
        # the texts of what it labels may stand in another table
        return doubted(found, why) if found.roles.label and found.telling else not_read(name, why)
    return found


def judged(
    name: str,
    table: RowSource,
    head: Sequence[Row],
    sidecar: Sidecar,
    nested: frozenset[str] = frozenset(),
) -> Found:
    """A table by some of its rows. As `found_in`."""
    roles = _by_tickets(find_roles(table.columns, head, sidecar, nested), table, head)
    split, main = split_of(name, sidecar)
    labels, telling = _labels_in(head, roles)
    found = Found(name, table, roles, split, main, labels, telling, len(head))
    if Path(name).suffix.lower() in _DOUBTFUL and not found.labelled:
        return doubted(found, "it looks like notes or settings, not like rows of mails")
    return found


def _by_tickets(roles: Roles, table: RowSource, head: Sequence[Row]) -> Roles:
    """The roles, with the number of the ticket as what belongs together, where several rows of a large table have one: among rows
    from all over it none comes again."""
    if roles.group or 2 * len(head) < MOST_ROWS or squeezed(roles.id) not in TICKETS:
        return roles
    seen: set[str] = set()
    again = 0
    for row in islice(good_rows(table), _LOOKED_AT):
        number = row.get(roles.id, "").strip()
        again += bool(number) and number in seen
        seen.add(number)
        if again >= _AGAIN:
            return replace(roles, group=roles.id)
    return roles


def with_roles(found: Found, roles: Roles) -> Found:
    """The same table, whose columns are for something else."""
    if roles == found.roles:
        return found
    labels, telling = _labels_in(spread_rows(found.table), roles)
    return replace(found, roles=roles, labels=labels, telling=telling)


def _labels_in(head: Sequence[Row], roles: Roles) -> tuple[tuple[str, ...], bool]:
    """The labels of rows where one column holds them, and whether labels are not all the same."""
    columns = roles.label or roles.flags or (roles.urgency or roles.sentiment,)
    cells = {column: [cell for row in head if (cell := row.get(column, "").strip())] for column in columns}  # fmt: skip
    labels = tuple(cells[columns[0]]) if len(roles.label) == 1 else ()
    return labels, any(column and not all_the_same(cells[column]) for column in columns)


def doubted(found: Found, why: str) -> Found:
    """The same table, which is read only where another one needs it."""
    return replace(found, doubt=why)


def telling_tables(tables: Sequence[Found]) -> list[Found]:
    """Of the tables of a file those with labels; where some of these tell many mails apart, not such as say one thing of all or
    have a few rows, unless they are built alike. The others are doubted: beside tickets a workbook holds legends and lists, an answer users and groups."""
    labelled = [found for found in tables if found.labelled and found.roles.usable]
    sure = [f for f in labelled if f.telling and f.rows >= FEW_ROWS] or [
        f for f in labelled if f.telling
    ]
    built = {found.table.columns for found in sure}
    kept = [f for f in labelled if f in sure or not built or f.table.columns in built]
    if not kept:
        return list(tables)
    why = "it has no labels, as other tables of the file have"
    return [found if found in kept or found.doubt else doubted(found, why) for found in tables]


def unlabelled(tables: Sequence[Found]) -> list[Finding]:
    """What is said where no table has a column of intents: which columns may be one."""
    if any(found.roles.label or found.roles.flags or found.intent for found in tables):
        return []
    largest = max(tables, key=lambda found: found.rows)
    head, taken = spread_rows(largest.table), set(largest.roles.said_columns())
    cells = {name: [cell for row in head if (cell := row.get(name, "").strip())] for name in largest.table.columns if name not in taken}  # fmt: skip
    few = [f"{name} ({len(set(own))} values)" for name, own in cells.items() if are_few(own)]
    text = f"no column was taken for the intent of mails, none has a label: {largest.name}"
    if not few and largest.labelled:
        return []  # a set of tones has no intents
    if not few:
        return [Finding("no-labels", "warn", text, (largest.name,), "kit label")]
    told = f"{text}; of few values are {', '.join(few[:_SHOWN])}"
    fix = "is it one of them? then columns: {label: [its name]} in mails.yaml, and import with --replace; else kit label"
    return [Finding("no-labels", "warn", told, (largest.name,), fix)]


def urgency_unread(found: Found) -> Iterator[Finding]:
    """What is said of a column that is called like urgency, and holds words that are not known."""
    head, taken = spread_rows(found.table), set(found.roles.said_columns())
    for name in ranked({name: [] for name in found.table.columns}, NAMES["urgency"], words=False):
        cells = [cell for row in head if (cell := row.get(name, "").strip())]
        if not found.roles.urgency and name not in taken and are_few(cells):
            words = [
                cell for cell, _ in Counter(cells).most_common() if level_of(cell, URGENCY) is None
            ]
            yield urgency_unknown(found.name, name, words, len(cells))
            return


def not_read(name: str, why: str) -> Finding:
    """What is said of a table that is passed over."""
    return passed_over(
        name, why, "nothing to do if it holds no mails; else name its columns in mails.yaml"
    )


def _without_texts(columns: Sequence[str], head: Sequence[Row]) -> str:
    told = f"no column of texts among {', '.join(columns[:8])}"
    empty = [name for name in columns if not any(row.get(name, "").strip() for row in head)]
    if not empty:
        return told
    return f"{told}; there is nothing in {', '.join(empty[:8])}"
