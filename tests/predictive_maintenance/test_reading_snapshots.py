"""Tables of independent rows: channels, conditions, labels; what gives the answer away is kept out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.core.kit import RawSample
from kits.predictive_maintenance import data
from tests.predictive_maintenance.reading import (
    by_split,
    levels,
    names,
    put,
    read_all,
    stamps,
    table,
    texts,
    window,
)


def milling(folder: Path, n: int = 600, name: str = "x.csv") -> Path:
    """Rows with five flags of failure modes; the last is set by chance."""
    random = np.random.default_rng(3)
    modes = (random.random((n, 3)) < 0.03).astype(int)
    failed = modes.any(axis=1).astype(int)
    chance = (random.random(n) < 0.01).astype(int)
    torque = random.normal(40 + 15 * failed, 8).round(1)
    kind = random.choice(["L", "M", "H"], n)
    header = (
        "UDI",
        "Product ID",
        "Type",
        "Torque [Nm]",
        "Machine failure",
        "TWF",
        "HDF",
        "PWF",
        "RNF",
    )
    product = [f"{k}{10_000 + i}" for i, k in enumerate(kind)]
    content = table(header, range(1, n + 1), product, kind, torque, failed, *modes.T, chance)
    return put(folder / name, content)


def test_rows_become_samples_without_ids_and_without_flags_of_the_failure(tmp_path: Path) -> None:
    milling(tmp_path)
    assert data.detect_format(tmp_path) == "snapshots"
    samples, findings = read_all(tmp_path)
    assert len(samples) == 600
    assert names(samples[0]) == ["Torque"]
    assert set(window(samples[0]).attributes) == {"asset", "Type"}
    assert {s.annotation.label for s in samples if s.annotation} == {"normal", "failure"}
    assert len({s.group for s in samples}) == 600
    said = texts(findings, "leakage-columns")
    assert all(flag in said for flag in ("TWF", "HDF", "PWF", "RNF"))
    assert "100% of them failures" in said
    assert (
        "ignore: [TWF, HDF, PWF, RNF]" in findings[-2].fix or "ignore:" in said + findings[-2].fix
    )
    assert "Torque" not in said


def test_a_column_stated_under_keep_stays(tmp_path: Path) -> None:
    milling(tmp_path)
    put(tmp_path / "machines.yaml", "keep: [TWF]\nignore: [HDF, PWF, RNF]\n")
    samples, findings = read_all(tmp_path)
    assert names(samples[0]) == ["Torque", "TWF"]
    assert levels(findings, "leakage-columns") == set()


def test_a_strong_sensor_is_not_taken_for_a_leak(tmp_path: Path) -> None:
    failed = [int(i % 10 == 0) for i in range(400)]
    rms = [1.0 + 5 * f + i % 7 / 10 for i, f in enumerate(failed)]
    put(tmp_path / "x.csv", table(("rms", "kind", "fault"), rms, ["A", "B"] * 200, failed))
    samples, _ = read_all(tmp_path)
    assert names(samples[0]) == ["rms"]
    assert "leaks" not in samples[0].meta


def test_rows_of_one_machine_stay_together(tmp_path: Path) -> None:
    machine = [f"M{i % 4}" for i in range(80)]
    fault = ["none" if i % 3 else "seal" for i in range(80)]
    put(tmp_path / "x.csv", table(("machine", "p", "fault"), machine, range(80), fault))
    samples, _ = read_all(tmp_path)
    assert {s.group for s in samples} == {"M0", "M1", "M2", "M3"}
    assert {s.annotation.label for s in samples if s.annotation} == {"normal", "seal"}


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["Normal_1", "Ball_007_1"], {"normal", "Ball_007_1"}),
        ([0, 3], {"normal", "fault"}),
        ([0, 1, 2], {"normal", "fault 1", "fault 2"}),
        (["No Failure", "Overstrain Failure"], {"normal", "Overstrain Failure"}),
        ([False, True], {"normal", "fault"}),
    ],
)
def test_values_of_a_label(tmp_path: Path, values: list[object], labels: set[str]) -> None:
    n = 30
    column = [values[i % len(values)] for i in range(n)]
    kind = ["A", "B", "C"] * 10
    put(tmp_path / "x.csv", table(("v", "kind", "fault"), range(n), kind, column))
    samples, _ = read_all(tmp_path, "snapshots")
    assert {s.annotation.label for s in samples if s.annotation} == labels


def test_files_named_train_and_test_are_kept_apart(tmp_path: Path) -> None:
    milling(tmp_path, 60, "train.csv")
    milling(tmp_path, 40, "test.csv")
    samples, _ = read_all(tmp_path)
    assert sum(s.split == "train" for s in samples) == 60
    assert sum(s.split == "test" for s in samples) == 40


def test_a_file_named_train_alone_is_shared_out_later(tmp_path: Path) -> None:
    samples, _ = read_all(milling(tmp_path, 60, "train.csv"))
    assert {s.split for s in samples} == {None}


def parts(
    path: Path, n: int = 400, *, start: int = 0, times: list[str] | None = None, bad: str = "spread"
) -> Path:
    """Rows of parts with a verdict and the time at which each was tested."""
    random = np.random.default_rng(start)
    at = [start + i for i in range(n)]
    failed = [i % 10 == 3 if bad == "spread" else i >= n - 20 for i in range(n)]
    force, gap = random.normal(40 + 9 * np.array(failed)), random.normal(2, size=n)
    header = ("Time", "Force [N]", "Gap [mm]", "Pass/Fail")
    every = [
        f"2026-{1 + i // 700:02}-{1 + i % 700 // 25:02} {i % 25 % 24:02}:{i % 60:02}:00" for i in at
    ]
    verdicts = ["Fail" if one else "Pass" for one in failed]
    return put(path, table(header, times or sorted(every), force.round(2), gap.round(3), verdicts))


def started(samples: list[RawSample]) -> list[float]:
    found = [window(one).started_at for one in samples]
    return [at.timestamp() for at in found if at is not None]


def test_the_latest_parts_judge_those_that_came_before(tmp_path: Path) -> None:
    parts(tmp_path / "parts.csv")
    assert data.detect_format(tmp_path) == "snapshots"
    samples, findings = read_all(tmp_path)
    split = by_split(samples)
    assert {name: len(own) for name, own in split.items()} == {"train": 280, "val": 60, "test": 60}
    assert max(started(split["train"])) < min(started(split["val"]))
    assert max(started(split["val"])) < min(started(split["test"]))
    assert "the latest judge: 70, 15 and 15 %" in texts(findings, "split-in-time")


def test_parts_of_several_files_are_split_in_one_order(tmp_path: Path) -> None:
    for month in range(4):
        parts(tmp_path / f"press_{month}.csv", 200, start=700 * month)
    samples, findings = read_all(tmp_path, "snapshots")
    split = by_split(samples)
    assert {one.source.split("#")[0] for one in split["train"]} == {"press_0.csv", "press_1.csv", "press_2.csv"}  # fmt: skip
    assert {one.source.split("#")[0] for one in split["test"]} == {"press_3.csv"}
    assert "4 tables" in texts(findings, "split-in-time")


def test_parts_of_one_time_stay_in_one_split(tmp_path: Path) -> None:
    days = [f"2026-03-{1 + n // 40:02}" for n in range(400)]
    samples, _ = read_all(parts(tmp_path / "parts.csv", times=days), "snapshots")
    split = {name: set(started(own)) for name, own in by_split(samples).items()}
    assert sorted(map(len, split.values())) == [1, 2, 7]
    assert not split["train"] & split["val"] and not split["val"] & split["test"]


def test_how_parts_are_split_can_be_stated(tmp_path: Path) -> None:
    parts(tmp_path / "parts.csv")
    put(tmp_path / "machines.yaml", "learn: {share: 0.5, calibrate: 0.2}")
    samples, findings = read_all(tmp_path)
    assert {k: len(own) for k, own in by_split(samples).items()} == {"train": 160, "val": 40, "test": 200}  # fmt: skip
    assert "as stated" in texts(findings, "split-in-time")
    put(tmp_path / "machines.yaml", "learn: {by: lot}")
    assert {one.split for one in read_all(tmp_path)[0]} == {None}


def test_parts_that_time_does_not_part_well_are_split_by_lot_and_it_is_told(tmp_path: Path) -> None:
    late, findings = read_all(parts(tmp_path / "late.csv", bad="late"), "snapshots")
    assert {one.split for one in late} == {None}
    assert "too few faults" in texts(findings, "split-in-time")
    times = [*[""] * 40, *stamps(360, 7.3)]
    (tmp_path / "late.csv").unlink()
    some, findings = read_all(parts(tmp_path / "some.csv", times=times), "snapshots")
    assert {one.split for one in some} == {None}
    assert "some.csv: 40 rows" in texts(findings, "split-in-time")
    assert levels(findings, "split-in-time") == {"warn"}


def test_a_part_without_a_time_is_learned_from(tmp_path: Path) -> None:
    times = [*stamps(399, 7.3), ""]
    samples, findings = read_all(parts(tmp_path / "parts.csv", times=times), "snapshots")
    assert samples[-1].split == "train" and samples[-2].split == "test"
    assert "parts.csv: 1 rows" in texts(findings, "split-in-time")


@pytest.mark.parametrize(
    ("name", "kinds", "labelled"),
    [("faultNumber", 4, True), ("Failure mode", 4, True), ("fault no", 90, False), ("faults", 4, False)],
)  # fmt: skip
def test_a_number_of_a_fault_is_a_label_and_a_count_of_many_is_none(
    tmp_path: Path, name: str, kinds: int, labelled: bool
) -> None:
    random = np.random.default_rng(5)
    number = np.arange(400) % kinds
    put(
        tmp_path / "x.csv",
        table((name, "x1", "x2"), number, *random.normal(5, 1, (2, 400)).round(3)),
    )
    samples, _ = read_all(tmp_path)
    found = {one.annotation.label for one in samples if one.annotation}
    said = {"normal", *(f"{'failure' if 'ailure' in name else 'fault'} {k}" for k in (1, 2, 3))}
    assert found == (said if labelled else set())
