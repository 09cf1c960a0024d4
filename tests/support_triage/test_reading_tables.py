"""Tables of mails: found out, said, and never a crash; a bad row is named and the rest goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kits.core.errors import ConfigError, DataError, UsageError
from kits.core.mail.message import read_message
from kits.support_triage import data
from kits.support_triage._mail.reading import read_mail
from tests.support_triage.mail_tables import TEXTS, many, rows
from tests.support_triage.triage import label_of, level_of, put, read_all, told


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    content = rows(
        ["text", "label"],
        ["Für die Rückgabe; über 20 € | bitte, danke", "Rückgabe"],
        ['He said "no"\nand a second line', "Ärger"],
        ["plain words, here", "Rückgabe"],
        delimiter=delimiter,
    )
    samples, findings = read_all(put(tmp_path / "mails.csv", content.encode(encoding)))
    assert [label_of(s) for s in samples] == ["Rückgabe", "Ärger", "Rückgabe"]
    assert read_mail(samples[0].content).body == "Für die Rückgabe; über 20 € | bitte, danke"
    assert read_mail(samples[1].content).body == 'He said "no"\nand a second line'
    assert "text=text, label=label" in told(findings, "columns")


@pytest.mark.parametrize(
    ("header", "line", "roles"),
    [
        (["utterance", "intent", "category"], ["my parcel {n} is late", "i{even}", "x"], "text=utterance, label=intent"),
        (["title", "body", "ticket_type", "category"], ["help {n}", "it does not start", "{even}", "c{even}"],
         "text=body, subject=title, label=category"),
        (["queue", "priority", "language", "subject", "text"], ["q{even}", "{even}", "de", "hallo {n}", "es geht nicht an"],
         "text=text, subject=subject, label=queue, urgency=priority, language=language"),
        (["complaint_id", "date_received", "product", "consumer_complaint_narrative"],
         ["{n}", "2023-07-1{even}", "p{even}", "they took my money {n}"],
         "text=consumer_complaint_narrative, label=product, id=complaint_id, date=date_received"),
        (["Betreff", "Nachricht", "Kategorie"], ["Frage {n}", "wo bleibt mein Paket", "k{even}"],
         "text=Nachricht, subject=Betreff, label=Kategorie"),
        (["x1", "x2"], ["the kettle number {n} leaks", "k{even}"], "text=x1, label=x2"),
        (["text", "positive", "source"], ["it is very good {n}", "{even}", "s{even}"],
         "text=text, sentiment=positive, source=source"),
    ],
)  # fmt: skip
def test_columns_are_found_by_name_and_content_and_said(
    tmp_path: Path, header: list[str], line: list[str], roles: str
) -> None:
    _, findings = read_all(put(tmp_path / "export.csv", many(header, line)))
    assert roles in told(findings, "columns")


@pytest.mark.parametrize("n", [3, 30, 300])
def test_a_file_with_hardly_two_rows_of_one_intent_keeps_its_label(tmp_path: Path, n: int) -> None:
    content = many(["text", "intent", "domain"], ["words of {n} here", "intent_{n}", "d{even}"], n)
    samples, _ = read_all(put(tmp_path / "few.csv", content))
    assert [label_of(s) for s in samples] == [f"intent_{number}" for number in range(n)]


def test_a_table_without_a_header_is_read_by_its_cells(tmp_path: Path) -> None:
    content = rows(*([f"{text} {n}", lab] for n in range(3) for text, lab in TEXTS))
    samples, findings = read_all(put(tmp_path / "mails.csv", content))
    assert "no header" in told(findings, "columns")
    assert [label_of(s) for s in samples[:3]] == ["delivery", "refund", "invoice"]


def test_columns_without_names_in_which_nothing_stands_make_no_row_of_the_names(
    tmp_path: Path,
) -> None:
    lines = [["ham" if n % 2 else "spam", f"text number {n} of all", "", "", ""] for n in range(9)]
    samples, findings = read_all(put(tmp_path / "spam.csv", rows(["v1", "v2", "", "", ""], *lines)))
    assert {label_of(one) for one in samples} == {"ham", "spam"} and len(samples) == 9
    assert "text=v2, label=v1" in told(findings, "columns")


def test_json_lines_with_lists_and_objects_are_read(tmp_path: Path) -> None:
    lines = [
        {"message": "my order 4711 is late", "intents": ["late", "order"], "entities": [
            {"label": "order_id", "start": 9, "end": 13, "text": "4711"}]},
        {"message": "nothing in it for you", "intents": [], "entities": []},
        {"message": "and one more thing about order 12", "intents": ["order"], "entities": [[31, 33, "order_id"]]},
    ]  # fmt: skip
    path = put(tmp_path / "mails.jsonl", "\n".join(json.dumps(line) for line in lines))
    samples, _ = read_all(path)
    assert [label_of(s) for s in samples] == ["late|order", "", "order"]
    found = [s.annotation.spans if s.annotation else () for s in samples]
    assert [[(span.label, span.text) for span in spans] for spans in found] == [
        [("order_id", "4711")], [], [("order_id", "12")],
    ]  # fmt: skip


def test_a_json_document_with_its_rows_under_a_key_is_read(tmp_path: Path) -> None:
    document = {"tickets": [{"text": text, "label": label} for text, label in TEXTS]}
    samples, _ = read_all(put(tmp_path / "tickets.json", json.dumps(document, indent=1)))
    assert [label_of(s) for s in samples] == [label for _, label in TEXTS]


def test_a_json_document_in_one_line_is_read_as_one_in_many(tmp_path: Path) -> None:
    document = {"tickets": [{"text": text, "label": label, "tags": ["x"]} for text, label in TEXTS]}
    samples, _ = read_all(put(tmp_path / "tickets.json", json.dumps(document)))
    assert [label_of(s) for s in samples] == [label for _, label in TEXTS]


def test_names_that_come_again_are_names_in_a_wide_table(tmp_path: Path) -> None:
    header = [
        "Issue key",
        "Summary",
        "Status",
        "Description",
        "Labels",
        "Labels",
        "Comment",
        "Comment",
    ]
    content = rows(
        header,
        *([f"S-{n}", "s", "Done", text, lab, "", "", ""] for n, (text, lab) in enumerate(TEXTS)),
    )
    samples, findings = read_all(put(tmp_path / "jira.csv", content))
    assert "no header" not in told(findings, "columns")
    assert [label_of(s) for s in samples] == [label for _, label in TEXTS]


def test_a_team_that_all_mails_went_to_keeps_nothing_together(tmp_path: Path) -> None:
    content = rows(
        ["text", "intent", "Group"],
        *([f"{text} {n}", lab, "Team A"] for n in range(20) for text, lab in TEXTS),
    )
    samples, findings = read_all(put(tmp_path / "mails.csv", content))
    assert "group=" not in told(findings, "columns") and not any(sample.group for sample in samples)


# -- what rows state ------------------------------------------------------------------------------


def test_several_intents_are_sorted_and_each_once(tmp_path: Path) -> None:
    content = rows(
        ["text", "labels"], ["a b c d", "refund; delay;refund"], ["e f g h", "delay|lost"]
    )
    samples, _ = read_all(put(tmp_path / "m.csv", content))
    assert [label_of(s) for s in samples] == ["delay|refund", "delay|lost"]


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        (["low", "High", "critical", "medium"], [1, 3, 4, 2]),
        (["P1", "P4", "P2", "P3"], [4, 1, 3, 2]),
        (["0", "3", "1", "2"], [0, 3, 1, 2]),
        (["3 - Moderate", "1 - Critical", "2 (high)", "4 - Low"], [2, 4, 3, 1]),
        (["niedrig", "hoch", "dringend", "mittel"], [1, 3, 4, 2]),
    ],
)
def test_urgency_is_a_level(tmp_path: Path, cells: list[str], levels: list[int]) -> None:
    content = rows(["text", "priority"], *([f"row {c} of four", c] for c in cells))
    samples, _ = read_all(put(tmp_path / "m.csv", content))
    assert [level_of(s, "urgency") for s in samples] == levels


@pytest.mark.parametrize(
    ("name", "cells", "levels"),
    [
        ("positive", ["0", "1"], [0, 2]),
        ("sentiment", ["negative", "neutral", "positive"], [0, 1, 2]),
        ("sentiment", ["-1", "0", "1"], [0, 1, 2]),
        ("sentiment", ["0", "1", "2"], [0, 1, 2]),
        ("polarity", ["1", "2", "3", "4", "5"], [0, 0, 1, 2, 2]),
    ],
)
def test_tone_is_negative_neutral_or_positive(
    tmp_path: Path, name: str, cells: list[str], levels: list[int]
) -> None:
    content = rows(["text", name], *([f"a row number {c} here", c] for c in cells))
    samples, _ = read_all(put(tmp_path / "m.csv", content))
    assert [level_of(s, "sentiment") for s in samples] == levels


def test_sender_date_language_and_group_come_along(tmp_path: Path) -> None:
    content = rows(
        ["from", "date", "text", "label", "language", "customer_id"],
        ["Ann <ann@shop.example>", "2024-03-01T10:00:00Z", "one two three", "a", "de_DE", "7"],
        ["no address", "yesterday", "four five six", "b", "en", "7"],
    )
    samples, _ = read_all(put(tmp_path / "m.csv", content))
    first, second = (read_message(s.content) for s in samples)
    assert first.sender == "ann@shop.example"
    assert first.date is not None
    assert first.date.isoformat() == "2024-03-01T10:00:00+00:00"
    assert second.sender.endswith(".invalid")
    assert second.date is None
    assert [s.meta["language"] for s in samples] == ["de", "en"]
    assert samples[0].group == samples[1].group != ""


def test_equal_rows_are_equal_bytes(tmp_path: Path) -> None:
    content = rows(["text", "label"], ["the same words", "a"], ["the same words", "a"])
    one, two = read_all(put(tmp_path / "m.csv", content))[0]
    assert one.content == two.content


# -- bad rows and files ---------------------------------------------------------------------------


def test_bad_rows_are_refused_one_by_one(tmp_path: Path) -> None:
    content = 'text,label\ngood one here,a\n,b\n"x, y",c,too,many\n\ngood two here,a\n'
    samples, findings = read_all(put(tmp_path / "m.csv", content))
    assert len(samples) == 2
    refused = [f for f in findings if f.level == "fail"]
    assert [f.evidence for f in refused] == [("m.csv:3",)]
    assert "4 cells where 2 are named" in told(refused)
    assert "1 rows of m.csv have nothing in 'text'" in told(findings, "rows-without-text")


def test_hostile_bytes_are_read_or_refused(tmp_path: Path) -> None:
    content = (
        b'text,label\nnul \0 byte here,a\n\xff\xfe broken,b\n"never closed,c\n' + b"x" * 5_000_000
    )
    samples, findings = read_all(put(tmp_path / "m.csv", content))
    assert [label_of(s) for s in samples][:2] == ["a", "b"]
    assert any(f.level == "fail" for f in findings)


def test_deep_json_is_a_bad_row(tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    lines = [json.dumps({"text": t, "label": lab}) for t, lab in TEXTS]
    path = put(tmp_path / "m.jsonl", "\n".join([*lines, deep, lines[0]]))
    samples, findings = read_all(path)
    assert len(samples) == 5
    assert told([f for f in findings if f.level == "fail"]).startswith("row 5 of m.jsonl")


def test_a_column_called_label_is_one_however_long_and_strange_its_labels(tmp_path: Path) -> None:
    labels = ["Größe / Maß", "🛒 Korb", "x" * 500]
    rows = "\n".join(f"where is my order number {n} please,{labels[n % 3]}" for n in range(60))
    (tmp_path / "mails.csv").write_text(f"text,label\n{rows}\n", encoding="utf-8")
    samples, _ = read_all(tmp_path, "csv")
    assert {label_of(one) for one in samples} == set(labels)


def test_columns_in_which_nothing_stands_are_named(tmp_path: Path) -> None:
    (tmp_path / "mails.csv").write_text("text,label\n,a\n,b\n")
    with pytest.raises(DataError, match="there is nothing in text"):
        list(data.read(tmp_path, "csv"))


def test_a_file_without_texts_is_passed_over_and_said(tmp_path: Path) -> None:
    put(tmp_path / "train.csv", rows(["text", "label"], *map(list, TEXTS)))
    put(tmp_path / "picked.csv", many(["k", "seed", "row"], ["5", "{even}", "{n}"]))
    put(tmp_path / "DATA.md", "# notes")
    put(tmp_path / "settings.json", '{"name": "shop", "colour": "blue"}')
    samples, findings = read_all(tmp_path)
    assert len(samples) == 4
    assert "picked.csv was passed over" in told(findings, "file-passed-over")


def test_no_table_at_all_says_what_to_do(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", many(["k", "row"], ["5", "{n}"]))
    with pytest.raises(DataError, match="no table with a column of texts") as told_error:
        read_all(tmp_path, "csv")
    assert "mails.yaml" in told_error.value.fix


# -- folders --------------------------------------------------------------------------------------


def test_files_called_train_valid_and_test_are_the_splits(tmp_path: Path) -> None:
    for name in ("train", "valid", "test"):
        put(tmp_path / f"{name}.csv", rows(["text", "label"], [f"words of {name} here", "a"]))
    samples, _ = read_all(tmp_path)
    assert {s.source.split(".")[0]: s.split for s in samples} == {
        "train": "train", "valid": "val", "test": "test",
    }  # fmt: skip


def test_a_column_names_the_split_of_each_row(tmp_path: Path) -> None:
    content = rows(
        ["text", "label", "split"], ["one two three", "a", "train"], ["four five six", "a", "test"],
        ["seven eight nine", "b", "dev"],
    )  # fmt: skip
    samples, _ = read_all(put(tmp_path / "all.csv", content))
    assert [s.split for s in samples] == ["train", "test", "val"]


def test_subsets_beside_the_whole_are_not_learned_from_twice(tmp_path: Path) -> None:
    put(tmp_path / "train.csv", rows(["text", "label"], *map(list, TEXTS)))
    lower = [[text.lower(), label] for text, label in TEXTS[:2]]
    put(tmp_path / "published_valid.csv", rows(["text", "label"], *lower, ["a new text here", "x"]))
    samples, findings = read_all(tmp_path)
    assert [s.split for s in samples] == ["train"] * 4 + ["val"]
    assert "2 rows of published_valid.csv" in told(findings, "repeated-rows")
    alone, _ = read_all(tmp_path / "published_valid.csv")
    assert [s.split for s in alone] == ["val"] * 3


# -- mails.yaml -----------------------------------------------------------------------------------


def test_a_statement_replaces_guesses(tmp_path: Path) -> None:
    put(
        tmp_path / "m.csv",
        rows(["text", "note", "label", "kind"], ["a b c", "the real text", "x", "y"]),
    )
    put(
        tmp_path / "mails.yaml",
        "columns: {text: note, label: [kind], urgency: text}\nurgency: {a b c: 3}\nlabels: {y: why}\n",
    )
    (sample,), _ = read_all(tmp_path)
    assert read_mail(sample.content).body == "the real text"
    assert label_of(sample) == "why"
    assert level_of(sample, "urgency") == 3.0


def test_a_misspelt_key_is_refused_with_what_was_meant(tmp_path: Path) -> None:
    put(tmp_path / "m.csv", rows(["text", "label"], *map(list, TEXTS)))
    put(tmp_path / "mails.yaml", "columns: {lable: kind}\n")
    with pytest.raises(ConfigError, match=r"unknown key 'columns\.lable'") as error:
        read_all(tmp_path)
    assert error.value.fix == "did you mean 'label'?"


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "m.csv", rows(["text", "label"], *map(list, TEXTS)))
    put(tmp_path / "mails.yaml", "columns: {text: texts}\n")
    with pytest.raises(ConfigError, match="names the column 'texts'"):
        read_all(tmp_path)


def test_an_unknown_format_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        list(data.read(tmp_path, "mboxx"))
    assert error.value.fix == "did you mean 'mbox'?"


def test_a_folder_of_nothing_says_what_is_read(tmp_path: Path) -> None:
    put(tmp_path / "picture.png", b"\x89PNG")
    with pytest.raises(DataError, match="no mails that can be read") as error:
        data.detect_format(tmp_path)
    assert ".xlsx" in error.value.fix


def test_which_end_of_bare_numbers_is_urgent_is_said_and_can_be_turned(tmp_path: Path) -> None:
    content = rows(["text", "priority"], *([f"row {n} of three", n] for n in "123"))
    _, findings = read_all(put(tmp_path / "m.csv", content))
    assert "'priority' holds numbers: the larger is taken" in told(findings, "urgency-in-numbers")
    put(tmp_path / "mails.yaml", "urgency: {'1': 3, '2': 2, '3': 1}\n")
    samples, findings = read_all(tmp_path / "m.csv")
    assert [level_of(s, "urgency") for s in samples] == [3, 2, 1]
    assert not told(findings, "urgency-in-numbers")
