"""Tables as large as published ones are: sorted by what matters, and mostly without a text. A small file shows none of it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.core.tables import open_table
from kits.support_triage import data
from kits.support_triage._mail.reading import read_mail
from kits.support_triage._reading import table_files, together
from kits.support_triage._reading.found_tables import judged
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.spread_rows import good_rows, spread_rows
from tests.support_triage.mail_tables import rows
from tests.support_triage.triage import label_of, level_of, put, read_all, told

MANY = 2_600
"""More than are looked at in the beginning."""


def said(n: int) -> str:
    return f"the pump number {n} does not start any more since I moved it to place {n % 7}"


def test_a_set_that_is_sorted_by_intent_has_that_column_as_its_intents(tmp_path: Path) -> None:
    lines = [["BCL"[n % 3], said(n), "cancel" if n < MANY else "refund"] for n in range(2 * MANY)]
    samples, findings = read_all(
        put(tmp_path / "m.csv", rows(["flags", "instruction", "intent"], *lines))
    )
    assert "text=instruction, label=intent" in told(findings, "columns")
    assert {label_of(one) for one in samples} == {"cancel", "refund"}


def test_texts_that_begin_late_are_found_and_rows_without_one_are_said_once(tmp_path: Path) -> None:
    lines = [[f"Loans {n % 3}", said(n) if n >= MANY else ""] for n in range(MANY + 400)]
    samples, findings = read_all(put(tmp_path / "m.csv", rows(["product", "narrative"], *lines)))
    assert len(samples) == 400
    (empty,) = [one for one in findings if one.level != "pass"]
    assert (empty.check, empty.level) == ("rows-without-text", "warn")
    assert f"{MANY} rows of m.csv have nothing in 'narrative'" in empty.text
    assert empty.evidence[0] == "m.csv:1"


@pytest.mark.parametrize("rows_of_a_ticket", [1, 2])
def test_rows_of_one_ticket_belong_together_however_large_the_table_is(
    tmp_path: Path, rows_of_a_ticket: int
) -> None:
    lines = [[str(n // rows_of_a_ticket), said(n), "ab"[n % 2]] for n in range(MANY)]
    table = open_table(put(tmp_path / "m.csv", rows(["ticket_id", "text", "label"], *lines)))
    apart = list(good_rows(table))[::2]
    group = judged("m.csv", table, apart, Sidecar()).roles.group
    assert group == ("ticket_id" if rows_of_a_ticket > 1 else "")


def test_what_the_firm_wrote_below_all_that_came_in_is_left_out(tmp_path: Path) -> None:
    lines = [[said(n), "ab"[n % 2], str(n < MANY)] for n in range(MANY + 900)]
    samples, findings = read_all(
        put(tmp_path / "m.csv", rows(["text", "label", "inbound"], *lines))
    )
    assert len(samples) == MANY
    assert "900 rows were written by the firm" in told(findings, "mails-passed-over")


def test_a_scale_of_tones_and_the_order_of_dates_are_told_by_the_whole_column(
    tmp_path: Path,
) -> None:
    lines = [
        [said(n), "ab"[n % 2], "0" if n < MANY else "4", "03/02/2020" if n < MANY else "25/02/2020"]
        for n in range(2 * MANY)
    ]
    samples, findings = read_all(
        put(tmp_path / "m.csv", rows(["text", "label", "sentiment", "date"], *lines))
    )
    assert {level_of(one, "sentiment") for one in samples} == {0.0, 2.0}
    assert all(b"Feb 2020" in one.content for one in samples)
    assert not told(findings, "dates-assumed")


def test_a_column_of_whole_mails_is_read_as_mails(tmp_path: Path) -> None:
    """As Enron's `emails.csv` is: their headers were taken for a quotation, and nothing was left of any of them."""
    head = "Message-ID: <{0}.evans@thyme>\nDate: Mon, 14 May 2001 16:39:00 -0700 (PDT)\nFrom: a@enron.example\nSubject: pump {0}"
    mails = [
        [f"allen-p/inbox/{n}.", f"{head.format(n)}\nX-Folder: \\\\Jan\n\n{said(n)}\n"]
        for n in range(30)
    ]
    samples, findings = read_all(put(tmp_path / "emails.csv", rows(["file", "message"], *mails)))
    read = read_mail(samples[3].content)
    assert (read.subject, read.body) == ("pump 3", said(3))
    assert samples[3].group == "thread=<3.evans@thyme>"
    assert "'message' holds whole mails" in told(findings, "whole-mails")


def test_rows_are_looked_at_from_all_over_a_table(tmp_path: Path) -> None:
    put(tmp_path / "m.csv", rows(["text", "n"], *([said(n), str(n)] for n in range(MANY))))
    table = open_table(tmp_path / "m.csv")
    numbers = [int(row["n"]) for row in spread_rows(table, 100)]
    assert 50 <= len(numbers) <= 100
    assert sorted(set(numbers)) == numbers
    assert max(after - before for before, after in pairwise([0, *numbers, MANY])) <= MANY / 10
    assert {n % 2 for n in numbers} == {0, 1}
    assert [row["n"] for row in spread_rows(table, MANY)] == [str(n) for n in range(MANY)]


def test_answers_that_follow_each_question_of_a_large_table_are_known_for_the_firms(
    tmp_path: Path,
) -> None:
    """At even distances only questions, or only answers, were looked at."""
    lines = [[str(n), str(n % 2 == 0), said(n)] for n in range(2 * MANY)]
    path = put(tmp_path / "m.csv", rows(["tweet_id", "inbound", "text"], *lines))
    samples, findings = read_all(path)
    assert len(samples) == MANY
    assert f"{MANY} rows were written by the firm" in told(findings, "mails-passed-over")


def test_a_file_for_each_of_many_tickets_is_read_without_comparing_each_with_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    monkeypatch.setattr(together, "reference", lambda *_, **__: compared.append("two tables"))
    for n in range(40):
        put(
            tmp_path / f"{n}.json",
            json.dumps(
                {"id": n, "subject": f"pump {n}", "description": said(n), "tags": ["ab"[n % 2]]}
            ),
        )
    assert len(read_all(tmp_path)[0]) == 40
    assert compared == []


def test_more_tables_than_are_read_are_refused_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_files, "MAX_FILES", 3)
    for n in range(4):
        put(tmp_path / f"{n}.csv", rows(["text", "label"], [said(n), "a"]))
    with pytest.raises(DataError, match="4 files of rows, more than 3"):
        read_all(tmp_path)


def test_more_mails_or_texts_than_an_import_takes_are_refused_and_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kits.support_triage._reading.mail_files.MAX_MAILS", 2)
    monkeypatch.setattr("kits.support_triage._reading.text_files.MAX_FILES", 4)
    for number in range(3):
        mail = tmp_path / "mails" / f"{number}.eml"
        mail.parent.mkdir(exist_ok=True)
        mail.write_text(f"From: a@example.org\nSubject: {number}\n\nWhere is my parcel?\n")
        text = tmp_path / "texts" / f"intent {number}" / "a.txt"
        text.parent.mkdir(parents=True)
        text.write_text("Where is my parcel?")
    with pytest.raises(DataError, match="3 mails are more than 2"):
        list(data.read(tmp_path / "mails", "eml"))
    with pytest.raises(DataError, match="6 files and folders are more than 4"):
        list(data.read(tmp_path / "texts", "texts"))
