"""Tables that have e-mail addresses in common, by columns that are called this or that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.lead_scoring.reading.lead_files import put, read, table


def enquiries(folder: Path, persons: Sequence[int], *, header: str, seller: bool = False) -> None:
    """An enquiry a day from each person, all of them with the same seller's address beside it."""
    rows = [
        [
            f"ann{who}@firm{who}.example",
            f"2025-01-{1 + n % 28:02}",
            f"page{n % 3}",
            "bob@us.example",
        ]
        for n, who in enumerate(persons)
    ]
    width = 4 if seller else 3
    names = [header, "created_at", "page", "Betreut von"][:width]
    put(folder / "leads.csv", table(names, [row[:width] for row in rows]))


def orders(folder: Path, persons: Sequence[int]) -> None:
    rows = [[f"O{who}", f" ANN{who}@firm{who}.example", "2025-03-01", "bob@us.example"] for who in persons]  # fmt: skip
    put(folder / "orders.csv", table(["order", "Kunde E-Mail", "Auftragsdatum", "Seller"], rows))


def test_orders_find_their_leads_by_an_address_whatever_its_column_is_called(
    tmp_path: Path,
) -> None:
    enquiries(tmp_path, range(100), header="E-Mail-Adresse")
    orders(tmp_path, range(0, 100, 5))
    found = read(tmp_path)
    assert "Kunde E-Mail = E-Mail-Adresse: 20 of 100 leads" in found.told("sales")
    assert found.labels.count("won") == 20
    assert not found.told("table-unrelated")


def test_an_address_that_all_share_joins_nothing(tmp_path: Path) -> None:
    """Each person asks three times, all talk to the same seller, and the orders are of others."""
    enquiries(tmp_path, [n % 40 for n in range(120)], header="Wer", seller=True)
    orders(tmp_path, [200 + n // 2 for n in range(20)])
    assert not read(tmp_path).told("sales")


def test_who_asks_several_times_is_found_by_a_form_of_any_name_filled_in_several_times(
    tmp_path: Path,
) -> None:
    enquiries(tmp_path, [n % 40 for n in range(120)], header="Contact e-mail", seller=True)
    rows = [[f"Ann{n % 30}@firm{n % 30}.example", "2025-01-02", "demo"] for n in range(90)]
    put(tmp_path / "forms.csv", table(["Address of the sender", "Conversion Date", "form"], rows))
    firms = [[f"www.firm{n}.example", n % 7] for n in range(40)]
    put(tmp_path / "firms.csv", table(["Domainname des Unternehmens", "size"], firms))
    found = read(tmp_path)
    assert not found.told("table-unrelated")
    assert found.leads[-1].fields["forms: count"] == 0.0
    assert found.leads[1].fields["firms.size"] == 1.0


def test_what_stands_behind_a_plus_names_no_other_mailbox(tmp_path: Path) -> None:
    enquiries(tmp_path, range(100), header="E-Mail")
    rows = [[f" Ann{who}+news@Firm{who}.example", who % 5] for who in range(100)]
    put(tmp_path / "campaign.csv", table(["Email Address", "rating"], rows))
    found = read(tmp_path)
    assert "100 of 100 leads found a row" in found.told("joined")
    assert found.leads[7].fields["campaign.rating"] == 2.0


def test_ids_that_differ_by_the_place_of_a_sign_are_different_ones(tmp_path: Path) -> None:
    ids = ["1-23", "12-3", *(f"{n}-7" for n in range(20, 218))]
    leads = [[one, f"2025-01-{1 + n % 28:02}", "web"] for n, one in enumerate(ids)]
    put(tmp_path / "leads.csv", table(["Lead ID", "Created", "Source"], leads))
    ends = [[one, ("Won", "Lost")[n % 2]] for n, one in enumerate(ids)]
    put(tmp_path / "results.csv", table(["Lead ID", "Result"], ends[::-1]))
    found = read(tmp_path)
    told = dict(zip((lead.id for lead in found.leads), found.labels))
    assert told == {one: end.lower() for one, end in ends}


def test_ids_that_two_programs_write_with_other_signs_are_the_same(tmp_path: Path) -> None:
    ids = [f"{n}-7" for n in range(20, 220)]
    leads = [[one, "2025-01-07", "web"] for one in [*ids, "1-23", "12-3"]]
    put(tmp_path / "leads.csv", table(["Lead ID", "Created", "Source"], leads))
    ends = [[one.replace("-", "/"), ("Won", "Lost")[n % 2]] for n, one in enumerate(ids)]
    put(tmp_path / "results.csv", table(["Lead ID", "Result"], ends))
    found = read(tmp_path)
    assert found.told("outcomes-joined") and found.labels.count("won") == 100
