"""A webhook and a mail server: what they get, and how long they may take."""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.config import parse
from cloud_sync.effects import letters
from cloud_sync.effects.alerts import outbox_for, raise_alert
from cloud_sync.effects.dispatcher import BREAKER_FAILURES, Dispatcher
from cloud_sync.effects.mail import Mail
from cloud_sync.effects.settings import MailConfig, WebhookConfig
from cloud_sync.effects.start import targets_of
from cloud_sync.effects.targets import Delivery, DeliveryError
from cloud_sync.effects.webhook import Webhook, read_secrets
from cloud_sync.fleet.pki import Authority
from cloud_sync.hub import Hub
from cloud_sync.intake.rows import write_frames
from cloud_sync.store.models import Effect
from kits.core.errors import ConfigError
from kits.core.events import Event, Stamp
from kits.core.sample import utc_now
from tests.cloud_sync.cases.case_builders import CASE, step
from tests.cloud_sync.fleet_builders import AT, add_device, alert, frame_in, make_hub
from tests.cloud_sync.receivers import (
    SECRET,
    SECRET_TEXT,
    Mailbox,
    dripping,
    mailbox,
    receiver,
)

FINE = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
DELIVERY = Delivery("kw_1", "alert.raised", {"name": "x", "text": "y"}, AT, 1)


class Post:
    """A hub, its mailbox, and dispatchers whose clock the test turns."""

    def __init__(self, hub: Hub, box: Mailbox) -> None:
        self.hub = hub
        self.box = box
        self.now = utc_now() + timedelta(minutes=1)  # later than what is written
        self.config = MailConfig(
            host="127.0.0.1", port=box.port, tls="none", sender="hub@works", to=("crew@works",)
        )

    def mail(self, password: str = "", **changes: float) -> Mail:
        return Mail(self.config, password, site_name="Works", hub_url="http://hub", **changes)

    def dispatcher(self, password: str = "") -> Dispatcher:
        return Dispatcher(self.hub, [self.mail(password)], now=lambda: self.now)

    def alerts(self, *events: Event) -> None:
        """Rows of a device, as the ingest writes them."""
        notify = self.hub.config.notify.model_copy(update={"mail": self.config})
        with self.hub.database.transaction() as session:
            frame = frame_in(*events, klass="a")
            write_frames(session, [frame], blob_limit=1, effects=outbox_for(notify))

    def steps(self, *steps: Event) -> None:
        """Steps of cases, as the ingest writes them."""
        notify = self.hub.config.notify.model_copy(update={"mail": self.config})
        effects = outbox_for(notify, url="http://hub")
        with self.hub.database.transaction() as session:
            frame = frame_in(*steps, klass="a")
            write_frames(session, [frame], blob_limit=1, effects=effects)

    def states(self) -> list[str]:
        with self.hub.database.session() as session:
            return list(session.scalars(select(Effect.state).order_by(Effect.id)))


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with mailbox() as box, make_hub(tmp_path) as hub:
        add_device(hub)
        yield Post(hub, box)


def headers_and_body(mail: str) -> tuple[str, str]:
    head, _, body = mail.partition("\r\n\r\n")
    return head.replace("\r\n ", " "), body


def message_id(mail: str) -> str:
    found = re.search(r"^Message-ID: (\S+)", headers_and_body(mail)[0], re.MULTILINE)
    assert found is not None
    return found.group(1)


def test_mails_are_sent_together_and_a_device_cannot_write_headers(post: Post) -> None:
    post.alerts(alert(1, name="x\r\nBcc: evil@example.org"), alert(2), alert(3))
    assert post.dispatcher().step() == 3
    [mail] = post.box.mails
    head, body = headers_and_body(mail)
    assert "and 2 more" in head
    assert "\r\nBcc" not in head
    assert body.count("no frame for 10 s") == 3


def test_the_crew_is_told_of_a_machine_in_alarm_by_mail_too(post: Post) -> None:
    """It heard of the hub's own troubles only, and of a flood of alarms."""
    post.steps(step(1, "opened", 1, level="warn"))
    assert post.dispatcher().step() == 0, "nobody is called for a warning"
    post.alerts(alert(2))
    post.steps(step(3, "escalated", 3, reason="BPFO\r\n.\r\nQUIT"), step(4, "eased", 4))
    assert post.dispatcher().step() == 2
    [mail] = post.box.mails
    head, body = headers_and_body(mail)
    assert "Subject: [Works] alarm: pump-1 on press-1 and 1 more" in head
    assert "pump-1: escalated, alarm, supposed: bearing (BPFO" in body and "\r\nQUIT" not in body
    assert f"http://hub/cases/{CASE}" in body and "All cases: http://hub/cases" in body


def test_a_mail_that_may_have_arrived_goes_again_as_it_was(post: Post) -> None:
    post.alerts(alert(1), alert(2))
    dying = post.dispatcher()
    [target] = dying._targets
    target.deliver(dying._claim(target))  # and then it dies, before it notes that it has
    post.alerts(alert(3))
    post.now += timedelta(minutes=6)
    assert post.dispatcher().step() == 3
    first, again, newer = post.box.mails
    assert first == again
    assert message_id(newer) != message_id(first)
    assert "and 1 more" in headers_and_body(first)[0]
    assert "more" not in headers_and_body(newer)[0]


def test_a_refused_mail_stays_together_also_when_it_is_tried_after_a_pause(post: Post) -> None:
    post.box.refuse = 450
    post.alerts(alert(1), alert(2), alert(3))
    for _ in range(BREAKER_FAILURES):
        assert post.dispatcher().step() == 0
        post.now += timedelta(hours=1)
    post.alerts(alert(4))
    post.box.refuse = 0
    assert post.dispatcher().step() == 4
    assert sorted("and 2 more" in mail for mail in post.box.mails) == [False, True]


def test_two_dispatchers_tell_of_each_alert_once(tmp_path: Path, database_url: str) -> None:
    with mailbox() as box, make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        post = Post(hub, box)
        post.alerts(*(alert(seq) for seq in range(1, 121)))
        box.refuse = 450
        assert post.dispatcher().step() == 0  # the first fifty belong together from here on
        box.refuse = 0
        post.now += timedelta(hours=1)
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda one: one.step(), [post.dispatcher(), post.dispatcher()]))
        while any(state != "done" for state in post.states()):  # a claim that met another's
            done.append(post.dispatcher().step())
    assert sum(done) == 120
    told = [key for mail in box.mails for key in re.findall(r"^kw_\w+", mail, re.MULTILINE)]
    assert len(told) == len(set(told)) == 120
    assert sorted(mail.count("kw_") for mail in box.mails) == [20, 50, 50]


def test_a_mail_nobody_may_get_is_given_up(post: Post) -> None:
    post.box.refuse = 550
    notify = post.hub.config.notify.model_copy(update={"mail": post.config})
    with post.hub.database.transaction() as session:
        raise_alert(session, notify, "test", "error", "text")
    post.dispatcher().step()
    assert post.states() == ["dead"]


def test_a_password_that_smtp_does_not_carry_is_told_of_and_mended(post: Post) -> None:
    post.config = post.config.model_copy(update={"username": "hub"})
    post.alerts(alert(1))
    assert post.dispatcher("größe").step() == 0
    with post.hub.database.session() as session:
        [effect], [state] = letters.newest(session), letters.targets(session)
    for error in (effect.error, state.error):
        assert "plain ASCII" in error and "KITWRIGHT_MAIL_PASSWORD" in error
        assert "ö" not in error and "größe" not in error
    assert (effect.state, state.failures) == ("waiting", 1)
    post.now += timedelta(minutes=1)
    assert post.dispatcher("size").step() == 1
    assert len(post.box.mails) == 1


def test_a_mail_that_was_taken_is_done_whatever_the_server_says_afterwards(post: Post) -> None:
    post.box.farewell = "421 too busy"
    post.alerts(alert(1))
    assert post.dispatcher().step() == 1
    assert len(post.box.mails) == 1


def test_a_mail_server_that_talks_drop_by_drop_is_left(post: Post) -> None:
    post.box.drips = True
    with pytest.raises(DeliveryError):
        post.mail(timeout_s=0.5).deliver([DELIVERY])
    assert post.box.mails == []


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
def test_a_webhook_that_answers_drop_by_drop_is_left(tmp_path: Path, encrypted: bool) -> None:
    authority = Authority(tmp_path / "pki") if encrypted else None
    chain = authority.server_files([]) if authority else None
    context = None
    if authority is not None:
        context = ssl.create_default_context(cadata=authority.ca_pem.decode())
    with dripping(FINE, chain) as port:
        url = f"http{'s' if encrypted else ''}://127.0.0.1:{port}/hook"
        config = WebhookConfig(url=url, timeout_s=0.5)
        with pytest.raises(DeliveryError, match="TimeoutError"):
            Webhook(config, [SECRET], context=context).deliver([DELIVERY])


def test_a_webhook_over_tls_is_posted_only_to_whom_the_context_trusts(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    trusting = ssl.create_default_context(cadata=authority.ca_pem.decode())
    with receiver(authority.server_files([])) as state:
        config = WebhookConfig(url=f"{state.url}%20a?b=ü", timeout_s=5)
        with pytest.raises(DeliveryError, match="SSLCertVerificationError"):
            Webhook(config, [SECRET]).deliver([DELIVERY])
        assert state.paths == []
        Webhook(config, [SECRET], context=trusting).deliver([DELIVERY])
        assert state.paths == ["/hook%20a?b=%C3%BC"]


def test_secrets_come_from_the_environment_and_are_never_shown(tmp_path: Path) -> None:
    config = parse({"notify": {"webhook": {"url": "https://example.org/"}}}, tmp_path)
    with pytest.raises(ConfigError, match="not set") as caught:
        targets_of(config, {})
    assert caught.value.where == "KITWRIGHT_WEBHOOK_SECRET"
    assert "/etc/kitwright/hub.env" in caught.value.fix, "what is exported reaches no service"
    short = "whsec_" + base64.b64encode(b"short").decode()
    with pytest.raises(ConfigError) as caught:
        targets_of(config, {"KITWRIGHT_WEBHOOK_SECRET": short})
    assert short not in str(caught.value)
    [target] = targets_of(config, {"KITWRIGHT_WEBHOOK_SECRET": SECRET_TEXT})
    assert SECRET_TEXT not in repr(target)
    assert len(read_secrets(f"{SECRET_TEXT} {SECRET_TEXT}", "X")) == 2


@pytest.mark.parametrize(
    ("url", "reason"),
    [("file:///etc/passwd", "https"), ("https:///hook", "host"), ("https://x:99999/", "port")],
)
def test_a_url_nobody_can_post_to_is_refused(tmp_path: Path, url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        parse({"notify": {"webhook": {"url": url}}}, tmp_path)


def test_times_are_those_of_the_row_also_when_it_is_sent_late(tmp_path: Path) -> None:
    happened = Stamp(wall=AT, mono_ns=1, boot="boot", trust="ntp")
    row = alert(1).model_copy(update={"at": happened})
    with receiver() as state, make_hub(tmp_path, notify={"webhook": {"url": state.url}}) as hub:
        add_device(hub)
        with hub.database.transaction() as session:
            write_frames(
                session, [frame_in(row, klass="a")], blob_limit=1,
                effects=outbox_for(hub.config.notify), received_ns=int(AT.timestamp() * 1e9),
            )  # fmt: skip
        with hub.database.session() as session:
            written = session.scalars(select(Effect.created_at)).one()
        later = written + timedelta(hours=5)
        webhook = Webhook(hub.config.notify.webhook, [SECRET], clock=later.timestamp)
        assert Dispatcher(hub, [webhook], now=lambda: later).step() == 1
    [body] = state.taken.values()
    assert datetime.fromisoformat(body["timestamp"]) == written
    assert datetime.fromisoformat(body["data"]["at"]) == AT
