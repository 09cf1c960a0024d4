"""Captures now and then of machines that go on running: cut in time, with faults from a list beside them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kits.core.kit import Finding, RawSample
from kits.predictive_maintenance import data
from kits.predictive_maintenance._reading.files import stamp_in
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.reading import (
    by_split,
    levels,
    put,
    read_all,
    texts,
    version,
    window,
)

BEGIN = datetime(2024, 3, 1, 6, 0)  # noqa: DTZ001 (names of files tell no zone)


def fans(folder: Path, *stops: tuple[str, int, int], settings: str = "") -> Path:
    """Two fans with a hundred captures each, twelve hours apart; stops by the number of a capture."""
    for number, fan in enumerate(("fan-1", "fan-2")):
        for i in range(100):
            rows = np.random.default_rng([number, i]).normal(0, 1, 2048).astype(np.float32)
            at = BEGIN + timedelta(hours=12 * i)
            (folder / fan).mkdir(parents=True, exist_ok=True)
            np.save(folder / fan / f"{at:%Y-%m-%dT%H%M}.npy", rows)
    put(folder / "machines.yaml", "rate_hz: 5120\n" + settings)
    if stops:
        times = [BEGIN + timedelta(hours=12 * i) for i in range(101)]
        lines = [f"{times[a]},{times[b]},{fan},bearing" for fan, a, b in stops]
        put(folder / "stops.csv", "\n".join(["start,end,machine,fault", *lines]) + "\n")
    return folder


def places(samples: list[RawSample], group: str) -> list[int]:
    """Numbers of a group's captures."""
    begun = [window(s).started_at for s in samples if s.group == group]
    first = BEGIN.replace(tzinfo=begun[0].tzinfo) if begun and begun[0] else BEGIN
    return [round((at - first) / timedelta(hours=12)) for at in begun if at is not None]


def lives(findings: list[Finding]) -> set[str]:
    return levels(findings, "run-to-failure")


def test_machines_whose_captures_end_together_still_run(tmp_path: Path) -> None:
    samples, findings = read_all(fans(tmp_path))
    assert lives(findings) == {"warn"}
    assert "taken for machines that still run" in texts(findings, "run-to-failure")
    assert {len(found) for found in by_split(samples).values()} == {120, 40}
    assert not any(s.annotation.quantities for s in samples if s.annotation)


@pytest.mark.parametrize(
    ("settings", "alive"),
    [("life: {interval_h: 12}\n", False), ("life: {ends_in_failure: false}\n", True)],
)
def test_what_is_stated_of_lives_is_believed(tmp_path: Path, settings: str, alive: bool) -> None:
    samples, _ = read_all(fans(tmp_path, settings=settings))
    told = [bool(s.annotation.quantities) for s in samples if s.annotation]
    assert all(told) is not alive
    assert any(told) is not alive


def test_a_list_beside_captures_labels_those_within(tmp_path: Path) -> None:
    samples, findings = read_all(fans(tmp_path, ("fan-1", 80, 84)))
    assert "2 faults" not in texts(findings, "labels")
    assert "1 faults of stops.csv are marked" in texts(findings, "labels")
    faulty = [s for s in samples if s.annotation and s.annotation.label == "bearing"]
    assert places(faulty, "fan-1#judge") == [80, 81, 82, 83, 84]
    assert places(samples, "fan-1#learn")[-1] < places(samples, "fan-1#calibrate")[0] < 56
    assert places(samples, "fan-2#judge")[0] == 80
    assert not lives(findings)


def test_of_stops_the_captures_before_are_the_fault_and_those_within_left_out(
    tmp_path: Path,
) -> None:
    folder = fans(tmp_path, ("fan-1", 80, 84), settings="labels: {before_h: 48}\n")
    samples, findings = read_all(folder)
    assert levels(findings, "stops") == {"pass"}
    faulty = [s for s in samples if s.annotation and s.annotation.label == "bearing"]
    assert places(faulty, "fan-1#judge") == [76, 77, 78, 79]
    assert not set(places(samples, "fan-1#judge")) & {80, 81, 82, 83, 84}


def test_captures_close_to_a_fault_in_the_time_that_is_learnt_from_are_left_out_and_told(
    tmp_path: Path,
) -> None:
    samples, findings = read_all(fans(tmp_path, ("fan-1", 10, 12), ("fan-1", 80, 84)))
    learnt = places(samples, "fan-1#learn") + places(samples, "fan-1#calibrate")
    assert not set(learnt) & set(range(7, 19))
    assert "fan-1: " in texts(findings, "split-in-time")
    assert {s.annotation.label for s in by_split(samples)["train"] if s.annotation} == {"normal"}


def test_captures_count_for_the_time_until_the_next_one(tmp_path: Path) -> None:
    samples, _ = read_all(fans(tmp_path / "in", ("fan-1", 80, 84)))
    told = data.check(version(samples, tmp_path / "store"), Config())
    found = {finding.check: finding for finding in told}
    # of the first fan 35 captures, 62.5 % of 56, of the other 60; twelve hours each
    assert found["few-samples"].text.startswith("47.5 machine days to learn from")
    assert found["normal-time"].text.startswith("20.5 days of normal running in val")


def test_captures_of_stretches_to_leave_out_are_left_out(tmp_path: Path) -> None:
    until = BEGIN + timedelta(hours=12 * 40)
    stretch = f"{{machine: fan-1, end: {until:%Y-%m-%dT%H:%M}Z, reason: another sensor since}}"
    samples, findings = read_all(fans(tmp_path, settings=f"leave_out: [{stretch}]\n"))
    assert "40 rows" in texts(findings, "left-out")
    assert levels(findings, "left-out") == {"pass"}
    assert sum(s.group.startswith("fan-1#") for s in samples) == 60
    assert sum(s.group.startswith("fan-2#") for s in samples) == 100


@pytest.mark.slow
def test_a_sensor_of_waveforms_that_was_changed_is_named(tmp_path: Path) -> None:
    folder = fans(tmp_path / "in")
    for file in sorted((folder / "fan-1").iterdir())[60:]:
        np.save(file, 1.8 * np.load(file))
    told = data.check(version(read_all(folder)[0], tmp_path / "store"), Config())
    (step,) = [finding for finding in told if finding.check == "level-steps"]
    assert step.level == "warn"
    assert step.evidence[0].startswith("fan-1, c1: times 1.8, from 2024-03-31")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("2003.10.22.12.06.24", [2003, 10, 22, 12, 6, 24]),
        ("2023-01-01T0600", [2023, 1, 1, 6, 0]),
        ("fan3_20230101_060500", [2023, 1, 1, 6, 5, 0]),
        ("20230101T0605", [2023, 1, 1, 6, 5]),
    ],
)
def test_usual_forms_of_times_in_names_are_read(name: str, told: list[int]) -> None:
    assert stamp_in(name) == told


@pytest.mark.parametrize("name", ["acc_00123", "120230101_06050", "bearing_25600_1234"])
def test_numbers_are_no_times(name: str) -> None:
    assert stamp_in(name) is None


def test_times_in_names_are_of_the_stated_zone(tmp_path: Path) -> None:
    samples, _ = read_all(fans(tmp_path, settings="time: {timezone: Europe/Berlin}\n"))
    begun = window(samples[0]).started_at
    assert begun is not None and begun.isoformat() == "2024-03-01T05:00:00+00:00"
