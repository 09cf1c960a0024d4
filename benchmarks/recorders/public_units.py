"""Public sets whose samples are lives of units, single rows or cycles, not series in time; the readings are ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.recorders.tracks import Floats, Track
from benchmarks.recorders.writing import PLAIN, Files, Recorder, Style

_UNITS: Final = 6
_CYCLES: Final = 40
_LEFT: Final = (7, 12, 3, 20, 15, 9)
"""Cycles that were left to each unit of the test file."""
_ROWS: Final = 120
_RIG_CYCLES: Final = 18


def life_values(unit: int, cycles: int) -> Floats:
    """(3, cycles) of readings that drift towards the end."""
    draw = np.random.default_rng(unit)
    drift = np.linspace(0, 3, cycles) ** 2
    drifting = (500 + drift, 20 + drift / 10, np.full(cycles, -5.0))
    noise = [draw.normal(0, level, cycles) for level in (1, 0.1, 0.2)]
    return np.array([np.round(a + b, 4) for a, b in zip(drifting, noise)], np.float64)


def _cmapss() -> Files:
    """26 columns between blanks, no header; train to the end, test cut off, what was left in a file of its own."""

    def text(left: Sequence[int]) -> str:
        lines = []
        for unit in range(1, _UNITS + 1):
            values = life_values(unit, _CYCLES)
            for cycle in range(_CYCLES - left[unit - 1]):
                numbers = [f"{values[s % 3][cycle]:.4f}" for s in range(21)]
                lines.append(f"{unit} {cycle + 1} -0.0007 -0.0004 100.0 {' '.join(numbers)}  ")
        return "\n".join(lines) + "\n"

    return {
        "train_FD001.txt": text([0] * _UNITS),
        "test_FD001.txt": text(_LEFT),
        "RUL_FD001.txt": "".join(f"{left} \n" for left in _LEFT),
    }


def life_track(unit: int, cycles: int, left: float) -> Track:
    values = life_values(unit, _CYCLES)[:, :cycles]
    channels = {f"s{n + 1}": row for n, row in enumerate(values)}
    return Track(
        "", channels, {n: np.arange(cycles, dtype=np.float64) for n in channels}, {}, life=left
    )


def _cmapss_truth() -> list[Track]:
    train = [life_track(u, _CYCLES, 0) for u in range(1, _UNITS + 1)]
    return train + [life_track(u, _CYCLES - left, left) for u, left in enumerate(_LEFT, 1)]


def _ncmapss() -> Files:
    """A table with names, and remaining life as a column."""
    head = ("unit_nr", "time_cycles", "s1", "s2", "s3", "RUL")
    body = [
        (u, c + 1, *(float(v) for v in life_values(u, _CYCLES)[:, c]), _CYCLES - 1 - c)
        for u in range(1, _UNITS + 1)
        for c in range(_CYCLES)
    ]
    return {"engines.csv": PLAIN.text([head, *body])}


def _lives_truth() -> list[Track]:
    return [life_track(u, _CYCLES, 0) for u in range(1, _UNITS + 1)]


def _backblaze() -> Files:
    """A file a day with a row per disk; a disk that failed is gone the day after."""
    files: dict[str, bytes] = {}
    for day in range(_CYCLES):
        body = [(f"2025-10-{day + 1:02d}" if day < 31 else f"2025-11-{day - 30:02d}", f"Z{u}", "ST4000", 4_000_787_030_016, int(u == 1 and day == 29), *(float(v) for v in life_values(u, _CYCLES)[:, day]))
                for u in range(1, _UNITS + 1) if u != 1 or day < 30]  # fmt: skip
        files[f"{body[0][0]}.csv"] = PLAIN.text(
            [
                (
                    "date",
                    "serial_number",
                    "model",
                    "capacity_bytes",
                    "failure",
                    "smart_5_raw",
                    "smart_9_raw",
                    "smart_194_raw",
                ),
                *body,
            ]
        )
    return files


def _backblaze_truth() -> list[Track]:
    start = 1_759_276_800.0
    found = []
    for u in range(1, _UNITS + 1):
        days = 30 if u == 1 else _CYCLES
        values = {f"s{n + 1}": row[:days] for n, row in enumerate(life_values(u, _CYCLES))}
        at: Floats = start + 86_400.0 * np.arange(days, dtype=np.float64)
        faults = tuple("fault" if u == 1 and d == 29 else "" for d in range(days))
        found.append(Track(f"Z{u}", values, dict.fromkeys(values, at), {}, faults))
    return found


def row_values() -> tuple[Floats, list[bool]]:
    draw = np.random.default_rng(8)
    values = np.round(draw.normal([300, 40, -3], [2, 8, 1], (_ROWS, 3)), 3)
    return values, [n % 11 == 0 for n in range(_ROWS)]


def rows_truth() -> list[Track]:
    values, failed = row_values()
    return [
        Track(
            "",
            {f"s{c}": values[n, c : c + 1] for c in range(3)},
            {f"s{c}": np.zeros(1) for c in range(3)},
            {},
            ("fault" if failed[n] else "",),
        )
        for n in range(_ROWS)
    ]


def _ai4i() -> Files:
    values, failed = row_values()
    head = (
        "UDI",
        "Product ID",
        "Type",
        "Air temperature [K]",
        "Torque [Nm]",
        "Tool wear [min]",
        "Machine failure",
        "TWF",
        "HDF",
    )
    return {
        "ai4i2020.csv": PLAIN.text(
            [
                head,
                *(
                    (
                        n + 1,
                        f"M{14860 + n}",
                        "MLH"[n % 3],
                        *map(float, values[n]),
                        int(failed[n]),
                        int(failed[n]),
                        0,
                    )
                    for n in range(_ROWS)
                ),
            ]
        )
    }


def _aps() -> Files:
    """Scania: a licence above the names, `na` for what is missing, classes neg and pos."""
    values, failed = row_values()
    head = "This file is part of APS Failure and Operational Data for Scania Trucks.\n\nCopyright (c) <2016> <Scania CV AB>\n\nThis program (APS Failure and Operational Data for Scania Trucks) is\nfree software: you can redistribute it and/or modify\nit under the terms of the GNU General Public License.\n\n------------------------------------------------------------------------\n"
    body = [
        ("pos" if failed[n] else "neg", *map(float, values[n]), "na" if n % 3 else 5.0)
        for n in range(_ROWS)
    ]
    return {
        "aps_failure_training_set.csv": Style(above=head).text(
            [("class", "aa_000", "ab_000", "ac_000", "ad_000"), *body]
        )
    }


def _secom() -> Files:
    """Readings in one file between blanks, -1 and 1 with the time in another."""
    values, failed = row_values()
    wide = [[*values[n], *(values[n] * 0 + 1.5)] for n in range(_ROWS)]
    lines = "".join(
        " ".join("NaN" if c == 5 and n % 7 == 0 else f"{v:.3f}" for c, v in enumerate(row)) + "\n"
        for n, row in enumerate(wide)
    )
    labels = "".join(
        f'{1 if failed[n] else -1} "{3 + n // 24:02d}/11/2025 {n % 24:02d}:05:00"\n'
        for n in range(_ROWS)
    )
    return {
        "secom.data": lines,
        "secom_labels.data": labels,
        "secom.names": "Title: SECOM Data Set\n",
    }


def _hydraulic() -> Files:
    draw = np.random.default_rng(3)

    def text(width: int, level: float) -> str:
        lines = (level + draw.normal(0, 1, width) for _ in range(_RIG_CYCLES))
        return "".join("\t".join(f"{v:.3f}" for v in line) + "\r\n" for line in lines)

    profile = "".join(f"{(100, 20, 3)[n // 6 % 3]}\t100\t0\t130\t0\n" for n in range(_RIG_CYCLES))
    return {
        "PS1.txt": text(600, 150),
        "FS1.txt": text(100, 8),
        "TS1.txt": text(60, 35),
        "profile.txt": profile,
        "description.txt": "Condition monitoring of hydraulic systems\n",
        "documentation.txt": "PS1: 10 Hz\n",
    }


def _hydraulic_truth() -> list[Track]:
    files = _hydraulic()
    tables = {
        n: [[float(v) for v in line.split()] for line in str(files[f"{n}.txt"]).splitlines()]
        for n in ("PS1", "FS1", "TS1")
    }
    return [
        Track("", {n: np.array(t[c]) for n, t in tables.items()}, {n: np.arange(len(t[c])) * 60.0 / len(t[c]) for n, t in tables.items()}, {},
              ("fault" if (100, 20, 3)[c // 6 % 3] != 100 else "",) * 600)
        for c in range(_RIG_CYCLES)
    ]  # fmt: skip


RECORDERS: Final[tuple[Recorder, ...]] = (
    Recorder(
        "C-MAPSS",
        _cmapss,
        _cmapss_truth,
        frozenset({f"setting{n}" for n in (1, 2, 3)} | {f"s{n}" for n in range(4, 22)}),
    ),
    Recorder("Engines with remaining life as a column", _ncmapss, _lives_truth),
    Recorder(
        "Backblaze, a file a day", _backblaze, _backblaze_truth, frozenset({"capacity_bytes"})
    ),
    Recorder("AI4I 2020", _ai4i, rows_truth, frozenset({"HDF"}), pieces=True),
    Recorder("Scania APS", _aps, rows_truth, frozenset({"ad_000"}), pieces=True),
    Recorder("SECOM", _secom, rows_truth, frozenset({"c4", "c5", "c6"}), pieces=True),
    Recorder("Hydraulic rig", _hydraulic, _hydraulic_truth, pieces=True),
)
