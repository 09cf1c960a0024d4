"""Firms that made-up leads belong to, and the people whose leads they are: the same in each pretended CRM.

They follow from what a lead says of itself, so that the same seed gives the same people as ever; who buys does not depend
on them. How a CRM names and numbers them is the vendor's.
"""

from __future__ import annotations

import random
import threading
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue

from cloud_sync.crm.simulator.world import FIRMS, Value
from kits.core.section import Section

OWNERS = ("Ann Arbor", "Bruno Keller", "Chiara Rossi", "Dev Shah")
"""Who works with leads; the number of each is its place, from 1."""
TEAMS = ("Europe", "Overseas")
TAGS = ("Product", "Services", "Training")
SEGMENTS = ("Key account", "Growth", "Occasional")
CITIES = ("Hamburg", "Linz", "Lyon", "Poznan", "Turin")


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm: `owner` is a number of `OWNERS`."""

    number: int
    name: str
    segment: str
    city: str
    staff: int
    owner: int


class _Entered(Section):
    segment: str = ""
    city: str = ""
    staff: int = 0


class Firms:
    """All of them, by name and by number."""

    def __init__(self) -> None:
        names = [f"{first} {second}" for first in FIRMS for second in FIRMS]
        self._firms = {number: _made(number, name) for number, name in enumerate(names, 1)}
        self._numbers = {firm.name: firm.number for firm in self._firms.values()}
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Firm]:
        with self._lock:
            return iter([*self._firms.values()])

    def called(self, name: object) -> Firm | None:
        """The firm of this name; leads from a file may name others, of which nothing is known."""
        return self.get(self._numbers.get(str(name), 0))

    def get(self, number: int) -> Firm | None:
        """The firm with this number."""
        return self._firms.get(number)

    def set(self, number: int, values: Mapping[str, JsonValue]) -> Firm:
        """A person enters something of a firm: segment, city or staff.

        Raises:
            KeyError: there is no such firm.
            ValueError: it has no such field, or another kind of value there.
        """
        entered = _Entered.model_validate(values).model_dump(exclude_unset=True)
        with self._lock:
            self._firms[number] = replace(self._firms[number], **entered)
            return self._firms[number]


def owner_of(columns: Mapping[str, Value]) -> int:
    """The number of whose lead it is."""
    return 1 + zlib.crc32(str(columns.get("email", "")).encode()) % len(OWNERS)


def _made(number: int, name: str) -> Firm:
    draw = random.Random(f"firm:{name}")  # noqa: S311 - made-up firms
    staff = round(10 ** draw.uniform(0.7, 3.5))
    return Firm(
        number, name, draw.choice(SEGMENTS), draw.choice(CITIES), staff,
        draw.randrange(len(OWNERS)) + 1,
    )  # fmt: skip
