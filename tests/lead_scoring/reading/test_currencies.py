"""Amounts as they are written outside Europe, numbers with units of several words, and those that are told because they cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.lead_scoring._reading.values.cells import type_cells
from tests.lead_scoring.reading.lead_files import Read, assert_numbers, put, read, table


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["12,34,567.50", "87,528.00", "1,05,000"], [1_234_567.5, 87_528, 105_000]),
        (["₹ 1,18,48,540", "₹ 71,82,330", "₹ 82,330"], [11_848_540, 7_182_330, 82_330]),
        (["Rs. 35,54,562.00", "Rs 1,200.50"], [3_554_562, 1_200.5]),
        (["5 Lakh", "12.5 Lakhs", "1.2 Crore", "₹ 3 Cr"], [500_000, 1_250_000, 12_000_000, 30_000_000]),
        (["1,50,000/-", "80,000/-"], [150_000, 80_000]),
        (["CAD 1,200.50", "80.00 CAD", "C$7"], [1200.5, 80, 7]),
        (["A$1,200.50", "A$80"], [1200.5, 80]),
        (["MXN 1,200.50", "MX$80.00"], [1200.5, 80]),
        (["S/ 1,200.50", "S/. 80.00", "PEN 7"], [1200.5, 80, 7]),
        (["Rp 1.200.000", "Rp.80.000,50"], [1_200_000, 80_000.5]),
        (["1 200,50 ₴", "80 грн", "7,5 грн."], [1200.5, 80, 7.5]),
        (["1 200,50 ₽", "80 руб.", "14,9 тыс. руб."], [1200.5, 80, 14_900]),
        (["¥1,200", "￥80", "7円", "149万円"], [1200, 80, 7, 1_490_000]),
        (["₩1,200,000", "80,000원"], [1_200_000, 80_000]),
        (["７，９９０円", "８０円", "￥１，２００"], [7_990, 80, 1_200]),
        (["٧٬٩٩٠٫٥٠", "٨٠٫٢٥", "١٬٢٠٠"], [7_990.5, 80.25, 1_200]),
        (["۱٬۲۰۰", "۷٬۹۹۰", "۸۰"], [1_200, 7_990, 80]),
        (["$1,200.50 USD", "$80 USD"], [1200.5, 80]),
        (["$ 1.200.000 COP", "$80.000 COP"], [1_200_000, 80_000]),
        (["($1,200.50)", "$80.00", "-$7.00"], [-1200.5, 80, -7]),
        (["1.200,50-", "80,00"], [-1200.5, 80]),
        (["1 500:-", "80:-"], [1500, 80]),
        (["1.200,50 €/Monat", "80 € / Monat"], [1200.5, 80]),
        (["$12.50/mo", "$80/mo"], [12.5, 80]),
        (["1 200,50 € HT", "80,00 € HT"], [1200.5, 80]),
        (["4.500,5 kWh/Jahr", "80 kWh/Jahr"], [4500.5, 80]),
        (["1,400.5 sq. ft.", "80 sq ft"], [1400.5, 80]),
        (["120 m2", "80.5m²"], [120, 80.5]),
        (["30°", "7.5°"], [30, 7.5]),
        (["20名", "300名"], [20, 300]),
    ],
)  # fmt: skip
def test_amounts_of_the_world_are_numbers_to_tables_and_to_later_texts(
    cells: list[str], values: list[float]
) -> None:
    assert_numbers("Amount", cells, values)


@pytest.mark.parametrize(
    "cells",
    [["CAD100", "CAD200"], ["(5)", "(7)"], ["5 kWh/Jahr", "7 €/Monat"], ["€5 USD", "€7 USD"], ["3 mil Kč", "2 mil Kč"], ["12/B", "13/B"], ["5-", "7-"]],
)  # fmt: skip
def test_codes_counts_and_contradictions_are_no_amounts(cells: list[str]) -> None:
    assert type_cells("what", cells).kind == "text"


def imported(folder: Path, cells: list[str]) -> Read:
    rows = [[f"L{n}", ("Won", "Lost")[n % 2], cell] for n, cell in enumerate(cells)]
    return read(put(folder / "e.csv", table(["Lead ID", "Status", "What"], rows)))


@pytest.mark.parametrize(
    "form", ["RM{n},412.50", "R {n} 412,50", "~{n}", "{n}+ years", "00:{n}:07", "{n} h", "{n}h 7m"]
)
def test_columns_of_numbers_that_cannot_be_read_are_told(tmp_path: Path, form: str) -> None:
    cells = [form.format(n=n + 10) for n in range(40)]
    found = imported(tmp_path, cells)
    assert found.column("What")[:2] == cells[:2]
    assert found.levels("unread-numbers") == {"warn"}
    [told] = [one for one in found.findings if one.check == "unread-numbers"]
    assert told.evidence == (f"What: {max(cells)!r}",)


@pytest.mark.parametrize(
    "form",
    ["{n} €", "Deal {n}", "OPP-{n:05}", "{n}-A", "v1.{n}.3", "10.0.0.{n}", "{n}-50", "Firma {n} GmbH", "B-AB {n}", "https://f{n}.example"],
)  # fmt: skip
def test_names_codes_and_versions_are_no_unread_numbers(tmp_path: Path, form: str) -> None:
    cells = [form.format(n=n + 10) for n in range(40)]
    assert not imported(tmp_path, cells).told("unread-numbers")


def test_an_apostrophe_before_a_formulas_sign_belongs_to_the_program(tmp_path: Path) -> None:
    numbers = imported(tmp_path, [f"'-{n}.5" if n % 2 else f"{n}.5" for n in range(40)])
    assert numbers.column("What")[:4] == [0.5, -1.5, 2.5, -3.5]
    phones = imported(tmp_path, [f"'+48 601 {n + 100} 200" for n in range(40)])
    assert (
        "What: phone number" in next(f for f in phones.findings if f.check == "personal").evidence
    )
    assert imported(tmp_path, ["'t Veld", "'s-Gravenhage"] * 20).column("What")[0] == "'t Veld"


def test_a_cell_that_a_spreadsheet_could_not_calculate_is_empty(tmp_path: Path) -> None:
    cells = [("#DIV/0!", "#REF!", "#WERT!")[n // 5 % 3] if n % 5 == 0 else f"{n}.5" for n in range(60)]  # fmt: skip
    found = imported(tmp_path, cells)
    assert found.column("What")[:3] == [None, 1.5, 2.5] and not found.told("words-between")
