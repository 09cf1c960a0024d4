"""Cases: what devices send of them in whatever order, and what people make of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from cloud_sync.api.cases import case_outbox
from cloud_sync.cases.closing import Closed, Finding, acknowledge, close
from cloud_sync.cases.labels import state_late
from cloud_sync.cases.reading import Asked, Score, find, score_history, steps, thinned
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.learning.review_queue import count_waiting
from cloud_sync.learning.reviewed import reviewed_samples
from cloud_sync.store.models import Asset, Case, CaseTransition, Effect, Event, Sample
from kits.core.errors import DataError
from kits.core.events import Event as Row
from kits.core.prediction import Span
from kits.predictive_maintenance._device.trace import SENSOR_FAULT
from tests.cloud_sync.cases.case_builders import (
    ASSET,
    CASE,
    PROJECT,
    hours,
    know_project,
    outcomes,
    step,
    take,
    vibration,
    window_row,
)
from tests.cloud_sync.fleet_builders import DeviceClient, add_device, make_hub, running_intake

LIFE = (
    step(1, "opened", 1, level="warn", score=2.1),
    step(2, "escalated", 3),
    step(3, "acknowledged", 4, who="ann"),
    step(4, "returned", 9, level="normal", score=0.4),
)


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        know_project(hub)
        yield hub


def case_of(hub: Hub, case_id: str = CASE) -> Case:
    with hub.database.session() as session:
        return session.get_one(Case, case_id)


def closed(hub: Hub, finding: Finding, case_id: str = CASE) -> Closed:
    with hub.database.transaction() as session:
        return close(session, case_outbox(hub), case_id, finding)


def store_bytes(hub: Hub, *names: str) -> None:
    """The bytes of these samples have arrived."""
    with hub.database.transaction() as session:
        for name in names:
            session.get_one(Sample, name).blob_state = "stored"


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_a_case_stands_the_same_in_whatever_order_its_steps_arrive(
    hub: Hub, order: tuple[int, ...]
) -> None:
    for index in order:
        take(hub, LIFE[index])
        take(hub, LIFE[index])  # the device sent it again
    case = case_of(hub)
    assert (case.level, case.worst, case.score, case.state) == ("normal", "alarm", 0.4, "returned")
    assert (case.opened_at, case.since, case.returned_at) == (hours(1), hours(0), hours(9))
    assert (case.acknowledged_at, case.acknowledged_by) == (hours(4), "ann")
    assert (case.project, case.asset, case.label) == (PROJECT, ASSET, "bearing")
    with hub.database.session() as session:
        said = [row.transition for row in steps(session, CASE)]
    assert said == ["opened", "escalated", "acknowledged", "returned"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_what_is_supposed_is_what_the_machine_rose_by_also_when_it_is_well_again(
    hub: Hub, order: tuple[int, ...]
) -> None:
    well = {"level": "normal", "label": "normal", "reason": "vibration as usual"}
    rows = (
        step(1, "opened", 1, level="warn", label="anomaly", reason="louder"),
        step(2, "escalated", 3),
        step(3, "returned", 5, **well),
    )
    for index in order:
        take(hub, rows[index])
    case = case_of(hub)
    assert (case.label, case.reason) == ("bearing", "BPFO 4.2 times its usual")
    take(hub, step(4, "closed", 9, **well))  # by itself, when it had been well for long
    assert (case_of(hub).label, case_of(hub).reason) == (case.label, case.reason)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_case_that_became_worse_is_to_be_taken_on_anew(hub: Hub, order: tuple[int, ...]) -> None:
    rows = step(1, "opened", 1, level="warn"), step(2, "acknowledged", 2), step(3, "escalated", 3)
    for index in order:
        take(hub, rows[index])
    case = case_of(hub)
    assert (case.state, case.acknowledged_at, case.acknowledged_by) == ("open", None, "")
    take(hub, step(4, "acknowledged", 4, who="ann"))
    assert case_of(hub).acknowledged_by == "ann"


def test_only_one_case_of_an_asset_is_open(hub: Hub) -> None:
    take(hub, step(1, "opened", 1))
    take(
        hub,
        step(2, "opened", 2, case_id="02kcase"),
        step(3, "opened", 2, asset="pump-2", case_id="x"),
    )
    with hub.database.session() as session:
        assert [case.id for case in find(session, Asked("open"))] == ["02kcase", "x"]
        assert [case.id for case in find(session, Asked("closed"))] == [CASE]
    take(hub, step(4, "closed", 3, who="ann"))  # of the older one, late
    assert case_of(hub).closed_by == "ann"


def test_an_older_case_that_arrives_late_does_not_replace_the_open_one(hub: Hub) -> None:
    take(hub, step(9, "opened", 5, case_id="newer"))
    take(hub, step(1, "opened", 1))
    with hub.database.session() as session:
        assert [case.id for case in find(session, Asked("open"))] == ["newer"]


def test_a_device_cannot_touch_the_case_of_another(hub: Hub) -> None:
    add_device(hub, "press-2")
    take(hub, step(1, "opened", 1))
    outcome = take(hub, step(1, "closed", 2, who="mallory"), device="press-2")
    assert outcome.odd == ["case id taken"]
    assert case_of(hub).closed_at is None
    with hub.database.session() as session:  # the row itself is kept
        assert session.scalar(select(func.count()).select_from(Event)) == 2


def test_words_of_devices_are_cut_and_identities_refused() -> None:
    long = step(1, "opened", asset="a" * 5000, reason="r" * 5000, who="w" * 5000)
    body = long.body.model_dump()
    assert (len(body["asset"]), len(body["reason"]), len(body["who"])) == (200, 1000, 200)
    wrong: list[dict[str, object]] = [
        {"case_id": "../x"},
        {"case_id": "c" * 65},
        {"level": "worse"},
        {"sample_id": "s" * 65},
    ]
    for bad in wrong:
        with pytest.raises(ValidationError):
            step(1, "opened", 0, **bad)


def test_what_was_found_labels_the_samples_behind_the_case_and_no_others(hub: Hub) -> None:
    raw = vibration()
    take(
        hub,
        window_row(11, "w1", 1, content=raw), window_row(12, "w2", 3),
        window_row(13, "raw", -1, content=vibration(2), meta={"case": CASE, "rate_hz": 1.0, "readings": 7200}),
        window_row(14, "w4", 9, score=0.4),  # it had returned to normal
        window_row(15, "other", 3, content=vibration(3)), window_row(16, "foreign", 3, asset="pump-2"),
    )  # fmt: skip
    store_bytes(hub, "w1", "raw", "other")
    take(hub, *LIFE)
    done = closed(hub, Finding("outer race", "ann", "spalled, replaced\0"))
    assert (done.labelled, done.repeated) == (3, False)
    assert outcomes(hub) == dict.fromkeys(("w1", "raw", "w2"), "outer race")
    with hub.database.session() as session:
        learned = reviewed_samples(session, PROJECT)
        assert {one.sample.id: one.annotation.label for one in learned} == {
            "w1": "outer race", "raw": "outer race",
        }  # fmt: skip
        assert {(one.annotation.source, one.annotation.author, one.annotation.note) for one in learned} == {
            ("outcome", "ann", "spalled, replaced\ufffd")
        }  # fmt: skip
        # the recording begins an hour before the onset
        spans = {one.sample.id: one.annotation.spans for one in learned}
        assert spans == {"w1": (), "raw": (Span(3600, 7200, "outer race", ""),)}
        assert count_waiting(session, 0) == 1  # `other` alone
    assert case_of(hub).state == "closed"


@pytest.mark.parametrize("words", ["False alarm", "false_alarm", "a false alarm", "No fault found"])
def test_a_false_alarm_is_one_by_the_words_of_the_pages_too(hub: Hub, words: str) -> None:
    """It was learned as a fault with that name, and counted as a true alarm."""
    take(hub, window_row(11, "w1", 1), step(1, "opened", 1))
    assert closed(hub, Finding(words, "ann")).case.cause == "normal"
    assert outcomes(hub) == {"w1": "normal"}


def test_a_sensor_that_was_it_is_no_fault_of_the_machine_however_it_is_typed(hub: Hub) -> None:
    """Typed as the pages show it, it was learned as a fault of its own."""
    take(hub, window_row(11, "w1", 1), step(1, "opened", 1))
    assert closed(hub, Finding("Sensor fault", "ann")).case.cause == "sensor-fault"
    assert outcomes(hub) == {"w1": SENSOR_FAULT}


def test_closing_twice_says_it_once_and_a_person_may_err(hub: Hub) -> None:
    take(hub, window_row(11, "w1", 1))
    take(hub, step(1, "opened", 1))
    assert closed(hub, Finding("normal", "ann")).labelled == 1
    assert closed(hub, Finding("normal", "ann")).repeated
    assert closed(hub, Finding("imbalance", "eve")).labelled == 1
    assert outcomes(hub) == {"w1": "imbalance"}
    # a CMMS does not overrule a person
    assert closed(hub, Finding("normal", "odoo:7", source="odoo")).repeated
    assert case_of(hub).cause == "imbalance"


def test_what_was_found_is_spelled_as_before_and_normal_is_no_fault(hub: Hub) -> None:
    take(hub, window_row(11, "w1", 1))
    take(hub, step(1, "opened", 1))
    assert closed(hub, Finding("Normal", "ann")).labelled == 1  # as a telephone writes it
    assert outcomes(hub) == {"w1": "normal"} and case_of(hub).cause == "normal"
    assert closed(hub, Finding("bent shaft", "ann")).labelled == 1
    assert closed(hub, Finding("Bent_Shaft ", "eve")).repeated
    assert outcomes(hub) == {"w1": "bent shaft"}


def test_two_who_close_at_once_close_it_once(hub: Hub) -> None:
    take(hub, window_row(11, "w1", 1))
    take(hub, step(1, "opened", 1))
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: closed(hub, Finding("imbalance", "ann")), range(6)))
    assert sorted(one.labelled for one in done) == [0, 0, 0, 0, 0, 1]
    with hub.database.session() as session:
        assert [row.transition for row in steps(session, CASE)] == ["opened", "closed"]


def test_workers_that_take_the_same_steps_at_once_make_one_case(hub: Hub) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: take(hub, *LIFE), range(4)))
    with hub.database.session() as session:
        assert len(steps(session, CASE)) == len(LIFE)
    assert case_of(hub).state == "returned"


def test_samples_that_come_after_the_case_was_closed_are_labelled_then(hub: Hub) -> None:
    take(hub, step(1, "opened", 1))
    assert closed(hub, Finding("imbalance", "ann")).labelled == 0
    assert case_of(hub).labels_due
    add_device(hub, "press-2")
    take(hub, window_row(1, "w9", 1), device="press-2")
    take(hub, window_row(11, "w1", 1))
    with hub.database.transaction() as session:
        assert state_late(session) == 1
    with hub.database.transaction() as session:
        assert state_late(session) == 0
    assert outcomes(hub) == {"w1": "imbalance"}
    assert not case_of(hub).labels_due


def test_a_case_labels_no_samples_of_another_device(hub: Hub) -> None:
    add_device(hub, "press-2")
    take(hub, window_row(1, "victim", 1), device="press-2")
    take(hub, step(1, "opened", 1, sample_id="victim"))
    assert closed(hub, Finding("imbalance", "ann")).labelled == 0
    assert outcomes(hub) == {}


def test_a_case_that_gets_worse_after_it_was_closed_here_is_open_again(hub: Hub) -> None:
    take(hub, step(1, "opened", 1, level="warn"))
    closed(hub, Finding("normal", "ann", at=hours(2)))
    take(hub, step(2, "acknowledged", 1.5))  # the device did not know
    assert case_of(hub).state == "closed"
    take(hub, step(3, "escalated", 3))
    case = case_of(hub)
    assert (case.state, case.cause, case.worst) == ("open", "", "alarm")


def test_acknowledging_is_a_step_and_happens_once(hub: Hub) -> None:
    take(hub, step(1, "opened", 1))
    for who in ("ann", "eve"):
        with hub.database.transaction() as session:
            acknowledge(session, case_outbox(hub), CASE, who=who, note="on my way")
    assert case_of(hub).acknowledged_by == "ann"
    with hub.database.session() as session:
        made = session.scalars(select(CaseTransition).where(CaseTransition.source == "hub")).all()
    assert [(row.transition, row.who, row.note) for row in made] == [
        ("acknowledged", "ann", "on my way")
    ]


def test_findings_that_cannot_be_are_refused(hub: Hub) -> None:
    take(hub, step(1, "opened", 1))
    with pytest.raises(NotFoundError):
        closed(hub, Finding("normal", "ann"), "nothing")
    for wrong in (
        Finding("x" * 65, "ann"),
        Finding("a\nb", "ann"),
        Finding("a", "ann", at=hours(-5)),
    ):
        with pytest.raises(DataError):
            closed(hub, wrong)
    assert case_of(hub).closed_at is None


def test_receivers_hear_of_the_steps_they_asked_for_once(tmp_path: Path) -> None:
    notify = {"webhook": {"url": "http://127.0.0.1:1/", "cases": ["opened", "closed"]}}
    with make_hub(tmp_path, notify=notify) as hub:
        add_device(hub)
        for _ in range(2):
            take(hub, *LIFE)
        closed(hub, Finding("imbalance", "ann"))
        with hub.database.session() as session:
            told = session.scalars(select(Effect).order_by(Effect.id)).all()
    assert [effect.kind for effect in told] == ["case.opened", "case.closed"]
    assert told[0].body["case"] == CASE
    assert str(told[0].body["url"]).endswith(f"/cases/{CASE}")
    assert (told[1].body["cause"], told[1].body["who"]) == ("imbalance", "ann")
    assert told[1].body["label"] == "bearing"  # what was supposed; what was found is another thing
    assert str(told[1].body["text"]).endswith("; found: imbalance")


def test_assets_are_known_with_the_time_they_were_watched(hub: Hub) -> None:
    rows: list[Row] = [window_row(n, f"s{n}", n / 10, score=0.1) for n in range(1, 30)]
    for row in rows:
        take(hub, row)
    take(hub, window_row(40, "s40", -5, score=0.1))
    with hub.database.session() as session:
        [asset] = session.scalars(select(Asset)).all()
    assert (asset.name, asset.first_at) == (ASSET, hours(-5))
    assert hours(2.9) >= asset.last_at >= hours(2.7)


def test_a_history_keeps_every_peak_of_a_long_time(hub: Hub) -> None:
    rows = [window_row(n, f"s{n}", n / 60, score=9.0 if n == 777 else 0.1) for n in range(1, 1001)]
    for first in range(0, len(rows), 200):
        take(hub, *rows[first : first + 200])
    with hub.database.session() as session:
        found = score_history(session, "press-1", ASSET, hours(0), hours(20), 100)
    assert len(found) <= 101
    assert max(found, key=lambda score: score.score).sample == "s777"
    assert [one.at for one in found] == sorted(one.at for one in found)


def test_thinning_few_or_simultaneous_scores_loses_nothing_and_ends() -> None:
    same = [Score(hours(0), float(n), "pass", str(n)) for n in range(50)]
    assert thinned(same, 100) == same
    assert {one.score for one in thinned(same, 4)} == {0.0, 49.0}


def test_steps_over_a_real_broker_are_acknowledged_after_the_commit(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub, ExitStack() as parts:
        token = add_device(hub)
        broker = parts.enter_context(running_intake(hub, "embedded"))
        client = DeviceClient(broker, "press-1", token).connect()
        parts.callback(client.close)
        client.send(*LIFE, klass="a")
        client.next_ack()
        case = case_of(hub)
        assert (case.state, case.worst, case.acknowledged_by) == ("returned", "alarm", "ann")
