"""Mails that say the same are found, whatever their numbers and greetings; unlike ones are left in peace."""

from __future__ import annotations

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


def test_megabytes_of_one_kind_of_character_are_compared_by_their_beginning() -> None:
    for text in ("a@", "1.", "http://", "+1 ", "¤", "-"):
        long = text * (1_000_000 // len(text))
        assert similar_texts([("a", long), ("b", long + "b"), ("c", "another mail")]) in (
            [("a", "b")],
            [],  # marks alone say nothing
        )


def test_a_crowd_of_similar_long_mails_is_compared_within_bounds() -> None:
    mails = (
        (f"m{n:04d}", f"{LONG} {chr(97 + n % 26) * 3}{chr(97 + n // 26 % 26) * 3}")
        for n in range(676)
    )
    pairs = similar_texts(mails)
    assert len(pairs) <= 12 * 40 * 39 // 2
    assert ("m0000", "m0001") in pairs
