"""What of a recording with many faults is learnt from: normal running between them, without what lies close to them."""

from __future__ import annotations

from pathlib import Path

from tests.predictive_maintenance.reading import put, read_all, stamps, table, texts, wave


def pump_that_fails_often(folder: Path, faults: list[int], n: int = 1000) -> Path:
    flags = [int(any(start <= i < start + 20 for start in faults)) for i in range(n)]
    return put(folder / "0.csv", table(("datetime", "v", "anomaly"), stamps(n), wave(n), flags))


def test_where_faults_come_early_what_lies_between_them_is_learnt_from(tmp_path: Path) -> None:
    pump_that_fails_often(tmp_path, [50, 300, 800, 900])
    samples, findings = read_all(tmp_path)
    parts = [(s.split, s.meta.get("first_row", 0), s.meta["readings"]) for s in samples]
    assert parts == [
        ("train", 0, 35),
        (
            "train",
            35,
            58,
        ),  # the end of what lies before a fault, the fault, the begin of what lies after it
        ("train", 93, 138),
        ("train", 231, 137),
        ("train", 368, 80),
        ("val", 448, 152),
        ("test", 600, 400),
    ]
    labels = [s.annotation.label for s in samples if s.annotation]
    assert labels == ["normal", "anomaly", "normal", "anomaly", "normal", "normal", "anomaly"]
    assert "0.csv: 2 of 4" in texts(findings, "split-in-time")


def test_half_of_the_faults_are_left_to_judge_on(tmp_path: Path) -> None:
    pump_that_fails_often(tmp_path, [50, 150, 200, 300])
    samples, _ = read_all(tmp_path)
    judged = next(s.annotation for s in samples if s.split == "test")
    assert judged is not None and [s.label for s in judged.spans] == ["anomaly"] * 2


def test_a_stated_share_with_faults_in_it_teaches_what_lies_between_them(tmp_path: Path) -> None:
    pump_that_fails_often(tmp_path, [100, 500, 900])
    put(tmp_path / "machines.yaml", "learn: {share: 0.8}\n")
    samples, findings = read_all(tmp_path)
    normal = [s for s in samples if s.annotation and s.annotation.label == "normal"]
    learnt = [(s.meta.get("first_row", 0), s.meta["readings"]) for s in normal]
    assert learnt == [(0, 70), (158, 228), (558, 40), (598, 202)]
    assert "0.csv: 2 of 3" in texts(findings, "split-in-time")
