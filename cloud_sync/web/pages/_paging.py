"""Long lists, a page at a time: which rows are shown, of how many, and the addresses of those before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Query, Request
from sqlalchemy import Select
from sqlalchemy.orm import Session

from cloud_sync.store.bulk import count_rows

MOST_PAGES = 100_000
PageNumber = Annotated[int, Query(ge=1, le=MOST_PAGES)]
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list a page is.

    Attributes:
        first, last: numbers of the rows shown, from 1; both 0 on a page behind the end.
        total: rows of the list.
        newer, older: addresses of the pages beside it; empty: there is none.
    """

    first: int
    last: int
    total: int
    newer: str
    older: str


def page_of(
    request: Request, session: Session, query: Select[_Row], number: int, per_page: int
) -> tuple[Sequence[_Row], Place]:
    """A page of the rows of one table, and its place.

    Args:
        query: in the order they are shown in, which is never the same for two rows.
        number: from 1.
    """
    rows = session.scalars(query.offset((number - 1) * per_page).limit(per_page)).all()
    return rows, place_of(request, number, per_page, len(rows), count_rows(session, query))


def place_of(request: Request, number: int, per_page: int, shown: int, total: int) -> Place:
    """The place of a page that shows so many rows of all."""
    before = (number - 1) * per_page
    newer = _address(request, number - 1) if number > 1 else ""
    older = _address(request, number + 1) if before + shown < total and shown else ""
    first, last = (before + 1, before + shown) if shown else (0, 0)
    return Place(first, last, total, newer, older)


def _address(request: Request, number: int) -> str:
    """This page's own with another number; what it is filtered by stays."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
    return f"{request.url.path}?{urlencode([*kept, ('page', str(number))])}"
