"""What the desk counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class DeskFigures:
    """Counters since the start.

    Attributes:
        suppressed: steps that caused no action because their asset was shelved.
        unwatched: windows of assets beyond the bound.
        lost: steps given up because the outbox took none for too long.
    """

    opened: int = 0
    steps: int = 0
    suppressed: int = 0
    unwatched: int = 0
    lost: int = 0
