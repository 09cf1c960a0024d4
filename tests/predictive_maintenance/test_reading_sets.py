"""Folders as public sets have them: lists and labels beside the tables, channels in files of their own, parts in folders of days."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from wave import open as open_wave

import numpy as np
import pytest
from scipy.io import savemat

from kits.core.errors import DataError
from kits.core.kit import RawSample
from tests.predictive_maintenance.reading import (
    by_split,
    levels,
    names,
    put,
    read_all,
    stamps,
    table,
    texts,
    wave,
)
from tests.sheets import xlsx

N = 300


def sound(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_wave(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((np.array(wave(N, seed=seed)) * 9_000).astype("<i2").tobytes())


def capture(seed: int = 0) -> str:
    return "a1,a2\n" + "".join(f"{v},{-v}\n" for v in wave(N, seed=seed))


def labels(samples: Iterable[RawSample]) -> dict[str, str]:
    return {s.source: s.annotation.label if s.annotation else "" for s in samples}


def test_channels_of_one_moment_in_files_of_their_own_are_one_group(tmp_path: Path) -> None:
    for kind in ("NormalSound", "AnomalousSound"):
        for take in range(3):
            for ch in (1, 2):
                name = f"{kind}/{take:04d}_case1_ch{ch}_IND.wav"
                sound(tmp_path / name, 10 * take + ch)
    samples, findings = read_all(tmp_path)
    assert len(samples) == 12
    assert len({s.group for s in samples}) == 6
    assert "NormalSound/0000_case1_IND" in texts(findings, "groups")


def test_a_single_channel_is_no_reason_to_join_captures(tmp_path: Path) -> None:
    for take in range(3):
        sound(tmp_path / f"normal/{take:04d}_ch1.wav", take)
        sound(tmp_path / f"fault/{take:04d}_ch1.wav", 9 + take)
    assert len({s.group for s in read_all(tmp_path)[0]}) == 6


@pytest.mark.parametrize("word", ["BrokenTooth", "Wicklungsschluss"])
def test_a_folder_beside_one_of_normal_running_is_not_normal(tmp_path: Path, word: str) -> None:
    put(tmp_path / "machines.yaml", "rate_hz: 3000\nformat: captures\n")
    for load in range(6):
        put(tmp_path / f"Healthy/h30hz{load}.csv", capture(load))
        put(tmp_path / f"{word}/b30hz{load}.csv", capture(50 + load))
    found = labels(read_all(tmp_path)[0])
    assert {found[name] for name in found if name.startswith("Healthy")} == {"normal"}
    assert {found[name] for name in found if name.startswith(word)} == {word}


def test_variables_called_as_their_file_are_the_same_channels_in_all(tmp_path: Path) -> None:
    put(tmp_path / "machines.yaml", "rate_hz: 42000\n")
    for name in ("H_1_0", "H_2_0"):
        rows = [[v, 2 * v] for v in wave(N)]
        (tmp_path / "normal").mkdir(exist_ok=True)
        savemat(tmp_path / f"normal/{name}.mat", {name: rows})
    samples, _ = read_all(tmp_path)
    assert names(samples[0]) == names(samples[1]) == ["c1", "c2"]


def test_ground_truth_is_a_label_and_no_channel(tmp_path: Path) -> None:
    flags = [int(200 <= i < 240) for i in range(N)]
    header = ("Datetime", "Supply Air Temp", "Fault Detection Ground Truth")
    samples, _ = read_all(put(tmp_path / "x.csv", table(header, stamps(N), wave(N), flags)))
    assert names(samples[0]) == ["Supply Air Temp"]
    assert any(s.annotation and s.annotation.spans for s in samples)


def test_a_list_of_faults_is_found_in_a_folder_below_and_its_normal_lines_are_none(
    tmp_path: Path,
) -> None:
    for event in range(2):
        times, assets = stamps(N, 60), [event] * N
        content = table(("time_stamp", "asset_id", "temp"), times, assets, wave(N))
        put(tmp_path / f"Farm A/datasets/{event}.csv", content)
    listed = table(
        ("asset", "event_id", "event_label", "event_start", "event_start_id", "event_end", "event_end_id"),
        [0, 1], [0, 1], ["anomaly", "normal"], [stamps(N, 60)[250]] * 2, [250] * 2, [stamps(N, 60)[270]] * 2, [270] * 2,
    )  # fmt: skip
    put(tmp_path / "Farm A/event_info.csv", listed)
    samples, findings = read_all(tmp_path)
    assert "1 faults of event_info.csv" in texts(findings, "labels")
    spans = {(s.group[:1], span.label) for s in samples if s.annotation for span in s.annotation.spans}  # fmt: skip
    assert spans == {("0", "anomaly")}


def test_a_list_of_when_machines_failed_needs_no_name_that_says_so(tmp_path: Path) -> None:
    for asset in ("P-1", "P-2"):
        put(tmp_path / f"{asset}.csv", table(("time", "temp"), stamps(N, 60), wave(N)))
    orders = table(("asset", "failed_at", "failure_mode"), ["P-1"], [stamps(N, 60)[280]], ["leak"])
    put(tmp_path / "orders.csv", orders)
    samples, findings = read_all(tmp_path)
    assert "leak: 1" in texts(findings, "labels")
    assert {s.source.split("#")[0] for s in samples} == {"P-1.csv", "P-2.csv"}


def test_partitions_of_one_machine_are_one_record(tmp_path: Path) -> None:
    times = stamps(N, 60)
    for asset in ("P-1", "P-2"):
        for day in range(3):
            part = slice(day * 100, day * 100 + 100)
            content = table(("event_time", "temp"), times[part], wave(N)[part])
            put(tmp_path / f"asset={asset}/date=2024-03-0{1 + day}/part-00000.csv", content)
    samples, findings = read_all(tmp_path)
    assert "3 files continue the record of P-1" in texts(findings, "asset")
    assert {s.source.split("#")[0] for s in samples} == {"P-1", "P-2"}


def test_labels_beside_are_those_of_the_rows_and_thresholds_come_from_what_is_learnt_from(
    tmp_path: Path,
) -> None:
    minutes, flags = list(range(N)), [int(100 <= i < 120) for i in range(N)]
    for part in ("train", "test"):
        content = table(("timestamp_(min)", "f0", "f1"), minutes, wave(N), wave(N, seed=1))
        put(tmp_path / f"{part}.csv", content)
    put(tmp_path / "test_label.csv", table(("timestamp_(min)", "label"), minutes, flags))
    samples, _ = read_all(tmp_path)
    found = by_split(samples)
    assert {split: len(some) for split, some in found.items()} == {"train": 1, "val": 1, "test": 1}
    (test,) = found["test"]
    assert test.annotation is not None
    assert [(s.start, s.end) for s in test.annotation.spans] == [(100, 120)]


def test_rows_without_names_and_labels_in_a_folder_of_their_own(tmp_path: Path) -> None:
    rows = "".join(f"{a},{b},{a}\n" for a, b in zip(wave(N), wave(N, seed=1)))
    for machine in ("machine-1-1", "machine-1-2"):
        put(tmp_path / f"train/{machine}.txt", rows)
        put(tmp_path / f"test/{machine}.txt", rows)
        flags = "".join(f"{int(i >= 290)}\n" for i in range(N))
        put(tmp_path / f"test_label/{machine}.txt", flags)
        put(tmp_path / f"interpretation_label/{machine}.txt", "290-299:1,2\n")
    samples, findings = read_all(tmp_path)
    assert {s.source.split("/")[0] for s in samples} == {"train", "test"}
    assert all(s.annotation and s.annotation.spans for s in samples if s.split == "test")
    assert "interpretation_label/machine-1-1.txt" in texts(findings, "labels")


def test_a_list_of_tags_beside_a_record_does_not_make_it_rows_apart(tmp_path: Path) -> None:
    times = [t for t in stamps(N, 60) for _ in range(2)]
    values = [v for pair in zip(wave(N), wave(N, seed=1)) for v in pair]
    content = table(("tagid", "floatvalue", "t_stamp"), [11, 12] * N, values, times)
    put(tmp_path / "data_2025_03.csv", content)
    put(tmp_path / "tags.csv", table(("id", "tagpath"), [11, 12], ["a/flow", "a/temp"]))
    samples, findings = read_all(tmp_path)
    assert names(samples[0]) == ["11", "12"]
    assert levels(findings, "no-time") == {"warn"}


def test_a_fault_of_a_machine_that_columns_name_is_marked(tmp_path: Path) -> None:
    header = ("Zeit", "Presse 1 Öldruck", "Presse 1 Strom", "Presse 2 Öldruck")
    put(tmp_path / "halle.csv", table(header, stamps(N, 60), wave(N), wave(N), wave(N)))
    listed = ("Anlage", "Störbeginn", "Störende", "Ursache")
    times = [stamps(N, 60)[250]], [stamps(N, 60)[270]]
    put(tmp_path / "Störungen.csv", table(listed, ["Presse 1"], *times, ["Lager"]))
    _, findings = read_all(tmp_path)
    assert "Lager: 1" in texts(findings, "labels")
    assert levels(findings, "labels") == {"pass"}


def test_what_is_passed_over_is_no_leak(tmp_path: Path) -> None:
    flags = [int(60 <= i < 70 or 150 <= i < 160 or 260 <= i < 280) for i in range(N)]
    content = table(("time", "v", "anomaly"), stamps(N), wave(N), flags)
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    passed = [s for s in samples if "passed over" in s.group]
    assert passed
    splits = {s.group: {o.split for o in passed if o.group == s.group} for s in passed}
    assert all(len(own) == 1 for own in splits.values())


def test_captures_of_a_class_are_said_to_be_of_a_machine_each(tmp_path: Path) -> None:
    put(tmp_path / "machines.yaml", "rate_hz: 3000\nformat: captures\n")
    for machine in ("M1_ok", "M2_ok", "M3_defect"):
        for day in range(3):
            put(tmp_path / f"{machine}/{day}.csv", capture(day))
    samples, findings = read_all(tmp_path)
    assert len({s.group for s in samples}) == 9
    assert "M1_ok: 3 captures" in texts(findings, "groups")
    put(tmp_path / "machines.yaml", "rate_hz: 3000\nformat: captures\nasset: folder\n")
    samples, findings = read_all(tmp_path)
    assert {s.group for s in samples} == {"M1_ok", "M2_ok", "M3_defect"}
    assert not levels(findings, "groups")


def test_letters_at_the_start_of_names_are_asked_about_before_all_is_assumed_normal(
    tmp_path: Path,
) -> None:
    put(tmp_path / "machines.yaml", "rate_hz: 3000\nformat: captures\n")
    for code in ("N", "IB", "OB"):
        for load in range(3):
            put(tmp_path / f"{code}{load}00.csv", capture(load))
    _, findings = read_all(tmp_path)
    assert "names of captures begin with ib, n, ob" in texts(findings, "labels")


def test_packed_files_are_told(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", table(("time", "temp"), stamps(N), wave(N)))
    put(tmp_path / "b.csv.gz", b"\x1f\x8b")
    _, findings = read_all(tmp_path)
    assert "b.csv.gz" in texts(findings, "packed")


def test_sheets_that_may_all_be_the_table_are_named_in_a_folder_too(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    machine = [["time", "temp"], *([t, v] for t, v in zip(stamps(60), wave(60)))]
    xlsx(tmp_path / "2025.xlsx", {"Tabelle1": machine, "Tabelle2": machine})
    with pytest.raises(DataError, match="2 sheets may be the table"):
        read_all(tmp_path)


def test_weeks_in_names_continue_one_record(tmp_path: Path) -> None:
    for week in range(3):
        part = slice(week * 100, week * 100 + 100)
        content = table(("time", "temp"), stamps(N, 60)[part], wave(N)[part])
        put(tmp_path / f"Line_2025_KW{18 + week}.csv", content)
    _, findings = read_all(tmp_path)
    assert "3 files continue the record of Line" in texts(findings, "asset")


def test_alerts_that_were_opened_and_closed_are_faults(tmp_path: Path) -> None:
    put(tmp_path / "P-1.csv", table(("time", "temp"), stamps(N, 60), wave(N)))
    times = stamps(N, 60)
    header = ("machine_id", "opened_at", "closed_at", "severity")
    put(tmp_path / "alerts.csv", table(header, ["P-1"], [times[250]], [times[270]], ["critical"]))
    _, findings = read_all(tmp_path)
    assert "1 faults of alerts.csv" in texts(findings, "labels")


def test_rows_of_a_run_stay_together_and_its_number_is_no_channel(tmp_path: Path) -> None:
    runs = [n // 10 for n in range(N)]
    labelled = ["normal" if run % 2 else "leak" for run in runs]
    content = table(
        ("experiment_no", "p1", "p2", "label"), runs, wave(N), wave(N, seed=1), labelled
    )
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert names(samples[0]) == ["p1", "p2"]
    assert len({s.group for s in samples}) == 30


def test_runs_that_repeat_their_times_are_not_thrown_away(tmp_path: Path) -> None:
    runs, seconds = [n // 30 for n in range(N)], [n % 30 for n in range(N)]
    content = table(("run", "time_s", "s1"), runs, seconds, wave(N))
    samples, findings = read_all(put(tmp_path / "x.csv", content))
    assert {s.group.split("/")[0] for s in samples} == {str(run) for run in range(10)}
    assert "told apart by the column run" in texts(findings, "asset")


def test_a_switch_beside_repeated_times_is_no_machine(tmp_path: Path) -> None:
    seconds = [n // 2 for n in range(N)]
    switch = [int(n % 7 in (2, 3)) for n in range(N)]
    content = table(("time_s", "s1", "on"), seconds, wave(N), switch)
    _, findings = read_all(put(tmp_path / "x.csv", content))
    assert "told apart" not in texts(findings, "asset")


@pytest.mark.parametrize(
    ("name", "words", "label"),
    [
        ("state", ("RUN", "IDLE", "FAULT"), "FAULT"),
        ("Alarm", ("NORMAL", "NORMAL", "TRIP"), "TRIP"),
        ("tool_broken", ("N", "N", "Y"), "Y"),
        ("pump_failure", ("0", "0", "1"), "failure"),
    ],
)
def test_states_that_name_a_fault_are_labels_and_the_others_normal(
    tmp_path: Path, name: str, words: tuple[str, ...], label: str
) -> None:
    said = [words[2] if 260 <= n < 280 else words[n // 7 % 2] for n in range(N)]
    samples, _ = read_all(
        put(tmp_path / "x.csv", table(("time", "v", name), stamps(N), wave(N), said))
    )
    assert names(samples[0]) == ["v"]
    spans = {(s.label, s.end - s.start) for one in samples if one.annotation for s in one.annotation.spans}  # fmt: skip
    assert spans == {(label, 20)}


def test_states_without_a_fault_are_a_channel_as_before(tmp_path: Path) -> None:
    said = ["AUTO" if n // 7 % 2 else "HAND" for n in range(N)]
    content = table(("time", "v", "state"), stamps(N), wave(N), said)
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert names(samples[0]) == ["v", "state"]


def test_faults_of_several_parts_are_all_labels(tmp_path: Path) -> None:
    flags = [[int(a <= n < a + 10) for n in range(N)] for a in (250, 270)]
    content = table(("time", "v", "pump_fault", "fan_fault"), stamps(N), wave(N), *flags)
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert names(samples[0]) == ["v"]
    assert sum(s.end - s.start for one in samples if one.annotation for s in one.annotation.spans) == 20  # fmt: skip


def test_units_with_any_name_are_found_by_their_cycles(tmp_path: Path) -> None:
    units, cycles = [f"b{n // 60}" for n in range(N)], [n % 60 for n in range(N)]
    left = [59 - cycle for cycle in cycles]
    content = table(("cell", "cycle_index", "v", "RUL"), units, cycles, wave(N), left)
    samples, findings = read_all(put(tmp_path / "x.csv", content))
    assert "unit: cell; cycle: cycle_index" in texts(findings, "columns")
    assert len(samples) == 5


def test_a_label_that_holds_for_a_whole_capture_is_no_channel(tmp_path: Path) -> None:
    for n in range(6):
        samples = np.array(wave(N, seed=n))
        np.savez(tmp_path / f"s{n}.npz", signal=samples, fs=10_000, label=n % 2)
    found, findings = read_all(tmp_path)
    assert names(found[0]) == ["signal"]
    assert "s0.npz: label" in texts(findings, "labels")


def test_words_that_end_in_fault_are_labels_in_german_too(tmp_path: Path) -> None:
    said = ["Ja" if 260 <= n < 280 else "Nein" for n in range(N)]
    content = table(("Zeit", "Druck", "Sammelstörung"), stamps(N), wave(N), said)
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert names(samples[0]) == ["Druck"]
    assert any(s.annotation and s.annotation.spans for s in samples)
