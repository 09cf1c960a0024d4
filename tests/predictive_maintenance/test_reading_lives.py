"""Runs to failure: one sample per unit, with what was left of its life at its end."""

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
    table,
    texts,
    window,
)


def rows(lives: dict[int, int], channels: int = 24) -> list[list[float]]:
    random = np.random.default_rng(1)
    return [
        [unit, cycle, *random.normal(cycle / 50, 1, channels).round(4)]
        for unit, life in lives.items()
        for cycle in range(1, life + 1)
    ]


def spaced(found: list[list[float]]) -> str:
    return "".join(" ".join(f"{v:g}" for v in row) + "  \n" for row in found)


def life(sample: RawSample) -> float | None:
    if sample.annotation is None:
        return None
    (quantity,) = sample.annotation.quantities
    assert (quantity.name, quantity.unit) == ("remaining_life", "cycles")
    return quantity.value


def test_the_original_files_without_header(tmp_path: Path) -> None:
    put(tmp_path / "train_FD003.txt", spaced(rows({u: 20 + u for u in range(1, 11)})))
    put(tmp_path / "test_FD003.txt", spaced(rows({1: 8, 2: 12, 3: 9})))
    put(tmp_path / "RUL_FD003.txt", "44 \n51 \n7 \n")
    assert data.detect_format(tmp_path) == "table"
    samples, findings = read_all(tmp_path)
    parts = by_split(samples)
    assert {split: len(found) for split, found in parts.items()} == {
        "train": 8,
        "val": 2,
        "test": 3,
    }
    assert [life(s) for s in parts["test"]] == [44, 51, 7]
    assert {life(s) for s in parts["train"]} == {0}
    assert names(samples[0]) == [
        "setting1",
        "setting2",
        "setting3",
        *(f"s{i}" for i in range(1, 22)),
    ]
    assert window(samples[0]).rate_hz == 0
    assert "as in C-MAPSS" in texts(findings)
    assert "by order of rows" in texts(findings, "remaining-life")


def test_parquet_with_a_table_of_remaining_lives_by_unit(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name, lives in (("train", dict.fromkeys(range(1, 6), 30)), ("test", {7: 10, 3: 11})):
        columns = np.array(rows(lives, 3)).T
        header = ("unit", "cycle", "setting1", "s1", "s2")
        made = dict(zip(header, [columns[0].astype(int), columns[1].astype(int), *columns[2:]]))
        pq.write_table(pa.table(made), tmp_path / f"{name}.parquet")
    put(tmp_path / "test_rul.csv", "unit,rul\n3,90\n7,15\n")
    samples, _ = read_all(tmp_path)
    test = {s.meta["asset"]: life(s) for s in samples if s.split == "test"}
    assert test == {"test/3": 90, "test/7": 15}


def test_several_fleets_keep_their_own_remaining_lives(tmp_path: Path) -> None:
    for fleet, left in (("FD001", 5), ("FD002", 70)):
        put(tmp_path / f"train_{fleet}.txt", spaced(rows({1: 20, 2: 20})))
        put(tmp_path / f"test_{fleet}.txt", spaced(rows({1: 8})))
        put(tmp_path / f"RUL_{fleet}.txt", f"{left}\n")
    samples, _ = read_all(tmp_path)
    assert [life(s) for s in samples if s.split == "test"] == [5, 70]
    assert len({s.group for s in samples}) == 6


def test_one_table_without_splits_is_placed_by_unit(tmp_path: Path) -> None:
    found = [[f"pump-{int(r[0])}", *r[1:]] for r in rows({1: 12, 2: 14}, 2)]
    put(tmp_path / "fleet.csv", table(("machine_id", "cycle", "temp", "flow"), *zip(*found)))
    samples, _ = read_all(tmp_path)
    assert [(s.split, s.group, life(s)) for s in samples] == [
        (None, "unit pump-1", 0),
        (None, "unit pump-2", 0),
    ]


def test_a_column_of_remaining_life_is_the_truth_and_no_channel(tmp_path: Path) -> None:
    found = [[*r[:3], 30 - r[1]] for r in rows({1: 20, 2: 25}, 1)]
    put(tmp_path / "fleet.csv", table(("engine", "cycle", "temp", "RUL"), *zip(*found)))
    samples, _ = read_all(tmp_path)
    assert [life(s) for s in samples] == [10, 5]
    assert names(samples[0]) == ["temp"]


def test_test_units_without_a_file_of_lives_are_said(tmp_path: Path) -> None:
    put(tmp_path / "train.txt", spaced(rows({1: 20, 2: 20})))
    put(tmp_path / "test.txt", spaced(rows({1: 8, 2: 9})))
    samples, findings = read_all(tmp_path)
    assert [s.annotation for s in samples if s.split == "test"] == [None, None]
    assert levels(findings, "remaining-life") == {"warn"}


def test_a_file_of_lives_of_the_wrong_length_is_not_used(tmp_path: Path) -> None:
    put(tmp_path / "train.txt", spaced(rows({1: 20, 2: 20})))
    put(tmp_path / "test.txt", spaced(rows({1: 8, 2: 9})))
    put(tmp_path / "RUL.txt", "5\n6\n7\n")
    _, findings = read_all(tmp_path)
    assert "3 rows for 2 units" in texts(findings, "remaining-life")


def test_machines_yaml_says_that_units_still_run(tmp_path: Path) -> None:
    put(tmp_path / "fleet.txt", spaced(rows({1: 20, 2: 20})))
    put(tmp_path / "machines.yaml", "life: {ends_in_failure: false}\n")
    samples, _ = read_all(tmp_path)
    assert [s.annotation for s in samples] == [None, None]


@pytest.mark.parametrize("shuffled", [True, False])
def test_cycles_are_put_in_order(tmp_path: Path, shuffled: bool) -> None:
    found = [[1, c, c * 10] for c in range(5, 25)]
    if shuffled:
        found = found[::-1]
    put(tmp_path / "x.csv", table(("unit", "cycle", "v"), *zip(*found)))
    (sample,) = read_all(tmp_path)[0]
    assert window(sample).attributes["life_position"] == 4
    assert window(sample).channels[0].readings[0] == pytest.approx(50, abs=0.01)


def test_an_id_column_beside_cycles_names_the_unit(tmp_path: Path) -> None:
    put(tmp_path / "fleet.csv", table(("id", "cycle", "v"), *zip(*rows({1: 12, 2: 14}, 1))))
    samples, _ = read_all(tmp_path)
    assert [s.group for s in samples] == ["unit 1", "unit 2"]


def test_remaining_life_in_hours_keeps_its_unit(tmp_path: Path) -> None:
    found = [[*r[:3], 60 * (30 - r[1])] for r in rows({1: 20, 2: 20}, 1)]
    put(tmp_path / "fleet.csv", table(("engine", "cycle", "temp", "rul_minutes"), *zip(*found)))
    annotation = read_all(tmp_path)[0][0].annotation
    assert annotation is not None
    assert [(q.value, q.unit) for q in annotation.quantities] == [(10, "h")]


def test_a_single_test_file_finds_its_remaining_lives_beside_it(tmp_path: Path) -> None:
    put(tmp_path / "train.txt", spaced(rows({1: 20, 2: 20})))
    path = put(tmp_path / "test.txt", spaced(rows({1: 8, 2: 9})))
    put(tmp_path / "RUL.txt", "5\n6\n")
    samples, _ = read_all(path)
    assert [life(s) for s in samples] == [5, 6]
