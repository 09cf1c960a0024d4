"""What a maintenance system (CMMS) must be able to do, and the values that go there and come back.

A new one is a file with a class of this protocol and a line in `start.py`. When an order is made, and
what an answer does to a case, is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from cloud_sync.effects.checks import Check

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
class OrderState:
    """How an order stands. `cause` is the code of the CMMS, empty when nobody gave one."""

    ref: str
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

    def states(self, refs: Sequence[str]) -> list[OrderState]:
        """How these orders stand; those that are gone are left out."""
        ...

    def check(self) -> list[Check]:
        """What is there and what is missing; changes nothing."""
        ...
