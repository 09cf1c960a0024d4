"""Mailboxes as files: mbox, EML and Maildir, their folders and keywords as intents, threads in one piece."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.mail.message import read_message
from kits.core.mail.writing import write_message
from kits.support_triage import data
from kits.support_triage._mail.reading import read_mail
from tests.support_triage.triage import label_of, put, read_all, told


def mail(number: int, *extra: tuple[str, str], body: str = "") -> bytes:
    return write_message(
        subject=f"Question {number}",
        body=body or f"words of mail {number}",
        sender=f"c{number}@shop.example",
        message_id=f"<{number}@shop.example>",
        extra=extra,
    )


def as_mbox(*mails: bytes) -> bytes:
    line = b"From c@shop.example Thu Nov 26 00:25:41 2026\n"
    quoted = (m.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ") for m in mails)
    return b"".join(line + m + b"\n" for m in quoted)


def test_an_mbox_gives_its_mails_in_order_with_quoted_lines_restored(tmp_path: Path) -> None:
    body = "Hello\n\nFrom here on it is broken.\n"
    path = put(tmp_path / "all.mbox", as_mbox(mail(1), mail(2, body=body), mail(3)))
    assert data.detect_format(path) == "mbox"
    samples, _ = read_all(path)
    assert [read_message(s.content).subject for s in samples] == [
        f"Question {n}" for n in (1, 2, 3)
    ]
    assert read_mail(samples[1].content).body == body.strip()
    assert [s.source for s in samples] == ["all.mbox:1", "all.mbox:2", "all.mbox:3"]


def test_a_sentence_that_begins_with_from_does_not_end_a_mail(tmp_path: Path) -> None:
    one = mail(1, body="Hello\n\nFrom the first day it leaked.\n").replace(b"\r\n", b"\n")
    content = b"From a@b.example Thu Nov 26 00:25:41 2026\n" + one + b"\n" + as_mbox(mail(2))
    samples, _ = read_all(put(tmp_path / "all.mbox", content))
    assert len(samples) == 2


def test_the_firms_own_replies_are_left_out_and_its_forms_are_not(tmp_path: Path) -> None:
    put(tmp_path / "mails.yaml", b"own_addresses: [Service@shop.example]")
    ours = mail(2, ("In-Reply-To", "<1@shop.example>")).replace(b"c2@", b"service@")
    form = mail(3, ("Reply-To", "ann@mail.example")).replace(b"c3@", b"service@")
    samples, findings = read_all(put(tmp_path / "all.mbox", as_mbox(mail(1), ours, form, mail(4))))
    assert [read_message(s.content).subject[-1] for s in samples] == ["1", "3", "4"]
    assert "1 mails were written by own_addresses" in told(findings, "mails-passed-over")


def test_gmail_labels_are_intents_and_its_own_ones_are_not(tmp_path: Path) -> None:
    path = put(
        tmp_path / "All mail.mbox",
        as_mbox(
            mail(1, ("X-Gmail-Labels", "Inbox,Refunds,Unread,Category Updates")),
            mail(2, ("X-Gmail-Labels", "Archived,Delivery,Refunds")),
            mail(3, ("X-Gmail-Labels", "Inbox,Important")),
            mail(4, ("X-Gmail-Labels", "Sent,Refunds")),
        ),
    )
    samples, findings = read_all(path)
    assert [label_of(s) for s in samples] == ["Refunds", "Delivery|Refunds", ""]
    assert "1 mails lie in sent folders" in told(findings, "mails-passed-over")


@pytest.mark.parametrize(
    ("labels", "intent"),
    [
        ('Archiviert,Wichtig,Geöffnet,Retouren,Kategorie: "Persönlich"', "Retouren"),
        ('Posteingang,Ungelesen,Kategorie: ""Neuigkeiten""', ""),
        ("Messages archivés,Ouvert,Catégorie\u00a0: E-mails personnels,Retours", "Retours"),
        ("Archivováno,Kategorie: Sociální sítě,Nepřečtené,Vratky", "Vratky"),
        ("Gearchiveerd,Geopend,Belangrijk,Categorie Persoonlijk,Retouren", "Retouren"),
        ("Odebrane,Otwarte,Ważne,Kategoria: Osobiste,Zwroty", "Zwroty"),
        ('Inbox,"Culture, associations",Opened', "Culture, associations"),
    ],
)
def test_gmail_tells_how_a_mail_stands_in_the_language_of_the_account(
    tmp_path: Path, labels: str, intent: str
) -> None:
    samples, _ = read_all(put(tmp_path / "all.mbox", as_mbox(mail(1, ("X-Gmail-Labels", labels)))))
    assert [label_of(s) for s in samples] == [intent]


def test_replies_in_a_german_or_french_takeout_are_the_firms_own(tmp_path: Path) -> None:
    words = ("Gesendet,Geöffnet", "Archivés,Envoyé")
    ours = [mail(n, ("X-Gmail-Labels", label)) for n, label in enumerate(words)]
    samples, findings = read_all(put(tmp_path / "all.mbox", as_mbox(*ours)))
    assert samples == []
    assert "2 mails lie in sent folders" in told(findings, "mails-passed-over")


def test_intents_are_counted_and_what_only_tells_a_place_is_said(tmp_path: Path) -> None:
    labels = ("Inbox,Opened,Refunds,Delivery", "Archived,Opened,Refunds", "Inbox,Opened,Delivery")
    mails = [mail(n, ("X-Gmail-Labels", value)) for n, value in enumerate(labels)]
    _, findings = read_all(put(tmp_path / "all.mbox", as_mbox(*mails)))
    assert "2 intents found: Delivery 2, Refunds 2" in told(findings, "labels")
    assert told(findings, "places").endswith("Opened 3, Inbox 2, Archived 1")


def test_a_name_in_mails_yaml_that_no_mail_has_is_told(tmp_path: Path) -> None:
    put(tmp_path / "all.mbox", as_mbox(mail(1, ("X-Gmail-Labels", "Refunds,Opened"))))
    put(tmp_path / "mails.yaml", "labels: {Refunds: refund, Retuns: return}\n")
    _, findings = read_all(tmp_path / "all.mbox")
    assert told(findings, "labels-unknown").endswith("that no mail has\nRetuns")
    put(tmp_path / "mails.yaml", "labels: {Refunds: refund}\n")
    _, findings = read_all(tmp_path / "all.mbox")
    assert told(findings, "labels-unknown") == ""


def test_folders_are_called_as_people_see_them_not_as_imap_spells_them(tmp_path: Path) -> None:
    for number, folder in enumerate(("R&APw-cksendungen", "H&AOQ-ndler &- Co", "Q&A-Team")):
        maildir(tmp_path, f".{folder}", f"{number}.a.host:2,", mail(number))
    maildir(tmp_path, ".Entw&APw-rfe", "8.a.host:2,", mail(8))
    maildir(tmp_path, ".Gel&APY-scht", "9.a.host:2,", mail(9))
    samples, findings = read_all(tmp_path)
    assert sorted(map(label_of, samples)) == ["Händler & Co", "Q&A-Team", "Rücksendungen"]
    assert {"drafts", "trash"} <= set(told(findings, "mails-passed-over").split())


def test_thunderbirds_files_of_an_imap_account_are_called_so_too(tmp_path: Path) -> None:
    put(tmp_path / "R&APw-ckgabe", as_mbox(mail(1)))
    put(tmp_path / "Entw&APw-rfe", as_mbox(mail(2)))
    samples, _ = read_all(tmp_path)
    assert [label_of(sample) for sample in samples] == ["Rückgabe"]


def test_a_file_per_folder_names_the_intents(tmp_path: Path) -> None:
    put(tmp_path / "Inbox", as_mbox(mail(1)))
    put(tmp_path / "Inbox.sbd" / "Billing", as_mbox(mail(2)))
    put(tmp_path / "Inbox.sbd" / "Billing.msf", "index")
    put(tmp_path / "Delivery.mbox" / "mbox", as_mbox(mail(3)))
    put(tmp_path / "Gesendet", as_mbox(mail(4)))
    samples, findings = read_all(tmp_path)
    labels = {read_message(s.content).subject[-1]: label_of(s) for s in samples}
    assert labels == {"1": "", "2": "Billing", "3": "Delivery"}
    assert "sent folders" in told(findings, "mails-passed-over")


def test_eml_files_take_the_intent_of_their_folder(tmp_path: Path) -> None:
    put(tmp_path / "refund" / "a.eml", mail(1))
    put(tmp_path / "delivery" / "b.eml", mail(2))
    put(tmp_path / "c.eml", mail(3))
    put(tmp_path / "Spam" / "d.eml", mail(4))
    samples, findings = read_all(tmp_path)
    assert {s.source: label_of(s) for s in samples} == {
        "refund/a.eml": "refund", "delivery/b.eml": "delivery", "c.eml": "",
    }  # fmt: skip
    assert "2 intents found" in told(findings, "labels")


def test_folders_called_like_splits_are_splits(tmp_path: Path) -> None:
    put(tmp_path / "train" / "refund" / "a.eml", mail(1))
    put(tmp_path / "test" / "refund" / "b.eml", mail(2))
    samples, _ = read_all(tmp_path)
    assert {s.split: label_of(s) for s in samples} == {"train": "refund", "test": "refund"}


def test_a_flat_folder_of_mails_has_no_labels_and_says_so(tmp_path: Path) -> None:
    put(tmp_path / "a.eml", mail(1))
    samples, findings = read_all(tmp_path)
    assert [label_of(s) for s in samples] == [""]
    assert samples[0].annotation is None
    assert "no mail has a label" in told(findings, "no-labels")


def maildir(root: Path, folder: str, name: str, content: bytes) -> None:
    base = root / folder if folder else root
    for part in ("cur", "new", "tmp"):
        (base / part).mkdir(parents=True, exist_ok=True)
    put(base / "cur" / name, content)


def test_a_maildir_takes_dotted_folders_and_keywords_as_intents(tmp_path: Path) -> None:
    maildir(tmp_path, "", "1.a.host:2,Sa", mail(1))
    maildir(tmp_path, "", "2.a.host:2,S", mail(2))
    maildir(tmp_path, ".Billing.Open", "3.a.host:2,", mail(3))
    maildir(tmp_path, ".Drafts", "4.a.host:2,D", mail(4))
    maildir(tmp_path, "", "5.a.host:2,ST", mail(5))
    put(tmp_path / "dovecot-keywords", "0 refund\n1 $Forwarded\n")
    assert data.detect_format(tmp_path) == "maildir"
    samples, findings = read_all(tmp_path)
    labels = {read_message(s.content).subject[-1]: label_of(s) for s in samples}
    assert labels == {"1": "refund", "2": "", "3": "Billing/Open"}
    left = told(findings, "mails-passed-over")
    assert "drafts" in left
    assert "trash" in left


def test_what_a_sender_writes_is_no_label_unless_somebody_says_so(tmp_path: Path) -> None:
    put(tmp_path / "all" / "refund" / "1.eml", mail(1, ("Keywords", "sale, shoes")))
    put(tmp_path / "all" / "refund" / "2.eml", mail(2, ("X-Mozilla-Keys", "parcel")))
    samples, _ = read_all(tmp_path / "all")
    assert [label_of(sample) for sample in samples] == ["refund", "parcel"]
    put(tmp_path / "all" / "mails.yaml", "labels_from: keywords\n")
    samples, _ = read_all(tmp_path / "all")
    assert [label_of(sample) for sample in samples] == ["sale|shoes", "parcel"]


def test_the_server_of_a_maildir_keeps_keywords_beside_the_mails(tmp_path: Path) -> None:
    maildir(tmp_path, ".Billing", "1.a.host:2,", mail(1, ("X-Keywords", "spam")))
    samples, findings = read_all(tmp_path)
    assert [label_of(sample) for sample in samples] == ["Billing"]
    assert "mails-passed-over" not in {finding.check for finding in findings}


def test_reading_a_mail_does_not_change_its_name(tmp_path: Path) -> None:
    maildir(tmp_path, "", "1.a.host:2,", mail(1))
    before = read_all(tmp_path)[0][0].source
    (tmp_path / "cur" / "1.a.host:2,").rename(tmp_path / "cur" / "1.a.host:2,RS")
    assert read_all(tmp_path)[0][0].source == before


def test_a_thread_has_one_group_whatever_its_mails_tell(tmp_path: Path) -> None:
    path = put(
        tmp_path / "all.mbox",
        as_mbox(
            mail(1),
            mail(2, ("In-Reply-To", "<1@shop.example>"), ("References", "<1@shop.example>")),
            mail(3, ("In-Reply-To", "<2@shop.example>")),
            mail(4),
        ),
    )
    samples, _ = read_all(path)
    groups = [s.group for s in samples]
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_all_mails_of_a_sender_may_be_one_group(tmp_path: Path) -> None:
    put(tmp_path / "mails.yaml", "group: sender\n")
    put(tmp_path / "a.eml", mail(1))
    put(tmp_path / "b.eml", mail(1, ("X-Other", "1")))
    samples, _ = read_all(tmp_path)
    assert samples[0].group == samples[1].group == "sender=c1@shop.example"


def test_a_folder_can_be_said_to_be_no_intent(tmp_path: Path) -> None:
    put(tmp_path / "mails.yaml", "labels: {Old: '', Rechnung: invoice}\n")
    put(tmp_path / "Old" / "a.eml", mail(1))
    put(tmp_path / "Rechnung" / "b.eml", mail(2))
    samples, _ = read_all(tmp_path)
    assert {s.source: label_of(s) for s in samples} == {
        "Old/a.eml": "",
        "Rechnung/b.eml": "invoice",
    }


def test_an_empty_mail_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    put(tmp_path / "a.eml", b"")
    put(tmp_path / "b.eml", mail(1))
    samples, findings = read_all(tmp_path)
    assert len(samples) == 1
    assert [f.evidence for f in findings if f.level == "fail"] == [("a.eml",)]


@pytest.mark.slow
def test_a_mail_too_large_is_refused_without_being_held(tmp_path: Path) -> None:
    huge = mail(1) + b"x" * 70 + b"\n" + (b"y" * 1000 + b"\n") * 70_000
    path = put(tmp_path / "all.mbox", as_mbox(mail(2)) + as_mbox(huge) + as_mbox(mail(3)))
    samples, findings = read_all(path)
    assert [read_message(s.content).subject for s in samples] == ["Question 2", "Question 3"]
    assert "all.mbox:2" in told(findings)


def test_a_mail_that_is_too_large_is_named_with_what_can_be_done(tmp_path: Path) -> None:
    put(tmp_path / "refund" / "a.eml", mail(1))
    put(tmp_path / "refund" / "b.eml", mail(2) + b"x" * (21 << 20))
    samples, findings = read_all(tmp_path)
    assert [s.source for s in samples] == ["refund/a.eml"]
    [found] = [one for one in findings if one.check == "unreadable-mail"]
    assert "21 MB" in found.text and "without their attachments" in found.fix
