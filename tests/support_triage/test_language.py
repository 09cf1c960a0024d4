"""The language of a mail is told where it can be, and not guessed where it cannot."""

from __future__ import annotations

import pytest

from kits.core.mail.writing import write_message
from kits.support_triage._mail.form_fields import written_words
from kits.support_triage._mail.language import language_of
from kits.support_triage._mail.reading import read_mail
from tests.support_triage.quote_cases import LANGUAGES


@pytest.mark.parametrize("code", LANGUAGES)
def test_whole_mails_are_told_apart(code: str) -> None:
    words = LANGUAGES[code]

    found = language_of(f"{words.asked}\n{words.answer}")

    # Danish and Norwegian write many sentences with the same letters
    assert found in ({"da", "nb"} if code in {"da", "nb"} else {code})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "4711",
        "Rechnung",
        "jo@example.com",
        "https://example.com/a/b",
        "AB-12345 / 99",
        "?!",
    ],
)
def test_what_is_too_short_has_no_language(text: str) -> None:
    assert language_of(text) == ""


FORM = """Name: Ada Brandt
E-Mail: ada.brandt@gmail.example
Bestellnummer: 54755
Nachricht:
{}

---
Gesendet über das Kontaktformular von nordlicht.example
"""
ONE_LINE = (
    "Anrede: Frau\nVorname: Ada\nTelefon: 030 1234\nIhre Nachricht: {}\nDatenschutz gelesen: ja\n"
)


@pytest.mark.parametrize("form", [FORM, ONE_LINE])
@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Cancel the Glim headlamp please, I found it elsewhere.", "en"),
        ("Chcę odesłać Boreal boots, rozmiar nie pasuje.", "pl"),
        ("Wann kommt endlich mein Paket an?", "de"),
        ("ok", "de"),
    ],
)
def test_a_forms_mail_is_in_the_language_that_was_written_into_it(
    form: str, written: str, code: str
) -> None:
    content = write_message(subject="Kontaktformular: Anfrage", body=form.format(written))
    assert read_mail(content).language == code


@pytest.mark.parametrize(
    "body",
    [
        "Hello: this is\nno form\n\nreally",
        "Name: Ada\n\nwhere is my order",
        "",
        "https://a.example/x\nhttps://b.example\nhttps://c.example",
        "a: b\n" * 3,
    ],
)
def test_what_is_no_form_stays_whole(body: str) -> None:
    assert written_words(body) == body


def test_numbers_links_and_names_of_articles_do_not_decide() -> None:
    noise = "AB-12345 https://example.com/the/order/is/here SAMSUNG GALAXY jo@example.com "

    assert language_of(noise + "Wo ist meine Bestellung geblieben?") == "de"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("您好，我的订单10482231还没有到，请问什么时候能收到？谢谢", "zh"),
        ("注文番号AB-10482231の商品がまだ届いておりません。", "ja"),
        ("詳しくはhttps://example.com/aをご覧ください。返品したいです。", "ja"),
    ],
)
def test_a_number_takes_no_words_with_it_where_no_spaces_are_written(text: str, code: str) -> None:
    assert language_of(text) == code


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "@" * 1_000_000, "9" * 1_000_000, "a@" * 500_000, "\u4e00" * 500_000]
)
def test_long_texts_are_no_trouble(text: str) -> None:
    assert isinstance(language_of(text), str)
