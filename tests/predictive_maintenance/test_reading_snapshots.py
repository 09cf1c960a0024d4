"""Tables of independent rows: channels, conditions, labels; what gives the answer away is kept out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.predictive_maintenance import data
from tests.predictive_maintenance.reading import levels, names, put, read_all, table, texts, window


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
