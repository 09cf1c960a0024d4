"""Mails that say the same are found, whatever their numbers and greetings; unlike ones are left in peace."""

from __future__ import annotations

import time

from kits.core.mail.writing import write_message
from kits.support_triage._checking.duplicates import near_duplicates, similar_texts

LONG = (
    "I ordered a green kettle three weeks ago and it has still not arrived, although your page says that it was handed"
    " to the carrier on Monday; please tell me where it is or send me another one"
)


def test_numbers_and_addresses_do_not_make_a_new_mail() -> None:
    pairs = similar_texts([
        ("a", "Where is my order 4711? Write to ann@shop.example."),
        ("b", "where is my order #99-12 ... write to bob@shop.example"),
        ("c", "Where is my invoice 4711? Write to ann@shop.example."),
    ])  # fmt: skip
    assert pairs == [("a", "b")]


def test_a_long_mail_with_a_few_other_words_is_the_same_mail() -> None:
    changed = LONG.replace("green", "blue") + " Thank you"
    other = " ".join(reversed(LONG.split()))
    assert similar_texts([("a", LONG), ("b", changed), ("c", other)]) == [("a", "b")]


def test_short_mails_are_alike_only_when_equal() -> None:
    assert similar_texts([("a", "my card is lost"), ("b", "my card was lost")]) == []


def test_many_equal_mails_are_tied_to_one_another_without_all_pairs() -> None:
    pairs = similar_texts((f"m{n:05d}", f"Your ticket {n} was opened") for n in range(20_000))
    assert len(pairs) == 19_999
    assert {one for one, _ in pairs} == {"m00000"}


def test_empty_and_broken_mails_are_passed_over() -> None:
    good = write_message(subject="", body=LONG)
    assert (
        near_duplicates([("a", good), ("b", b""), ("c", write_message(subject="", body=""))]) == []
    )
    assert near_duplicates([("a", good), ("b", good)]) == [("a", "b")]


def test_a_megabyte_of_one_kind_of_character_costs_no_more_than_a_book() -> None:
    began = time.process_time()
    for text in (
        "a@" * 500_000,
        "1." * 500_000,
        "http://" * 150_000,
        "+1 " * 300_000,
        "¤" * 1_000_000,
    ):
        similar_texts([("a", text), ("b", text + "b")])
    assert time.process_time() - began < 60  # seconds on any machine; squares would take hours
