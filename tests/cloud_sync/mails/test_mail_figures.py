"""What deciding mails without a person is worth, counted from rows as devices send them, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from cloud_sync.hub import Hub
from cloud_sync.learning import review_queue
from cloud_sync.mails.figures import MailFigures, MailReport, as_json, mail_report
from cloud_sync.mails.tallies import monday
from cloud_sync.mails.truth import is_wrong
from cloud_sync.store.models import Annotation
from kits.core.events import Event
from kits.core.stats import proportion
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.fleet_builders import AT, add_device, make_hub, put_blob
from tests.cloud_sync.mails.mail_builders import (
    PROJECT,
    bundle_id,
    days,
    draft,
    filed,
    know_bundle,
    letter,
    mail_row,
)
from tests.cloud_sync.plans import asked, plan
from tests.cloud_sync.web.test_page_queries import plans_of

COSTS = "costs: {currency: CHF, review: 0.5, escape: 4.0}"


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        know_bundle(hub, kit_yaml=COSTS)
        yield hub


def report(hub: Hub, **asked: object) -> MailReport:
    with hub.database.session() as session:
        return mail_report(session, hub.config.prices, now=days(1), **asked)


def the_project(hub: Hub) -> MailFigures:
    [one] = report(hub).projects
    return one


def send(hub: Hub, *events: Event) -> None:
    """Each class is a frame of its own."""
    for klass in ("s", "l"):
        some = [event for event in events if event.klass == klass]
        if some:
            take(hub, *some)


def test_mails_are_counted_by_project_bundle_and_week(hub: Hub) -> None:
    other = know_bundle(hub, 2)
    send(
        hub, mail_row(1, "a"), mail_row(2, "b", verdict="review"), mail_row(3, "c", -7),
        mail_row(4, "d", -7, bundle=other), mail_row(5, "long-ago", -400),
    )  # fmt: skip
    found = report(hub)
    [project] = found.projects
    assert (project.project, project.tally.mails, project.tally.acts) == (PROJECT, 4, 3)
    assert project.share == proportion(3, 4)
    assert [(one.bundle, one.tally.mails) for one in found.bundles] == sorted(
        [(bundle_id(), 3), (other, 1)]
    )
    assert [(one.week, one.tally.mails) for one in found.weeks] == [
        (monday(days(-7)), 2),
        (monday(AT), 2),
    ]
    assert report(hub, project="other").projects == ()
    assert report(hub, weeks=1).projects[0].tally.mails == 2


def test_the_error_rate_is_that_of_the_audits_alone(hub: Hub) -> None:
    send(
        hub, mail_row(1, "right", audit=True), mail_row(2, "wrong", audit=True), mail_row(3, "open", audit=True),
        mail_row(4, "filed"), mail_row(5, "unseen"), mail_row(6, "hard", verdict="review"),
        filed(11, "right", "order-status"), filed(12, "wrong", "returns"), filed(13, "filed", "returns"),
        filed(14, "hard", "returns"),
    )  # fmt: skip
    one = the_project(hub)
    tally = one.tally
    assert (tally.audits, tally.audits_wrong, tally.audits_waiting) == (2, 1, 1)
    assert one.error == proportion(1, 2)
    assert (tally.later, tally.later_wrong) == (1, 1)


def test_the_newest_word_of_a_person_counts_and_the_hub_outranks_the_mailbox(hub: Hub) -> None:
    send(
        hub, mail_row(1, "m", audit=True), filed(11, "m", "returns"), filed(12, "m", "order-status")
    )
    assert the_project(hub).tally.audits_wrong == 0
    with hub.database.transaction() as session:
        session.add(Annotation(sample_id="m", label="billing", body={}, source="review"))
    send(hub, filed(13, "m", "order-status"))
    assert (the_project(hub).tally.audits, the_project(hub).tally.audits_wrong) == (1, 1)


def test_audits_of_what_the_model_left_to_a_person_say_nothing_of_its_decisions(hub: Hub) -> None:
    hard = mail_row(1, "hard", verdict="review")
    hard = hard.model_copy(update={"body": hard.body.model_copy(update={"kept_for": "audit"})})
    send(hub, hard, filed(11, "hard", "returns"))
    assert the_project(hub).tally.audits == 0


def test_of_a_filed_mail_only_what_a_reviewer_says_is_evidence(hub: Hub) -> None:
    rows = []
    for n in (1, 2):
        row = mail_row(n, f"acted{n}")
        rows.append(
            row.model_copy(update={"body": row.body.model_copy(update={"kept_for": "audit"})})
        )
    send(hub, *rows, filed(11, "acted1", "returns"), filed(12, "acted2", "returns"))
    with hub.database.transaction() as session:
        session.add(Annotation(sample_id="acted2", label="returns", body={}, source="review"))
    tally = the_project(hub).tally
    assert (tally.audits, tally.audits_wrong, tally.audits_waiting) == (1, 1, 1)


@pytest.mark.parametrize("first", ["mail", "label"])
def test_a_mail_that_was_filed_by_a_person_waits_for_no_review(hub: Hub, first: str) -> None:
    content = letter()
    put_blob(hub, content)
    parts = [mail_row(1, "m", verdict="review", content=content), filed(11, "m", "returns")]
    for row in parts if first == "mail" else parts[::-1]:
        take(hub, row)
    take(hub, mail_row(2, "other", verdict="review", content=content))
    with hub.database.session() as session:
        assert [one.sample.id for one in review_queue.queue(session, person_id=1)] == ["other"]


@pytest.mark.parametrize(
    ("said", "truth", "wrong"),
    [("a", "a", False), ("a", "b", True), ("a", "a|b", False), ("a|b", "b", False), ("oos", "a", True)],
)  # fmt: skip
def test_a_mail_of_several_intents_is_right_with_any_of_them(
    said: str, truth: str, wrong: bool
) -> None:
    assert is_wrong(said, truth) is wrong


def test_drafts_are_counted_with_what_was_changed_and_how_soon_they_were_sent(hub: Hub) -> None:
    send(
        hub, mail_row(1, "a"), mail_row(2, "b"), mail_row(3, "c"),
        draft(11, "a", "accepted", 1 / 24), draft(12, "b", "edited", 3 / 24, changed_share=0.2),
        draft(13, "c", "discarded", 5 / 24), draft(14, "gone", "edited", 1 / 24, changed_share=0.4),
    )  # fmt: skip
    one = the_project(hub)
    assert (one.tally.accepted, one.tally.edited, one.tally.discarded) == (1, 2, 1)
    assert one.unchanged == proportion(1, 4)
    assert one.changed is not None and one.changed.value == pytest.approx(0.3)
    assert one.answer_h is not None and (one.answer_h.value, one.answer_h.n) == (2.0, 2)


def test_what_is_saved_is_as_uncertain_as_the_error_rate(hub: Hub) -> None:
    rows = [mail_row(n, f"m{n}") for n in range(1, 11)]
    audits = [mail_row(20 + n, f"q{n}", audit=True) for n in range(4)]
    said = [filed(30 + n, f"q{n}", "order-status" if n else "returns") for n in range(4)]
    send(hub, *rows, *audits, *said, draft(50, "m1", "edited", changed_share=0.25))
    one, prices = the_project(hub), hub.config.prices
    error = proportion(1, 4)
    written = 0.75 * prices.answer_minutes
    assert one.minutes.value == pytest.approx(10 * 0.75 * prices.mail_minutes + written)
    assert one.money.value == pytest.approx(10 * (0.5 - 0.25 * 4) + written * prices.minute)
    assert one.money.low == pytest.approx(10 * (0.5 - error.high * 4) + written * prices.minute)
    assert one.money.high == pytest.approx(10 * (0.5 - error.low * 4) + written * prices.minute)
    assert one.currency == "CHF"


def test_without_an_audit_nothing_is_said_of_errors(hub: Hub) -> None:
    send(hub, mail_row(1, "a"))
    [line] = as_json(report(hub))["projects"]
    assert line["metrics"]["auto_error"] is None
    assert line["metrics"]["draft_unchanged"] is None
    assert line["counts"] == {
        "mails": 1, "acts": 1, "audits": 0, "audits_wrong": 0, "audits_waiting": 0, "later": 0,
        "later_wrong": 0, "suggested": 0, "suggested_right": 0, "accepted": 0, "edited": 0, "discarded": 0,
    }  # fmt: skip


def test_suggestions_are_counted_against_what_persons_said_and_say_nothing_of_decisions(
    hub: Hub,
) -> None:
    def hard(seq: int, name: str, suggested: JsonValue, **more: str) -> Event:
        return mail_row(
            seq,
            name,
            verdict=more.get("verdict", "review"),
            label="oos",
            meta={"suggested": suggested},
        )

    send(
        hub, hard(1, "right", "returns"), hard(2, "wrong", "billing"), hard(3, "open", "returns"),
        hard(4, "odd", {"label": "returns"}), hard(5, "acted", "returns", verdict="act"),
        mail_row(6, "alone", verdict="review"),
        *[filed(10 + n, name, "returns") for n, name in enumerate(("right", "wrong", "odd", "acted", "alone"))],
    )  # fmt: skip
    one = the_project(hub)
    assert (one.tally.suggested, one.tally.suggested_right) == (2, 1)
    assert one.agreed == proportion(1, 2)
    assert one.tally.audits == 0
    [line] = as_json(report(hub))["projects"]
    assert line["metrics"]["suggestion_agreed"]["n"] == 2


def test_weeks_begin_on_mondays_in_utc() -> None:
    assert monday(AT).weekday() == 0
    assert monday(monday(AT)) == monday(AT)
    assert monday(monday(AT) - timedelta(seconds=1)) == monday(AT) - timedelta(days=7)


def test_figures_read_mails_by_an_index_of_their_own(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        ways = plans_of(
            hub, lambda session: mail_report(session, hub.config.prices, now=AT, weeks=1) and None
        )
    assert any("COVERING INDEX ix_sample_mail" in way for way in ways), ways
    assert not [way for way in ways if "SCAN sample" in way and "INDEX" not in way], ways


def test_audits_and_suggestions_are_found_without_all_mails(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        with hub.database.session() as session, asked(hub, "sample") as said:
            mail_report(session, hub.config.prices, now=AT, weeks=1)
        audited = plan(hub, [one for one in said if "kept_for = 'audit'" in one[0]])
        assert "ix_sample_mail_audit (kept_for=? AND captured_at>? AND captured_at<?)" in audited
        suggested = [one for one, _ in said if "LEFT OUTER JOIN" not in one and "meta" in one]
        assert len(suggested) == 1 and "JSON_EXTRACT(sample.meta" in suggested[0].split("WHERE")[1]
