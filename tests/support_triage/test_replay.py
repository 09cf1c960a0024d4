"""`kit replay` of mails: what would have been filed, how much of it wrongly, and what that is worth."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from kits.core.annotation import Annotation
from kits.core.discovery import get_kit
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask, RawSample
from kits.core.mail.writing import write_message
from kits.core.operating_point import Band, Costs, ErrorBound, OperatingPoint
from kits.core.stats import proportion
from kits.toolchain.replaying import mail_text
from kits.toolchain.replaying.mail_page import page
from kits.toolchain.replaying.mails import MailOptions, ReplayedMails, replay_mails
from kits.toolchain.replaying.text import Heading
from tests.support_triage.triage import MAIL, task_of

COSTS = Costs(escape=20.0, review=1.0)
HEADING = Heading("Support-email triage", "inbox.mbox", "b" * 64, "d" * 64, 3, ())


def mail(
    number: int, label: str, says: str, score: float, month: int = 1, **details: str
) -> RawSample:

    told = {"label": says, "score": score, "details": details}
    content = write_message(
        subject="", body=f"mail number {number}", sender="ann@shop.example",
        date=datetime(2025, month, 3, tzinfo=timezone.utc), extra=[("X-Says", json.dumps(told))],
    )  # fmt: skip
    return RawSample(content, MAIL, f"m{number}", Annotation(label) if label else None)


def point(bound: ErrorBound | None = None) -> OperatingPoint:
    return OperatingPoint(
        default=Band(act_at=0.9, review_from=0.0), action="file", bound=bound, method="stated", dataset="d", seed=0
    )  # fmt: skip


def task(samples: list[RawSample], bound: ErrorBound | None = None) -> EvaluateTask:
    return replace(task_of(samples, split="test", point=point(bound)), costs=COSTS)


def year() -> list[RawSample]:
    """60 mails in two months: 45 filed, 3 of them wrongly, 2 from machines."""
    return [
        *(mail(n, "refund", "refund", 0.95, month=1 + n % 2) for n in range(42)),
        *(mail(50 + n, "delay", "refund", 0.95) for n in range(3)),
        *(mail(60 + n, "delay", "delay", 0.2, month=2) for n in range(13)),
        *(mail(80 + n, "delay", "delay", 0.2, automatic="a list") for n in range(2)),
    ]


def replayed(
    samples: list[RawSample],
    options: MailOptions | None = None,
    bound: ErrorBound | None = None,
    learned: dict[str, int] | None = None,
) -> ReplayedMails:
    kit, options = get_kit("support-triage"), options or MailOptions()
    return replay_mails(kit, task(samples, bound), options, learned or {})


def test_share_mistakes_time_and_money_are_counted_with_intervals() -> None:
    done = replayed(year(), MailOptions(minutes=3, hourly=40))
    assert (done.n, done.filed, done.machines) == (60, 45, 2)
    assert done.share.value == pytest.approx(0.75)
    assert done.wrong is not None
    assert done.wrong.value == pytest.approx(3 / 45)
    assert done.minutes.value == pytest.approx(45 * 3)
    assert done.hours.value == pytest.approx(45 * 3 / 60)
    # 45 looks of 2 EUR saved, 3 wrong filings of 20 EUR
    assert done.money.value == pytest.approx(45 * 2 - 3 * 20)
    # 42 refunds and 15 delays are named as what they are, whoever decides them
    assert done.right is not None
    assert (done.right.value, done.right.n) == (pytest.approx(57 / 60), 60)
    for figure in (done.share, done.wrong, done.minutes, done.money):
        assert figure.low < figure.value < figure.high


def bound_of(epsilon: float, coverage: float = 8 / 9) -> ErrorBound:
    filed = round(900 * coverage)
    return ErrorBound(epsilon=epsilon, delta=0.05, n=900, accepted=filed, errors=5, coverage=proportion(filed, 900), upper=epsilon)  # fmt: skip


@pytest.mark.parametrize(("epsilon", "broken"), [(0.01, True), (0.05, False)])
def test_a_promise_that_does_not_hold_on_these_mails_is_said_first(
    epsilon: float, broken: bool
) -> None:
    done = replayed(year(), bound=bound_of(epsilon, coverage=0.75))
    line = mail_text.line(done, COSTS)
    assert line.startswith("not as promised: 6.7 % [") is broken
    assert "at most 1 % were promised" in line or not broken
    assert ("Not as promised: 6.7 %" in page(done, HEADING, COSTS)) is broken


def test_less_filed_than_was_measured_is_said_first_and_where_it_went() -> None:
    foreign = [mail(400 + n, "refund", "refund", 0.1, language="de") for n in range(60)]
    usual = [mail(500 + n, "refund", "refund", 0.95, language="en") for n in range(60)]
    done = replayed([*usual, *foreign], bound=bound_of(0.05))
    assert done.beyond[0].startswith("50.0 % [")
    assert "where 88.9 %" in done.beyond[0]
    assert any("60 of 60 mails in the language 'de' are left" in told for told in done.changes)
    assert replayed(usual, bound=bound_of(0.05)).changes == ()


def test_matters_that_the_bundle_never_learned_are_named_with_what_became_of_them() -> None:
    new = [mail(200 + n, "filter plan", "refund", 0.95 if n < 4 else 0.1) for n in range(10)]
    samples = [*year(), *new]
    done = replayed(samples, learned={"delay": 0, "refund": 0})
    assert done.changes[0] == (
        "'filter plan' is no intent of this bundle: 4 of 10 such mails are filed as something else,"
        " 10 are read as 'refund'"
    )
    assert not any("no intent" in told for told in replayed(samples).changes), "labels not known"


def test_a_folder_that_was_renamed_is_named_with_what_to_state() -> None:
    renamed = [mail(200 + n, "Money back", "Refunds", 0.95) for n in range(60)]
    done = replayed([*year(), *renamed], learned={"delay": 0, "refund": 0, "Refunds": 0})
    assert "They are read as 'Refunds' (60), which nobody gives any more" in done.changes[0]
    assert "labels: {Refunds: Money back} in mails.yaml" in done.changes[0]


def test_two_folders_made_one_are_named_together() -> None:
    merged = [mail(200 + n, "Money", ("Refunds", "Bills")[n % 2], 0.95) for n in range(60)]
    done = replayed([*year(), *merged], learned={"refund": 0, "Refunds": 0, "Bills": 0})
    [told] = [one for one in done.changes if "'Money'" in one]
    assert "labels: {Refunds: Money, Bills: Money}" in told


def test_a_label_nobody_gives_any_more_is_named() -> None:
    moved = [mail(200 + n, "refund" if n % 2 else "delay", "gifts", 0.95) for n in range(20)]
    done = replayed([*year(), *moved], learned={"delay": 0, "refund": 0, "gifts": 0})
    assert any(told.startswith("nobody gives 'gifts' any more: 20") for told in done.changes)


def test_a_season_is_named_by_its_share() -> None:
    done = replayed(year(), learned={"delay": 25, "refund": 750})
    [told] = [one for one in done.changes if "'delay'" in one]
    assert told == "'delay' is 30.0 % of these mails, and 3.2 % of those learned from"
    assert replayed(year(), learned={"delay": 250, "refund": 750}).changes == ()


def test_months_and_pairs_that_go_wrong_are_named() -> None:
    bad = [mail(200 + n, "delay", "refund", 0.95, month=3) for n in range(12)]
    done = replayed([*year(), *bad], bound=bound_of(0.05, coverage=0.7))
    assert any(
        "wrongly in 2025-03: 12 of 12; in the other months 3 of 45" in c for c in done.changes
    )
    assert any("15 of 15 wrong filings are 'delay', filed as 'refund'" in c for c in done.changes)


def test_a_month_that_breaks_the_promise_by_itself_is_said_first() -> None:
    good = [mail(400 + n, "refund", "refund", 0.95, month=1 + n % 8) for n in range(800)]
    bad = [mail(2000 + n, "delay", "refund", 0.95, month=9) for n in range(12)]
    done = replayed([*good, *bad], bound=bound_of(0.02))
    assert done.wrong is not None and done.wrong.low <= 0.02
    assert done.beyond == ("12 of 12 of the mails filed in 2025-09 are wrong, where at most 2 % were promised",)  # fmt: skip


def test_what_lies_unlabelled_among_the_filed_is_counted_at_its_worst() -> None:
    done = replayed([*year(), *(mail(300 + n, "", "refund", 0.95) for n in range(15))])
    [told] = [note for note in done.notes if "nobody says" in note]
    assert "15 of the filed mails have no label" in told and "30.0 % would be" in told


def test_mails_of_a_few_threads_do_not_make_a_year_without_mistakes_certain() -> None:
    threads = [
        replace(mail(n, "refund", "refund", 0.95), group=f"thread={n % 5}") for n in range(100)
    ]
    done, alone = replayed(threads), replayed([replace(one, group="") for one in threads])
    assert done.wrong is not None
    assert alone.wrong is not None
    assert done.wrong.value == alone.wrong.value == 0
    assert done.wrong.high > 0.4
    assert alone.wrong.high < 0.05


def test_money_is_no_surer_than_mistakes_that_were_never_seen() -> None:
    done = replayed([mail(n, "refund", "refund", 0.95) for n in range(100)])
    assert done.wrong is not None and done.wrong.value == 0.0
    assert done.money.value == pytest.approx(100 * COSTS.review)
    # up to 3.6 of a hundred may be wrong, at 20 EUR each
    assert done.money.low == pytest.approx(100 * (COSTS.review - 20 * done.wrong.high))


def test_what_nobody_says_is_taken_from_the_project_and_said() -> None:
    done = replayed(year())
    assert done.work.cost == COSTS.review
    assert "2 minutes a mail (taken, --minutes changes it)" in done.work.said
    assert "costs.review" in done.work.said


def test_each_intent_and_each_month_has_its_row() -> None:
    done = replayed(year())
    intents = {row.name: (row.mails, row.filed, row.wrong) for row in done.intents}
    assert intents == {"refund": (45, 45, 3), "delay": (15, 0, 0)}
    months = {row.name: row.mails for row in done.months}
    assert months == {"2025-01": 26, "2025-02": 34}


def test_a_mailbox_without_labels_is_worth_what_the_bundle_promises() -> None:
    bound = ErrorBound(
        epsilon=0.02, delta=0.05, n=1000, accepted=800, errors=8, coverage=proportion(800, 1000), upper=0.018,
        left_out={"legal": "learned from 2 mails only"},
    )  # fmt: skip
    samples = [mail(n, "", "refund", 0.95 if n < 80 else 0.3) for n in range(100)]
    done = replayed(samples, bound=bound)
    assert done.wrong is None
    assert done.money.value == pytest.approx(80 - 80 * 0.01 * 20)
    assert done.money.low <= 80 - 80 * 0.018 * 20 + 8
    assert "no mail has a label" in " ".join(done.notes)
    assert "legal" in " ".join(done.notes)
    assert "at most 2 %" in mail_text.promise(done.bound)


def test_a_bundle_that_promises_nothing_saves_nothing_and_says_so() -> None:
    done = replayed([mail(n, "refund", "refund", 0.1) for n in range(20)])
    assert done.filed == 0
    assert done.money.value == 0.0
    assert "promises nothing yet" in " ".join(done.notes)


def test_the_answer_is_a_line_rows_and_json_with_stable_names() -> None:
    done = replayed(year(), MailOptions(minutes=3, hourly=40))
    line = mail_text.line(done, COSTS)
    assert line.startswith("75.0 % [")
    assert "of 60 mails filed without a person" in line
    assert "30" in line
    rows = "\n".join(mail_text.rows(done, HEADING, COSTS))
    assert "refund" in rows
    assert "machines wrote 2 of 60" in rows
    assert "bundle bbbbbbbbbbbb, dataset dddddddddddd, seed 3" in rows
    assert (
        "the intent is right for 95.0 % [" in rows and "of 60 labelled mails, filed or not" in rows
    )
    told = mail_text.document(done, HEADING, COSTS)
    assert told["filed"] == 45
    assert set(told) == {
        "bundle", "data", "dataset", "seed", "mails", "filed", "machines", "automatic_share", "wrong", "right", "minutes_saved",
        "money_saved", "currency", "minutes_per_mail", "cost_per_mail", "bound", "by_intent", "by_month", "beyond_promise",
        "changes", "notes",
    }  # fmt: skip


def test_the_page_needs_nothing_else_and_shows_hostile_labels_as_text() -> None:
    samples = [*year(), mail(99, "x", "<script>alert(1)</script>", 0.1)]
    html = page(replayed(samples), HEADING, COSTS)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "http" not in html.replace("http-equiv", "")
    assert "2025-02: 34 mails" in html


def test_mails_that_cannot_be_read_go_to_a_person_and_are_counted() -> None:
    broken = RawSample(b"", MAIL, "empty")
    done = replayed([*year(), broken])
    assert done.n == 60
    assert "1 mails could not be read" in " ".join(done.notes)


def test_nothing_readable_is_told() -> None:
    with pytest.raises(DataError, match="not one mail"):
        replayed([RawSample(b"", MAIL, "empty")])
