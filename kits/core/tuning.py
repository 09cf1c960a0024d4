"""What changes in a bundle when its thresholds are chosen anew without training: figures before, after, and apart.

Values and the contract of a kit that allows it. Which settings need no training is the kit's to say; how a bundle is made
of the new thresholds is the toolchain's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pydantic import BaseModel, JsonValue

from kits.core.kit import EvaluateTask
from kits.core.stats import Estimate


@dataclass(frozen=True, slots=True)
class Change:
    """One figure, on the same samples and in the same terms.

    Attributes:
        apart: after less before, drawn together; a figure that somebody stated has no width.
        unit: `EUR a month`; empty: a share, 0 to 1.
    """

    name: str
    before: Estimate
    after: Estimate
    apart: Estimate
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What new thresholds change. `headline`: the answer in one line; `notes`: what a person should know of it."""

    headline: str
    figures: tuple[Change, ...]
    notes: tuple[str, ...] = ()


@runtime_checkable
class Tunable(Protocol):
    """What `evaluate.py` offers as `TUNING` where thresholds can be chosen anew without training."""

    @property
    def settings(self) -> tuple[str, ...]:
        """Keys below `model` that need no training."""

    def restated(
        self, config: Mapping[str, JsonValue], settings: BaseModel
    ) -> dict[str, JsonValue]:
        """A bundle's config with what follows from these settings."""

    def changes(self, before: EvaluateTask, after: EvaluateTask) -> Changes:
        """What changes from one operating point to the other, on the items of `after`.

        Raises:
            DataError: nothing can be measured on them.
        """
