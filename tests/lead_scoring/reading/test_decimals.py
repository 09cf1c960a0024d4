"""Which sign of a number is the decimal one, where its own column does not tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.lead_scoring._reading.values.numbers import part, plain_numbers, read_numbers
from tests.lead_scoring.reading.lead_files import Read, put, read, source, table


def two_columns(
    folder: Path, cells: list[str], others: list[str], delimiter: str = "\t", **stated: object
) -> Read:
    """What is read of a column, and of another beside it."""
    rows = [
        [f"L{n}", "2025-02-01", cell, other, "Won" if n % 3 else "Lost"]
        for n, (cell, other) in enumerate(zip(cells * 8, others * 8))
    ]
    header = ["lead_id", "created_at", "amount", "rate", "status"]
    text = table(header, rows, delimiter)
    return read(put(folder / "e.csv", text), source(**stated) if stated else None)


def test_numbers_follow_the_decimal_sign_that_another_column_of_the_table_tells(
    tmp_path: Path,
) -> None:
    found = two_columns(tmp_path, ["6.000", "12.000"], ["1,5", "2,25"])
    assert found.column("amount")[:2] == [6000.0, 12000.0]
    found = two_columns(tmp_path, ["6.125", "12.250"], ["1.5", "2.25"])
    assert found.column("amount")[:2] == [6.125, 12.25]
    assert not found.told("assumed")


def test_numbers_that_nothing_tells_are_read_with_decimals_and_asked_about(tmp_path: Path) -> None:
    found = two_columns(tmp_path, ["6.000", "12.000"], ["a", "b"])
    assert found.column("amount")[:2] == [6.0, 12.0]
    assert "numbers such as 6.000 of amount were read with decimals (6)" in found.told("assumed")
    [asked] = [one for one in found.findings if one.check == "assumed"]
    assert "model.source.numbers: decimal-comma;" in asked.fix
    stated = two_columns(tmp_path, ["6.000", "12.000"], ["a", "b"], numbers="decimal-comma")
    assert stated.column("amount")[:2] == [6000.0, 12000.0] and not stated.told("assumed")


@pytest.mark.parametrize(
    ("cells", "values", "asked"),
    [
        (["0,125", "1,250"], [0.125, 1.25], False),
        (["950", "1,250"], [950.0, 1250.0], False),
        (["2,125", "1,250"], [2.125, 1.25], True),
    ],
)
def test_commas_before_three_digits_where_semicolons_part_cells(
    tmp_path: Path, cells: list[str], values: list[float], asked: bool
) -> None:
    found = two_columns(tmp_path, cells, ["a", "b"], ";")
    assert found.column("amount")[:2] == values
    assert ("were read with decimals" in found.told("assumed")) == asked


@pytest.mark.parametrize(("name", "unit"), [("Umsatz", ""), ("Auftrag", " €")])
def test_sums_of_money_are_thousands_whatever_points_a_program_wrote_beside_them(
    tmp_path: Path, name: str, unit: str
) -> None:
    """A German list with places from a map and a score has `12.500` for twelve thousand."""
    rows = [
        [f"L{n}", f"52.{n % 9}1", f"13.{n % 7}4", f"0.{n % 5}5", f"12.{500 + n % 3}{unit}", "yes" if n % 3 else "no"]
        for n in range(40)
    ]  # fmt: skip
    text = table(["Lead ID", "lat", "lng", "score", name, "converted"], rows, ";")
    assert read(put(tmp_path / "e.csv", text)).column(name)[0] == 12500.0


@pytest.mark.parametrize(
    ("sure", "index"),
    [(["1.5", "-2.25"], 93.2), (["1,5", "-2,25"], 93200.0), (["1", "2"], 93200.0)],
)
def test_semicolons_of_a_program_do_not_make_thousands_of_three_decimals(
    tmp_path: Path, sure: list[str], index: float
) -> None:
    """As the public data of bank marketing has them: `;` between cells, points in all numbers."""
    rows = [
        [f"L{n}", *[sure[n % 2]] * 3, ("93.200", "93.994")[n % 2], "yes" if n % 3 else "no"]
        for n in range(40)
    ]
    text = table(["Lead ID", "rate", "change", "trust", "prices", "converted"], rows, ";")
    assert read(put(tmp_path / "e.csv", text)).column("prices")[0] == index


def test_numbers_of_a_program_have_points_for_decimals_and_are_not_asked_about(
    tmp_path: Path,
) -> None:
    rows = [
        {"lead_id": f"L{n}", "created_at": "2025-02-01", "amount": 6.125 + n, "status": "Won" if n % 3 else "Lost"}
        for n in range(20)
    ]  # fmt: skip
    found = read(put(tmp_path / "e.json", rows))
    assert found.column("amount")[:2] == [6.125, 7.125] and not found.told("assumed")


def test_decimal_commas_that_part_cells_are_told_where_no_row_can_be_read(tmp_path: Path) -> None:
    rows = "\n".join(f"L{n},2025-01-02,{n},50,Won" for n in range(30))
    path = put(tmp_path / "leads.csv", f"id,created,amount,status\n{rows}\n")
    with pytest.raises(DataError, match="row 1: 5 cells where 4 are named") as refused:
        read(path)
    assert "none of its 30 rows" in refused.value.what and "decimal comma" in refused.value.fix


def test_tables_of_two_programs_have_a_decimal_sign_each(tmp_path: Path) -> None:
    header = ["Lead ID", "Share", "Value"]
    old = [[f"O{n}", f"{n + 1},5 %", f"{n + 1}\u00a0{100 + n},25"] for n in range(40)]
    new = [[f"N{n}", f"{n + 1}.5%", f"{n + 1},{100 + n}.75"] for n in range(30)]
    put(tmp_path / "old.csv", table(header, old, ";"))
    put(tmp_path / "new.csv", table(header, new))
    found = read(tmp_path)
    assert found.by_id["O3"].fields == {"Share": 4.5, "Value": 4103.25}
    assert found.by_id["N3"].fields == {"Share": 4.5, "Value": 4103.75}
    # thousands or three decimals: nothing tells it, so nothing is known
    put(tmp_path / "new.csv", table(header, [*new, ["N99", "1.5%", "1,234"]]))
    assert read(tmp_path).by_id["N99"].fields["Value"] == "1,234"


def test_amounts_that_all_have_a_blank_before_their_hundreds_tell_their_sign(
    tmp_path: Path,
) -> None:
    rows = [[f"O{n}", f"{n + 1}\u00a0{100 + n},25"] for n in range(40)]
    found = read(put(tmp_path / "old.csv", table(["Lead ID", "Value"], rows, ";")))
    assert found.column("Value")[:2] == [1100.25, 2101.25]


def test_a_comma_that_is_mistyped_makes_no_other_number_unsure(tmp_path: Path) -> None:
    rows = [[f"L{n}", f"{n},250" if n % 2 else f"{n}.75"] for n in range(1, 60)]
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "Value"], [*rows, ["T", "3,5"]], "\t")))
    assert found.by_id["L3"].fields["Value"] == 3250.0
    assert found.by_id["L4"].fields["Value"] == 4.75
    assert found.by_id["T"].fields["Value"] == "3,5"


@pytest.mark.parametrize(
    ("cells", "plain"),
    [
        (["8.9255", "-6.7863", "0.5", "12", "0"], True),
        (["0.125", "3"], True),
        (["1.200", "3.400"], False),
        (["12", "13"], False),
        (["0.5", "007"], False),
        (["0.5", "1,5"], False),
        (["0.5", "5 €"], False),
        (["0.5", "1234567890123456"], False),
    ],
)
def test_plain_numbers_are_read_as_all_others_are(cells: list[str], plain: bool) -> None:
    quick, known = plain_numbers(cells), dict.fromkeys(cells, 1)
    assert (quick is not None) == plain
    for commas in (False, True) if plain else ():
        assert quick == read_numbers(known, part(cells), commas, "")


@pytest.mark.parametrize(
    ("names", "cells"),
    [
        (["Version", "Uhrzeit", "Rückruf"], lambda n: [f"{n % 8}.{n % 5}", f"{8 + n % 9}.{10 + n % 50}", f"{9 + n % 9}.{10 + n % 40}"]),
        (["Firmware", "Von", "Bis"], lambda n: [f"2.{n % 9}", f"{8 + n % 7}.{n % 60:02}", f"{12 + n % 9}.{n % 60:02}"]),
    ],
)  # fmt: skip
def test_versions_and_times_of_day_make_no_decimals_of_thousands(
    tmp_path: Path, names: list[str], cells: Callable[[int], list[str]]
) -> None:
    rows = [
        [f"L{n}", *cells(n), f"{12 + n % 3}.{500 + n}", "yes" if n % 3 else "no"] for n in range(60)
    ]
    text = table(["Lead ID", *names, "Auflage", "converted"], rows, ";")
    assert read(put(tmp_path / "e.csv", text)).column("Auflage")[0] == 12500.0


def test_thousands_with_hundreds_beside_them_stay_thousands(tmp_path: Path) -> None:
    rows = [
        [f"L{n}", f"52.{n % 9}1", f"13.{n % 7}4", f"0.{n % 5}5", f"12.{500 + n % 3}" if n % 2 else "850", "yes" if n % 3 else "no"]
        for n in range(40)
    ]  # fmt: skip
    text = table(["Lead ID", "lat", "lng", "score", "Auflage", "converted"], rows, ";")
    assert read(put(tmp_path / "e.csv", text)).column("Auflage")[:2] == [850.0, 12501.0]
