"""Who may be at the broker: real certificates, a real mosquitto, a serving hub.

What is refused, what is cut, and that everybody else does not notice.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks import certified, mqtt5
from benchmarks.certified import SITE
from cloud_sync.config import load
from cloud_sync.fleet.broker import answers
from cloud_sync.fleet.pki import Authority
from cloud_sync.hub import Hub
from kits.core.addresses import free_port
from kits.core.events import Event, HealthBody, Stamp
from kits.core.frames import Frame, decode_ack, encode_frame
from kits.core.sample import utc_now
from kits.core.topics import DeviceTopics
from tests.failure.conftest import Record
from tests.integration.hub import HubProcess
from tests.integration.secure_site import renew_authority
from tests.waiting import wait_for

LIMIT_S = 10.0
"""Within this a revoked device is cut off."""
DEVICES = ("press-1", "press-2", "press-3", "by-cli", "by-api", "again")


class TlsHub:
    """A hub whose devices need certificates, and the certificates.

    Its list of revoked certificates had ended before it was started.
    """

    def __init__(self, folder: Path) -> None:
        port = free_port()
        broker = {
            "kind": "mosquitto", "port": free_port(),
            "tls": True, "tls_host": "127.0.0.1", "tls_port": port,
        }  # fmt: skip
        self.process = HubProcess(folder, broker=broker)
        # an authority of long ago: the list of revoked certificates that lies there has ended
        renew_authority(self.process.data / "pki", timedelta(days=500))
        self.place = ("127.0.0.1", port)
        self.folder = folder / "devices"
        self.folder.mkdir()
        self.hub = Hub.open(load(self.process.data))
        certified.admit(self.hub, DEVICES, self.folder)
        self.process.serve()

    def close(self) -> None:
        self.hub.close()
        self.process.close()

    def context(self, name: str | None) -> ssl.SSLContext:
        """What device `name` speaks TLS with."""
        certificate = self.folder / f"{name}.pem" if name else None
        return certified.context(self.folder / "ca.pem", certificate)

    async def connect(
        self, name: str, client_id: str = "", heard: mqtt5.Heard | None = None
    ) -> mqtt5.Client:
        """A device that is let in."""
        client = mqtt5.Client(heard)
        reason = await client.connect(self.place, client_id or name, tls=self.context(name))
        assert reason == mqtt5.SUCCESS
        return client

    async def is_refused(self, context: ssl.SSLContext, client_id: str) -> bool:
        """Whether the door stays shut: in the handshake, or right after it with TLS 1.3."""
        client = mqtt5.Client()
        try:
            reason = await client.connect(self.place, client_id, tls=context)
        except (ssl.SSLError, ConnectionResetError):
            return True
        await client.close()
        return reason == mqtt5.LOST


@pytest.fixture(scope="module")
def tls_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsHub]:
    made = TlsHub(tmp_path_factory.mktemp("tls"))
    yield made
    made.close()


def frame(seq: int = 1) -> bytes:
    stamp = Stamp(wall=utc_now(), mono_ns=seq, boot="boot")
    row = Event(seq=seq, klass="t", at=stamp, body=HealthBody(figures={"frames": seq}))
    return encode_frame(Frame(epoch="epoch-1", rows=(row,)))


async def send_and_await_ack(hub: TlsHub, name: str) -> None:
    """The whole way: through the broker into the tables, and the word back."""
    came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def heard(_topic: str, payload: bytes) -> None:
        if not came.done():
            came.set_result(payload)

    client = await hub.connect(name, heard=heard)
    topics = DeviceTopics(SITE, name)
    await client.subscribe(topics.ack)
    async with asyncio.timeout(LIMIT_S):
        while not came.done():  # as agents do: the hub's own connection may not be back yet
            reason = await client.publish(topics.frames("t"), frame())
            assert reason in {mqtt5.SUCCESS, mqtt5.NO_SUBSCRIBERS}
            await asyncio.wait((came,), timeout=1)
    assert decode_ack(came.result()).ranges == ((1, 1),)
    await client.close()


def seqs(hub: TlsHub, name: str) -> list[int]:
    """Numbers of the rows that the hub has from a device; other tests send some, too."""
    return [row.seq for row in hub.process.events(name)]


def test_a_device_with_its_certificate_is_heard_and_answered(tls_hub: TlsHub) -> None:
    asyncio.run(send_and_await_ack(tls_hub, "press-1"))
    assert seqs(tls_hub, "press-1").count(1) == 1


@pytest.mark.parametrize(
    "topic",
    [
        f"kw/v1/{SITE}/press-2/up/t",
        "kw/v1/elsewhere/press-1/up/t",
        f"kw/v1/{SITE}/press-1/down/ack",
        "$CONTROL/dynamic-security/v1",
        "anything",
    ],
)
def test_a_device_says_only_what_is_its_own(tls_hub: TlsHub, topic: str) -> None:
    async def scene() -> int:
        client = await tls_hub.connect("press-1")
        reason = await client.publish(topic, frame(99))
        await client.close()
        return reason

    assert asyncio.run(scene()) == mqtt5.NOT_AUTHORIZED
    assert 99 not in seqs(tls_hub, "press-2")


def test_a_device_hears_only_what_is_its_own(tls_hub: TlsHub) -> None:
    async def scene() -> list[str]:
        heard: list[str] = []
        spy = await tls_hub.connect("press-3", heard=lambda topic, _: heard.append(topic))
        for pattern in ("#", "kw/v1/#", f"kw/v1/{SITE}/press-2/down/#"):
            await spy.subscribe(pattern)
        await send_and_await_ack(tls_hub, "press-2")
        own = DeviceTopics(SITE, "press-3")
        await spy.subscribe(own.ack)
        await spy.publish(own.frames("t"), frame())
        async with asyncio.timeout(LIMIT_S):
            while own.ack not in heard:
                await asyncio.sleep(0.01)
        await spy.close()
        return heard

    assert {topic.split("/")[3] for topic in asyncio.run(scene())} == {"press-3"}


def test_strangers_are_refused(tls_hub: TlsHub, tmp_path: Path) -> None:
    theirs = Authority(tmp_path / "theirs")
    ours = tls_hub.hub.authority.folder
    earlier = Authority(ours, clock=lambda: utc_now() - timedelta(days=400))
    certified.issue(theirs, "press-1", tmp_path / "foreign.pem")
    certified.issue(earlier, "press-1", tmp_path / "expired.pem")
    ca = tls_hub.folder / "ca.pem"

    async def scene() -> dict[str, bool]:
        return {
            "no certificate": await tls_hub.is_refused(tls_hub.context(None), "press-1"),
            "foreign": await tls_hub.is_refused(
                certified.context(ca, tmp_path / "foreign.pem"), "press-1"
            ),
            "expired": await tls_hub.is_refused(
                certified.context(ca, tmp_path / "expired.pem"), "press-1"
            ),
            "its own": await tls_hub.is_refused(tls_hub.context("press-1"), "press-1"),
        }

    assert asyncio.run(scene()) == {
        "no certificate": True, "foreign": True, "expired": True, "its own": False,
    }  # fmt: skip


def test_a_certificate_without_a_device_can_say_nothing(tls_hub: TlsHub, tmp_path: Path) -> None:
    certified.issue(tls_hub.hub.authority, "ghost", tmp_path / "ghost.pem")

    async def scene() -> int:
        client = mqtt5.Client()
        context = certified.context(tls_hub.folder / "ca.pem", tmp_path / "ghost.pem")
        assert await client.connect(tls_hub.place, "ghost", tls=context) == mqtt5.SUCCESS
        reason = await client.publish(f"kw/v1/{SITE}/ghost/up/t", frame())
        await client.close()
        return reason

    assert asyncio.run(scene()) == mqtt5.NOT_AUTHORIZED


@pytest.mark.parametrize("name", ["by-cli", "by-api"])
def test_a_revoked_device_is_cut_off_within_ten_seconds(
    tls_hub: TlsHub, name: str, record: Record
) -> None:
    def revoke() -> None:
        if name == "by-cli":
            data = str(tls_hub.process.data)
            tls_hub.process.programs.text("cloud-sync", "device", "revoke", name, "--data", data)
        else:
            tls_hub.process.api.call("POST", f"/v1/devices/{name}/revoke")

    async def scene() -> float:
        revoked, other = await tls_hub.connect(name), await tls_hub.connect("press-2")
        await asyncio.to_thread(revoke)
        started = time.monotonic()
        await asyncio.wait_for(revoked.ended, LIMIT_S)
        took = time.monotonic() - started
        assert await tls_hub.is_refused(tls_hub.context(name), name)
        topic = DeviceTopics(SITE, "press-2").frames("t")
        assert await other.publish(topic, frame(2)) == mqtt5.SUCCESS
        assert not other.ended.done()
        await other.close()
        return took

    took_s = asyncio.run(scene())
    record({"cut_after_s": round(took_s, 2)})
    assert took_s < LIMIT_S


def test_enrolling_again_ends_the_old_machines_connection(tls_hub: TlsHub) -> None:
    async def scene() -> None:
        old_context = tls_hub.context("again")
        old = await tls_hub.connect("again")
        await asyncio.to_thread(certified.admit, tls_hub.hub, ["again"], tls_hub.folder)
        await asyncio.wait_for(old.ended, LIMIT_S)
        assert await tls_hub.is_refused(old_context, "again")
        await send_and_await_ack(tls_hub, "again")

    asyncio.run(scene())


def test_the_second_with_the_same_certificate_replaces_the_first_which_is_told(
    tls_hub: TlsHub,
) -> None:
    async def scene() -> int:
        first = await tls_hub.connect("press-1")
        second = await tls_hub.connect("press-1")
        reason = await asyncio.wait_for(first.ended, LIMIT_S)
        assert not second.ended.done()
        await second.close()
        return reason

    assert asyncio.run(scene()) == mqtt5.TAKEN_OVER
    asyncio.run(send_and_await_ack(tls_hub, "press-1"))


def test_nobody_takes_over_anothers_session_by_its_client_id(tls_hub: TlsHub) -> None:
    async def scene() -> bool:
        victim = await tls_hub.connect("press-1")
        for client_id in ("press-1", "kw-hub-ingest"):
            thief = await tls_hub.connect("press-2", client_id=client_id)
            await thief.close()
        reason = await victim.publish(DeviceTopics(SITE, "press-1").frames("t"), frame(3))
        ended = victim.ended.done()
        await victim.close()
        return reason == mqtt5.SUCCESS and not ended

    assert asyncio.run(scene())


def test_a_killed_broker_comes_back_with_all_its_rules(tls_hub: TlsHub) -> None:
    before = tls_hub.process.broker_pid()
    assert tls_hub.process.kill_broker()
    wait_for(lambda: tls_hub.process.broker_pid() not in (before, None), LIMIT_S)

    async def scene() -> int:
        client = await tls_hub.connect("press-3")
        reason = await client.publish(f"kw/v1/{SITE}/press-2/up/t", frame())
        await client.close()
        return reason

    wait_for(lambda: answers(*tls_hub.place), LIMIT_S)
    assert asyncio.run(scene()) == mqtt5.NOT_AUTHORIZED
    asyncio.run(send_and_await_ack(tls_hub, "press-3"))
