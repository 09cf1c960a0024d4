"""Tickets in one table and what was said of them in another, each with the ticket's number → one table of tickets.

Of what was said, the customer's first message is the ticket's text; what columns mean is decided in `roles.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from kits.core.column_names import squeezed
from kits.core.row_sources import RowSource
from kits.core.tables import Row
from kits.support_triage._reading.listed_rows import ListedRows
from kits.support_triage._reading.naming import words_of
from kits.support_triage._reading.role_names import ASKS, TICKETS
from kits.support_triage._reading.roles import Roles
from kits.support_triage._reading.row_dates import date_reader
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.spread_rows import MOST_ROWS, good_rows, spread_rows
from kits.support_triage._reading.writers import Writers, writers_in

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
_COVERED = 0.9


def reference(messages: RowSource, tickets: RowSource, *, own: bool) -> tuple[str, str] | None:
    """The columns by which one table's rows belong to those of another: of messages, of tickets; None: they do not.

    Args:
        own: whether the tickets have texts of their own; then two columns of the same name are those of two lists of tickets.
    """
    refers = [name for name in messages.columns if squeezed(name) in TICKETS]
    keys = sorted((n for n in tickets.columns if squeezed(n) in _KEYS), key=lambda n: _KEYS.index(squeezed(n)))  # fmt: skip
    pairs = [(name, key) for key in keys for name in refers if not own or squeezed(name) != squeezed(key)]  # fmt: skip
    if not pairs or messages.columns == tickets.columns:
        return None
    shown = spread_rows(messages)
    rows = list(good_rows(tickets))
    for name, key in pairs:
        numbers = [row.get(key, "").strip() for row in rows]
        cells = [cell for row in shown if (cell := row.get(name, "").strip())]
        known = set(numbers) - {""}
        if cells and len(known) == len(numbers) and sum(c in known for c in cells) >= _COVERED * len(cells):  # fmt: skip
            return name, key
    return None


def joined(
    tickets: RowSource, messages: RowSource, roles: Roles, by: tuple[str, str], sidecar: Sidecar
) -> tuple[ListedRows, Writers]:
    """The tickets, each with its customer's first message; one without any keeps its own columns. And who wrote the messages.

    Args:
        roles: what the columns of the messages are for.
        by: the columns that `reference` found.
    """
    refers, key = by
    listed = list(good_rows(tickets))
    asking = [name for name in tickets.columns if words_of(name) & ASKS]
    asked_by = {row.get(key, "").strip(): {n: row.get(n, "") for n in asking} for row in listed}
    rows = list(good_rows(messages))
    known = [asked_by.get(row.get(refers, "").strip(), {}) | row for row in rows]
    writers = writers_in(known, known[:MOST_ROWS], replace(roles, group=refers, label=()), sidecar)
    first = _first_messages([row for row in rows if not writers.firm_by(row)], roles, refers)
    values: list[JsonValue] = []
    for row in listed:
        said = first.get(row.get(key, "").strip(), {})
        added: dict[str, JsonValue] = {name: cell for name, cell in said.items() if name not in row}
        values.append({**row, **added})
    return ListedRows.of(values, f"{tickets.form}, with messages"), writers


def _first_messages(rows: Sequence[Row], roles: Roles, refers: str) -> Mapping[str, Row]:
    """Number of a ticket → the first of these messages."""
    read_date, _ = date_reader([row.get(roles.date, "") for row in rows])
    moments = [at.timestamp() if (at := read_date(row.get(roles.date, ""))) else 0.0 for row in rows]  # fmt: skip
    found: dict[str, Row] = {}
    for _, row in sorted(zip(moments, rows), key=lambda pair: pair[0]):
        found.setdefault(row.get(refers, "").strip(), row)
    return found
