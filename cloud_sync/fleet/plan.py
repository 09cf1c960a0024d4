"""The plan of a rollout: how many devices in each wave, how long each may take. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from kits.core.errors import UsageError

_STEP = re.compile(r"[1-9][0-9]{0,5}|([1-9][0-9]?|100)%")


@dataclass(frozen=True, slots=True)
class Plan:
    """How to spread.

    `waves` are cumulative: numbers of devices or percentages of the fleet; the rest follows last.
    `deadline` holds for each wave, `soak` is waited between two of them. `canary` goes first;
    without one it is a device that is online.
    """

    deadline: timedelta
    soak: timedelta = timedelta()
    waves: tuple[str, ...] = ("1", "20%", "100%")
    canary: str = ""


def parse_waves(text: str) -> tuple[str, ...]:
    """`1,20%,100%` as a tuple.

    Raises:
        UsageError: a part is neither a number of devices nor a percentage.
    """
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in parts:
        if _STEP.fullmatch(part) is None:
            raise UsageError(f"{part!r} is not a wave", fix="for example: --waves 1,20%,100%")
    if not parts:
        raise UsageError("no waves were given", fix="for example: --waves 1,20%,100%")
    return parts


def sizes(waves: Sequence[str], devices: int) -> list[int]:
    """Cumulative numbers of devices, strictly rising, the last one all of them."""
    steps: list[int] = []
    for wave in (*waves, "100%"):
        number = int(wave.rstrip("%"))
        count = math.ceil(devices * number / 100) if wave.endswith("%") else number
        count = min(count, devices)
        if not steps or count > steps[-1]:
            steps.append(count)
    return steps
