"""Lists that somebody keeps in a workbook or month by month: the newest leads are open, and columns come and get other names."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from tests.lead_scoring.reading.lead_files import Read, put, read, source, table
from tests.sheets import xlsx

NAMES = ["Lead-Nr.", "Eingang am", "Quelle", "Firma", "Preis", "Produkt", "Status", "Abschluss am"]
DAY = date(2024, 1, 1)
ENDS = ("Gewonnen", "Verloren")
Row = dict[str, object]


def leads(first: int, count: int, *, ended: bool = True, **more: str) -> list[Row]:
    """Rows by the names of their columns, in the order of their numbers; firms come again."""
    return [
        {
            "Lead-Nr.": f"{n:06}",
            "Eingang am": DAY + timedelta(n),
            "Quelle": ("Messe", "Web", "Telefon")[n % 3],
            "Firma": f"Firma {n % 17}",
            "Preis": 100 * (n % 5),
            "Produkt": "AB"[n % 2],
            "Status": ENDS[n % 7 < 3] if ended else ("Neu", "In Verhandlung")[n % 2],
            "Abschluss am": DAY + timedelta(n + 20 + n % 9) if ended else "",
            **more,
        }
        for n in range(first, first + count)
    ]


def without(rows: list[Row], *names: str) -> list[Row]:
    return [{name: cell for name, cell in row.items() if name not in names} for row in rows]


def called(rows: list[Row], names: dict[str, str]) -> list[Row]:
    return [{names.get(name, name): cell for name, cell in row.items()} for row in rows]


def workbook(path: Path, **sheets: list[Row]) -> Path:
    return xlsx(path, {title: [list(rows[0]), *map(list, map(dict.values, rows))] for title, rows in sheets.items()})  # fmt: skip


def assert_all_leads(found: Read, ended: int, still: int) -> None:
    """Every row is a lead with its number and its day, and nothing was joined to any."""
    assert [lead.id for lead in found.leads] == [f"{n:06}" for n in range(ended + still)]
    assert [lead.at.date() for lead in found.leads if lead.at] == [DAY + timedelta(n) for n in range(ended + still)]  # fmt: skip
    assert [label == "" for label in found.labels] == [False] * ended + [True] * still
    assert not found.told("joined") and not found.told("table-unrelated")


def test_months_that_are_still_open_are_leads_though_a_column_was_inserted_and_one_renamed(
    tmp_path: Path,
) -> None:
    def later(rows: list[Row]) -> list[Row]:
        return called(rows, {"Quelle": "Lead-Quelle"})

    path = workbook(
        tmp_path / "leads.xlsx",
        Januar=leads(0, 40),
        Februar=later(leads(40, 40, Kampagne="A")),
        März=later(leads(80, 12, ended=False, Kampagne="B")),
    )
    found = read(path)
    assert_all_leads(found, 80, 12)
    assert found.column("Kampagne")[-1] == "B"


@pytest.mark.parametrize("first", ["Offen", "Erledigt"])
@pytest.mark.parametrize("status", [True, False])
def test_open_leads_on_a_sheet_of_their_own_are_leads(
    tmp_path: Path, first: str, status: bool
) -> None:
    lacks = ("Abschluss am",) if status else ("Abschluss am", "Status")
    sheets = {"Erledigt": leads(0, 60), "Offen": without(leads(60, 25, ended=False), *lacks)}
    found = read(workbook(tmp_path / "crm.xlsx", **dict(sorted(sheets.items(), key=lambda s: s[0] != first))))  # fmt: skip
    assert found.labels.count("") == 25 and len(found.leads) == 85
    assert len({lead.id for lead in found.leads}) == 85
    assert "outcome_at=Abschluss am" in found.told("columns")


@pytest.mark.parametrize("titles", [("Gewonnen", "Verloren", "Offen"), ("2 won", "1 lost", "3 open"), ("Won deals", "Lost deals", "Open deals")])  # fmt: skip
@pytest.mark.parametrize("number", ["Lead-Nr.", "ID"])
@pytest.mark.parametrize("status", [True, False])
def test_sheets_of_those_that_were_won_lost_and_open_are_one_list_whatever_each_adds(
    tmp_path: Path, status: bool, number: str, titles: tuple[str, str, str]
) -> None:
    rows = leads(0, 70)
    won = [{**row, "Auftragswert": 900} for row in rows if row["Status"] == "Gewonnen"]
    lost = [{**row, "Absagegrund": "Preis"} for row in rows if row["Status"] == "Verloren"]
    still = without(leads(70, 25, ended=False), "Abschluss am")
    sheets = dict(sorted((title, called(rows, {"Lead-Nr.": number})) for title, rows in zip(titles, (won, lost, still))))  # fmt: skip
    if not status:
        sheets = {title: without(rows, "Status") for title, rows in sheets.items()}
    found = read(workbook(tmp_path / "crm.xlsx", **sheets))
    counts = [found.labels.count(one) for one in ("won", "lost", "")]
    assert counts == [len(won), len(lost), 25]


@pytest.mark.parametrize("number", ["ID", "Vorgangsnummer"])
@pytest.mark.parametrize("titles", [("Aufträge", "Absagen"), ("Kunden", "Kein Interesse")])
def test_tables_that_both_tell_how_their_leads_ended_are_one_list_whatever_they_are_called(
    tmp_path: Path, number: str, titles: tuple[str, str]
) -> None:
    rows = called(leads(0, 70), {"Lead-Nr.": number})
    won = [{**row, "Auftragswert": 900} for row in rows if row["Status"] == "Gewonnen"]
    lost = [{**row, "Absagegrund": "Preis"} for row in rows if row["Status"] == "Verloren"]
    found = read(workbook(tmp_path / "crm.xlsx", **dict(zip(titles, (won, lost)))))
    assert [found.labels.count(one) for one in ("won", "lost")] == [len(won), len(lost)]


def test_a_record_number_needs_half_of_the_columns_where_tables_are_called_alike(
    tmp_path: Path,
) -> None:
    rows = [
        called(leads(first, count, ended=not first), {"Lead-Nr.": "Record ID"})
        for first, count in ((0, 60), (60, 25))
    ]
    lacks = ("Abschluss am", "Preis")
    sheets = {"Leads 2024": rows[0], "Leads 2025": without(rows[1], *lacks)}
    found = read(workbook(tmp_path / "crm.xlsx", **sheets))
    assert len(found.leads) == 85 and found.labels.count("") == 25


def test_views_of_the_same_records_of_a_crm_are_one_list_whatever_they_are_called(
    tmp_path: Path,
) -> None:
    names = {"Lead-Nr.": "Record ID", "Eingang am": "Create Date", "Quelle": "Deal owner", "Firma": "Associated Company"}  # fmt: skip
    names |= {"Status": "Deal Stage", "Abschluss am": "Close Date", "Preis": "Amount", "Produkt": "Deal Name"}  # fmt: skip
    still = without(leads(60, 25, ended=False, Pipeline="A"), "Abschluss am", "Preis")
    for file, rows in (("closed", leads(0, 60, Pipeline="A")), ("this-month", still)):
        named = called(rows, names)
        put(tmp_path / f"{file}.csv", table(list(named[0]), [list(row.values()) for row in named]))
    found = read(tmp_path)
    assert len(found.leads) == 85 and found.labels.count("") == 25


def test_a_sheet_that_shows_some_of_the_leads_again_adds_none(tmp_path: Path) -> None:
    again = [{**row, "Lead-Nr.": int(str(row["Lead-Nr."]))} for row in leads(60, 25, ended=False)]
    sheets = {"Alle": [*leads(0, 60), *leads(60, 25, ended=False)], "Offen": without(again, "Abschluss am", "Status")}  # fmt: skip
    found = read(workbook(tmp_path / "crm.xlsx", **sheets))
    assert len(found.leads) == 85


def test_tables_of_other_things_with_most_columns_of_the_leads_are_no_leads(tmp_path: Path) -> None:
    firms = [
        {"ID": f"F-{n}", "Firma": f"Firma {n}", "Eingang am": DAY, "Quelle": "Messe", "Preis": n}
        for n in range(17)
    ]
    rows = called(without(leads(0, 60), "Produkt"), {"Lead-Nr.": "ID"})
    found = read(workbook(tmp_path / "crm.xlsx", Leads=rows, Firmen=firms))
    assert len(found.leads) == 60


@pytest.mark.parametrize("name", ["Mitarbeiter", "Lieferanten", "Anrufe", "offene Reklamationen"])
def test_an_id_that_any_table_has_makes_no_leads_of_what_is_called_otherwise(
    tmp_path: Path, name: str
) -> None:
    """A program's tables have `ID`, a name and a day alike; people would be scored who are no leads."""
    rows = without(called(leads(0, 60), {"Lead-Nr.": "ID"}), "Abschluss am")
    others = [{**row, "ID": f"7{row['ID']}", "Firma": "wir"} for row in without(rows[:25], "Status")]  # fmt: skip
    found = read(workbook(tmp_path / "crm.xlsx", Anfragen=rows, **{name: others}))
    assert len(found.leads) == 60
    assert name in found.told("table-unrelated")


@pytest.mark.parametrize(("one", "two"), [("Anfragen", "offene Anfragen"), ("Leads", "Neue Leads"), ("Januar", "Q2 2024"), ("Alt", "Neu"), ("Anfragen", "aktuell")])  # fmt: skip
def test_an_id_that_any_table_has_is_a_leads_where_tables_are_called_alike(
    tmp_path: Path, one: str, two: str
) -> None:
    rows = [called(leads(0, 60), {"Lead-Nr.": "ID"}), called(leads(60, 25, ended=False), {"Lead-Nr.": "ID"})]  # fmt: skip
    found = read(
        workbook(tmp_path / "crm.xlsx", **{one: rows[0], two: without(rows[1], "Abschluss am")})
    )
    assert_all_leads(found, 60, 25)


def test_leads_that_came_on_the_same_days_are_further_ones(tmp_path: Path) -> None:
    """A small firm has one a day in each of its lists."""
    still = [{**row, "Eingang am": DAY + timedelta(n)} for n, row in enumerate(leads(60, 25, ended=False))]  # fmt: skip
    sheets = {"Erledigt": leads(0, 60), "Offen": without(still, "Abschluss am")}
    assert len(read(workbook(tmp_path / "crm.xlsx", **sheets)).leads) == 85


def test_the_same_persons_under_other_numbers_are_no_further_leads(tmp_path: Path) -> None:
    """What a form took in lies beside what a CRM made of it."""
    mails = [{**row, "Mail": f"p{n}@firma{n % 17}.de"} for n, row in enumerate(leads(0, 60))]
    form = [{**row, "Lead-Nr.": f"7{row['Lead-Nr.']}", "Formular": "Messe"} for row in without(mails, "Status", "Abschluss am")]  # fmt: skip
    found = read(workbook(tmp_path / "crm.xlsx", CRM=mails, Formular=form))
    assert len(found.leads) == 60
    assert "joined by Mail" in found.told("joined")


@pytest.mark.parametrize(
    ("old", "new"),
    [("Status", "STATUS"), ("Lead-Nr.", "Lead Nr"), ("Eingang am", "eingang_am"), ("Quelle", "Quelle ")],
)  # fmt: skip
def test_a_column_that_the_next_month_writes_otherwise_is_one_column(
    tmp_path: Path, old: str, new: str
) -> None:
    one, two = leads(0, 40), called(leads(40, 40), {old: new})
    for name, rows in {"2024-01": one, "2024-02": two}.items():
        put(tmp_path / f"{name}.csv", table(list(rows[0]), map(dict.values, rows), ";"))
    found = read(tmp_path)
    assert_all_leads(found, 80, 0)
    assert "Web" in found.column("Quelle")[40:]
    assert not found.told("renamed-column")


@pytest.mark.parametrize(
    ("old", "new"), [("Lead-Nr.", "Leadnummer"), ("Eingang am", "Eingangsdatum")]
)
def test_the_id_and_the_day_of_the_next_month_are_found_under_another_name_and_that_is_told(
    tmp_path: Path, old: str, new: str
) -> None:
    path = workbook(tmp_path / "crm.xlsx", A=leads(0, 40), B=called(leads(40, 40), {old: new}))
    found = read(path)
    assert_all_leads(found, 80, 0)
    assert found.told("renamed-column").startswith(f"{new} of crm.xlsx, sheet")
    stated = read(path, source(id=new)) if old == "Lead-Nr." else read(path, source(decided_at=new))
    assert f"={new}" in stated.told("columns")
    assert len({lead.id for lead in stated.leads}) == 80 and all(lead.at for lead in stated.leads)


def test_columns_whose_signs_tell_them_apart_stay_two(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "crm.xlsx",
        A=called(leads(0, 40), {"Preis": "Preis (€)"}),
        B=called(leads(40, 40), {"Preis": "Preis ($)"}),
    )
    found = read(path)
    assert len(found.leads) == 80
    assert {"Preis (€)", "Preis ($)"} <= {name for lead in found.leads for name in lead.fields}


@pytest.mark.parametrize(
    "name", ["Abschluss am", "Abschluss-Datum", "Datum Abschluss", "Abschlusstag", "Entschieden am"]
)
def test_the_day_of_the_end_is_no_column_to_learn_from_where_all_leads_have_ended(
    tmp_path: Path, name: str
) -> None:
    """No open lead shows by its gap what such a date is."""
    found = read(workbook(tmp_path / "a.xlsx", Leads=called(leads(0, 60), {"Abschluss am": name})))
    assert f"outcome_at={name}" in found.told("columns")
    assert name not in found.leads[0].fields


def test_a_list_whose_name_says_nothing_is_asked_about_and_read_when_it_is_stated(
    tmp_path: Path,
) -> None:
    rows = called(leads(0, 60), {"Lead-Nr.": "Record ID"})
    open_ones = without([{**row, "Record ID": f"7{row['Record ID']}"} for row in rows[:25]], "Status")  # fmt: skip
    path = workbook(tmp_path / "crm.xlsx", Tabelle1=rows, Tabelle2=open_ones)
    found = read(path)
    assert len(found.leads) == 60
    told = next(one for one in found.findings if one.check == "table-unrelated")
    stated = told.fix.partition("model.source.tables: ")[2].partition("; else")[0]
    again = read(path, {"source": {"tables": yaml.safe_load(stated)}})
    assert len(again.leads) == 85


def test_a_sheet_that_is_to_be_left_out_is_named_so_that_it_can_be(tmp_path: Path) -> None:
    rows = leads(0, 60)
    more = [{**row, "Lead-Nr.": f"7{row['Lead-Nr.']}", **{f"K{n}": n for n in range(4)}} for row in rows]  # fmt: skip
    path = workbook(tmp_path / "crm: all.xlsx", Alt=rows, **{"Neu # 2": more})
    told = next(one for one in read(path).findings if one.check == "one-table")
    stated = told.fix.partition("model.source.tables: ")[2].partition("; then")[0]
    assert yaml.safe_load(stated) == [
        {"file": "crm: all.xlsx", "sheet": "Neu # 2", "role": "ignore"}
    ]
    assert len(read(path, {"source": {"tables": yaml.safe_load(stated)}}).leads) == 60


def _with_lists(tmp_path: Path, lists: list[list[object]]) -> Read:
    words = ("Gewonnen", "Verloren", "Offen")
    leads: list[list[object]] = [["Nr", "Eingang", "Quelle", "Status"]]
    leads += [
        [f"A{7 * n}", f"2025-{1 + n % 12:02}-11", ("Messe", "Web")[n % 2], words[n % 3]]
        for n in range(120)
    ]
    return read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": leads, "Listen": lists}))


def test_a_sheet_of_choices_is_not_joined_to_the_leads(tmp_path: Path) -> None:
    found = _with_lists(tmp_path, [["Quelle", "Status"], ["Messe", "Gewonnen"], ["Web", "Verloren"], [None, "Offen"]])  # fmt: skip
    assert {name for lead in found.leads for name in lead.fields} == {"Quelle"}
    assert 'sheet "Listen" was passed over: it lists the choices' in found.told("choices")


def test_a_table_whose_rows_say_what_belongs_together_lists_no_choices(tmp_path: Path) -> None:
    leads: list[list[object]] = [["Nr", "Eingang", "Firma", "Segment", "Status"]]
    leads += [
        [f"A{7 * n}", f"2025-{1 + n % 12:02}-11", f"F{n % 6}", "ABCDEF"[n % 6], ("Gewonnen", "Verloren")[n % 2]]
        for n in range(120)
    ]  # fmt: skip
    firms: list[list[object]] = [["Firma", "Segment"], *([f"F{n}", "ABCDEF"[n]] for n in range(6))]
    found = read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": leads, "Firmen": firms}))
    assert len(found.leads) == 120 and not found.told("choices")


def test_a_sheet_that_says_something_of_choices_is_joined(tmp_path: Path) -> None:
    found = _with_lists(tmp_path, [["Quelle", "Kosten"], ["Messe", 500], ["Web", 20]])
    assert {name for lead in found.leads for name in lead.fields} == {"Quelle", "Listen.Kosten"}


def test_choices_of_a_column_that_the_leads_call_otherwise_stand_in_a_sheet_of_choices(
    tmp_path: Path,
) -> None:
    found = _with_lists(tmp_path, [["Quelle", "Status", "Vertrieb"], ["Messe", "Gewonnen", "Kern"], ["Web", "Verloren", "Lang"], [None, "Offen"]])  # fmt: skip
    assert {name for lead in found.leads for name in lead.fields} == {"Quelle"}
    assert found.told("choices")


def test_a_table_of_places_with_their_usual_rep_lists_no_choices(tmp_path: Path) -> None:
    leads: list[list[object]] = [["Nr", "Eingang", "Ort", "Vertreter", "Status"]]
    leads += [
        # of four in ten somebody else took care
        [f"A{7 * n}", f"2025-{1 + n % 12:02}-11", f"O{n % 6}", "ABCDEF"[(n + (n % 5 < 2)) % 6], ("Gewonnen", "Verloren")[n // 6 % 2]]
        for n in range(120)
    ]  # fmt: skip
    places: list[list[object]] = [["Ort", "Vertreter", "km"], *([f"O{n}", "ABCDEF"[n], 10 * n] for n in range(6))]  # fmt: skip
    found = read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": leads, "Orte": places}))
    assert not found.told("choices") and any("Orte.km" in lead.fields for lead in found.leads)


def test_a_sheet_that_explains_the_outcomes_is_not_joined_by_them(tmp_path: Path) -> None:
    words = [["Status", "Bedeutung", "Stufe"], ["Gewonnen", "Auftrag liegt vor", 4], ["Verloren", "Absage", 5], ["Offen", "neu", 1]]  # fmt: skip
    found = _with_lists(tmp_path, words)
    assert {name for lead in found.leads for name in lead.fields} == {"Quelle"}
    assert "belong to what became of the leads (Status)" in found.told("outcome-explained")
    stated = {"source": {"tables": [{"file": "crm.xlsx", "sheet": "Listen", "role": "accounts"}]}}
    again = read(tmp_path / "crm.xlsx", stated)
    assert any("Listen.Stufe" in lead.fields for lead in again.leads)
