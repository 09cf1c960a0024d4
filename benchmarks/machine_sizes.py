"""Made-up machine data in the form and at the full size of public sets, read without a setting: how long, how much memory.

Small files in the same forms (`machine_programs`) say nothing of bounds, nor of work that grows faster than the data.
The numbers are noise: nothing is learnt from them.

Usage: python -m benchmarks.machine_sizes [NAME …]
NAME: part of a set's name; without any, all, of which the files take 900 MB, one after the other.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import header, table
from kits.core.kit import RawSample
from kits.predictive_maintenance import data

Columns = Mapping[str, NDArray[Any]]


def _write(path: Path, columns: Columns, delimiter: str = ",") -> None:
    import pyarrow as pa
    from pyarrow import csv

    path.parent.mkdir(parents=True, exist_ok=True)
    options = csv.WriteOptions(delimiter=delimiter)
    csv.write_csv(pa.table(dict(columns)), path, options)


def _times(rows: int, step_s: int) -> NDArray[np.datetime64]:
    return np.datetime64("2025-01-01T00:00:00", "s") + np.arange(rows) * np.timedelta64(step_s, "s")


def _noise(draw: np.random.Generator, rows: int, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    return {name: np.round(draw.normal(size=rows) * 3 + 50, 3) for name in names}


def _secom(folder: Path, draw: np.random.Generator) -> None:
    """A part a row: 590 sensors, many of them constant or mostly silent, and what the test said."""
    rows, values = 1_567, {}
    for number in range(590):
        column = (
            np.full(rows, 100.0) if draw.random() < 0.2 else np.round(draw.normal(size=rows), 4)
        )
        column[draw.random(rows) < draw.choice([0, 0.01, 0.05, 0.6, 0.9])] = np.nan
        values[str(number)] = column
    hours = np.cumsum(draw.integers(300, 10_000, rows)) * np.timedelta64(1, "s")
    failed = np.where(draw.random(rows) < 104 / 1_567, 1, -1)
    _write(
        folder / "uci-secom.csv", {"Time": _times(rows, 0) + hours, **values, "Pass/Fail": failed}
    )


def _scania(folder: Path, draw: np.random.Generator) -> None:
    """A truck a row, `na` where nothing is known."""
    for rows, name in ((60_000, "training"), (16_000, "test")):
        columns: dict[str, NDArray[Any]] = {
            "class": np.where(draw.random(rows) < 1 / 60, "pos", "neg")
        }
        for number in range(170):
            cells = draw.integers(0, 10**6, rows).astype(str).astype(object)
            cells[draw.random(rows) < draw.choice([0.01, 0.05, 0.2])] = "na"
            columns[f"{chr(97 + number // 26)}a_{number:03d}"] = cells
        _write(folder / f"aps_failure_{name}_set.csv", columns)


def _metro(folder: Path, draw: np.random.Generator) -> None:
    """A compressor, every ten seconds for half a year."""
    rows = 1_516_948
    switches = {f"valve_{i}": (draw.random(rows) < 0.5).astype(float) for i in range(8)}
    noise = _noise(draw, rows, [f"sensor_{i}" for i in range(7)])
    _write(
        folder / "MetroPT3.csv",
        {"": np.arange(rows), "timestamp": _times(rows, 10), **noise, **switches},
    )


def _pump(folder: Path, draw: np.random.Generator) -> None:
    """A pump, every minute for five months, with its status in words."""
    rows = 220_320
    status = np.full(rows, "NORMAL", object)
    for start in (17_000, 24_000, 69_000, 128_000, 166_000):
        status[start], status[start + 1 : start + 2_000] = "BROKEN", "RECOVERING"
    noise = _noise(draw, rows, [f"sensor_{i:02d}" for i in range(52)])
    _write(
        folder / "sensor.csv", {"timestamp": _times(rows, 60), **noise, "machine_status": status}
    )


def _fleet(folder: Path, draw: np.random.Generator) -> None:
    """A hundred machines, every hour for a year, and tables of what happened to them."""
    machines, hours = 100, 8_761
    who, when = np.repeat(np.arange(machines) + 1, hours), np.tile(_times(hours, 3_600), machines)
    noise = _noise(draw, who.size, ["volt", "rotate", "pressure", "vibration"])
    _write(folder / "PdM_telemetry.csv", {"datetime": when, "machineID": who, **noise})
    for name, column, rows in (
        ("errors", "errorID", 3_919),
        ("failures", "failure", 761),
        ("maint", "comp", 3_286),
    ):
        places = draw.integers(0, who.size, rows)
        words = np.array([f"{column}{n}" for n in draw.integers(1, 5, rows)])
        _write(
            folder / f"PdM_{name}.csv",
            {"datetime": when[places], "machineID": who[places], column: words},
        )


def _turbine(folder: Path, draw: np.random.Generator) -> None:
    """A wind turbine, 952 figures every ten minutes for a year."""
    rows = 54_000
    told = np.where(np.arange(rows) < 48_000, "train", "prediction")
    names = [f"sensor_{i // 4}_{('avg', 'max', 'min', 'std')[i % 4]}" for i in range(952)]
    _write(
        folder / "0.csv",
        {
            "time_stamp": _times(rows, 600),
            "asset_id": np.zeros(rows, int),
            "train_test": told,
            **_noise(draw, rows, names),
        },
    )


def _rig(folder: Path, draw: np.random.Generator) -> None:
    """A file per sensor with a cycle a row, and the state of the rig beside it."""
    cycles = 2_205
    for name, width in (
        ("PS1", 6_000),
        ("PS2", 6_000),
        ("FS1", 600),
        ("FS2", 600),
        ("TS1", 60),
        ("VS1", 60),
    ):
        np.savetxt(folder / f"{name}.txt", draw.normal(size=(cycles, width)) + 50, "%.3f", "\t")
    states = [
        draw.choice(levels, cycles)
        for levels in ([3, 20, 100], [73, 80, 90, 100], [0, 1, 2], [90, 115, 130], [0, 1])
    ]
    np.savetxt(folder / "profile.txt", np.stack(states, axis=1), "%d", "\t")


@dataclass(frozen=True)
class Size:
    """A set as large as it is, and how it must be read."""

    name: str
    write: Callable[[Path, np.random.Generator], None]
    format: str
    channels: int


SIZES: Final = (
    Size("SECOM, 1,567 parts of 590 sensors", _secom, "snapshots", 590),
    Size("Scania APS, 76,000 trucks of 170 figures", _scania, "snapshots", 170),
    Size("MetroPT-3, 1,516,948 rows of 15 channels", _metro, "table", 15),
    Size("pump sensors, 220,320 rows of 52 channels", _pump, "table", 52),
    Size("Azure PdM, 100 machines, 876,100 rows, four files", _fleet, "table", 4),
    Size("wind turbine, 54,000 rows of 952 channels", _turbine, "table", 952),
    Size("hydraulic rig, 2,205 cycles of 6 sensors", _rig, "captures", 6),
)


@dataclass(frozen=True)
class Found:
    """What reading took and gave."""

    format: str
    samples: int
    channels: tuple[int, ...]
    refused: int
    seconds: float
    peak_mib: float


def read(folder: Path) -> Found:
    """Reads a folder in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_read, (folder,))


def _read(folder: Path) -> Found:
    start = time.perf_counter()
    form = data.detect_format(folder)
    samples, refused, channels = 0, 0, set()
    for one in data.read(folder, form):
        if isinstance(one, RawSample):
            samples += 1
            channels.add(int(str(one.meta["channels"])))
        else:
            refused += one.level == "fail"
    seconds = time.perf_counter() - start
    return Found(form, samples, tuple(sorted(channels)), refused, seconds, _peak_mib())


def _peak_mib() -> float:
    """Of this process alone; `getrusage` begins with what its parent had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME", help="part of a set's name")
    names = [name.lower() for name in parser.parse_args().names]
    chosen = [size for size in SIZES if not names or any(n in size.name.lower() for n in names)]
    print(header("Machines: sets at their full size"))
    rows = []
    for size in chosen:
        with tempfile.TemporaryDirectory() as name:
            size.write(Path(name), np.random.default_rng(0))
            rows.append(_row(size, Path(name)))
    print(
        table(
            ("set", "read as", "samples", "channels", "refused files or rows", "s", "peak MiB"),
            rows,
        )
    )


def _row(size: Size, folder: Path) -> list[str]:
    found = read(folder)
    as_it_is = (found.format, max(found.channels)) == (size.format, size.channels)
    return [
        size.name,
        found.format if as_it_is else f"{found.format}, wrongly",
        f"{found.samples:,}",
        " ".join(map(str, found.channels)),
        str(found.refused),
        f"{found.seconds:.1f}",
        f"{found.peak_mib:.0f}",
    ]


if __name__ == "__main__":
    main()
