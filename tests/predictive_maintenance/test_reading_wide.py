"""Tables with more columns, and columns with longer names, than a window takes; and rows that are parts with a verdict."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from kits.core.window import MAX_ATTRIBUTES, MAX_CHANNELS
from kits.predictive_maintenance.data import detect_format
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
from tests.sampled import sampled

N = 60


def columns(count: int, still: int = 0) -> list[list[float]]:
    draw = np.random.default_rng(0)
    moving = [np.round(draw.normal(size=N), 3).tolist() for _ in range(count - still)]
    return [[7.5] * N for _ in range(still)] + moving


def verdicts() -> list[int]:
    return [1 if i % 9 == 4 else -1 for i in range(N)]


def test_rows_of_six_hundred_columns_are_samples(tmp_path: Path) -> None:
    """As the semiconductor set SECOM has them: a time, 590 sensors, and what the test said."""
    header = ("Time", *map(str, range(590)), "Pass/Fail")
    draw = np.random.default_rng(1)
    times = [f"{text[:-2]}{draw.integers(60):02d}" for text in stamps(N, 3000)]
    path = put(tmp_path / "s.csv", table(header, times, *columns(590), verdicts()))
    assert detect_format(path) == "snapshots"
    samples, findings = read_all(path)
    assert len(samples) == N
    assert {len(window(sample).channels) for sample in samples} == {590}
    failed = [s.annotation.label for s in samples if s.annotation]
    assert failed == ["failure" if v == 1 else "normal" for v in verdicts()]
    assert "-1 is normal" in texts(findings, "labels")
    started = window(samples[3]).started_at
    assert started == datetime.fromisoformat(times[3]).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize("format", sampled(["table", "snapshots"], every=2))
def test_what_is_beyond_the_bound_is_told_by_its_name(tmp_path: Path, format: str) -> None:
    """Channels that stand still go first, though they come first."""
    header = ("Time", *(f"s{i}" for i in range(MAX_CHANNELS + 9)), "fault")
    flags = [int(i % 7 == 0) for i in range(N)]
    content = table(header, stamps(N), *columns(MAX_CHANNELS + 9, still=5), flags)
    samples, findings = read_all(put(tmp_path / "w.csv", content), format)
    assert {len(names(sample)) for sample in samples} == {MAX_CHANNELS}
    assert "w.csv: s0, s1, s2, s3, s4" in texts(findings, "many-channels")
    last = ", ".join(f"s{i}" for i in range(MAX_CHANNELS + 5, MAX_CHANNELS + 9))
    assert f"w.csv: {last}" in texts(findings, "many-channels")
    assert levels(findings, "many-channels") == {"pass", "warn"}


@pytest.mark.slow
def test_units_that_failed_may_have_a_thousand_channels(tmp_path: Path) -> None:
    unit, cycle = [1 + i // 20 for i in range(N)], [1 + i % 20 for i in range(N)]
    header = ("unit", "cycle", *(f"s{i}" for i in range(MAX_CHANNELS + 1)))
    samples, findings = read_all(
        put(tmp_path / "lives.csv", table(header, unit, cycle, *columns(MAX_CHANNELS + 1)))
    )
    assert [len(names(sample)) for sample in samples] == [MAX_CHANNELS] * 3
    assert f"s{MAX_CHANNELS}" in texts(findings, "many-channels")


def test_more_columns_of_words_than_attributes_are_told(tmp_path: Path) -> None:
    count = MAX_ATTRIBUTES + 6
    words = [[f"w{(i + k) % 3}" for i in range(N)] for k in range(count)]
    header = (*(f"c{k}" for k in range(count)), "Temp", "fault")
    flags = [int(i % 7 == 0) for i in range(N)]
    samples, findings = read_all(
        put(tmp_path / "w.csv", table(header, *words, wave(N), flags)), "snapshots"
    )
    assert len(samples) == N
    assert len(window(samples[0]).attributes) == MAX_ATTRIBUTES
    told = ", ".join(f"c{k}" for k in range(MAX_ATTRIBUTES - 1, count))
    assert told in texts(findings, "many-channels")


def test_long_paths_of_tags_keep_what_tells_them_apart(tmp_path: Path) -> None:
    base = "Root/Objects/Plant North/Area Pressing/Line 04/Press 07/Hydraulic unit/Pump"
    tags = [f"{base} A/Temperature", f"{base} A/Pressure", f"{base} B/Temperature"]
    content = table(("time", *tags), stamps(N), wave(N), wave(N, 9), wave(N, 5))
    put(tmp_path / "machines.yaml", f"units: {{'{tags[1]}': bar}}\nignore: ['{tags[2]}']\n")
    samples, findings = read_all(put(tmp_path / "n.csv", content))
    found = names(samples[0])
    assert [name.rsplit("/", 2)[1:] for name in found] == [
        ["Pump A", "Temperature"],
        ["Pump A", "Pressure"],
    ]
    assert all(len(name) <= 64 and name.startswith("…") for name in found)
    assert channel(samples[0], found[1]).unit == "bar"
    assert "cut to their end" in texts(findings, "table")


def test_long_names_with_one_end_are_told_apart(tmp_path: Path) -> None:
    tags = [f"{side}/{'x' * 70}" for side in ("left", "right")]
    samples, _ = read_all(
        put(tmp_path / "n.csv", table(("time", *tags), stamps(N), wave(N), wave(N, 9)))
    )
    one, two = names(samples[0])
    assert one != two
    assert max(len(one), len(two)) <= 64


def test_long_names_of_a_long_table(tmp_path: Path) -> None:
    tags = [f"{'x' * 70}/{side}" for side in ("left", "right")] * N
    times = [text for text in stamps(N) for _ in range(2)]
    content = table(("time", "tag", "value"), times, tags, wave(2 * N))
    samples, findings = read_all(put(tmp_path / "n.csv", content))
    assert [name.rsplit("/", 1)[1] for name in names(samples[0])] == ["left", "right"]
    assert "cut to their end" in texts(findings, "table")


@pytest.mark.parametrize(
    ("header", "passed", "failed"),
    [("Pass/Fail", 1, 0), ("PassOrFail", "Y", "N"), ("OK/NOK", "OK", "NOK"), ("good_or_bad", "good", "bad"),
     ("Pass_Fail", "Pass", "Fail")],
)  # fmt: skip
def test_a_verdict_that_names_both_sides(
    tmp_path: Path, header: str, passed: object, failed: object
) -> None:
    """Shots of a machine at even times: each is a part with a verdict, not a moment."""
    bad = {5, 17, 18, 40}
    flags = [failed if i in bad else passed for i in range(N)]
    content = table(("time", "Pressure", "Temp", header), stamps(N, 30), wave(N), wave(N, 9), flags)
    samples, _ = read_all(put(tmp_path / "shots.csv", content))
    labels = [s.annotation.label for s in samples if s.annotation]
    assert [i for i, label in enumerate(labels) if label != "normal"] == sorted(bad)


def test_single_faults_at_uneven_times_are_of_parts_and_long_ones_of_machines(
    tmp_path: Path,
) -> None:
    draw = np.random.default_rng(3)
    seconds = np.cumsum(draw.integers(60, 9_000, N))
    times = [datetime.fromtimestamp(1_709_000_000 + int(s), timezone.utc).strftime("%Y-%m-%d %H:%M:%S") for s in seconds]  # fmt: skip
    single = [int(i % 7 == 3) for i in range(N)]
    header = ("time", "Temp", "Vib", "defect")
    path = put(tmp_path / "parts.csv", table(header, times, wave(N), wave(N, 9), single))
    assert detect_format(path) == "snapshots"
    long = [int(i % 30 > 20) for i in range(N)]
    path = put(tmp_path / "machine.csv", table(header, times, wave(N), wave(N, 9), long))
    assert detect_format(path) == "table"
    path = put(tmp_path / "even.csv", table(header, stamps(N), wave(N), wave(N, 9), single))
    assert detect_format(path) == "table"


def test_rows_with_times_that_cannot_be_read_are_samples_without(tmp_path: Path) -> None:
    content = table(
        ("time", "Temp", "Vib", "fault"),
        [f"shift {i}" for i in range(N)],
        wave(N),
        wave(N, 9),
        [int(i % 7 == 0) for i in range(N)],
    )
    samples, findings = read_all(put(tmp_path / "x.csv", content), "snapshots")
    assert len(samples) == N and window(samples[0]).started_at is None
    assert "rows have no times" in texts(findings, "time")


def test_a_table_of_words_is_refused_once_and_not_for_each_machine(tmp_path: Path) -> None:
    who = [f"m{i % 4}" for i in range(N)]
    content = table(("datetime", "machineID", "errorID"), stamps(N), who, [f"error{i % 3}" for i in range(N)])  # fmt: skip
    put(tmp_path / "errors.csv", content)
    rows = table(("datetime", "machineID", "volt"), stamps(N), who, wave(N))
    put(tmp_path / "telemetry.csv", rows)
    samples, findings = read_all(tmp_path)
    assert {sample.meta["asset"] for sample in samples} == {"m0", "m1", "m2", "m3"}
    assert [f.evidence for f in findings if f.check == "unreadable-file"] == [("errors.csv",)]


def test_what_others_learnt_from_is_no_channel(tmp_path: Path) -> None:
    parts = ["train" if i < 40 else "prediction" for i in range(N)]
    content = table(("time_stamp", "train_test", "Temp"), stamps(N), parts, wave(N))
    samples, findings = read_all(put(tmp_path / "0.csv", content))
    assert {name for sample in samples for name in names(sample)} == {"Temp"}
    assert "train_test: says what others learnt from" in texts(findings, "columns-left-out")
