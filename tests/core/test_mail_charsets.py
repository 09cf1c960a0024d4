"""Charsets, transfer encodings and encoded words: what they pretend does not decide."""

from __future__ import annotations

import base64
import unicodedata

import pytest

from kits.core.mail.message import read_message
from tests.core.mail_texts import BREAK, mail


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
