"""What a filter offers of a column with very many values: the first of them by name, and that there are others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql import ColumnElement


@dataclass(frozen=True, slots=True)
class Choices:
    """What is offered.

    Attributes:
        known: in the order of their names.
        more: there are others, which a person types in.
    """

    known: Sequence[str]
    more: bool = False


def first_of(
    session: Session,
    column: InstrumentedAttribute[str],
    most: int,
    *conditions: ColumnElement[bool],
) -> Choices:
    """The first `most` values of a column, each once."""
    query = select(column).where(*conditions).distinct().order_by(column).limit(most + 1)
    found = session.scalars(query).all()
    return Choices(found[:most], len(found) > most)
