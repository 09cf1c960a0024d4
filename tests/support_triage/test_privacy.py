"""Personal data is replaced before a text leaves, and comes back exactly."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from kits.core.prediction import Span
from kits.support_triage._entities.extractor import Extractor
from kits.support_triage._entities.kinds import KINDS
from kits.support_triage._entities.privacy import (
    Redacted,
    _carries_a_token,
    personal_spans,
    redact,
    restore,
)
from kits.support_triage._entities.spec import EntitiesSpec, PatternSpec, ProductSpec

PAGE = Path(__file__).parents[2] / "docs/explanation/mails.md"
COMMON = Extractor(EntitiesSpec())
MAIL = """Dear Ms Miller,

please send order 4711-99 to Hauptstraße 12, 10115 Berlin and write to max@example.com or call +49 30 1234567.
IBAN DE89 3704 0044 0532 0130 00. https://shop.example/reset?token=abc123 - Ms Miller knows.

Kind regards,
Max Muster
"""
PIECES = [
    "max@example.com",
    "anna.b@mail.example.org",
    "DE89370400440532013000",
    "4111 1111 1111 1111",
    "+49 30 1234567",
    "order 4711-99",
    "ATU13585627",
    "Dear Ms Miller,\n",
    "\n\nKind regards,\nMax Muster\n",
    "Hauptstraße 12, 10115 Berlin",
    "https://x.example/?k=1",
    "<EMAIL_1>",
    "<EMAIL_2",
    "<LITERAL_1>",
    "<NAME_1>",
    "<<ORDER_12>>",
    "\ufffc",
    "\x00",
    "the parcel is late",
    " ",
    "\n",
    "é",
    "1",
    "@",
    ">",
]


def private(text: str, table: dict[str, str] | None = None) -> Redacted:
    return redact(text, personal_spans(text, COMMON), table)


def test_a_mail_loses_its_personal_data_and_nothing_else() -> None:
    told = private(MAIL)
    assert told.text == (
        "Dear Ms <NAME_1>,\n\nplease send order <ORDER_1> to <ADDRESS_1> and write to <EMAIL_1> or call <PHONE_1>.\n"
        "IBAN <IBAN_1>. <URL_1> - Ms <NAME_1> knows.\n\nKind regards,\n<NAME_2>\n"
    )
    assert restore(told.text, told.table) == MAIL


def test_the_page_on_what_leaves_names_what_is_replaced_and_what_stays() -> None:
    page = PAGE.read_text(encoding="utf-8")
    _, replaced, stays = re.split("What is replaced:|What no rule knows stays", page)
    words = {"email": "e-mail address", "address": "street", "vat": "VAT", "tracking": "parcel"}
    personal = [name for name, kind in KINDS.items() if kind.personal and name != "iban"]
    assert [one for one in personal if words.get(one, one) not in replaced] == []
    [example] = re.findall(r'\("(my neighbour .*?)"\)', stays)
    assert private(f"Hello, {example} has got his.").text == f"Hello, {example} has got his."


@pytest.mark.parametrize("seed", range(60))
def test_any_text_comes_back_exactly_and_nothing_personal_stays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    text = "".join(PIECES[i] for i in rng.integers(len(PIECES), size=30))
    told = private(text)
    assert restore(told.text, told.table) == text
    assert personal_spans(told.text, COMMON) == ()
    for secret in PIECES[:5]:
        assert f" {secret} " not in told.text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("call +49 170 1234567 4111 1111 1111 1111", "call +<NUMBER_1> <PHONE_1>"),
        ("paid 2026 4111 1111 1111 1111", "paid <NUMBER_1>"),
        ("卡号4111111111111111，谢谢", "卡号<NUMBER_1>，谢谢"),
        ("카드번호 ４１１１ １１１１ １１１１ １１１１", "카드번호 <NUMBER_1>"),
        ("no 4111 1111 1111 1112", "no <NUMBER_1>"),
        ("on 12.03.2026 12.04.2026 and 1.000.000,00 €", "on 12.03.2026 12.04.2026 and 1.000.000,00 €"),
        ("https://shop.example/p/123456789012", "https://shop.example/p/123456789012"),
    ],
)  # fmt: skip
def test_a_number_as_long_as_an_account_goes_whatever_stands_beside_it(
    text: str, left: str
) -> None:
    told = private(text)
    assert told.text == left
    assert restore(told.text, told.table) == text


def test_an_article_number_that_the_firm_calls_no_secret_stays() -> None:
    own = PatternSpec(pattern="ART-?[0-9]{12}", personal=False)
    extractor = Extractor(EntitiesSpec(patterns={"article": own}))
    text = "ART-400638133393 is broken"
    assert redact(text, personal_spans(text, extractor)).text == text


def test_one_value_has_one_placeholder_in_a_whole_thread() -> None:
    first = private("I am max@example.com")
    second = private("again max@example.com, and now anna@example.com", dict(first.table))
    assert first.text == "I am <EMAIL_1>"
    assert second.text == "again <EMAIL_1>, and now <EMAIL_2>"
    assert restore(first.text, second.table) == "I am max@example.com"


def test_a_forged_placeholder_brings_no_secret_back() -> None:
    told = private("max@example.com says <EMAIL_1>")
    assert told.text == "<EMAIL_1> says <LITERAL_1>"
    assert restore(told.text, told.table) == "max@example.com says <EMAIL_1>"


def test_a_placeholder_that_a_writer_invents_stays_one() -> None:
    told = private("max@example.com")
    assert restore("Dear <NAME_7>, <EMAIL_1>", told.table) == "Dear <NAME_7>, max@example.com"


def test_a_name_from_the_header_is_taken_out_wherever_it_stands() -> None:
    text = "This is Erika. Mustermann is my surname, a mustermann is a sample."
    spans = personal_spans(text, COMMON, names=["Erika Mustermann"])
    assert redact(text, spans).text == (
        "This is <NAME_1>. <NAME_2> is my surname, a mustermann is a sample."
    )


def test_a_number_that_was_explained_once_is_taken_out_everywhere() -> None:
    text = "48178 is late!\n\nMy order number is 48178. Please send 48178 again, not 481789."
    assert private(text).text == (
        "<ORDER_1> is late!\n\nMy order number is <ORDER_1>. Please send <ORDER_1> again, not 481789."
    )


@pytest.mark.parametrize(
    "closing",
    [
        "Kind regards,\n",
        "Many thanks in advance\n",
        "Danke\n",
        "Merci d'avance\n\n",
        "Mit freundlichen Grüßen aus Bonn\n",
        "Un saludo,\n",
        "Thanks, ",
        "Pozdrawiam\n",
        "Med vänlig hälsning\n",
        "S pozdravem\n",
        "Saygılarımla\n",
    ],
)
def test_the_name_under_a_closing_is_taken_out(closing: str) -> None:
    text = f"Where is it?\n\n{closing}Jana van Dijk"
    assert private(text).text == f"Where is it?\n\n{closing}<NAME_1>"


def test_what_follows_a_closing_and_is_no_name_stays() -> None:
    for text in ("Thanks\n\nthe parcel came", "Thanks,\nSupport Team", "Best\n12 Items", "Danke"):
        assert private(text).text == text


def test_plain_web_addresses_and_products_may_leave() -> None:
    shop = Extractor(EntitiesSpec(products=(ProductSpec(names=("Kaffeemaschine Roma",)),)))
    text = "see https://shop.example/faq about the Kaffeemaschine Roma"
    assert personal_spans(text, shop) == ()


@pytest.mark.parametrize("personal", [True, False])
def test_the_firm_says_whether_its_own_numbers_are_personal(personal: bool) -> None:
    own = Extractor(
        EntitiesSpec(patterns={"device": PatternSpec(pattern=r"DV\d{4}", personal=personal)})
    )
    assert bool(personal_spans("it is DV1234", own)) is personal


def test_kinds_that_nobody_looks_for_are_taken_out_all_the_same() -> None:
    nothing = Extractor(EntitiesSpec(kinds=()))
    told = redact("write to a@b.example", personal_spans("write to a@b.example", nothing))
    assert nothing.find("write to a@b.example") == ()
    assert told.text == "write to <EMAIL_1>"


def test_a_harmless_kind_cannot_cover_a_personal_one() -> None:
    own = Extractor(
        EntitiesSpec(patterns={"line": PatternSpec(pattern=r"\d{2} \d{7}", personal=False)})
    )
    text = "call +49 30 1234567"
    assert [span.label for span in own.find(text)] == ["line"]
    assert redact(text, personal_spans(text, own)).text == "call <PHONE_1>"


def test_every_kind_can_be_a_placeholder() -> None:
    for kind in [*KINDS, "Ticket-no", "x" * 40]:
        told = redact("abc", [Span(0, 1, kind, "a")])
        assert told.text.endswith("_1>bc")
        assert restore(told.text, told.table) == "abc"


def test_spans_that_overlap_are_replaced_once() -> None:
    spans = [Span(0, 4, "email", "a@b."), Span(2, 6, "phone", "b.c ")]
    told = redact("a@b.c d", spans)
    assert told.text == "<EMAIL_1>c d"
    assert restore(told.text, told.table) == "a@b.c d"


@pytest.mark.parametrize(
    "piece",
    [
        "a@b.example <EMAIL_1> ",
        *(
            pytest.param(piece, marks=pytest.mark.slow)
            for piece in ("<A_1>", "Hi Anna\n", "Danke\nA\n", "+49 30 1234567\n")
        ),
    ],
)
def test_a_long_text_made_to_harm_comes_back(piece: str) -> None:
    text = piece * (250_000 // len(piece))
    told = private(text)
    assert restore(told.text, told.table) == text
    assert "a@b.example" not in told.text


@pytest.mark.parametrize(
    ("path", "secret"),
    [("a" * 16, False), ("a" * 15 + "1", True), ("a" * 14 + "1", False), ("r/1/" + "a" * 16, False), ("-" * 3_000_000, False)],
    ids=["letters", "token", "short", "parted", "without end"],
)  # fmt: skip
def test_an_address_carries_a_token_where_a_long_piece_has_a_digit(path: str, secret: bool) -> None:
    # where a digit was looked for from each sign on, for hours
    assert _carries_a_token(f"https://shop.example/{path}") is secret
