"""Which leads must be in one split: those of one customer, or of what a person names."""

from __future__ import annotations

from kits.lead_scoring._mailbox import domain_of
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.leads.returning import by_lot, customers
from kits.lead_scoring.config import SourceConfig


def groups_of(known: Known, source: SourceConfig) -> list[str]:
    """(rows,) what must stay together, empty where a lead stands for itself; no rows: nothing is named.

    Leads that are split by time are not kept together unless it is stated: a customer's next lead comes later than the last.
    """
    if known.roles.group:
        cells = [cell.strip().casefold() for cell in known.sheet.cells[known.roles.group]]
        return [
            f"{known.roles.group}:{domain_of(c) if '@' in c else c}" if c else "" for c in cells
        ]
    if source.group or not known.roles.customers or not by_lot(known.order, known.won):
        return []
    return customers(known.sheet, known.roles.customers)
