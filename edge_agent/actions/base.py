"""What an action is: something done for a verdict, before a deadline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from kits.core.operating_point import Verdict


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, with all an actuator may want to know.

    Attributes:
        case_id, asset, step, level: of a watched machine, whose actions follow its case; else empty.
    """

    sample_id: str
    verdict: Verdict
    label: str
    score: float | None
    captured_at: datetime
    deadline_mono: float
    reason: str = ""
    case_id: str = ""
    asset: str = ""
    step: str = ""
    level: str = ""

    def as_json(self) -> dict[str, JsonValue]:
        """The message an MQTT or HTTP action sends."""
        told: dict[str, JsonValue] = {
            "sample_id": self.sample_id,
            "verdict": self.verdict,
            "label": self.label,
            "score": self.score,
            "captured_at": self.captured_at.isoformat(),
            "reason": self.reason,
        }
        if self.case_id:
            told |= {
                "case_id": self.case_id, "asset": self.asset, "step": self.step, "level": self.level
            }  # fmt: skip
        return told


class Action(Protocol):
    """Does something in the world."""

    name: str
    verdicts: tuple[Verdict, ...]

    def do(self, order: Order, timeout_s: float) -> None:
        """Does it within `timeout_s`. Raises OSError or KitwrightError when it failed."""

    def close(self) -> None:
        """Frees what it holds."""


def headers_for_json(extra: Mapping[str, str]) -> dict[str, str]:
    """HTTP headers of an action's message."""
    return {"Content-Type": "application/json", **extra}
