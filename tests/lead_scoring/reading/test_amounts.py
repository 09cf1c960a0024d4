"""Amounts with their units, and outcomes that no plain word tells: amounts, marks, reasons for a loss, a stage beside a yes or no."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.lead_scoring._features.cells import to_number
from kits.lead_scoring._reading.values.cells import type_cells
from tests.lead_scoring.reading.lead_files import Read, assert_numbers, put, read, source, table


def amounts(tmp_path: Path, cells: list[str], **stated: object) -> Read:
    rows = [[f"L{n}", "web", cell] for n, cell in enumerate(cells)]
    path = put(tmp_path / "e.csv", table(["id", "origin", "Umsatz"], rows, ";"))
    return read(path, source(outcome="Umsatz", **stated))


@pytest.mark.parametrize(
    ("cells", "won", "labels"),
    [
        (["0,00", "1.250,50 €", "80,00"], "> 0", ["lost", "won", "won"]),
        (["0", "1", "12", "10"], ">= 10", ["lost", "lost", "won", "won"]),
        (["5", "-3", "0"], "<0", ["lost", "won", "lost"]),
    ],
)
def test_a_bound_says_from_which_amount_on_a_lead_is_won(
    tmp_path: Path, cells: list[str], won: str, labels: list[str]
) -> None:
    assert amounts(tmp_path, cells, won=[won]).labels == labels


def test_an_empty_amount_is_open_beside_noughts_and_lost_where_there_are_none(
    tmp_path: Path,
) -> None:
    assert amounts(tmp_path, ["0", "", "20"], won=["> 0"]).labels == ["lost", "", "won"]
    assert amounts(tmp_path, ["", "", "20"], won=["> 0"]).labels == ["lost", "lost", "won"]


def test_a_bound_of_words_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no amounts that could be > 0"):
        amounts(tmp_path, ["ja", "vielleicht"], won=["> 0"])


def test_amounts_without_a_bound_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no cell of 'Umsatz' is a known word") as error:
        amounts(tmp_path, [str(n) for n in range(30)])
    assert '["> 0"]' in error.value.fix
    rows = [[f"L{n}", 0 if n % 3 else 17 * n] for n in range(60)]
    found = read(put(tmp_path / "r.csv", table(["id", "revenue"], rows)))
    (finding,) = [f for f in found.findings if f.check == "outcome"]
    assert "revenue is called like an outcome" in finding.text and '["> 0"]' in finding.fix


def test_a_mark_or_nothing_is_among_what_is_shown(tmp_path: Path) -> None:
    rows = [[f"L{n}", "x" if n % 5 == 0 else ""] for n in range(20)]
    path = put(tmp_path / "m.csv", table(["id", "Haken"], rows))
    (finding,) = [f for f in read(path).findings if f.check == "outcome"]
    assert "Haken: x" in finding.evidence
    found = read(path, source(outcome="Haken"))
    assert found.labels.count("won") == 4 and found.labels.count("lost") == 16


@pytest.mark.parametrize("name", ["Lost reason", "Motif de perte", "Verlustgrund"])
def test_a_reason_for_the_loss_means_lost_where_no_stage_does(tmp_path: Path, name: str) -> None:
    rows = [["a", "Won", ""], ["b", "Offer", "price"], ["c", "New", ""], ["d", "Offer", ""]]
    found = read(put(tmp_path / "e.csv", table(["id", "Stage", name], rows)))
    assert found.labels == ["won", "lost", "", ""]
    assert name in found.told("outcome") and all(name not in lead.fields for lead in found.leads)


def test_a_reason_that_those_who_were_won_have_too_is_none(tmp_path: Path) -> None:
    rows = [["a", "Won", "price"], ["b", "Offer", "price"], ["c", "New", ""]]
    found = read(put(tmp_path / "e.csv", table(["id", "Stage", "Lost reason"], rows)))
    assert found.labels == ["won", "lost", "lost"] and found.told("lost-after")


def test_a_no_whose_stage_is_not_ended_is_open(tmp_path: Path) -> None:
    rows = [
        ["a", "yes", "Contacted"], ["b", "no", "Junk"], ["c", "no", "Contacted"], ["d", "no", "Not Qualified"],
    ]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["id", "Converted", "Lead Status"], rows)))
    assert found.labels == ["won", "lost", "", "lost"]
    assert "1 are open, as Lead Status says" in found.told("outcome")


def test_a_stage_that_says_how_a_no_ended_is_asked_about_and_not_learned_from(
    tmp_path: Path,
) -> None:
    first = date(2025, 1, 1)
    stages = ["Contacted", "Not Qualified", "No reply to us"]
    rows = [
        [n, f"{first + timedelta(days=n)}", "yes" if n % 3 == 0 else "no", stages[n % 3], n % 4]
        for n in range(90)
    ]
    header = ["id", "created_at", "Converted", "Lead Status", "rooms"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert set(found.leads[0].fields) == {"rooms"}
    assert found.told("old-open-leads").startswith("'No reply to us' (30 leads) of Lead Status")


def test_a_no_stays_lost_where_stages_never_end(tmp_path: Path) -> None:
    rows = [[n, "yes" if n % 4 == 0 else "no", "New" if n % 3 else "Contacted"] for n in range(20)]
    found = read(put(tmp_path / "e.csv", table(["id", "Converted", "Lead Status"], rows)))
    assert found.labels.count("lost") == 15


def _staged(tmp_path: Path, **stated: object) -> Read:
    """Sixty leads, a day apart: every third sold, lost, or bought elsewhere; the latest 25 are new."""
    ends = ["Sold", "Lost", "Bought elsewhere"]
    first = date(2025, 1, 1)
    rows = [
        [f"L{n}", first + timedelta(days=n), ends[n % 3] if n < 75 else "New"] for n in range(100)
    ]
    path = put(tmp_path / "s.csv", table(["id", "created_at", "status"], rows))
    return read(path, source(**stated))


def test_an_end_in_words_of_the_firms_own_is_asked_about(tmp_path: Path) -> None:
    [finding] = [f for f in _staged(tmp_path).findings if f.check == "old-open-leads"]
    assert finding.level == "warn" and "'Bought elsewhere' (25 leads) of status" in finding.text
    assert "'New'" not in finding.text and "model.source.lost" in finding.fix


def test_who_has_listed_both_ends_is_not_asked(tmp_path: Path) -> None:
    found = _staged(tmp_path, outcome="status", won=["Sold"], lost=["Lost"])
    assert not found.told("old-open-leads")


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["4\u202f343,16 €", "80,50 €", "1\u202f200\u202f000 €"], [4343.16, 80.5, 1200000]),
        (["4\u2009343,16", "80,50"], [4343.16, 80.5]),
        (["1 200,50 zł", "80,00 PLN", "7 zł"], [1200.5, 80, 7]),
        (["1\u00a0200 Kč", "80,50 Kč", "CZK 9"], [1200, 80.5, 9]),
        (["kr 1.200,50", "kr. 80", "kr.9", "5 kr.", "7 kr", "-kr 3,5"], [1200.5, 80, 9, 5, 7, -3.5]),
        (["100 kr", "80 NOK"], [100, 80]),
        (["1 200 SEK", "80 SEK"], [1200, 80]),
        (["DKK 1.200,50", "80,5 DKK"], [1200.5, 80.5]),
        (["1 200 Ft", "80 HUF"], [1200, 80]),
        (["1.200,50 lei", "80,5 RON"], [1200.5, 80.5]),
        (["1 200,50 лв", "80,5 лв."], [1200.5, 80.5]),
        (["₺1.200,50", "80,5 ₺"], [1200.5, 80.5]),
        (["₹1,200.50", "₹ 80.5"], [1200.5, 80.5]),
        (["R$ 1.200,50", "-R$ 80,5"], [1200.5, -80.5]),
    ],
)  # fmt: skip
def test_amounts_are_numbers_in_any_currency(cells: list[str], values: list[float]) -> None:
    found = type_cells("Umsatz", cells)
    assert (found.kind, found.values) == ("number", values)
    assert [to_number(cell, commas=found.commas is True) for cell in cells] == values


@pytest.mark.parametrize(
    "cells",
    [["5 kr pr. stk", "7 kr"], ["Ft100", "Ft200"], ["100 Frt", "5 zła"], ["kr", "zł"], ["5 € 7", "9 €"]],
)  # fmt: skip
def test_letters_of_a_currency_in_other_words_make_no_amount(cells: list[str]) -> None:
    assert type_cells("what", cells).kind == "text"


def test_amounts_in_two_currencies_are_no_numbers_of_one_column(tmp_path: Path) -> None:
    cells = ["100 kr", "80 zł", "90 kr", "70 zł"]
    assert type_cells("Umsatz", cells).kind == "text"
    mostly = type_cells("Umsatz", [*["100 €"] * 98, "80", "80 $"])
    assert (mostly.kind, mostly.odd, mostly.values[-2:]) == ("number", 1, [80, None])
    rows = [[n, f"{n + 1} {'€' if n % 3 else '$'}", n % 2] for n in range(40)]
    found = read(put(tmp_path / "e.csv", table(["id", "field", "converted"], rows, ";")))
    assert found.column("field")[:2] == ["1 $", "2 €"]


@pytest.mark.parametrize("sign", ["", "-", "."])
def test_a_cell_longer_than_any_number_is_none(sign: str) -> None:
    # digits without end were tried in all ways: with so many, for hours
    found = type_cells("note", [f"{sign}{'9' * 3_000_000}x", f"{sign}{'9' * 90}", "9" * 90 + " €"])
    assert found.kind == "text"


def test_dates_follow_the_order_that_another_column_of_the_table_tells(tmp_path: Path) -> None:
    rows = [[n, f"0{1 + n % 9}/09/2024", f"{13 + n % 9}/10/2024", n % 2] for n in range(40)]
    header = ["id", "Date received", "Date closed", "converted"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert {lead.at.month for lead in found.leads if lead.at} == {9}
    assert "month first" not in found.told("assumed")


def test_days_of_a_spreadsheet_may_have_a_decimal_comma(tmp_path: Path) -> None:
    rows = [[n, f"4553{n % 10},5{n}", "ja" if n % 2 else "nein"] for n in range(40)]
    found = read(put(tmp_path / "e.csv", table(["id", "Eingangsdatum", "gekauft"], rows, ";")))
    at = found.leads[0].at
    assert at is not None and at.isoformat().startswith("2024-08-26T12:00")


@pytest.mark.parametrize("blank", ["\u202f", "\u00a0", "\u2009", " "])
def test_an_outcome_may_be_an_amount_whatever_blank_parts_its_thousands(
    tmp_path: Path, blank: str
) -> None:
    rows = [[n, f"{n}{blank}343,16 €" if n % 2 else "0,00 €"] for n in range(300)]
    path = put(tmp_path / "e.csv", table(["id", "CA signé"], rows, ";"))
    assert read(path, source(outcome="CA signé", won=["> 0"])).labels.count("won") == 150


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["81.5K", "1.2M", "950", "7k"], [81_500, 1_200_000, 950, 7_000]),
        (["79k€", "1,2 Mio. €", "800 €", "12 Tsd. €"], [79_000, 1_200_000, 800, 12_000]),
        (["€79k", "€1.2M", "€ 3bn"], [79_000, 1_200_000, 3e9]),
        (["1,2 Mio.", "0,5 Mio", "2 Mrd."], [1_200_000, 500_000, 2e9]),
        (["500 T€", "1.250 TEUR", "80,5 T€"], [500_000, 1_250_000, 80_500]),
        (["500 tkr", "3 MSEK", "80 kr"], [500_000, 3_000_000, 80]),
        (["1,5 mln zł", "80 tys. zł", "1 200 zł"], [1_500_000, 80_000, 1_200]),
        (["1,2 M€", "850 k€", "3 Md€"], [1_200_000, 850_000, 3e9]),
        (["1,5 mln €", "2 mld €"], [1_500_000, 2e9]),
        (["-1.5K", "+2K"], [-1_500, 2_000]),
    ],
)
def test_amounts_in_thousands_and_millions_are_numbers(
    cells: list[str], values: list[float]
) -> None:
    assert_numbers("Umsatz", cells, values)


@pytest.mark.parametrize(
    "cells",
    [
        ["HD", "4K", "8K"],
        ["5kg", "7kg"],
        ["1,5 mil.", "2 mil."],
        ["1,5 mil. Kč", "2 mil. Kč"],
        ["T5", "T6"],
    ],
)
def test_letters_that_may_be_something_else_make_no_thousands(cells: list[str]) -> None:
    assert type_cells("what", cells).kind == "text"


def test_a_letter_that_may_be_millions_or_months_is_asked_about(tmp_path: Path) -> None:
    rows = [[n, f"{12 * (1 + n % 3)}M", n % 2] for n in range(40)]
    found = read(put(tmp_path / "e.csv", table(["id", "Contract", "converted"], rows)))
    assert found.column("Contract")[:3] == ["12M", "24M", "36M"]
    assert np.isnan(to_number("12M")), "what is learned from is words, too"
    assert "Contract was read as words: 12M may be millions as well as months" in found.told(
        "assumed"
    )


def test_words_between_amounts_are_told_and_count_as_nothing_where_that_is_stated(
    tmp_path: Path,
) -> None:
    words = ("TBD", "ca. 5000", "TBD")
    cells = [words[n // 10 % 3] if n % 10 == 3 else f"{12 + n}.500" for n in range(90)]
    rows = [[n, cell, "ja" if n % 2 else "nein"] for n, cell in enumerate(cells)]
    path = put(tmp_path / "e.csv", table(["Nr", "Volumen", "Gekauft"], rows, ";"))
    found = read(path)
    assert found.column("Volumen")[0] == "12.500", "as before: a model sees words"
    (told,) = [one for one in found.findings if one.check == "words-between"]
    assert told.level == "warn" and told.evidence == ("Volumen: 'TBD', 'ca. 5000'",)
    assert "model.columns.numeric: [Volumen]" in told.fix
    stated = read(path, {"columns": {"numeric": ["Volumen"]}, **source(numbers="decimal-comma")})
    # as no model could read it later, to whom 12.500 is twelve and a half
    assert stated.column("Volumen")[:4] == [12_500.0, 13_500.0, 14_500.0, "TBD"]
    assert not stated.told("words-between")


def test_few_numbers_among_words_are_choices(tmp_path: Path) -> None:
    rows = [[n, ("10", "20", "30", "over 30")[n % 4], n % 2] for n in range(80)]
    found = read(put(tmp_path / "e.csv", table(["id", "Size", "converted"], rows)))
    assert not found.told("words-between")


@pytest.mark.parametrize("unit", ["{} TL", "{} Euro", "{} Fr.", "US${}"])
def test_amounts_in_words_for_currencies_are_numbers(unit: str) -> None:
    read_as = type_cells(
        "Amount", [unit.format(text) for text in ("9,192.41", "80.50", "1,200.00")]
    )
    assert read_as.kind == "number" and read_as.values == [9192.41, 80.5, 1200.0]
    assert to_number(unit.format("80.50")) == 80.5


def test_numbers_with_the_same_word_behind_them_are_numbers() -> None:
    staff = type_cells("Staff", ["266 MA", "12 MA", "1.200 MA", "k.A."])
    assert staff.kind == "number" and staff.values == [266.0, 12.0, 1200.0, None]
    assert to_number("12 MA") == 12.0
    assert type_cells("Weight", ["5 kg", "7 kg"]).values == [5.0, 7.0]


@pytest.mark.parametrize(
    "words",
    ["employee employees", "Monat Monate Monaten", "day days", "mes meses", "anno anni", "semana semanas", "Stunde Stunden"],
)  # fmt: skip
def test_one_and_several_are_counted_in_the_same_unit(words: str) -> None:
    cells = [f"{n + 1} {word}" for n, word in enumerate(words.split())] * 4
    read_as = type_cells("It", cells)
    assert read_as.kind == "number" and None not in read_as.values


@pytest.mark.parametrize(
    "cells",
    [
        ["3 months", "2 years", "1 year"],
        ["19 Juli", "3 August", "4 Mai"],
        ["1234 AB", "2345 CD", "3456 EF"],
        ["80331 Ulm", "80332 Bonn", "80333 Kiel"],
        ["Plan 1", "Plan 2", "Plan 3"],
    ],
)
def test_numbers_with_several_words_behind_them_stay_words(cells: list[str]) -> None:
    assert type_cells("It", cells * 5).kind == "text"


def test_amounts_in_several_currencies_are_told_with_one_of_each(tmp_path: Path) -> None:
    cells = ["$5,000.00", "€ 400,00", "€ 0,00"]
    rows = [[f"L{n}", ("Won", "Lost")[n % 2], cells[n % 3], f"{n} Main"] for n in range(30)]
    found = read(put(tmp_path / "e.csv", table(["id", "status", "Amount", "Street no"], rows)))
    told = [one for one in found.findings if one.check == "several-units"]
    assert [one.evidence for one in told] == [("Amount: '€ 400,00', '$5,000.00'",)]
    same = [[*row[:2], "$5,000.00", row[3]] for row in rows]
    assert not read(put(tmp_path / "f.csv", table(["id", "status", "Amount", "no"], same))).told(
        "several-units"
    )


def test_shares_that_are_written_two_ways_are_told(tmp_path: Path) -> None:
    rows = [[f"K{n}", f"{n + 5}%" if n % 2 else f"{(n + 5) / 100}"] for n in range(60)]
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "Export share"], rows)))
    assert found.levels("several-units") == {"warn"}
    [told] = [one for one in found.findings if one.check == "several-units"]
    assert told.evidence == ("Export share: '6%', '0.05'",)
    # without the sign in a few cells it is the same unit
    rows = [[f"K{n}", f"{n + 5}%" if n % 30 else f"{n + 5}"] for n in range(60)]
    found = read(put(tmp_path / "f.csv", table(["Lead ID", "Export share"], rows)))
    assert not found.told("several-units") and found.column("Export share")[:2] == [5.0, 6.0]


@pytest.mark.parametrize(
    ("name", "every", "asked"),
    [("deal_value", 4, True), ("Amount", 4, True), ("Umsatz", 4, True), ("Visits", 4, False), ("Amount", 1, False)],
)  # fmt: skip
def test_an_amount_that_some_leads_have_is_asked_about_where_nothing_tells_the_outcome(
    tmp_path: Path, name: str, every: int, asked: bool
) -> None:
    rows = [[f"L{n}", "web", "" if n % every else 100 + n] for n in range(80)]
    path = put(tmp_path / "e.csv", table(["id", "origin", name], rows))
    [told] = [one for one in read(path).findings if one.check == "outcome"]
    stated = f'model.source.outcome: {name}, model.source.won: ["> 0"]'
    assert (stated in told.fix) is asked
    assert (f"{name}: an amount for 20 of 80 leads" in told.evidence) is asked
    won = read(path, source(outcome=name, won=["> 0"]))
    assert won.labels.count("won") == 80 // every
