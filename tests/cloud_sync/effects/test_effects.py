"""Others are told of each row once, whatever breaks in between."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.backups import backup, restore
from cloud_sync.config import dump, load
from cloud_sync.effects import letters
from cloud_sync.effects.alerts import close_alert, outbox_for, raise_alert
from cloud_sync.effects.dispatcher import BREAKER_FAILURES, Dispatcher
from cloud_sync.effects.mail import Mail
from cloud_sync.effects.targets import Delivery
from cloud_sync.hub import Hub
from cloud_sync.intake.rows import write_frames
from cloud_sync.store.models import Alert, Effect, EffectTarget
from kits.core.sample import utc_now
from tests.cloud_sync.effects.effect_builders import Scene, full_hub
from tests.cloud_sync.fleet_builders import add_device, alert, frame_in, make_hub
from tests.cloud_sync.receivers import Receiver, mailbox, receiver
from tests.waiting import wait_for


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with receiver() as state:
        notify = {"webhook": {"url": state.url, "timeout_s": 5}}
        with make_hub(tmp_path, notify=notify) as hub:
            add_device(hub)
            yield Scene(hub, state)


def test_an_alert_reaches_the_receiver_signed_and_once(scene: Scene) -> None:
    scene.alerts(1, 2)
    scene.alerts(1, 2)  # the device sent them again
    assert scene.dispatcher.step() == 2
    assert scene.dispatcher.step() == 0
    assert set(scene.receiver.posts.values()) == {1}
    assert scene.receiver.wrong_signatures == 0
    body = next(iter(scene.receiver.taken.values()))
    assert body["type"] == "alert.raised"
    assert (body["data"]["name"], body["data"]["device"]) == ("camera lost", "press-1")
    assert scene.states() == {"done": 2}


def test_only_the_severities_that_were_asked_for(scene: Scene) -> None:
    scene.alerts(1, severity="info")
    scene.alerts(2, severity="warning")
    assert scene.states() == {"waiting": 1}


def test_the_effect_is_gone_with_its_row_when_the_transaction_fails(scene: Scene) -> None:
    with pytest.raises(RuntimeError), scene.hub.database.transaction() as session:
        effects = outbox_for(scene.hub.config.notify)
        write_frames(session, [frame_in(alert(1), klass="a")], blob_limit=1, effects=effects)
        raise RuntimeError("power cut")
    assert scene.states() == {}
    scene.alerts(1)
    assert scene.dispatcher.step() == 1


def test_failures_are_tried_again_under_the_same_id(scene: Scene) -> None:
    scene.alerts(1)
    key = scene.effect().key
    scene.receiver.answers = [(500, {}), (503, {}), (302, {"location": "http://127.0.0.1:1/"})]
    for _ in range(3):
        assert scene.dispatcher.step() == 0
        assert scene.dispatcher.step() == 0  # not before its time
        scene.later(hours=1)
    assert scene.dispatcher.step() == 1
    assert list(scene.receiver.taken) == [key]
    assert scene.effect().attempts == 4


def test_a_redirect_is_not_followed(scene: Scene) -> None:
    with receiver() as elsewhere:
        scene.alerts(1)
        scene.receiver.answers = [(307, {"location": elsewhere.url})]
        scene.dispatcher.step()
        assert not elsewhere.posts
    assert scene.effect().error == "answered with HTTP 307"


def test_retry_after_is_honoured(scene: Scene) -> None:
    scene.alerts(1)
    scene.receiver.answers = [(429, {"retry-after": "1800"})]
    scene.dispatcher.step()
    scene.later(minutes=29)
    assert scene.dispatcher.step() == 0
    scene.later(minutes=2)
    assert scene.dispatcher.step() == 1


def test_what_the_receiver_never_wants_is_given_up_told_of_and_replayed(scene: Scene) -> None:
    scene.alerts(1)
    scene.receiver.answers = [(422, {})]
    scene.dispatcher.step()
    with scene.hub.database.session() as session:
        told = session.scalars(select(Alert.name).where(Alert.device.is_(None))).all()
        assert list(told) == ["notice-undeliverable"]
        [dead] = letters.newest(session, state="dead")
        assert dead.error == "answered with HTTP 422"
    with scene.hub.database.transaction() as session:
        assert letters.replay(session, by="eve", effect_id=dead.id) == 1
    scene.later(seconds=1)
    scene.dispatcher.step()
    assert dead.key in scene.receiver.taken


def test_after_days_of_silence_it_is_given_up(scene: Scene) -> None:
    scene.alerts(1)
    scene.receiver.answers = [(500, {})] * 20
    for _ in range(8):
        scene.dispatcher.step()
        scene.later(hours=12)
    with scene.hub.database.session() as session:
        states = session.scalars(select(Effect.state).where(Effect.kind == "alert.raised")).all()
    assert states[0] == "dead"


def test_a_receiver_that_fails_is_left_alone_and_then_tried_with_one(scene: Scene) -> None:
    scene.alerts(*range(1, 21))
    scene.receiver.answers = [(500, {})] * BREAKER_FAILURES
    for _ in range(BREAKER_FAILURES):
        scene.dispatcher.step()
    scene.later(seconds=5)
    assert scene.dispatcher.step() == 0  # not even those that have not been tried
    assert scene.another().step() == 0  # nor by another process
    scene.later(minutes=11)
    scene.receiver.answers = [(500, {})]
    scene.dispatcher.step()
    with scene.hub.database.session() as session:
        assert session.get_one(EffectTarget, "webhook").failures == BREAKER_FAILURES + 1
    scene.later(hours=1)
    assert scene.dispatcher.step() == 20
    assert len(scene.receiver.taken) == 20


def test_a_clock_that_was_days_ahead_holds_no_notice_back(scene: Scene) -> None:
    scene.alerts(1)
    scene.later(days=30)
    scene.receiver.answers = [(500, {"Retry-After": "3600"})]
    scene.dispatcher.step()
    scene.alerts(2)
    [target] = scene.dispatcher._targets
    scene.later(hours=2)
    assert scene.dispatcher._claim(target)  # and then the machine goes down
    scene.later(days=-30)
    assert scene.another().step() == 2
    assert len(scene.receiver.taken) == 2


def test_a_receiver_that_asks_for_a_day_gets_it(scene: Scene) -> None:
    scene.alerts(1)
    scene.receiver.answers = [(503, {"Retry-After": "86400"})]
    scene.dispatcher.step()
    scene.later(seconds=-60)  # trimmed meanwhile
    assert scene.another().step() == 0
    scene.later(hours=24, minutes=2)
    assert scene.another().step() == 1


def test_an_open_lease_keeps_others_away_until_it_passes(scene: Scene) -> None:
    scene.alerts(1)
    [target] = scene.dispatcher._targets
    assert scene.dispatcher._claim(target)  # and then it dies
    assert scene.another().step() == 0
    scene.later(minutes=6)
    assert scene.another().step() == 1


def test_an_alert_of_the_hub_is_raised_once_while_it_is_open(scene: Scene) -> None:
    for _ in range(3):
        with scene.hub.database.transaction() as session:
            raise_alert(session, scene.hub.config.notify, "hub-disk-full", "error", "full")
    assert scene.states() == {"waiting": 1}
    with scene.hub.database.transaction() as session:
        assert close_alert(session, "hub-disk-full")
        assert raise_alert(session, scene.hub.config.notify, "hub-disk-full", "error", "full")
    assert scene.states() == {"waiting": 2}


def test_an_alert_that_stands_says_what_is_wrong_now(scene: Scene) -> None:
    steps = [("warning", "no answer"), ("warning", "wrong password"), ("info", "slow")]
    for severity, text in steps:
        with scene.hub.database.transaction() as session:
            raise_alert(session, scene.hub.config.notify, "crm-unreachable", severity, text)
        with scene.hub.database.session() as session:
            [standing] = session.scalars(select(Alert))
            assert (standing.severity, standing.text) == ("warning", text)
    assert scene.states() == {"waiting": 1}, "told once"


def test_an_alert_that_becomes_graver_is_told_to_who_wants_errors_only(tmp_path: Path) -> None:
    with receiver() as state:
        notify = {"webhook": {"url": state.url, "timeout_s": 5, "severities": ["error"]}}
        with make_hub(tmp_path, notify=notify) as hub:
            for severity in ("warning", "error", "error"):
                with hub.database.transaction() as session:
                    text = f"root 3 expires: {severity}"
                    raise_alert(session, hub.config.notify, "root-expires", severity, text)
            assert Scene(hub, state).dispatcher.step() == 1
            with hub.database.session() as session:
                standing = {row.text: row.seen_by for row in session.scalars(select(Alert))}
    assert [body["data"]["severity"] for body in state.taken.values()] == ["error"]
    assert standing == {"root 3 expires: warning": "hub: over", "root 3 expires: error": ""}


def test_alerts_of_another_hub_and_of_a_restored_one_have_ids_of_their_own(tmp_path: Path) -> None:
    with receiver() as state:
        notify = {"webhook": {"url": state.url, "timeout_s": 5}}
        with ExitStack() as stack:
            first = stack.enter_context(make_hub(tmp_path / "north", notify=notify))
            other = stack.enter_context(make_hub(tmp_path / "south", notify=notify))
            restored = stack.enter_context(copy_of(first, tmp_path / "restored"))
            for hub in (first, other, restored):
                with hub.database.transaction() as session:
                    alarm = raise_alert(
                        session, hub.config.notify, "hub-disk-full", "error", "full"
                    )
                    assert alarm is not None
                    assert alarm.id == 1  # so the number of the row says nothing
                assert Scene(hub, state).dispatcher.step() == 1
    assert len(state.taken) == 3
    assert sorted(Counter(body["data"]["hub"] for body in state.taken.values()).values()) == [1, 2]


@contextmanager
def copy_of(hub: Hub, folder: Path) -> Iterator[Hub]:
    """The hub as a restored backup of it is."""
    (hub.config.data_dir / "hub.yaml").write_text(dump(hub.config))
    backup(hub, folder.with_suffix(".tar"))
    restore(folder.with_suffix(".tar"), folder)
    copy = Hub.open(load(folder))
    try:
        yield copy
    finally:
        copy.close()


class Stuck:
    """A receiver that does not answer until it is let go."""

    name = "webhook"
    batch = 1

    def __init__(self) -> None:
        self.free = threading.Event()

    def deliver(self, _deliveries: Sequence[Delivery]) -> None:
        assert self.free.wait(60)


def test_a_receiver_that_does_not_answer_holds_up_no_other(tmp_path: Path) -> None:
    with full_hub(tmp_path, 50) as hub, mailbox() as box:
        add_device(hub)
        Scene(hub, Receiver()).alerts(1, 2, severity="warning")
        config = hub.config.notify.mail.model_copy(update={"port": box.port, "tls": "none"})
        stuck, mail = Stuck(), Mail(config, "", site_name="Works", hub_url="http://hub")
        dispatcher = Dispatcher(hub, [stuck, mail])
        dispatcher.start()
        try:
            wait_for(lambda: bool(box.mails))
        finally:
            stuck.free.set()
            dispatcher.stop()


class Broken:
    """A receiver with a fault in its program."""

    name = "webhook"
    batch = 1

    def deliver(self, _deliveries: Sequence[Delivery]) -> None:
        raise KeyError("a secret")


def test_a_fault_in_a_receivers_program_counts_as_its_failure(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.alerts(1)
    broken = Dispatcher(scene.hub, [Broken()], now=lambda: scene.now, rng=random.Random(1))
    for _ in range(BREAKER_FAILURES):
        assert broken.step() == 0
        scene.later(hours=1)
    with scene.hub.database.session() as session:
        [state], [effect] = letters.targets(session), letters.newest(session)
    assert (state.failures, effect.attempts) == (BREAKER_FAILURES, BREAKER_FAILURES)
    assert state.open_until is not None
    assert "KeyError" in state.error and "KeyError" in effect.error
    assert "test_effects.py" in caplog.text and "a secret" not in caplog.text
    assert scene.dispatcher.step() == 1


def test_old_effects_are_forgotten_a_part_at_a_time_but_never_those_that_wait(scene: Scene) -> None:
    scene.alerts(1, 2, 3)
    assert scene.dispatcher.step() == 3
    scene.receiver.answers = [(422, {})]
    scene.alerts(4)
    scene.dispatcher.step()
    scene.alerts(5)
    later = scene.now + timedelta(days=1)
    with scene.hub.database.transaction() as session:
        assert letters.prune(session, "done", utc_now() - timedelta(days=1), 10) == 0
        assert letters.prune(session, "done", later, 2) == 2
        assert letters.prune(session, "done", later, 2) == 1
        assert letters.prune(session, "dead", later, 2) == 1
        with pytest.raises(ValueError, match="waiting"):
            letters.prune(session, "waiting", later, 2)
    assert scene.states() == {"waiting": 2}  # one is the alarm that one was given up


def test_a_test_reaches_everybody(scene: Scene) -> None:
    with scene.hub.database.transaction() as session:
        assert outbox_for(scene.hub.config.notify).test(session) == ["webhook"]
    assert scene.dispatcher.step() == 1
    [body] = scene.receiver.taken.values()
    assert body["type"] == "test.sent"
