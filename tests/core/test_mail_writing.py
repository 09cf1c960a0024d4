"""What is written is read back as it was, and nothing in it becomes a header."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from kits.core.errors import DataError
from kits.core.mail.message import read_message
from kits.core.mail.threads import reply_headers, thread_key
from kits.core.mail.writing import write_message

AT = datetime(2026, 3, 12, 9, 11, 12, tzinfo=timezone.utc)
TEXTS = [
    "Hello\n\nworld\n",
    "Größe – 5 €\n",
    "我的订单在哪里\n" * 40,
    "a" * 5000 + "\n",
    "trailing spaces   \n\ttabs\n= signs =3D\n",
    "From the shop\n.\n-- \nJo\n",
    "",
]


@pytest.mark.parametrize("body", TEXTS)
def test_bodies_come_back_as_they_were(body: str) -> None:
    message = read_message(write_message(subject="x", body=body))

    assert message.plain.rstrip("\n") == body.rstrip("\n")


@pytest.mark.parametrize(
    "subject", ["Hello", "Größe", "订单" * 100, "a" * 2000, "=?utf-8?Q?x?=", ""]
)
def test_subjects_come_back_as_they_were(subject: str) -> None:
    assert read_message(write_message(subject=subject, body="x")).subject == subject


def test_the_same_row_gives_the_same_bytes() -> None:
    first, second = (
        write_message(
            subject="Größe",
            body="x",
            sender="Jö <a@x.example>",
            to="b@x.example",
            date=AT,
            message_id="<1@x>",
        )
        for _ in range(2)
    )

    assert first == second
    assert first.isascii()
    assert max(map(len, first.split(b"\r\n"))) <= 998
    assert b"\n" not in first.replace(b"\r\n", b"")


def test_nothing_in_a_row_becomes_a_header() -> None:
    content = write_message(
        subject="x\r\nBcc: all@example.com",
        body="y",
        extra=[("X-Note", "a\nBcc: all@example.com")],
    )

    assert "bcc" not in read_message(content).headers
    with pytest.raises(DataError, match="no name of a header"):
        write_message(subject="x", body="y", extra=[("Bcc: all@example.com\r\nX", "z")])


@pytest.mark.parametrize(
    "sender",
    ["nobody", "a@x.example, b@x.example", "a@x.example\r\nBcc: c@x.example", "a b@x.example"],
)
def test_what_is_no_single_address_is_refused(sender: str) -> None:
    with pytest.raises(DataError, match="no mail address"):
        write_message(subject="x", body="y", sender=sender)


def test_names_and_domains_of_all_alphabets_can_be_written() -> None:
    content = write_message(subject="x", body="y", sender='Jörg "Jo" Berg <jo@müller.example>')

    message = read_message(content)
    assert message.sender == "jo@xn--mller-kva.example"
    assert message.sender_name == 'Jörg "Jo" Berg'


def test_an_answer_stands_below_its_question() -> None:
    question = read_message(
        b"From: Jo <jo@example.com>\r\nSubject: AW: Re: 4711\r\nMessage-ID: <c@x>\r\nReferences: <a@x> <b@x>\r\n\r\nWhere?"
    )
    headers = reply_headers(question)

    answer = read_message(
        write_message(
            subject=headers.subject,
            body="It is on its way.",
            sender="Shop <shop@example.org>",
            to=headers.to,
            date=AT,
            message_id="<d@shop>",
            extra=[
                ("In-Reply-To", headers.in_reply_to),
                ("References", " ".join(headers.references)),
            ],
        )
    )

    assert answer.to == ("jo@example.com",)
    assert answer.subject == "Re: 4711"
    assert answer.in_reply_to == "<c@x>"
    assert answer.references == ("<a@x>", "<b@x>", "<c@x>")
    assert (answer.message_id, answer.date) == ("<d@shop>", AT)
    assert thread_key(answer) == thread_key(question)


def test_many_references_come_back_from_their_folded_lines() -> None:
    references = [f"<{number}.{'x' * 60}@mail.example.com>" for number in range(50)]

    content = write_message(subject="x", body="y", extra=[("References", " ".join(references))])

    assert list(read_message(content).references) == references
    assert max(map(len, content.split(b"\r\n"))) <= 998
