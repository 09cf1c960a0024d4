"""Names and words that say one thing in most folders, and another one in an honest few."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat, wavfile

from kits.predictive_maintenance._reading.captures import file_lists
from kits.predictive_maintenance._reading.files import describes
from kits.predictive_maintenance._reading.formats.tables import read_table
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

ROWS = 120


def record(seed: int, step_s: float = 3600.0) -> str:
    """Hours of March 2024 and its 9th to 12th week."""
    return table(("time", "v", "w"), stamps(ROWS, step_s), wave(ROWS, seed=seed), wave(ROWS, 9, seed=seed))  # fmt: skip


@pytest.mark.parametrize(
    "machines",
    [
        ("March", "May"),
        ("W9", "W10", "W11"),
        ("Press 2024", "Press 2025"),
        ("Mixer Mar", "Mixer Jun"),
        ("P240301", "P240302", "P240515"),
        ("Q1_2024", "Q2_2024", "Q3_2024"),
        ("Line 1", "Line 1 March"),
        ("Line 1 2024", "Line 1 March"),
    ],
)
def test_words_of_time_that_hold_in_one_of_several_files_are_names_of_machines(
    tmp_path: Path, machines: tuple[str, ...]
) -> None:
    for seed, name in enumerate(machines):
        put(tmp_path / f"{name}.csv", record(seed))
    put(tmp_path / "faults.csv", f"machine,start,end,fault\n{machines[0]},2024-03-05 00:00,2024-03-05 04:00,seal\n")  # fmt: skip
    samples, findings = read_all(tmp_path)
    assert assets(samples) == set(machines)
    assert not levels(findings, "double-times")
    assert faults_of(samples) == {"seal"}
    assert "no recording" not in texts(findings, "labels")


def test_a_month_told_once_more_in_the_file_of_the_year_is_one_record(tmp_path: Path) -> None:
    put(tmp_path / "Line 1 2024.csv", record(1))
    put(tmp_path / "Line 1 March.csv", "\n".join(record(1).splitlines()[:90]) + "\n")
    assert assets(read_all(tmp_path)[0]) == {"Line 1"}


def test_a_machine_that_a_column_names_is_called_so_whatever_its_files_are_called(
    tmp_path: Path,
) -> None:
    for seed, name in enumerate(("P1 2024", "P1 2025")):
        rows = record(seed).splitlines()
        put(tmp_path / f"{name}.csv", "\n".join([f"{rows[0]},machine", *(f"{row},P1" for row in rows[1:])]) + "\n")  # fmt: skip
    samples, findings = read_all(tmp_path)
    assert assets(samples) == {"P1"}
    assert levels(findings, "double-times") == {"warn"}


def waves(folder: Path, count: int) -> None:
    for n in range(count):
        content = io.BytesIO()
        wavfile.write(content, 8000, np.round(1e4 * np.array(wave(800, 9 + n))).astype(np.int16))
        put(folder / f"m{n}.wav", content.getvalue())


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("time,file,temp", lambda n: f"2024-03-01 06:{n:02d}:00,m{n % 4}.wav,{n % 7}"),
        ("file,annotator,label", lambda n: f"m{n % 4}.wav,{n // 4},{'ok' if n < 4 else 'worn'}"),
    ],
)
def test_a_table_that_names_a_recording_in_several_rows_is_no_list_of_them(
    tmp_path: Path, header: str, row: object
) -> None:
    waves(tmp_path, 4)
    assert callable(row)
    put(tmp_path / "log.csv", "\n".join([header, *(row(n) for n in range(12))]) + "\n")
    assert file_lists.list_of(sorted(tmp_path.iterdir()), tmp_path) is None


def test_a_machine_beside_cells_or_batteries_is_the_asset(tmp_path: Path) -> None:
    cells, machines = [f"c{n % 4}" for n in range(200)], [f"m{n % 2}" for n in range(200)]
    put(tmp_path / "a.csv", table(("time", "cell_id", "machine_id", "v", "w"), stamps(200), cells, machines, wave(200), wave(200, 9)))  # fmt: skip
    assert assets(read_all(tmp_path)[0]) == {"m0", "m1"}


@pytest.mark.parametrize("name", ["fail", "faulty_no", "defective_number", "fail_number"])
def test_how_many_failed_is_no_label(tmp_path: Path, name: str) -> None:
    put(tmp_path / "a.csv", table(("time", "v", name), stamps(200), wave(200), [n // 40 for n in range(200)]))  # fmt: skip
    samples, _ = read_all(tmp_path)
    assert name in names(samples[0]) and not faults_of(samples) - {"normal"}


@pytest.mark.parametrize("kind", ["no_fault", "planned_downtime", "next_failure"])
def test_columns_that_say_when_nothing_was_out_of_order_list_no_faults(
    tmp_path: Path, kind: str
) -> None:
    put(tmp_path / "a.csv", record(1))
    put(tmp_path / "times.csv", f"{kind}_start,{kind}_end\n2024-03-02 06:00,2024-03-02 14:00\n2024-03-04 06:00,2024-03-04 14:00\n")  # fmt: skip
    assert not faults_of(read_all(tmp_path)[0])


@pytest.mark.parametrize(
    ("name", "described"),
    [("readme.txt", True), ("data_description.txt", True), ("data.txt", False), ("data_P1.txt", False)],
)  # fmt: skip
def test_texts_that_describe_are_no_data_though_rows_of_numbers_are_in_them(
    tmp_path: Path, name: str, described: bool
) -> None:
    put(tmp_path / name, "no  rpm\n" + "".join(f"{n}  {n * 7}\n" for n in range(12)))
    assert describes(tmp_path / name) is described


def test_a_structure_beside_a_single_number_is_read(tmp_path: Path) -> None:
    for n in range(2):
        content = io.BytesIO()
        savemat(content, {"load": 270.0, "test": {"acc": np.array(wave(4000, 9 + n))}})
        put(tmp_path / f"m{n}_12kHz.mat", content.getvalue())
    samples, _ = read_all(tmp_path)
    assert {c.name for c in window(samples[0]).channels} == {"acc", "load"}


def test_signals_of_one_name_or_of_none_are_all_read(tmp_path: Path) -> None:
    given = [("a", 1), ("a", 2), ("a", 3), ("", 4)]
    signals = np.array([(name, np.array(wave(900, 9 + n))) for name, n in given], dtype=[("name", object), ("data", object)])  # fmt: skip
    savemat(tmp_path / "m.mat", {"calibration": np.array([1.0, 2.0, 3.0]), "s": signals})
    assert [c.name for c in read_table(tmp_path / "m.mat").columns] == ["a", "s.a", "s.a_2", "4"]


def test_a_structure_and_its_field_of_one_name_are_read(tmp_path: Path) -> None:
    savemat(tmp_path / "m.mat", {"load": 7.0, "data": {"data": np.array(wave(900)), "load": 3.0}})
    found = read_table(tmp_path / "m.mat")
    assert {c.name: float(c.values[0]) for c in found.columns if c.name != "data"} == {"load": 3.0, "load_of_file": 7.0}  # fmt: skip
    assert "data" in {c.name for c in found.columns}


def test_a_tag_that_is_no_longer_logged_keeps_no_fault(tmp_path: Path) -> None:
    rows = [
        f"{at},{tag},{n % 7}.{n % 3},{int(tag == 'lim' and n > 380)}"
        for n, at in enumerate(stamps(600, 60.0))
        for tag in ("temp", "lim")
        if tag == "temp" or n <= 400
    ]
    put(tmp_path / "a.csv", "\n".join(["time,tag,value,label", *rows]) + "\n")
    samples, _ = read_all(tmp_path)
    spans = [span for one in samples if one.annotation for span in one.annotation.spans]
    assert 0 < sum(span.end - span.start for span in spans) <= 22
    assert faults_of(samples) == {"fault"}
