"""Others are told of each row once, whatever breaks in between."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync.config import parse
from cloud_sync.effects import letters
from cloud_sync.effects.alerts import close_alert, outbox_for, raise_alert
from cloud_sync.effects.dispatcher import BREAKER_FAILURES, Dispatcher
from cloud_sync.effects.mail import Mail
from cloud_sync.effects.settings import MailConfig
from cloud_sync.effects.start import targets_of
from cloud_sync.effects.webhook import Webhook, read_secrets
from cloud_sync.hub import Hub
from cloud_sync.intake.rows import write_frames
from cloud_sync.store.models import Alert, Effect, EffectTarget
from kits.core.errors import ConfigError
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, alert, frame_in, make_hub
from tests.cloud_sync.receivers import SECRET, SECRET_TEXT, Receiver, mailbox, receiver


class Scene:
    """A hub, a receiver and a dispatcher whose clock the test turns."""

    def __init__(self, hub: Hub, receiver: Receiver) -> None:
        self.hub = hub
        self.receiver = receiver
        self.now = utc_now() + timedelta(minutes=1)  # later than what is written
        self.dispatcher = self.another()

    def another(self) -> Dispatcher:
        """A dispatcher of another process."""
        webhook = Webhook(self.hub.config.notify.webhook, [SECRET])
        return Dispatcher(self.hub, [webhook], now=lambda: self.now, rng=random.Random(1))

    def alerts(self, *seqs: int, severity: str = "error") -> None:
        """Rows of a device, as the ingest writes them."""
        events = [alert(seq, severity) for seq in seqs]
        with self.hub.database.transaction() as session:
            write_frames(
                session, [frame_in(*events, klass="a")], blob_limit=1,
                effects=outbox_for(self.hub.config.notify),
            )  # fmt: skip

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def states(self) -> dict[str, int]:
        with self.hub.database.session() as session:
            grouped = select(Effect.state, func.count()).group_by(Effect.state)
            return {row[0]: row[1] for row in session.execute(grouped)}

    def effect(self) -> Effect:
        with self.hub.database.session() as session:
            return session.scalars(select(Effect)).one()


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


def test_an_open_lease_keeps_others_away_until_it_passes(scene: Scene) -> None:
    scene.alerts(1)
    [target] = scene.dispatcher._targets
    assert scene.dispatcher._claim(target)  # and then it dies
    assert scene.another().step() == 0
    scene.later(minutes=6)
    assert scene.another().step() == 1


def test_the_outbox_is_bounded_and_says_what_it_gave_up(tmp_path: Path) -> None:
    notify = {"webhook": {"url": "http://127.0.0.1:1/"}, "max_waiting": 3}
    with make_hub(tmp_path, notify=notify) as hub:
        add_device(hub)
        scene = Scene(hub, Receiver())
        scene.alerts(*range(1, 6))
        assert scene.states() == {"waiting": 3, "dead": 2}


def test_mails_are_sent_together_and_a_device_cannot_write_headers(tmp_path: Path) -> None:
    with mailbox() as box, make_hub(tmp_path) as hub:
        add_device(hub)
        config = MailConfig(
            host="127.0.0.1", port=box.port, tls="none", sender="hub@works", to=("crew@works",)
        )
        mail = Mail(config, "", site_name="Works", hub_url="http://hub")
        effects = outbox_for(hub.config.notify.model_copy(update={"mail": config}))
        events = [alert(1, name="x\r\nBcc: evil@example.org"), alert(2), alert(3)]
        with hub.database.transaction() as session:
            frame = frame_in(*events, klass="a")
            write_frames(session, [frame], blob_limit=1, effects=effects)
        assert Dispatcher(hub, [mail]).step() == 3
        [text] = box.mails
        head, _, body = text.partition("\r\n\r\n")
        assert "and 2 more" in head.replace("\r\n ", " ")
        assert "\r\nBcc" not in head
        assert body.count("no frame for 10 s") == 3


def test_a_mail_nobody_may_get_is_given_up(tmp_path: Path) -> None:
    with mailbox() as box, make_hub(tmp_path) as hub:
        add_device(hub)
        config = MailConfig(host="127.0.0.1", port=box.port, tls="none", to=("nobody@works",))
        box.refuse = 550
        with hub.database.transaction() as session:
            raise_alert(
                session, hub.config.notify.model_copy(update={"mail": config}),
                "test", "error", "text",
            )  # fmt: skip
        mail = Mail(config, "", site_name="Works", hub_url="http://hub")
        Dispatcher(hub, [mail]).step()
        with hub.database.session() as session:
            assert session.scalars(select(Effect.state)).one() == "dead"


def test_an_alert_of_the_hub_is_raised_once_while_it_is_open(scene: Scene) -> None:
    for _ in range(3):
        with scene.hub.database.transaction() as session:
            raise_alert(session, scene.hub.config.notify, "hub-disk-full", "error", "full")
    assert scene.states() == {"waiting": 1}
    with scene.hub.database.transaction() as session:
        assert close_alert(session, "hub-disk-full")
        assert raise_alert(session, scene.hub.config.notify, "hub-disk-full", "error", "full")
    assert scene.states() == {"waiting": 2}


def test_secrets_come_from_the_environment_and_are_never_shown(tmp_path: Path) -> None:
    config = parse({"notify": {"webhook": {"url": "https://example.org/"}}}, tmp_path)
    with pytest.raises(ConfigError, match="not set") as caught:
        targets_of(config, {})
    assert caught.value.where == "KITWRIGHT_WEBHOOK_SECRET"
    short = "whsec_" + base64.b64encode(b"short").decode()
    with pytest.raises(ConfigError) as caught:
        targets_of(config, {"KITWRIGHT_WEBHOOK_SECRET": short})
    assert short not in str(caught.value)
    [target] = targets_of(config, {"KITWRIGHT_WEBHOOK_SECRET": SECRET_TEXT})
    assert SECRET_TEXT not in repr(target)
    assert len(read_secrets(f"{SECRET_TEXT} {SECRET_TEXT}", "X")) == 2


def test_a_url_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="https"):
        parse({"notify": {"webhook": {"url": "file:///etc/passwd"}}}, tmp_path)


def test_times_are_those_of_the_row(scene: Scene) -> None:
    scene.alerts(1)
    scene.dispatcher.step()
    [body] = scene.receiver.taken.values()
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None


def test_a_test_reaches_everybody(scene: Scene) -> None:
    with scene.hub.database.transaction() as session:
        assert outbox_for(scene.hub.config.notify).test(session) == ["webhook"]
    assert scene.dispatcher.step() == 1
    [body] = scene.receiver.taken.values()
    assert body["type"] == "test.sent"
