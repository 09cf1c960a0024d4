"""Times of rows: the usual forms, numbers since 1970, local times, and dates that can be read two ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.predictive_maintenance._reading.times.order import _is_night_of_change
from tests.predictive_maintenance.reading import (
    levels,
    put,
    read_all,
    stamps,
    table,
    texts,
    wave,
    window,
)


@pytest.mark.parametrize(
    "form",
    [
        "%d.%m.%Y %H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%m/%d/%Y %I:%M:%S %p",
        "%d-%b-%Y %H:%M:%S",
        "%Y%m%d%H%M%S",
        "%Y-%m-%dT%H:%M:%SZ",
    ],
)
def test_common_forms_of_time_are_read(tmp_path: Path, form: str) -> None:
    # three weeks, so that a day over twelve settles which number is the month
    put(tmp_path / "x.csv", table(("time", "v"), stamps(60, 8 * 3600, form), wave(60)))
    samples, findings = read_all(tmp_path)
    started = window(samples[0]).started_at
    assert started is not None
    assert started.isoformat() == "2024-03-01T06:00:00+00:00"
    assert levels(findings, "time-order") == set()


def test_a_date_that_can_be_read_two_ways_is_said(tmp_path: Path) -> None:
    rows = [f"05/06/2024 {h:02}:00" for h in range(20)]
    put(tmp_path / "x.csv", table(("time", "v"), rows, wave(20)))
    _, findings = read_all(tmp_path)
    assert "day or the month" in texts(findings, "time-order")


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_numbers_since_1970(tmp_path: Path, factor: int) -> None:
    moments = [(1_700_000_000 + i) * factor for i in range(50)]
    put(tmp_path / "x.csv", table(("timestamp", "v"), moments, wave(50)))
    samples, _ = read_all(tmp_path)
    started = window(samples[0]).started_at
    assert started is not None and started.timestamp() == 1_700_000_000
    assert window(samples[0]).rate_hz == pytest.approx(1.0)


def test_local_times_become_utc(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("time", "v"), stamps(50), wave(50)))
    put(tmp_path / "machines.yaml", "time: {timezone: Europe/Berlin}\n")
    samples, _ = read_all(tmp_path)
    started = window(samples[0]).started_at
    assert started is not None and started.isoformat() == "2024-03-01T05:00:00+00:00"


def autumn(step_min: int = 10) -> list[str]:
    """Local times from 00:00 to 06:00 on the night the clock is put back in Berlin, as loggers write them."""
    minutes = [*range(0, 180, step_min), *range(120, 360, step_min)]
    return [f"27.10.2024 {m // 60:02}:{m % 60:02}:00" for m in minutes]


def test_the_hour_that_autumn_has_twice_is_read_twice(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("time", "v"), autumn(), wave(42)))
    put(tmp_path / "machines.yaml", "time: {timezone: Europe/Berlin}\nlearn: {share: 0.9}\n")
    samples, findings = read_all(tmp_path)
    assert sum(window(s).channels[0].readings.size for s in samples) == 42
    assert not texts(findings, "double-times") and not texts(findings, "clock")
    last = window(samples[-1]).started_at
    assert last is not None and last.isoformat() == "2024-10-27T04:10:00+00:00"


def test_a_clock_put_back_in_autumn_asks_for_the_zone_in_a_row_per_tag_too(tmp_path: Path) -> None:
    rows = [(moment, tag) for moment in autumn() for tag in ("P", "T")]
    content = table(("time", "tag", "value"), *zip(*rows), wave(84))
    put(tmp_path / "x.csv", content)
    assert "put back an hour in autumn" in texts(read_all(tmp_path)[1], "clock")
    put(tmp_path / "machines.yaml", "time: {timezone: Europe/Berlin}\n")
    assert not texts(read_all(tmp_path)[1], "clock")


def test_a_clock_put_back_in_autumn_asks_for_the_zone(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("time", "v"), autumn(), wave(42)))
    _, findings = read_all(tmp_path)
    (clock,) = [f for f in findings if f.check == "clock"]
    assert "put back an hour in autumn" in clock.text and "time.timezone" in clock.fix


def test_rows_of_that_hour_that_come_newest_first_stay_as_they_are(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("time", "v"), autumn(30)[::-1], wave(14)))
    put(tmp_path / "machines.yaml", "time: {timezone: Europe/Berlin}\n")
    samples, findings = read_all(tmp_path)
    assert sum(window(s).channels[0].readings.size for s in samples) == 12
    assert "x.csv: 2 rows" in texts(findings, "double-times")


@pytest.mark.parametrize("local_s", [1e13, 1e300, -1e13])
def test_a_clock_of_no_calendar_was_not_put_back_in_autumn(local_s: float) -> None:
    assert not _is_night_of_change(local_s)


@pytest.mark.parametrize(
    ("recorded", "listed", "stated", "told"),
    [
        ("Z", "", "", "faults.csv names none, R1.csv does"),
        ("", "+01:00", "", "R1.csv names none, faults.csv does"),
        ("Z", "", "Europe/Berlin", ""),
        ("Z", "", "UTC", ""),
        ("Z", "+01:00", "", ""),
        ("", "", "", ""),
    ],
)
def test_a_zone_that_only_the_list_of_faults_or_the_recording_names_is_told(
    tmp_path: Path, recorded: str, listed: str, stated: str, told: str
) -> None:
    at = stamps(200, 600)
    put(tmp_path / "R1.csv", table(("time", "v"), [f"{one}{recorded}" for one in at], wave(200)))
    lines = table(("machine", "start", "end", "fault"), ["R1"], [at[150] + listed], [at[160] + listed], ["gear"])  # fmt: skip
    put(tmp_path / "faults.csv", lines)
    if stated:
        put(tmp_path / "machines.yaml", f"time: {{timezone: {stated}}}\n")
    found = texts(read_all(tmp_path)[1], "time-zone")
    assert found.endswith(told) if told else not found


def test_a_list_of_seconds_since_1970_names_its_zone(tmp_path: Path) -> None:
    at = stamps(200, 600)
    put(tmp_path / "R1.csv", table(("time", "v"), at, wave(200)))
    put(tmp_path / "faults.csv", "machine,start,end,fault\nR1,1709362800,1709366400,gear\n")
    assert "R1.csv names none, faults.csv does" in texts(read_all(tmp_path)[1], "time-zone")
