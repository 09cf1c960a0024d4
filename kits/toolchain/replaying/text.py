"""Words that every replay says: what was replayed, money, rates, lengths of time.

What is said of one kind of data is `machine_text.py`, `sample_text.py`, `mail_text.py` and `lead_text.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import JsonValue

from kits.core.stats import Estimate


@dataclass(frozen=True, slots=True)
class Heading:
    """What was replayed.

    Attributes:
        dataset: id of the data as it was read.
        seed: of the intervals.
        complaints: of the reader of the data.
    """

    title: str
    data: str
    bundle: str
    dataset: str
    seed: int
    complaints: tuple[str, ...]

    @property
    def source(self) -> str:
        """What the figures are of, and can be had again from."""
        return f"bundle {self.bundle[:12]}, dataset {self.dataset[:12]}, seed {self.seed}"

    def document(self) -> dict[str, JsonValue]:
        """The same for programs."""
        return {
            "bundle": self.bundle, "data": self.data, "dataset": self.dataset, "seed": self.seed,
        }  # fmt: skip

    def notes(self, said: Iterable[str]) -> list[str]:
        """What a person should know besides: what the replay said, then each complaint once."""
        return [*said, *dict.fromkeys(self.complaints)]


def money_text(value: float) -> str:
    """`12,300`, and cents only where they matter."""
    whole = abs(value) >= 100 or value == round(value)
    return (f"{value:,.0f}" if whole else f"{value:,.2f}").replace("-", "−" if value else "")


def with_interval(estimate: Estimate) -> str:
    """Money with its interval."""
    low, high = money_text(estimate.low), money_text(estimate.high)
    return f"{money_text(estimate.value)} [{low}, {high}]"


def rate_text(estimate: Estimate) -> str:
    """`0.8 [0.2, 2.3]`"""
    return f"{rate(estimate.value)} [{rate(estimate.low)}, {rate(estimate.high)}]"


def rate(value: float) -> str:
    """Two digits of a small rate, none behind the point of a large one."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def percent(share: Estimate) -> str:
    """`68.5 % [65.6, 71.3]`"""
    return f"{100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def length_text(value: float, unit: str) -> str:
    """A length of time in the unit a person would take."""
    if unit != "s":
        return f"{value:.3g} {unit}"
    for size, name in ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if abs(value) >= 2 * size:
            return f"{value / size:.3g} {name}"
    return f"{value:.3g} s"


def plural(count: int, word: str) -> str:
    """`1 alarm`, `2 alarms`"""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
