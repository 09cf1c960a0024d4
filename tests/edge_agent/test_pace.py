"""When things travel: pauses before connecting, rate and hours of blobs, a hub that is away, clocks."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from edge_agent import clock
from edge_agent.clock import WallTrust, stamp_json
from edge_agent.sync.backoff import Backoff
from edge_agent.sync.bandwidth import Bucket, Hours, Pace
from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.simulator import HubSimulator, SimulatedTransport
from kits.core.events import ClockTrust, Stamp
from kits.core.sample import utc_now
from kits.core.topics import DeviceTopics, Online, decode_online, encode_online
from tests.edge_agent.parts import decision
from tests.edge_agent.test_sender import Clock, turns

TOPICS = DeviceTopics("s1", "cam-1")
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=timezone.utc)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path, Budgets.of(1 << 26))


# -- connecting ----------------------------------------------------------------------------------


def attempts(lasts_s: float, hours: float, draw: random.Random) -> int:
    """How often a device connects when each connection breaks after `lasts_s`."""
    now = Clock()
    backoff = Backoff(1.0, 120.0, clock=now, jitter=draw.random)
    count, end = 0, now.now + hours * 3600
    while now.now < end:
        now.now += max(backoff.wait_s(), 0.0)
        count += 1
        if lasts_s:
            backoff.stands()
            now.now += lasts_s
        backoff.lost()
    return count


@pytest.mark.parametrize("lasts_s", [0.0, 0.2, 1.0, 3.0, 9.0])
def test_no_link_causes_more_than_a_connection_in_ten_seconds(lasts_s: float) -> None:
    mean = sum(attempts(lasts_s, 2.0, random.Random(seed)) for seed in range(20)) / 20
    assert mean <= 2 * 3600 / 10


def test_pauses_grow_from_a_second_to_two_minutes_with_full_jitter() -> None:
    now = Clock()
    ceilings = Backoff(1.0, 120.0, clock=now, jitter=lambda: 1.0)
    assert [ceilings.lost() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 64, 120, 120]
    none = Backoff(1.0, 120.0, clock=now, jitter=lambda: 0.0)
    assert [none.lost() for _ in range(3)] == [0, 0, 0]


def test_a_long_connection_is_forgiven_everything() -> None:
    now = Clock()
    backoff = Backoff(1.0, 120.0, clock=now, jitter=lambda: 1.0)
    for _ in range(9):
        backoff.lost()
    backoff.stands()
    now.now += 3600
    assert backoff.lost() == 1.0


# -- a hub that is away --------------------------------------------------------------------------


class Unheard(SimulatedTransport):
    """A broker without anybody behind it: it answers "no matching subscribers"."""

    nobody = True

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        if not self.nobody:
            return super().publish(topic, payload, retain=retain)
        if self.room() <= 0:
            return False
        self._in_flight += 1
        self.topics.append(topic)
        self.figures.unheard += 1
        return True


def test_nobody_behind_the_broker_is_counted_and_backed_off(outbox: Outbox) -> None:
    now, hub = Clock(), HubSimulator()
    transport = Unheard(hub)
    outbox.append([Entry(decision(n), "s") for n in range(6000)])
    sender = Sender(outbox, transport, TOPICS, clock=now)
    turns(sender, now, 36_000)  # an hour
    assert sender.hub_away
    assert transport.session == 1, "the connection is not what failed"
    first = transport.window
    assert first <= len(transport.topics) <= first + 2 * 60
    transport.nobody = False
    turns(sender, now, 2000)
    assert not sender.hub_away
    assert outbox.empty()


def test_a_hub_that_comes_back_is_noticed_also_while_only_blobs_wait(outbox: Outbox) -> None:
    now, hub = Clock(), HubSimulator()
    transport = Unheard(hub)
    transport.nobody = False
    contents = [random.Random(n).randbytes(300_000) for n in range(3)]
    outbox.append([Entry(decision(n), "s", 1, c, "image/png") for n, c in enumerate(contents)])
    sender = Sender(outbox, transport, TOPICS, clock=now)
    sender.step(0.0)
    transport.nobody = True
    turns(sender, now, 6000)  # ten minutes
    assert sender.hub_away
    assert outbox.counts()["s"].rows == 0
    assert len(transport.topics) < 40
    transport.nobody = False
    turns(sender, now, 1300)
    assert not sender.hub_away
    assert outbox.empty()
    assert sender.uploads.chunk_bytes == 256 * 1024, "the size of chunks was not to blame"


def test_a_new_connection_is_tried_at_once_by_a_device_whose_hub_was_away(outbox: Outbox) -> None:
    now, hub = Clock(), HubSimulator()
    transport = Unheard(hub)
    sender = Sender(outbox, transport, TOPICS, clock=now)
    outbox.append([Entry(decision(1), "s")])
    turns(sender, now, 3000)
    assert sender.hub_away
    transport.nobody = False
    transport.reconnect()
    turns(sender, now, 3)
    assert outbox.empty()


# -- blobs ---------------------------------------------------------------------------------------


def test_a_capped_line_carries_blobs_at_its_rate_and_rows_at_once(outbox: Outbox) -> None:
    now, hub = Clock(), HubSimulator()
    contents = [random.Random(n).randbytes(200_000) for n in range(3)]
    outbox.append([Entry(decision(n), "s", 1, c, "image/png") for n, c in enumerate(contents)])
    pace = Pace(bucket=Bucket(400, clock=now))  # 50 kB a second
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=now, pace=pace)
    assert sender.uploads.chunk_bytes <= 100_000, "a chunk takes about two seconds at most"
    turns(sender, now, 60)
    assert len(hub.rows) == 3
    arrived = sum(len(c) for c in hub.blobs.values())
    assert arrived < 6 * 50_000 + 200_000
    outbox.append([Entry(decision(n), "s") for n in range(400)])
    turns(sender, now, 5)
    assert len(hub.rows) == 403
    turns(sender, now, 200)
    assert set(hub.blobs.values()) == set(contents)


@pytest.mark.parametrize(
    ("text", "at", "allowed"),
    [
        ("", "12:00", True),
        ("22:00-06:00", "23:30", True),
        ("22:00-06:00", "05:59", True),
        ("22:00-06:00", "06:00", False),
        ("22:00-06:00", "12:00", False),
        ("08:00-17:00", "12:00", True),
        ("08:00-17:00", "17:00", False),
        ("00:00-00:00", "12:00", True),
        ("12:00-12:00", "12:00", True),
    ],
)
def test_hours_of_blobs(text: str, at: str, allowed: bool) -> None:
    hour, minute = map(int, at.split(":"))
    hours = Hours(text, now=lambda: NOON.replace(hour=hour, minute=minute), trust=lambda: "ntp")
    assert hours.allow() is allowed
    assert not hours.unknown


def test_without_a_clock_blobs_travel_at_any_hour_and_that_is_known() -> None:
    hours = Hours("22:00-06:00", now=lambda: NOON, trust=lambda: "none")
    assert hours.allow()
    assert hours.unknown


def test_blobs_wait_for_their_hour_and_rows_do_not(outbox: Outbox) -> None:
    now, hub = Clock(), HubSimulator()
    hour = [12]
    trust: ClockTrust = "ntp"
    hours = Hours("22:00-06:00", now=lambda: NOON.replace(hour=hour[0]), trust=lambda: trust)
    outbox.append([Entry(decision(1), "s", 1.0, b"pixels", "image/png")])
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=now, pace=Pace(hours=hours))
    turns(sender, now, 20)
    assert (len(hub.rows), hub.blobs) == (1, {})
    hour[0] = 22
    turns(sender, now, 20)
    assert list(hub.blobs.values()) == [b"pixels"]


def test_chunks_grow_again_when_the_line_is_good(outbox: Outbox) -> None:
    now, hub, limit = Clock(), HubSimulator(), [40_000]
    draw = random.Random(3)

    class Thin(SimulatedTransport):
        def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
            self._drop = lambda _t, _n: "/up/f/" in topic and len(payload) > limit[0]
            return super().publish(topic, payload, retain=retain)

    contents = [draw.randbytes(600_000) for _ in range(8)]
    sender = Sender(outbox, Thin(hub), TOPICS, clock=now)
    outbox.append([Entry(decision(1), "s", 1.0, contents[0], "image/png")])
    turns(sender, now, 400, each_s=1.0)
    assert sender.uploads.chunk_bytes == 32 * 1024
    limit[0] = 1 << 30
    outbox.append([Entry(decision(n), "s", 1.0, contents[n], "image/png") for n in range(1, 8)])
    turns(sender, now, 400)
    assert sender.uploads.chunk_bytes == 256 * 1024
    assert set(hub.blobs.values()) == set(contents)


def test_no_more_than_two_mebibytes_are_in_flight(outbox: Outbox) -> None:
    now, hub = Clock(), HubSimulator(silent=True)
    noise = random.Random(5)
    rows = [decision(n, prediction={"x": noise.randbytes(20_000).hex()}) for n in range(200)]
    outbox.append([Entry(row, "s") for row in rows])
    sizes: list[int] = []

    class Counting(SimulatedTransport):
        def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
            sizes.append(len(payload))
            return super().publish(topic, payload, retain=retain)

    sender = Sender(outbox, Counting(hub), TOPICS, clock=now)
    turns(sender, now, 20)
    assert 1_500_000 < sum(sizes) <= (2 << 20) + (256 << 10)
    hub.silent = False
    turns(sender, now, 2000)
    assert outbox.empty()


# -- clocks --------------------------------------------------------------------------------------


def test_a_stamp_is_the_model_without_its_cost() -> None:
    before = utc_now()
    found = Stamp.model_validate_json(stamp_json())
    assert before <= found.wall <= utc_now()
    assert found.boot == clock.boot_id() == clock.stamp().boot
    assert 0 <= clock.stamp().mono_ns - found.mono_ns < 60 * 10**9
    assert found.trust == clock.clock_trust()


@pytest.mark.parametrize(
    ("synchronised", "rtc", "floor_days", "trust"),
    [
        (True, False, -1, "ntp"),
        (False, True, -1, "rtc"),
        (False, False, -1, "none"),
        (True, True, 1, "none"),
    ],
)
def test_how_far_a_clock_is_trusted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    synchronised: bool,
    rtc: bool,
    floor_days: int,
    trust: ClockTrust,
) -> None:
    monkeypatch.setattr(clock, "kernel_synchronised", lambda: synchronised)
    (tmp_path / "rtc0").mkdir()
    (tmp_path / "rtc0" / "hctosys").write_text("0\n")  # one that was not asked proves nothing
    (tmp_path / "rtc1").mkdir()
    (tmp_path / "rtc1" / "hctosys").write_text(f"{int(rtc)}\n")
    wall = WallTrust(NOON - timedelta(days=9000), tmp_path)
    wall.raise_floor(utc_now() + timedelta(days=floor_days))
    assert wall.now() == trust


def test_the_kernel_is_asked_and_answers() -> None:
    assert clock.kernel_synchronised() in (True, False)
    assert clock._adjtimex() is not None


@pytest.mark.parametrize(
    "state", [Online(True, "ab-12"), Online(False, "ab-12"), Online(True), Online(False)]
)
def test_birth_and_will_name_the_boot(state: Online) -> None:
    assert decode_online(encode_online(state)) == state


@pytest.mark.parametrize(
    "payload", [b"", b"2", b"1 ", b"1  ab", b"1 " + b"a" * 37, b"1 AB;", b"10"]
)
def test_other_words_are_no_birth(payload: bytes) -> None:
    assert decode_online(payload) is None
