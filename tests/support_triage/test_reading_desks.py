"""What help desks export: columns by their makers' names, dates as they write them, texts in HTML."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from kits.core.mail.message import Message, read_message
from kits.support_triage._mail.reading import read_mail
from kits.support_triage._reading.row_dates import date_reader
from tests.support_triage.mail_tables import many, rows
from tests.support_triage.triage import put, read_all, told

TEXT = "the pump number {n} does not start"
ADDRESS = "kim{n}@firm.example"


@pytest.mark.parametrize(
    ("header", "line", "roles"),
    [
        # Freshdesk
        (["Ticket ID", "Subject", "Description", "Status", "Priority", "Type", "Created time", "Due by Time", "Resolved time", "Email"],
         ["{n}", "my pump", TEXT, "Closed", "Low", "t{even}", "2025-01-0{even} 10:00", "2025-02-01 10:00", "2025-01-04 10:00", ADDRESS],
         "text=Description, subject=Subject, label=Type, urgency=Priority, id=Ticket ID, date=Created time, sender=Email"),
        # Zoho Desk: a date by its name alone would be who made it
        (["Ticket Id", "Subject", "Description", "Category", "Created By", "Created Time", "Ticket Closed Time"],
         ["{n}", "my pump", TEXT, "c{even}", "Ann", "0{even} Jan 2025 03:15 PM", "09 Jan 2025 03:15 PM"],
         "label=Category, id=Ticket Id, date=Created Time"),
        # Salesforce: all cases are of one type
        (["Case Number", "Type", "Case Reason", "Subject", "Description", "Date/Time Closed", "Date/Time Opened", "Contact Email"],
         ["{n}", "Question", "r{even}", "my pump", TEXT, "09/01/2025 10:00", "0{even}/01/2025 10:00", ADDRESS],
         "label=Case Reason, id=Case Number, date=Date/Time Opened, sender=Contact Email"),
        # ServiceNow
        (["number", "short_description", "description", "category", "opened_at", "sys_updated_on", "sys_updated_by"],
         ["CS{n}", "my pump", TEXT, "c{even}", "2025-01-0{even} 10:00:00", "2025-03-01 10:00:00", "ann"],
         "text=description, subject=short_description, label=category, id=number, date=opened_at"),
        # OTRS
        (["Ticketnummer", "Geändert", "Erstellt", "Queue", "Priorität", "Von", "Betreff", "Text"],
         ["2025{n}", "2025-02-01 10:00", "2025-01-0{even} 10:00", "q{even}", "3 normal", "Kim <" + ADDRESS + ">", "Pumpe", TEXT],
         "subject=Betreff, label=Queue, urgency=Priorität, id=Ticketnummer, date=Erstellt, sender=Von"),
        # Outlook
        (["Betreff", "Text", "Von: (Name)", "Von: (Adresse)", "An: (Adresse)", "Kategorien"],
         ["Pumpe", TEXT, "Kim", ADDRESS, "help@shop.example", "k{even}"],
         "text=Text, subject=Betreff, label=Kategorien, sender=Von: (Adresse)"),
        # HubSpot's tickets
        (["Ticket ID", "Ticket name", "Create date", "Last activity date", "Category", "Ticket description"],
         ["{n}", "my pump", "2025-01-0{even} 10:00", "2025-02-01 10:00", "c{even}", TEXT],
         "text=Ticket description, subject=Ticket name, label=Category, id=Ticket ID, date=Create date"),
    ],
    ids=["Freshdesk", "Zoho Desk", "Salesforce", "ServiceNow", "OTRS", "Outlook", "HubSpot"],
)  # fmt: skip
def test_columns_of_help_desks_are_known(
    tmp_path: Path, header: list[str], line: list[str], roles: str
) -> None:
    line = [cell.replace("0{even}", "1{even}") for cell in line]
    _, findings = read_all(put(tmp_path / "tickets.csv", many(header, line)))
    assert roles in told(findings, "columns")


def test_a_column_that_says_one_thing_of_all_mails_is_no_label_where_another_tells_them_apart(
    tmp_path: Path,
) -> None:
    both = many(["text", "type", "tags"], [TEXT, "question", "t{even}"])
    alone = many(["text", "type"], [TEXT, "question"])
    few = many(["text", "type", "tags"], [TEXT, "question", "t{even}"], n=6)
    labels = [
        told(read_all(put(tmp_path / f"{n}.csv", content))[1], "columns")
        for n, content in enumerate((both, alone, few))
    ]
    assert [said.partition("label=")[2].partition("\n")[0] for said in labels] == [
        "tags", "type", "type",
    ]  # fmt: skip


# -- dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "others", "day"),
    [
        ("03/04/2025 10:00", ["13/01/2025 10:00"], "2025-04-03"),
        ("03/04/2025 10:00 AM", ["01/13/2025 10:00 AM"], "2025-03-04"),
        ("03.04.2025", [], "2025-04-03"),
        ("3. April 2025 10:00", [], "2025-04-03"),
        ("03 Apr 2025 03:15 PM", [], "2025-04-03"),
        ("April 3, 2025", [], "2025-04-03"),
        ("2025-04-03T23:30:00-05:00", [], "2025-04-04"),
        ("Thu, 03 Apr 2025 10:00:00 +0200", [], "2025-04-03"),
        ("1743674400", [], "2025-04-03"),
        ("1743674400000", [], "2025-04-03"),
    ],
)
def test_dates_are_read_as_they_are_written(cell: str, others: list[str], day: str) -> None:
    read, assumed = date_reader([cell, *others])
    found = read(cell)
    assert found is not None and found.astimezone(timezone.utc).date().isoformat() == day
    assert assumed == ""


@pytest.mark.parametrize("cell", ["", "yesterday", "Ann", "17436744", "99/99/2025", "2025-13-40", "9" * 400, "0001-01-01"])  # fmt: skip
def test_what_is_no_date_is_none(cell: str) -> None:
    assert date_reader([cell])[0](cell) is None


def test_days_and_months_that_nothing_tells_apart_are_told(tmp_path: Path) -> None:
    line = ["03/04/2025", "the pump number {n} leaks", "l{even}"]
    samples, findings = read_all(put(tmp_path / "m.csv", many(["date", "text", "label"], line)))
    assert "dates of 'date' were read month first" in told(findings, "dates-assumed")
    assert date_of(samples[0].content) == datetime(2025, 3, 4, tzinfo=timezone.utc)


# -- texts in HTML --------------------------------------------------------------------------------


def test_texts_in_html_are_read_as_they_are_shown(tmp_path: Path) -> None:
    line = ["<div>the <b>pump</b> number {n}<br>leaks &amp; hums</div>", "l{even}"]
    samples, _ = read_all(put(tmp_path / "m.csv", many(["text", "label"], line)))
    assert read_mail(samples[3].content).body == "the pump number 3\nleaks & hums"


def test_signs_of_html_in_a_text_are_text(tmp_path: Path) -> None:
    content = rows(["text", "label"], *([f"<b> does not work in row {n} </b", "a"] for n in range(9)))  # fmt: skip
    samples, _ = read_all(put(tmp_path / "m.csv", content))
    assert "<b> does not work" in read_mail(samples[0].content).body


def date_of(content: bytes) -> datetime | None:
    found: Message = read_message(content)
    return found.date
