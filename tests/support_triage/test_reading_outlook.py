"""Mails as Outlook saves them one by one."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest

from benchmarks.desks.outlook_files import Folder, Letter, compound, msg_file
from kits.core.errors import DataError
from kits.core.mail.message import read_message
from kits.support_triage._mail.reading import read_mail
from kits.support_triage._reading.outlook import as_eml, categories_of
from kits.support_triage._replies.pairs import raw_mails
from tests.support_triage.triage import label_of, put, read_all, told

SENT = datetime(2026, 3, 2, 9, 30, tzinfo=timezone.utc)
HEADER = (
    "Microsoft Mail Internet Headers Version 2.0\r\nReceived: from mx.example\r\n\tby exchange.example; Mon, 2 Mar 2026\r\n"
    "From: Kim Kunde <kim@kunde.example>\r\nTo: help@shop.example\r\nSubject: Wo bleibt\r\n Paket 42?\r\n"
    "Message-ID: <a1@kunde.example>\r\nReferences: <a0@shop.example>\r\nDate: Mon, 2 Mar 2026 10:30:00 +0100\r\n"
    'Content-Type: multipart/alternative;\r\n\tboundary="of_what_is_gone"\r\nMIME-Version: 1.0\r\n\r\n'
)
FROM_OUTSIDE = Letter(
    subject="Wo bleibt Paket 42?", text="Guten Tag, wo bleibt es? Größe 42.\r\n", header=HEADER, sent=SENT,
    html="<p>Guten Tag, <b>wo</b> bleibt es? Größe 42.</p>",
)  # fmt: skip
FROM_INSIDE = Letter(
    subject="Rückgabe", text="Bitte prüfen", sender=("Änne Kröger", "aenne@shop.example"), to=(("Büro", "buero@shop.example"),),
    sent=SENT, message_id="<b1@exchange.example>", answers="<a1@kunde.example>",
)  # fmt: skip


def parsed(letter: Letter) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(as_eml(msg_file(letter)), policy=policy.default))


def test_the_header_stays_as_it_came_and_the_body_is_both_of_its_forms() -> None:
    content = as_eml(msg_file(FROM_OUTSIDE))
    assert content == as_eml(msg_file(FROM_OUTSIDE))
    found = read_message(content)
    assert (found.sender, found.subject) == ("kim@kunde.example", "Wo bleibt Paket 42?")
    assert (found.message_id, found.references) == ("<a1@kunde.example>", ("<a0@shop.example>",))
    whole = parsed(FROM_OUTSIDE)
    assert whole["date"].datetime.astimezone(timezone.utc) == SENT
    assert whole["received"].endswith("2 Mar 2026") and len(whole.get_all("content-type")) == 1
    assert [part.get_content_type() for part in whole.iter_parts()] == ["text/plain", "text/html"]
    assert read_mail(content).body == "Guten Tag, wo bleibt es? Größe 42."


def test_a_mail_that_never_left_the_firm_has_what_outlook_knows() -> None:
    found = parsed(FROM_INSIDE)
    assert str(found["from"]) == "Änne Kröger <aenne@shop.example>"
    assert (str(found["to"]), str(found["subject"])) == ("Büro <buero@shop.example>", "Rückgabe")
    assert found["date"].datetime == SENT
    assert (found["message-id"], found["in-reply-to"]) == (
        "<b1@exchange.example>",
        "<a1@kunde.example>",
    )


def test_what_outlook_knows_writes_no_header_of_its_own() -> None:
    hostile = Letter(
        subject="Hello\r\nBcc: all@firm.example", text="x", sender=("A\r\nX-Gmail-Labels: refund", "a@b.example"),
        message_id="<1@b>\nAuto-Submitted: auto-generated", files={"a.txt\r\nX-Evil: 1": ("text/plain\r\nX-Evil: 2", b"x")},
    )  # fmt: skip
    found = parsed(hostile)
    assert set(found.keys()) == {"From", "Subject", "Message-ID", "Content-Type", "MIME-Version"}
    attached = next(iter(found.iter_attachments()))
    assert "X-Evil" not in attached
    assert attached.get_content_type() == "application/octet-stream"


def test_attachments_stay_with_their_names_and_a_mail_in_the_mail_keeps_its_name() -> None:
    files = {"Foto ü.png": ("image/png", b"\x89PNG" * 3_000), "Alte Mail": ("", None)}
    found = parsed(Letter(subject="x", text="siehe Foto", files=files))
    attached = list(found.iter_attachments())
    assert [part.get_filename() for part in attached] == ["Foto ü.png", "Alte Mail"]
    assert [part.get_content_type() for part in attached] == [
        "image/png",
        "application/octet-stream",
    ]
    assert attached[0].get_payload(decode=True) == b"\x89PNG" * 3_000
    body = found.get_body()
    assert body is not None and body.get_content().strip() == "siehe Foto"


def test_folders_are_intents_and_what_is_no_mail_is_told(tmp_path: Path) -> None:
    put(tmp_path / "Lieferung" / "a.msg", msg_file(FROM_OUTSIDE))
    put(tmp_path / "Rückgabe" / "b.MSG", msg_file(FROM_INSIDE))
    put(tmp_path / "Lieferung" / "c.msg", msg_file(Letter(subject="x", rtf=b"LZFu" * 10)))
    put(tmp_path / "Lieferung" / "d.msg", msg_file(Letter(subject="x", kind="IPM.Contact")))
    put(tmp_path / "Lieferung" / "e.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    put(tmp_path / "Lieferung" / "f.eml", b"From: kim@firm.example\nSubject: y\n\nWo bleibt es?\n")
    samples, findings = read_all(tmp_path)
    assert {s.source: label_of(s) for s in samples} == {
        "Lieferung/a.msg": "Lieferung", "Lieferung/f.eml": "Lieferung", "Rückgabe/b.MSG": "Rückgabe",
    }  # fmt: skip
    refused = told(findings, "unreadable-mail")
    assert "c.msg: its text is in RTF alone" in refused
    assert "d.msg: an item of Outlook that is no mail: 'IPM.Contact'" in refused
    assert "e.msg: no .msg file of Outlook" in refused


def test_categories_of_outlook_are_intents(tmp_path: Path) -> None:
    for number, words in enumerate((("Rücksendung",), ("Lieferung", "Eilig"), ())):
        letter = Letter(subject=f"Frage {number}", text=f"Frage {number}", categories=words)
        put(tmp_path / "Posteingang" / f"{number}.msg", msg_file(letter))
    samples, _ = read_all(tmp_path)
    assert [label_of(s) for s in samples] == ["Rücksendung", "Eilig|Lieferung", ""]


def test_answers_are_looked_for_in_them_and_damaged_ones_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "a.msg", msg_file(FROM_OUTSIDE))
    put(tmp_path / "b.msg", b"none")
    assert list(raw_mails(tmp_path)) == [as_eml(msg_file(FROM_OUTSIDE))]


def test_damage_of_all_kinds_is_a_clear_refusal() -> None:
    whole = msg_file(replace(FROM_OUTSIDE, categories=("Lieferung",)))
    chance = random.Random(5)
    for _ in range(300):
        broken = bytearray(whole[: chance.randrange(1, len(whole) + 1)])
        for _ in range(chance.choice([0, 1, 5])):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            read_message(as_eml(bytes(broken)))
            categories_of(bytes(broken))
        except DataError as error:
            assert error.what


def test_storages_in_storages_without_end_are_a_clear_refusal() -> None:
    inner: Folder = {"x": b"y"}
    for _ in range(700):
        inner = {"s": inner}
    with pytest.raises(DataError, match=r"no \.msg file of Outlook"):
        as_eml(compound(inner))
