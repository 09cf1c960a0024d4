"""What is guessed of recorders' files is not guessed of others: numbers, words and files that only look alike stay what they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from tests.predictive_maintenance.reading import (
    channel,
    levels,
    names,
    put,
    read_all,
    stamps,
    table,
    texts,
    wave,
    window,
)

N = 100


def test_a_column_called_good_beside_several_channels_is_one(tmp_path: Path) -> None:
    flags = [n % 2 for n in range(N)]
    content = table(["time", "Temp", "Good"], stamps(N), wave(N), flags)
    samples, findings = read_all(put(tmp_path / "x.csv", content))
    assert names(samples[0]) == ["Temp", "Good"]
    assert not texts(findings, "quality")


def test_codes_of_another_kind_are_no_quality(tmp_path: Path) -> None:
    index = [50 + n for n in range(N)]
    content = table(["time", "Temp", "air_quality"], stamps(N), wave(N), index)
    samples, findings = read_all(put(tmp_path / "x.csv", content))
    assert names(samples[0]) == ["Temp", "air_quality"]
    assert np.isfinite(channel(samples[0], "Temp").readings).all()
    assert not texts(findings, "quality")


def test_a_reading_of_9999_among_its_like_stays(tmp_path: Path) -> None:
    content = table(["time", "Flow"], stamps(N), [9_900 + n for n in range(N)])
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert all(np.isfinite(channel(sample, "Flow").readings).all() for sample in samples)


def test_marks_for_no_reading_are_counted(tmp_path: Path) -> None:
    content = table(["time", "Flow"], stamps(N), [-9999 if n in (7, 9) else 5 + n for n in range(N)])  # fmt: skip
    samples, findings = read_all(put(tmp_path / "x.csv", content))
    assert np.isnan(channel(samples[0], "Flow").readings[[7, 9]]).all()
    assert "Flow: 2 cells" in texts(findings, "bad-cells")


def test_days_of_a_spreadsheet_are_days_and_seconds_of_their_size_are_seconds(
    tmp_path: Path,
) -> None:
    days = [round(45_000 + n / 1440, 9) for n in range(N)]
    samples, _ = read_all(put(tmp_path / "a/x.csv", table(["time", "v1"], days, wave(N))))
    assert window(samples[0]).rate_hz == pytest.approx(1 / 60, rel=1e-3)
    seconds = [round(45_000 + n * 0.05, 2) for n in range(N)]
    samples, _ = read_all(put(tmp_path / "b/x.csv", table(["time", "v1"], seconds, wave(N))))
    assert window(samples[0]).rate_hz == pytest.approx(20, rel=1e-3)
    assert window(samples[0]).started_at is None


def test_a_number_that_is_called_start_is_no_time(tmp_path: Path) -> None:
    content = table(["Age", "Number", "Start", "fault"], *(range(N) for _ in range(3)), ["no", "yes"] * (N // 2))  # fmt: skip
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert len(samples) == N
    assert "Start" in names(samples[0])


def test_json_beside_tables_is_no_table(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(["time", "Temp"], stamps(N), wave(N)))
    put(tmp_path / "settings.json", json.dumps([{"time": "2024-03-01", "Temp": 5}] * 20))
    samples, findings = read_all(tmp_path)
    assert {sample.meta["asset"] for sample in samples} == {"x"}
    assert not levels(findings, "unreadable-file")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('{"a": 1, "b"', "not JSON"),
        ("[]", "no table"),
        ('[[["2024-01-01", "2024-01-02"]]]', "no records"),
        ("{}", "no records"),
        ("[{" + '"a":[{' * 90_000, "nested too deep"),
    ],
)
def test_json_without_records_is_refused(tmp_path: Path, content: str, what: str) -> None:
    with pytest.raises(DataError, match=what):
        read_all(put(tmp_path / "x.json", content))


def test_signs_of_names_and_values_are_looked_at_once(tmp_path: Path) -> None:
    line = "a" + "=xxxxxxxx" * 60
    samples, findings = read_all(put(tmp_path / "x.log", f'{line}"\n{line}"\n'))
    assert not samples
    assert levels(findings, "unreadable-file") == {"fail"}


def test_machines_that_share_all_times_are_told_apart_and_the_guess_is_told(tmp_path: Path) -> None:
    who = ["left"] * N + ["right"] * N
    content = table(["time", "where", "Temp", "Vib"], stamps(N) * 2, who, wave(2 * N), wave(2 * N, 9))  # fmt: skip
    samples, findings = read_all(put(tmp_path / "x.csv", content))
    assert {sample.meta["asset"] for sample in samples} == {"left", "right"}
    assert "told apart by the column where" in texts(findings, "asset")
    assert "warn" in levels(findings, "asset")


@pytest.mark.parametrize(("doubled", "machines"), [(2, {"left", "right"}), (60, {"x"})])
def test_machines_are_told_apart_where_a_few_rows_are_there_twice(
    tmp_path: Path, doubled: int, machines: set[str]
) -> None:
    times = stamps(300) + stamps(300)
    who = ["left"] * 300 + ["right"] * 300
    times, who = times + times[:doubled], who + who[:doubled]
    content = table(["time", "where", "v"], times, who, wave(len(times)))
    samples, findings = read_all(put(tmp_path / "x.csv", content))
    assert {sample.meta["asset"] for sample in samples} == machines
    assert "repeat the time of the row before" in texts(findings, "double-times")


@pytest.mark.parametrize(
    ("header", "first", "step"),
    [("bearing", 41.3, 0.1), ("Motor [A]", 12, 1), ("Pumpe", 400, 7), ("Spindle (°C)", 40.5, 0.5)],
)
def test_a_column_called_after_a_part_that_holds_readings_is_a_channel(
    tmp_path: Path, header: str, first: float, step: float
) -> None:
    readings = [round(first + step * (i * 37 % 97), 2) for i in range(300)]
    put(tmp_path / "p.csv", table(("time", header, "v"), stamps(300, 60), readings, wave(300)))
    samples, _ = read_all(tmp_path)
    assert {s.meta["asset"] for s in samples} == {"p"}
    assert names(samples[0]) == [header.split(" ", maxsplit=1)[0], "v"]


@pytest.mark.parametrize("numbers", [range(1, 4), range(101, 1000, 9)])
@pytest.mark.parametrize("together", [True, False])
def test_numbers_that_tell_which_machine_it_is_name_it(
    tmp_path: Path, numbers: range, together: bool
) -> None:
    name = "pump"
    rows = [(time, n) for time in stamps(30, 60) for n in numbers]
    if together:
        rows.sort(key=lambda row: row[1])
    readings = wave(len(rows))
    put(tmp_path / "p.csv", table(("time", name, "v"), [t for t, _ in rows], [n for _, n in rows], readings))  # fmt: skip
    samples, _ = read_all(tmp_path)
    assert {s.meta["asset"] for s in samples} == {str(n) for n in numbers}
