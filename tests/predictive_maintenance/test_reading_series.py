"""Exports of historians and controllers become recordings in time, and every guess is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kits.core.kit import RawSample
from kits.predictive_maintenance import data
from tests.predictive_maintenance.reading import (
    by_split,
    channel,
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


def faulty(n: int, start: int, end: int) -> list[int]:
    return [int(start <= i < end) for i in range(n)]


def pump(folder: Path, name: str, n: int = 400, start: int = 200, end: int = 300) -> Path:
    flags = faulty(n, start, end)
    changes = [int(i in (start, end)) for i in range(n)]
    header = ("datetime", "Current", "Pressure", "anomaly", "changepoint")
    content = table(header, stamps(n), wave(n), wave(n, 11, seed=1), flags, changes, delimiter=";")
    return put(folder / name, content)


def test_a_labelled_run_is_learnt_before_its_first_fault_and_judged_on_the_rest(
    tmp_path: Path,
) -> None:
    pump(tmp_path, "valve/0.csv")
    assert data.detect_format(tmp_path) == "table"
    samples, findings = read_all(tmp_path)
    learn, calibrate, judge = samples
    assert [s.split for s in samples] == ["train", "val", "test"]
    assert [s.group for s in samples] == [
        f"valve/0.csv#{r}" for r in ("learn", "calibrate", "judge")
    ]
    assert [s.meta["readings"] for s in samples] == [88, 52, 260]
    assert names(learn) == ["Current", "Pressure"]
    assert window(calibrate).attributes == {"asset": "valve/0"}
    assert judge.annotation is not None and judge.annotation.label == "anomaly"
    assert [(s.start, s.end, s.label) for s in judge.annotation.spans] == [(60, 160, "anomaly")]
    assert "changepoint: marks changes" in texts(findings)
    assert "before the first fault" in texts(findings, "split-in-time")


def test_machines_yaml_states_another_learn_part(tmp_path: Path) -> None:
    pump(tmp_path, "0.csv")
    put(tmp_path / "machines.yaml", "learn: {rows: 100, calibrate: 0.25}\n")
    samples, _ = read_all(tmp_path)
    assert [s.meta["readings"] for s in samples] == [75, 25, 300]
    put(tmp_path / "machines.yaml", "learn: {share: 0.15}\n")
    samples, _ = read_all(tmp_path)
    assert sum(int(str(s.meta["readings"])) for s in samples[:2]) == 60


def test_a_record_without_labels_is_assumed_normal_and_says_so(tmp_path: Path) -> None:
    put(tmp_path / "press.csv", table(("time", "Temp [°C]"), stamps(100, 60), wave(100)))
    samples, findings = read_all(tmp_path)
    assert [s.meta["readings"] for s in samples] == [60, 20, 20]
    for sample in samples:
        assert sample.annotation is not None
        assert (sample.annotation.label, "assumed" in sample.annotation.note) == ("normal", True)
    assert levels(findings, "labels") == {"warn"}
    assert channel(samples[0], "Temp").unit == "°C"
    assert window(samples[0]).rate_hz == pytest.approx(1 / 60)
    assert window(samples[2]).started_at is not None


def test_recordings_of_one_condition_each_are_left_whole(tmp_path: Path) -> None:
    for name, label in (("a", "healthy"), ("b", "healthy"), ("c", "leak")):
        rows = table(("time", "p", "condition"), stamps(50), wave(50), [label] * 50)
        put(tmp_path / f"{name}.csv", rows)
    samples, _ = read_all(tmp_path)
    assert [(s.annotation.label, s.split, s.meta["readings"]) for s in samples if s.annotation] == [
        ("normal", None, 50),
        ("normal", None, 50),
        ("leak", None, 50),
    ]


def test_faults_from_a_json_of_windows(tmp_path: Path) -> None:
    put(tmp_path / "cpu.csv", table(("timestamp", "value"), stamps(300, 300), wave(300)))
    windows = {"cpu.csv": [["2024-03-01 22:40:00.000000", "2024-03-01 23:05:00.000000"]]}
    put(tmp_path / "anomaly_windows.json", json.dumps(windows))
    samples, findings = read_all(tmp_path)
    judge = samples[-1]
    assert judge.annotation is not None
    (span,) = judge.annotation.spans
    first = int(str(judge.meta["first_row"]))
    assert (span.start + first, span.end + first) == (200, 206)
    assert "anomaly_windows.json" in texts(findings, "labels")


def test_faults_from_a_table_of_start_and_end(tmp_path: Path) -> None:
    put(tmp_path / "day.csv", table(("time", "machine", "v"), stamps(300), ["M1"] * 300, wave(300)))
    put(tmp_path / "failures.csv", "machine,start,end,failure\nM1,2024-03-01 06:03:20,2024-03-01 06:03:29,seal\n")  # fmt: skip
    samples, _ = read_all(tmp_path)
    annotation = samples[-1].annotation
    assert annotation is not None
    assert annotation.label == "seal"
    assert [s.end - s.start for s in annotation.spans] == [10]


def test_a_german_export_with_bom_semicolons_commas_and_bad_cells(tmp_path: Path) -> None:
    times = stamps(60, 60, "%d.%m.%Y %H:%M:%S")
    cells = [f"{20 + i / 10:.1f}".replace(".", ",") for i in range(60)]
    cells[7], cells[8] = "Bad", "#N/A"
    rows = "".join(f"{t};{c};Gut\r\n" for t, c in zip(times, cells))
    put(tmp_path / "ofen.csv", b"\xef\xbb\xbf" + f"Zeit;Temperatur [°C];Zustand\r\n{rows}".encode())
    samples, findings = read_all(tmp_path)
    readings = channel(samples[0], "Temperatur").readings
    assert readings[1] == pytest.approx(20.1, abs=1e-3)
    assert np.isnan(readings[7:9]).all()
    assert window(samples[0]).attributes["Zustand"] == "Gut"
    assert "decimal commas" in texts(findings, "table")


def test_windows_1252_text_and_units_below_the_header(tmp_path: Path) -> None:
    rows = "".join(f"{t};{i}\n" for i, t in enumerate(stamps(40)))
    content = "Zeit;Öltemperatur;Druck\n;°C;bar\n" + rows.replace("\n", ";1,5\n")
    put(tmp_path / "x.csv", content.encode("cp1252"))
    samples, findings = read_all(tmp_path)
    assert [(c.name, c.unit) for c in window(samples[0]).channels] == [
        ("Öltemperatur", "°C"),
        ("Druck", "bar"),
    ]
    assert "windows-1252" in texts(findings, "table")


def test_a_long_table_keeps_the_rate_of_each_tag(tmp_path: Path) -> None:
    rows = [(t, "vibration [mm/s]", v) for t, v in zip(stamps(200, 1), wave(200))]
    rows += [(t, "temperature", 50 + i) for i, t in enumerate(stamps(20, 10))]
    lines = "\n".join(f"{t},{tag},{v}" for t, tag, v in sorted(rows))
    put(tmp_path / "historian.csv", f"timestamp,tag,value\n{lines}\n")
    samples, _ = read_all(tmp_path)
    fast, slow = channel(samples[0], "vibration"), channel(samples[0], "temperature")
    assert (fast.unit, fast.rate_hz, window(samples[0]).rate_hz) == ("mm/s", None, 1.0)
    assert slow.rate_hz == pytest.approx(0.1)
    assert slow.readings[:3].tolist() == pytest.approx([50, 51, 52], abs=1e-2)


def test_a_historians_fields_are_tags_and_bad_quality_is_no_reading(tmp_path: Path) -> None:
    lines = [
        f"{t},pump,{tag},{9999 if n == 7 else value},{'Bad' if n == 7 else 'Good'}"
        for n, t in enumerate(stamps(200)) for tag, value in (("amps", 12.5), ("temp", 60.5))
    ]  # fmt: skip
    put(tmp_path / "e.csv", "_time,_measurement,_field,_value,quality\n" + "\n".join(lines) + "\n")
    samples, findings = read_all(tmp_path)
    assert channel(samples[0], "amps").readings.size > 50
    for name, value in (("amps", 12.5), ("temp", 60.5)):
        readings = np.concatenate([channel(one, name).readings for one in samples])
        known = readings[np.isfinite(readings)]
        assert known.min() == pytest.approx(value, abs=0.01) == known.max()
    assert "bad quality" in texts(findings, "quality")


def test_a_slow_sensor_among_fast_rows_gets_its_own_rate(tmp_path: Path) -> None:
    slow = [str(i) if i % 5 == 0 else "" for i in range(200)]
    put(tmp_path / "x.csv", table(("time", "fast", "slow"), stamps(200), wave(200), slow))
    samples, _ = read_all(tmp_path)
    assert channel(samples[0], "slow").rate_hz == pytest.approx(0.2)
    assert np.isfinite(channel(samples[0], "slow").readings).all()


def test_gaps_end_a_recording_and_are_said(tmp_path: Path) -> None:
    times = [*stamps(200), *[t.replace("2024-03-01", "2024-03-02") for t in stamps(100)]]
    put(tmp_path / "x.csv", table(("time", "v"), times, wave(300)))
    samples, findings = read_all(tmp_path)
    assert sum(int(str(s.meta["readings"])) for s in samples) == 300
    assert len(by_split(samples)["val"]) == 2
    assert len({s.group for s in by_split(samples)["val"]}) == 1
    assert "silences" in texts(findings, "gaps")


def test_double_times_unsorted_rows_and_clock_steps_are_put_right_and_said(tmp_path: Path) -> None:
    times = stamps(100)
    times[50] = times[49]
    times[70], times[71] = times[71], times[70]
    put(tmp_path / "x.csv", table(("time", "v"), times, range(100)))
    samples, findings = read_all(tmp_path)
    assert sum(int(str(s.meta["readings"])) for s in samples) == 99
    assert "x.csv: 1 rows" in texts(findings, "double-times")
    assert "steps back" in texts(findings, "clock")
    together = np.concatenate([channel(s, "v").readings for s in samples])
    assert together[69:71].tolist() == pytest.approx([71, 70], abs=0.01)


def test_an_asset_column_makes_a_recording_per_machine(tmp_path: Path) -> None:
    times = [t for t in stamps(100) for _ in range(2)]
    machines = ["press-1", "press-2"] * 100
    put(tmp_path / "x.csv", table(("time", "machine", "v"), times, machines, wave(200)))
    samples, findings = read_all(tmp_path)
    assert {window(s).attributes["asset"] for s in samples} == {"press-1", "press-2"}
    assert len(samples) == 6
    assert "named by the column machine" in texts(findings, "asset")


def test_samples_of_a_file_with_several_machines_are_called_by_their_machine(
    tmp_path: Path,
) -> None:
    who = [f"P-{i % 2 + 1}" for i in range(200)]
    put(tmp_path / "all.csv", table(("time", "asset", "v"), stamps(200), who, wave(200)))
    put(tmp_path / "P-3.csv", table(("time", "v"), stamps(100), wave(100, 9)))
    samples, _ = read_all(tmp_path)
    parts = ("learn", "calibrate", "judge")
    assert {one.source for one in samples} == {
        f"{name}{part}" for name in ("all.csv#P-1/", "all.csv#P-2/", "P-3.csv#") for part in parts
    }


def test_monthly_files_continue_one_record(tmp_path: Path) -> None:
    put(tmp_path / "pump_2024-04.csv", table(("time", "v"), stamps(50), wave(50)))
    later = [t.replace("06:0", "06:1") for t in stamps(50)]
    put(tmp_path / "pump_2024-05.csv", table(("time", "v"), later, wave(50)))
    samples, findings = read_all(tmp_path)
    assert {window(s).attributes["asset"] for s in samples} == {"pump"}
    assert {s.split for s in samples} == {"train", "val", "test"}
    assert "2 files continue" in texts(findings, "asset")


def test_bad_quality_blanks_the_reading_beside_it(tmp_path: Path) -> None:
    quality = ["Good"] * 50
    quality[3] = "Bad"
    put(tmp_path / "x.csv", table(("time", "v", "quality"), stamps(50), wave(50), quality))
    samples, findings = read_all(tmp_path)
    assert names(samples[0]) == ["v"]
    assert np.flatnonzero(np.isnan(channel(samples[0], "v").readings)).tolist() == [3]
    assert levels(findings, "quality") == {"warn"}


def test_a_text_that_changes_becomes_codes_and_one_that_does_not_a_condition(
    tmp_path: Path,
) -> None:
    mode = ["off", "on"] * 25
    put(tmp_path / "x.csv", table(("time", "v", "mode", "recipe"), stamps(50), wave(50), mode, ["A"] * 50))  # fmt: skip
    samples, _ = read_all(tmp_path)
    assert channel(samples[0], "mode").readings[:4].tolist() == [0, 1, 0, 1]
    assert window(samples[0]).attributes["recipe"] == "A"


def test_rows_that_another_file_learns_from_are_not_judged_on(tmp_path: Path) -> None:
    times, values = stamps(1000), wave(1000)
    first = table(("time", "v"), times[:600], values[:600])
    second = table(("time", "v"), times[500:], values[500:])
    put(tmp_path / "a.csv", first)
    put(tmp_path / "b.csv", second)
    samples, findings = read_all(tmp_path)

    def rows(sample: RawSample) -> range:
        started = window(sample).started_at
        assert started is not None
        start = started.minute * 60 + started.second
        return range(start, start + int(str(sample.meta["readings"])))

    learnt = {row for s in samples if s.split in ("train", "val") for row in rows(s)}
    judged = {row for s in samples if s.split == "test" for row in rows(s)}
    assert judged and not learnt & judged
    assert levels(findings, "overlap") == {"warn"}


def test_machines_that_rest_alike_are_no_copies_of_each_other(tmp_path: Path) -> None:
    times, night = stamps(2000), np.arange(2000) % 500 > 400
    for name, seed in (("a", 1), ("b", 2)):
        # at rest both show the same, but for the last digit of a sensor
        ours = np.round(np.array(wave(2000, seed=seed)), 1) + seed
        digit = np.random.default_rng(seed).integers(0, 4, 2000) / 10
        put(tmp_path / f"{name}.csv", table(("time", "v"), times, np.where(night, digit, ours)))
        put(tmp_path / f"{name}0.csv", table(("time", "v"), times, np.where(night, 0.0, 5 + ours)))
    # so what b is judged on is what the others learn from
    faults = [f"{times[600]},{times[610]},{name}" for name in ("b", "b0")]
    put(tmp_path / "stoppages.csv", "\n".join(["start,end,machine", *faults]) + "\n")
    _, findings = read_all(tmp_path)
    assert "overlap" not in {f.check for f in findings}


def test_a_bad_file_is_a_finding_and_the_others_are_read(tmp_path: Path) -> None:
    put(tmp_path / "good.csv", table(("time", "v"), stamps(50), wave(50)))
    put(tmp_path / "empty.csv", "")
    put(tmp_path / "binary.csv", b"\x00\x01\x02" * 100)
    put(tmp_path / "broken.parquet", b"PAR1 not really")
    put(tmp_path / "texts.csv", table(("time", "v"), ["monday"] * 20, wave(20)))
    samples, findings = read_all(tmp_path, "table")
    assert len(samples) == 3
    assert {f.evidence[0] for f in findings if f.level == "fail"} == {
        "empty.csv",
        "binary.csv",
        "broken.parquet",
        "texts.csv",
    }


def test_a_parquet_file_with_an_index_of_times(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    moments = pa.array(range(1_700_000_000, 1_700_000_050), pa.timestamp("s", "UTC"))
    made = pa.table({"v": wave(50), "__index_level_0__": moments})
    pq.write_table(made, tmp_path / "x.parquet")
    samples, _ = read_all(tmp_path)
    assert (names(samples[0]), window(samples[0]).rate_hz) == (["v"], 1.0)


def test_a_constant_speed_is_a_condition_of_the_recording(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("time", "v", "speed_rpm"), stamps(50), wave(50), [1480] * 50))
    samples, _ = read_all(tmp_path)
    assert window(samples[0]).attributes["speed_rpm"] == 1480


def test_a_list_of_failures_with_one_time_each(tmp_path: Path) -> None:
    hours = stamps(200, 3600)
    put(
        tmp_path / "telemetry.csv",
        table(("datetime", "machineID", "volt"), hours, [1] * 200, wave(200)),
    )
    put(tmp_path / "failures.csv", f"datetime,machineID,failure\n{hours[150]},1,comp4\n")
    put(tmp_path / "machines.csv", "machineID,model,age\n1,model3,18\n")
    samples, findings = read_all(tmp_path)
    annotation = samples[-1].annotation
    assert annotation is not None
    assert [(s.end - s.start, s.label) for s in annotation.spans] == [(1, "comp4")]
    assert all(s.source.startswith("telemetry.csv") for s in samples)
    assert "machines.csv" in texts(findings, "no-time")


def test_a_list_may_name_files_by_a_longer_path(tmp_path: Path) -> None:
    put(tmp_path / "cpu.csv", table(("timestamp", "value"), stamps(300, 300), wave(300)))
    windows = {
        "realKnownCause/cpu.csv": [["2024-03-01 22:40:00", "2024-03-01 23:05:00"]],
        "x/b.csv": [],
    }
    put(tmp_path / "combined_windows.json", json.dumps(windows))
    samples, _ = read_all(tmp_path)
    assert samples[-1].annotation is not None and len(samples[-1].annotation.spans) == 1


def test_a_flag_that_repeats_the_label_is_kept_out(tmp_path: Path) -> None:
    flags = faulty(300, 200, 250)
    alarm = [2 * f for f in flags]
    header = ("time", "v", "alarm_bit", "anomaly")
    put(tmp_path / "x.csv", table(header, stamps(300), wave(300), alarm, flags))
    samples, findings = read_all(tmp_path)
    assert names(samples[0]) == ["v"]
    assert "alarm_bit" in texts(findings, "leakage-columns")
    assert "alarm_bit" in str(samples[0].meta["leaks"])
    put(tmp_path / "machines.yaml", "keep: [alarm_bit]\n")
    assert names(read_all(tmp_path)[0][0]) == ["v", "alarm_bit"]


def test_rows_at_uneven_times_are_said(tmp_path: Path) -> None:
    even = stamps(300)
    uneven = [t for i, t in enumerate(even) if i % 4]
    put(tmp_path / "x.csv", table(("time", "v"), uneven, wave(len(uneven))))
    _, findings = read_all(tmp_path)
    assert levels(findings, "rate-jitter") == {"warn"}


def test_lines_that_end_in_a_carriage_return_alone(tmp_path: Path) -> None:
    content = table(("time", "v"), stamps(60), wave(60)).replace("\n", "\r")
    put(tmp_path / "x.csv", content)
    samples, _ = read_all(tmp_path)
    assert sum(int(str(s.meta["readings"])) for s in samples) == 60


@pytest.mark.parametrize(
    "damage",
    [b"\r", b'"', b";;;;", b"1e999", b"-inf", b"\xff\xfe", b"Bad", b"\n\n", b"9" * 400],
)
def test_damage_in_the_middle_of_a_file_never_crashes_the_import(
    tmp_path: Path, damage: bytes
) -> None:
    content = table(("time", "a", "b"), stamps(80), wave(80), wave(80, seed=1)).encode()
    middle = content.index(b"\n", len(content) // 2) + 9
    put(tmp_path / "x.csv", content[:middle] + damage + content[middle:])
    put(tmp_path / "y.csv", content)
    samples, _ = read_all(tmp_path, "table")
    assert {window(s).attributes["asset"] for s in samples} >= {"y"}
