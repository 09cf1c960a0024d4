"""The demo's files are what its story says: a normal week, then two days whose truth is known."""

from __future__ import annotations

import csv
import itertools
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.core.window import Window, decode_window
from kits.predictive_maintenance import KIT
from kits.predictive_maintenance.demo import RATE_HZ, SENSOR_FAULT, STORY, WINDOW_S, generate
from kits.toolchain.scaffold import templates_dir

PUMPS = ("pump-1", "pump-2", "pump-3")
FAULTS = {"cavitation", "clogged-inlet", "seal-wear", "bearing-wear"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "data"
    generate(folder, seed=7)
    return folder


@pytest.fixture(scope="module")
def truth(data: Path) -> dict[str, str]:
    told = json.loads((data / STORY.truth).read_text())
    return {name: said["label"] for name, said in told.items()}


def line(data: Path, asset: str) -> dict[str, Window]:
    files = sorted((data / STORY.line).glob(f"*_{asset}.cbor"))
    return {file.name: decode_window(file.read_bytes()) for file in files}


def readings(window: Window, name: str) -> NDArray[np.float64]:
    found = next(channel for channel in window.channels if channel.name == name)
    return found.readings.astype(np.float64)


def test_the_kit_has_a_story_and_its_folders_are_made(data: Path) -> None:
    assert KIT.story is STORY
    assert STORY.extra is not None
    for folder in (STORY.data, STORY.line, STORY.extra.data):
        assert any((data / folder).iterdir())
    questions = (templates_dir() / "predictive-maintenance" / "copier.yml").read_text()
    assert all(f"\n{answer}:" in questions for answer in STORY.answers)


@pytest.mark.parametrize("asset", PUMPS)
def test_a_week_of_history_is_evenly_spaced_with_units_in_its_header(
    data: Path, asset: str
) -> None:
    with (data / STORY.data / f"{asset}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == [
        *("time", "asset", "flow [l/min]", "pressure [bar]", "current [A]"),
        *("temperature [°C]", "vibration [mm/s]", "speed [rpm]"),
    ]
    assert {row[1] for row in rows[1:]} == {asset}
    times = [datetime.fromisoformat(row[0]) for row in rows[1:]]
    assert len(times) == 7 * 24 * 3_600 * RATE_HZ
    assert {late - early for early, late in itertools.pairwise(times)} == {timedelta(seconds=10)}
    values = np.array([row[2:] for row in rows[1:]], float)
    assert np.isfinite(values).all()
    flow, vibration = values[:, 0], values[:, 4]
    assert 0.2 < np.mean(flow > 20) < 0.6  # two shifts on five days
    assert vibration.max() < 4  # nothing is wrong yet


@pytest.mark.parametrize("asset", PUMPS)
def test_the_windows_of_the_line_follow_each_other_after_the_history(
    data: Path, asset: str
) -> None:
    windows = list(line(data, asset).values())
    assert {window.attributes["asset"] for window in windows} == {asset}
    assert {window.rate_hz for window in windows} == {RATE_HZ}
    assert {window.channels[0].readings.size for window in windows} == {WINDOW_S * RATE_HZ}
    starts = [window.started_at for window in windows if window.started_at is not None]
    assert len(starts) == len(windows) == 164
    assert {late - early for early, late in itertools.pairwise(starts)} == {
        timedelta(seconds=WINDOW_S)
    }
    assert starts[0] == datetime.fromisoformat("2026-03-12T05:00:00+00:00")


def test_files_in_the_order_of_their_names_are_in_the_order_of_time(data: Path) -> None:
    starts = [
        decode_window(file.read_bytes()).started_at for file in sorted((data / "line").iterdir())
    ]
    assert all(
        early <= late for early, late in itertools.pairwise(starts) if early is not None and late
    )


def test_the_truth_knows_every_window_and_most_are_normal(
    data: Path, truth: dict[str, str]
) -> None:
    assert set(truth) == {file.name for file in (data / "line").iterdir()}
    told = Counter(truth.values())
    assert set(told) == {"normal", SENSOR_FAULT, *FAULTS}
    assert told["normal"] > 0.6 * len(truth)
    assert min(told.values()) >= 6


@pytest.mark.parametrize("asset", PUMPS)
def test_each_pump_has_faults_of_several_kinds_on_both_days(
    truth: dict[str, str], asset: str
) -> None:
    faults = [
        (number, truth[f"{number:04d}_{asset}.cbor"])
        for number in range(164)
        if truth[f"{number:04d}_{asset}.cbor"] in FAULTS
    ]
    assert len({label for _, label in faults}) >= 2
    assert any(number < 68 for number, _ in faults)
    assert any(number > 96 for number, _ in faults)


def test_cavitation_shakes_and_a_clogged_inlet_takes_pressure(
    data: Path, truth: dict[str, str]
) -> None:
    windows = line(data, "pump-2")
    usual = [
        window
        for name, window in windows.items()
        if truth[name] == "normal" and readings(window, "flow").min() > 20
    ]

    def mean_of(label: str, channel: str) -> float:
        found = [readings(w, channel) for name, w in windows.items() if truth[name] == label]
        return float(np.mean(np.concatenate(found)))

    shaken = np.mean([readings(window, "vibration").mean() for window in usual])
    assert mean_of("cavitation", "vibration") > 1.5 * shaken
    # pressure against flow is the plant's; against the speed it is the pump's
    power = np.mean([readings(w, "flow").mean() * readings(w, "pressure").mean() for w in usual])
    assert mean_of("clogged-inlet", "pressure") * mean_of("clogged-inlet", "flow") < power


def test_a_regime_is_new_on_the_line_and_a_person_calls_it_normal(
    data: Path, truth: dict[str, str]
) -> None:
    with (data / "history" / "pump-1.csv").open(encoding="utf-8", newline="") as file:
        known = max(float(row["flow [l/min]"]) for row in csv.DictReader(file))
    beyond = [
        name
        for name, window in line(data, "pump-1").items()
        if np.median(readings(window, "flow")) > 1.1 * known
    ]
    assert len(beyond) >= 9
    assert {truth[name] for name in beyond} == {"normal"}


def test_a_failed_sensor_is_told_from_a_failed_pump(data: Path, truth: dict[str, str]) -> None:
    windows = {name: w for asset in PUMPS for name, w in line(data, asset).items()}
    spoilt = {name: w for name, w in windows.items() if truth[name] == SENSOR_FAULT}
    assert 15 <= len(spoilt) <= 18
    missing = [np.isnan(w.matrix()).any() for w in spoilt.values()]
    assert 3 <= sum(missing) <= 6  # two sensors drop out
    frozen = [w for w in spoilt.values() if np.ptp(readings(w, "pressure")) == 0]
    assert len(frozen) == 3
    whole = [w for name, w in windows.items() if name not in spoilt]
    assert all(np.isfinite(w.matrix()).all() for w in whole)


def test_captures_are_listed_with_one_condition_per_bearing(data: Path) -> None:
    folder = data / "labelled"
    with (folder / "meta.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"] for row in rows} == {file.name for file in folder.glob("*.npy")}
    assert Counter(row["class"] for row in rows) == dict.fromkeys(
        ("normal", "outer", "inner", "ball"), 12
    )
    by_bearing = {(row["bearing"], row["class"]) for row in rows}
    assert len(by_bearing) == len({bearing for bearing, _ in by_bearing}) == 16
    first = np.load(folder / rows[0]["file"])
    assert first.shape == (12_800,)
    assert first.dtype == np.float32


@pytest.mark.slow
def test_the_same_seed_gives_the_same_files(data: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again", seed=7)
    for file in data.rglob("*.*"):
        if file.is_file():
            again = tmp_path / "again" / file.relative_to(data)
            assert again.read_bytes() == file.read_bytes(), file.name
