"""`kit check` of mails that bear the name of their own label, as help desks write it while they file one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kits.core.kit import Finding
from kits.support_triage._checking import named_labels
from kits.support_triage._checking.mails import load
from tests.support_triage.triage import sample, version

LABELS = ("Payments::Refund", "Cards::Lost", "Currency")
N = 30
Words = Callable[[str, int], str]


def plain(*_: object) -> str:
    return "question"


def told(subject: Words = plain, line: Words = plain) -> list[Finding]:
    samples = [
        sample(f"mail {n} of {at}\n{line(label, n)}\nand so on", label, subject=subject(label, n))
        for n in range(N)
        for at, label in enumerate(LABELS)
    ]
    mails = load(version(samples))[0]
    return [*named_labels.subjects(mails), *named_labels.lines(mails)]


def leaf(label: str) -> str:
    return label.rpartition("::")[2]


@pytest.mark.parametrize(
    "written",
    [
        "[{leaf}] question",
        "Re: [{label}] question",
        "question ({leaf})",
        "{leaf}: question",
        "question - {label}",
        "question | {leaf}",
    ],
)
def test_a_label_in_a_part_of_the_subject_is_a_leak(written: str) -> None:
    [found] = told(lambda label, n: written.format(label=label, leaf=leaf(label)))
    assert (found.check, found.level) == ("subjects-name-labels", "warn")
    assert "90 of 90 labelled mails have their own label in the subject" in found.text


def test_brackets_in_few_subjects_are_told_too() -> None:
    [found] = told(lambda label, n: f"[{label}] question" if n % 8 == 0 else "question")
    assert "12 of 90 labelled mails" in found.text


@pytest.mark.parametrize("said", ["Queue: {label}", "Kategorie = {leaf}", "Assigned team:\t{leaf}"])
def test_a_label_in_a_line_of_the_text_is_a_leak(said: str) -> None:
    [found] = told(line=lambda label, n: said.format(label=label, leaf=leaf(label)))
    assert (found.check, found.level) == ("texts-name-labels", "warn")


@pytest.mark.parametrize(
    "subject",
    [
        lambda label, n: f"[Ticket#{n}] question" if n % 2 else "[shop-list] refund",
        lambda label, n: f"[{leaf(LABELS[n % 3])}] question",
        lambda label, n: leaf(label) if n % 2 else "question",
        lambda label, n: f"Currency: {n}" if label == "Currency" else "question",
        lambda label, n: f"{leaf(label)}: {n}" if n % 6 == 0 else "question",
    ],
    ids=["numbers", "often wrong", "the whole subject", "one label", "a few persons"],
)
def test_what_persons_call_their_mails_is_no_leak(subject: Words) -> None:
    assert told(subject) == []


def test_a_line_that_often_names_another_label_is_a_choice_of_the_sender() -> None:
    assert told(line=lambda label, n: f"Topic: {leaf(LABELS[n % 3])}") == []
