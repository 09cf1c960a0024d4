"""How much an import reads: what is larger is refused, unread where the first rows tell it, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.lead_scoring._reading.files import bounds, loading
from tests.lead_scoring.reading.lead_files import put, read, table

HEADER = ["id", *(f"f{n}" for n in range(9)), "converted"]


def rows(n: int) -> list[list[object]]:
    return [[i, *(f"{i}.{k}" for k in range(9)), i % 2] for i in range(n)]


@pytest.fixture(autouse=True)
def few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_CELLS", 11_000)


def test_a_file_that_is_far_too_large_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "leads.csv", table(HEADER, rows(9_000)))
    monkeypatch.setattr(loading, "_rows_of", lambda *_: pytest.fail("it was read"))
    with pytest.raises(
        DataError, match=r"about .* rows of 11 columns, of which 1,000 rows"
    ) as said:
        read(path)
    assert said.value.where == "leads.csv" and "fewer columns" in said.value.fix
    with pytest.raises(
        DataError, match=r"leads\.csv was passed over: more than 11,000 cells"
    ) as said:
        read(tmp_path)
    assert "fewer columns" in said.value.fix


def test_a_file_that_is_a_little_too_large_is_refused_too(tmp_path: Path) -> None:
    assert len(read(put(tmp_path / "leads.csv", table(HEADER, rows(1_000)))).leads) == 1_000
    with pytest.raises(DataError, match="more than 11,000 cells in one table"):
        read(put(tmp_path / "leads.csv", table(HEADER, rows(1_001))))


def test_the_tables_of_a_folder_are_bounded_together(tmp_path: Path) -> None:
    for year in (2023, 2024):
        put(tmp_path / f"leads_{year}.csv", table(HEADER, rows(900)))
    with pytest.raises(DataError, match="all tables together") as said:
        read(tmp_path)
    assert "leads_2023.csv about 0" in said.value.what and "role: ignore" in said.value.fix


def test_a_folder_that_is_far_too_large_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for year in (2021, 2022, 2023, 2024):
        put(tmp_path / f"leads_{year}.csv", table(HEADER, rows(900)))
    monkeypatch.setattr(loading, "_rows_of", lambda *_: pytest.fail("it was read"))
    with pytest.raises(DataError, match="all tables together"):
        read(tmp_path)
