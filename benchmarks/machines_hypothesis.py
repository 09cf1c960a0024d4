"""The first-day fault hypothesis on the CWRU recordings: no training, one geometry, the speed of each recording.

`python -m benchmarks.machines_hypothesis --data FOLDER [--own-band]`. FOLDER holds `meta.csv` (file, class, rpm,
scale_g_per_count) and one parquet a recording with the column `de`, 12 kHz, drive end, bearing 6205. For windows of
some lengths and for whole recordings it prints how often the most prominent of outer, inner and ball is the true one,
how many are named at all, how many of those wrongly, and how many normal ones are named. Intervals treat windows as
if they were independent, which they are not: the three sizes of a fault are three bearings.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kits.core.stats import proportion
from kits.predictive_maintenance._signals.bearings import lookup
from kits.predictive_maintenance._signals.hypothesis import FaultHypothesis, fault_hypothesis
from kits.predictive_maintenance._signals.spectrum import Floats

RATE_HZ, BEARING = 12_000.0, "6205"
CLASSES = {"outer6": "outer", "inner": "inner", "ball": "ball", "normal": "none"}
FAULTS = ("outer", "inner", "ball")
LENGTHS = (2048, 4096, 12_000, 36_000, 0)


@dataclass(frozen=True)
class Recording:
    """One file.

    Attributes:
        fault: what is true of it: outer, inner, ball or none.
    """

    name: str
    fault: str
    readings: Floats
    speed_hz: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--own-band", action="store_true", help="`envelope_bands: kurtogram`")
    options = parser.parse_args()
    recordings = list(read(options.data))
    print(
        "| readings | n | right [95 %] | outer | inner | ball | named | named wrongly | normal named |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for length in LENGTHS:
        print(row(length, recordings, options.own_band))


def read(folder: Path) -> Iterator[Recording]:
    """The recordings that are there; some data sets hold a part back."""
    import pyarrow.parquet as pq

    with (folder / "meta.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            path = folder / line["file"]
            if path.exists():
                counts = pq.read_table(path)["de"].to_numpy()
                readings = (counts * float(line["scale_g_per_count"])).astype(np.float32)
                yield Recording(
                    path.stem, CLASSES[line["class"]], readings, float(line["rpm"]) / 60
                )


def row(length: int, recordings: list[Recording], own_band: bool = False) -> str:
    """The figures for one length of windows; 0 is the whole recording."""
    orders = lookup(BEARING).orders
    judged: list[tuple[str, FaultHypothesis]] = []
    for recording in recordings:
        size = length or recording.readings.size
        for start in range(0, recording.readings.size - size + 1, size):
            piece = recording.readings[start : start + size]
            found = fault_hypothesis(piece, RATE_HZ, recording.speed_hz, orders, own_band=own_band)
            judged.append((recording.fault, found))
    faulty = [(true, found) for true, found in judged if true != "none"]
    normal = [found for true, found in judged if true == "none"]
    right = [found.strongest == true for true, found in faulty]
    estimate = proportion(sum(right), len(right))
    per_class = [
        np.mean([found.strongest == true for true, found in faulty if true == fault])
        for fault in FAULTS
    ]
    named = np.mean([found.fault != "none" for _, found in faulty])
    wrongly = np.mean([found.fault not in ("none", true) for true, found in faulty])
    alarms = sum(found.fault != "none" for found in normal)
    cells = [
        str(length or "all"),
        str(len(faulty)),
        estimate.text(),
        *(f"{value:.2f}" for value in per_class),
        f"{named:.2f}",
        f"{wrongly:.2f}",
        f"{alarms} of {len(normal)}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
