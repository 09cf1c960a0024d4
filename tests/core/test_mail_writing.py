"""What is written is read back as it was, and nothing in it becomes a header."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from kits.core.errors import DataError
from kits.core.mail.message import read_message
from kits.core.mail.writing import write_message, write_reply
from kits.core.prediction import Draft

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


def original(**headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"{lines}\r\nWhere is 4711?".encode()


def test_an_answer_stands_below_its_question_and_says_that_a_program_wrote_it() -> None:
    question = read_message(
        original(
            From="Jo <jo@example.com>",
            Subject="AW: Re: 4711",
            Message_ID="<c@x>",
            References="<a@x> <b@x>",
        )
    )

    answer = read_message(
        write_reply(
            question,
            Draft("", "It is on its way.", "en"),
            sender="Shop <shop@example.org>",
            message_id="<d@shop>",
            date=AT,
        )
    )

    assert answer.to == ("jo@example.com",)
    assert answer.subject == "Re: 4711"
    assert answer.in_reply_to == "<c@x>"
    assert answer.references == ("<a@x>", "<b@x>", "<c@x>")
    assert answer.message_id == "<d@shop>"
    assert answer.headers["auto-submitted"] == ("auto-replied",)
    assert answer.date == AT


def test_an_answer_goes_where_the_customer_asks() -> None:
    question = read_message(original(From="form@example.org", Reply_To="jo@example.com"))

    content = write_reply(
        question, Draft("Re: x", "y", ""), sender="shop@example.org", message_id="<d@shop>", date=AT
    )

    assert read_message(content).to == ("jo@example.com",)


def test_nobody_is_answered_who_names_no_address() -> None:
    with pytest.raises(DataError, match="nobody to answer"):
        write_reply(
            read_message(original(Subject="x")),
            Draft("", "y", "en"),
            sender="s@x.example",
            message_id="<1@x>",
            date=AT,
        )
