"""Our own windows: what is written comes back with label, group and split."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import UsageError
from kits.predictive_maintenance import data
from tests.predictive_maintenance.reading import put, read_all, stamps, table, version, wave


def test_an_exported_version_reads_back_the_same(tmp_path: Path) -> None:
    flags = [int(200 <= i < 240) for i in range(300)]
    put(tmp_path / "in/x.csv", table(("time", "v", "anomaly"), stamps(300), wave(300), flags))
    before = version(read_all(tmp_path / "in")[0], tmp_path / "one")
    data.write(before, tmp_path / "out", "windows")
    assert data.detect_format(tmp_path / "out") == "windows"
    samples, findings = read_all(tmp_path / "out")
    after = version(samples, tmp_path / "two")

    def content(dataset: object) -> set[tuple[object, ...]]:
        assert isinstance(dataset, type(before))
        return {
            (i.sample.digest, i.sample.group, i.split, i.annotation and (i.annotation.label, i.annotation.spans))
            for i in dataset.items
        }  # fmt: skip

    assert content(after) == content(before)
    assert findings == []


def test_windows_without_a_list_have_no_annotation(tmp_path: Path) -> None:
    put(tmp_path / "in/x.csv", table(("time", "v"), stamps(60), wave(60)))
    sample = read_all(tmp_path / "in")[0][0]
    put(tmp_path / "out/day/one.cbor", sample.content)
    put(tmp_path / "out/day/broken.cbor", b"\xff\x00")
    (found,), findings = read_all(tmp_path / "out")
    assert (found.annotation, found.group, found.content) == (None, "x", sample.content)
    assert [(f.level, f.evidence) for f in findings] == [("fail", ("day/broken.cbor",))]


def test_other_formats_cannot_be_written(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("time", "v"), stamps(60), wave(60)))
    dataset = version(read_all(tmp_path / "x.csv")[0], tmp_path / "store")
    with pytest.raises(UsageError, match="cannot export"):
        data.write(dataset, tmp_path / "out", "table")
