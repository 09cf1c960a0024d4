"""The hot list in the team's order: by band and probability, and among them leads by lot, whatever their score.

Of leads whom a score sent to the front nothing can be learned about those it sent to the back; so a share of all
leads, drawn by lot, stands among them at even distances in random order, marked. The first of them stands near the top:
a team that calls two a day never comes to the twentieth place, because new hot leads come first. Reading only.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from pydantic import JsonValue
from sqlalchemy import ColumnElement, TextClause, func, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from cloud_sync.crm.leads import ordered
from cloud_sync.crm.leads.lots import Lots
from cloud_sync.crm.scoring.scored import BANDS
from cloud_sync.crm.scoring.storing import OPEN
from cloud_sync.store.models import CrmConnection, CrmLead, CrmLeadWords
from cloud_sync.store.models.crm import FOR_A_PERSON, HEAT, OPTED_OUT, SCORED
from kits.core.errors import DataError

MAX_PAGE = 500
MAX_SEARCH = 100
_MOST = 2**53
"""Numbers of a cursor are smaller."""
FIRST_LOT = 3
"""Place of the first lead by lot, or before."""
_ROUNDED = 1e-9
"""0.29 of 100 is 29, which a product of floats may miss."""


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads; empty fields do not filter.

    Attributes:
        search: a lead's whole id, or text anywhere in the values of its fields, whatever its case.
        state: open, won, lost, gone; `dead`: those that wait for a person, `opted-out`: those that are not scored;
            `all`: whatever became of them.
    """

    connection: str = ""
    band: str = ""
    search: str = ""
    state: str = OPEN

    @property
    def by_lot(self) -> bool:
        """Whether leads by lot stand among the others: in the team's own order only."""
        return self.state == OPEN and not self.band and not self.search


ALL = "all"
STATES = (OPEN, "won", "lost", "gone", "dead", "opted-out", ALL)


@dataclass(frozen=True, slots=True)
class Listed:
    """A lead in the list; `lot`: it stands there by lot."""

    lead: CrmLead
    lot: bool


@dataclass(frozen=True, slots=True)
class LeadPage:
    """`next` is the `cursor` of the following page, empty at the end; `before`: so many stand on those before."""

    leads: tuple[Listed, ...]
    next: str
    before: int = 0


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where a list goes on: how many were shown, and the last one of each of the two orders."""

    place: int = 0
    main: tuple[JsonValue, ...] = ()
    lot: tuple[JsonValue, ...] = ()


def page(
    session: Session, wanted: LeadFilter, lots: Lots, *, limit: int = 50, cursor: str = ""
) -> LeadPage:
    """One page of the list.

    Args:
        lots: the shares by lot.

    Raises:
        DataError: no such band or state, or `cursor` is not what a page gave.
    """
    _require_known(wanted)
    size, at = max(1, min(limit, MAX_PAGE)), _read(cursor)
    share = lots.largest(wanted.connection) if wanted.by_lot else 0.0
    stretches = _stretches(session, wanted, lots if share else Lots({}))
    found = _rows(session, ordered.by_heat(session, stretches, at.main, size + 1))
    drawn = _rows(session, ordered.by_lot(session, stretches, at.lot, size + 1))
    listed = _mixed(found, drawn, share, at.place, size + 1)
    shown = listed[:size]
    more = len(listed) > size
    return LeadPage(tuple(shown), _write(at, shown) if more else "", at.place)


def count(session: Session, wanted: LeadFilter) -> int:
    """How many leads all pages have. Raises as `page`."""
    _require_known(wanted)
    total = 0
    for some in _stretches(session, wanted, Lots({})):
        query = select(func.count()).select_from(CrmLead).where(*some.wanted)
        total += session.scalar(query) or 0
    return total


def _stretches(session: Session, wanted: LeadFilter, lots: Lots) -> list[ordered.Stretch]:
    """One for each connection where an index has the order, else one for all."""
    names = [wanted.connection]
    if wanted.state == OPEN and not wanted.connection:
        names = list(session.scalars(select(CrmConnection.name).order_by(CrmConnection.name)))
    return [
        ordered.Stretch(name, _where(wanted, name), lots.drawn(name), wanted.state == OPEN)
        for name in names
    ]


def _rows(session: Session, wanted: Sequence[tuple[str, str]]) -> list[CrmLead]:
    """Leads by their keys, in that order: rows are long, and a database that sorts them whole has them all in its hands."""
    columns = tuple_(CrmLead.connection, CrmLead.object_id)
    rows = session.scalars(select(CrmLead).where(columns.in_(wanted))) if wanted else ()
    by_key = {(row.connection, row.object_id): row for row in rows}
    return [by_key[key] for key in wanted if key in by_key]


def _mixed(
    found: Sequence[CrmLead], drawn: Sequence[CrmLead], share: float, place: int, limit: int
) -> list[Listed]:
    """Both orders as one; where one has ended the other goes on."""
    left, lots, listed = list(found), list(drawn), list[Listed]()
    while (left or lots) and len(listed) < limit:
        place += 1
        by_lot = bool(lots) and (not left or is_by_lot(place, share))
        listed.append(Listed((lots if by_lot else left).pop(0), by_lot))
    return listed


def is_by_lot(place: int, share: float) -> bool:
    """Of all places up to each one the share is by lot, no less and at most one more: the first place comes early."""
    ahead = max(0.0, 1 - FIRST_LOT * share) + _ROUNDED
    return floor(place * share + ahead) > floor((place - 1) * share + ahead)


def _where(wanted: LeadFilter, connection: str) -> list[ColumnElement[bool] | TextClause]:
    conditions: list[ColumnElement[bool] | TextClause] = []
    if connection:
        conditions.append(CrmLead.connection == connection)
    if wanted.state == OPEN:
        conditions.append(SCORED)
    elif wanted.state == "dead":
        conditions.append(FOR_A_PERSON)
    elif wanted.state == "opted-out":
        conditions.append(OPTED_OUT)
    elif wanted.state != ALL:
        conditions.append(CrmLead.state == wanted.state)
    if wanted.band:
        conditions.append(CrmLead.heat == HEAT[wanted.band])
    if wanted.search:
        conditions.append(_contains(wanted.search[:MAX_SEARCH]))
    return conditions


def _contains(text: str) -> ColumnElement[bool]:
    said = CrmLeadWords.words.contains(text.casefold(), autoescape=True)
    named = aliased(CrmLead)
    by_number = named.connection.in_(select(CrmConnection.name)), named.object_id == text
    found = union_all(
        select(CrmLeadWords.connection, CrmLeadWords.object_id).where(said),
        select(named.connection, named.object_id).where(*by_number),
    ).subquery()
    # a table of its own: without it SQLite reads all leads and looks each up in what was found
    return tuple_(CrmLead.connection, CrmLead.object_id).in_(select(found))


def _write(at: _Cursor, shown: Sequence[Listed]) -> str:
    main, lot = at.main, at.lot
    for one in shown:
        lead = one.lead
        if one.lot:
            lot = (lead.lot, lead.connection, lead.object_id)
        else:
            probability = ordered.NEVER if lead.probability is None else lead.probability
            main = (lead.heat, probability, lead.connection, lead.object_id)
    told = json.dumps([at.place + len(shown), main, lot])
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _read(cursor: str) -> _Cursor:
    if not cursor:
        return _Cursor()
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor[:4000] + "=" * (-len(cursor) % 4)))
        place, main, lot = told
        fits = (
            isinstance(place, int)
            and 0 <= place < _MOST
            and _fits(main, (int, float, str, str))
            and _fits(lot, (float, str, str))
        )
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise DataError("not the next of a page", where=cursor[:80]) from error
    if not fits:
        raise DataError("not the next of a page", where=cursor[:80])
    return _Cursor(place, tuple(main), tuple(lot))


def _fits(told: object, kinds: tuple[type, ...]) -> bool:
    if not isinstance(told, list):
        return False
    return not told or (
        len(told) == len(kinds)
        and all(isinstance(one, kind) and _is_storable(one) for one, kind in zip(told, kinds))
    )


def _is_storable(value: object) -> bool:
    """Whether every database can compare with it: no half characters, no NUL, no number beyond its own."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    return isinstance(value, int | float) and abs(value) < _MOST


def _require_known(wanted: LeadFilter) -> None:
    if wanted.band and wanted.band not in BANDS:
        raise DataError("no such band", where=wanted.band[:40], fix=f"known: {', '.join(BANDS)}")
    if wanted.state not in STATES:
        raise DataError("no such state", where=wanted.state[:40], fix=f"known: {', '.join(STATES)}")
