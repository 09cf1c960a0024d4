"""What is new in a mail is found in every language and program of the case set, and nothing of it is lost."""

from __future__ import annotations

import pytest

from kits.core.mail.writing import write_message
from kits.support_triage._mail.quotes import split_quotes
from kits.support_triage._mail.reading import read_mail
from tests.support_triage.quote_cases import CASES, LANGUAGES, TRAPS, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_only_what_is_new_is_read(case: Case) -> None:
    reading = read_mail(write_message(subject=case.subject, body=case.text))

    assert reading.body == case.new
    assert reading.quoted.strip()


@pytest.mark.parametrize("case", TRAPS, ids=lambda case: case.name)
def test_nothing_new_is_lost(case: Case) -> None:
    reading = read_mail(write_message(subject=case.subject, body=case.text))

    assert reading.body == case.new


def test_the_case_set_covers_what_is_promised() -> None:
    assert len(LANGUAGES) >= 12
    for code in LANGUAGES:
        assert len({case.text for case in CASES if case.name.startswith(f"{code}: ")}) >= 4


@pytest.mark.parametrize("case", [*CASES, *TRAPS], ids=lambda case: case.name)
def test_every_line_is_somewhere(case: Case) -> None:
    split = split_quotes(case.text)

    there = "\n".join([split.new, split.quoted, split.forwarded])
    assert all(line.lstrip(" >") in there for line in case.text.split("\n"))
