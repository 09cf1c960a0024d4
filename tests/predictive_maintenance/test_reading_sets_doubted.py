"""What looks like a label, a machine or a list of faults and is none: columns of readings, folders of speeds, lists of one machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kits.core.kit import RawSample
from tests.predictive_maintenance.reading import (
    faults_of,
    levels,
    names,
    put,
    read_all,
    stamps,
    table,
    texts,
    wave,
)

N = 300


def recorded(folder: Path, name: str, values: Sequence[object]) -> list[RawSample]:
    content = table(("time", "v", name), stamps(N, 60), wave(N), values)
    return read_all(put(folder / "x.csv", content))[0]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("no_fault", [0 if 250 <= n < 270 else 1 for n in range(N)]),
        ("sensor_fault", [int(n % 97 == 0) for n in range(N)]),
        ("parts_defective", [n * 7 % 6 for n in range(N)]),
        ("Schleppfehler", [n * 5 % 7 - 3 for n in range(N)]),
        ("operating_state", ["running" if n % 50 < 40 else "idle" for n in range(N)]),
    ],
)
def test_a_reading_that_is_called_nearly_as_a_label_is_a_channel(
    tmp_path: Path, name: str, values: Sequence[object]
) -> None:
    samples = recorded(tmp_path, name, values)
    assert names(samples[0]) == ["v", name]
    assert not faults_of(samples)


@pytest.mark.parametrize(
    ("name", "words", "found"),
    [
        ("condition", ("no_fault", "inner_race"), {"inner_race"}),
        ("condition", ("normal", "inner_race_fault", "ball", "unbalance"), {"inner_race_fault", "ball", "unbalance"}),
        ("state", ("normal", "warning", "fault"), {"warning", "fault"}),
        ("machine_status", ("NORMAL", "BROKEN", "RECOVERING"), {"BROKEN", "RECOVERING"}),
        ("machine_state", ("RUN", "FAULT", "IDLE"), {"FAULT"}),
        ("alarm", ("No alarm", "Alarm"), {"Alarm"}),
        ("alarm_state", ("Alarm off", "Alarm on"), {"Alarm on"}),
        ("state", ("no error", "error"), {"error"}),
        ("alarm", ("", "High temperature", "Drive fault"), {"High temperature", "Drive fault"}),
        ("is_fault", ("N", "Y"), {"Y"}),
        ("label", ("N", "O"), {"N", "O"}),
    ],
)  # fmt: skip
def test_words_beside_one_that_names_a_fault_keep_their_meaning(
    tmp_path: Path, name: str, words: tuple[str, ...], found: set[str]
) -> None:
    late = [n for n in range(len(words)) if n]
    said = [words[0] if n < 200 else words[late[n // 10 % len(late)]] for n in range(N)]
    assert faults_of(recorded(tmp_path, name, said)) == found


@pytest.mark.parametrize(("name", "words"), [("label", (0, 1)), ("class", ("ok", "tooth"))])
def test_the_label_of_all_goes_before_the_faults_of_parts(
    tmp_path: Path, name: str, words: tuple[object, object]
) -> None:
    pump = [int(240 <= n < 260) for n in range(N)]
    all_of_it = [words[270 <= n < 290] for n in range(N)]
    content = table(("time", "v", "pump_fault", name), stamps(N, 60), wave(N), pump, all_of_it)
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert names(samples[0]) == ["v", "pump_fault"]
    assert sum(s.end - s.start for one in samples if one.annotation for s in one.annotation.spans) == 20  # fmt: skip


def test_a_failure_of_the_machine_goes_before_its_state(tmp_path: Path) -> None:
    said = ["running" if n % 50 < 40 else "idle" for n in range(N)]
    failed = [int(270 <= n < 290) for n in range(N)]
    content = table(("time", "v", "state", "machine_failure"), stamps(N, 60), wave(N), said, failed)
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert names(samples[0]) == ["v", "state"]
    assert faults_of(samples) == {"failure"}


def test_faults_of_several_parts_are_told_apart(tmp_path: Path) -> None:
    pump, valve = ([int(a <= n < a + 20) for n in range(N)] for a in (240, 270))
    content = table(("time", "v", "pump_fault", "valve_fault"), stamps(N, 60), wave(N), pump, valve)
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert faults_of(samples) == {"pump fault", "valve fault"}


@pytest.mark.parametrize("flag", ["door_fault", "link_failure", "parts_defective", "Messfehler"])
def test_a_flag_of_a_part_alone_is_asked_about_and_can_be_ignored(
    tmp_path: Path, flag: str
) -> None:
    said = [int(n % 30 == 29) for n in range(N)]
    put(tmp_path / "x.csv", table(("time", "v", flag), stamps(N, 60), wave(N), said))
    asked = [f for f in read_all(tmp_path)[1] if "faults of parts" in f.text]
    assert [(f.level, f.evidence) for f in asked] == [("warn", (f"x.csv: {flag}",))]
    put(tmp_path / "machines.yaml", f"ignore: [{flag}]\n")
    samples, findings = read_all(tmp_path)
    assert not faults_of(samples)
    assert "faults of parts" not in texts(findings)
    put(tmp_path / "machines.yaml", f"labels: {{columns: [{flag}]}}\n")
    samples, findings = read_all(tmp_path)
    assert faults_of(samples)
    assert "faults of parts" not in texts(findings)


def test_rows_with_labels_and_a_cycle_are_no_lives(tmp_path: Path) -> None:
    header = ("cycle", "tool", "temp", "fault")
    content = table(header, [n // 4 for n in range(N)], [n % 4 for n in range(N)], wave(N), [int(n % 9 == 0) for n in range(N)])  # fmt: skip
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert len(samples) == N
    assert {s.annotation.label for s in samples if s.annotation} == {"normal", "fault"}


@pytest.mark.parametrize("values", ["ABCD", "1234"])
def test_phases_of_each_cycle_are_no_units_without_lives_of_their_own(
    tmp_path: Path, values: str
) -> None:
    content = table(("cycle", "phase", "temp"), [n // 4 for n in range(N)], [values[n % 4] for n in range(N)], wave(N))  # fmt: skip
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert len(samples) == N


def test_programs_of_a_record_are_no_lives(tmp_path: Path) -> None:
    header = ("time", "cycle", "program", "v")
    content = table(header, stamps(N, 60), [n % 30 for n in range(N)], [n // 30 for n in range(N)], wave(N))  # fmt: skip
    samples, _ = read_all(put(tmp_path / "x.csv", content))
    assert {s.source.split("#")[1] for s in samples} == {"learn", "calibrate", "judge"}
    assert not any(s.annotation.quantities for s in samples if s.annotation)


def test_a_valve_that_opened_and_closed_lists_no_faults(tmp_path: Path) -> None:
    put(tmp_path / "press.csv", table(("time", "v"), stamps(N, 60), wave(N)))
    opened, closed = ([n // 20 % 2 ^ side for n in range(N)] for side in (0, 1))
    header = ("time", "opened", "closed")
    put(tmp_path / "stop_valve.csv", table(header, stamps(N, 60), opened, closed))
    samples, _ = read_all(tmp_path)
    assert {s.source.split("#")[0] for s in samples} == {"press.csv", "stop_valve.csv"}


def test_columns_of_a_machine_in_recordings_of_two_are_asked_about(tmp_path: Path) -> None:
    for seed, hall in enumerate(("Halle", "Ofen")):
        put(tmp_path / f"{hall}.csv", table(("time", "Pumpe Strom"), stamps(N, 60), wave(N, seed=seed)))  # fmt: skip
    times = stamps(N, 60)
    header = ("machine", "start", "end", "fault")
    for called, level in (("Pumpe", "warn"), ("Ofen", "pass")):
        put(tmp_path / "failures.csv", table(header, [called], [times[250]], [times[270]], ["seal"]))  # fmt: skip
        samples, findings = read_all(tmp_path)
        assert ("warn" in levels(findings, "labels")) == (level == "warn")
    assert {s.meta["asset"] for s in samples if s.annotation and s.annotation.spans} == {"Ofen"}


def test_axes_in_a_folder_per_recording_stay_together(tmp_path: Path) -> None:
    for take in range(3):
        for axis in "xyz":
            put(tmp_path / f"rig_1000Hz/normal/run{take}/{axis}.csv", table(("a1", "a2"), wave(N), wave(N)))  # fmt: skip
    samples, _ = read_all(tmp_path)
    assert len({s.group for s in samples}) == 3


def test_a_flag_beside_two_rows_of_one_time_is_no_machine(tmp_path: Path) -> None:
    times = [t for t in stamps(N, 60) for _ in range(2)]
    content = table(("time", "v", "half"), times, wave(2 * N), [0, 1] * N)
    samples, findings = read_all(put(tmp_path / "x.csv", content))
    assert {s.meta["asset"] for s in samples} == {"x"}
    assert "double-times" in {f.check for f in findings}


def test_two_lots_do_not_make_two_groups_and_are_asked_about(tmp_path: Path) -> None:
    content = table(("batch_no", "v", "fault"), [n // 150 for n in range(N)], wave(N), [int(n % 9 == 0) for n in range(N)])  # fmt: skip
    put(tmp_path / "x.csv", content)
    samples, findings = read_all(tmp_path)
    assert len({s.group for s in samples}) == N
    assert "fewer than 5 runs" in texts(findings, "groups")
    put(tmp_path / "machines.yaml", "asset: batch_no\n")
    samples, _ = read_all(tmp_path)
    assert len({s.group for s in samples}) == 2


def test_a_list_in_the_folder_of_one_machine_is_not_of_the_others(tmp_path: Path) -> None:
    for asset in ("P-1", "P-2"):
        put(tmp_path / asset / "x.csv", table(("time", "v"), stamps(N, 60), wave(N)))
    times = stamps(N, 60)
    listed = table(("start", "end", "cause"), [times[250]], [times[270]], ["seal"])
    put(tmp_path / "P-1/failures.csv", listed)
    samples, findings = read_all(tmp_path)
    assert not faults_of(samples)
    assert "P-1/failures.csv" in texts(findings, "unreadable-file")


def test_a_line_is_not_left_away_because_its_cause_is_none(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("time", "v"), stamps(N, 60), wave(N)))
    times = stamps(N, 60)
    stops = table(("start", "end", "reason"), [times[250], times[280]], [times[255], times[285]], ["none", "seal"])  # fmt: skip
    put(tmp_path / "stops.csv", stops)
    samples, _ = read_all(tmp_path)
    assert sum(len(s.annotation.spans) for s in samples if s.annotation) == 2


def test_lines_that_say_that_nothing_was_wrong_are_told_of(tmp_path: Path) -> None:
    put(tmp_path / "P1.csv", table(("time", "v"), stamps(N, 60), wave(N)))
    times = stamps(N, 60)
    listed = table(("start", "end", "condition"), [times[250], times[280]], [times[255], times[285]], ["good", "worn"])  # fmt: skip
    put(tmp_path / "failures.csv", listed)
    samples, findings = read_all(tmp_path)
    assert faults_of(samples) == {"worn"}
    assert [f.evidence for f in findings if "nothing was wrong" in f.text] == [("1 lines",)]


def test_an_answer_beside_a_failure_does_not_unsay_it(tmp_path: Path) -> None:
    put(tmp_path / "P1.csv", table(("time", "v"), stamps(N, 60), wave(N)))
    times = stamps(N, 60)
    listed = table(("machine", "failure_date", "replaced"), ["P1", "P1"], [times[260], times[280]], ["no", "yes"])  # fmt: skip
    put(tmp_path / "failures.csv", listed)
    samples, findings = read_all(tmp_path)
    assert faults_of(samples) == {"anomaly"}
    assert "2 faults of failures.csv" in texts(findings, "labels")


def test_how_long_a_fault_was_is_not_when(tmp_path: Path) -> None:
    put(tmp_path / "P1.csv", table(("time", "v"), stamps(N, 60), wave(N)))
    header = ("timestamp", "machine", "fault", "fault_time")
    put(tmp_path / "faults.csv", table(header, stamps(N, 60)[260:262], ["P1"] * 2, ["seal", "belt"], [12, 13.5]))  # fmt: skip
    _, findings = read_all(tmp_path)
    assert "1970" not in texts(findings)


def test_a_record_called_as_labels_are_is_read(tmp_path: Path) -> None:
    for seed, name in enumerate(("p1", "p1_target")):
        put(tmp_path / f"{name}.csv", table(("time", "v"), stamps(N, 60), wave(N, seed=seed)))
    samples, _ = read_all(tmp_path)
    assert {s.source.split("#")[0] for s in samples} == {"p1.csv", "p1_target.csv"}


def test_a_recording_without_a_split_beside_those_with_one_is_learnt_from(tmp_path: Path) -> None:
    for seed, name in enumerate(("train/m1", "test/m1", "m3")):
        put(tmp_path / f"{name}.csv", table(("time", "v"), stamps(N, 60), wave(N, seed=seed)))
    samples, _ = read_all(tmp_path)
    assert {s.split for s in samples if s.source.startswith("m3")} == {"train", "val", "test"}


@pytest.mark.parametrize(
    ("usual", "other"),
    [("normal_speed", "high_speed"), ("baseline", "1500rpm"), ("normal", "2024-05"), ("normal", "Q1 2024"), ("normal", "Halle 2"),
     ("normal", "fan_2"), ("normal", "test1")],
)  # fmt: skip
def test_a_folder_of_a_speed_or_a_month_is_no_fault(tmp_path: Path, usual: str, other: str) -> None:
    for folder in (usual, other):
        for take in range(3):
            put(tmp_path / f"rig_1000Hz/{folder}/c{take}.csv", table(("a1", "a2"), wave(N), wave(N)))  # fmt: skip
    samples, _ = read_all(tmp_path)
    assert {s.annotation.label for s in samples if s.annotation} == {"normal"}


def test_a_folder_beside_a_normal_one_is_a_fault_and_asked_about(tmp_path: Path) -> None:
    for folder in ("normal", "slipping"):
        for take in range(3):
            put(tmp_path / f"rig_1000Hz/{folder}/c{take}.csv", table(("a1", "a2"), wave(N), wave(N)))  # fmt: skip
    samples, findings = read_all(tmp_path)
    assert {s.annotation.label for s in samples if s.annotation} == {"normal", "slipping"}
    assert "warn" in levels(findings, "labels")


def test_captures_numbered_by_a_sensor_alone_are_not_one_recording(tmp_path: Path) -> None:
    for folder in ("normal", "unbalance"):
        for take in range(12):
            put(tmp_path / f"rig_1000Hz/{folder}/sensor_{take:02d}.csv", table(("a1", "a2"), wave(N), wave(N)))  # fmt: skip
    samples, findings = read_all(tmp_path)
    assert len({s.group for s in samples}) == 24
    assert "tell a channel alone" in texts(findings, "groups")


def test_a_machine_called_after_balls_has_no_fault_of_them(tmp_path: Path) -> None:
    for folder in ("BallMill1", "BallMill2"):
        for take in range(3):
            put(tmp_path / f"rig_1000Hz/{folder}/c{take}.csv", table(("a1", "a2"), wave(N), wave(N)))  # fmt: skip
    samples, _ = read_all(tmp_path)
    assert {s.annotation.label for s in samples if s.annotation} <= {"normal"}
    assert len({s.group for s in samples}) == 2


@pytest.mark.parametrize("name", ["{}/machine {}/{}", "{}/Line_{}_{}"])
def test_machines_called_by_letters_are_no_axes(tmp_path: Path, name: str) -> None:
    for condition in ("normal", "unbalance"):
        for take in range(6):
            put(tmp_path / f"rig_1000Hz/{name.format(condition, 'xy'[take % 2], take // 2)}.csv", table(("a1", "a2"), wave(N), wave(N)))  # fmt: skip
    assert len({s.group for s in read_all(tmp_path)[0]}) == 12


def test_a_list_without_machines_marked_in_several_is_told_of(tmp_path: Path) -> None:
    header = ("time", "machine", "v")
    put(tmp_path / "data.csv", table(header, stamps(N, 60) * 2, ["A"] * N + ["B"] * N, wave(N) * 2))
    times = stamps(N, 60)
    put(tmp_path / "A/faults.csv", table(("start", "end"), [times[250]], [times[260]]))
    _, findings = read_all(tmp_path)
    assert [f.evidence for f in findings if "names no machine" in f.text] == [("machines: A, B",)]
    put(tmp_path / "A/faults.csv", table(("start", "end", "machine"), [times[250]], [times[260]], ["A"]))  # fmt: skip
    samples, findings = read_all(tmp_path)
    assert "names no machine" not in texts(findings)
    assert sum(len(s.annotation.spans) for s in samples if s.annotation) == 1


def test_phases_of_the_cycles_of_one_life_are_no_lives(tmp_path: Path) -> None:
    cycles = [n // 3 for n in range(N)]
    content = table(("cycle", "phase", "v", "RUL"), cycles, ["ABC"[n % 3] for n in range(N)], wave(N), [N - c for c in cycles])  # fmt: skip
    _, findings = read_all(put(tmp_path / "x.csv", content))
    assert "unit: phase" not in texts(findings)


def test_machines_of_one_number_at_two_sites_are_two(tmp_path: Path) -> None:
    for seed, site in enumerate("AB"):
        put(tmp_path / f"site={site}/machine=1/date=2024-01-01/x.csv", table(("time", "v"), stamps(N, 60), wave(N, seed=seed)))  # fmt: skip
    assert {s.group[:3] for s in read_all(tmp_path)[0]} == {"A/1", "B/1"}
