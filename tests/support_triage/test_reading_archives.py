"""Archives as mail programs leave them: folders of years, mails marked as deleted, a Maildir in its user's folder, what is left out counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kits.core.mail.message import read_message
from kits.support_triage import data
from kits.toolchain.evaluation import MemoryBlobStore
from kits.toolchain.intake import ImportOptions, Intake, take_in
from tests.support_triage.mail_tables import rows
from tests.support_triage.test_reading_mailboxes import as_mbox, mail, maildir
from tests.support_triage.triage import label_of, put, read_all, told


@pytest.mark.parametrize(
    ("file", "label"),
    [
        ("Archives.sbd/2024", ""),
        ("Archives.sbd/2024.sbd/2024-05", ""),
        ("Billing.sbd/2024", "Billing"),
        ("Billing 2024", "Billing 2024"),
        ("Lines.sbd/05", "05"),
        ("Archives.sbd/Billing", "Billing"),
    ],
)
def test_years_and_months_are_no_intents(tmp_path: Path, file: str, label: str) -> None:
    put(tmp_path / "Inbox", as_mbox(mail(1)))
    put(tmp_path / file, as_mbox(mail(2)))
    samples, _ = read_all(tmp_path)
    assert [label_of(s) for s in samples if "2" in read_message(s.content).subject] == [label]


def test_years_in_a_maildir_and_among_folders_of_mails_are_none_either(tmp_path: Path) -> None:
    maildir(tmp_path / "one", "", "1.a.host:2,S", mail(1))
    maildir(tmp_path / "one", ".Billing.2024", "2.a.host:2,S", mail(2))
    maildir(tmp_path / "one", ".Archive.2024", "3.a.host:2,S", mail(3))
    put(tmp_path / "two" / "Billing" / "2024" / "05" / "a.eml", mail(4))
    put(tmp_path / "two" / "2024" / "b.eml", mail(5))
    labels = [sorted(map(label_of, read_all(tmp_path / part)[0])) for part in ("one", "two")]
    assert labels == [["", "", "Billing"], ["", "Billing"]]


def marked(content: bytes, status: str) -> bytes:
    return f"X-Mozilla-Status: {status}\nX-Mozilla-Status2: 00000000\n".encode() + content


def test_what_thunderbird_deleted_or_moved_is_left_out_though_the_file_still_holds_it(
    tmp_path: Path,
) -> None:
    late = mail(3, body="X-Mozilla-Status: 0009\nis what stands above")
    mails = [marked(mail(1), "0009"), marked(mail(2), "0001"), late]
    put(tmp_path / "Billing", as_mbox(*mails))
    put(tmp_path / "Cards", as_mbox(marked(mail(1), "0001")))
    samples, findings = read_all(tmp_path)
    assert Counter(map(label_of, samples)) == {"Billing": 2, "Cards": 1}
    assert "1 mails are marked as deleted or moved elsewhere" in told(findings, "mails-passed-over")


def test_what_was_not_sent_and_chats_of_gmail_are_no_intents(tmp_path: Path) -> None:
    put(tmp_path / "Unsent Messages", as_mbox(mail(1)))
    put(tmp_path / "all.mbox", as_mbox(mail(2, ("X-Gmail-Labels", "Chat,Refund"))))
    samples, findings = read_all(tmp_path)
    assert [label_of(sample) for sample in samples] == ["Refund"]
    assert "1 mails lie in drafts folders" in told(findings, "mails-passed-over")


@pytest.mark.parametrize(
    ("root", "label"), [("Maildir", "Billing"), ("support", "support/Billing")]
)
def test_the_folder_of_a_maildir_is_no_part_of_intents(
    tmp_path: Path, root: str, label: str
) -> None:
    maildir(tmp_path / root, "", "1.a.host:2,S", mail(1))
    maildir(tmp_path / root, ".Billing", "2.a.host:2,S", mail(2))
    assert label in set(map(label_of, read_all(tmp_path)[0]))


def test_an_import_counts_what_was_left_out(tmp_path: Path) -> None:
    lines = [[f"pump {n} of mine" if n else "", "ab"[n % 2], "in" if n % 3 else "out"] for n in range(31)]  # fmt: skip
    lines[1][0] = " "
    put(tmp_path / "table" / "t.csv", rows(["text", "label", "direction"], *lines))
    put(tmp_path / "box" / "Sent", as_mbox(mail(1), mail(2)))
    put(tmp_path / "box" / "Billing", as_mbox(mail(3)))
    for folder, expected in (("table", (19, 12)), ("box", (1, 2))):
        intake = Intake()
        take_in(intake, data.read(tmp_path / folder, "auto"), ImportOptions(), MemoryBlobStore())
        assert (intake.kept, intake.left_out) == expected
