"""Signals that are called by paths: which of their levels are machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.predictive_maintenance.reading import (
    assets,
    faults_of,
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

N = 120
TURBINES = ("R80711", "R80721")


def wide(tags: Sequence[str]) -> str:
    waves = (wave(N, 9 + k, seed=k) for k in range(len(tags)))
    return table(("time", *tags), stamps(N, 600), *waves)


def long(tags: Sequence[str]) -> str:
    rows = [(t, tag) for t in stamps(N, 600) for tag in tags]
    return table(("time", "tag", "value"), *zip(*rows), wave(N * len(tags)))


def tags_of(*machines: str, signals: Sequence[str] = ("P_avg", "Ws_avg")) -> list[str]:
    return [f"{machine}/{signal}" for machine in machines for signal in signals]


@pytest.mark.parametrize("shape", [long, wide])
@pytest.mark.parametrize("sign", ["/", "\\", ".", "|"])
def test_machines_are_told_apart_by_a_level_of_paths(
    tmp_path: Path, shape: Callable[[Sequence[str]], str], sign: str
) -> None:
    tags = [tag.replace("/", sign) for tag in tags_of(*(f"LHB/{one}" for one in TURBINES))]
    put(tmp_path / "hist.csv", shape(tags))
    at = stamps(N, 600)
    listed = table(("machine", "start", "end", "fault"), ["R80711"], [at[90]], [at[95]], ["gearbox"])  # fmt: skip
    put(tmp_path / "faults.csv", listed)
    samples, findings = read_all(tmp_path)
    assert assets(samples) == set(TURBINES)
    assert {tuple(names(sample)) for sample in samples} == {("P_avg", "Ws_avg")}
    assert faults_of(s for s in samples if window(s).attributes["asset"] == "R80711") == {"gearbox"}
    assert not faults_of(s for s in samples if window(s).attributes["asset"] == "R80721")
    assert "told apart by a level of their names\nhist.csv: R80711, R80721" in texts(findings, "asset")  # fmt: skip


def test_machines_of_one_name_are_called_with_their_line_and_share_what_stands_beside(
    tmp_path: Path,
) -> None:
    tags = tags_of(*(f"Line{n}/Press{k}" for n in (1, 2) for k in (1, 2)))
    samples, _ = read_all(put(tmp_path / "h.csv", wide([*tags, "Line1/Air", "Speed km/h"])))
    shown = {str(window(one).attributes["asset"]): set(names(one)) for one in samples}
    own = {"P_avg", "Ws_avg", "Speed km/h"}
    assert shown == {
        "Line1/Press1": own | {"Air"}, "Line1/Press2": own | {"Air"}, "Line2/Press1": own, "Line2/Press2": own
    }  # fmt: skip


@pytest.mark.parametrize(
    "tags",
    [
        tags_of("Bearing 1", "Bearing 2"),
        tags_of("L1", "L2"),
        tags_of("Motor", "Pump"),
        ["Press1/Speed", *tags_of("Press1/Unit1", "Press1/Unit2")],
        ["R1/Temp", "R2/Temp", "R3/Temp"],
        ["vib x m/s", "vib y m/s"],
    ],
    ids=["bearings", "phases", "other words", "units of a press", "one signal", "units of measure"],
)  # fmt: skip
def test_parts_of_one_machine_are_no_machines(tmp_path: Path, tags: list[str]) -> None:
    samples, _ = read_all(put(tmp_path / "h.csv", wide(tags)))
    assert assets(samples) == {"h"}
    assert set(names(samples[0])) == set(tags)


@pytest.mark.parametrize(
    ("tags", "machine", "found"),
    [
        (tags_of("Anna", "Berta"), "anna", {"Anna", "Berta"}),
        (["P/Boiler/T", "P/Pump1/T", "P/Pump1/V"], "Pump 1", {"Boiler", "Pump1"}),
        (tags_of("Press1/Unit1", "Press1/Unit2"), "press 1", {"h"}),
    ],
    ids=["names", "other sensors", "the level above"],
)
def test_a_list_of_faults_says_which_level_is_machines(
    tmp_path: Path, tags: list[str], machine: str, found: set[str]
) -> None:
    put(tmp_path / "h.csv", wide(tags))
    at = stamps(N, 600)
    listed = table(("machine", "start", "end", "fault"), [machine], [at[90]], [at[95]], ["gear"])
    put(tmp_path / "faults.csv", listed)
    samples, findings = read_all(tmp_path)
    assert assets(samples) == found
    assert faults_of(samples) == {"gear"}
    assert "warn" not in levels(findings, "labels")


def test_machines_yaml_says_that_paths_are_of_one_machine(tmp_path: Path) -> None:
    put(tmp_path / "machines.yaml", "asset: file\n")
    put(tmp_path / "h.csv", wide(tags_of(*TURBINES)))
    assert assets(read_all(tmp_path)[0]) == {"h"}


def test_a_month_of_one_machine_alone_continues_its_record(tmp_path: Path) -> None:
    put(tmp_path / "hist_2024-03-01.csv", wide(tags_of("LHB/R1", "LHB/R2")))
    later = [at.replace("2024-03-0", "2024-03-1") for at in stamps(N, 600)]
    content = table(("time", *tags_of("LHB/R2")), later, wave(N, seed=5), wave(N, 7, seed=6))
    put(tmp_path / "hist_2024-03-11.csv", content)
    samples, findings = read_all(tmp_path)
    assert assets(samples) == {"R1", "R2"}
    assert {tuple(names(sample)) for sample in samples} == {("P_avg", "Ws_avg")}
    assert "2 files continue the record of R2" in texts(findings, "asset")


def test_a_file_of_another_machine_keeps_its_names(tmp_path: Path) -> None:
    put(tmp_path / "hist.csv", wide(tags_of("LHB/R1", "LHB/R2")))
    put(tmp_path / "pump.csv", wide(tags_of("LHB/Pump")))
    samples, _ = read_all(tmp_path)
    assert assets(samples) == {"R1", "R2", "pump"}
