"""Mails of one thread are known by their ids; prefixes of all languages are known as such."""

from __future__ import annotations

import pytest

from kits.core.mail.message import read_message
from kits.core.mail.threads import (
    MAX_REFERENCES,
    bare_subject,
    is_forward_subject,
    reply_headers,
    reply_subject,
    thread_key,
)


def mail(**headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"{lines}\r\nx".encode()


@pytest.mark.parametrize(
    "subject",
    [
        *("Re: 4711", "RE: 4711", "AW: 4711", "Antw: 4711", "SV: 4711", "VS: 4711", "Odp: 4711"),
        *("RES: 4711", "Rif: 4711", "Re[2]: 4711", "Re(3): 4711", "Re^2: 4711", "Re : 4711"),
        *(
            "YNT: 4711",
            "Vá: 4711",
            "Ответ: 4711",
            "ΑΠ: 4711",
            "回复：4711",
            "回覆: 4711",
            "답장: 4711",
            "رد: 4711",
        ),
        *("AW: Re: SV: RE: 4711", "re:re:re:4711", "4711"),
    ],
)
def test_an_answer_says_re_once(subject: str) -> None:
    assert reply_subject(subject) == "Re: 4711"
    assert bare_subject(subject) == "4711"


@pytest.mark.parametrize(
    "subject", ["Return: 4711", "Address: new", "Order: 4711", "Are: x", "Reference 5: x"]
)
def test_words_that_begin_alike_are_no_prefix(subject: str) -> None:
    assert bare_subject(subject) == subject


@pytest.mark.parametrize(
    "subject",
    [
        "Fwd: x",
        "FW: x",
        "WG: x",
        "TR: x",
        "RV: x",
        "Doorst: x",
        "VL: x",
        "转发：x",
        "Пересл: x",
        "ENC: x",
    ],
)
def test_forwards_are_known_and_kept_in_an_answer(subject: str) -> None:
    assert is_forward_subject(subject)
    assert bare_subject(subject) == "x"
    assert reply_subject(subject) == f"Re: {subject}"


@pytest.mark.parametrize("subject", ["Re: Fwd: x", "x", "Two: x", ""])
def test_an_answer_to_a_forward_forwards_nothing(subject: str) -> None:
    assert not is_forward_subject(subject)


def test_all_mails_of_a_thread_have_one_key() -> None:
    first = read_message(mail(Message_ID="<a@x>"))
    second = read_message(mail(Message_ID="<b@x>", In_Reply_To="<a@x>"))
    third = read_message(mail(Message_ID="<c@x>", In_Reply_To="<b@x>", References="<a@x> <b@x>"))

    assert {thread_key(one) for one in (first, second, third)} == {"<a@x>"}
    assert thread_key(read_message(mail(Subject="x"))) == ""


def test_references_name_the_first_and_the_newest_mails() -> None:
    references = " ".join(f"<{number}@x>" for number in range(500))

    headers = reply_headers(read_message(mail(Message_ID="<last@x>", References=references)))

    assert len(headers.references) == MAX_REFERENCES
    assert headers.references[0] == "<0@x>"
    assert headers.references[-2:] == ("<499@x>", "<last@x>")


def test_an_answer_without_references_refers_to_what_is_known() -> None:
    known = reply_headers(read_message(mail(Message_ID="<b@x>", In_Reply_To="<a@x>")))
    unknown = reply_headers(read_message(mail(Subject="x")))

    assert known.references == ("<a@x>", "<b@x>")
    assert (unknown.in_reply_to, unknown.references) == ("", ())


def test_an_answer_goes_where_the_customer_asks() -> None:
    asked = read_message(mail(From="form@example.org", Reply_To="jo@example.com"))

    assert reply_headers(asked).to == "jo@example.com"
    assert reply_headers(read_message(mail(Subject="x"))).to == ""
