"""Sales beside leads: by which sale a lead is won, and which are none of this lead."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import Read, put, read, table

DAY = date(2024, 3, 1)


def orders(folder: Path, sold: list[list[object]], dated: str = "Ordredato") -> Read:
    """Sixty contacts, one a day, with these orders."""
    contacts = [[f"K{n}", f"a{n}@f{n}.dk", DAY + timedelta(n), "web"] for n in range(60)]
    put(folder / "kontakter.csv", table(["Kontakt-ID", "E-mail", "Oprettet", "Kilde"], contacts))
    header = ["Ordrenummer", "Kundens e-mail", dated, "Status"]
    rows = [[100 + n, *row] for n, row in enumerate(sold)]
    put(folder / "ordrer.csv", table(header, rows))
    return read(folder)


def sale(n: int, days: int, status: str = "Gennemført") -> list[object]:
    """An order of contact `n`, so many days after it came."""
    return [f"A{n}@F{n}.dk", DAY + timedelta(n + days), status]


def won(found: Read) -> list[str]:
    cells = zip(found.leads, found.labels)
    return [lead.id for lead, label in cells if label == "won"]


def test_what_was_bought_before_a_lead_came_wins_it_not(tmp_path: Path) -> None:
    since = [sale(n, 10) for n in range(20)]
    # the first of these bought again, the others are customers who asked for something else
    before = [sale(n, -50) for n in (0, 20, 21, 22)]
    found = orders(tmp_path, [*before, *since])
    told = found.told("sales")
    assert "20 of 60 leads have a row and count as won, at Ordredato" in told
    assert "3 bought before they came and not since" in told
    assert not {"K20", "K21", "K22"} & set(won(found))


def test_dates_that_lie_before_most_leads_are_none_of_sales(tmp_path: Path) -> None:
    found = orders(tmp_path, [sale(n, -50) for n in range(20)], "Kunde siden")
    assert "20 of 60 leads have a row and count as won" in found.told("sales")
    assert "before they came" not in found.told("sales")


def test_orders_that_were_called_off_are_no_sales(tmp_path: Path) -> None:
    done = [sale(n, 10) for n in range(20)]
    off = [sale(30, 5, "wc-cancelled"), sale(31, 5, "Rückerstattet"), sale(1, 2, "Annulleret")]
    found = orders(tmp_path, [*done, *off])
    told = found.told("sales")
    assert "20 of 60 leads have a row" in told and "3 rows were called off" in told
    assert not {"K30", "K31"} & set(won(found))


def paid(folder: Path, name: str, words: tuple[str, str], *, of: int = 60) -> Read:
    """Sixty leads; of the first `of` each third paid, and one in ten was called off."""
    leads = [[f"L{n}", f"a{n}@f{n}.eu", DAY + timedelta(n), "web"] for n in range(60)]
    put(folder / "leads.csv", table(["lead_id", "email", "created_at", "source"], leads))
    rows: list[list[object]] = []
    for n in range(of):
        mail, day = f"a{n}@f{n}.eu", DAY + timedelta(n + 5)
        rows += [[f"ch{n}", mail, day, words[0]], [f"ci{n}", mail, day, words[0]]] * (n % 3 == 0)
        rows += [[f"cx{n}", mail, day, words[1]]] * (n % 10 == 1)
    put(folder / name, table(["id", "Customer Email", "Created (UTC)", "Status"], rows))
    return read(folder)


@pytest.mark.parametrize("name", ["orders.csv", "unified_payments.csv", "Zahlungen.csv"])
def test_states_of_orders_are_no_outcomes_of_leads(tmp_path: Path, name: str) -> None:
    found = paid(tmp_path, name, ("Paid", "Failed"))
    assert len(found.leads) == 60, "each lead, not each order"
    told = found.told("sales")
    assert "20 of 60 leads have a row and count as won" in told and "6 rows were called off" in told
    assert set(won(found)) <= {f"L{n}" for n in range(0, 60, 3)}


def test_a_table_that_says_won_and_lost_is_none_of_sales_whatever_its_name(tmp_path: Path) -> None:
    found = paid(tmp_path, "sales.csv", ("Won", "Lost"))
    assert not found.told("sales") and {"won", "lost"} <= set(found.labels)


def outcomes(folder: Path, header: list[str], rows: list[list[object]], **stated: object) -> Read:
    """Sixty requests with what is known of them, and a list of what became of the first fifty."""
    asked = [[f"R{n}", f"a{n}@f{n}.nl", DAY + timedelta(n), "web", n % 7] for n in range(60)]
    names = ["Aanvraagnummer", "E-mailadres", "Datum aanvraag", "Kanaal", "Bezoeken"]
    put(folder / "aanvragen.csv", table(names, asked))
    put(folder / "uitkomsten.csv", table(header, rows))
    return read(folder, stated or None)


def decided(n: int) -> list[object]:
    return [f"A{n}@f{n}.nl", ("Gewonnen", "Verloren")[n % 2], DAY + timedelta(n + 30)]


def test_a_list_of_outcomes_belongs_to_the_leads_beside_it(tmp_path: Path) -> None:
    header = ["Klantmail", "Uitkomst", "Datum besluit"]
    found = outcomes(tmp_path / "a", header, [decided(n) for n in range(50)])
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [25, 25, 10]
    assert "decided_at=Datum aanvraag" in found.told("columns") and found.leads[0].id == "R0"
    assert found.leads[0].fields["Bezoeken"] == 0.0
    assert "joined by Klantmail = E-mailadres: 50 of 60 have a row" in found.told("outcomes-joined")
    stated = {"source": {"tables": [{"file": "uitkomsten.csv", "role": "leads"}]}}
    assert len(outcomes(tmp_path / "b", header, [decided(n) for n in range(50)], **stated).leads) == 50  # fmt: skip


def test_a_table_of_deals_with_columns_of_its_own_stays_that_of_the_leads(tmp_path: Path) -> None:
    header = ["Klantmail", "Uitkomst", "Datum besluit", "Bedrag"]
    found = outcomes(tmp_path, header, [[*decided(n), 100 + n] for n in range(50)])
    assert len(found.leads) == 50 and not found.told("outcomes-joined")


def test_a_credit_note_takes_its_invoice_back(tmp_path: Path) -> None:
    contacts = [[f"K{n}", f"a{n}@f{n}.nl", DAY + timedelta(n), "web"] for n in range(60)]
    put(tmp_path / "aanvragen.csv", table(["Nr", "E-mail", "Aangemaakt op", "Bron"], contacts))
    bills = [[f"F{n}", f"a{n}@f{n}.nl", DAY + timedelta(n + 9), f"{100 + n},50"] for n in range(24)]
    notes = [
        [f"C{n}", f"a{n}@f{n}.nl", DAY + timedelta(n + 20), f"-{100 + n},50"] for n in range(4)
    ]
    # of this one a part alone was given back
    notes.append(["C9", "a9@f9.nl", DAY + timedelta(40), "-5,00"])
    header = ["Nummer", "E-mail klant", "Factuurdatum", "Bedrag"]
    put(tmp_path / "facturen.csv", table(header, [*bills, *notes], ";"))
    found = read(tmp_path)
    assert "20 of 60 leads have a row" in found.told("sales")
    assert "9 rows were called off" in found.told("sales")
    assert not {f"K{n}" for n in range(4)} & set(won(found)) and "K9" in won(found)


def test_orders_of_a_shop_with_a_row_for_each_article(tmp_path: Path) -> None:
    contacts = [[f"K{n}", f"a{n}@f{n}.eu", DAY + timedelta(n), "web"] for n in range(60)]
    put(tmp_path / "requests.csv", table(["Lead ID", "Email", "Created at", "Source"], contacts))
    header = ["Name", "Email", "Financial Status", "Paid at", "Created at", "Lineitem name", "Cancelled at", "Source"]  # fmt: skip

    def order(n: int, days: int, status: str, ended: object = "") -> list[list[object]]:
        """An order of two articles: the shop tells in the first row alone what became of it."""
        at = f"{DAY + timedelta(n + days)} 10:00:00 +0200"
        first = [f"#{n}", f"a{n}@f{n}.eu", status, at if status == "paid" else "", at, "Widget", ended, "web"]  # fmt: skip
        return [first, [f"#{n}", f"a{n}@f{n}.eu", "", "", at, "Gadget", "", ""]]

    sold = [order(n, 10, "paid") for n in range(20)]
    off = [order(30, 5, "voided"), order(31, 5, "expired"), order(32, 5, "paid", DAY + timedelta(40))]  # fmt: skip
    before = [order(n, -50, "paid") for n in (40, 41)]
    rows = [row for one in (*before, *sold, *off) for row in one]
    put(tmp_path / "orders_export.csv", table(header, rows))
    found = read(tmp_path)
    told = found.told("sales")
    assert "20 of 60 leads have a row and count as won, at Created at" in told
    assert "6 rows were called off" in told and "2 bought before they came" in told
    assert sorted(won(found)) == sorted(f"K{n}" for n in range(20))


def test_a_list_of_customers_is_joined_by_their_first_purchase(tmp_path: Path) -> None:
    contacts = [[f"K{n}", f"a{n}@f{n}.pl", DAY + timedelta(n), "web"] for n in range(60)]
    put(tmp_path / "leads.csv", table(["ID leada", "E-mail", "Created at", "Source"], contacts))
    rows = [[n, f"a{n}@f{n}.pl", DAY + timedelta(n + (9 if n < 20 else -90)), DAY + timedelta(200), 3] for n in range(24)]  # fmt: skip
    header = ["Nr", "E-mail", "Pierwszy zakup", "Ostatni zakup", "Sztuk"]
    put(tmp_path / "klienci.csv", table(header, rows))
    found = read(tmp_path)
    assert "20 of 60 leads have a row and count as won, at Pierwszy zakup" in found.told("sales")
    assert "4 bought before they came" in found.told("sales") and found.leads[3].id == "K3"
    header[2] = "Pakiet od"
    put(tmp_path / "klienci.csv", table(header, rows))
    [told] = [one for one in read(tmp_path).findings if one.check == "sales"]
    assert "24 of 60 leads have a row and count as won, whenever that was" in told.text
    assert "at, with the column of the date" in told.fix
