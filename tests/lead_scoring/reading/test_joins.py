"""Several tables: joined by what they have in common, and nothing that happened after the decision comes with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import ConfigError
from tests.lead_scoring.reading.lead_files import put, read, source, table

LEADS = ["lead_id", "created_at", "email", "product", "status"]


def leads(folder: Path, n: int = 20) -> None:
    rows = [
        [f"L{i}", "2025-03-10", f"p{i}@{'acme' if i % 2 else 'beta'}.example", "GTXPro" if i % 2 else "MG", "Won" if i % 3 else "Lost"]
        for i in range(n)
    ]  # fmt: skip
    put(folder / "leads.csv", table(LEADS, rows))


def test_products_and_firms_join_by_value_and_domain(tmp_path: Path) -> None:
    leads(tmp_path)
    put(
        tmp_path / "products.csv",
        table(["product", "price"], [["GTX Pro", 500], ["MG", 50], ["XX", 1]]),
    )
    put(tmp_path / "firms.csv", table(["domain", "industry", "status"], [["www.acme.example", "Retail", "x"], ["https://beta.example/", "Steel", "y"]]))  # fmt: skip
    found = read(tmp_path)
    assert found.column("products.price")[:2] == [50.0, 500.0]
    assert found.column("firms.industry")[:2] == ["Steel", "Retail"]
    assert "products.csv joined by product: 20 of 20 leads found a row, 1 of 3" in found.told(
        "joined"
    )
    assert "(domain)" in found.told("joined")


def test_a_table_may_belong_to_one_that_belongs_to_the_leads(tmp_path: Path) -> None:
    leads(tmp_path)
    put(
        tmp_path / "z_products.csv",
        table(["product", "family_id"], [["GTX Pro", "F1"], ["MG", "F2"]]),
    )
    put(
        tmp_path / "a_families.csv",
        table(["family_id", "maker"], [["F1", "Globex"], ["F2", "Initech"]]),
    )
    assert read(tmp_path).column("a_families.maker")[:2] == ["Initech", "Globex"]


def test_a_table_about_the_same_leads_fills_gaps_and_differences_are_counted(
    tmp_path: Path,
) -> None:
    rows = [
        [f"L{i}", f"p{i}@a.example", "" if i < 5 else "DE", "Won" if i % 3 else "Lost"]
        for i in range(20)
    ]
    put(tmp_path / "crm.csv", table(["lead_id", "email", "country", "status"], rows))
    forms = [
        [f"P{i}@a.example", "FR" if i in (3, 7) else "DE", "big" if i % 2 else "small"]
        for i in range(20)
    ]
    put(tmp_path / "survey.csv", table(["email", "country", "budget"], forms))
    found = read(tmp_path)
    assert found.column("country") == ["DE", "DE", "DE", "FR", *["DE"] * 16]
    assert found.column("survey.budget")[:2] == ["small", "big"]
    assert "1 cells say something else than the leads' own table" in found.told("joined")


def test_events_count_up_to_the_decision_and_never_after(tmp_path: Path) -> None:
    leads(tmp_path)
    events = [
        ["L0", "2025-03-01 10:00", "visit"], ["L0", "2025-03-08 00:00", "demo"], ["L0", "2025-03-10 00:00", "visit"],
        ["L0", "2025-03-10 00:01", "visit"], ["L0", "2025-05-01 10:00", "contract"], ["L1", "2025-04-01 10:00", "contract"],
        *([f"L{i}", "2025-03-09 00:00", "visit"] for i in range(2, 12)), ["L99", "2025-03-01 10:00", "visit"],
    ]  # fmt: skip
    put(tmp_path / "activities.csv", table(["lead_id", "activity_date", "type"], events))
    found = read(tmp_path)
    fields = found.by_id["L0"].fields
    assert (fields["activities: count"], fields["activities: days since last"]) == (3.0, 0.0)
    assert (
        fields["activities: kinds"],
        fields["activities: visit"],
        fields["activities: demo"],
    ) == (2.0, 2.0, 1.0)
    assert {lead.fields["activities: contract"] for lead in found.leads} == {0.0}
    assert found.by_id["L1"].fields["activities: count"] == 0.0
    assert "activities: days since last" not in found.by_id["L1"].fields
    assert "3 are later and were left out, 1 belong to no lead" in found.told("joined")


def test_what_has_a_date_alone_is_known_from_the_end_of_its_day(tmp_path: Path) -> None:
    rows = [[f"L{i}", "2025-03-10 09:00", "Won" if i % 3 else "Lost"] for i in range(20)]
    put(tmp_path / "leads.csv", table(["lead_id", "created_at", "status"], rows))
    header = ["lead_id", "activity_date", "type"]
    days = [[f"L{i}", f"2025-03-{day}", kind] for i in range(20) for day, kind in (("08", "visit"), (10, "contract"))]  # fmt: skip
    put(tmp_path / "days.csv", table(header, days))
    mixed = [[f"L{i}", "2025-03-10 08:00", "call"] for i in range(20)]
    mixed += [["L0", "2025-03-10", "mail"], ["L1", "2025-03-10 00:00", "mail"]]
    put(tmp_path / "calls.csv", table(["lead_id", "event_time", "event"], mixed))
    found = read(tmp_path)
    assert {lead.fields["days: contract"] for lead in found.leads} == {0.0}
    assert {lead.fields["days: days since last"] for lead in found.leads} == {2.375}
    assert [found.by_id[f"L{i}"].fields["calls: mail"] for i in range(2)] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("came", "known", "told"),
    [("2025-03-10 09:14", 1.0, 0), ("2025-03-10 09:14:30", 0.0, 0), ("2025-03-10", 0.0, 1)],
)
def test_the_form_that_made_a_lead_counts_where_the_lead_tells_minutes_alone(
    tmp_path: Path, came: str, known: float, told: int
) -> None:
    """Of a day alone nobody knows what of it came before the lead: that is said."""
    rows = [[f"L{i}", came, "Won" if i % 3 else "Lost"] for i in range(20)]
    put(tmp_path / "leads.csv", table(["lead_id", "created_at", "status"], rows))
    times = [f"2025-03-10 09:{at}" for at in ("14:32", "15:01")]
    sent = [[f"L{i}", at, "demo"] for i in range(20) for at in times]
    put(tmp_path / "forms.csv", table(["lead_id", "event_time", "event"], sent))
    found = read(tmp_path)
    assert {lead.fields["forms: count"] for lead in found.leads} == {known}
    said = [one.text for one in found.findings if one.check == "rows-of-the-day"]
    assert ["20 of 20 leads have rows of forms.csv on the day" in one for one in said] == [
        True
    ] * told


@pytest.mark.parametrize(("called", "late"), [("activity_time", 10), ("Modified date", 0)])
def test_what_happened_once_to_each_lead_after_its_decision_is_not_known_to_it(
    tmp_path: Path, called: str, late: int
) -> None:
    """A call, say; when a row was changed says nothing of when it came."""
    rows = [[f"L{i}", "2025-03-10 09:00", "Won" if i % 3 else "Lost"] for i in range(20)]
    put(tmp_path / "leads.csv", table(["lead_id", "created_at", "status"], rows))
    answers = [[f"L{i}", f"2025-03-{9 + i % 2 * 8:02} 12:00:07", i % 5] for i in range(20)]
    put(tmp_path / "survey.csv", table(["lead_id", called, "stars"], answers))
    found = read(tmp_path)
    assert found.told("joined-late").count(f"{late} leads were decided before their row") == bool(late)  # fmt: skip
    assert sum("survey.stars" not in lead.fields for lead in found.leads) == late


@pytest.mark.parametrize("sent_at", [(11, 17), (17,)])
def test_forms_by_another_clock_than_the_leads_are_told(
    tmp_path: Path, sent_at: tuple[int, ...]
) -> None:
    rows = [[f"L{i}", f"2025-03-{10 + i % 2} 09:{i + 10}", "Won" if i % 3 else "Lost"] for i in range(40) if i != 20]  # fmt: skip
    put(tmp_path / "leads.csv", table(["lead_id", "created_at", "status"], rows))
    sent = [[f"L{i}", f"2025-03-{10 + i % 2}T{hour}:{i + 10}:07Z", "demo"] for i in range(40) for hour in sent_at]  # fmt: skip
    put(tmp_path / "forms.csv", table(["lead_id", "event_time", "event"], sent))
    assert "39 of 39 leads have a row of forms.csv 8 hours after" in read(tmp_path).told("clocks-apart")  # fmt: skip


def test_forms_join_by_address_whatever_its_case(tmp_path: Path) -> None:
    leads(tmp_path)
    forms = [
        [f"P{i // 2}@{'acme' if i // 2 % 2 else 'beta'}.example", "2025-03-09", f"form{i % 2}"]
        for i in range(30)
    ]
    put(tmp_path / "web_forms.csv", table(["E-mail", "submitted_at", "form"], forms))
    found = read(tmp_path)
    assert found.by_id["L0"].fields["web_forms: count"] == 2.0
    assert found.by_id["L19"].fields["web_forms: count"] == 0.0


def test_one_row_each_that_came_after_the_decision_is_not_known(tmp_path: Path) -> None:
    leads(tmp_path)
    rows = [[f"L{i}", "2025-03-01" if i % 2 else "2025-04-01", f"answer{i % 3}"] for i in range(20)]
    put(tmp_path / "form.csv", table(["lead_id", "submission_date", "need"], rows))
    found = read(tmp_path)
    assert found.by_id["L1"].fields["form.need"] == "answer1"
    assert "form.need" not in found.by_id["L0"].fields
    assert "10 leads were decided before their row of form.csv came" in found.told("joined-late")


@pytest.mark.parametrize(
    ("came", "known"),
    [("2025-03-10", True), ("2025-03-10 09:00", False)],
)
def test_the_form_of_the_day_is_known_where_leads_tell_no_hour(
    tmp_path: Path, came: str, known: bool
) -> None:
    rows = [[f"L{i}", came, "Won" if i % 3 else "Lost"] for i in range(20)]
    put(tmp_path / "leads.csv", table(["lead_id", "created_at", "status"], rows))
    forms = [[f"L{i}", f"2025-03-{10 + i % 2} 17:40", f"answer{i % 3}"] for i in range(20)]
    put(tmp_path / "form.csv", table(["lead_id", "Timestamp", "need"], forms))
    found = read(tmp_path)
    assert ("form.need" in found.by_id["L0"].fields) is known
    assert "form.need" not in found.by_id["L1"].fields


@pytest.mark.parametrize(("changed", "told"), [("2025-06-01", True), ("2025-01-01", False)])
def test_rows_that_were_changed_after_the_decision_are_told(
    tmp_path: Path, changed: str, told: bool
) -> None:
    rows = [[f"a{n}@f{n}.example", "2025-03-10", "Won" if n % 3 else "Lost"] for n in range(40)]
    put(tmp_path / "leads.csv", table(["email", "created_at", "status"], rows))
    members = [[f"a{n}@f{n}.example", changed, f"{n}.5%"] for n in range(40)]
    put(tmp_path / "campaign.csv", table(["Email Address", "LAST_CHANGED", "Opens"], members))
    found = read(tmp_path)
    assert ("decision of 40 of 40 leads (campaign.LAST_CHANGED)" in found.told("joined-changed")) is told  # fmt: skip
    assert found.levels("joined-changed") == ({"warn"} if told else set())


def test_a_field_is_what_it_was_at_the_decision(tmp_path: Path) -> None:
    rows = [[f"L{i}", "2025-03-10", "hot", "Won" if i % 3 else "Lost"] for i in range(20)]
    put(tmp_path / "leads.csv", table(["lead_id", "created_at", "rating", "status"], rows))
    changes = [
        ["L0", "rating", "", "cold", "2025-03-01"], ["L0", "rating", "cold", "hot", "2025-04-01"],
        ["L1", "rating", "warm", "hot", "2025-04-01"], *([f"L{i}", "budget", "", "big", "2025-03-02"] for i in range(2, 15)),
    ]  # fmt: skip
    put(
        tmp_path / "history.csv",
        table(["lead_id", "field", "old_value", "new_value", "changed_at"], changes),
    )
    found = read(tmp_path)
    assert [found.by_id[f"L{i}"].fields.get("rating") for i in range(3)] == ["cold", "warm", "hot"]
    assert [found.by_id[f"L{i}"].fields.get("budget") for i in (1, 2)] == [None, "big"]


def test_a_field_that_was_changed_later_and_before_is_unknown_is_left_out_for_all(
    tmp_path: Path,
) -> None:
    rows = [[f"L{i}", "2025-03-10", "hot", 10, "Won" if i % 3 else "Lost"] for i in range(20)]
    names = ["lead_id", "created_at", "rating", "staff", "status"]
    put(tmp_path / "leads.csv", table(names, rows))
    changes = [["L1", "rating", "hot", "2025-04-01"], ["L2", "rating", "hot", "2025-03-01"]]
    # of staff each first entry is there: where it came later, the field was empty before
    changes += [[f"L{i}", "staff", 10, f"2025-0{3 + i % 2}-01"] for i in range(20)]
    put(tmp_path / "history.csv", table(["lead_id", "field", "new_value", "changed_at"], changes))
    found = read(tmp_path)
    assert not any("rating" in lead.fields for lead in found.leads)
    assert [found.by_id[f"L{i}"].fields.get("staff") for i in range(2)] == [10.0, None]
    [told] = [one for one in found.findings if one.check == "history-without-old"]
    assert told.level == "warn" and told.evidence == ("rating: 1 leads",)
    assert "old_value" in told.fix


def test_changes_have_their_time_from_when_they_were_edited(tmp_path: Path) -> None:
    leads(tmp_path)
    changes = [[f"L{i}", "product", "GTXPro", "MG", "2025-04-01"] for i in range(20)]
    header = ["Lead ID", "Field / Event", "Old Value", "New Value", "Edit Date"]
    put(tmp_path / "history.csv", table(header, changes))
    assert set(read(tmp_path).column("product")) == {"GTXPro"}


def test_rows_of_unknown_time_are_left_out_with_what_to_do(tmp_path: Path) -> None:
    leads(tmp_path)
    rows = [[f"L{i // 2}", "call"] for i in range(40)]
    put(tmp_path / "calls.csv", table(["lead_id", "what"], rows))
    found = read(tmp_path)
    assert "calls.csv was left out" in found.told("table-without-time")
    assert not any(name.startswith("calls") for name in found.leads[0].fields)


def test_many_rows_of_one_product_are_not_what_happened_to_a_lead(tmp_path: Path) -> None:
    leads(tmp_path)
    rows = [["MG" if i % 2 else "GTXPro", "2025-01-01", i] for i in range(60)]
    put(tmp_path / "sales.csv", table(["product", "date", "pieces"], rows))
    assert "sales.csv was passed over" in read(tmp_path).told("table-unrelated")


def test_a_table_with_nothing_in_common_is_passed_over(tmp_path: Path) -> None:
    leads(tmp_path)
    put(tmp_path / "stock.csv", table(["shelf", "bolts"], [["a", 1], ["b", 2]]))
    assert "stock.csv was passed over" in read(tmp_path).told("table-unrelated")


def test_a_joined_column_is_never_taken_for_the_outcome_or_the_time(tmp_path: Path) -> None:
    leads(tmp_path)
    firms = [["acme.example", "won", "2001-05-01"], ["beta.example", "lost", "2002-05-01"]]
    put(tmp_path / "firms.csv", table(["domain", "relation", "founded"], firms))
    found = read(tmp_path)
    assert "status (won: Won; lost: Lost)" in found.told("outcome")
    assert "decided_at=created_at" in found.told("columns")


def test_what_tables_are_can_be_stated(tmp_path: Path) -> None:
    leads(tmp_path)
    put(
        tmp_path / "log_1.csv",
        table(["who", "when", "t"], [["L0", "2025-03-01", "a"], ["L0", "2025-03-02", "b"]]),
    )
    put(tmp_path / "junk.csv", table(["lead_id", "junk"], [[f"L{i}", i] for i in range(20)]))
    tables = [
        {"file": "log_*.csv", "role": "events", "key": "who", "of": "lead_id", "at": "when"},
        {"file": "junk.csv", "role": "ignore"},
    ]
    fields = read(tmp_path, source(tables=tables)).by_id["L0"].fields
    assert fields["log_1: count"] == 2.0 and "junk.junk" not in fields
    with pytest.raises(ConfigError, match=r"no readable table 'logs\.csv'"):
        read(tmp_path, source(tables=[{"file": "logs.csv", "role": "events"}]))
    tables[0]["key"] = "whom"
    with pytest.raises(ConfigError, match="no column 'whom'"):
        read(tmp_path, source(tables=tables))


def test_the_order_of_the_files_changes_nothing(tmp_path: Path) -> None:
    for folder, name in (("a", "aa.csv"), ("b", "zz.csv")):
        leads(tmp_path / folder)
        put(tmp_path / folder / name, table(["product", "price"], [["GTX Pro", 500], ["MG", 50]]))
    one, other = read(tmp_path / "a"), read(tmp_path / "b")
    assert one.column("aa.price") == other.column("zz.price")
    assert one.labels == other.labels


def test_leads_with_a_row_in_a_table_of_sales_are_won(tmp_path: Path) -> None:
    rows = [[f"m{i}", f"2025-{1 + i // 25:02}-{1 + i % 25:02}", f"page{i % 3}"] for i in range(200)]
    put(
        tmp_path / "qualified_leads.csv",
        table(["mql_id", "first_contact_date", "landing_page"], rows),
    )
    deals = [
        [f"m{i}", f"2025-{2 + i // 25:02}-{1 + i % 25:02} 10:00:00", "online"]
        for i in range(0, 200, 10)
    ]
    put(
        tmp_path / "closed_deals.csv",
        table(["mql_id", "won_date", "segment"], [*deals, ["m999", "2025-02-01", "x"]]),
    )
    found = read(tmp_path)
    assert found.labels[0] == "won" and found.labels[1] == "lost" and found.labels[-1] == ""
    assert found.leads[0].fields == {"landing_page": "page0"}
    assert found.samples[0].meta["outcome_at"] == found.samples[0].order + 31 * 86_400 + 36_000  # type: ignore[operator]
    assert "20 of 200 leads have a row and count as won, at won_date; 1 of its 21" in found.told(
        "sales"
    )
    assert "count as lost" in found.told("lost-after")


def test_a_table_of_customers_tells_nothing_where_the_leads_tell_it_themselves(
    tmp_path: Path,
) -> None:
    leads(tmp_path)
    put(
        tmp_path / "customers.csv",
        table(["lead_id", "segment"], [[f"L{i}", f"s{i % 2}"] for i in range(20)]),
    )
    found = read(tmp_path)
    assert "status (won: Won" in found.told("outcome")
    assert found.column("customers.segment")[:2] == ["s0", "s1"]
    tables = [{"file": "customers.csv", "role": "sales"}]
    assert read(tmp_path, source(tables=tables)).labels.count("won") == 20


def test_deals_that_were_won_and_lost_go_before_contacts_and_get_their_first_contacts_columns(
    tmp_path: Path,
) -> None:
    seen = [f"2025-06-01 10:{n:02}" for n in range(40)]
    contacts = [
        [500 + n, "Customer" if n % 4 == 0 else "Lead", "New", "2025-01-01", f"job{n % 3}", seen[n % 40]]
        for n in range(60)
    ]  # fmt: skip
    names = ["Record ID", "Lifecycle Stage", "Lead Status", "Create Date", "Job", "Last Activity Date"]  # fmt: skip
    put(tmp_path / "contacts.csv", table([*names, "Contact owner"], [[*c, "x"] for c in contacts]))
    deals = [
        [900 + n, f"Deal {n}", "Closed won" if n % 4 == 0 else "Closed lost", "2025-02-01", f"{500 + n};{599 - n}", seen[n]]
        for n in range(40)
    ]  # fmt: skip
    names = ["Record ID", "Deal Name", "Deal Stage", "Create Date", "Associated Contact IDs", "Last Activity Date"]  # fmt: skip
    put(tmp_path / "deals.csv", table([*names, "Deal owner"], [[*deal, "x"] for deal in deals]))
    found = read(tmp_path)
    assert len(found.leads) == 40 and found.labels.count("lost") == 30
    assert found.column("contacts.Job")[:3] == ["job0", "job1", "job2"]
    assert not any("Lifecycle" in name or "Activity" in name for name in found.leads[0].fields)
    assert "contacts.csv joined by Record ID = Associated Contact IDs: 40 of 40" in found.told(
        "joined"
    )
    # a contact's dates are not those of its deal
    assert "say something else" not in found.told("joined")
    assert found.column("contacts.Create Date")[0] == "2025-01-01"
    [other] = [one for one in found.findings if one.check == "other-leads"]
    assert "tables: [{file: contacts.csv, role: leads}]" in other.fix
    stated = source(tables=[{"file": "contacts.csv", "role": "leads"}])
    assert len(read(tmp_path, stated).leads) == 60


def test_times_in_common_join_nothing(tmp_path: Path) -> None:
    rows = [[f"L{i}", f"2025-03-10 10:{i:02}", "Won" if i % 3 else "Lost"] for i in range(30)]
    put(tmp_path / "leads.csv", table(["lead_id", "Last Visit Date", "status"], rows))
    visits = [[row[1], f"page{n}"] for n, row in enumerate(rows)]
    put(tmp_path / "visits.csv", table(["Last Visit Date", "what"], visits))
    assert "visits.csv was passed over" in read(tmp_path).told("table-unrelated")
