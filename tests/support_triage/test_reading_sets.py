"""Forms of public sets: entities of chat bots, parquet, columns of flags, folders of text files, and what is no such folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.core.kit import RawSample
from kits.support_triage import data
from kits.support_triage._mail.reading import read_mail
from kits.support_triage._reading.bot_examples import examples_in
from tests.support_triage.mail_tables import rows
from tests.support_triage.triage import label_of, put, read_all, told


def said(n: int) -> str:
    return f"the pump number {n} does not start any more"


def spans(sample: RawSample) -> list[tuple[str, str]]:
    return [(s.label, s.text) for s in sample.annotation.spans] if sample.annotation else []


RASA = """
version: "3.1"
nlu:
- intent: late
  examples: |
    - where is my [kettle](product) from [May]{"entity": "month"}
    - it has not come yet
- intent: broken
  examples: |
    - the [red lamp](product) does not work
- synonym: lamp
  examples: |
    - light
"""
SNIPS = {"late": [{"data": [{"text": "where is my "}, {"text": "kettle", "entity": "product"}, {"text": " from "}, {"text": "May", "slot_name": "month"}]},
                  {"data": [{"text": "it has not come yet"}]}],
         "broken": [{"data": [{"text": "the "}, {"text": "red lamp", "entity": "product"}, {"text": " does not work"}]}]}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("nlu.yml", RASA),
        ("nlu.md", "## intent:late\n- where is my [kettle](product) from [May](month)\n- it has not come yet\n\n## intent:broken\n- the [red lamp](product) does not work\n\n## lookup:x\n- y\n"),
        ("snips.json", json.dumps(SNIPS)),
    ],
)  # fmt: skip
def test_entities_of_chat_bots_stand_in_the_texts(tmp_path: Path, file: str, content: str) -> None:
    samples, _ = read_all(put(tmp_path / file, content))
    assert {read_mail(s.content).body: (label_of(s), spans(s)) for s in samples} == {
        "where is my kettle from May": ("late", [("product", "kettle"), ("month", "May")]),
        "it has not come yet": ("late", []),
        "the red lamp does not work": ("broken", [("product", "red lamp")]),
    }


def test_a_file_per_intent_of_texts_in_pieces_is_read(tmp_path: Path) -> None:
    for intent in ("late", "broken"):
        for part, n in (("train", 6), ("validate", 2)):
            pieces = [{"data": [{"text": said(k)}, {"text": " at all", "entity": "how"}]} for k in range(n)]  # fmt: skip
            put(tmp_path / intent / f"{part}_{intent}.json", json.dumps({intent: pieces}))
    samples, _ = read_all(tmp_path)
    assert [(label_of(s), s.split) for s in samples].count(("late", "train")) == 6
    assert spans(samples[0]) == [("how", "at all")]


@pytest.mark.parametrize("key", ["data", "items"])
def test_what_lies_around_an_answer_is_no_intent(tmp_path: Path, key: str) -> None:
    pieces = [{"data": [{"text": said(k)}]} for k in range(9)]
    with pytest.raises(DataError):
        read_all(put(tmp_path / "x.json", json.dumps({key: pieces})))


def test_a_damaged_file_of_examples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not YAML"):
        read_all(put(tmp_path / "nlu.yml", RASA.replace("intent: late", "intent: late: x")))


def test_lists_in_the_parts_of_settings_are_no_tables(tmp_path: Path) -> None:
    steps = [{"type": f"t{n % 2}", "text": said(n)} for n in range(6)]
    guide = {f"Product {n}": {"about": said(n), "steps": steps} for n in range(9)}
    with pytest.raises(DataError, match="no table with a column of texts"):
        read_all(put(tmp_path / "guide.json", json.dumps(guide)))


def test_all_lists_of_a_document_are_read_and_a_header_is_no_row(tmp_path: Path) -> None:
    records = [{"text": said(n), "label": f"t{n % 3}"} for n in range(31)]
    listed = [["text", "label"], *([one["text"], one["label"]] for one in records)]
    split = {"train": records[:30], "test": records[30:], "meta": [{"version": 1}]}
    apart = {"north": {"tickets": records[:15]}, "south": {"tickets": records[15:]}}
    for content in (records, listed, split, apart):
        samples, _ = read_all(put(tmp_path / "x.json", json.dumps(content)))
        assert [read_mail(sample.content).body for sample in samples] in (
            [said(n) for n in range(31)], [said(30), *(said(n) for n in range(30))],
        )  # fmt: skip
        assert [label_of(sample) for sample in samples].count("t0") == 11


def test_messages_within_parquet_are_read(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    talk = [[{"role": "assistant", "content": "welcome"}, {"role": "user", "content": said(n)}] for n in range(30)]  # fmt: skip
    path = tmp_path / "train.parquet"
    pq.write_table(pa.table({"messages": talk, "intent": [f"i{n % 3}" for n in range(30)]}), path)
    samples, _ = read_all(path)
    assert [read_mail(sample.content).body for sample in samples] == [said(n) for n in range(30)]
    assert {sample.split for sample in samples} == {"train"}


def test_a_damaged_parquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no parquet file"):
        read_all(put(tmp_path / "x.parquet", b"PAR1 and nothing else"))


def test_columns_of_flags_are_intents_and_a_mail_may_have_several(tmp_path: Path) -> None:
    lines = ([said(n), str(int(n % 3 == 0)), str(int(n % 3 == 1)), str(int(n % 3 == 2 or n == 0))] for n in range(30))  # fmt: skip
    samples, findings = read_all(put(tmp_path / "x.csv", rows(["text", "late", "lost", "red"], *lines)))  # fmt: skip
    assert [label_of(sample) for sample in samples[:3]] == ["late|red", "lost", "red"]
    assert "flags=late+lost+red" in told(findings, "columns")


def test_what_is_true_now_and_then_is_no_intent(tmp_path: Path) -> None:
    lines = ([said(n), str(int(n % 9 == 0)), str(int(n % 7 == 0)), str(int(n % 5 == 0))] for n in range(60))  # fmt: skip
    samples, _ = read_all(put(tmp_path / "x.csv", rows(["text", "read", "starred", "attached"], *lines)))  # fmt: skip
    assert {label_of(sample) for sample in samples} == {""}


def test_texts_and_mails_in_folders_are_read_side_by_side(tmp_path: Path) -> None:
    for n in range(4):
        put(tmp_path / "late" / f"{n}.txt", said(n))
        put(tmp_path / "broken" / f"{n:05}.{'a' * 32}", f"Received: x\nFrom: kim@firm.example\nSubject: lamp\n\n{said(9)}\n")  # fmt: skip
    put(tmp_path / "late" / "empty.txt", " \n")
    put(tmp_path / "README.txt", "four texts and four mails")
    samples, findings = read_all(tmp_path)
    assert data.detect_format(tmp_path) == "texts"
    assert sorted(label_of(sample) for sample in samples) == ["broken"] * 4 + ["late"] * 4
    assert {read_mail(s.content).subject for s in samples if label_of(s) == "broken"} == {"lamp"}
    assert "late/empty.txt: nothing stands in it" in told(findings, "unreadable-mail")


def test_tables_that_are_called_texts_stay_tables(tmp_path: Path) -> None:
    for folder in ("north", "south"):
        for year in (2024, 2025):
            lines = ([f"{folder} {year} {said(n)}", f"t{n % 3}"] for n in range(20))
            put(tmp_path / folder / f"{year}.txt", rows(["text", "label"], *lines))
    assert data.detect_format(tmp_path) == "csv"
    assert len(read_all(tmp_path)[0]) == 80


def test_files_of_outlook_among_mails_are_told(tmp_path: Path) -> None:
    put(tmp_path / "late" / "1.eml", f"From: kim@firm.example\nSubject: x\n\n{said(1)}\n")
    put(tmp_path / "late" / "2.pst", b"!BDN")
    samples, findings = read_all(tmp_path)
    assert len(samples) == 1
    assert "1 .pst files are of Outlook's own and were not read" in told(findings)


def test_the_count_that_apple_mail_writes_is_no_part_of_a_mail(tmp_path: Path) -> None:
    mail = f"From: kim@firm.example\nSubject: x\n\n{said(1)}\n"
    put(tmp_path / "Late.mbox" / "Messages" / "1.emlx", f"{len(mail)}\n{mail}<plist></plist>\n")
    samples, _ = read_all(tmp_path)
    assert [read_mail(sample.content).body for sample in samples] == [said(1)]
    assert [label_of(sample) for sample in samples] == ["Late"]


def test_a_count_that_is_none_is_part_of_a_mail(tmp_path: Path) -> None:
    put(tmp_path / "Late.mbox" / "1.emlx", f"{'9' * 5000}\nSubject: x\n\n{said(1)}\n")
    samples, _ = read_all(tmp_path)
    assert len(samples) == 1 and said(1) in read_mail(samples[0].content).body


def test_a_title_above_the_columns_of_a_report_is_no_row(tmp_path: Path) -> None:
    head = ["case", "opened", "subject", "details", "category"]
    lines = [[str(n), "30/06/2025", f"pump {n}", said(n), f"t{n % 3}"] for n in range(30)]
    for above in ([], [["Report", "", "", "", ""]], [["Report", "", "", "", ""], ["made by Kim", "", "", "", ""]]):  # fmt: skip
        table = rows(above[0], *above[1:], head, *lines) if above else rows(head, *lines)
        samples, findings = read_all(put(tmp_path / "report.csv", table))
        assert [read_mail(sample.content).body for sample in samples] == [
            said(n) for n in range(30)
        ]
        assert not [one for one in findings if one.level == "fail"]


def test_messages_that_are_named_by_their_ids_are_rows(tmp_path: Path) -> None:
    messages = {
        f"-M{n}": {"text": said(n), "category": ("late", "broken")[n % 2]} for n in range(30)
    }
    put(tmp_path / "export.json", json.dumps({"messages": messages}))
    samples, _ = read_all(tmp_path, "csv")
    assert [label_of(one) for one in samples[:2]] == ["late", "broken"]
    assert len(samples) == 30


@pytest.mark.parametrize("turned", [False, True])
def test_a_first_row_of_a_text_and_its_label_is_no_header(tmp_path: Path, turned: bool) -> None:
    lines = [(f"pump {n} will not start", f"i{n % 3}") for n in range(30)]
    named = [("what was said to us", "kind of it"), *lines]
    for rows_, n in ((lines, 30), (named, 30)):
        text = "\n".join(";".join(reversed(row) if turned else row) for row in rows_)
        samples, _ = read_all(
            put(tmp_path / "train.txt", text.replace("kind of it", "what kind it is"))
        )
        assert [read_mail(sample.content).body for sample in samples] == [
            f"pump {k} will not start" for k in range(n)
        ]


def test_what_is_around_messages_is_no_intent_of_theirs() -> None:
    pieces = [
        {"data": [{"text": "where is my order"}]},
        {"data": [{"text": "my invoice is wrong"}]},
    ]
    assert not examples_in({"tickets": pieces})
    assert {one["intent"] for one in examples_in({"AskForOrder": pieces})} == {"AskForOrder"}
