"""Tickets in one table and what was said of them in another, each with the ticket's number → one table of tickets.

Of what was said, the customer's first message is the ticket's text; what columns mean is decided in `roles.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from kits.core.column_names import squeezed
from kits.core.row_sources import RowSource
from kits.core.tables import BadRow, Row
from kits.support_triage._reading.authors import sides_of
from kits.support_triage._reading.listed_rows import ListedRows
from kits.support_triage._reading.roles import Roles
from kits.support_triage._reading.row_dates import date_reader
from kits.support_triage._reading.spread_rows import spread_rows

_KEYS = (
    "id",
    "ticketid",
    "ticketnumber",
    "number",
    "conversationid",
    "caseid",
    "issueid",
    "key",
    "tn",
)
"""What the number of a ticket is called in its own table."""
_REFERS = frozenset({
    "ticketid", "ticketnumber", "ticket", "conversationid", "conversation", "caseid", "case", "issueid", "issue", "issuekey", "requestid",
    "parentid", "parentcaseid", "tn",
})  # fmt: skip
"""What it is called in the table of what was said."""
_COVERED = 0.9


def reference(messages: RowSource, tickets: RowSource, *, own: bool) -> tuple[str, str] | None:
    """The columns by which one table's rows belong to those of another: of messages, of tickets; None: they do not.

    Args:
        own: whether the tickets have texts of their own; then two columns of the same name are those of two lists of tickets.
    """
    refers = [name for name in messages.columns if squeezed(name) in _REFERS]
    keys = sorted((n for n in tickets.columns if squeezed(n) in _KEYS), key=lambda n: _KEYS.index(squeezed(n)))  # fmt: skip
    pairs = [(name, key) for key in keys for name in refers if not own or squeezed(name) != squeezed(key)]  # fmt: skip
    if not pairs or messages.columns == tickets.columns:
        return None
    shown = spread_rows(messages)
    rows = _good(tickets)
    for name, key in pairs:
        numbers = [row.get(key, "").strip() for row in rows]
        cells = [cell for row in shown if (cell := row.get(name, "").strip())]
        known = set(numbers) - {""}
        if cells and len(known) == len(numbers) and sum(c in known for c in cells) >= _COVERED * len(cells):  # fmt: skip
            return name, key
    return None


def joined(
    tickets: RowSource, messages: RowSource, roles: Roles, by: tuple[str, str]
) -> ListedRows:
    """The tickets, each with its customer's first message; one without any keeps its own columns.

    Args:
        roles: what the columns of the messages are for.
        by: the columns that `reference` found.
    """
    refers, key = by
    first = _first_messages(_good(messages), roles, refers)
    rows: list[JsonValue] = []
    for row in _good(tickets):
        said = first.get(row.get(key, "").strip(), {})
        added: dict[str, JsonValue] = {name: cell for name, cell in said.items() if name not in row}
        rows.append({**row, **added})
    return ListedRows.of(rows, f"{tickets.form}, with messages")


def _first_messages(rows: Sequence[Row], roles: Roles, refers: str) -> Mapping[str, Row]:
    """Number of a ticket → the customer's first message."""
    sides = sides_of(roles.author, [row.get(roles.author, "") for row in rows]) if roles.author else {}  # fmt: skip
    asked = [row for row in rows if sides.get(row.get(roles.author, "").strip()) != "firm"]
    read_date, _ = date_reader([row.get(roles.date, "") for row in asked])
    moments = [at.timestamp() if (at := read_date(row.get(roles.date, ""))) else 0.0 for row in asked]  # fmt: skip
    found: dict[str, Row] = {}
    for _, row in sorted(zip(moments, asked), key=lambda pair: pair[0]):
        found.setdefault(row.get(refers, "").strip(), row)
    return found


def _good(table: RowSource) -> list[Row]:
    return [found[1] for found in table.rows() if not isinstance(found, BadRow)]
