"""Answers that lost their headers stay with what they answer; forms that write one subject above all join nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.mail.writing import write_message
from kits.support_triage._reading.answered import Answered
from tests.support_triage.mail_tables import rows
from tests.support_triage.triage import put, read_all


def groups(mails: list[tuple[str, str]]) -> list[str]:
    """The thread of each mail: subject and sender."""
    answered = Answered()
    return [answered.thread(subject, sender, str(n)) for n, (subject, sender) in enumerate(mails)]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_an_answer_is_of_the_thread_of_its_subject_whichever_comes_first(
    order: tuple[int, ...],
) -> None:
    mails = [("Pump 12", "Ann <a@b.example>"), ("AW: Pump 12", "a@b.example"), ("Re: AW: pump 12", "A@b.example")]  # fmt: skip
    assert len(set(groups([mails[n] for n in order]))) == 1


def test_the_same_subject_of_others_or_without_an_answer_is_another_thread() -> None:
    mails = [("Contact form", "form@b.example")] * 3
    mails += [("Pump 12", "a@b.example"), ("Re: Pump 12", "c@b.example"), ("Re: ", "a@b.example")]
    assert len(set(groups(mails))) == 6


def test_answers_that_a_form_sends_for_everybody_are_not_all_joined() -> None:
    found = groups([("Re: Your order", "form@b.example")] * 40)
    assert max(found.count(group) for group in found) <= 8


def test_answers_in_files_and_tables_stay_with_their_mail(tmp_path: Path) -> None:
    said = [(f"{prefix}Order {n}", f"c{n}@b.example", f"words of {prefix} {n} are long enough")
            for n in range(12) for prefix in ("", "AW: ", "RE: AW: ")]  # fmt: skip
    for number, (subject, sender, body) in enumerate(said):
        content = write_message(subject=subject, body=body, sender=sender)
        put(tmp_path / f"files/{('x', 'y')[number // 3 % 2]}/{number:02d}.eml", content)
    lines = [[subject, sender, body, ("x", "y")[n // 3 % 2]] for n, (subject, sender, body) in enumerate(said)]  # fmt: skip
    put(tmp_path / "table/m.csv", rows(["subject", "from", "body", "queue"], *lines))
    for path in (tmp_path / "files", tmp_path / "table"):
        samples, _ = read_all(path)
        assert len(samples) == 36
        assert len({s.group for s in samples}) == 12
