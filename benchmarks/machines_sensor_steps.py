"""How clear the step of a changed sensor must be, for `kit check` to name it, and how often it names one that is not there.

Made-up machines by the hour: six channels that follow the load, each with its own lag, weather and slow wander. A press works
two shifts on five days of seven, on three products; a pump runs day and night. The first channel's sensor is changed amid.

Usage: python -m benchmarks.machines_sensor_steps
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import header, table
from kits.core.stats import proportion
from kits.predictive_maintenance._checking.level_steps import level_steps
from kits.predictive_maintenance._checking.levels import HOUR_S, Levels

MACHINES = 100
CHANNELS = 6
NOISE = 0.8
"""Of an hour's mean; the load moves a channel by 5 to 30."""
_PLACE_H = 72
"""A step that happens while a press stands is seen when it runs again."""


@dataclass(frozen=True)
class _Change:
    name: str
    amount: float = 0.0
    factor: float = 1.0


CHANGES = (
    _Change("nothing"),
    _Change("level, 4 times the noise", amount=4 * NOISE),
    _Change("level, 8 times the noise", amount=8 * NOISE),
    _Change("level, 16 times the noise", amount=16 * NOISE),
    _Change("sensitivity, times 1.3", factor=1.3),
    _Change("sensitivity, times 2", factor=2.0),
    _Change("unit, times 10", factor=10.0),
)


def machine(seed: int, days: int, shifts: bool) -> NDArray[np.float64]:
    """(channels, hours)."""
    draw = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    runs = (hours // 24 % 7 < 5) & (hours % 24 >= 6) & (hours % 24 < 22) if shifts else 1.0
    products = np.repeat(draw.choice([1.0, 1.15, 1.3], days), 24)
    load = runs * products * (1 + 0.05 * draw.normal(size=hours.size))
    year = 8 * np.sin(2 * np.pi * hours / 24 / 365 + draw.uniform(0, 2 * np.pi))
    weather = 20 + year + 4 * np.sin(2 * np.pi * hours / 24)
    weather += 0.3 * np.cumsum(draw.normal(0, 0.15, hours.size))
    return np.array([_channel(draw, load, weather) for _ in range(CHANNELS)])


def _channel(
    draw: np.random.Generator, load: NDArray[np.float64], weather: NDArray[np.float64]
) -> NDArray[np.float64]:
    lag, followed = draw.uniform(0.1, 0.9), np.zeros(load.size)
    for hour in range(1, load.size):
        followed[hour] = lag * followed[hour - 1] + (1 - lag) * load[hour]
    wander = np.cumsum(draw.normal(0, 0.02, load.size))
    noise = draw.normal(0, NOISE, load.size)
    found: NDArray[np.float64] = (
        draw.uniform(5, 30) * followed + draw.uniform(0, 1) * weather + wander + noise
    )
    return found


def named(seed: int, days: int, shifts: bool, change: _Change) -> tuple[bool, int]:
    """Whether the changed channel is named at its time, and how many others or other times are."""
    values = machine(seed, days, shifts)
    at = int(0.6 * values.shape[1])
    values[0] -= values[0].min() - 1
    values[0, at:] = values[0, at:] * change.factor + change.amount
    means = {f"c{i}": row.astype(np.float32) for i, row in enumerate(values)}
    steps = list(level_steps([Levels(np.arange(values.shape[1]), means)], HOUR_S))
    right = [s for s in steps if s.channel == "c0" and abs(s.at_s / HOUR_S - at) <= _PLACE_H]
    return bool(right), len(steps) - len(right)


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    print(header("machines_sensor_steps"))
    rows = []
    for shifts, days in ((True, 20), (True, 90), (False, 20), (False, 90)):
        for change in CHANGES:
            found = [named(seed, days, shifts, change) for seed in range(MACHINES)]
            hits = sum(hit for hit, _ in found)
            share = proportion(hits, MACHINES)
            rows.append([
                f"{'press' if shifts else 'pump'}, {days} days", change.name,
                "" if change.name == "nothing" else f"{100 * share.value:.0f} % [{100 * share.low:.0f}, {100 * share.high:.0f}]",
                str(sum(wrong for _, wrong in found)),
            ])  # fmt: skip
    print(table(("machine", "changed", "named", "named wrongly"), rows))


if __name__ == "__main__":
    main()
