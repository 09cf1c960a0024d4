"""Long lists of the API: a page at a time, and where the next one begins. The pages' own are in `web/pages/_paging.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Query
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

Before = Annotated[int | None, Query(description="`next` of the page before")]
MOST_PAGES = 100_000
PageNumber = Annotated[int, Query(ge=1, le=MOST_PAGES, description="`next` of the page before")]
_Row = TypeVar("_Row")


def newest_page(
    session: Session,
    query: Select[_Row],
    number: InstrumentedAttribute[int],
    limit: int,
    before: int | None,
) -> tuple[Sequence[_Row], int | None]:
    """A page of the rows of one table, and the `before` of the following one; None on the last page.

    What comes meanwhile does not move the pages.

    Args:
        query: which rows; the order is this function's.
        number: the key that counts them.
        before: only those with a smaller number.
    """
    query = query.order_by(None).order_by(number.desc())
    if before is not None:
        query = query.where(number < before)
    found = session.scalars(query.limit(limit + 1)).all()
    page = found[:limit]
    return page, getattr(page[-1], number.key) if len(found) > limit else None


def numbered_page(
    session: Session, query: Select[_Row], number: int, limit: int
) -> tuple[Sequence[_Row], int | None]:
    """A page of rows that no number counts, and the number of the following one; None on the last page.

    Args:
        query: in an order that is never the same for two rows.
        number: from 1.
    """
    found = session.scalars(query.offset((number - 1) * limit).limit(limit + 1)).all()
    return found[:limit], number + 1 if len(found) > limit else None
