"""A file per tag, and channels beside times of their own, become one machine on common rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kits.core.kit import RawSample
from kits.predictive_maintenance._reading.joining.grid import on_one_grid
from kits.predictive_maintenance._reading.notes import Notes
from tests.predictive_maintenance.reading import (
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

N = 240


def tag(path: Path, header: str, seed: int, *, step_s: float = 60.0, n: int = N) -> Path:
    return put(path, table(("Timestamp", header), stamps(n, step_s), wave(n, seed=seed)))


def assets(samples: Sequence[RawSample]) -> dict[str, list[str]]:
    """Machine → its channels."""
    return {str(sample.meta["asset"]): names(sample) for sample in samples}


def readings(samples: Sequence[RawSample], asset: str, name: str) -> list[float]:
    own = [s for s in samples if s.meta["asset"] == asset]
    return [float(v) for s in own for v in channel(s, name).readings]


def test_tags_whose_headers_name_them_are_one_machine(tmp_path: Path) -> None:
    for number, name in enumerate(("TI101", "PI102", "SI103")):
        tag(tmp_path / "pump" / f"{name}.csv", name, number)
    samples, findings = read_all(tmp_path / "pump")
    assert assets(samples) == {"pump": ["PI102", "SI103", "TI101"]}
    for number, name in enumerate(("TI101", "PI102", "SI103")):
        assert readings(samples, "pump", name) == pytest.approx(wave(N, seed=number), abs=1e-4)
    assert "each names another channel in its header" in texts(findings, "asset")
    assert "pump: PI102, SI103, TI101" in texts(findings, "asset")
    assert "warn" in levels(findings, "asset")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"TI101.csv": "Value", "PDT-7.csv": "Value"}, "names of tags"),
        ({"motor_temperature.csv": "value", "motor_vibration.csv": "value"}, "what is measured"),
        ({"Druck Halle.csv": "Wert", "Drehzahl Halle.csv": "Wert"}, "what is measured"),
        ({"Débit.csv": "valeur", "Température palier.csv": "valeur"}, "what is measured"),
        ({"one.csv": "Value [bar]", "two.csv": "Value [°C]"}, "another unit"),
    ],
)
def test_tags_are_known_by_their_files_or_units(
    tmp_path: Path, files: dict[str, str], why: str
) -> None:
    for number, (name, header) in enumerate(files.items()):
        tag(tmp_path / "press" / name, header, number)
    samples, findings = read_all(tmp_path / "press")
    assert {asset: set(found) for asset, found in assets(samples).items()} == {
        "press": {Path(name).stem for name in files}
    }
    assert why in texts(findings, "asset")


def test_folders_with_the_same_files_are_machines_with_the_same_tags(tmp_path: Path) -> None:
    for number, machine in enumerate(("left", "right")):
        tag(tmp_path / machine / "one.csv", "value", number)
        tag(tmp_path / machine / "two.csv", "value", number + 7)
    samples, findings = read_all(tmp_path)
    assert assets(samples) == {"left": ["one", "two"], "right": ["one", "two"]}
    assert readings(samples, "right", "two") == pytest.approx(wave(N, seed=8), abs=1e-4)
    assert "other folders have files of the same names" in texts(findings, "asset")


def test_files_that_may_be_machines_stay_machines_and_the_doubt_is_told(tmp_path: Path) -> None:
    """No tags by their names either: what is measured is no part of another word."""
    for names_of in (("coupler", "terms"), ("machine_1", "machine_2")):
        for number, name in enumerate(names_of):
            tag(tmp_path / names_of[0] / f"{name}.csv", "value", number + 1)
        samples, findings = read_all(tmp_path / names_of[0])
        assert assets(samples) == {name: ["value"] for name in names_of}
        assert "taken for machines of their own" in texts(findings, "asset")
    tmp_path /= "machine_1"
    put(tmp_path / "machines.yaml", "asset: folder\n")
    samples, findings = read_all(tmp_path)
    assert assets(samples) == {tmp_path.name: ["machine_1", "machine_2"]}
    assert readings(samples, tmp_path.name, "machine_2") == pytest.approx(wave(N, seed=2), abs=1e-4)
    assert "as machines.yaml states" in texts(findings, "asset")


def test_a_file_stays_a_machine_where_that_is_stated(tmp_path: Path) -> None:
    tag(tmp_path / "TI101.csv", "TI101", 1)
    tag(tmp_path / "PI102.csv", "PI102", 2)
    put(tmp_path / "machines.yaml", "asset: file\n")
    samples, findings = read_all(tmp_path)
    assert assets(samples) == {"PI102": ["PI102"], "TI101": ["TI101"]}
    assert "one machine" not in texts(findings)


def test_files_that_tell_faults_of_their_own_are_machines(tmp_path: Path) -> None:
    flags = [int(100 <= i < 130) for i in range(N)]
    for number, name in enumerate(("TI101", "PI102")):
        rows = table(("time", name, "anomaly"), stamps(N), wave(N, seed=number), flags)
        put(tmp_path / f"{name}.csv", rows)
    samples, findings = read_all(tmp_path)
    assert set(assets(samples)) == {"TI101", "PI102"}
    assert "one machine" not in texts(findings) and "machines of their own" not in texts(findings)


def test_records_of_different_times_are_no_tags(tmp_path: Path) -> None:
    tag(tmp_path / "TI101.csv", "TI101", 1)
    late = [text.replace("2024", "2025") for text in stamps(N, 60)]
    put(tmp_path / "PI102.csv", table(("Timestamp", "PI102"), late, wave(N)))
    samples, findings = read_all(tmp_path)
    assert set(assets(samples)) == {"TI101", "PI102"}
    assert "one machine" not in texts(findings)


def test_a_list_of_faults_holds_for_the_machine_of_the_tags(tmp_path: Path) -> None:
    for number, machine in enumerate(("pump", "fan")):
        tag(tmp_path / machine / "TI101.csv", "TI101", number)
        tag(tmp_path / machine / "PI102.csv", "PI102", number + 7)
    times = stamps(N, 60)
    rows = table(("machine", "start", "end", "fault"), ["pump"], [times[150]], [times[159]], ["seal"])  # fmt: skip
    put(tmp_path / "stoppages.csv", rows)
    samples, _ = read_all(tmp_path)
    faulty = [s for s in samples if s.annotation and s.annotation.spans]
    assert {str(s.meta["asset"]) for s in faulty} == {"pump"}
    spans = [(s.start, s.end, s.label) for f in faulty for s in (f.annotation.spans if f.annotation else ())]  # fmt: skip
    first = int(str(faulty[0].meta.get("first_row", 0)))
    assert [(a + first, b + first, label) for a, b, label in spans] == [(150, 160, "seal")]


def test_months_of_each_tag_are_joined_first(tmp_path: Path) -> None:
    for number, name in enumerate(("TI101", "PI102")):
        values, times = wave(N, seed=number), stamps(N, 60)
        for month, part in (("2024-03", slice(0, 150)), ("2024-04", slice(140, N))):
            rows = table(("t", "Value"), times[part], values[part])
            put(tmp_path / "pump" / f"{name}_{month}.csv", rows)
    samples, findings = read_all(tmp_path / "pump")
    assert assets(samples) == {"pump": ["PI102", "TI101"]}
    assert readings(samples, "pump", "PI102") == pytest.approx(wave(N, seed=1), abs=1e-4)
    assert "repeat rows of each other" in texts(findings, "double-times")
    assert "pump/TI101: 10 rows" in texts(findings, "double-times")


def test_a_state_in_words_is_a_tag_beside_readings_and_nothing_alone(tmp_path: Path) -> None:
    tag(tmp_path / "pump" / "TI101.csv", "TI101", 1)
    words = ["on" if i % 60 < 40 else "off" for i in range(N)]
    state = put(tmp_path / "pump" / "RUN.csv", table(("Timestamp", "RUN"), stamps(N, 60), words))
    samples, _ = read_all(tmp_path / "pump")
    assert assets(samples) == {"pump": ["RUN", "TI101"]}
    assert readings(samples, "pump", "RUN") == pytest.approx([float(w == "on") for w in words])
    put(tmp_path / "alone" / "RUN.csv", state.read_text())
    samples, findings = read_all(tmp_path / "alone", "table")
    assert not samples
    assert "no column of readings" in texts(findings, "unreadable-file")


def test_tags_of_too_many_rows_stay_apart_and_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kits.predictive_maintenance._reading.joining.grid.MAX_ROWS", 300)
    tag(tmp_path / "TI101.csv", "TI101", 1)
    tag(tmp_path / "PI102.csv", "PI102", 2, step_s=20, n=3 * N)
    samples, findings = read_all(tmp_path)
    assert set(assets(samples)) == {"TI101", "PI102"}
    assert "left as machines of their own" in texts(findings, "asset")


def test_weeks_that_became_a_machine_each_are_told(tmp_path: Path) -> None:
    times, values, other = stamps(N, 60), wave(N), wave(N, 9)
    for week in range(4):
        rows = slice(60 * week, 60 * week + 60)
        content = table(("time", "v", "w"), times[rows], values[rows], other[rows])
        put(tmp_path / f"Export_S{week + 10}.csv", content)
    samples, findings = read_all(tmp_path)
    assert len(assets(samples)) == 4
    assert "machines with recordings (4)\nExport_S10" in texts(findings, "machines")
    (told,) = [f for f in findings if "without a break" in f.text]
    assert told.evidence == ("Export_S10.csv … Export_S13.csv",) and "asset: folder" in told.fix
    put(tmp_path / "machines.yaml", "asset: folder\n")
    samples, findings = read_all(tmp_path)
    assert len(assets(samples)) == 1
    assert "without a break" not in texts(findings)


def test_machines_that_were_watched_side_by_side_are_no_parts_of_a_record(tmp_path: Path) -> None:
    for number in range(4):
        columns = stamps(N, 60), wave(N, seed=number), wave(N, seed=number + 9)
        put(tmp_path / f"pump-{number}.csv", table(("time", "v", "w"), *columns))
    _, findings = read_all(tmp_path)
    assert "machines with recordings (4)" in texts(findings, "machines")
    assert "without a break" not in texts(findings)


def test_a_month_that_was_saved_twice_is_read_once(tmp_path: Path) -> None:
    times, values = stamps(N, 60), wave(N)
    for month, part in (("2024-03", slice(0, 120)), ("2024-04", slice(120, N))):
        put(tmp_path / f"press_{month}.csv", table(("t", "v"), times[part], values[part]))
    march = (tmp_path / "press_2024-03.csv").read_bytes()
    put(tmp_path / "press_2024-03 (1).csv", march)
    put(tmp_path / "press_2024-03 - Kopie.csv", march)
    # another machine under the name that a browser gives to a second download
    tag(tmp_path / "press_2024-04 (1).csv", "v", 5)
    samples, findings = read_all(tmp_path)
    assert len(assets(samples)) == 2
    assert readings(samples, "press", "v") == pytest.approx(values, abs=1e-4)
    left = [f for f in findings if f.check == "overlap"]
    assert [f.evidence for f in left] == [("press_2024-03 (1).csv", "press_2024-03 - Kopie.csv")]


def test_files_of_one_record_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    for number, name in enumerate(("left", "right")):
        header = ("time", "Temp", "Vib")
        put(tmp_path / f"{name}.csv", table(header, stamps(N), wave(N, seed=number), wave(N, 9)))
    put(tmp_path / "machines.yaml", "asset: folder\n")
    _, findings = read_all(tmp_path)
    assert "other readings at the same times" in texts(findings, "double-times")
    assert f"{N} rows" in texts(findings, "double-times")
    assert levels(findings, "double-times") == {"warn"}


@pytest.mark.parametrize(
    "header",
    [
        ("Time", "TI101", "Time", "PI102"),
        ("TI101 Time", "TI101 Value", "PI102 Time", "PI102 Value"),
        ("Timestamp TI101", "TI101", "Timestamp PI102", "PI102"),
        ("TI101 TimeString", "TI101.Wert", "PI102 TimeString", "PI102.Wert"),
    ],
)
def test_channels_beside_times_of_their_own_keep_them(
    tmp_path: Path, header: tuple[str, ...]
) -> None:
    """The second channel is slower and ends sooner: its cells are empty then."""
    slow, values = 80, wave(N)
    late = [*stamps(slow, 120), *[""] * (N - slow)]
    other = [*range(slow), *[""] * (N - slow)]
    samples, findings = read_all(
        put(tmp_path / "t.csv", table(header, stamps(N, 60), values, late, other))
    )
    assert assets(samples) == {"t": ["TI101", "PI102"]}
    assert readings(samples, "t", "TI101") == pytest.approx(values, abs=1e-4)
    told = [v for v in readings(samples, "t", "PI102") if np.isfinite(v)]
    assert told == pytest.approx(list(range(slow)), abs=0.01)
    assert "times of their own" in texts(findings, "table")


def test_a_scope_with_a_sample_time_for_each_channel(tmp_path: Path) -> None:
    above = "Name\ta\tName\tb\nData-Type\tREAL\tData-Type\tREAL\nOffset\t0\tOffset\t0\n"
    rows = "".join(f"{n * 10}\t{n % 7}\t{n * 20}\t{n % 5}\n" for n in range(N))
    samples, _ = read_all(put(tmp_path / "scope.csv", above + rows))
    assert {c.name for s in samples for c in window(s).channels} == {"a", "b"}
    told = [v for v in readings(samples, "scope", "b") if np.isfinite(v)]
    assert told == pytest.approx([n % 5 for n in range(N)], abs=1e-3)


def test_a_reading_beside_bad_quality_and_a_word_are_left_out(tmp_path: Path) -> None:
    header = ("Time", "TI101", "Quality", "Time", "PI102", "Note")
    quality = ["Bad" if i == 5 else "Good" for i in range(N)]
    content = table(header, stamps(N, 60), wave(N), quality, stamps(N, 30), wave(N, 9), ["x"] * N)
    samples, findings = read_all(put(tmp_path / "t.csv", content))
    assert assets(samples) == {"t": ["TI101", "PI102"]}
    assert "readings of bad quality blanked" in texts(findings, "quality")
    assert "words beside times of their own" in texts(findings, "columns-left-out")


def test_other_times_of_the_same_rows_are_no_times_of_channels(tmp_path: Path) -> None:
    header = ("start_time", "Temp", "end_time", "Vib")
    content = table(header, stamps(N, 60), wave(N), stamps(N, 90), wave(N, 9))
    samples, findings = read_all(put(tmp_path / "t.csv", content))
    assert "times of their own" not in texts(findings)
    assert readings(samples, "t", "Vib") == pytest.approx(wave(N, 9), abs=1e-4)


def on_grid(
    tags: dict[str, tuple[Sequence[float], Sequence[float]]],
) -> tuple[dict[str, list[float]], list[float], str]:
    notes = Notes()
    arrays = {n: (np.array(t, float), np.array(v, float)) for n, (t, v) in tags.items()}
    columns, times = on_one_grid(arrays, notes, "here")
    return {n: c.tolist() for n, c in columns.items()}, times.tolist(), texts(notes.findings())


def test_a_pace_that_is_no_multiple_holds_its_value_and_loses_none() -> None:
    minutes, slower = range(0, 6000, 60), range(0, 6000, 90)
    columns, times, said = on_grid(
        {"a": (minutes, minutes), "b": (slower, slower)},
    )
    assert columns["a"] == list(minutes) == times
    assert set(columns["b"]) == {float(v) for v in slower if v <= 5940 + 30}
    assert all(abs(at - value) <= 90 for at, value in zip(times, columns["b"]))
    assert "b is read at a pace of its own" in said


def test_a_clock_that_trembles_between_rows_loses_no_reading() -> None:
    draw = np.random.default_rng(0)
    steady = np.arange(500.0)
    between = 0.5 + np.arange(499.0) + draw.normal(0, 0.03, 499)
    columns, _, said = on_grid({"a": (steady, steady), "b": (between, between)})
    found = np.array(columns["b"])
    assert np.isfinite(found).sum() == 499
    assert np.nanmax(np.abs(found - np.arange(500))) < 1.6
    assert "faster than the rows" not in said


def test_readings_that_share_a_row_are_told() -> None:
    steady = np.arange(100.0)
    burst = [0.0, 50.0, 50.1, 50.2, 90.0]
    columns, _, said = on_grid({"a": (steady, steady), "b": (burst, [1, 2, 3, 4, 5])})
    assert [columns["b"][row] for row in (49, 50, 89, 90)] == [1, 4, 4, 5]
    assert "of each row the last is kept" in said and "b: 2 readings" in said


def test_a_silence_of_all_tags_stays_one() -> None:
    times = [*range(100), *range(100_000, 100_100)]
    shifted = [t + 0.2 for t in times]
    columns, rows, _ = on_grid({"a": (times, times), "b": (shifted, times)})
    assert len(rows) == len(columns["a"]) == 200
    assert columns["a"] == rows == [float(t) for t in times]


def test_a_steady_tag_that_falls_silent_holds_nothing_for_long() -> None:
    steady, other = np.arange(0, 9000, 60.0), np.arange(0, 1800, 90.0)
    columns, _, _ = on_grid({"a": (steady, steady), "b": (other, other)})
    told = np.isfinite(columns["b"])
    assert told[:30].all() and not told[-50:].any()


def test_readings_of_one_time_and_times_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    times = stamps(N)
    times[7] = times[6]
    own = [*stamps(N, 45.0)[:-1], "later"]
    rows = (("Time", "TI101", "Time", "PI102"), times, wave(N), own, wave(N, seed=1))
    put(tmp_path / "trend.csv", table(*rows))
    samples, findings = read_all(tmp_path)
    assert assets(samples) == {"trend": ["TI101", "PI102"]}
    assert "trend.csv, TI101: 1 rows" in texts(findings, "double-times")
    assert "trend.csv, Time 2: 1 rows" in texts(findings, "rows-without-time")


def test_readings_of_one_time_in_a_long_table_are_told(tmp_path: Path) -> None:
    times = stamps(N)
    long = [(time, tag, value) for time in times for tag, value in (("TI101", 1.5), ("PI102", 2.5))]
    long += [(times[3], "TI101", 9.0), ("later", "PI102", 9.0)]
    columns = [list(cells) for cells in zip(*long)]
    put(tmp_path / "export.csv", table(("Time", "Tag", "Value"), *columns))
    samples, findings = read_all(tmp_path)
    assert set(readings(samples, "export", "TI101")) == {1.5}
    assert "readings repeat the time" in texts(findings, "double-times")
    assert "export.csv: 1 readings" in texts(findings, "double-times")
    assert "export.csv: 1 rows" in texts(findings, "rows-without-time")


def test_a_list_of_errors_of_machines_is_told_for_what_it_is(tmp_path: Path) -> None:
    times = stamps(N, 60)
    machine = [str(n % 2 + 1) for n in range(N)]
    put(
        tmp_path / "telemetry.csv",
        table(("datetime", "machineID", "volt"), times, machine, wave(N)),
    )
    put(tmp_path / "errors.csv", table(("datetime", "machineID", "errorID"), times[::9], machine[::9], [f"error{n % 3}" for n in range(len(times[::9]))]))  # fmt: skip
    samples, findings = read_all(tmp_path)
    assert sorted(assets(samples)) == ["1", "2"]
    [told] = [one for one in findings if one.check == "unreadable-file"]
    assert "it lists what happened to machines" in told.text and "labels.file" in told.fix
    assert not texts(findings, "columns-coded")
