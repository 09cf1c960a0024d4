"""Files of one import that say something of each other: classes and their names, tickets and their messages, files as intents."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.support_triage._mail.reading import read_mail
from tests.support_triage.mail_tables import rows
from tests.support_triage.triage import label_of, put, read_all, told


def said(n: int) -> str:
    return f"the pump number {n} does not start any more"


def numbered(count: int = 3, first: int = 0) -> str:
    return rows(["text", "label"], *([said(n), str(first + n % count)] for n in range(30)))


@pytest.mark.parametrize(
    ("file", "names", "first"),
    [
        ("classes.txt", "late\nbroken\nlost\n", 0),
        ("labels.txt", "late\nbroken\nlost\n", 1),
        ("labels.txt", "0 late\n1 broken\n2 lost\n", 0),
        ("label_names.json", '["late", "broken", "lost"]', 0),
        ("id2label.json", '{"1": "broken", "0": "late", "2": "lost"}', 0),
        ("label_map.json", '{"lost": 2, "late": 0, "broken": 1}', 0),
    ],
)
def test_classes_have_the_names_that_a_file_beside_them_tells(
    tmp_path: Path, file: str, names: str, first: int
) -> None:
    put(tmp_path / "train.csv", numbered(first=first))
    put(tmp_path / file, names)
    samples, findings = read_all(tmp_path)
    assert [label_of(sample) for sample in samples[:3]] == ["late", "broken", "lost"]
    assert f"{file} says what the numbers of labels mean: late, broken, lost" in told(findings)
    assert not told(findings, "file-passed-over")


@pytest.mark.parametrize("names", ["late\nbroken\n", "late\nbroken\nlost\nheavy\nred\n"])
def test_numbers_stay_where_the_names_are_too_few_or_too_many(tmp_path: Path, names: str) -> None:
    put(tmp_path / "train.csv", numbered())
    put(tmp_path / "classes.txt", names)
    samples, _ = read_all(tmp_path)
    assert {label_of(sample) for sample in samples} == {"0", "1", "2"}


def test_labels_of_many_digits_are_no_places_in_a_list_of_names(tmp_path: Path) -> None:
    long = ["9" * 4500, "8" * 4500]
    put(
        tmp_path / "train.csv",
        rows(["text", "label"], *([said(n), long[n % 2]] for n in range(30))),
    )
    put(tmp_path / "classes.txt", "late\nbroken\n")
    samples, _ = read_all(tmp_path)
    assert len(samples) == 30


def tickets(*texts: str) -> str:
    head = ["id", "subject", "category", *(["description"] if texts else [])]
    return rows(head, *([str(n), f"pump {n} of two", f"c{n % 3}", *(t.format(n=n) for t in texts)] for n in range(30)))  # fmt: skip


def messages() -> str:
    lines = []
    for n in range(30):
        # the latest first, and the firm before the customer
        lines.append([str(n), "2025-01-04 10:00", "customer", f"any news of pump {n} for me"])
        lines.append([str(n), "2025-01-03 10:00", "customer", said(n)])
        lines.append([str(n), "2025-01-02 10:00", "agent", f"welcome to our shop, number {n}"])
    return rows(["ticket_id", "created_at", "sender_type", "body"], *lines)


def test_the_text_of_a_ticket_is_the_first_message_of_its_customer(tmp_path: Path) -> None:
    put(tmp_path / "tickets.csv", tickets())
    put(tmp_path / "messages.csv", messages())
    samples, findings = read_all(tmp_path)
    mails = [read_mail(sample.content) for sample in samples]
    assert [mail.body for mail in mails] == [said(n) for n in range(30)]
    assert [mail.subject for mail in mails[:2]] == ["pump 0 of two", "pump 1 of two"]
    assert [label_of(sample) for sample in samples[:3]] == ["c0", "c1", "c2"]
    assert "messages.csv holds what was said of the tickets in tickets.csv ('ticket_id' is 'id' there)" in told(findings)  # fmt: skip


def test_messages_of_older_tickets_before_those_of_the_table_change_nothing(tmp_path: Path) -> None:
    older = ([f"{n}", "2019-01-03 10:00", "customer", said(n % 30)] for n in range(90_000, 91_100))
    ours = ([f"{n % 30}", "2025-01-03 10:00", "customer", said(n % 30)] for n in range(19_000))
    put(tmp_path / "tickets.csv", tickets())
    put(tmp_path / "messages.csv", rows(["ticket_id", "created_at", "sender_type", "body"], *older, *ours))  # fmt: skip
    samples, _ = read_all(tmp_path)
    assert [read_mail(sample.content).body for sample in samples] == [said(n) for n in range(30)]


def test_comments_of_tickets_that_have_a_text_are_no_mails(tmp_path: Path) -> None:
    put(tmp_path / "tickets.csv", tickets("the pump {n} does not start any more"))
    put(tmp_path / "comments.csv", messages())
    samples, findings = read_all(tmp_path)
    assert "comments.csv was passed over" in told(findings, "file-passed-over")
    assert [read_mail(sample.content).body for sample in samples[:2]] == [
        "the pump 0 does not start any more", "the pump 1 does not start any more",
    ]  # fmt: skip
    assert len(samples) == 30


def test_two_lists_of_tickets_are_both_read(tmp_path: Path) -> None:
    for year in (2024, 2025):
        lines = ([str(n), f"in {year} {said(n)}", f"c{n % 3}"] for n in range(30))
        put(tmp_path / f"tickets_{year}.csv", rows(["ticket_id", "text", "category"], *lines))
    assert len(read_all(tmp_path)[0]) == 60


def unlabelled(folder: Path, *names: str) -> Path:
    for name in names:
        put(
            folder / name, rows(["id", "text"], *([str(n), f"{name} {said(n)}"] for n in range(20)))
        )
    return folder


def test_files_without_labels_are_intents_by_their_names_and_it_is_told(tmp_path: Path) -> None:
    samples, findings = read_all(unlabelled(tmp_path, "late.csv", "broken.csv"))
    assert {label_of(s) for s in samples if s.source.startswith("late")} == {"late"}
    assert "the names of the files are taken for them: broken, late" in told(findings, "labels-from-files")  # fmt: skip
    put(tmp_path / "mails.yaml", "labels_from: nothing")
    assert {label_of(sample) for sample in read_all(tmp_path)[0]} == {""}


@pytest.mark.parametrize(
    "names", [("train.csv", "test.csv"), ("tickets_1.csv", "tickets_2.csv"), ("january.csv", "february.csv"), ("inbox.csv", "late.csv"), ("late.csv",)]
)  # fmt: skip
def test_names_of_splits_parts_months_and_places_are_no_intents(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    samples, _ = read_all(unlabelled(tmp_path, *names))
    assert {label_of(sample) for sample in samples} == {""}


def test_a_short_file_is_read_like_a_long_one_with_the_same_columns(tmp_path: Path) -> None:
    for name, count in (("train", 60), ("test", 6)):
        put(tmp_path / f"{name}.csv", rows([said(0), "c0"], *([said(n), f"c{n % 6}"] for n in range(1, count))))  # fmt: skip
    samples, _ = read_all(tmp_path)
    assert {label_of(sample) for sample in samples if sample.split == "test"} == {f"c{n}" for n in range(6)}  # fmt: skip
