"""Rows and messages that the firm wrote are no customers' mails: which columns tell, which do not, and what is said of it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from kits.support_triage._mail.reading import read_mail
from kits.support_triage._reading.authors import by_customers, sides_of
from tests.support_triage.mail_tables import rows
from tests.support_triage.triage import label_of, put, read_all, told


def talks(name: str, customer: str, firm: str) -> str:
    lines = [
        [f"text of the {who} number {n}", f"t{n % 3}", customer if who == "shopper" else firm]
        for n in range(30)
        for who in ("shopper", "clerk")
    ]
    return rows(["text", "label", name], *lines)


@pytest.mark.parametrize(
    ("name", "customer", "firm"),
    [
        ("inbound", "True", "False"),
        ("from_agent", "0", "1"),
        ("Direction", "Inbound", "Outbound"),
        ("sender_type", "contact", "user"),
        ("role", "user", "assistant"),
        ("Author Type", "End-user", "Agent"),
        ("author_association", "NONE", "MEMBER"),
    ],
)
def test_rows_of_the_firm_are_left_out_and_told(
    tmp_path: Path, name: str, customer: str, firm: str
) -> None:
    samples, findings = read_all(put(tmp_path / "talks.csv", talks(name, customer, firm)))
    assert len(samples) == 30
    assert all("shopper" in read_mail(sample.content).body for sample in samples)
    assert f"30 rows were written by the firm, as {name!r} says" in told(findings, "mails-passed-over")  # fmt: skip


def test_a_column_that_is_ignored_leaves_out_nothing(tmp_path: Path) -> None:
    put(tmp_path / "mails.yaml", "ignore: [direction]")
    put(tmp_path / "talks.csv", talks("direction", "in", "out"))
    samples, findings = read_all(tmp_path)
    assert len(samples) == 60
    assert not told(findings, "mails-passed-over")


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("direction", ["inbound", "inbound"]),
        ("direction", ["inbound", "sideways", "outbound"]),
        ("channel", ["customer", "agent"]),
        ("assignee.type", ["user", "agent"]),
    ],
)
def test_columns_that_do_not_tell_both_sides_of_a_mail_say_nothing(
    name: str, cells: list[str]
) -> None:
    assert sides_of(name, cells) == {}


def test_messages_of_the_firm_alone_are_no_text_of_the_customer() -> None:
    answer = {"author": {"type": "admin"}, "body": "we are looking into it"}
    note = {"body": "no one knows who wrote this"}
    assert by_customers([answer]) == []
    assert by_customers([answer, note]) == [note]


@pytest.mark.parametrize(
    "said", [{"public": True}, {"is_public": True}, {"private": False}, {"edited": True}, {"read": False}]
)  # fmt: skip
def test_what_else_is_true_of_a_message_does_not_say_who_wrote_it(said: dict[str, bool]) -> None:
    asked = {"author_id": 7, "body": "the pump does not start", **said}
    assert by_customers([asked]) == [asked]


@pytest.mark.parametrize("said", [{"public": False}, {"private": True}, {"internal": True}])
def test_notes_among_colleagues_are_the_firms(said: dict[str, bool]) -> None:
    asked = {"body": "the pump does not start"}
    assert by_customers([{"body": "he called again", **said}, asked]) == [asked]


def test_comments_within_tickets_of_zendesk_are_read(tmp_path: Path) -> None:
    def ticket(n: int) -> object:
        bodies = (f"pump {n} does not start", "turn the screw")
        comments = [{"type": "Comment", "author_id": who, "body": body, "public": True, "created_at": f"2025-01-0{who}T10:00:00Z"}
                    for who, body in enumerate(bodies, start=1)]  # fmt: skip
        return {"id": n, "requester_id": 1, "tags": [f"c{n % 3}"], "comments": comments}

    put(tmp_path / "z.json", json.dumps({"tickets": [ticket(n) for n in range(30)]}))
    samples, _ = read_all(tmp_path)
    assert read_mail(samples[4].content).body == "pump 4 does not start"


def test_mails_that_were_sent_from_gmail_are_left_out(tmp_path: Path) -> None:
    def message(n: int, label: str) -> object:
        mail = f"From: kim{n}@firm.example\nSubject: pump\n\nthe pump number {n} does not start\n"
        return {"id": str(n), "labelIds": [label, "INBOX" if label != "SENT" else "UNREAD"], "raw": base64.urlsafe_b64encode(mail.encode()).decode()}  # fmt: skip

    answer = [message(n, ("Late", "Broken", "SENT")[n % 3]) for n in range(60)]
    samples, findings = read_all(put(tmp_path / "gmail.json", json.dumps({"messages": answer})))
    assert {label_of(sample) for sample in samples} == {"Late", "Broken"}
    assert len(samples) == 40
    assert "20 rows were written by the firm" in told(findings, "mails-passed-over")
