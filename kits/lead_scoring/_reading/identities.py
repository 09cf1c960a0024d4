"""Who the leads of a table are: their ids, and the keys by which they are the same in any export.

The number of a customer is no lead's own: who asks again, on another day, is another lead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone

from kits.core.record_keys import column_key, dated_key, record_key
from kits.lead_scoring._reading.before import Before
from kits.lead_scoring._reading.cells import is_missing
from kits.lead_scoring._reading.known import Known
from kits.lead_scoring._reading.lead_ids import counts_rows
from kits.lead_scoring._reading.mapping import Mapping
from kits.lead_scoring._reading.names import rank
from kits.lead_scoring._reading.things import of_customers

_CLOCK = 1e8
"""Places in time from which on they are seconds since 1970, and not ranks."""
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
    first = _first_days(ids, days, before)
    return [
        "" if is_missing(cell)
        else _key(known.crm, name, identity) if day == first.get(identity, "")
        else dated_key(name, identity, day)
        for cell, identity, day in zip(known.sheet.cells[name], ids, days)
    ]  # fmt: skip


def days_of_customers(known: Known, *, stated: bool) -> list[str]:
    """(rows,) the day on which each lead came, where ids are those of customers and a column called like that says when; else empty.

    Args:
        stated: a person said which column has the ids: then each names one lead.
    """
    roles = known.roles
    dated = rank(roles.decided_at, "decided_at") is not None if roles.decided_at else False
    if stated or known.crm is not None or not (dated and of_customers(roles.id)):
        return [""] * len(known.sheet)
    return [_day(at) for at in known.at]


def _first_days(ids: Sequence[str], days: Sequence[str], before: Before) -> dict[str, str]:
    """The day of the lead that each id stands for by itself: of the one that was there, else of the earliest here."""
    first: dict[str, str] = {}
    for identity, day in zip(ids, days):
        there = before.places.get(identity) if day else None
        own = _day(there) if there is not None and there > _CLOCK else day
        first[identity] = own if there is not None else min(first.get(identity, day), day)
    return first


def _day(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, tz=timezone.utc).date().isoformat()


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
