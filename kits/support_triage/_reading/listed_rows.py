"""Records in memory as a table: those of a JSON document, of a parquet file, of what a chat bot is taught with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from kits.core.tables import MAX_COLUMNS, BadRow, Row, cell_of


@dataclass(frozen=True)
class ListedRows:
    """A list of records.

    Attributes:
        columns: all that its rows have.
        form: how it was read, for people.
    """

    columns: tuple[str, ...]
    values: Sequence[JsonValue]
    form: str
    numeric: ClassVar[frozenset[str]] = frozenset()
    cuts_rows: ClassVar[bool] = False

    @classmethod
    def of(cls, values: Sequence[JsonValue], form: str) -> ListedRows:
        return cls(columns_of(values), values, form)

    def rows(self) -> Iterator[tuple[int, Row] | BadRow]:
        for number, value in enumerate(self.values, start=1):
            if isinstance(value, dict):
                yield number, {name: cell_of(entry) for name, entry in value.items()}
            else:
                yield BadRow(number, "not a JSON object")

    def head(self, most: int) -> list[Row]:
        good = (one for one in self.values if isinstance(one, dict))
        return [{k: cell_of(v) for k, v in one.items()} for one, _ in zip(good, range(most))]


def columns_of(values: Sequence[JsonValue]) -> tuple[str, ...]:
    """The names of all records, in the order in which they come first."""
    named = (name for one in values if isinstance(one, dict) for name in one)
    return tuple(dict.fromkeys(named))[:MAX_COLUMNS]
