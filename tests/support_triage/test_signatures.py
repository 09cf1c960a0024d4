"""Signatures are cut in many languages; a question, an order number or a sentence never is."""

from __future__ import annotations

import pytest

from kits.support_triage._mail.signature_words import VALEDICTIONS
from kits.support_triage._mail.signatures import split_signature
from tests.support_triage.quote_cases import LANGUAGES

ASKS = "Where is order 10482231?\nI have waited for two weeks."
CONTACT = "Jo Berg\nBerg & Sons Ltd.\nHigh Street 5, 10115 Berlin\nTel.: +49 30 1234567\njo@example.com\nwww.example.com"


def body(text: str) -> str:
    return split_signature(text)[0]


@pytest.mark.parametrize("code", VALEDICTIONS)
def test_valedictions_of_every_language_end_a_mail(code: str) -> None:
    for valediction in VALEDICTIONS[code].split("|"):
        for written in (valediction, valediction.capitalize() + ",", valediction.upper()):
            assert body(f"{ASKS}\n\n{written}\n{CONTACT}") == ASKS


@pytest.mark.parametrize("code", [code for code, words in LANGUAGES.items() if words.phone])
def test_what_a_phone_writes_is_cut(code: str) -> None:
    assert body(f"{ASKS}\n\n{LANGUAGES[code].phone}") == ASKS


@pytest.mark.parametrize("delimiter", ["-- ", "--", "—"])
def test_what_stands_below_the_delimiter_is_cut(delimiter: str) -> None:
    kept, cut = split_signature(f"{ASKS}\n{delimiter}\n{CONTACT}")

    assert kept == ASKS
    assert "Berg & Sons Ltd." in cut


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            f"{ASKS}\n-- \nJo\nP.S. can you also send the bill?",
            f"{ASKS}\nP.S. can you also send the bill?",
        ),
        (
            f"{ASKS}\n\nBest regards\nJo\n\nOrder no. 10482232 too",
            f"{ASKS}\n\nOrder no. 10482232 too",
        ),
        (
            f"{ASKS}\n\nBest regards\nJo\n\nPS: The lamp is broken as well.",
            f"{ASKS}\n\nPS: The lamp is broken as well.",
        ),
        (f"{ASKS}\n-- \nJo, customer AB-12345", f"{ASKS}\nJo, customer AB-12345"),
        (f"{ASKS}\n\nMfG\n#A10482231", f"{ASKS}\n\n#A10482231"),
        (f"{ASKS}\n\nMfG\nJo\nKd-Nr. 12345", f"{ASKS}\n\nKd-Nr. 12345"),
        ("Hello\nThanks\nsize 42\nblue", "Hello\nThanks\nsize 42\nblue"),
        ("Hello\nThanks\nplease hurry", "Hello\nThanks\nplease hurry"),
        ("Best regards\nJo", "Best regards\nJo"),
        ("-- \nWhere is 4711?", "-- \nWhere is 4711?"),
        ("Sent from my iPhone", "Sent from my iPhone"),
        ("Danke", "Danke"),
        ("Thanks\n\nbut where is my order?", "Thanks\n\nbut where is my order?"),
        (
            "I regard this as a scandal.\nBest is yet to come.\nRefund me.",
            "I regard this as a scandal.\nBest is yet to come.\nRefund me.",
        ),
        (
            "Please send it to:\nJo Berg\nHigh Street 5\n10115 Berlin",
            "Please send it to:\nJo Berg\nHigh Street 5\n10115 Berlin",
        ),
        ("", ""),
    ],
)
def test_nothing_that_says_something_is_lost(text: str, kept: str) -> None:
    assert body(text) == kept


@pytest.mark.parametrize(
    "thanks",
    ["Thanks,\nJo", "Vielen Dank!\nJo Berg", "Merci d'avance\nJo", "Gracias\nJo de la Torre"],
)
def test_thanks_above_a_name_end_a_mail(thanks: str) -> None:
    assert body(f"{ASKS}\n\n{thanks}") == ASKS


def test_a_note_of_lawyers_is_cut_and_what_follows_is_not() -> None:
    note = "This e-mail and any attachments are confidential\nand meant for the addressee only."

    assert body(f"{ASKS}\n\n{note}\n\nPlease call me.") == f"{ASKS}\n\n\nPlease call me."


@pytest.mark.parametrize(
    "line",
    [
        " " * 200_000 + "x",
        "-" * 500_000,
        "a" * 1_000_000,
        "9" * 500_000,
        "A-" * 300_000,
        "\n" * 300_000,
    ],
)
def test_long_lines_are_no_trouble(line: str) -> None:
    kept, cut = split_signature(f"{ASKS}\n{line}\nBest regards\n{line}")

    assert kept.startswith(ASKS)
    assert isinstance(cut, str)
