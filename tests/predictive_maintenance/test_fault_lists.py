"""Lists of faults beside recordings: whose they are, and what of them fits none is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.core.kit import RawSample
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
)

PRESS_TIMES = stamps(400, 60)


def test_a_machine_of_the_list_is_found_however_its_name_is_spaced(tmp_path: Path) -> None:
    put(tmp_path / "Presse1.csv", table(("time", "v"), PRESS_TIMES, wave(400)))
    put(
        tmp_path / "stoerungen.csv",
        f"Beginn;Ende;Maschine;Störung\n{PRESS_TIMES[300]};{PRESS_TIMES[320]};Presse 1;Lager\n",
    )
    samples, findings = read_all(tmp_path)
    assert [s.annotation.label for s in by_split(samples)["test"] if s.annotation] == ["Lager"]
    assert "presse 1: taken for Presse1" in texts(findings, "labels")


def listed_as(folder: Path, recorded: Sequence[str], listed: str) -> tuple[set[str], str]:
    """Labels of what is recorded beside a list of one fault, and what is said of it."""
    for number, name in enumerate(recorded):
        content = table(("time", "v"), PRESS_TIMES, wave(400, seed=number))
        put(folder / f"{name}.csv", content)
    lines = [f"{PRESS_TIMES[300]};{PRESS_TIMES[320]};{one};{one}" for one in listed.split(",")]
    put(folder / "stoerungen.csv", "\n".join(["Beginn;Ende;Maschine;Störung", *lines]))
    samples, findings = read_all(folder)
    found = {f"{s.meta['asset']}: {s.annotation.label}" for s in samples if s.annotation and s.annotation.label != "normal"}  # fmt: skip
    return found, texts(findings, "labels")


@pytest.mark.parametrize(
    ("recorded", "listed"),
    [("R80711", "WEA R80711"), ("WEA R80711", "R80711"), ("P-101", "Kühlpumpe P-101 Motor"), ("7", "Anlage 7")],
)  # fmt: skip
def test_a_machine_of_the_list_that_is_called_by_more_words_is_found(
    tmp_path: Path, recorded: str, listed: str
) -> None:
    found, told = listed_as(tmp_path, [recorded, "R80721"], listed)
    assert found == {f"{recorded}: {listed}"}
    assert f"{listed.lower()}: taken for {recorded}" in told


@pytest.mark.parametrize(
    ("recorded", "listed"),
    [
        (["R1", "WEA R1 Nord"], "WEA R1 Nord Ost"),
        (["P-101", "P-102"], "P-1010"),
        (["Presse 1", "Presse 2"], "Presse"),
        (["Presse 1", "Presse 2"], "Halle 2 Presse 1"),
        (["1", "2"], "Presse 1,Pumpe 1"),
    ],
    ids=["two fit", "another number", "no number", "two numbers", "numbers of two kinds"],
)
def test_a_machine_of_the_list_that_may_be_another_is_told_as_unknown(
    tmp_path: Path, recorded: list[str], listed: str
) -> None:
    found, told = listed_as(tmp_path, recorded, listed)
    assert not found
    assert all(f"{one.lower()}: 1 faults" in told for one in listed.split(","))


def test_a_machine_of_the_list_that_is_recorded_is_no_other(tmp_path: Path) -> None:
    found, told = listed_as(tmp_path, ["R1", "WEA R1"], "WEA R1")
    assert found == {"WEA R1: WEA R1"}
    assert "taken for" not in told


def test_a_folder_whose_files_are_called_after_it_is_the_machine_of_the_list(
    tmp_path: Path,
) -> None:
    for month, part in (("2024-03", slice(0, 200)), ("2024-04", slice(200, 400))):
        content = table(("time", "v"), PRESS_TIMES[part], wave(200))
        put(tmp_path / "P-101" / f"P-101_{month}.csv", content)
    put(
        tmp_path / "stoerungen.csv",
        f"Beginn;Ende;Maschine;Störung\n{PRESS_TIMES[300]};{PRESS_TIMES[320]};P-101;Lager\n",
    )
    samples, findings = read_all(tmp_path)
    assert {s.meta["asset"] for s in samples} == {"P-101"}
    assert [s.annotation.label for s in by_split(samples)["test"] if s.annotation] == ["Lager"]
    assert "have no recording" not in texts(findings, "labels")


def test_faults_of_a_list_that_fit_no_recording_are_told(tmp_path: Path) -> None:
    put(tmp_path / "Presse1.csv", table(("time", "v"), PRESS_TIMES, wave(400)))
    lines = [
        "Beginn;Ende;Maschine;Störung",
        f"{PRESS_TIMES[300]};{PRESS_TIMES[320]};Presse1;Lager",
        f"{PRESS_TIMES[305]};{PRESS_TIMES[310]};Presse1;Kette",
        f"{PRESS_TIMES[300]};{PRESS_TIMES[320]};Säge;Blatt",
        f"{PRESS_TIMES[350]};;Presse1;Lager",
        f"{PRESS_TIMES[350]};{PRESS_TIMES[340]};Presse1;Lager",
        "2024-05-01 08:00:00;2024-05-01 09:00:00;Presse1;Lager",
    ]
    put(tmp_path / "stoerungen.csv", "\n".join(lines) + "\n")
    _, findings = read_all(tmp_path)
    said = texts(findings, "labels")
    assert "1 faults of stoerungen.csv are marked in the recordings\nLager: 1" in said
    assert "have no recording\nsäge: 1 faults" in said
    assert "are left out\n2 lines" in said
    assert "nothing was recorded: they are in no recording\npresse1 2024-05-01T08:00:00 UTC" in said
    assert "counted as one with it\npresse1 2024-03-01T11:05:00 UTC" in said
    assert "nothing says what is a fault" not in said


@pytest.mark.parametrize("name", ["stops.csv", "Arrêts machine.csv", "book.csv"])
def test_a_list_is_known_by_what_it_holds(tmp_path: Path, name: str) -> None:
    put(tmp_path / "Presse1.csv", table(("time", "v"), PRESS_TIMES, wave(400)))
    lines = f"start,end,machine,fault\n{PRESS_TIMES[300]},{PRESS_TIMES[320]},Presse1,Lager\n"
    put(tmp_path / name, lines)
    samples, findings = read_all(tmp_path)
    assert f"times of faults taken from {name}" in texts(findings, "labels")
    assert [s.annotation.label for s in by_split(samples)["test"] if s.annotation] == ["Lager"]


@pytest.mark.parametrize(
    "header",
    [
        "Auftrag;Störbeginn;Störende;Anlage;Text",
        "Meldung;Beginn der Störung;Ende der Störung;Technischer Platz;Kurztext",
        "WONUM;REPORTDATE;ACTFINISH;ASSETNUM;DESCRIPTION",
        "no;Gemeldet am;Behoben am;Maschine;Ursache",
    ],
)
def test_columns_of_work_orders_are_read_as_they_are_called(tmp_path: Path, header: str) -> None:
    put(tmp_path / "Presse1.csv", table(("time", "v"), PRESS_TIMES, wave(400)))
    line = f"4711;{PRESS_TIMES[300]};{PRESS_TIMES[320]};Presse1;Lager heiß"
    put(tmp_path / "Störungen.csv", f"{header}\n{line}\n")
    samples, findings = read_all(tmp_path)
    assert "times of faults taken from Störungen.csv" in texts(findings, "labels")
    assert [s.annotation.label for s in by_split(samples)["test"] if s.annotation] == ["Lager heiß"]


def test_a_plan_of_shifts_is_no_list_of_faults(tmp_path: Path) -> None:
    put(tmp_path / "Presse1.csv", table(("time", "v"), PRESS_TIMES, wave(400)))
    plan = f"start,end,machine,product\n{PRESS_TIMES[0]},{PRESS_TIMES[399]},Presse1,Deckel\n"
    put(tmp_path / "plan.csv", plan)
    _, findings = read_all(tmp_path)
    assert "times of faults taken from" not in texts(findings)
    assert "nothing says what is a fault" in texts(findings, "labels")


def test_a_recording_with_a_start_and_an_end_of_each_row_is_no_list(tmp_path: Path) -> None:
    for name in ("Presse1", "Presse2"):
        rows = table(("start", "end", "machine", "v"), PRESS_TIMES[:-1], PRESS_TIMES[1:], [name] * 399, wave(399))  # fmt: skip
        put(tmp_path / f"{name}.csv", rows)
    samples, findings = read_all(tmp_path)
    assert "times of faults taken from" not in texts(findings)
    assert {s.meta["asset"] for s in samples} == {"Presse1", "Presse2"}


def test_a_list_that_names_none_of_the_machines_is_no_reason_to_ask_for_one(tmp_path: Path) -> None:
    put(tmp_path / "Presse1.csv", table(("time", "v"), PRESS_TIMES, wave(400)))
    lines = f"start,end,machine\n{PRESS_TIMES[300]},{PRESS_TIMES[320]},Halle 3\n"
    put(tmp_path / "stoppages.csv", lines)
    _, findings = read_all(tmp_path)
    assert levels(findings, "labels") == {"pass", "warn"}
    assert "machines that have no recording\nhalle 3: 1 faults" in texts(findings, "labels")
    assert "nothing says what is a fault" not in texts(findings, "labels")


def test_a_list_beside_a_column_of_faults_is_not_used_and_that_is_told(tmp_path: Path) -> None:
    faults = [int(350 <= i < 360) for i in range(400)]
    put(tmp_path / "p.csv", table(("time", "v", "anomaly"), PRESS_TIMES, wave(400), faults))
    put(tmp_path / "stoppages.csv", f"start,end\n{PRESS_TIMES[300]},{PRESS_TIMES[320]}\n")
    _, findings = read_all(tmp_path)
    said = texts(findings, "labels")
    assert "those of stoppages.csv are not used\np.csv" in said
    assert "are marked in the recordings" not in said and "nothing was recorded" not in said


def test_a_stated_list_that_is_none_says_what_it_must_hold(tmp_path: Path) -> None:
    put(tmp_path / "x.csv", table(("time", "v"), PRESS_TIMES, wave(400)))
    put(tmp_path / "book.csv", "day,hours\n2024-03-01,4\n")
    put(tmp_path / "machines.yaml", "labels: {file: book.csv}\n")
    with pytest.raises(DataError, match="no list of faults") as raised:
        read_all(tmp_path)
    assert "start and end" in raised.value.fix


def test_a_book_of_faults_in_another_form_is_refused_with_the_form_it_needs(tmp_path: Path) -> None:
    put(tmp_path / "Presse1.csv", table(("time", "v"), PRESS_TIMES, wave(400)))
    rows = ["Nr.;Datum;Maschine;Ursache;Stillstand [h]"]
    rows += [f"{i};{i % 28 + 1:02}.03.2024;Presse {i % 3};Lager {i};4,{i % 9}" for i in range(30)]
    put(tmp_path / "Störungsliste.csv", "\n".join(rows) + "\n")
    _, findings = read_all(tmp_path)
    book = [f for f in findings if "Störungsliste" in " ".join((f.text, *f.evidence))]
    assert any("start and end" in f.fix for f in book)
    assert "is taken for a recording\nStörungsliste.csv" in texts(findings, "labels")


def test_a_book_of_words_alone_is_refused_and_not_told_as_taken(tmp_path: Path) -> None:
    put(tmp_path / "Presse1.csv", table(("time", "v"), PRESS_TIMES, wave(400)))
    rows = ["Datum;Maschine;Art"]
    rows += [f"{i % 28 + 1:02}.03.2024;Presse {i % 3};{'AB'[i % 2]}" for i in range(30)]
    put(tmp_path / "Störungsliste.csv", "\n".join(rows) + "\n")
    _, findings = read_all(tmp_path)
    (refused,) = [f for f in findings if f.check == "unreadable-file"]
    assert "start and end" in refused.fix
    assert "taken for a recording" not in texts(findings)


def _press_with_stops(tmp_path: Path, *stops: tuple[int, int], before_h: float = 1) -> None:
    put(tmp_path / "p.csv", table(("time", "v"), PRESS_TIMES, range(400)))
    lines = [f"{PRESS_TIMES[a]},{PRESS_TIMES[b]},p,Lager" for a, b in stops]
    put(tmp_path / "stops.csv", "\n".join(["start,end,machine,fault", *lines]) + "\n")
    put(tmp_path / "machines.yaml", f"labels: {{file: stops.csv, before_h: {before_h}}}\n")


def _marked(samples: list[RawSample]) -> list[tuple[int, int, str]]:
    """First and last reading of each marked stretch: the readings count the minutes."""
    found = []
    for sample in samples:
        readings = np.rint(channel(sample, "v").readings)
        for span in sample.annotation.spans if sample.annotation else ():
            found.append((int(readings[span.start]), int(readings[span.end - 1]), span.label))
    return sorted(found)


def _marked_by(
    tmp_path: Path, listed: str, settings: str = ""
) -> tuple[list[tuple[int, int, str]], str]:
    """What a list marks in readings that count the minutes since 06:00 on 1 March, and what is said of it."""
    put(tmp_path / "p.csv", table(("time", "v"), PRESS_TIMES, range(400)))
    put(tmp_path / "failures.csv", listed)
    put(tmp_path / "machines.yaml", settings)
    samples, findings = read_all(tmp_path)
    return _marked(samples), texts(findings, "labels")


@pytest.mark.parametrize("between", ["2024-03-01 11:20:20", "2024-03-01 11:20"])
def test_a_failure_of_one_moment_is_marked_on_the_reading_at_it_or_before(
    tmp_path: Path, between: str
) -> None:
    marked, said = _marked_by(tmp_path, f"time,machine,failure\n{between},p,Lager\n")
    assert marked == [(320, 320, "Lager")]
    assert "only the reading at it is marked" in said and "nothing was recorded" not in said


def test_the_hours_before_a_failure_of_one_moment_between_two_readings_are_marked(
    tmp_path: Path,
) -> None:
    listed = "time,machine,failure\n2024-03-01 11:20:20,p,Lager\n"
    marked, said = _marked_by(tmp_path, listed, "labels: {before_h: 1}\n")
    assert marked == [(260, 319, "Lager")]
    assert "only the reading at it" not in said


def test_a_failure_long_after_the_last_reading_is_in_no_recording(tmp_path: Path) -> None:
    marked, said = _marked_by(tmp_path, "time,machine,failure\n2024-03-01 12:43,p,Lager\n")
    assert not marked
    assert "nothing was recorded: they are in no recording\np 2024-03-01T12:43:00 UTC" in said


@pytest.mark.parametrize(("hours", "marked"), [(2, [(279, 398, "Lager")]), (0.5, [])])
def test_a_failure_that_is_entered_after_the_logger_stopped_with_its_machine_has_its_hours_before(
    tmp_path: Path, hours: float, marked: list[tuple[int, int, str]]
) -> None:
    listed = "time,machine,failure\n2024-03-01 14:00,p,Lager\n"
    found, said = _marked_by(tmp_path, listed, f"labels: {{before_h: {hours}}}\n")
    assert found == marked
    assert ("nothing was recorded" in said) is not bool(marked)
    assert "state labels.before_h" not in said


def test_a_failure_of_a_day_is_marked_all_day(tmp_path: Path) -> None:
    put(tmp_path / "p.csv", table(("time", "v"), stamps(400, 600), range(400)))
    put(tmp_path / "failures.csv", "date,machine,failure\n2024-03-03,p,Lager\n")
    samples, findings = read_all(tmp_path)
    assert _marked(samples) == [(252, 395, "Lager")]  # 108 readings are of the first day
    assert "days and no hours" in texts(findings, "labels")
    assert "only the reading at it" not in texts(findings, "labels")


def test_an_end_at_midnight_beside_others_is_a_moment(tmp_path: Path) -> None:
    put(tmp_path / "p.csv", table(("time", "v"), stamps(400, 600), range(400)))
    lines = "2024-03-02 22:00,2024-03-03 00:00,p,Lager\n2024-03-03 04:00,2024-03-03 05:00,p,Lager\n"
    put(tmp_path / "failures.csv", f"start,end,machine,fault\n{lines}")
    samples, findings = read_all(tmp_path)
    assert _marked(samples) == [(240, 252, "Lager"), (276, 282, "Lager")]
    assert "days and no hours" not in texts(findings, "labels")


def test_of_stops_the_hours_before_are_marked_and_the_stop_is_left_out(tmp_path: Path) -> None:
    _press_with_stops(tmp_path, (200, 240), (300, 310))
    samples, findings = read_all(tmp_path)
    assert _marked(samples) == [(140, 199, "Lager"), (242, 299, "Lager")]
    told = np.concatenate([channel(s, "v").readings for s in samples])
    left = set(np.rint(told[np.isfinite(told)]).astype(int).tolist())
    assert left == set(range(400)) - set(range(200, 241)) - set(range(300, 311))
    assert "p: 2 stops, 52 rows left out" in texts(findings, "stops")


def test_a_stop_before_which_nothing_was_recorded_is_told(tmp_path: Path) -> None:
    _press_with_stops(tmp_path, (0, 30), (200, 230))
    samples, findings = read_all(tmp_path)
    assert _marked(samples) == [(140, 199, "Lager")]
    assert "before which nothing was recorded" in texts(findings, "stops")
    assert levels(findings, "stops") == {"pass", "warn"}


def test_a_column_that_says_when_the_machine_stood_tells_stops_too(tmp_path: Path) -> None:
    faults = [int(350 <= i < 380) for i in range(400)]
    put(tmp_path / "p.csv", table(("time", "v", "failure"), PRESS_TIMES, range(400), faults))
    put(tmp_path / "machines.yaml", "labels: {before_h: 0.5}\n")
    samples, _ = read_all(tmp_path)
    assert [(a, b) for a, b, _ in _marked(samples)] == [(320, 349)]


def test_stops_of_recordings_without_times_stay_faults_and_that_is_told(tmp_path: Path) -> None:
    faults = [int(350 <= i < 380) for i in range(400)]
    put(tmp_path / "p.csv", table(("v", "failure"), range(400), faults))
    put(tmp_path / "machines.yaml", "format: table\nrate_hz: 1\nlabels: {before_h: 0.5}\n")
    samples, findings = read_all(tmp_path)
    assert [(a, b) for a, b, _ in _marked(samples)] == [(350, 379)]
    assert "without times" in texts(findings, "stops")


def test_a_status_that_is_set_once_a_fault_is_noticed_is_kept_out(tmp_path: Path) -> None:
    # each of three causes has a code, which stands until somebody acknowledges it
    status = [0] * 400
    for code, (start, end) in {31: (250, 272), 32: (300, 323), 34: (350, 371)}.items():
        status[start + 1 : end + 1] = [code] * (end - start)
    put(tmp_path / "p.csv", table(("time", "v", "Status"), PRESS_TIMES, wave(400), status))
    stops = [f"{PRESS_TIMES[a]},{PRESS_TIMES[a + 20]},p" for a in (250, 300, 350)]
    put(tmp_path / "stoppages.csv", "\n".join(["start,end,machine", *stops]) + "\n")
    samples, findings = read_all(tmp_path)
    assert all(names(s) == ["v"] for s in samples)
    assert "Status: other than its usual 0 hardly but in faults" in texts(
        findings, "leakage-columns"
    )


def test_a_mode_of_running_is_no_status_of_faults(tmp_path: Path) -> None:
    mode = [1 + (i // 40) % 3 for i in range(400)]
    put(tmp_path / "p.csv", table(("time", "v", "mode"), PRESS_TIMES, wave(400), mode))
    lines = f"start,end,machine\n{PRESS_TIMES[320]},{PRESS_TIMES[350]},p\n"
    put(tmp_path / "stoppages.csv", lines)
    samples, findings = read_all(tmp_path)
    assert all(names(s) == ["v", "mode"] for s in samples)
    assert not texts(findings, "leakage-columns")
