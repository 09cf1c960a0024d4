"""What boards, web shops, sales tools and forms export: parts of a lead below it, persons in longer names, dates of orders."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, source, table
from tests.sheets import xlsx

DAY = date(2024, 3, 1)
BOARD = ["Name", "Subitems", "Ansvarig", "Status", "Skapad", "Avslutad", "Postnummer", "Item ID"]
GROUPS = {"Pågående": "Ny", "Vunna": "Vunnen", "Förlorade": "Förlorad"}


def board() -> list[list[object]]:
    """Groups with their titles; each third item has two parts below it, under names of their own."""
    rows: list[list[object]] = [["Försäljning"], []]
    for g, (title, status) in enumerate(GROUPS.items()):
        rows += [[title], BOARD]
        for n in range(30):
            came = DAY + timedelta(n)
            ended = None if status == "Ny" else came + timedelta(20)
            rows.append(
                [f"Firma {n}", "", "Eva", status, came, ended, f"{n + 100:05}", 900 + 30 * g + n]
            )
            if n % 3 == 0:
                rows.append(["Subitems", "Name", "Ansvarig", "Status", "Date"])
                rows += [[None, what, "Eva", "Klart", came] for what in ("Ring", "Offert")]
        rows.append([])
    return rows


def test_parts_below_an_item_of_a_board_are_no_leads(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    found = read(xlsx(tmp_path / "board.xlsx", board()))
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [30, 30, 30]
    told = found.told("columns")
    assert "id=Item ID, decided_at=Skapad, outcome_at=Avslutad" in told
    assert (
        "a part of the row above (90), a heading (2), the names of the columns again (2)"
        in found.told("no-leads")
    )
    assert not found.told("lone-cells")


def test_rows_that_begin_with_an_empty_cell_are_leads_where_no_names_stand_above(
    tmp_path: Path,
) -> None:
    rows = [["" if n % 4 else "Web", f"L{n}", ("won", "lost")[n % 2], "Bonn"] for n in range(40)]
    found = read(put(tmp_path / "e.csv", table(["source", "lead_id", "status", "town"], rows)))
    assert len(found.leads) == 40 and not found.told("no-leads")


def test_the_date_of_an_order_is_when_it_came_where_open_ones_have_it(tmp_path: Path) -> None:
    rows = [
        [n, "Open" if n % 5 == 0 else ("Won", "Lost")[n % 2], DAY + timedelta(n), "web"]
        for n in range(200)
    ]
    header = ["Order Number", "Status", "Order Date", "From"]
    found = read(put(tmp_path / "orders.csv", table(header, rows)))
    assert "decided_at=Order Date" in found.told("columns")
    assert "outcome_at" not in found.told("columns")
    assert "still open have it" in found.told("assumed") and found.leads[0].at is not None
    # the day on which a deal is planned to close is no day on which it came
    for name in ("Close Date", "Abschlussdatum", "Data di chiusura"):
        found = read(put(tmp_path / "deals.csv", table([*header[:2], name, "From"], rows)))
        assert f"outcome_at={name}" in found.told("columns")
    # nor is a date that lies ahead for what is open
    ahead = [[n, s, d + timedelta(400 if s == "Open" else 0), f] for n, s, d, f in rows]
    found = read(put(tmp_path / "later.csv", table(header, ahead)))
    assert "outcome_at=Order Date" in found.told("columns")
    stated = source(outcome_at="Order Date")
    found = read(put(tmp_path / "stated.csv", table(header, rows)), stated)
    assert "outcome_at=Order Date" in found.told("columns")


def test_days_of_a_spreadsheet_among_written_dates_are_dates(tmp_path: Path) -> None:
    def written(n: int) -> str:
        day = DAY + timedelta(n)
        return str((day - date(1899, 12, 30)).days) if n % 3 == 0 else day.strftime("%d.%m.%y")

    rows = [[f"E{n}", written(n), ("won", "lost")[n % 2], 40_000 + n] for n in range(90)]
    header = ["Enquiry no", "Enquiry", "status", "budget"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert "decided_at=Enquiry" in found.told("columns")
    assert [lead.at.date() for lead in found.leads if lead.at] == [
        DAY + timedelta(n) for n in range(90)
    ]
    assert found.column("budget") == [40_000.0 + n for n in range(90)]


def test_numbers_years_away_from_the_dates_beside_them_are_none(tmp_path: Path) -> None:
    rows = [[f"E{n}", "77001" if n % 3 == 0 else f"0{n % 9 + 1}.03.24", ("won", "lost")[n % 2]] for n in range(90)]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["Enquiry no", "note", "status"], rows)))
    assert found.column("note")[0] == "77001"


def test_phones_and_persons_are_known_within_longer_names(tmp_path: Path) -> None:
    rng = random.Random(1)
    first = ("Ann", "Bo", "Cy", "Di")
    columns = {
        "Phone (Billing)": lambda: rng.randrange(2 * 10**9, 9 * 10**9),
        "primary_contact_primary_phone": lambda: (
            f"({rng.randrange(200, 999)}) 555-{rng.randrange(1000, 9999)}"
        ),
        "SMS": lambda: rng.randrange(10**10, 10**11),
        "First Name (Billing)": lambda: rng.choice(first),
        "What is your full name?": lambda: f"{rng.choice(first)} Berg",
        "Kişi": lambda: f"{rng.choice(first)} Kaya",
        "Phone calls": lambda: rng.randrange(9),
        "Phone type": lambda: rng.choice(("iPhone 12", "Android", "none at all")),
        "Revenue by telephone": lambda: rng.randrange(100, 90_000),
        "First name known": lambda: rng.choice(("yes", "no")),
        "SMS opt-in": lambda: rng.choice(("yes", "no")),
    }
    rows = [[f"L{n}", ("won", "lost")[n % 2], *(make() for make in columns.values())] for n in range(200)]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["id", "status", *columns], rows)))
    assert set(found.leads[0].fields) | {"Phone type"} == {
        "Phone calls", "Phone type", "Revenue by telephone", "First name known", "SMS opt-in"
    }  # fmt: skip


def test_a_number_of_a_place_is_no_id(tmp_path: Path) -> None:
    rows = [[f"{10_000 + 7 * n}", ("Vunnen", "Förlorad")[n % 2], DAY + timedelta(n)] for n in range(60)]  # fmt: skip
    for name in ("Postnummer", "Postnr", "Husnummer"):
        found = read(
            put(tmp_path / name / "e.csv", table([name, "Status", "Skapad"], rows)),
        )
        assert f"id={name}" not in found.told("columns") and found.told("no-id")


def test_deals_of_turkish_users(tmp_path: Path) -> None:
    header = ["ID", "Anlaşma adı", "Aşama", "Oluşturuldu", "Değiştirildi", "Kaynak"]
    ends = ("Anlaşma kazanıldı", "Anlaşma kaybedildi", "Teklif")
    rows = [[n + 7, f"Anlaşma {n}", ends[n % 3], "01.02.2025 10:00:00", "09.03.2025 10:00:00", "Fuar"] for n in range(60)]  # fmt: skip
    found = read(put(tmp_path / "DEAL.csv", table(header, rows, ";")))
    assert found.labels[:3] == ["won", "lost", ""]
    assert found.leads[0].fields == {"Kaynak": "Fuar"} and found.leads[0].at is not None


def test_first_names_of_a_joined_table_of_persons_are_names(tmp_path: Path) -> None:
    people = [[f"{n + 501}", f"a{n}@f{n}.es", ("Ana", "Luis", "Eva")[n % 3], f"Gil{n}", n % 7] for n in range(60)]  # fmt: skip
    deals = [[f"D{n}", f"a{n}@f{n}.es", ("Ganado", "Perdido")[n % 2], DAY + timedelta(n)] for n in range(60)]  # fmt: skip
    put(tmp_path / "people.csv", table(["ID de contacto", "Correo", "Nombre", "Apellidos", "Visitas"], people))  # fmt: skip
    put(tmp_path / "deals.csv", table(["ID", "Contacto (correo)", "Estado", "Fecha de creación"], deals))  # fmt: skip
    found = read(tmp_path)
    assert {name for lead in found.leads for name in lead.fields} == {
        "Contacto (correo) (kind of mailbox)", "people.Visitas"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["Atualizado em", "Ora modifica", "Senast ändrad", "Ændret", "date_updated", "Actualizado el"])  # fmt: skip
def test_a_lead_that_was_opened_again_is_open_in_any_language_of_its_last_change(
    tmp_path: Path, name: str
) -> None:
    header = ["Deal ID", "created", "status", name]
    first = [[f"D{n}", DAY + timedelta(n), ("Won", "Lost")[n % 2], DAY + timedelta(n + 20)] for n in range(40)]  # fmt: skip
    again = [[f"D{n}", DAY + timedelta(n), "Open", DAY + timedelta(n + 60)] for n in range(10)]
    found = read(put(tmp_path / "e.csv", table(header, [*again, *first])))
    assert len(found.leads) == 40 and f"changed_at={name}" in found.told("columns")
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [15, 15, 10]


def test_ranges_that_a_spreadsheet_took_for_dates_are_told(tmp_path: Path) -> None:
    sizes = ("10-Jan", "Nov-50", "51-200", "200+")
    rows = [[f"L{n}", ("won", "lost")[n % 2], sizes[n % 4], ("Jan-24", "May")[n % 2]] for n in range(40)]  # fmt: skip
    header = ["id", "status", "Company size", "note"]
    (told,) = [
        one
        for one in read(put(tmp_path / "e.csv", table(header, rows))).findings
        if one.check == "ranges-as-dates"
    ]
    assert told.evidence == ("Company size: 10-Jan, Nov-50",)


def test_ids_that_a_program_wrote_as_fractions_are_those_of_the_next_export(tmp_path: Path) -> None:
    def rows(end: str) -> list[list[str]]:
        return [[f"{7000 + 3 * n}{end}", ("won", "lost")[n % 2], "web"] for n in range(30)]

    header = ["Lead ID", "status", "source"]
    first = read(put(tmp_path / "a.csv", table(header, rows(".0"))))
    later = read(put(tmp_path / "b.csv", table(header, rows(""))))
    assert [one.id for one in first.leads] == [one.id for one in later.leads]
    assert [one.key for one in first.samples] == [one.key for one in later.samples] != [""] * 30
