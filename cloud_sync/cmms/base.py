"""What a maintenance system (CMMS) must be able to do, and the values that go there and come back.

A new one is a file with a class of this protocol and a line in `start.py`. When an order is made, and
what an answer does to a case, is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from cloud_sync.effects.checks import Check
from cloud_sync.effects.json_http import printable
from kits.core.labelling import spelling

OrderProgress = Literal["new", "acknowledged", "done"]


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What shall be looked at.

    Attributes:
        case_id: names the order in both systems; one case has one order.
        title: one line with asset, level and what is supposed.
        details: further lines, plain text.
        level: `warn` or `alarm`.
    """

    case_id: str
    asset: str
    title: str
    details: tuple[str, ...]
    level: str
    since: datetime


@dataclass(frozen=True, slots=True)
class OrderOfCase:
    """An order as the hub knows it: its number, and the case it was made for."""

    ref: str
    case_id: str


@dataclass(frozen=True, slots=True)
class OrderState:
    """How an order stands. `cause` is the code of the CMMS, empty when nobody gave one."""

    case_id: str
    progress: OrderProgress
    cause: str = ""
    who: str = ""
    note: str = ""


class Cmms(Protocol):
    """A maintenance system. All methods raise DeliveryError when it does not do as asked."""

    name: str
    """As in `CmmsConfig.target`."""

    def find(self, case_id: str) -> str:
        """The number of this case's order, the oldest should there be several; empty: none."""
        ...

    def create(self, order: WorkOrder) -> str:
        """Makes an order and returns its number."""
        ...

    def comment(self, ref: str, text: str) -> None:
        """Adds a line to an order's history."""
        ...

    def states(self, orders: Sequence[OrderOfCase]) -> list[OrderState]:
        """How these orders stand. Left out are those that are gone, and numbers that stand for another thing than
        that case's order: the CMMS of before had given them.
        """
        ...

    def check(self) -> list[Check]:
        """What is there and what is missing; changes nothing."""
        ...


def is_among(name: str, names: Collection[str]) -> bool:
    """Whether a stage, a state or a code is one of these, however capitals and spaces are written."""
    return name in names or spelling(name) in map(spelling, names)


def check_names(key: str, wanted: Sequence[str], there: Sequence[str]) -> list[Check]:
    """Whether the stages or states that `key` of the configuration names are there: a wrong one is never met."""
    missing = [name for name in wanted if not is_among(name, there)]
    if not wanted or not there:
        return []
    known = printable(", ".join(there))
    found = f"{printable(', '.join(missing))}: not there" if missing else "there"
    fix = f"name in cmms.{key} what means that: {known}" if missing else ""
    return [Check(f"{key}: {', '.join(wanted)}", not missing, found, fix)]
