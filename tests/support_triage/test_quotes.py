"""What is new in a mail is found in every language and program of the case set, and nothing of it is lost."""

from __future__ import annotations

import pytest

from kits.core.mail._bodies import MAX_HTML_CHARS
from kits.core.mail.writing import write_message
from kits.support_triage._mail.quotes import Split, split_quotes
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


@pytest.mark.parametrize("line", ["-" * 350 + "x", "-" * 60 + "x" * 225 + "-", "-" * 1_000])
def test_dashes_without_end_are_what_somebody_wrote(line: str) -> None:
    # as much as is read of a mail: where each line was tried in all ways, a quarter of an hour
    text = "\n".join([line] * (MAX_HTML_CHARS // len(line)))

    assert split_quotes(text) == Split(text, "")
