"""Tables that sum the leads up beside them: a sheet of counts for each customer, and a CRM's count of a firm's deals."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import read
from tests.sheets import xlsx

_FIRMS = 40
_LEADS: list[list[object]] = [
    [
        f"A{7 * n}", date(2024, 1, 3) + timedelta(days=n), f"Firma {n * n % 97 % _FIRMS}", 100 + n * 7 % 90,
        ("Gewonnen", "Verloren", "Verloren", "Offen")[n * n % 7 % 4],
    ]
    for n in range(320)
]  # fmt: skip
_ALL = Counter(str(row[2]) for row in _LEADS)
_WON = Counter(str(row[2]) for row in _LEADS if row[4] == "Gewonnen")
_SUM: Counter[str] = Counter()
for _row in _LEADS:
    _SUM[str(_row[2])] += int(str(_row[3]))


def _sheets(names: list[str], rows: list[list[object]]) -> dict[str, list[list[object]]]:
    head: list[object] = ["Nr", "Eingang", "Kunde", "Wert", "Status"]
    return {"Anfragen": [head, *_LEADS], "Kunden": [["Kunde", *names], *rows]}


def _columns(path: Path, sheets: dict[str, list[list[object]]], **columns: object) -> set[str]:
    found = read(xlsx(path, sheets), {"columns": columns} if columns else None)
    assert len(found.leads) == len(_LEADS)
    return {name for lead in found.leads for name in lead.fields if name.startswith("Kunden.")}


def test_sums_of_the_leads_of_each_customer_are_told_and_not_joined(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [one, _ALL[one], _WON[one], _WON[one] / _ALL[one], _SUM[one]] for one in sorted(_ALL)
    ]
    sheets = _sheets(["Anfragen", "Gewonnen", "Quote", "Umsatz"], rows)
    assert not _columns(tmp_path / "crm.xlsx", sheets)
    told = read(tmp_path / "crm.xlsx").told("sums-of-leads")
    assert "was passed over" in told and "(Anfragen, Gewonnen, Quote, Umsatz)" in told
    kept = _columns(tmp_path / "crm.xlsx", sheets, keep=["Kunden.Umsatz"])
    assert kept == {"Kunden.Umsatz"}


def test_a_count_among_what_is_known_of_customers_is_left_out_alone(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [one, ("Bau", "Handel")[n % 2], n * n % 31, _ALL[one]] for n, one in enumerate(sorted(_ALL))
    ]
    sheets = _sheets(["Branche", "Mitarbeiter", "Number of Deals"], rows)
    assert _columns(tmp_path / "crm.xlsx", sheets) == {"Kunden.Branche", "Kunden.Mitarbeiter"}


def test_numbers_that_happen_to_be_those_of_many_counts_stay(tmp_path: Path) -> None:
    usual = Counter(_ALL.values()).most_common(1)[0][0]
    rows: list[list[object]] = [
        [one, n + 1, usual if n > 3 else n, 9.5 * n] for n, one in enumerate(sorted(_ALL))
    ]
    sheets = _sheets(["Rang", "Standorte", "Preis"], rows)
    assert len(_columns(tmp_path / "crm.xlsx", sheets)) == 3


@pytest.mark.parametrize(
    ("firms", "leads", "asked"),
    [(150, 160, False), (60, 120, True)],
    ids=["most firms have one lead", "each has one lead of each source"],
)
def test_what_leads_and_firms_both_say_of_a_firm_is_no_sum(
    tmp_path: Path, firms: int, leads: int, asked: bool
) -> None:
    rows = [
        [
            f"A{7 * n}", date(2024, 1, 3) + timedelta(days=n), f"Firma {n % firms}", 20 + n % firms * 3,
            *([("Web", "Messe")[n // firms]] if asked else []), ("Gewonnen", "Verloren")[n * n % 7 % 2],
        ]
        for n in range(leads)
    ]  # fmt: skip
    head: list[object] = ["Nr", "Eingang", "Kunde", "Mitarbeiter", *(["Quelle"] if asked else []), "Status"]  # fmt: skip
    heads: list[list[object]] = [[f"Firma {n}", 20 + n * 3] for n in range(firms)]
    sheets = {"Anfragen": [head, *rows], "Kunden": [["Kunde", "Köpfe"], *heads]}
    found = read(xlsx(tmp_path / "crm.xlsx", sheets))
    assert all("Kunden.Köpfe" in lead.fields for lead in found.leads)


def test_what_won_leads_came_to_is_a_sum_where_many_customers_won_one_or_none(
    tmp_path: Path,
) -> None:
    came: Counter[str] = Counter()
    for row in _LEADS:
        came[str(row[2])] += int(str(row[3])) if row[4] == "Gewonnen" else 0
    rows: list[list[object]] = [[one, came[one]] for one in sorted(_ALL)]
    assert not _columns(tmp_path / "crm.xlsx", _sheets(["Umsatz"], rows))
