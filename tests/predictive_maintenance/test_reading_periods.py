"""Months, weeks and years in files' names; files that end too early; files whose names hide what they hold."""

from __future__ import annotations

import json
import wave as waves
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from kits.predictive_maintenance._reading.files import stem_of
from kits.predictive_maintenance._reading.formats.cut_lines import without_cut_line
from kits.predictive_maintenance._reading.times.periods import without_period
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

HOUR_S = 3_600.0


def hours(start: str, days: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """An hourly record's times."""
    first = datetime.fromisoformat(start).replace(tzinfo=timezone.utc).timestamp()
    return first + np.arange(0, days * 24 * HOUR_S, HOUR_S)


@pytest.mark.parametrize(
    ("name", "start", "days", "machine"),
    [
        ("Januar 2024", "2024-01-01", 31, ""),
        ("2024_Januar", "2024-01-01", 31, ""),
        ("P-101 Jan 24", "2024-01-01", 31, "P-101"),
        ("Janvier_2024_P1", "2024-01-01", 31, "P1"),
        ("Marzo de 2024", "2024-03-01", 31, ""),
        ("březen 2024", "2024-03-01", 31, ""),
        ("01_Januar", "2024-01-01", 31, ""),
        ("Pumpe 3 März", "2024-02-29T22:00", 31, "Pumpe 3"),
        ("Q1 2024", "2024-01-01", 91, ""),
        ("Pump KW 12", "2024-03-18", 7, "Pump"),
        ("01.2024", "2024-01-01", 31, ""),
        ("Press_2024", "2024-01-01", 366, "Press"),
        ("LOG240301", "2024-03-01", 1, "LOG"),
        ("P1_02032024", "2024-03-02", 1, "P1"),
        ("P1_03022024", "2024-03-02", 1, "P1"),
        ("20240304 P1", "2024-02-26", 7, "P1"),
        ("SN240301", "2024-05-01", 1, "SN240301"),
        ("4711240301", "2024-03-01", 1, "4711240301"),
        # what the file holds says otherwise, or could by chance
        ("Januar 2024", "2024-01-01", 366, "Januar"),
        ("Press 2011", "2024-01-01", 366, "Press 2011"),
        ("Press Q1", "2024-01-01", 91, "Press Q1"),
        ("T1", "2024-01-01", 91, "T1"),
        ("Line 12", "2024-03-18", 7, "Line 12"),
        ("Set 1", "2024-09-01", 4, "Set 1"),
        ("Marsilio", "2024-03-01", 4, "Marsilio"),
        ("Pump 3", "2024-03-01", 4, "Pump 3"),
    ],
)
def test_a_stretch_of_time_in_a_name_is_none_of_the_machine(
    name: str, start: str, days: float, machine: str
) -> None:
    assert without_period(name, hours(start, days)) == machine
    assert without_period(name, None) == name


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("P7_31.01.2024", "P7"),
        ("2024-01-01_to_2024-01-31_P7", "P7"),
        ("P7 01-02-2024 bis 28-02-2024", "P7"),
        ("Line 2.1.7", "Line 2.1.7"),
        ("P1_02032024", "P1_02032024"),
    ],
)
def test_dates_in_names_are_left_away_whichever_way_they_are_written(
    name: str, machine: str
) -> None:
    assert stem_of(Path(f"{name}.csv")) == machine


def test_files_called_after_months_are_one_machine_and_have_its_faults(tmp_path: Path) -> None:
    for month, name in enumerate(("Januar", "Februar", "März", "April"), start=1):
        begun = datetime(2024, month, 1)  # noqa: DTZ001 (exports name no zone)
        times = [(begun + timedelta(hours=n)).isoformat(sep=" ") for n in range(600)]
        put(
            tmp_path / f"P-101 {name} 2024.csv",
            table(("time", "v", "w"), times, wave(600), wave(600, 9)),
        )
    put(
        tmp_path / "faults.csv",
        "machine,start,end,fault\nP-101,2024-04-20 00:00,2024-04-21 00:00,seal\n",
    )
    samples, findings = read_all(tmp_path)
    assert assets(samples) == {"P-101"}
    assert faults_of(samples) == {"seal"}
    assert "4 files continue the record of P-101" in texts(findings, "asset")


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        ("4\t0.040\n", True),
        ("4\t0.040", True),
        ("8 rows", True),
        ("", True),
        ("4\t0.0", False),
        ("0.004", False),
    ],
)
def test_a_last_line_that_is_broken_off_is_left_out(end: str, kept: bool) -> None:
    whole = "".join(f"0.00{n % 8}\t0.0{n % 8}0\n" for n in range(40)).encode()
    last = end.replace("4\t", "0.008\t").encode() if "\t" in end else end.encode()
    rows, told = without_cut_line(whole + last, "\t", 2)
    assert (rows, told is None) == ((whole + last, True) if kept else (whole, False))


def test_a_line_whose_last_number_has_fewer_digits_than_all_others_is_broken_off() -> None:
    even = "".join(f"{n}\t0.0{n}1\n" for n in range(10, 50)).encode()
    uneven = "".join(f"{n}\t{n / 8}\n" for n in range(40)).encode()
    few = "".join(f"{n}\t0.0{n}1\n" for n in range(10, 20)).encode()  # one in ten drops a nought
    assert without_cut_line(even + b"9\t0.0", "\t", 2)[0] == even
    assert without_cut_line(uneven + b"9\t0.1", "\t", 2)[0] == uneven + b"9\t0.1"
    assert without_cut_line(few + b"9\t0.0", "\t", 2)[0] == few + b"9\t0.0"


@pytest.mark.parametrize(("share", "told"), [(0.6, True), (0.9975, False), (1.0, False)])
def test_a_capture_as_text_that_is_shorter_than_the_others_is_named(
    tmp_path: Path, share: float, told: bool
) -> None:
    put(tmp_path / "machines.yaml", "rate_hz: 20480\n")
    for n in range(6):
        rows = "".join(f"{v:.3f}\t{-v:.3f}\r\n" for v in wave(400, 7 + n))
        put(tmp_path / f"2004.02.12.1{n}.32.39", rows[: int(share * len(rows))] if n == 4 else rows)
    samples, findings = read_all(tmp_path)
    assert len(samples) == 6
    assert levels(findings, "cut-short") == ({"warn"} if told else set())
    assert ("2004.02.12.14.32.39" in texts(findings, "cut-short")) is told


def test_captures_of_many_lengths_are_none_that_were_cut_short(tmp_path: Path) -> None:
    put(tmp_path / "machines.yaml", "rate_hz: 20480\n")
    for n in range(6):
        put(tmp_path / f"2004.02.12.1{n}.32.39", "".join(f"{v:.3f}\n" for v in wave(400 + 10 * n)))
    assert not levels(read_all(tmp_path)[1], "cut-short")


def test_data_txt_is_the_data_where_it_holds_rows(tmp_path: Path) -> None:
    rows = "\n".join(f"{n} {n * 7 % 5} {n * 3 % 11}" for n in range(60))
    put(tmp_path / "data.txt", rows)
    put(tmp_path / "data_description.txt", "1 speed of the shaft (rpm)\n2 torque (Nm)\n" * 5)
    samples, findings = read_all(tmp_path)
    assert len(samples) == 60
    assert "data_description.txt" not in texts(findings)


def test_labels_of_a_table_with_a_row_per_tag_are_kept(tmp_path: Path) -> None:
    lines = ["timestamp,value,label,KPI ID"]
    for tag in ("a1", "b2"):
        for n in range(400):
            fault = int(tag == "b2" and 300 <= n < 320)
            lines.append(f"{1_493_568_000 + 60 * n},{n % 7},{fault},{tag}")
    samples, findings = read_all(put(tmp_path / "kpi.csv", "\n".join(lines)))
    spans = [s for one in samples if one.annotation for s in one.annotation.spans]
    assert [(s.label, s.end - s.start) for s in spans] == [("fault", 20)]
    assert "one of its tags" in texts(findings, "labels")


def test_a_target_of_each_tag_that_never_says_normal_marks_no_faults(tmp_path: Path) -> None:
    lines = ["timestamp,value,target,tag"]
    lines += [
        f"{1_493_568_000 + 60 * n},{n % 7},20,{tag}" for tag in ("a1", "b2") for n in range(400)
    ]
    samples, findings = read_all(put(tmp_path / "x.csv", "\n".join(lines)))
    assert not faults_of(samples)
    assert "never says that all was well" in texts(findings, "labels")


def test_messages_of_machines_are_no_recordings_beside_readings(tmp_path: Path) -> None:
    for k in (1, 2):
        put(
            tmp_path / f"T{k}.csv",
            table(("time", "power", "wind"), stamps(400, 600), wave(400), wave(400, 5)),
        )
        lines = ["Timestamp start,Timestamp end,Status,Code,Message"]
        at = datetime(2024, 3, 1)  # noqa: DTZ001 (exports name no zone)
        for n in range(40):
            at += timedelta(minutes=(n * 37) % 90 + 1)
            lines.append(
                f"{at},{at + timedelta(minutes=n % 9 + 1)},{'Stop' if n % 3 else 'Warning'},{n % 5 + 700},{'Lack of wind' if n % 2 else 'Brake'}"
            )
        put(tmp_path / f"Status T{k}.csv", "\n".join(lines))
    samples, findings = read_all(tmp_path)
    assert assets(samples) == {"T1", "T2"}
    assert {f.evidence for f in findings if f.level == "fail"} == {
        ("Status T1.csv",),
        ("Status T2.csv",),
    }
    assert all("labels.file" in f.fix for f in findings if f.level == "fail")


def test_codes_at_an_even_pace_are_a_recording(tmp_path: Path) -> None:
    put(
        tmp_path / "P1.csv",
        table(("time", "power", "wind"), stamps(400, 600), wave(400), wave(400, 5)),
    )
    states = ["run" if n % 9 else "idle" for n in range(400)]
    put(
        tmp_path / "P2.csv",
        table(
            ("time", "state_code", "mode"), stamps(400, 600), [n % 5 for n in range(400)], states
        ),
    )
    assert assets(read_all(tmp_path)[0]) == {"P1", "P2"}


@pytest.mark.parametrize(("name", "value"), [("fail", "1"), ("faulty", "1.0"), ("defective", "1")])
def test_a_flag_of_a_fault_is_a_label(tmp_path: Path, name: str, value: str) -> None:
    lines = [
        f"a,b,{name}",
        *(
            f"{n % 7},{n % 5},{value if n % 9 == 0 else value.replace('1', '0', 1)}"
            for n in range(90)
        ),
    ]
    samples, _ = read_all(put(tmp_path / "x.csv", "\n".join(lines)))
    assert names(samples[0]) == ["a", "b"]
    assert {s.annotation.label for s in samples if s.annotation} == {
        "normal",
        samples[0].annotation.label if samples[0].annotation else "",
    }


def test_how_many_failed_is_no_label_and_what_may_be_one_is_named(tmp_path: Path) -> None:
    lines = ["a,fail,Engine Condition", *(f"{n % 7},{n % 5},{n % 2}" for n in range(90))]
    samples, findings = read_all(put(tmp_path / "x.csv", "\n".join(lines)))
    assert names(samples[0]) == ["a", "fail", "Engine Condition"]
    assert "x.csv: two values have Engine Condition" in texts(findings, "labels")


def test_a_table_beside_sounds_that_names_them_is_their_list(tmp_path: Path) -> None:
    lines = ["Datei;Zustand;Maschine;Drehzahl"]
    for n in range(8):
        with waves.open(str(tmp_path / f"M{n}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(16_000)
            out.writeframes((np.array(wave(2_000)) * 99).astype("<i2").tobytes())
        lines.append(f"M{n}.wav;{'defekt' if n % 3 == 0 else 'ok'};P-{n // 4};1450")
    put(tmp_path / "Messungen.csv", "\n".join(lines))
    samples, findings = read_all(tmp_path)
    assert [s.annotation.label for s in samples if s.annotation] == [
        "defekt",
        "normal",
        "normal",
    ] * 2 + ["defekt", "normal"]
    assert assets(samples) == {"P-0", "P-1"}
    assert "Messungen.csv" in texts(findings, "captures")


def test_parts_that_are_numbered_are_parts(tmp_path: Path) -> None:
    for seed, name in enumerate(("train1", "train2", "test1")):
        values = wave(300, seed=seed), wave(300, 5, seed=seed)
        put(tmp_path / f"{name}.csv", table(("time", "v", "w"), stamps(300, 60), *values))
    found = {
        window(one).attributes["asset"]: one.split
        for one in read_all(tmp_path)[0]
        if one.split != "val"
    }
    assert found == {"train1": "train", "train2": "train", "test1": "test"}


def test_windows_of_faults_in_a_folder_beside_the_data_are_found(tmp_path: Path) -> None:
    put(tmp_path / "data/known/a.csv", table(("timestamp", "value"), stamps(400, 300), wave(400)))
    at = stamps(400, 300)
    put(
        tmp_path / "labels/combined_windows.json", json.dumps({"known/a.csv": [[at[300], at[320]]]})
    )
    put(tmp_path / "labels/combined_labels.json", json.dumps({"known/a.csv": [at[310]]}))
    samples, findings = read_all(tmp_path)
    assert faults_of(samples) == {"anomaly"}
    assert "combined_windows.json" in texts(findings, "labels")


@pytest.mark.parametrize(
    ("columns", "listed"), [("Störung ab;Störung bis", True), ("Schicht ab;Schicht bis", False)]
)
def test_a_table_of_when_something_was_out_of_order_is_a_list_of_faults_however_it_is_called(
    tmp_path: Path, columns: str, listed: bool
) -> None:
    at = stamps(400, 600)
    put(tmp_path / "Anlage 1.csv", table(("Zeit", "Druck", "Strom"), at, wave(400), wave(400, 5)))
    put(
        tmp_path / "Instandhaltung.csv",
        f"Anlage;{columns};Ursache\nAnlage 1;{at[300]};{at[310]};Lager\n",
    )
    assert faults_of(read_all(tmp_path)[0]) == ({"Lager"} if listed else set())


def test_signals_within_structures_of_matlab_are_read(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("normal_1", "OuterRaceFault_1"):
        savemat(
            tmp_path / f"{name}.mat",
            {"bearing": {"sr": 97656.0, "gs": random.normal(size=(3000, 1)), "load": 270.0}},
        )
    samples, _ = read_all(tmp_path)
    assert [window(one).rate_hz for one in samples] == pytest.approx([97656.0] * 2)
    assert names(samples[0]) == ["gs", "load"]


def test_lists_of_signals_within_structures_of_matlab_have_their_names_and_time(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(0)
    kinds = [("Name", "O"), ("Data", "O")]
    signals, clocks = np.zeros(3, kinds), np.zeros(2, kinds)
    for at, (name, length) in enumerate((("force", 40), ("vibration_1", 640), ("current", 640))):
        signals[at] = (name, random.normal(size=length))
    for at, length in enumerate((40, 640)):
        clocks[at] = (f"raster {length}", np.linspace(0, 0.01, length))
    for name in ("K001_1", "K001_2"):
        (tmp_path / "K001").mkdir(exist_ok=True)
        savemat(tmp_path / "K001" / f"{name}.mat", {name: {"X": clocks, "Y": signals}})
    samples, findings = read_all(tmp_path)
    assert names(samples[0]) == ["vibration_1", "current"]
    assert window(samples[0]).rate_hz == pytest.approx(63_900, rel=1e-3)
    assert "force" in texts(findings, "columns-left-out")
