"""What names the intents where a mail does not: a table of files, a list of groups; and what is said where nothing does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kits.core.errors import DataError
from tests.support_triage.mail_tables import rows
from tests.support_triage.test_reading_mailboxes import as_mbox, mail
from tests.support_triage.triage import label_of, put, read_all, told

LINES = ["refund", "delay", "refund, delay"]


@pytest.mark.parametrize("written", ["{:03d}", "raw/{:03d}.txt", "{:03d}.txt", "raw\\{:03d}.txt"])
def test_a_table_beside_texts_names_their_intents(tmp_path: Path, written: str) -> None:
    for n in range(12):
        put(tmp_path / f"raw/{n:03d}.txt", f"Hello, words of text {n}\n")
    listed = [[written.format(n), LINES[n % 3], "A1"] for n in range(11)]
    put(tmp_path / "labels.tsv", rows(["file", "categories", "annotator"], *listed, delimiter="\t"))
    samples, findings = read_all(tmp_path)
    found = {s.source: label_of(s) for s in samples}
    assert len(found) == 12
    assert found["raw/000.txt"] == "refund"
    assert found["raw/002.txt"] == "delay|refund"
    assert found["raw/011.txt"] == ""
    assert "labels of labels.tsv: file=file, label=categories; 1 files" in told(findings, "columns")


def test_a_table_beside_mails_counts_and_not_their_folder(tmp_path: Path) -> None:
    for n in range(6):
        put(tmp_path / f"mails/{n}.eml", mail(n))
    listed = [[f"{n}.eml", ("refund", "delay")[n % 2]] for n in range(6)]
    put(tmp_path / "labels.csv", rows(["filename", "label"], *listed))
    samples, _ = read_all(tmp_path)
    assert [label_of(s) for s in samples] == ["refund", "delay"] * 3


@pytest.mark.parametrize("column", ["status", "category"])
@pytest.mark.parametrize("form", ["eml", "txt", "mbox"])
def test_where_folders_and_a_table_tell_intents_it_is_told_which_counts(
    tmp_path: Path, column: str, form: str
) -> None:
    if form == "mbox":
        for k, kind in enumerate(("refund", "delay")):
            put(tmp_path / f"{kind}.mbox", as_mbox(*(mail(n) for n in range(6) if n % 2 == k)))
    else:
        for n in range(6):
            content = mail(n) if form == "eml" else f"Hello, words of text {n}\n"
            put(tmp_path / f"{('refund', 'delay')[n % 2]}/{n}.{form}", content)
    called = "<{}@shop.example>" if form == "mbox" else "{}." + form
    listed = [[called.format(n), ("open", "done")[n // 2 % 2]] for n in range(6)]
    put(tmp_path / "index.csv", rows(["mail", column], *listed))
    for stated in ("", "labels_from: folders\n", f"columns: {{label: [{column}]}}\n"):
        put(tmp_path / "mails.yaml", stated or "{}\n")
        samples, findings = read_all(tmp_path)
        table = "columns" in stated or (not stated and column == "category")
        assert {label_of(s) for s in samples} == ({"open", "done"} if table else {"refund", "delay"})  # fmt: skip
        assert ("tell intents" in told(findings, "labels")) == (not stated)


def test_keywords_are_not_overruled_by_a_table_of_states(tmp_path: Path) -> None:
    labelled = [b"X-Gmail-Labels: Inbox," + (b"refund", b"delay")[n % 2] + b"\r\n" + mail(n) for n in range(6)]  # fmt: skip
    put(tmp_path / "all.mbox", as_mbox(*labelled))
    listed = [[f"<{n}@shop.example>", ("open", "done")[n // 2 % 2]] for n in range(6)]
    put(tmp_path / "export.csv", rows(["message_id", "status"], *listed))
    samples, findings = read_all(tmp_path)
    assert {label_of(s) for s in samples} == {"refund", "delay"}
    assert "keywords tell intents" in told(findings, "labels")


def test_texts_without_sender_or_subject_have_no_thread(tmp_path: Path) -> None:
    for n in range(12):
        put(tmp_path / f"{('refund', 'delay')[n % 2]}/{n}.txt", f"Hello, words {n}\n")
    assert {s.group for s in read_all(tmp_path)[0]} == {""}  # data.group_by says it


def test_tickets_with_attachments_called_after_them_are_no_list_of_labels(tmp_path: Path) -> None:
    lines = [[str(n), f"words of ticket {n} are long enough to be read", ("x", "y")[n % 2]] for n in range(30)]  # fmt: skip
    put(tmp_path / "tickets.csv", rows(["id", "text", "category"], *lines))
    for n in range(0, 30, 3):
        put(tmp_path / f"attachments/{n}.txt", f"log of {n}\n")
    samples, _ = read_all(tmp_path)
    assert len(samples) == 30
    assert {s.source.split(":")[0] for s in samples} == {"tickets.csv"}


def test_texts_in_a_piece_beside_intents_are_not_lost(tmp_path: Path) -> None:
    for n in range(12):
        put(tmp_path / f"{('refund', 'delay', 'page 1')[n % 3]}/{n}.txt", f"Hello, words {n}\n")
    assert sorted(label_of(s) for s in read_all(tmp_path)[0]) == [""] * 4 + ["delay"] * 4 + ["refund"] * 4  # fmt: skip


def test_a_row_of_a_sheet_is_no_queue(tmp_path: Path) -> None:
    lines = [[f"words of ticket {n} are long enough", ("A", "B")[n % 2], str(n % 15)] for n in range(30)]  # fmt: skip
    path = put(tmp_path / "x.csv", rows(["texto", "equipo", "fila"], *lines))
    assert {label_of(s) for s in read_all(path)[0]} == {"A", "B"}


def test_a_table_that_names_other_files_is_no_list_of_labels(tmp_path: Path) -> None:
    for n in range(6):
        put(tmp_path / f"{('refund', 'delay')[n % 2]}/{n}.eml", mail(n))
    put(tmp_path / "other.csv", rows(["filename", "label"], ["x.eml", "a"], ["y.eml", "b"]))
    assert {label_of(s) for s in read_all(tmp_path)[0]} == {"refund", "delay"}


def test_folders_that_hold_pieces_of_a_set_are_no_intents(tmp_path: Path) -> None:
    for n in range(12):
        kind = ("refund", "delay")[n % 2]
        put(tmp_path / f"{kind}/part{1 + n // 4}/{n}.txt", f"Hello, words of text {n}\n")
    assert {label_of(s) for s in read_all(tmp_path)[0]} == {"refund", "delay"}


def test_numbers_of_groups_are_called_as_the_list_beside_calls_them(tmp_path: Path) -> None:
    tickets = [
        {"id": n, "group_id": 3 + n % 2, "title": f"Question {n}", "body": f"words of ticket {n} are long enough"}
        for n in range(30)
    ]  # fmt: skip
    put(tmp_path / "tickets.json", json.dumps(tickets))
    (tmp_path / "all_groups.json").mkdir()  # a folder, whatever it is called
    groups = [{"id": 3, "name": "Billing"}, {"id": 4, "name": "Shipping"}]
    put(tmp_path / "groups.json", json.dumps(groups))
    samples, findings = read_all(tmp_path)
    assert {label_of(s) for s in samples} == {"Billing", "Shipping"}
    assert "groups.json says what the numbers of labels mean" in told(findings, "columns")


def test_without_a_column_of_intents_those_that_may_be_one_are_named(tmp_path: Path) -> None:
    lines = [[f"words of ticket {n} are long enough", ("A", "B", "C")[n % 3], ("x", "y")[n % 2]] for n in range(30)]  # fmt: skip
    path = put(tmp_path / "x.csv", rows(["Nachricht", "Zweig", "Seite"], *lines))
    samples, findings = read_all(path)
    assert {label_of(s) for s in samples} == {""}
    assert "Zweig (3 values), Seite (2 values)" in told(findings, "no-labels")


def test_a_queue_is_an_intent(tmp_path: Path) -> None:
    lines = [[f"words of ticket {n} are long enough", ("A", "B")[n % 2], ("hoch", "normal")[n % 2]] for n in range(30)]  # fmt: skip
    path = put(tmp_path / "x.csv", rows(["Nachricht", "Warteschlange", "Priorität"], *lines))
    assert {label_of(s) for s in read_all(path)[0]} == {"A", "B"}


def test_texts_without_folders_or_a_table_are_asked_about(tmp_path: Path) -> None:
    for n in range(6):
        put(tmp_path / f"raw/{n:03d}.txt", f"Hello, words of text {n}\n")
    with pytest.raises(DataError) as caught:
        read_all(tmp_path, "texts")
    assert "a table with the columns file and label" in caught.value.fix


def test_labels_of_conversations_whose_messages_stand_in_another_table(tmp_path: Path) -> None:
    talks = [[f"C{n:03d}", ("refund", "delay")[n % 2], "mail"] for n in range(30)]
    said = [
        [f"C{n:03d}", str(m), ("customer", "agent")[m % 2], f"words {m} of talk {n} are long enough"]
        for n in range(30) for m in range(1 + n % 3)
    ]  # fmt: skip
    put(tmp_path / "conversations.csv", rows(["conversation_id", "category", "channel"], *talks))
    put(tmp_path / "messages.csv", rows(["conversation_id", "no", "author_role", "text"], *said))
    samples, _ = read_all(tmp_path)
    assert [label_of(s) for s in samples] == ["refund", "delay"] * 15
    assert all(b"words 0 of talk" in s.content for s in samples)


def test_labels_without_texts_anywhere_are_passed_over(tmp_path: Path) -> None:
    talks = [[f"C{n:03d}", ("refund", "delay")[n % 2], "mail"] for n in range(30)]
    put(tmp_path / "conversations.csv", rows(["conversation_id", "category", "channel"], *talks))
    with pytest.raises(DataError, match=r"conversations\.csv was passed over: no column of texts"):
        read_all(tmp_path)


def test_numbers_of_queues_in_a_table_with_semicolons(tmp_path: Path) -> None:
    lines = [[str(n), f"Question {n}", f"words of ticket {n} are long enough", str(4 + n % 2)] for n in range(30)]  # fmt: skip
    put(tmp_path / "ticket.csv", rows(["nr", "title", "body", "queue_id"], *lines, delimiter=";"))
    put(tmp_path / "queue.csv", "id;name;group_id\n4;Billing;1\n5;Shipping;1\n6;Raw;1\n")
    assert {label_of(s) for s in read_all(tmp_path)[0]} == {"Billing", "Shipping"}


@pytest.mark.parametrize("folder", ["Junk-E-Mail", "Junk E-Mail", "Junk_Email"])
def test_unwanted_mails_are_no_intent_however_their_folder_is_written(
    tmp_path: Path, folder: str
) -> None:
    for n in range(6):
        put(tmp_path / f"{('refund', 'delay', folder)[n % 3]}/{n}.eml", mail(n))
    assert {label_of(s) for s in read_all(tmp_path)[0]} == {"refund", "delay"}


def test_a_table_beside_mailboxes_names_mails_by_their_message_id(tmp_path: Path) -> None:
    put(tmp_path / "all.mbox", as_mbox(*(mail(n) for n in range(6))))
    listed = [[f"<{n}@shop.example>", ("refund", "delay")[n % 2]] for n in range(5)]
    put(tmp_path / "labels.csv", rows(["message_id", "intent"], *listed))
    samples, findings = read_all(tmp_path)
    assert [label_of(s) for s in samples] == ["refund", "delay", "refund", "delay", "refund", ""]
    assert "file=message_id, label=intent" in told(findings, "columns")


def test_a_set_of_tones_is_not_asked_for_intents(tmp_path: Path) -> None:
    lines = [[f"words of review {n} are long enough", str(n % 2)] for n in range(30)]
    _, findings = read_all(put(tmp_path / "x.csv", rows(["sentence", "sentiment"], *lines)))
    assert not told(findings, "no-labels")


def test_folders_called_as_pieces_are_asked_about_and_can_be_intents(tmp_path: Path) -> None:
    for n in range(6):
        put(tmp_path / f"Part {n % 2 + 1}00/{n}.eml", mail(n))
    samples, findings = read_all(tmp_path)
    assert {label_of(s) for s in samples} == {""}
    assert "Part 100 3, Part 200 3" in told(findings, "places")
    put(tmp_path / "mails.yaml", "labels: {Part 100: Part 100, Part 200: Part 200}\n")
    assert {label_of(s) for s in read_all(tmp_path)[0]} == {"Part 100", "Part 200"}


def test_a_table_of_a_few_mails_does_not_take_the_intents_of_folders_away(tmp_path: Path) -> None:
    for name, first in (("Billing", 0), ("Tech", 30)):
        put(tmp_path / f"{name}.mbox", as_mbox(*(mail(n) for n in range(first, first + 30))))
    listed = [[f"<{n}@shop.example>", ("refund", "delay")[n % 2]] for n in range(8)]
    put(tmp_path / "labels.csv", rows(["message_id", "intent"], *listed))
    samples, findings = read_all(tmp_path)
    assert {label_of(s) for s in samples} == {"Billing", "Tech"}
    assert "they count" in told(findings, "labels")
    put(tmp_path / "mails.yaml", "columns: {label: [intent]}\n")
    samples, findings = read_all(tmp_path)
    assert sorted({label_of(s) for s in samples}) == ["", "delay", "refund"]
    assert "of 52 mails labels.csv says nothing" in told(findings, "labels-of-some")


def test_message_ids_of_a_few_files_do_not_take_the_intents_of_folders_away(tmp_path: Path) -> None:
    for n in range(30):
        put(tmp_path / f"{('Billing', 'Tech')[n % 2]}/{n}.eml", mail(n))
    put(tmp_path / "l.csv", rows(["message_id", "intent"], *([f"<{n}@shop.example>", "ab"[n % 2]] for n in range(8))))  # fmt: skip
    assert {label_of(s) for s in read_all(tmp_path)[0]} == {"Billing", "Tech"}
