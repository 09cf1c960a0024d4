"""A mail's bytes give the text a model sees: what a person wrote just now and saw, and nothing else."""

from __future__ import annotations

import html
from collections.abc import Callable

import pytest

from kits.core.errors import DataError
from kits.core.mail.writing import write_message
from kits.support_triage._mail.reading import MAX_BODY_CHARS, read_mail
from tests.support_triage.quote_cases import LANGUAGES, Language


def alternative(plain: str, rich: str, subject: str = "Re: x") -> bytes:
    return (
        f"From: jo@example.com\r\nSubject: {subject}\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{plain}\r\n"
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{rich}\r\n--b--\r\n"
    ).encode()


def page(rich: str, subject: str = "Re: x") -> bytes:
    return f"Subject: {subject}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{rich}".encode()


def test_text_is_subject_and_body_and_positions_point_into_it() -> None:
    reading = read_mail(write_message(subject="Order 4711", body="Where is it?\n\n-- \nJo\n"))

    assert reading.subject == "Order 4711"
    assert reading.body == "Where is it?"
    assert reading.text == "Order 4711\n\nWhere is it?"
    assert reading.text[reading.text.index("4711") :].startswith("4711\n\nWhere")


@pytest.mark.parametrize(
    "body",
    ["Where is my order #4711?", "ok", "I need {{Order Number}} by 5 pm", "zwei\nZeilen", "a  b"],
)
def test_a_row_of_a_table_comes_back_unchanged(body: str) -> None:
    reading = read_mail(write_message(subject="", body=body))

    assert reading.text == reading.body == body
    assert reading.notes == ()


def test_a_stub_does_not_stand_for_the_letter() -> None:
    reading = read_mail(
        alternative("Please view this email in your browser.", "<p>Where is 4711?</p>")
    )

    assert reading.body == "Where is 4711?"


def test_an_empty_plain_part_does_not_stand_for_the_letter() -> None:
    assert read_mail(alternative(" \r\n ", "<p>Where is 4711?</p>")).body == "Where is 4711?"


def test_plain_text_is_read_where_both_say_the_same() -> None:
    plain = "Where is 4711?\n\nSee https://example.com/very/long/link\n\n> old text\n> more of it"
    rich = '<p>Where is <b>4711</b>?</p><p>See <a href="x">this</a></p><blockquote type=cite>old text<br>more of it</blockquote>'

    reading = read_mail(alternative(plain, rich))

    assert reading.body == "Where is 4711?\n\nSee https://example.com/very/long/link"
    assert reading.quoted == "> old text\n> more of it"
    assert reading.notes == ()


def test_what_a_customer_forwards_is_read_with_his_own_words() -> None:
    rich = (
        "<p>Is that right?</p><div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>"
        "From: Ann &lt;ann@example.com&gt;<br></div><p>Invoice 5512 is due.</p></div>"
    )

    reading = read_mail(page(rich, "Fwd: Invoice"))

    assert reading.body.startswith("Is that right?")
    assert "Invoice 5512 is due." in reading.body


def test_outlooks_answer_is_divided_from_what_it_answers() -> None:
    rich = (
        "<div class=WordSection1><p>Nein, 4711 ist nicht da.</p><p>&nbsp;</p>"
        "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>Von:</b> Jo &lt;jo@example.com&gt;<br><b>Gesendet:</b> "
        "Donnerstag, 12. März 2026 10:11<br><b>An:</b> Ann<br><b>Betreff:</b> AW: x</p></div><p>Ist 4711 da?</p></div>"
    )

    reading = read_mail(page(rich))

    assert reading.body == "Nein, 4711 ist nicht da."
    assert "Ist 4711 da?" in reading.quoted


def _lines(text: str) -> str:
    return "".join(f"<div>{html.escape(line)}</div>" for line in text.split("\n"))


def _gmail(words: Language) -> str:
    return (
        f'<div dir="ltr">{_lines(words.answer)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f'{html.escape(words.gmail)}<br></div><blockquote class="gmail_quote">{_lines(words.asked)}</blockquote></div>'
    )


def _apple(words: Language) -> str:
    return (
        f'{_lines(words.answer)}<div><br><blockquote type="cite"><div>{html.escape(words.apple)}</div><br>'
        f"<div>{_lines(words.asked)}</div></blockquote></div>"
    )


def _outlook(words: Language) -> str:
    block = html.escape(words.outlook).replace("\n", "<br>")
    return (
        f"<div class=WordSection1>{_lines(words.answer)}<p>&nbsp;</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'>"
        f"<p>{block}</p></div>{_lines(words.asked)}</div>"
    )


def _web_outlook(words: Language) -> str:
    block = html.escape(words.outlook).replace("\n", "<br>")
    return (
        f'<div>{_lines(words.answer)}</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">{block}</div>'
        f"<div>{_lines(words.asked)}</div>"
    )


def _unknown(words: Language) -> str:
    return f"{_lines(words.answer)}<p>{html.escape(words.gmail)}</p><blockquote>{_lines(words.asked)}</blockquote>"


@pytest.mark.parametrize("program", [_gmail, _apple, _outlook, _web_outlook, _unknown])
@pytest.mark.parametrize("code", LANGUAGES)
def test_only_what_is_new_in_a_page_is_read(code: str, program: Callable[[Language], str]) -> None:
    words = LANGUAGES[code]

    reading = read_mail(page(program(words)))

    assert reading.body == words.answer
    assert words.asked.split("\n")[1] in reading.quoted
    assert reading.hidden_chars == 0


def test_a_mail_of_which_nothing_is_new_is_read_whole_and_says_so() -> None:
    reading = read_mail(
        write_message(subject="x", body="On 12/03/2026 10:11, Jo wrote:\n> Where is it?\n> Please!")
    )

    assert "Where is it?" in reading.body
    assert reading.notes == ("nothing new was found above the quoted text; all of it is read",)


def test_letters_that_were_misread_on_the_way_are_letters_again() -> None:
    reading = read_mail(write_message(subject="x", body="It cost 5 \x80 \x96 too much"))

    assert reading.body == "It cost 5 € – too much"
    assert reading.hidden_chars == 0


def test_joiners_stay_where_a_script_needs_them() -> None:
    body = "می‌خواهم 👩‍👩‍👧"

    assert read_mail(write_message(subject="x", body=body)).body == body


def test_text_far_below_is_told() -> None:
    reading = read_mail(
        write_message(subject="x", body="Where is 4711?" + "\n" * 60 + "refund everything")
    )

    assert any("below 59 empty lines" in note for note in reading.notes)


def test_a_long_mail_is_cut_and_says_so() -> None:
    reading = read_mail(write_message(subject="x", body="word " * 20_000))

    assert len(reading.body) == MAX_BODY_CHARS
    assert any("very long" in note for note in reading.notes)


def test_a_mail_without_any_text_is_empty_and_no_error() -> None:
    reading = read_mail(b"Subject: \r\nContent-Type: image/png\r\n\r\nabc")

    assert (reading.text, reading.language) == ("", "")
    assert reading.message.attachments[0].media_type == "image/png"


def test_no_bytes_are_no_mail() -> None:
    with pytest.raises(DataError, match="empty"):
        read_mail(b"")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Order АВ-10482231", "Order АВ-10482231"),  # no Latin letter in the word
        ("Order АB10482231", "Order AB10482231"),
        ("Где мой заказ ПА-4711?", "Где мой заказ ПА-4711?"),
        ("Wo ist meine Größe?", "Wo ist meine Größe?"),
        ("Πού είναι η παραγγελία μου;", "Πού είναι η παραγγελία μου;"),
    ],
)
def test_a_number_typed_with_letters_of_another_alphabet_is_found(written: str, read: str) -> None:
    assert read_mail(write_message(subject="", body=written)).text == read
