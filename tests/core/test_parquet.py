"""Parquet files hold little and mean much: what is too much is refused before it is there."""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.core.parquet import Bounds, read_parquet

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
BOUNDS = Bounds(cells=10_000, columns=10, text_bytes=1 << 20, fix="split it")
LONG = "x" * 10_000


def written(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path, compression="zstd")
    return path


@pytest.mark.parametrize(
    "cells",
    [
        [LONG] * 200,
        [[LONG] * 2] * 100,
        [{"a": LONG}] * 200,
        pa.array([[("a", LONG)]] * 200, pa.map_(pa.string(), pa.string())),
        pa.array([LONG.encode()] * 200, pa.binary(10_000)),
        pa.array([LONG.encode()] * 200, pa.binary()),
        pa.array([LONG] * 200, pa.large_string()),
        pa.array([LONG] * 200).dictionary_encode(),
        [f"{n:_>10000}" for n in range(200)],
    ],
    ids=["texts", "lists", "structs", "maps", "fixed", "bytes", "large", "dictionary", "different"],
)
def test_texts_are_bounded_however_seldom_they_are_stored(tmp_path: Path, cells: Sized) -> None:
    path = written(tmp_path / "a.parquet", n=list(range(len(cells))), a=cells)
    with pytest.raises(DataError) as error:
        read_parquet(path, BOUNDS)
    assert error.value.what == "its texts are more than 1 MiB"
    assert (error.value.where, error.value.fix) == ("a.parquet", "split it")
    assert read_parquet(path, Bounds(10_000, 10, 1 << 24, "")).num_rows == len(cells)


def test_gigabytes_in_a_few_kilobytes_are_refused_in_little_memory(tmp_path: Path) -> None:
    text = "x" * 1_000_000
    cells = pa.DictionaryArray.from_arrays(pa.array([0] * 9_000), pa.array([text]))
    path = written(tmp_path / "a.parquet", a=cells)
    assert path.stat().st_size < 20_000
    before = pa.total_allocated_bytes()
    peak = pa.default_memory_pool().max_memory() if before > 1 << 28 else 0
    with pytest.raises(DataError, match="its texts are more than 1 MiB"):
        read_parquet(path, BOUNDS)
    assert pa.default_memory_pool().max_memory() <= max(peak, 1 << 28)


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"a": [0] * 10_001}, "more than 10,000 cells in one file"),
        ({"a": [[0] * 101] * 100}, "more than 10,000 cells in one file"),
        ({f"c{n}": [0] for n in range(11)}, "11 columns are too many"),
    ],
    ids=["rows", "entries", "columns"],
)
def test_cells_and_columns_are_bounded(
    tmp_path: Path, columns: dict[str, object], what: str
) -> None:
    with pytest.raises(DataError, match=what):
        read_parquet(written(tmp_path / "a.parquet", **columns), BOUNDS)


def test_what_is_no_parquet_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(DataError, match="no parquet file"):
        read_parquet(path, BOUNDS)


@pytest.mark.parametrize(
    ("there", "instead"),
    [(b"name", b"na\xffe"), (b"inner", b"in\xffer"), (b"plain", b"pl\xffin"), (b"again", b"ag\xffin")],
    ids=["name of a column", "name in a struct", "text", "text of a few"],
)  # fmt: skip
def test_texts_and_names_that_a_damage_made_no_texts_are_told(
    tmp_path: Path, there: bytes, instead: bytes
) -> None:
    cells = {"name": ["plain", "b"], "b": [{"inner": 1}, {"inner": 2}], "c": ["again"] * 2}
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(cells), path, compression="none", write_statistics=False)
    path.write_bytes(path.read_bytes().replace(there, instead))
    with pytest.raises(DataError, match="no parquet file") as error:
        read_parquet(path, BOUNDS)
    assert error.value.where == "a.parquet"


def test_rows_come_as_they_were_written(tmp_path: Path) -> None:
    cells = {"n": [1, 2, None, 4], "a": ["x", None, "y", "x"], "b": [["x", "y"], [], None, ["y"]]}
    path = written(tmp_path / "a.parquet", **cells)
    assert read_parquet(path, BOUNDS).to_pydict() == cells
    assert read_parquet(path, BOUNDS, 2).to_pydict() == {k: v[:2] for k, v in cells.items()}
    assert read_parquet(path, BOUNDS, 9).num_rows == 4
    empty = written(tmp_path / "b.parquet", a=pa.array([], pa.string()))
    assert read_parquet(empty, BOUNDS).num_rows == 0
