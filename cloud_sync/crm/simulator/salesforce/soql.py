"""The part of SOQL a hub asks with: SELECT … FROM … WHERE … ORDER BY … LIMIT …, over records in memory.

Source: Salesforce "SOQL and SOSL Reference". What a condition may be is `conditions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cloud_sync.crm.simulator.conditions import Reader, Row, Test, sorting

MOST = 50_000
"""Rows of one answer, as Salesforce has it."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query, understood.

    Attributes:
        order: fields and whether downwards.
        names: all fields it mentions.
    """

    select: tuple[str, ...]
    thing: str
    test: Test
    order: tuple[tuple[str, bool], ...] = ()
    limit: int = MOST
    names: frozenset[str] = field(default_factory=frozenset)

    def run(self, rows: list[Row]) -> list[Row]:
        """The rows that fit, in order."""
        found = [row for row in rows if self.test(row)]
        for name, down in reversed(self.order):
            found.sort(key=lambda row: sorting(row.get(name)), reverse=down)
        return found[: self.limit]


def parse(text: str) -> Query:
    """Understands a query.

    Raises:
        WrongConditionError: it is none, or longer than Salesforce allows.
    """
    reader = Reader(text)
    reader.word("SELECT")
    select = [reader.name()]
    while reader.follows(","):
        select.append(reader.name())
    reader.word("FROM")
    thing = reader.take("word")
    test: Test = reader.condition() if reader.follows("WHERE") else lambda _row: True
    order: list[tuple[str, bool]] = []
    if reader.follows("ORDER"):
        reader.word("BY")
        order.append(_sort(reader))
        while reader.follows(","):
            order.append(_sort(reader))
    limit = int(reader.take("number")) if reader.follows("LIMIT") else MOST
    reader.end()
    return Query(tuple(select), thing, test, tuple(order), limit, frozenset(reader.names))


def _sort(reader: Reader) -> tuple[str, bool]:
    name = reader.name()
    down = reader.follows("DESC")
    if not down:
        reader.follows("ASC")
    return name, down
