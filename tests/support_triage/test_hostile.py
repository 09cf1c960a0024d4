"""Mails made to harm are read like others: in bounded work, with nothing that nobody sees, nothing opened."""

from __future__ import annotations

import random
import socket
import tracemalloc
import zipfile

import pytest

from kits.support_triage._mail.language import language_of
from kits.support_triage._mail.reading import MAX_BODY_CHARS, Reading, read_mail
from tests.support_triage.hostile_mails import ASKS, SECRET, Hostile, hostile_mails, zip_bomb

MAILS = hostile_mails()
VAST = 5_000_000
"""Bytes from which on a mail takes as long as a hundred others."""


def test_there_are_two_hundred() -> None:
    assert len({one.name for one in MAILS}) == len(MAILS) >= 200


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(one, id=one.name, marks=pytest.mark.slow if len(one.content) > VAST else ())
        for one in MAILS
    ],
)
def test_a_hostile_mail_is_read_and_harms_nobody(
    hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the model of languages is an archive itself
    assert language_of("Where is my order?") == "en"
    monkeypatch.setattr(socket, "socket", _refused)
    monkeypatch.setattr(zipfile, "ZipFile", _refused)

    reading = read_mail(hostile.content)

    assert isinstance(reading, Reading)
    assert len(reading.body) <= MAX_BODY_CHARS
    assert reading.text.encode("utf-8").decode("utf-8") == reading.text
    assert not any(ord(char) < 32 and char not in "\n\t" for char in reading.text)
    if hostile.hides:
        assert SECRET not in reading.text
    if hostile.asks:
        assert ASKS in reading.text


def _refused(*_: object, **__: object) -> None:
    raise AssertionError("a mail must neither be opened nor call anybody")


@pytest.mark.parametrize(
    "hostile",
    [one for one in MAILS if one.name.startswith(("style ", "tag "))],
    ids=lambda one: one.name,
)
def test_what_was_hidden_is_counted_and_told(hostile: Hostile) -> None:
    reading = read_mail(hostile.content)

    assert reading.hidden_chars >= len(SECRET.replace(" ", ""))
    assert any("hidden" in note for note in reading.notes)


def test_a_text_that_only_machines_would_read_is_told() -> None:
    mails = [one for one in MAILS if one.name.endswith("for machines")]

    assert len(mails) == 6
    for mail in mails:
        assert any("HTML does not show" in note for note in read_mail(mail.content).notes)


def test_look_alike_letters_are_read_as_what_they_pretend_and_told() -> None:
    mail = next(one for one in MAILS if one.name == "look-alikes")

    reading = read_mail(mail.content)

    assert "paypal and apple" in reading.text
    assert any("look-alike letters" in note for note in reading.notes)


def test_a_bomb_stays_packed_and_is_listed() -> None:
    mail = next(one for one in MAILS if one.name == "bomb as a.zip")

    (attachment,) = read_mail(mail.content).message.attachments

    assert attachment.name == "a.zip"
    assert attachment.size == len(zip_bomb())


def test_memory_grows_no_more_than_the_mail() -> None:
    mail = next(one for one in MAILS if one.name == "20 MB")
    tracemalloc.start()
    try:
        read_mail(mail.content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 2 * len(mail.content)


@pytest.mark.parametrize("seed", range(10))
def test_mails_damaged_at_random_are_read(seed: int) -> None:
    random_ = random.Random(seed)
    small = [one.content for one in MAILS if len(one.content) < 10_000]
    for _ in range(50):
        damaged = bytearray(random_.choice(small))
        for _ in range(random_.randrange(1, 10)):
            spot = random_.randrange(len(damaged) + 1)
            piece = random_.choice(small)[: random_.randrange(80)]
            damaged[spot : spot + random_.randrange(60)] = piece

        reading = read_mail(bytes(damaged) or b"x")

        assert reading.text.encode("utf-8").decode("utf-8") == reading.text
        assert all(
            "\n" not in value for values in reading.message.headers.values() for value in values
        )
