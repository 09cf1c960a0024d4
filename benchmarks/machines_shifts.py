"""Presses that work in shifts: how many faults are found with and without a signal that says whether they run.

Made-up presses, a reading each ten minutes for 90 days: two shifts on five days of seven, one of three products a day; oil and
vibration follow the load at once, or the oil warms up over two hours, above a hall with its days and weather. From day 66 on four faults of half a day a press, three to eight times the noise in the vibration,
half as much in the oil. Seeds 0 to 4; learned and judged by `kit train` with all settings the defaults.

Usage: python -m benchmarks.machines_shifts
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import header, metrics, new_project, table, train
from kits.core.stats import proportion

PRESSES, DAYS, PER_DAY = 3, 90, 144
FAULTY_DAYS = (66, 72, 79, 86)
FAULT_ROWS = 80
BEGUN = datetime(2026, 3, 2, tzinfo=timezone.utc)
SIGNALS = ("nothing", "running, 0 or 1", "speed in rpm")
SIZES = (3.0, 5.0, 8.0)
SEEDS = range(5)
_WARMS = 0.92
"""Of the oil's rise that is still to come after ten minutes."""


def write(folder: Path, seed: int, size: float, signal: str, *, warm: bool) -> None:
    """The presses as CSV files, and the list of their faults."""
    draw = np.random.default_rng(seed)
    rows = DAYS * PER_DAY
    times = [BEGUN + timedelta(minutes=10 * row) for row in range(rows)]
    faults = ["start,end,machine,fault"]
    folder.mkdir()
    for press in range(1, PRESSES + 1):
        columns = _press(draw, rows, warm)
        for day in FAULTY_DAYS:
            begin = (day + press - 1) * PER_DAY + 40
            end = min(begin + FAULT_ROWS, rows)
            columns["vibration"][begin:end] += size * 0.05
            columns["oil"][begin:end] += size * 0.4 / 2
            faults.append(f"{times[begin]},{times[end - 1]},Press {press},bearing")
        runs = columns.pop("runs")
        if signal == SIGNALS[1]:
            columns["running"] = runs
        elif signal == SIGNALS[2]:
            columns["speed"] = 1480 * runs + draw.normal(0, 2, rows)
        lines = [",".join(["time", *columns])]
        values = np.stack(list(columns.values()), axis=1)
        lines += [f"{at},{','.join(f'{v:.3f}' for v in row)}" for at, row in zip(times, values)]
        (folder / f"Press {press}.csv").write_text("\n".join(lines) + "\n")
    (folder / "faults.csv").write_text("\n".join(faults) + "\n")


def _press(draw: np.random.Generator, rows: int, warm: bool) -> dict[str, NDArray[np.float64]]:
    at = np.arange(rows)
    works = (at // PER_DAY % 7 < 5) & (at % PER_DAY >= 36) & (at % PER_DAY < 132)
    load = works * np.repeat(draw.choice([1.0, 1.2, 1.4], DAYS), PER_DAY)
    if warm:
        slow = np.zeros(rows)
        for row in range(1, rows):
            slow[row] = _WARMS * slow[row - 1] + (1 - _WARMS) * load[row]
        hall = 20 + 4 * np.sin(2 * np.pi * at / PER_DAY - 2) + np.cumsum(draw.normal(0, 0.05, rows))
        return {
            "oil": hall + 22 * slow + draw.normal(0, 0.4, rows),
            "vibration": 0.2 + 0.5 * load + 0.1 * slow + draw.normal(0, 0.05, rows),
            "runs": works.astype(np.float64),
        }
    return {
        "oil": 40 + 8 * load + draw.normal(0, 0.4, rows),
        "vibration": 0.2 + 0.5 * load + draw.normal(0, 0.05, rows),
        "runs": works.astype(np.float64),
    }


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    print(header("machines_shifts"))
    shown = []
    for warm in (False, True):
        for signal in SIGNALS:
            for size in SIZES:
                shown.append(_row(signal, size, warm))
    columns = ("the oil", "says whether it runs", "fault, times the noise", "found", "false onsets")
    print(table(columns, shown))


def _row(signal: str, size: float, warm: bool) -> list[str]:
    found = faults = onsets = 0
    for seed in SEEDS:
        with TemporaryDirectory() as name:
            write(Path(name) / "data", seed, size, signal, warm=warm)
            said = metrics(train(new_project(Path(name), Path(name) / "data")).answer)
        recall = said["event_recall"]
        faults += recall.n
        found += round(recall.value * recall.n)
        onsets += said["false_onsets_per_day"].n
    share = proportion(found, faults)
    told = f"{found} of {faults}: {share.value:.2f} [{share.low:.2f}, {share.high:.2f}]"
    return ["warms up" if warm else "at once", signal, f"{size:g}", told, str(onsets)]


if __name__ == "__main__":
    main()
