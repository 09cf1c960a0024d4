"""Lists that say of a lead that it was won by a date of the sale alone, by what only customers have, or by a plan that costs something."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from kits.core.errors import ConfigError, DataError
from tests.lead_scoring.reading.lead_files import Read, put, read, source, table

_ROWS, _WON = 60, range(3, 60, 7)
_START = date(2025, 1, 6)


def _came(row: int) -> date:
    return _START + timedelta(days=5 * row)


def _read(tmp_path: Path, column: str, cells: Sequence[object], **stated: object) -> Read:
    """Sixty leads, five days apart, with a column more."""
    rows = [[f"L{7 * n + 100}", _came(n), "web", cell] for n, cell in enumerate(cells)]
    return read(
        put(tmp_path / "e.csv", table(["id", "created_at", "origin", column], rows)),
        source(**stated),
    )


def _dates(*, after_days: float = 12, form: str = "%Y-%m-%d") -> list[str]:
    """Dates of those that were won, nothing for the others."""
    return [
        (_came(n) + timedelta(days=after_days)).strftime(form) if n in _WON else ""
        for n in range(_ROWS)
    ]


def _fix(found: Read, check: str) -> str:
    return "\n".join(one.fix for one in found.findings if one.check == check)


def _evidence(found: Read) -> str:
    return "\n".join(
        line for one in found.findings for line in one.evidence if one.check == "outcome"
    )


@pytest.mark.parametrize(
    "column",
    [
        "Auftragsdatum", "Order Date", "converted_at", "upgraded_at", "first_payment_date", "Vertragsdatum", "Date de signature",
        "Fecha de compra", "Data firma", "Besteldatum", "Data umowy", "enrolled_on",
    ],
)  # fmt: skip
def test_a_date_of_the_sale_tells_who_was_won_and_when(tmp_path: Path, column: str) -> None:
    found = _read(tmp_path, column, _dates())
    assert [n for n, label in enumerate(found.labels) if label == "won"] == [
        n for n in _WON if _came(n) <= _came(_ROWS - 1) - timedelta(days=90)
    ]
    assert found.labels[0] == "lost" and found.labels[-1] == ""
    assert f"9 of 60 leads have a date in {column}" in found.told("assumed")
    assert f'model.source: {{outcome: {column}, won: ["*"]}}' in _fix(found, "assumed")
    assert f"outcome_at={column}" in found.told("columns")
    assert all(column not in lead.fields for lead in found.leads)


def test_what_is_told_may_be_stated(tmp_path: Path) -> None:
    guessed = _read(tmp_path, "Auftragsdatum", _dates())
    stated = _read(tmp_path, "Auftragsdatum", _dates(), outcome="Auftragsdatum", won=["*"])
    assert stated.labels == guessed.labels
    assert stated.told("assumed") == ""
    named = _read(tmp_path, "Auftragsdatum", _dates(), outcome="Auftragsdatum")
    assert named.labels == guessed.labels


def test_a_date_from_before_the_lead_came_is_asked_about(tmp_path: Path) -> None:
    found = _read(tmp_path, "Order Date", _dates(after_days=-200))
    assert set(found.labels) == {""}
    assert found.told("assumed") == ""
    assert "Order Date: filled in for 9 of 60 leads" in _evidence(found)


@pytest.mark.parametrize("share", ["few", "nearly all"])
def test_a_date_that_hardly_any_lead_has_or_nearly_all_tells_nothing(
    tmp_path: Path, share: str
) -> None:
    some = {3, 10} if share == "few" else set(range(55))
    cells = [(_came(n) + timedelta(days=9)) if n in some else "" for n in range(_ROWS)]
    assert set(_read(tmp_path, "Auftragsdatum", cells).labels) == {""}


@pytest.mark.parametrize(
    "column", ["Auftragsnummer", "Kundennr.", "policy_number", "Order ID", "N° de commande", "Customer since", "Vertragsbeginn"]
)  # fmt: skip
def test_what_only_customers_have_is_asked_about_with_the_line_that_states_it(
    tmp_path: Path, column: str
) -> None:
    cells = [f"{40_000 + 3 * n}" if n in _WON else "" for n in range(_ROWS)]
    found = _read(tmp_path, column, cells)
    assert set(found.labels) == {""}
    assert f"{column}: filled in for 9 of 60 leads" in _evidence(found)
    assert f'model.source.outcome: {column}, model.source.won: ["*"]' in _fix(found, "outcome")
    stated = _read(tmp_path, column, cells, outcome=column, won=["*"])
    assert stated.labels.count("won") > 0
    assert "won: filled in" in stated.told("outcome") or "won: 4" in stated.told("outcome")
    assert all(column not in lead.fields for lead in stated.leads)


def test_a_number_of_those_who_have_the_date_is_left_out_with_it(tmp_path: Path) -> None:
    rows = [
        [f"L{n}", _came(n), sold, f"AU{n:04d}" if sold else ""] for n, sold in enumerate(_dates())
    ]
    header = ["id", "created_at", "Auftragsdatum", "Auftragsnummer"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert "won" in found.labels
    assert all("Auftragsnummer" not in lead.fields for lead in found.leads)


@pytest.mark.parametrize(
    ("column", "cells", "line"),
    [
        ("plan", ["free", "pro", "free", "business", "free", "free"], "[pro, business]"),
        ("Tarif", ["kostenlos", "Premium", "kostenlos", "kostenlos", "Basis", "kostenlos"], "[Premium, Basis]"),
        ("Abo", ["", "Monatsabo", "", "", "Monatsabo", "Jahresabo"], "[Monatsabo, Jahresabo]"),
    ],
)  # fmt: skip
def test_a_plan_of_which_one_costs_nothing_is_asked_about(
    tmp_path: Path, column: str, cells: list[str], line: str
) -> None:
    found = _read(tmp_path, column, cells * 10)
    assert set(found.labels) == {""}
    assert f"model.source.outcome: {column}, model.source.won: {line}" in _fix(found, "outcome")


def test_a_plan_that_everybody_pays_for_is_no_outcome(tmp_path: Path) -> None:
    found = _read(tmp_path, "plan", ["basic", "pro", "basic"] * 20)
    assert "cost something" not in _fix(found, "outcome")


@pytest.mark.parametrize("column", ["mrr", "Umsatz 12 Monate", "Chiffre d'affaires"])
def test_an_amount_of_some_leads_is_asked_about_by_a_word_of_money(
    tmp_path: Path, column: str
) -> None:
    found = _read(tmp_path, column, [29.5 if n in _WON else 0 for n in range(_ROWS)])
    assert f'model.source.outcome: {column}, model.source.won: ["> 0"]' in _fix(found, "outcome")


def test_a_column_called_like_an_outcome_is_asked_about_first(tmp_path: Path) -> None:
    rows = [[f"L{n}", _came(n), sold, "QX"[n % 2]] for n, sold in enumerate(_dates())]
    found = read(put(tmp_path / "e.csv", table(["id", "created_at", "order date", "result"], rows)))
    assert set(found.labels) == {""}
    assert "result is called like an outcome" in found.told("outcome")


def test_a_date_that_every_ended_lead_has_is_not_taken_for_won(tmp_path: Path) -> None:
    assert set(_read(tmp_path, "closed_at", _dates()).labels) == {""}
    with pytest.raises(DataError, match="no cell of 'closed_at'") as told:
        _read(tmp_path, "closed_at", _dates(), outcome="closed_at")
    assert 'model.source.won: ["*"]' in str(told.value.fix)


def test_any_cell_says_something_of_a_named_column_alone(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no column is named"):
        _read(tmp_path, "Auftragsdatum", _dates(), won=["*"])


def test_who_is_listed_as_lost_is_not_won_by_being_filled_in(tmp_path: Path) -> None:
    cells = ["storniert" if n % 10 == 0 else f"AU{n}" if n in _WON else "" for n in range(_ROWS)]
    found = _read(tmp_path, "Auftrag", cells, outcome="Auftrag", won=["*"], lost=["storniert"])
    assert [found.labels[n] for n in (0, 3, 1)] == ["lost", "won", ""]


def test_a_star_that_stands_in_cells_is_a_cell(tmp_path: Path) -> None:
    cells = ["*" if n in _WON else "o" for n in range(_ROWS)]
    found = _read(tmp_path, "mark", cells, outcome="mark", won=["*"], lost=["o"])
    assert [n for n, label in enumerate(found.labels) if label == "won"] == list(_WON)


@pytest.mark.parametrize(
    ("column", "won", "lost"),
    [
        ("Auftrag", "%d.%m.%Y", "nein"),
        ("Auftragsdatum", "%Y-%m-%d", "Absage"),
        ("Purchase date", "%Y-%m-%d", "not interested"),
        ("Auftragswert", "1%d%m,50", "abgelehnt"),
    ],
)
def test_a_date_or_an_amount_beside_a_word_for_lost(
    tmp_path: Path, column: str, won: str, lost: str
) -> None:
    cells = [
        (_came(n) + timedelta(days=9)).strftime(won) if n in _WON else "" if n % 4 else lost
        for n in range(_ROWS)
    ]
    found = _read(tmp_path, column, cells)
    assert [found.labels[n] for n in (1, 3, 4)] == ["", "won", "lost"]
    assert f"{column} (won: a date or an amount; lost: {lost})" in found.told("outcome")


def test_what_is_no_date_among_dates_wins_nothing(tmp_path: Path) -> None:
    cells = [
        "zurück" if n == 1 else (_came(n) + timedelta(days=9)).isoformat() if n % 2 else ""
        for n in range(_ROWS)
    ]
    found = _read(tmp_path, "Auftragsdatum", cells)
    assert [found.labels[n] for n in (1, 3)] == ["lost", "won"]


def test_what_a_quote_comes_to_is_no_sale(tmp_path: Path) -> None:
    cells = ["abgelehnt" if n % 5 == 0 else f"{900 + n},50" for n in range(_ROWS)]
    assert set(_read(tmp_path, "Summe", cells).labels) == {""}


def test_words_that_mean_no_loss_beside_dates_say_nothing(tmp_path: Path) -> None:
    cells = [*_dates()[:40], *["folgt"] * 20]
    assert set(_read(tmp_path, "Auftrag", cells).labels) == {""}


@pytest.mark.parametrize(
    ("won", "lost"), [("✓", "✗"), ("✅", "❌"), ("✔\ufe0f", "✖\ufe0f"), ("☑", "☐"), ("👍", "👎")]
)
def test_marks_are_a_yes_and_a_no_and_other_signs_are_open(
    tmp_path: Path, won: str, lost: str
) -> None:
    found = _read(tmp_path, "Status", [won, lost, "⏳"] * 20)
    assert found.labels[:3] == ["won", "lost", ""]


def test_a_date_of_acceptance_and_one_of_refusal(tmp_path: Path) -> None:
    rows = [
        [f"L{n}", _came(n), sold, "" if sold or n % 3 else _came(n) + timedelta(days=30)]
        for n, sold in enumerate(_dates())
    ]
    header = ["id", "created_at", "Angebot angenommen am", "Angebot abgelehnt am"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert [found.labels[n] for n in (0, 1, 3)] == ["lost", "", "won"]


def _spoken() -> list[str]:
    said = ("Auftrag erteilt am {}.", "Absage per Mail vom {}.", "Angebot verschickt am {}.")
    return [said[n % 3].format(n) for n in range(_ROWS)]


def test_cells_that_are_sentences_are_asked_about_by_how_they_begin(tmp_path: Path) -> None:
    found = _read(tmp_path, "Status", _spoken())
    assert set(found.labels) == {""}
    line = 'model.source.outcome: Status, model.source.won: ["Auftrag erteilt*"], model.source.lost: ["Absage*"]'
    assert line in _fix(found, "outcome")


def test_a_beginning_may_be_stated(tmp_path: Path) -> None:
    found = _read(
        tmp_path, "Status", _spoken(), outcome="Status", won=["auftrag*"], lost=["Absage*"]
    )
    assert found.labels == ["won", "lost", ""] * 20


def test_what_is_listed_as_it_stands_is_meant_beside_a_beginning(tmp_path: Path) -> None:
    cells = ["Auftrag erteilt", "Auftrag verschoben", "Absage", "Absage zurückgenommen"] * 15
    stated = {"outcome": "Status", "won": ["Auftrag*"], "lost": ["Auftrag verschoben", "Absage"]}
    assert _read(tmp_path, "Status", cells, **stated).labels[:4] == ["won", "lost", "lost", ""]
    stated = {"outcome": "Status", "won": ["Absage zurückgenommen"], "lost": ["Absage*"]}
    assert _read(tmp_path, "Status", cells, **stated).labels[2:4] == ["lost", "won"]


def test_a_beginning_that_no_cell_has_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is one of Bestellung\*"):
        _read(tmp_path, "Status", _spoken(), outcome="Status", won=["Bestellung*"])


@pytest.mark.parametrize(
    ("column", "cells", "line"),
    [
        ("Wahrscheinlichkeit", ["0%", "10%", "100%", "50%"], '["100%"], model.source.lost: ["0%"]'),
        ("Probability (%)", ["0", "25", "100", "75"], '["100"], model.source.lost: ["0"]'),
        ("Chance", ["0", "0,5", "1", "0,2"], '["1"], model.source.lost: ["0"]'),
    ],
)
def test_a_chance_of_nothing_and_of_all_is_asked_about(
    tmp_path: Path, column: str, cells: list[str], line: str
) -> None:
    found = _read(tmp_path, column, cells * 15)
    assert set(found.labels) == {""}
    assert f"model.source.outcome: {column}, model.source.won: {line}" in _fix(found, "outcome")
    stated = _read(tmp_path, column, cells * 15, outcome=column, won=[cells[2]], lost=[cells[0]])
    assert stated.labels[:4] == ["lost", "", "won", ""]


@pytest.mark.parametrize(
    "cells", [["10%", "50%", "90%"], ["0%", "50%", "90%"], ["low", "0%", "100%"]]
)
def test_a_chance_that_tells_no_end_is_not(tmp_path: Path, cells: list[str]) -> None:
    found = _read(tmp_path, "Wahrscheinlichkeit", cells * 20)
    assert "are the ends" not in _fix(found, "outcome")


@pytest.mark.parametrize("cells", [("1", "0"), ("Yes", "No"), ("ja", "nein")])
def test_a_yes_or_no_that_may_be_the_outcome_is_asked_about_with_the_line_that_states_it(
    tmp_path: Path, cells: tuple[str, str]
) -> None:
    said = [cells[n not in _WON] for n in range(_ROWS)]
    found = _read(tmp_path, "TravelInsurance", said)
    assert set(found.labels) == {""}
    line = f'model.source.outcome: TravelInsurance, model.source.won: ["{cells[0]}"]'
    assert f"if TravelInsurance tells it: {line}" in _fix(found, "outcome")
    stated = _read(tmp_path, "TravelInsurance", said, outcome="TravelInsurance", won=[cells[0]])
    assert [n for n, label in enumerate(stated.labels) if label == "won"] == [*_WON]
    assert stated.labels.count("lost") == _ROWS - len(_WON)


@pytest.mark.parametrize(
    "column", ["ProdTaken", "Uptake", "took offer", "sale_flag", "Will Buy?", "Vertrag abgeschlossen", "compró", "sprzedano", "a acheté"]
)  # fmt: skip
def test_a_yes_or_no_called_like_a_sale_is_the_outcome(tmp_path: Path, column: str) -> None:
    found = _read(tmp_path, column, [int(n in _WON) for n in range(_ROWS)])
    assert [n for n, label in enumerate(found.labels) if label == "won"] == [*_WON]
