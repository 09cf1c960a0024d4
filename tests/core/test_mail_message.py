"""Mails are read however broken they are; what a header or a charset pretends does not decide."""

from __future__ import annotations

import base64
import unicodedata
from datetime import datetime, timezone

import pytest

from kits.core.errors import DataError
from kits.core.mail.message import MAX_BYTES, Message, read_message

BREAK = "\r\n"


def mail(body: str | bytes = "Hello", **headers: str) -> bytes:
    """A mail with these headers (`Content_Type` for Content-Type)."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    content = body if isinstance(body, bytes) else body.encode("utf-8")
    return (BREAK.join(lines) + BREAK * 2).encode("utf-8") + content


def multipart(*parts: str, kind: str = "mixed", boundary: str = "b1") -> bytes:
    body = "".join(f"--{boundary}{BREAK}{part}{BREAK}" for part in parts) + f"--{boundary}--{BREAK}"
    return mail(body, Content_Type=f'multipart/{kind}; boundary="{boundary}"')


def part(text: str, media_type: str = "text/plain", **headers: str) -> str:
    more = "".join(f"{name.replace('_', '-')}: {value}{BREAK}" for name, value in headers.items())
    return f"Content-Type: {media_type}{BREAK}{more}{BREAK}{text}"


@pytest.mark.parametrize(
    ("text", "charset", "codec"),
    [
        ("Größe für 5 €", "utf-8", "utf-8"),
        ("Größe für 5 €", "windows-1252", "cp1252"),
        ("Größe für 5 €", "iso-8859-1", "cp1252"),  # what programs call latin-1
        ("Größe für 5 €", "us-ascii", "cp1252"),
        ("Größe für 5 €", "us-ascii", "utf-8"),
        ("Größe für 5 €", "iso-8859-15", "iso8859_15"),
        ("Größe für 5 €", "iso-8859-1", "utf-8"),  # declared wrongly
        ("Größe", "", "utf-8"),
        ("Größe", "", "cp1252"),
        ("Größe", "x-unknown", "cp1252"),
        ("Größe und Straße", "utf-8", "cp1252"),  # declared wrongly
        ("Zażółć gęślą jaźń", "iso-8859-2", "iso8859_2"),
        ("Zażółć gęślą jaźń", "windows-1250", "cp1250"),
        ("Где мой заказ?", "koi8-r", "koi8_r"),
        ("Где мой заказ?", "windows-1251", "cp1251"),
        ("Де моє замовлення?", "koi8-u", "koi8_u"),
        ("Πού είναι;", "iso-8859-7", "iso8859_7"),
        ("איפה ההזמנה", "iso-8859-8-i", "iso8859_8"),
        ("أين طلبي", "windows-1256", "cp1256"),
        ("Siparişim nerede?", "iso-8859-9", "cp1254"),
        ("Đơn hàng", "utf-8", "utf-8"),
        ("我的订单在哪里", "gb2312", "gb18030"),
        ("我的訂單在哪裡", "big5", "big5hkscs"),
        ("我的订单在哪里", "gbk", "utf-8"),  # declared wrongly
        ("注文はどこですか", "iso-2022-jp", "iso2022_jp"),
        ("注文はどこですか①", "shift_jis", "cp932"),
        ("注文はどこですか", "iso-2022-jp", "cp932"),  # declared wrongly
        ("注文はどこですか", "euc-jp", "euc_jp"),
        ("我的订单𠮷在哪里", "gb18030", "gb18030"),
        ("我的订单在哪里", "hz-gb-2312", "hz"),
        ("주문은 어디", "ks_c_5601-1987", "cp949"),
        ("주문은 어디", "ksc_5601", "cp949"),
        ("Zażółć gęślą jaźń", "iso_8859-2:1987", "iso8859_2"),
        ("Где мой заказ?", "csISOLatinCyrillic", "iso8859_5"),
        ("주문은 어디", "euc-kr", "euc_kr"),
        ("คำสั่งซื้อ", "tis-620", "cp874"),
        ("Größe", "UTF8", "utf-8"),
        ("Größe", "'utf-8'", "utf-8"),
        ("Größe", "utf-16", "utf-16"),
    ],
)
def test_text_is_decoded_whatever_its_charset_is_called(
    text: str, charset: str, codec: str
) -> None:
    declared = f"text/plain; charset={charset}" if charset else "text/plain"
    content = base64.encodebytes(text.encode(codec))

    message = read_message(mail(content, Content_Type=declared, Content_Transfer_Encoding="base64"))

    assert message.plain == text


@pytest.mark.parametrize(
    ("content", "text", "complaints"),
    [
        (b"\x1b$B-!-j\x1b(B 5 \x1b(I6E\x1b(B", "①㈱ 5 ｶﾅ", ()),
        (b"\x1b$B|b66yu\x1b(B, 4711", "髙橋﨑, 4711", ()),
        (b"\x1b$BF|K\\\n8l-!\x1b(B", "日本\n語①", ()),
        (b"\x1b$B-!~~\x1b(B x", "①\ufffd\ufffd x", ("damaged iso-2022-jp",)),
    ],
)
def test_japanese_of_windows_is_no_ascii(
    content: bytes, text: str, complaints: tuple[str, ...]
) -> None:
    """Letters that the standard lacks, as Outlook writes them: a numeral in a circle, a firm's sign, names."""
    message = read_message(mail(content, Content_Type="text/plain; charset=iso-2022-jp"))

    assert (message.plain, message.complaints) == (text, complaints)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    ("subject", "charset", "codec"),
    [
        ("订单没有收到", "gb2312", "gbk"),
        ("订单没有收到", "gb2312", "utf-8"),
        ("Где мой заказ?", "windows-1251", "cp1251"),
        ("注文はどこ", "iso-2022-jp", "iso2022_jp"),
        ("Größe", "utf-8", "cp1252"),
    ],
)
def test_a_subject_of_bytes_is_in_the_charset_of_the_text(
    subject: str, charset: str, codec: str, wrapped: bool
) -> None:
    text = f"Content-Type: text/plain; charset={charset}{BREAK}{BREAK}x"
    if wrapped:
        text = (
            f"Content-Type: multipart/mixed; boundary=b{BREAK}{BREAK}--b{BREAK}{text}{BREAK}--b--"
        )
    raw = subject.encode(codec)
    content = b"From: " + raw + b" <a@b.example>\r\nSubject: " + raw + b"\r\n" + text.encode()
    message = read_message(content)
    assert message.subject == subject
    head = read_message(content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    assert message.sender == head.sender == "a@b.example", "the same without the text"


def test_the_five_bytes_without_meaning_do_not_spoil_the_rest() -> None:
    message = read_message(
        mail(b"Stra\xdfe \x81 5 \x80", Content_Type="text/plain; charset=latin1")
    )

    assert message.plain == "Straße \ufffd 5 €"


@pytest.mark.parametrize(
    "charset", ["utf-7", "punycode", "idna", "rot13", "zip", "unicode_escape", "../../x"]
)
def test_a_mail_chooses_no_codec_of_its_own(charset: str) -> None:
    message = read_message(
        mail("+ADw-b+AD4- \\u003c", Content_Type=f"text/plain; charset={charset}")
    )

    assert message.plain == "+ADw-b+AD4- \\u003c"
    assert "not known" in message.complaints[0]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("R3LDvMOfZQ==", "Grüße"),
        ("R3LDvMOfZQ", "Grüße"),  # no padding
        ("R3LD\r\nvMOf\r\nZQ==\r\n", "Grüße"),
        ("R3LDvMOfZQ==\r\nIC4=", "Grüße ."),  # a gateway added a footer
        ("R3LDvMOfZQ==!", "Grüße"),
        ("Hello, this is no base64 at all.", "Hello, this is no base64 at all."),
    ],
)
def test_broken_base64_gives_what_can_be_read(body: str, text: str) -> None:
    message = read_message(
        mail(body, Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="base64")
    )

    assert message.plain.strip() == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Gr=C3=BC=C3=9Fe", "Grüße"),
        ("Gr=c3=bc=C3=9Fe", "Grüße"),
        ("long=\r\ner", "longer"),
        ("100 = 50 + 50 =", "100 = 50 + 50 "),
        ("a=ZZb", "a=ZZb"),
    ],
)
def test_broken_quoted_printable_gives_what_can_be_read(body: str, text: str) -> None:
    message = read_message(
        mail(
            body,
            Content_Type="text/plain; charset=utf-8",
            Content_Transfer_Encoding="Quoted-Printable",
        )
    )

    assert message.plain == text


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        ("=?utf-8?Q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("=?UTF-8?B?R3LDtsOfZQ==?=", "Größe"),
        ("=?utf-8?Q?Gr=C3?= =?utf-8?Q?=B6=C3=9Fe?=", "Größe"),  # a character cut in two
        ("=?utf-8?B?R3LDtsOf?= =?utf-8?B?ZQ==?= da", "Größe da"),
        ("=?iso-8859-1?Q?Gr=F6=DFe_42?= neu", "Größe 42 neu"),
        ("=?utf-8*de?Q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("=?nonsense?Q?Gr=F6=DFe?=", "Größe"),
        ("=?utf-8?Q?unfinished", "=?utf-8?Q?unfinished"),
        ("=?utf-8?B?????=", "=?utf-8?B?????="),
        ("Größe", "Größe"),
        ("plain", "plain"),
    ],
)
def test_encoded_words_are_decoded_and_broken_ones_stay(raw: str, subject: str) -> None:
    assert read_message(mail(Subject=raw)).subject == subject


def test_no_header_moves_a_terminals_cursor() -> None:
    """Also by the single-character sequences of eight-bit terminals."""
    found = read_message(
        b"From: =?utf-8?q?=C2=9BJo?= <jo@x.example>\r\nSubject: a=?utf-8?q?_=C2=9B31m=1B[2J=C2=9D?= \xc2\x9b b\r\n\r\nx"
    )
    assert not any(unicodedata.category(c) == "Cc" for c in found.subject + found.sender_name)


def test_a_line_break_in_an_encoded_subject_makes_no_header() -> None:
    encoded = base64.b64encode(b"Order\r\nBcc: all@example.com\r\n\r\nbody").decode()

    message = read_message(mail(Subject=f"=?utf-8?B?{encoded}?="))

    assert message.subject == "Order Bcc: all@example.com body"
    assert "bcc" not in message.headers


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
