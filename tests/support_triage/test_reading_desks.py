"""What help desks export: columns by their makers' names, dates as they write them, texts in HTML."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.core.mail.message import Message, read_message
from kits.support_triage._mail.reading import read_mail
from kits.support_triage._reading.row_dates import date_reader
from kits.support_triage._reading.unfolding import unfolded
from tests.support_triage.mail_tables import many, rows
from tests.support_triage.triage import label_of, put, read_all, told

TEXT = "the pump number {n} does not start"
ADDRESS = "kim{n}@firm.example"


@pytest.mark.parametrize(
    ("header", "line", "roles"),
    [
        # Freshdesk
        (["Ticket ID", "Subject", "Description", "Status", "Priority", "Type", "Created time", "Due by Time", "Resolved time", "Email"],
         ["{n}", "my pump", TEXT, "Closed", "Low", "t{even}", "2025-01-0{even} 10:00", "2025-02-01 10:00", "2025-01-04 10:00", ADDRESS],
         "text=Description, subject=Subject, label=Type, urgency=Priority, id=Ticket ID, date=Created time, sender=Email"),
        # Zendesk: who works on it is where it belongs, its tags are of all kinds
        (["ID", "Tags", "Customer group", "Group", "Subject", "Description", "Created at", "Requester email"],
         ["{n}", "t{even} web csat", "c{even}", "g{even}", "my pump", TEXT, "2025-01-0{even} 10:00", ADDRESS],
         "label=Group, id=ID, date=Created at"),
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
    ids=["Freshdesk", "Zendesk", "Zoho Desk", "Salesforce", "ServiceNow", "OTRS", "Outlook", "HubSpot"],
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


# -- what APIs answer -----------------------------------------------------------------------------


def said(n: int) -> str:
    return f"the pump number {n} does not start"


def tag(n: int) -> str:
    return "late" if n % 2 else "broken"


def zendesk(n: int) -> object:
    return {"id": n, "via": {"channel": "email", "source": {"from": {"address": f"kim{n}@firm.example"}, "to": {"address": "us@shop.example"}}},
            "created_at": "2025-01-03T10:00:00Z", "updated_at": "2025-02-03T10:00:00Z", "type": "question", "subject": "pump",
            "description": said(n), "tags": [tag(n)], "custom_fields": [{"id": 360, "value": None}]}  # fmt: skip


def help_scout(n: int) -> object:
    answer = {"id": 1, "type": "message", "body": "we have looked into it", "createdAt": "2025-01-05T10:00:00Z"}  # fmt: skip
    asked = {"id": 2, "type": "customer", "body": said(n), "createdAt": "2025-01-03T10:00:00Z"}
    again = {"id": 3, "type": "customer", "body": "any news of it?", "createdAt": "2025-01-04T10:00:00Z"}  # fmt: skip
    return {"id": n, "subject": "pump", "createdAt": "2025-01-03T10:00:00Z", "assignee": {"email": "ann@shop.example"},
            "primaryCustomer": {"email": f"kim{n}@firm.example"}, "tags": [{"id": 9, "color": "#fff", "tag": tag(n)}],
            "_embedded": {"threads": [answer, again, asked]}}  # fmt: skip


def intercom(n: int) -> object:
    return {"type": "conversation", "id": str(n), "created_at": 1_735_898_400 + n, "title": "pump",
            "source": {"type": "email", "body": f"<p>{said(n)}</p>", "author": {"type": "user", "email": f"kim{n}@firm.example"}},
            "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": "1", "name": tag(n)}]}}  # fmt: skip


def gorgias(n: int) -> object:
    first = {"id": 7, "from_agent": True, "body_text": "welcome to our shop", "created_datetime": "2025-01-01T10:00:00"}  # fmt: skip
    return {"id": n, "subject": "pump", "created_datetime": "2025-01-03T10:00:00", "customer": {"id": n, "email": f"kim{n}@firm.example"},
            "tags": [{"id": 1, "name": tag(n), "uri": "/api/tags/1"}],
            "messages": [first, {"id": 8, "from_agent": False, "body_text": said(n), "created_datetime": "2025-01-03T10:00:00"}]}  # fmt: skip


def zammad(n: int) -> object:
    return {"id": n, "title": "pump", "created_at": "2025-01-03T10:00:00Z", "customer": f"kim{n}@firm.example", "tags": [tag(n)],
            "article": {"subject": "pump", "body": said(n), "internal": False}}  # fmt: skip


@pytest.mark.parametrize(
    ("ticket", "around"),
    [
        (zendesk, lambda found: {"tickets": found, "users": [{"id": 5, "name": "Ann"}], "next_page": None, "count": 30}),
        (help_scout, lambda found: {"_embedded": {"conversations": found}, "page": {"size": 25, "number": 1}}),
        (intercom, lambda found: {"type": "conversation.list", "conversations": found, "total_count": 30}),
        (gorgias, lambda found: {"data": found, "object": "list", "meta": {}}),
        (zammad, lambda found: found),
    ],
)  # fmt: skip
def test_answers_of_help_desks_are_read(
    tmp_path: Path, ticket: Callable[[int], object], around: Callable[[list[object]], object]
) -> None:
    content = json.dumps(around([ticket(n) for n in range(30)]))
    samples, findings = read_all(put(tmp_path / "answer.json", content))
    mails = [read_message(sample.content) for sample in samples]
    assert [read_mail(sample.content).body for sample in samples] == [said(n) for n in range(30)]
    assert [label_of(sample) for sample in samples] == [tag(n) for n in range(30)], told(findings)
    assert {mail.date.date().isoformat() for mail in mails if mail.date} == {"2025-01-03"}
    assert [mail.sender for mail in mails] == [f"kim{n}@firm.example" for n in range(30)]


def test_tickets_a_line_are_read_like_those_of_one_answer(tmp_path: Path) -> None:
    content = "\n".join(json.dumps(gorgias(n)) for n in range(30))
    samples, _ = read_all(put(tmp_path / "tickets.jsonl", content))
    assert [read_mail(sample.content).body for sample in samples] == [said(n) for n in range(30)]


def test_own_fields_of_a_ticket_are_columns_by_their_names_or_numbers(tmp_path: Path) -> None:
    rows = [
        {"text": said(n), "custom_fields": [{"id": 360, "value": tag(n)}, {"id": 361, "value": None}],
         "fields": [{"name": "Area", "value": "north"}]}
        for n in range(30)
    ]  # fmt: skip
    put(tmp_path / "mails.yaml", "columns: {label: [custom_fields.360, fields.Area]}\n")
    put(tmp_path / "tickets.json", json.dumps(rows))
    samples, _ = read_all(tmp_path)
    assert [label_of(sample) for sample in samples[:2]] == ["broken/north", "late/north"]


def test_entities_are_no_columns(tmp_path: Path) -> None:
    spans = [{"label": "item", "start": 4, "end": 8, "value": "pump"}]
    rows = [{"text": said(n), "label": tag(n), "entities": spans} for n in range(30)]
    samples, findings = read_all(put(tmp_path / "m.json", json.dumps(rows)))
    assert "entities=entities" in told(findings, "columns")
    assert all(s.annotation and [p.text for p in s.annotation.spans] == ["pump"] for s in samples)


def test_settings_in_json_are_no_mails(tmp_path: Path) -> None:
    guide = {f"Product {n}": {"description": said(n), "steps": [{"type": tag(n), "text": said(n)}]} for n in range(9)}  # fmt: skip
    orders = [{"id": n, "scenario": {"products": said(n), "level": tag(n)}} for n in range(30)]
    for content in (guide, orders):
        with pytest.raises(DataError, match="no column of texts"):
            read_all(put(tmp_path / "settings.json", json.dumps(content)))


def test_what_lies_too_deep_or_is_too_much_is_left_in_its_cell() -> None:
    deep: object = "x"
    for _ in range(50):
        deep = {"a": deep}
    wide = {f"k{n}": n for n in range(5_000)}
    found = unfolded({"deep": json.dumps(deep), "wide": json.dumps(wide), "odd": '{"a": '})
    assert len(found) < 510 and found["odd"] == '{"a": ' and json.loads(found["deep"]) == deep


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
