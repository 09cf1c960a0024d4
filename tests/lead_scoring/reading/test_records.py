"""Exports of a CRM's different records in one folder: deals, firms, persons. Each numbers its own rows from one on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, source, table

DEALS = 60


def pipedrive(folder: Path) -> None:
    """Deals that name their firm and person; firm 1 is not deal 1."""
    firms = [[n + 1, f"Firm {n}", f"town{n % 3}", n % 4] for n in range(30)]
    names = ["Organization - ID", "Organization - Name", "Organization - City"]
    put(folder / "organizations.csv", table([*names, "Organization - Won deals"], firms))
    people = [[n + 1, f"Ann {n}", f"Firm {n % 30}", f"job{n % 5}"] for n in range(90)]
    names = ["Person - ID", "Person - Name", "Person - Organization", "Person - Job title"]
    put(folder / "people.csv", table(names, people))
    deals = [
        [n + 1, f"Deal {n}", "Won" if n % 3 else "Lost", f"Firm {29 - n % 30}", f"Ann {89 - n}", "2025-02-01 10:00"]
        for n in range(DEALS)
    ]  # fmt: skip
    names = ["ID", "Title", "Status", "Organization", "Contact person", "Deal created"]
    put(folder / "deals.csv", table([f"Deal - {name}" for name in names], deals))


def test_deals_find_their_firm_and_person_by_name_and_not_by_equal_numbers(tmp_path: Path) -> None:
    pipedrive(tmp_path)
    found = read(tmp_path)
    told = found.told("joined")
    assert "organizations.csv joined by Organization - Name = Deal - Organization: 60 of 60" in told
    assert "people.csv joined by Person - Name = Deal - Contact person: 60 of 60" in told
    assert found.column("organizations.Organization - City")[:3] == ["town2", "town1", "town0"]
    assert found.column("people.Person - Job title")[:2] == ["job4", "job3"]
    # how many deals a firm has won today says what became of this one
    assert not any("Won deals" in name for name in found.leads[0].fields)


def test_in_one_table_columns_of_the_firm_keep_their_names_and_its_won_deals_tell_nothing(
    tmp_path: Path,
) -> None:
    names = ["ID", "Title", "Status", "Value", "Deal created"]
    beside = ["Organization - Industry", "Organization - Won deals", "Organization - ID", "Person - Label", "Person - Last activity date", "Organization - Update time"]  # fmt: skip
    rows = [
        [n + 1, f"Deal {n}", "Won" if n % 3 else "Lost", 100 + n, "2025-02-01 10:00", f"trade{n % 3}", n % 4, n % 9, f"tag{n % 2}", "2025-03-01", f"2025-0{6 if n % 3 else 4}-01 10:00"]
        for n in range(DEALS)
    ]  # fmt: skip
    put(tmp_path / "deals.csv", table([*(f"Deal - {name}" for name in names), *beside], rows))
    fields = read(tmp_path).leads[0].fields
    assert fields["Value"] == 100
    assert {"Organization - Industry", "Person - Label"} <= fields.keys()
    late = ("Won deals", "Last activity date", "Update time")
    assert not [name for name in fields if name.endswith(late)]


def test_a_report_of_deals_may_have_what_hubspot_counts_of_their_company(tmp_path: Path) -> None:
    names = [
        "Record ID",
        "Deal Name",
        "Deal Stage",
        "Deal owner",
        "Create Date",
        "Amount",
        "Industry",
    ]
    later = ["Number of Associated Deals", "Total Revenue", "Lifecycle Stage"]
    rows = [
        [n + 1, f"Deal {n}", "Closed won" if n % 3 else "Closed lost", "Ann", "2025-02-01 10:00", 100 + n, f"trade{n % 3}", n % 4, n % 7, "Customer" if n % 5 else "Lead"]
        for n in range(DEALS)
    ]  # fmt: skip
    put(tmp_path / "deals.csv", table([*names, *later], rows))
    fields = read(tmp_path).leads[0].fields
    assert {"Amount", "Industry"} <= fields.keys()
    assert not {*later} & fields.keys()


def test_a_number_of_the_firm_goes_before_the_firm_with_the_deals_own_number(
    tmp_path: Path,
) -> None:
    deals = [
        {"id": n + 1, "org_id": 40 - n, "status": "won" if n % 3 else "lost", "add_time": "2025-02-01 10:00:00"}
        for n in range(40)
    ]  # fmt: skip
    put(tmp_path / "deals.json", {"data": deals})
    firms = [{"id": n + 1, "town": f"town{n}"} for n in range(40)]
    put(tmp_path / "organizations.json", {"data": firms})
    assert read(tmp_path).column("organizations.town")[:2] == ["town39", "town38"]


@pytest.mark.parametrize("key", ["", "id"])
def test_equal_numbers_of_deals_and_firms_alone_join_nothing_unless_stated(
    tmp_path: Path, key: str
) -> None:
    deals = [[n + 1, "2025-02-01", "Won" if n % 3 else "Lost"] for n in range(40)]
    put(tmp_path / "deals.csv", table(["id", "created_at", "status"], deals))
    put(tmp_path / "companies.csv", table(["id", "town"], [[n + 1, f"t{n}"] for n in range(40)]))
    tables = [{"file": "companies.csv", "role": "accounts", "key": key, "of": key}] if key else []
    found = read(tmp_path, source(tables=tables))
    assert ("companies.csv was passed over" in found.told("table-unrelated")) == (not key)
    assert ("companies.town" in found.leads[0].fields) == bool(key)


# -- several contacts of a deal -------------------------------------------------------------------

CONTACTS = ["Record ID", "Job", "Create Date", "Primary contact"]


def contacts(folder: Path, *, dated: bool = True, marked: bool = False) -> None:
    """Contact 500 + n came in month 1, 600 + n in month 3, 700 + n in month 12; the second is the primary one."""
    rows = [
        [start + n, job, f"2024-{month}-05", "yes" if marked and start == 600 else "no"]
        for start, month, job in ((700, 12, "late"), (600, "03", "buyer"), (500, "01", "engineer"))
        for n in range(20)
    ]
    kept = [0, 1, *([2] if dated else []), *([3] if marked else [])]
    header = [CONTACTS[n] for n in kept]
    put(folder / "contacts.csv", table(header, [[row[n] for n in kept] for row in rows]))


def deals_with_contacts(folder: Path) -> None:
    rows = [
        [900 + n, "2024-06-01", f"{700 + n};{600 + n};{500 + n}" if n else "701", "Won" if n % 3 else "Lost"]
        for n in range(20)
    ]  # fmt: skip
    names = ["Deal ID", "Create Date", "Associated Contact IDs", "Stage"]
    put(folder / "deals.csv", table(names, rows))


def test_of_several_contacts_the_one_that_came_first_counts_and_how_many_there_were(
    tmp_path: Path,
) -> None:
    contacts(tmp_path)
    deals_with_contacts(tmp_path)
    found = read(tmp_path)
    assert found.column("contacts.Job")[1:3] == ["engineer", "engineer"]
    # the third came after the deal, and of the first deal only such a one is known
    assert found.column("contacts: count")[:3] == [0.0, 2.0, 2.0]
    assert found.column("contacts.Job")[0] is None
    told = found.told("joined")
    assert "19 leads have several: of these the one counts that came first" in told
    assert "contacts: count is how many had come at the decision" in told


def test_the_contact_that_is_marked_as_the_primary_one_counts(tmp_path: Path) -> None:
    contacts(tmp_path, marked=True)
    deals_with_contacts(tmp_path)
    found = read(tmp_path)
    assert found.column("contacts.Job")[1:3] == ["buyer", "buyer"]
    assert "is marked by Primary contact or came first" in found.told("joined")


def test_of_contacts_without_a_time_the_one_that_stands_first_counts_and_none_is_counted(
    tmp_path: Path,
) -> None:
    contacts(tmp_path, dated=False)
    deals_with_contacts(tmp_path)
    found = read(tmp_path)
    assert found.column("contacts.Job")[1:3] == ["late", "late"]
    assert "contacts: count" not in found.leads[1].fields
    assert "nothing tells when they came" in found.told("joined")


def test_contacts_may_name_their_deals(tmp_path: Path) -> None:
    rows = [
        [start + n, job, day, f"{900 + n};{900 + (n + 1) % 20}"]
        for start, day, job in ((500, "2024-03-05", "buyer"), (600, "2024-01-05", "engineer"))
        for n in range(20)
    ]
    header = ["Contact ID", "Job", "Create Date", "Associated Deal IDs"]
    put(tmp_path / "contacts.csv", table(header, rows))
    deals = [[900 + n, "2024-06-01", "Won" if n % 3 else "Lost"] for n in range(20)]
    put(tmp_path / "deals.csv", table(["Deal ID", "Create Date", "Stage"], deals))
    found = read(tmp_path)
    assert found.column("contacts.Job") == ["engineer"] * 20
    assert found.column("contacts: count") == [4.0] * 20


def test_an_event_of_two_contacts_of_a_deal_happened_once(tmp_path: Path) -> None:
    deals_with_contacts(tmp_path)
    visits = [[f"{500 + n};{600 + n}", "2024-05-01 10:00", "visit"] for n in range(20)]
    header = ["Contact IDs", "timestamp", "type"]
    put(tmp_path / "visits.csv", table(header, visits * 2))
    assert read(tmp_path).column("visits: count")[:3] == [0.0, 2.0, 2.0]


def test_the_primary_contact_role_of_an_opportunity_counts(tmp_path: Path) -> None:
    deals = [[f"006{n:03}", "2024-06-01", "Won" if n % 3 else "Lost"] for n in range(20)]
    put(tmp_path / "opportunities.csv", table(["OpportunityId", "CreatedDate", "Stage"], deals))
    roles = [
        [f"006{n:03}", f"003{n:03}{who}", role, "true" if role == "Decider" else "false"]
        for n in range(20)
        for who, role in (("a", "User"), ("b", "Decider"))
    ]
    header = ["OpportunityId", "ContactId", "Role", "IsPrimary"]
    put(tmp_path / "roles.csv", table(header, roles))
    people = [[f"003{n:03}{who}", f"title {who}"] for n in range(20) for who in "ab"]
    put(tmp_path / "people.csv", table(["ContactId", "Title"], people))
    found = read(tmp_path)
    assert found.column("people.Title") == ["title b"] * 20
    assert found.column("roles.Role") == ["Decider"] * 20


def test_what_a_contact_and_a_firm_became_is_left_out_beside_hubspots_deals(tmp_path: Path) -> None:
    """Contacts are those the deal names, not all of its firm; both have become customers since."""
    firms = [[7000 + n, f"Firm {n}", "2024-01-01", "Customer", n % 4, n * 10] for n in range(20)]
    names = ["Record ID", "Company name", "Create Date", "Lifecycle Stage", "Number of Associated Deals", "Total Revenue"]  # fmt: skip
    put(tmp_path / "companies.csv", table(names, firms))
    people = [
        [start + n, job, "2024-01-01", 7000 + n, "Customer", n % 3]
        for start, job in ((500, "buyer"), (600, "engineer"))
        for n in range(20)
    ]
    names = ["Record ID", "Job Title", "Create Date", "Associated Company IDs", "Lifecycle Stage", "Number of Associated Deals"]  # fmt: skip
    put(tmp_path / "contacts.csv", table(names, people))
    deals = [
        [900 + n, f"Deal {n}", "Closed won" if n % 3 else "Closed lost", "2024-06-01", 600 + n % 20, 7000 + n % 20, "Eva"]
        for n in range(40)
    ]  # fmt: skip
    names = ["Record ID", "Deal Name", "Deal Stage", "Create Date", "Associated Contact IDs", "Associated Company IDs", "Deal owner"]  # fmt: skip
    put(tmp_path / "deals.csv", table(names, deals))
    found = read(tmp_path)
    assert set(found.column("contacts.Job Title")) == {"engineer"}
    told = found.told("joined")
    assert "contacts.csv joined by Record ID = Associated Contact IDs: 40 of 40" in told
    left = {name.split(".")[-1] for name in found.leads[0].fields}
    assert not left & {"Lifecycle Stage", "Number of Associated Deals", "Total Revenue"}
