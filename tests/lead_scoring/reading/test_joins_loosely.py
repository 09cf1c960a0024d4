"""Tables that have nothing in common to the letter: ids without their zeros or with a mark, phone numbers written another way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import pytest

from tests.lead_scoring.reading.lead_files import Read, put, read, table

DAY = date(2025, 1, 7)


def joined(
    folder: Path, names: tuple[str, str], cells: Callable[[int], str], others: Callable[[int], str]
) -> Read:
    """Ninety leads, and what became of all but each third."""
    leads = [[cells(n), DAY + timedelta(n), "web"] for n in range(90)]
    put(folder / "leads.csv", table([names[0], "Created", "Source"], leads))
    ends = [[others(n), ("Won", "Lost")[n % 3]] for n in range(90) if n % 3 < 2]
    put(folder / "results.csv", table([names[1], "Result"], ends[::-1]))
    return read(folder)


def right(found: Read) -> bool:
    return found.labels == [("won", "lost", "")[n % 3] for n in range(90)]


def test_ids_that_a_spreadsheet_took_the_zeros_from_find_their_leads(tmp_path: Path) -> None:
    found = joined(tmp_path, ("Lead No", "Lead No"), lambda n: f"{13 * n + 7:06}", lambda n: f"{13 * n + 7}")  # fmt: skip
    assert right(found)
    assert "Lead No (numbers without zeros or marks before them)" in found.told("outcomes-joined")


def test_ids_of_meta_find_those_without_its_mark(tmp_path: Path) -> None:
    found = joined(tmp_path, ("id", "lead_id"), lambda n: f"l:{10**14 + 17 * n}", lambda n: f"{10**14 + 17 * n}")  # fmt: skip
    assert right(found)


def test_short_numbers_of_other_things_are_none_of_leads(tmp_path: Path) -> None:
    found = joined(tmp_path, ("Lead No", "Product No"), lambda n: f"{n + 7:04}", lambda n: f"{n + 7}")  # fmt: skip
    assert found.told("table-unrelated") and not found.told("outcomes-joined")


@pytest.mark.parametrize(
    ("form", "other"),
    [
        ("p:+48601{:06}", "601-{:06}"),
        ("+45 20 {:06}", "20{:06}"),
        ("0049 151 {:07}", "(0151) {:07}"),
        ("'+1 555 {:07}", "1-555-{:07}"),
    ],
)
def test_phone_numbers_find_their_leads_however_they_are_written(
    tmp_path: Path, form: str, other: str
) -> None:
    found = joined(tmp_path, ("phone_number", "telefon"), lambda n: form.format(7919 * n + 1), lambda n: other.format(7919 * n + 1))  # fmt: skip
    assert right(found)
    assert "(by the last digits of phone numbers)" in found.told("outcomes-joined")


def test_a_phone_number_that_may_be_of_two_is_of_none(tmp_path: Path) -> None:
    def written(n: int) -> str:
        area = "501" if n == 1 else "601"
        return f"+48 {area} {7919 * max(n, 1):07}"

    found = joined(tmp_path, ("Phone", "Telefon"), written, lambda n: written(n).replace(" ", "")[3:])  # fmt: skip
    assert found.labels[:2] == ["", ""], "the same last digits after two areas"
    assert found.labels[2:] == [("won", "lost", "")[n % 3] for n in range(2, 90)]
    assert "1 are of several numbers and find nobody" in found.told("outcomes-joined")


@pytest.mark.parametrize("times", [1, 2])
def test_leads_without_an_address_have_no_part_in_outcomes_without_one(
    tmp_path: Path, times: int
) -> None:
    def mail(n: int) -> str:
        return f"a{n}@f{n}.eu" if n > 2 else ""

    leads = [[mail(n), DAY + timedelta(n), "web", n % 7] for n in range(90)]
    put(tmp_path / "leads.csv", table(["email", "Created", "Source", "Visits"], leads))
    ends = [[mail(n), ("Won", "Lost")[n % 2], DAY + timedelta(n + 9)] for n in range(2, 90)]
    put(tmp_path / "calls.csv", table(["email", "Result", "Date"], ends * times))
    found = read(tmp_path)
    assert found.told("outcomes-joined") and found.labels[:5] == ["", "", "", "lost", "won"]


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("Vorgang-Nr", "Bezug"), "V-25-{:05}"),  # by codes: the names say nothing
        (("Vorgangsnummer", "Vorgang"), "{:06}"),  # by names: numbers alone may be of anything
        (("Vorgang-Nr", "Vorgang"), "{:06}"),
    ],
)
def test_what_happened_finds_its_lead_by_names_of_no_known_crm(
    tmp_path: Path, names: tuple[str, str], code: str
) -> None:
    leads = [
        [code.format(7919 * n + 1), DAY + timedelta(n), "web", ("Won", "Lost")[n % 3 == 0]]
        for n in range(90)
    ]
    put(tmp_path / "leads.csv", table([names[0], "Created", "Source", "Status"], leads))
    calls = [
        [code.format(7919 * n + 1), DAY + timedelta(n - days), "call"]
        for n in range(90)
        for days in (1, 2, 3)
    ]
    put(tmp_path / "calls.csv", table([names[1], "Date", "Kind"], calls))
    found = read(tmp_path)
    assert {lead.fields["calls: count"] for lead in found.leads} == {3}


def test_numbers_by_other_names_and_codes_that_come_again_find_nobody(tmp_path: Path) -> None:
    """`7920` of a ticket may be anything, and a product's code is of many leads."""
    leads = [
        [7919 * n + 1, DAY + timedelta(n), f"GTX-10{n % 7}", ("Won", "Lost")[n % 3 == 0]]
        for n in range(90)
    ]
    put(tmp_path / "leads.csv", table(["Vorgang-Nr", "Created", "Product", "Status"], leads))
    others = [[7919 * n + 1, f"GTX-10{n % 7}", DAY + timedelta(n)] for n in range(90)]
    put(tmp_path / "stock.csv", table(["Position", "Ware", "Date"], others))
    assert read(tmp_path).told("table-unrelated")


def guid(kind: str, number: int) -> str:
    return str(uuid5(NAMESPACE_OID, f"{kind} {number}"))


def with_accounts(folder: Path, of: str, name: Callable[[int], str]) -> Read:
    """Leads of seven accounts, and these. `name`: of the account with a number, as the leads say it in the column `of`."""
    header = ["leadid", "createdon", of, "leadsourcecode", "statecode"]
    leads = [
        [guid("lead", n), DAY + timedelta(n), name(n % 7), "web", 1 + (n % 3 == 0)]
        for n in range(90)
    ]
    put(folder / "leads.csv", table(header, leads))
    rows = [[guid("account", n), f"Firm {n} GmbH", f"Town {n}"] for n in range(7)]
    put(folder / "accounts.csv", table(["accountid", "Account Name", "City"], rows))
    return read(folder)


@pytest.mark.parametrize("of", ["parentaccountid", "_parentaccountid_value", "Firmen-GUID"])
def test_a_firm_is_found_by_a_number_that_nothing_else_has(tmp_path: Path, of: str) -> None:
    found = with_accounts(tmp_path, of, lambda n: guid("account", n).upper())
    assert f"joined by accountid = {of}: 90 of 90" in found.told("joined")
    assert found.column("accounts.City")[:2] == ["Town 0", "Town 1"]


@pytest.mark.parametrize("of", ["Parent Account for lead", "Existing account of the lead"])
def test_a_firm_is_found_by_its_name_within_a_longer_title(tmp_path: Path, of: str) -> None:
    found = with_accounts(tmp_path, of, "Firm {} GmbH".format)
    assert f"joined by Account Name = {of}: 90 of 90" in found.told("joined")


@pytest.mark.parametrize(
    ("of", "kind"),
    [("createdby", "account"), ("_modifiedby_value", "account"), ("parentaccountid", "another")],
)
def test_numbers_of_who_wrote_a_lead_or_of_other_things_join_nothing(
    tmp_path: Path, of: str, kind: str
) -> None:
    found = with_accounts(tmp_path, of, lambda n: guid(kind, n))
    assert found.told("table-unrelated") and not found.told("joined")


@pytest.mark.parametrize("firm", ["parentcustomerid", "accountid"])
def test_a_number_of_the_rows_goes_before_one_of_what_they_belong_to(
    tmp_path: Path, firm: str
) -> None:
    """A lead's own contact, and not the one that its account happens to have."""
    header = ["leadid", "createdon", "parentaccountid", "parentcontactid", "statecode"]
    leads = [
        [guid("lead", n), DAY + timedelta(n), guid("account", n % 7), guid("contact", n % 6) if n % 3 else "", 1 + (n % 3 == 0)]
        for n in range(90)
    ]  # fmt: skip
    put(tmp_path / "leads.csv", table(header, leads))
    rows = [[guid("contact", n), guid("account", n), f"Town {n}"] for n in range(7)]
    put(tmp_path / "contacts.csv", table(["contactid", firm, "City"], rows))
    assert "joined by contactid = parentcontactid: 60 of 90" in read(tmp_path).told("joined")


@pytest.mark.parametrize("of", ["Account Manager", "Account for billing"])
def test_names_of_others_within_a_longer_title_join_nothing(tmp_path: Path, of: str) -> None:
    found = with_accounts(tmp_path, of, "Person {}".format)
    assert found.told("table-unrelated") and not found.told("joined")


def test_many_rows_of_a_number_are_not_what_happened_to_a_lead(tmp_path: Path) -> None:
    """All visits to an account are not those of each of its leads."""
    with_accounts(tmp_path, "parentaccountid", lambda n: guid("account", n))
    (tmp_path / "accounts.csv").unlink()
    visits = [[guid("account", n % 7), DAY + timedelta(n), "visit"] for n in range(40)]
    put(tmp_path / "visits.csv", table(["regarding", "Date", "Kind"], visits))
    assert read(tmp_path).told("table-unrelated")
