"""Urgency, feeling and danger by words, in twelve languages and without a label."""

from __future__ import annotations

import pytest

from kits.support_triage._entities.tone import (
    AT_ONCE,
    CAN_WAIT,
    FEATURES,
    SOON,
    USUAL,
    needs_person,
    read_tone,
)

URGENT = [
    "This is urgent, please answer immediately!",
    "Es ist dringend, bitte antworten Sie sofort!",
    "C'est urgent, répondez au plus vite !",
    "Es urgente, respondan lo antes posible.",
    "È urgente, rispondete al più presto.",
    "É urgente, respondam imediatamente.",
    "Het is dringend, graag zo snel mogelijk antwoord.",
    "To pilne, proszę natychmiast odpowiedzieć.",
    "Det är brådskande, svara omedelbart.",
    "Det haster, svar hurtigst muligt.",
    "Je to naléhavé, odpovězte okamžitě.",
    "Bu acil, hemen cevap verin.",
]
DANGER = [
    ("My lawyer will write to you.", "law"),
    ("Mein Anwalt meldet sich.", "law"),
    ("Mon avocat vous écrira.", "law"),
    ("Mi abogado les escribirá.", "law"),
    ("Il mio avvocato vi scriverà.", "law"),
    ("O meu advogado vai escrever.", "law"),
    ("Mijn advocaat schrijft u.", "law"),
    ("Mój adwokat napisze.", "law"),
    ("Min advokat hör av sig.", "law"),
    ("Min advokat skriver til jer.", "law"),
    ("Můj advokát vám napíše.", "law"),
    ("Avukatım size yazacak.", "law"),
    ("The charger caught fire last night.", "danger"),
    ("Das Ladegerät brennt!", "danger"),
    ("Le chargeur a pris feu.", "danger"),
    ("De oplader staat in brand.", "danger"),
    ("Der Karabiner brach, mein Partner liegt im Krankenhaus.", "danger"),
    ("Die Kartusche leckt, das ist lebensgefährlich!", "danger"),
    ("Die Marktüberwachung fordert Sie auf, den Verkauf zu stoppen.", "law"),
    ("I will end my life.", "violence or despair"),
    ("I am a journalist and write about you.", "press"),
]


@pytest.mark.parametrize("text", URGENT)
def test_urgent_mails_are_urgent_in_every_language(text: str) -> None:
    assert read_tone(text).urgency >= SOON
    assert read_tone("Bonjour, hello, hallo, hola.").urgency == USUAL


@pytest.mark.parametrize(("text", "reason"), DANGER)
def test_law_danger_and_despair_need_a_person(text: str, reason: str) -> None:
    assert reason in needs_person(text)
    assert read_tone(text).needs_person == needs_person(text)


def test_the_reason_quotes_the_word_that_was_seen() -> None:
    assert "Lawyer" in needs_person("My Lawyer says no.")


@pytest.mark.parametrize(
    "text",
    [
        "Where is my parcel? Order 12345 has not arrived yet.",
        "Wie kann ich meine Adresse ändern?",
        "I would like to smoke-test the new printer driver.",
        "Please tell me the court of jurisdiction in your terms.",
    ],
)
def test_usual_mails_need_no_person(text: str) -> None:
    assert needs_person(text) == ""


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("This is a great phone, I love it.", 2),
        ("This is not a great phone.", 0),
        ("Not bad at all.", 2),
        ("No, it is great.", 2),
        ("Terrible service, I am very disappointed.", 0),
        ("Where is my order?", 1),
        ("Der Service war schlecht, ich bin enttäuscht.", 0),
        ("Ich bin sehr zufrieden.", 2),
        ("Je suis très déçue.", 0),
        ("Estoy muy contento.", 2),
        ("", 1),
    ],
)
def test_feeling_with_its_negation(text: str, sentiment: int) -> None:
    assert read_tone(text).sentiment == sentiment


def test_a_mail_that_can_wait_is_below_a_usual_one() -> None:
    calm = read_tone("Just a question, no rush: which colours do you have?")
    assert calm.urgency == CAN_WAIT


def test_a_phrase_does_not_reach_over_the_end_of_a_sentence() -> None:
    assert read_tone("The queue was third. Time passed.").urgency == USUAL


def test_features_are_shares_and_named() -> None:
    tone = read_tone("URGENT!!! STILL NO ANSWER! My lawyer is angry." * 50)
    assert len(tone.features) == len(FEATURES)
    assert all(0.0 <= value <= 1.0 for value in tone.features)
    assert dict(zip(FEATURES, tone.features, strict=True))["danger"] > 0
    assert tone.urgency == AT_ONCE


def test_danger_at_the_end_of_a_long_mail_is_seen() -> None:
    assert needs_person("word " * 30_000 + "my lawyer")


def test_a_megabyte_of_cues_is_read() -> None:
    assert read_tone("not very good! " * 70_000).urgency in range(CAN_WAIT, AT_ONCE + 1)
