"""`kit check` of mails over a year: labels that come and go, and newest mails that older ones do not teach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from kits.core.annotation import Annotation
from kits.core.kit import Finding, RawSample
from kits.core.mail.writing import write_message
from kits.support_triage._checking import in_time
from kits.support_triage._checking.mails import load
from kits.support_triage._mail.span import without_strays
from tests.support_triage.triage import MAIL, version

DAYS = 300
OLD = {"refund": "money back returned", "delivery": "parcel late courier", "bill": "invoice tax copy"}  # fmt: skip
NEW = {"refund": "voucher instead please", "delivery": "locker code missing", "bill": "portal login pdf"}  # fmt: skip
FILLER = [f"{one}{two}" for one in ("gar", "lam", "tur", "bel", "sok") for two in "abcdefghij"]
Words = Callable[[str, int], str]


def year(
    words: Words,
    names: Callable[[str, int], str] = lambda label, _: label,
    subject: Callable[[str, int], str] = lambda label, _: "question",
    days: int = DAYS,
) -> list[RawSample]:
    """A mail a day of each label; one word of three tells the label."""
    rng = np.random.default_rng(0)
    made = []
    for day in range(days):
        for label in OLD:
            said = " ".join([*rng.choice(FILLER, 6), *rng.choice(words(label, day).split(), 2)])
            at = datetime(2025, 1, 1, 9, tzinfo=timezone.utc) + timedelta(days=day)
            content = write_message(
                subject=subject(label, day), body=said, sender="ann@shop.example", date=at
            )
            name = f"{label}{day}"
            made.append(RawSample(content, MAIL, name, Annotation(names(label, day)), name, "train"))  # fmt: skip
    return made


def told(
    rule: Callable[[list[in_time.Mail]], Sequence[Finding]], samples: list[RawSample]
) -> list[Finding]:
    return list(rule(load(version(samples))[0]))


def as_ever(label: str, _: int) -> str:
    return OLD[label]


def of_late(label: str, day: int) -> str:
    return OLD[label] if day < 240 else NEW[label]


def test_a_year_that_stays_as_it_was_passes() -> None:
    samples = year(as_ever)
    [found] = told(in_time.newest, samples)
    assert found.level == "pass"
    assert "since 2025-08-2" in found.text
    assert told(in_time.come_and_go, samples) == []


def test_newest_mails_that_older_ones_do_not_teach_are_told_with_how_much() -> None:
    [found] = told(in_time.newest, year(of_late))
    assert (found.check, found.level) == ("newest-mails", "warn")
    assert "replay" in found.fix
    assert "points [-" in found.evidence[0]


def test_a_folder_that_was_renamed_is_a_label_that_ends_and_one_that_begins() -> None:
    def named(label: str, day: int) -> str:
        return "money back" if label == "refund" and day >= 200 else label

    [found] = told(in_time.come_and_go, year(as_ever, named))
    assert "of 4 labels 1 began and 1 ended" in found.text
    began, ended = found.evidence
    assert began.startswith("money back: none before 2025-07-20, ")
    assert ended.startswith("refund: none after 2025-07-19, ")


@pytest.mark.parametrize(
    ("years", "strays"),
    [
        ([1970, *[2024] * 30, *[2025] * 30, 2037], [1970, 2037]),
        ([1970] * 2 + [2025] * 98 + [2038], [1970] * 2 + [2038]),
        ([2010] * 10 + [2025] * 90, []),
        ([2005, 2010, 2015, 2020, 2025] * 10, []),
        ([1970, 2025], []),
        ([2025], []),
        ([], []),
    ],
)
def test_single_mails_of_another_age_are_strays(years: list[int], strays: list[int]) -> None:
    moments = [datetime(one, 6, 1, tzinfo=timezone.utc) for one in sorted(years)]
    left = [one.year for one in without_strays(moments)]
    assert sorted([*left, *strays]) == sorted(years)
    assert not set(left) & set(strays)


@pytest.mark.parametrize("days", [40, 60])
def test_mails_of_a_few_weeks_say_nothing_of_time(days: int) -> None:
    samples = year(as_ever, days=days)
    assert told(in_time.come_and_go, samples) == []
    assert told(in_time.newest, samples) == []
