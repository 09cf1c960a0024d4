"""`names` of `machines.yaml`: tags that differ from machine to machine become one channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import ConfigError, DataError
from kits.predictive_maintenance import data
from kits.predictive_maintenance._reading.sidecar import load_sidecar
from tests.predictive_maintenance.reading import (
    levels,
    names,
    put,
    read_all,
    stamps,
    table,
    texts,
    version,
    wave,
)
from tests.predictive_maintenance.test_checks import Settings

N = 200


def _pumps(folder: Path, stated: str) -> None:
    for line in (1, 2):
        header = ("time", f"FT{line}01 [m3/h]", f"TT{line}02", "hall")
        rows = table(header, stamps(N), *(wave(N, seed=10 * line + i) for i in range(3)))
        put(folder / f"Pump {line}.csv", rows)
    put(folder / "machines.yaml", stated)


def test_tags_of_each_machine_become_one_channel(tmp_path: Path) -> None:
    _pumps(tmp_path, "names: {FT?01: flow, TT102: bearing, 'tt2*': bearing}\n")
    samples, findings = read_all(tmp_path)
    assert {tuple(names(s)) for s in samples} == {("flow", "bearing", "hall")}
    said = texts(findings, "names").splitlines()
    assert {"FT101: flow", "FT201: flow", "TT102: bearing", "TT202: bearing"} <= set(said)
    assert levels(findings, "names") == {"pass"}


def test_without_names_the_check_says_that_they_help(tmp_path: Path) -> None:
    _pumps(tmp_path, "")
    samples, _ = read_all(tmp_path)
    found = {f.check: f for f in data.check(version(samples, tmp_path / "b"), Settings())}
    assert "under names in machines.yaml" in found["same-channels"].fix


def test_a_name_that_fits_no_channel_is_told(tmp_path: Path) -> None:
    _pumps(tmp_path, "names: {FT?01: flow, PT?01: pressure}\n")
    _, findings = read_all(tmp_path)
    assert "fit no channel\nPT?01" in texts(findings, "names")


def test_two_channels_of_one_machine_cannot_have_one_name(tmp_path: Path) -> None:
    _pumps(tmp_path, "names: {'?T*': flow}\n")
    with pytest.raises(DataError, match="FT101, TT102 would all be called flow"):
        read_all(tmp_path)


def test_tags_of_a_long_table_and_of_a_file_each_are_named_too(tmp_path: Path) -> None:
    rows = [(t, f"FT{line}01", v) for t, v in zip(stamps(N), wave(N)) for line in (1,)]
    put(tmp_path / "a" / "long.csv", table(("time", "tag", "value"), *zip(*rows, strict=True)))
    put(tmp_path / "a" / "machines.yaml", "names: {FT?01: flow}\n")
    for tag in ("FT101", "TT102"):
        put(tmp_path / "b" / f"{tag}.csv", table(("time", "value"), stamps(N), wave(N)))
    put(tmp_path / "b" / "machines.yaml", "asset: folder\nnames: {FT?01: flow}\n")
    assert names(read_all(tmp_path / "a")[0][0]) == ["flow"]
    assert names(read_all(tmp_path / "b")[0][0]) == ["flow", "TT102"]


def test_other_formats_tell_that_names_are_not_used(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("speed", "temp", "failure"), range(40), range(40), [0, 1] * 20))
    stated = "format: snapshots\nnames: {temp: T}\nlabels: {before_h: 4}\n"
    put(tmp_path / "machines.yaml", stated)
    _, findings = read_all(tmp_path)
    assert levels(findings, "names") == levels(findings, "stops") == {"warn"}


def test_brackets_stand_for_themselves(tmp_path: Path) -> None:
    put(tmp_path / "p.csv", table(("time", "plc[1].t", "plc1.t"), stamps(N), wave(N), wave(N)))
    put(tmp_path / "machines.yaml", "names: {'plc[1].t': first}\n")
    assert names(read_all(tmp_path)[0][0]) == ["first", "plc1.t"]


@pytest.mark.parametrize("name", ["''", "x" * 100])
def test_a_name_that_is_none_is_an_error(tmp_path: Path, name: str) -> None:
    put(tmp_path / "machines.yaml", f"names: {{a: {name}}}\n")
    with pytest.raises(ConfigError, match="1 to 64 signs"):
        load_sidecar(tmp_path)
