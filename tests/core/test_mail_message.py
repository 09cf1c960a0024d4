"""Mails are read however broken they are: parts, attachments, headers; charsets have a file of their own."""

from __future__ import annotations

import base64
from datetime import datetime, timezone

import pytest

from kits.core.errors import DataError
from kits.core.mail.message import MAX_BYTES, Message, read_message
from tests.core.mail_texts import BREAK, mail, multipart, part


def test_plain_and_html_of_an_alternative_are_both_there() -> None:
    content = multipart(part("Hello"), part("<b>Hello</b>", "text/html"), kind="alternative")

    message = read_message(content)

    assert (message.plain, message.html) == ("Hello", "<b>Hello</b>")


def test_text_between_pictures_is_read_whole() -> None:
    content = multipart(
        part("above"), part("x", "image/png", Content_Transfer_Encoding="base64"), part("below")
    )

    message = read_message(content)

    assert message.plain == "above\n\nbelow"
    assert [one.media_type for one in message.attachments] == ["image/png"]


def test_a_plain_footer_does_not_stand_for_an_html_mail() -> None:
    message = read_message(
        multipart(part("<p>Where is it?</p>", "text/html"), part("footer of a list & co"))
    )

    assert message.plain == ""
    assert "Where is it?" in message.html
    assert "footer of a list &amp; co" in message.html


def test_attachments_are_listed_by_name_type_and_size_and_not_read() -> None:
    bomb = base64.encodebytes(b"PK\x03\x04" + b"\x00" * 5000).decode()
    content = multipart(
        part("See below."),
        part(
            bomb,
            "application/zip",
            Content_Transfer_Encoding="base64",
            Content_Disposition='attachment; filename="a.zip"',
        ),
        part("1;2", "text/csv; name*0*=utf-8''R%C3%BCck; name*1=gabe.csv"),
        part("note", Content_Disposition="attachment; filename=../../etc/note.txt"),
        part("note", 'text/plain; name="=?utf-8?Q?Gr=C3=B6=C3=9Fe.txt?="'),
    )

    message = read_message(content)

    assert message.plain.strip() == "See below."
    assert [(one.name, one.media_type) for one in message.attachments] == [
        ("a.zip", "application/zip"),
        ("Rückgabe.csv", "text/csv"),
        ("note.txt", "text/plain"),
        ("Größe.txt", "text/plain"),
    ]
    assert message.attachments[0].size == 5004


def test_an_enclosed_mail_is_listed_by_its_subject() -> None:
    inner = f"Subject: =?utf-8?Q?Gr=C3=B6=C3=9Fe?={BREAK}{BREAK}inner text"
    message = read_message(multipart(part("Look at this."), part(inner, "message/rfc822")))

    assert message.plain.strip() == "Look at this."
    assert message.attachments[0].name == "Größe"


def test_a_mail_that_only_encloses_another_is_about_that_one() -> None:
    inner = f"Subject: x{BREAK}Content-Type: text/plain{BREAK}{BREAK}Where is 4711?"
    message = read_message(multipart(part("", "text/plain"), part(inner, "message/rfc822")))

    assert message.plain.strip() == "Where is 4711?"
    assert message.complaints == ("the text is that of the enclosed mail",)


def test_a_mail_that_was_enclosed_again_and_again_is_still_read() -> None:
    content = f"Subject: x{BREAK}{BREAK}Where is 4711?".encode()
    for _ in range(5):
        inner, mark = part(content.decode(), "message/rfc822"), f"b{len(content)}"
        content = multipart(part("", "text/plain"), inner, boundary=mark)

    message = read_message(content)

    assert message.plain.strip() == "Where is 4711?"


def test_a_text_with_a_file_name_is_the_text_where_there_is_no_other() -> None:
    message = read_message(multipart(part("Where is 4711?", 'text/plain; name="text.txt"')))

    assert message.plain.strip() == "Where is 4711?"


@pytest.mark.parametrize(
    "declared",
    [
        "TEXT/PLAIN charset=ISO-8859-1",
        "text/plain (as sent); charset=iso-8859-1",
        "text/plain\tcharset=iso-8859-1; format=flowed",
    ],
)
def test_a_text_whose_kind_is_declared_carelessly_is_the_text(declared: str) -> None:
    message = read_message(mail("Stra\xdfe 4711".encode("latin-1"), Content_Type=declared))

    assert (message.plain, message.attachments) == ("Straße 4711", ())


def test_a_file_whose_name_no_semicolon_divides_off_is_a_file() -> None:
    enclosed = part("x", "application/pdf name=bill.pdf")

    message = read_message(multipart(part("See the bill.", "text/plain"), enclosed))

    assert [(a.name, a.media_type) for a in message.attachments] == [
        ("bill.pdf", "application/pdf")
    ]


def test_uuencoded_files_in_the_text_are_attachments() -> None:
    text = "Here it is.\nbegin 644 bill.pdf\n#0V%T\n`\nend\nThanks"

    message = read_message(mail(text))

    assert message.plain == "Here it is.\n\nThanks"
    assert message.attachments[0].name == "bill.pdf"


def test_flowing_text_is_joined_and_quote_marks_stay() -> None:
    text = "A long line \nthat goes on.\n> quoted \n> text\n-- \nJo"

    message = read_message(mail(text, Content_Type="text/plain; format=flowed"))

    assert message.plain == "A long line that goes on.\n> quoted text\n-- \nJo"


def test_ids_and_references_keep_their_order() -> None:
    message = read_message(
        mail(
            Message_ID=" <c@x> (comment)",
            In_Reply_To="Your mail of Monday <b@x>",
            References="<a@x>\r\n\t<b@x> <a@x>",
        )
    )

    assert message.message_id == "<c@x>"
    assert message.in_reply_to == "<b@x>"
    assert message.references == ("<a@x>", "<b@x>")


@pytest.mark.parametrize(
    ("raw", "address", "name"),
    [
        ("jo@example.com", "jo@example.com", ""),
        ("Jo Berg <jo@example.com>", "jo@example.com", "Jo Berg"),
        ('"Berg, Jo" <jo@example.com>', "jo@example.com", "Berg, Jo"),
        ('"a@b" <jo@example.com>', "jo@example.com", "a@b"),
        ("jo@example.com (Jo Berg)", "jo@example.com", "Jo Berg"),
        ("=?utf-8?Q?J=C3=B6?= <jo@example.com>", "jo@example.com", "Jö"),
        ("<jo@example.com", "jo@example.com", ""),
        ("Jo :( <jo@example.com>", "jo@example.com", "Jo :("),
        ("=?utf-8?Q?J=C3=B6_<jo@example.com>?=", "jo@example.com", "Jö"),
        ("Friends: Jo Berg <jo@example.com>;", "jo@example.com", "Jo Berg"),
        ("nobody", "", ""),
        ("", "", ""),
    ],
)
def test_senders_are_found_however_they_are_written(raw: str, address: str, name: str) -> None:
    message = read_message(mail(From=raw))

    assert (message.sender, message.sender_name) == (address, name)


def test_several_senders_are_told_and_the_first_counts() -> None:
    message = read_message(b"From: a@x.example\r\nFrom: b@x.example\r\n\r\nhello")

    assert message.sender == "a@x.example"
    assert message.complaints == ("2 from headers; the first counts",)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Thu, 12 Mar 2026 10:11:12 +0100", datetime(2026, 3, 12, 9, 11, 12, tzinfo=timezone.utc)),
        ("Thu, 12 Mar 2026 10:11:12 -0000", datetime(2026, 3, 12, 10, 11, 12, tzinfo=timezone.utc)),
        ("yesterday", None),
        ("Thu, 99 Mar 2026 10:11:12 +0100", None),
        ("Thu, 12 Mar 99999 10:11:12 +9999", None),
        ("", None),
    ],
)
def test_dates_are_aware_or_none(raw: str, expected: datetime | None) -> None:
    assert read_message(mail(Date=raw)).date == expected


def test_an_mbox_line_is_no_header() -> None:
    message = read_message(b"From jo@example.com Thu Mar 12 10:11:12 2026\nSubject: x\n\nbody\n")

    assert (message.subject, message.plain) == ("x", "body\n")


@pytest.mark.parametrize(
    "content",
    [
        b"no headers at all",
        b"Subject: x",
        b"\x00\x01\x02\xff" * 100,
        b"Content-Type: multipart/mixed\r\n\r\ntext",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\nno parts",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nunfinished",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n--b--",
        b"Content-Type: ;;;===\r\n\r\ntext",
        b"Content-Type: text/plain; charset\r\nContent-Transfer-Encoding: x-nonsense\r\n\r\ntext",
        b": no name\r\n\xff\xfe: x\r\n\r\nbody",
    ],
)
def test_broken_mails_are_read(content: bytes) -> None:
    assert isinstance(read_message(content), Message)


def test_an_unfinished_multipart_keeps_its_text() -> None:
    message = read_message(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nWhere is 4711?"
    )

    assert message.plain == "Where is 4711?"
    assert message.complaints == ("a multipart does not end",)


def test_boundaries_that_begin_alike_are_told_apart() -> None:
    inner = f"--b1x{BREAK}{part('inner')}{BREAK}--b1x--"
    message = read_message(
        multipart(part(inner, "multipart/alternative; boundary=b1x"), part("outer"))
    )

    assert message.plain == "inner\n\nouter"


def test_text_holds_neither_nul_nor_surrogates() -> None:
    message = read_message(mail(b"a\x00b \xed\xa0\x80 c", Content_Type="text/plain; charset=utf-8"))

    assert "\x00" not in message.plain
    assert message.plain.encode("utf-8")


def test_only_empty_and_too_large_mails_are_refused() -> None:
    with pytest.raises(DataError, match="empty"):
        read_message(b" \r\n ")
    with pytest.raises(DataError, match="MB"):
        read_message(b"Subject: x\r\n\r\n" + b"a" * MAX_BYTES)
