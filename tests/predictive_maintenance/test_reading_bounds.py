"""Files, names and cells that are larger than any of a machine cost little, and files are told."""

from __future__ import annotations

import math
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.columns.names import split_unit
from kits.predictive_maintenance._reading.files import rate_beside
from kits.predictive_maintenance._reading.formats import tables
from kits.predictive_maintenance._reading.formats.text import cell_number
from tests.predictive_maintenance.reading import put, read_all, stamps, table, texts, wave


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("Temp [°C]", "Temp", "°C"), (" a (b) ( c ) ", "a (b)", "c"), ("[bar]", "[bar]", ""), ("a (b", "a (b", ""),
        ("a (b)) ", "a (b))", ""), ("shaft_rpm", "shaft_rpm", "rpm"), (f"a ({'b' * 25})", f"a ({'b' * 25})", ""),
        # where brackets were looked for from each sign on, for hours
        ("a" + " " * 1_000_000 + "b)", "a" + " " * 1_000_000 + "b)", ""), ("(" * 1_000_000 + ")", "(" * 999_999, ""),
    ],
    ids=["plain", "two", "alone", "open", "closed", "tail", "long", "blanks", "brackets"],
)  # fmt: skip
def test_the_unit_of_a_header_is_what_its_last_brackets_hold(
    header: str, name: str, unit: str
) -> None:
    assert split_unit(header) == (name, unit)


@pytest.mark.parametrize("space", ["", " ", "\u00a0", "\u202f"])
def test_a_number_is_read_whatever_parts_its_thousands(space: str) -> None:
    assert cell_number(f"4{space}343,5", ",") == 4343.5
    # where digits were tried in all ways, for hours
    assert math.isnan(cell_number(f"4{space}" + "3" * 3_000_000 + "x"))


def test_arrays_that_unpack_to_more_than_is_read_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_ARRAY_BYTES", 1 << 20)
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(90_000), b=np.zeros(90_000))
    put(tmp_path / "good.csv", table(("time", "v"), stamps(50), wave(50)))
    with monkeypatch.context() as patched:
        # to ask is enough
        patched.setattr(np, "load", None)
        with pytest.raises(DataError) as error:
            tables.read_table(tmp_path / "a.npz")
    assert error.value.what == "its arrays hold 1 MiB, more than 1"
    assert (error.value.where, error.value.fix) == ("a.npz", "cut the file")
    samples, findings = read_all(tmp_path, "table")
    assert samples and "its arrays hold" in texts(findings)


def test_many_small_numbers_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_CELLS", 100)
    np.savez(tmp_path / "a.npz", a=np.zeros(60, np.int8), b=np.zeros(60, np.int8))
    with pytest.raises(DataError, match="120 rows of 1 columns are too many"):
        tables.read_table(tmp_path / "a.npz")


def test_an_array_that_says_it_has_no_end_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros(1000))
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        content = archive.read("a.npy").replace(b"(1000,)", b"(%d,)" % 10**15, 1)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(DataError, match="no NumPy file"):
        tables.read_table(tmp_path / "a.npz")


def test_texts_of_parquet_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"note": ["x" * 10_000] * 200}), tmp_path / "a.parquet")
    assert tables.read_table(tmp_path / "a.parquet").rows == 200
    monkeypatch.setattr(tables, "_PARQUET", replace(tables._PARQUET, text_bytes=1 << 20))
    with pytest.raises(DataError, match="its texts are more than 1 MiB") as error:
        tables.read_table(tmp_path / "a.parquet")
    assert (error.value.where, error.value.fix) == ("a.parquet", "cut the file")


@pytest.mark.parametrize("digits", ["", "1" * 1_000_000, "1." * 500_000, "1" + " " * 1_000_000])
def test_a_rate_is_found_in_a_long_text_beside_the_data(tmp_path: Path, digits: str) -> None:
    # where digits were looked for from each of them on, for hours
    put(tmp_path / "readme.txt", f"{digits} sampled at 25.6 kHz"[-(1 << 20) + 1 :])
    assert rate_beside(tmp_path) == (25_600.0, "readme.txt")


def test_blanks_between_cells_are_looked_at_once(tmp_path: Path) -> None:
    # where each of them was tried as the beginning of the end of a line, for hours
    wide = " " * 3_000_000
    lines = [f"  {n}{wide if n == 1 else '  '}{n}.5  " for n in range(30)]
    read = tables.read_table(put(tmp_path / "a.txt", "\r\n".join(lines)))
    assert read.columns[1].values.tolist() == [n + 0.5 for n in range(30)]
