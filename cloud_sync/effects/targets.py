"""What can be told of effects: the protocol, its one error, and the receivers of a configuration.

A new kind of receiver (a CRM) is a class with these three members, given to the dispatcher.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from kits.core.errors import KitwrightError


@dataclass(frozen=True, slots=True)
class Delivery:
    """One effect on its way.

    Attributes:
        key: the same for every attempt, so that the receiver knows it when it comes twice.
        attempt: 1 for the first.
        batch: names what goes with it in one delivery, on every attempt; empty for receivers that
            take one effect at a time.
    """

    key: str
    kind: str
    body: Mapping[str, JsonValue]
    created_at: datetime
    attempt: int
    batch: str = ""


class DeliveryError(KitwrightError):
    """The receiver did not take it.

    Args:
        retry: False when the same again cannot succeed.
        after_s: the receiver asked to be left alone for so long; 0: it did not.
    """

    def __init__(
        self, what: str, *, where: str = "", retry: bool = True, after_s: float = 0
    ) -> None:
        super().__init__(what, where=where)
        self.retry = retry
        self.after_s = after_s


def say_variable(name: str, value: str = "…") -> str:
    """How a secret is said: what a person types is not what a service was started with, nor in a backup."""
    return f"export {name}={value}; a service reads {name} from /etc/kitwright/hub.env"


class Target(Protocol):
    """A receiver."""

    name: str
    """As in the column `effect.target`."""
    batch: int
    """How many effects one delivery may carry."""

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Tells the receiver; returning means that it has taken all of them over.

        Raises:
            DeliveryError: it has not, or nobody knows.
        """
        ...
