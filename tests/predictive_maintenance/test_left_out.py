"""`leave_out` of `machines.yaml`: rows of these stretches are not there, and what of it fits nothing is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import ConfigError
from kits.core.kit import RawSample
from kits.predictive_maintenance._reading.sidecar import load_sidecar
from tests.predictive_maintenance.reading import (
    channel,
    levels,
    put,
    read_all,
    stamps,
    table,
    texts,
    wave,
    window,
)

TIMES = stamps(600, 60)
"""From 6:00 on, a row each minute until 16:00."""


def _rows(samples: Iterable[RawSample]) -> int:
    return sum(window(s).channels[0].readings.size for s in samples)


def _presses(tmp_path: Path, leave_out: str) -> Path:
    for name, first in {"Presse1": 0, "Presse2": 1000}.items():
        readings = range(first, first + 600)
        put(tmp_path / f"{name}.csv", table(("time", "v"), TIMES, readings))
    return put(tmp_path / "machines.yaml", f"leave_out:\n{leave_out}")


def test_a_stretch_of_one_machine_is_gone_and_its_reason_is_repeated(tmp_path: Path) -> None:
    _presses(tmp_path, "  - {machine: presse 2, end: 2024-03-01 07:00, reason: old sensor}\n")
    samples, findings = read_all(tmp_path)
    own = [s for s in samples if s.meta["asset"] == "Presse2"]
    assert (_rows(samples), _rows(own)) == (1200 - 60, 540)
    assert window(own[0]).started_at == datetime(2024, 3, 1, 7, 0, tzinfo=timezone.utc)
    assert (
        "Presse2 the first reading to 2024-03-01 07:00: old sensor, 60 rows"
        in texts(findings, "left-out").splitlines()
    )


def test_a_stretch_amid_a_recording_ends_it(tmp_path: Path) -> None:
    _presses(tmp_path, "  - {start: 2024-03-01 08:00, end: 2024-03-01 09:00}\n")
    samples, _ = read_all(tmp_path)
    assert _rows(samples) == 2 * 540
    for sample in samples:
        readings = np.rint(channel(sample, "v").readings)
        assert (np.diff(readings) == 1).all()
        assert not ((readings % 1000 >= 120) & (readings % 1000 < 180)).any()


def test_a_stretch_of_a_few_rows_is_missing_readings_and_times_go_on(tmp_path: Path) -> None:
    _presses(tmp_path, "  - {start: 2024-03-01 08:00, end: 2024-03-01 08:05}\n")
    samples, _ = read_all(tmp_path)
    assert _rows(samples) == 1200
    first = channel(samples[0], "v").readings
    assert np.flatnonzero(np.isnan(first)).tolist() == [120, 121, 122, 123, 124]


def test_faults_within_are_left_out_and_others_keep_their_place(tmp_path: Path) -> None:
    faults = [int(130 <= i < 150 or 170 <= i < 190 or 400 <= i < 420) for i in range(600)]
    put(tmp_path / "p.csv", table(("time", "v", "anomaly"), TIMES, range(600), faults))
    put(tmp_path / "machines.yaml", "leave_out: [{start: 2024-03-01 08:00, end: 2024-03-01 09:00}]")
    samples, findings = read_all(tmp_path)
    marked = []
    for sample in samples:
        readings = np.rint(channel(sample, "v").readings)
        spans = sample.annotation.spans if sample.annotation else ()
        marked += [(int(readings[s.start]), int(readings[s.end - 1])) for s in spans]
    assert marked == [(180, 189), (400, 419)]
    assert "are left out with it\np: 1" in texts(findings, "left-out")


def test_times_are_of_the_stated_zone_unless_they_state_one(tmp_path: Path) -> None:
    put(tmp_path / "p.csv", table(("time", "v"), TIMES, range(600)))
    stated = "leave_out: [{end: 2024-03-01 07:00}, {start: '2024-03-01T15:00+02:00'}]\n"
    put(tmp_path / "machines.yaml", f"time: {{timezone: Europe/Berlin}}\n{stated}")
    samples, _ = read_all(tmp_path)
    # 15:00 of Helsinki is 14:00 of Berlin
    readings = np.rint(np.concatenate([channel(s, "v").readings for s in samples]))
    assert (readings.min(), readings.max()) == (60, 479)


def test_a_day_alone_is_its_midnight(tmp_path: Path) -> None:
    _presses(tmp_path, "  - {start: 2024-02-28, end: 2024-03-01}\n")
    samples, findings = read_all(tmp_path)
    assert _rows(samples) == 1200
    assert "nothing was recorded in stretches" in texts(findings, "left-out")


def test_a_machine_without_recording_and_a_whole_recording_are_told(tmp_path: Path) -> None:
    _presses(tmp_path, "  - {machine: Presse 7, end: 2025-01-01}\n  - {machine: Presse1, end: 2025-01-01}\n")  # fmt: skip
    samples, findings = read_all(tmp_path)
    assert {s.meta["asset"] for s in samples} == {"Presse2"}
    said = texts(findings, "left-out")
    assert "have no recording\nPresse 7" in said
    assert "wholly within what machines.yaml leaves out\nPresse1.csv" in said
    assert "warn" in levels(findings, "left-out")


def test_recordings_without_a_calendar_keep_their_rows_and_that_is_told(tmp_path: Path) -> None:
    put(tmp_path / "p.csv", table(("time [s]", "v"), range(600), wave(600)))
    put(tmp_path / "machines.yaml", "format: table\nleave_out: [{end: 2024-03-01}]\n")
    samples, findings = read_all(tmp_path)
    assert _rows(samples) == 600
    said = texts(findings, "left-out")
    assert "without times of the calendar" in said
    assert "have no recording" not in said and "nothing was recorded" not in said


def test_formats_without_rows_in_time_tell_that_nothing_is_left_out(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("speed", "temp", "failure"), range(40), range(40), [0, 1] * 20))
    put(tmp_path / "machines.yaml", "format: snapshots\nleave_out: [{end: 2024-03-01}]\n")
    _, findings = read_all(tmp_path)
    assert levels(findings, "left-out") == {"warn"}


@pytest.mark.parametrize(
    ("stretch", "said"),
    [
        ("{machine: x}", "state start, end or both"),
        ("{start: 2024-03-02, end: 2024-03-01}", "end is not after start"),
        ("{start: 03.05.2024}", "leave_out"),
        ("{begin: 2024-03-02}", "begin"),
    ],
)
def test_a_stretch_that_is_none_is_an_error(tmp_path: Path, stretch: str, said: str) -> None:
    put(tmp_path / "machines.yaml", f"leave_out: [{stretch}]\n")
    with pytest.raises(ConfigError, match=said):
        load_sidecar(tmp_path)
