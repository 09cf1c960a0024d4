"""Who the leads of a table are: their ids, and the keys by which they are the same in any export.

The number of a customer is no lead's own: see `further_leads.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kits.core.record_keys import column_key, record_key
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.columns.mapping import Mapping
from kits.lead_scoring._reading.leads.before import Before
from kits.lead_scoring._reading.leads.further_leads import days_of_customers, keys_of_customers
from kits.lead_scoring._reading.leads.ids import counts_rows
from kits.lead_scoring._reading.values.cells import is_missing

_POINT_NOUGHT = re.compile(r"\s*\d{1,15}\.0\s*")


def keys(known: Known, ids: Sequence[str], before: Before, *, stated: bool) -> list[str]:
    """Who each lead is, whichever export it comes from: the CRM's kind of record, or the id's column, with the id; of a customer's
    further leads with the day on which they came, too.

    Rows without an id have none (empty), and so do all where the ids only count the rows of this file.

    Args:
        ids: as `identities` gives them.
        before: leads that are there: which of a customer's was the first.
        stated: a person said which column has the ids: they are believed whatever they look like.
    """
    name = known.roles.id
    if not name or (not stated and known.crm is None and counts_rows(ids)):
        return [""] * len(ids)
    days = days_of_customers(known, stated=stated)
    found = (
        keys_of_customers(known, ids, days, before)
        if any(days)
        else [_key(known.crm, name, identity) for identity in ids]
    )
    return ["" if is_missing(cell) else key for cell, key in zip(known.sheet.cells[name], found)]


def _key(crm: Mapping | None, column: str, identity: str) -> str:
    if crm is None:
        return column_key(column, identity)
    return record_key(crm.title, crm.object, identity)


def identities(known: Known) -> list[str]:
    """Each lead's id: the CRM's own, else its row's number."""
    if not known.roles.id:
        many = len(set(known.sheet.files)) > 1
        pairs = zip(known.sheet.files, known.sheet.lines)
        return [f"{file}:{line}" if many else str(line) for file, line in pairs]
    cells = known.sheet.cells[known.roles.id]
    lines = known.sheet.lines
    given = [cell for cell in cells if not is_missing(cell)]
    if given and all(map(_POINT_NOUGHT.fullmatch, given)):
        # a program that read whole numbers as fractions wrote them so; the next export does not
        cells = [cell.strip().removesuffix(".0") for cell in cells]
    return [f"row {line}" if is_missing(cell) else cell.strip() for cell, line in zip(cells, lines)]
