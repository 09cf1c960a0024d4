"""The sender against hubs and links that misbehave."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.mqtt import MqttTransport
from edge_agent.sync.mqtt_client import MqttSettings
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.simulator import HubSimulator, SimulatedTransport
from edge_agent.sync.transport import Message
from kits.core.events import AlertBody, DecisionBody, GapBody, LabelBody
from kits.core.frames import MIN_CHUNK_BYTES, encode_chunk
from kits.core.sample import digest_of
from kits.core.topics import DeviceTopics
from tests.edge_agent.mosquitto import Mosquitto
from tests.edge_agent.parts import decision
from tests.waiting import wait_for

TOPICS = DeviceTopics("s1", "cam-1")


class Clock:
    """Monotonic seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path, Budgets(1 << 24, 1 << 26, 1 << 24))


def turns(sender: Sender, clock: Clock, count: int, each_s: float = 0.1) -> None:
    for _ in range(count):
        clock.now += each_s
        sender.step(0.0)


def test_rows_and_blobs_arrive_and_the_outbox_empties(outbox: Outbox) -> None:
    hub, clock = HubSimulator(), Clock()
    content = random.Random(1).randbytes(700_000)
    outbox.append([Entry(decision(n), "s") for n in range(450)])
    outbox.append([Entry(decision(450), "s", 1.0, content, "image/png")])
    transport = SimulatedTransport(hub)
    turns(Sender(outbox, transport, TOPICS, clock=clock), clock, 40)
    assert outbox.empty()
    assert len(hub.rows) == 451
    assert hub.blobs == {digest_of(content): content}


def test_a_blob_the_hub_refuses_is_given_up_and_declared(outbox: Outbox) -> None:
    hub, clock = HubSimulator(blob_limit=1000), Clock()
    large, small = b"x" * 2000, b"y" * 500
    outbox.append(
        [Entry(decision(n), "s", 1.0, c, "image/png") for n, c in enumerate((large, small))]
    )
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock)
    turns(sender, clock, 20)
    assert outbox.empty()
    assert list(hub.blobs.values()) == [small]
    assert not outbox.spool.delete(digest_of(large))
    gaps = [e.body for e in hub.events() if isinstance(e.body, GapBody)]
    assert [(g.rows, g.blobs, g.bytes, g.reason) for g in gaps] == [
        (0, 1, 2000, "refused by the hub: too large")
    ]
    assert sender.upload_figures.blobs_refused == 1


def test_alerts_go_before_telemetry_and_chunks_last(outbox: Outbox) -> None:
    hub, clock = HubSimulator(), Clock()
    outbox.append([Entry(decision(1), "s", 1.0, b"x" * 100, "image/png")])
    outbox.append([Entry(decision(2), "t"), Entry(AlertBody(name="a", text="t"), "a")])
    transport = SimulatedTransport(hub)
    turns(Sender(outbox, transport, TOPICS, clock=clock), clock, 10)
    kinds = [topic.split("/")[5] for topic in transport.topics]
    assert kinds == ["a", "s", "t", "f"]


def test_a_silent_hub_costs_repeats_but_loses_nothing(outbox: Outbox) -> None:
    hub, clock = HubSimulator(silent=True), Clock()
    outbox.append([Entry(decision(n), "s") for n in range(100)])
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock)
    turns(sender, clock, 1200)
    assert not outbox.empty()
    assert 1 <= sender.figures.resent <= 12
    hub.silent = False
    turns(sender, clock, 1200)
    assert outbox.empty()
    assert len(hub.rows) == 100
    assert hub.repeats > 0


def test_duplicate_acknowledgements_change_nothing(outbox: Outbox) -> None:
    hub, clock = HubSimulator(answers=3), Clock()
    outbox.append([Entry(decision(n), "s", 1.0, bytes([n]) * 50, "image/png") for n in range(20)])
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock)
    turns(sender, clock, 30)
    assert outbox.empty()
    assert sender.figures.acked_rows == 20
    assert len(hub.blobs) == 20
    assert sender.upload_figures.blobs == 20, "counted once, however often the hub answers"


def test_a_lossy_link_delivers_everything_once(outbox: Outbox) -> None:
    hub, clock, draw = HubSimulator(), Clock(), random.Random(5)
    contents = [draw.randbytes(100_000) for _ in range(8)]
    outbox.append([Entry(decision(n), "s") for n in range(300)])
    outbox.append([Entry(decision(n), "s", 1.0, c, "image/png") for n, c in enumerate(contents)])
    transport = SimulatedTransport(hub, drop=lambda _t, _n: draw.random() < 0.4)
    sender = Sender(outbox, transport, TOPICS, clock=clock)
    turns(sender, clock, 4000, each_s=0.5)
    assert outbox.empty()
    assert len(hub.rows) == 308
    assert set(hub.blobs.values()) == set(contents)


def test_a_blob_goes_on_from_what_the_hub_has(outbox: Outbox) -> None:
    hub, clock = HubSimulator(), Clock()
    content = random.Random(2).randbytes(2_600_000)
    digest = digest_of(content)
    for number in range(8):
        hub.hear(TOPICS.chunk(digest, number), encode_chunk(content, number))
    before = hub.chunks
    outbox.append([Entry(decision(1), "s", 1.0, content, "image/png")])
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock)
    turns(sender, clock, 2)
    outbox_ready = outbox.ready_blobs(1)
    assert outbox_ready == [(digest, len(content))] or outbox.empty()
    turns(sender, clock, 40)
    assert hub.blobs[digest] == content
    assert hub.chunks - before <= 10 + 1
    assert outbox.empty()


def test_a_hub_whose_storage_is_away_is_asked_now_and_then_and_sent_nothing_twice(
    outbox: Outbox,
) -> None:
    content, clock, hub = random.Random(1).randbytes(600_000), Clock(), HubSimulator()
    hub.storage_away = True
    outbox.append([Entry(decision(1), "s", 1.0, content, "image/png")])
    transport = SimulatedTransport(hub)
    sender = Sender(outbox, transport, TOPICS, clock=clock)
    turns(sender, clock, 3600, each_s=1.0)
    assert hub.chunks <= 3 + 4 + 3600 / 300, "30 s, then twice as long each time, up to 5 min"
    assert sender.uploads.figures.chunk_timeouts == 0
    assert sender.uploads.chunk_bytes == 256 * 1024, "the line is not to blame"
    asked = hub.chunks
    transport.reconnect()
    turns(sender, clock, 5)
    assert hub.chunks == asked + 1, "an answer may have been lost with the connection"
    hub.storage_away = False
    turns(sender, clock, 310, each_s=1.0)
    assert list(hub.blobs.values()) == [content]
    assert outbox.empty()


@pytest.mark.parametrize("window", [1, 2, 3, 4, 20])
def test_pictures_travel_however_few_messages_the_broker_allows(
    outbox: Outbox, window: int
) -> None:
    content, clock, hub = random.Random(1).randbytes(600_000), Clock(), HubSimulator()
    outbox.append([Entry(decision(1), "s", 1.0, content, "image/png")])
    room_left: list[int] = []

    class Narrow(SimulatedTransport):
        def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
            done = super().publish(topic, payload, retain=retain)
            if "/up/f/" in topic:
                room_left.append(self.room())
            return done

    turns(Sender(outbox, Narrow(hub, window=window), TOPICS, clock=clock), clock, 50)
    assert list(hub.blobs.values()) == [content]
    assert min(room_left) >= min(2, window // 4), "the rest is for alerts"


def test_chunks_are_halved_when_they_time_out(outbox: Outbox) -> None:
    clock = Clock()
    hub = HubSimulator()
    content = random.Random(3).randbytes(600_000)

    def too_large(topic: str, _number: int) -> bool:
        return "/up/f/" in topic and sender.uploads.chunk_bytes > MIN_CHUNK_BYTES * 2

    transport = SimulatedTransport(hub, drop=too_large)
    sender = Sender(outbox, transport, TOPICS, clock=clock)
    outbox.append([Entry(decision(1), "s", 1.0, content, "image/png")])
    turns(sender, clock, 400, each_s=1.0)
    assert hub.blobs == {digest_of(content): content}
    assert sender.upload_figures.chunk_timeouts > 0


def test_damaged_pixels_are_declared_and_do_not_block(outbox: Outbox, tmp_path: Path) -> None:
    hub, clock = HubSimulator(), Clock()
    outbox.append([Entry(decision(1), "s", 1.0, b"first", "image/png")])
    outbox.append([Entry(decision(2), "s", 1.0, b"second", "image/png")])
    digest = digest_of(b"first")
    (tmp_path / "spool" / "sha256" / digest[:2] / digest[2:]).write_bytes(b"rotten")
    turns(Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock), clock, 20)
    assert outbox.empty()
    assert set(hub.blobs.values()) == {b"second"}
    gaps = [e.body for e in hub.events() if e.body.kind == "gap"]
    assert [(g.rows, g.blobs) for g in gaps] == [(0, 1)]


def test_hostile_messages_are_counted_and_ignored(outbox: Outbox) -> None:
    class Hostile(HubSimulator):
        def hear(self, topic: str, payload: bytes) -> list:  # type: ignore[type-arg]
            answers = super().hear(topic, payload)
            return [type(a)(a.topic, b"{not json") for a in answers[:1]] + answers

    hub, clock = Hostile(), Clock()
    outbox.append([Entry(decision(1), "s")])
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock)
    turns(sender, clock, 5)
    assert outbox.empty()
    assert sender.figures.bad_messages == 1


class SlowAnswers(SimulatedTransport):
    """A hub that answers everything, late."""

    def __init__(self, hub: HubSimulator, clock: Clock, delay_s: float) -> None:
        super().__init__(hub)
        self._clock = clock
        self._delay_s = delay_s
        self._under_way: list[tuple[float, Message]] = []

    def turn(self, timeout_s: float) -> list[Message]:
        now = self._clock()
        self._under_way += [(now + self._delay_s, m) for m in super().turn(timeout_s)]
        taken = [message for due, message in self._under_way if due <= now]
        self._under_way = [item for item in self._under_way if item[0] > now]
        return taken


def test_answers_that_take_longer_than_the_first_patience_do_not_double_the_traffic(
    outbox: Outbox,
) -> None:
    hub, clock = HubSimulator(), Clock()
    sender = Sender(outbox, SlowAnswers(hub, clock, 8.0), TOPICS, clock=clock)
    for number in range(60):
        outbox.append([Entry(decision(number), "s")])
        turns(sender, clock, 20)
    assert sender.figures.frames >= 50
    assert sender.figures.resent <= 12, "only until the first answer has been measured"
    assert 7 < sender.rtt_s < 10
    turns(sender, clock, 200)
    assert outbox.empty()


def test_a_sender_that_fails_keeps_the_connection_alive_and_hears(outbox: Outbox) -> None:
    hub, clock = HubSimulator(), Clock()
    outbox.append([Entry(decision(1), "s")])
    transport = SimulatedTransport(hub)
    sender = Sender(outbox, transport, TOPICS, clock=clock)
    sender.step(0.0)
    sleeps = [sender.failed(RuntimeError("x")) for _ in range(20)]
    assert max(sleeps) <= 1.0
    outbox.append([Entry(decision(2), "s")])
    turns(sender, clock, 500)
    assert sender.figures.acked_rows == 1
    assert len(hub.rows) == 1, "nothing is sent during the pause"
    turns(sender, clock, 200)
    assert outbox.empty()


def test_packets_are_no_larger_than_the_broker_takes(outbox: Outbox) -> None:
    hub, clock, noise = HubSimulator(), Clock(), random.Random(7)
    content = noise.randbytes(600_000)
    details = {"noise": noise.randbytes(50_000).hex()}
    outbox.append([Entry(decision(n, prediction=details), "s") for n in range(3)])
    outbox.append([Entry(decision(n, prediction={"x": noise.randbytes(900).hex()}), "s")
                   for n in range(3, 300)])  # fmt: skip
    outbox.append([Entry(LabelBody(sample_id="x", annotation=details), "l")])
    outbox.append([Entry(decision(300), "s", 1.0, content, "image/png")])
    transport = SimulatedTransport(hub, max_payload=40_000)
    turns(Sender(outbox, transport, TOPICS, clock=clock), clock, 300)
    assert outbox.empty()
    assert transport.session == 1, "no packet ended the connection"
    assert list(hub.blobs.values()) == [content]
    bodies = [event.body for event in hub.events()]
    assert len([b for b in bodies if isinstance(b, DecisionBody)]) == 301
    gaps = [(b.klass, b.rows, b.reason) for b in bodies if isinstance(b, GapBody)]
    assert gaps == [("l", 1, "larger than the broker takes")]


def mqtt_sender(outbox: Outbox, port: int) -> tuple[Sender, MqttTransport]:
    settings = MqttSettings(
        "127.0.0.1",
        port,
        "cam-1",
        "",
        "",
        backoff_s=0.05,
        backoff_max_s=0.2,
        online_topic=TOPICS.online,
        subscriptions=(TOPICS.ack, TOPICS.desired),
    )
    transport = MqttTransport(settings)
    return Sender(outbox, transport, TOPICS, resend_s=0.5, away_s=(0.05, 60.0)), transport


def test_a_broker_that_restarts_loses_nothing(outbox: Outbox, broker: Mosquitto) -> None:
    hub = HubSimulator()
    served = hub.serve("127.0.0.1", broker.port, reconnect_s=0.05)
    assert served.ready.wait(5)
    sender, transport = mqtt_sender(outbox, broker.port)
    sender.report(b'{"state":"here"}')
    sender.start()
    total = 0
    for _ in range(3):
        outbox.append([Entry(decision(n), "s") for n in range(200)])
        total += 200
        wait_for(lambda: sender.connected)
        broker.kill()
        outbox.append([Entry(decision(n), "s") for n in range(50)])
        total += 50
        wait_for(lambda: not sender.connected)
        broker.start()
    wait_for(outbox.empty)
    wait_for(lambda: hub.online.get("cam-1") is True)
    sender.close()
    served.close()
    decisions = [e for e in hub.events() if isinstance(e.body, DecisionBody)]
    assert len(decisions) == total
    assert transport.session >= 3
    assert hub.reported["cam-1"] == b'{"state":"here"}'


def test_a_second_program_with_our_name_stops_us_with_an_alarm(
    outbox: Outbox, broker: Mosquitto, tmp_path: Path
) -> None:
    sender, transport = mqtt_sender(outbox, broker.port)
    sender.start()
    wait_for(lambda: sender.connected)
    other_outbox = Outbox(tmp_path / "other", Budgets(1 << 20, 1 << 20, 1 << 20))
    other, _ = mqtt_sender(other_outbox, broker.port)
    other.start()
    wait_for(lambda: bool(sender.alarm))
    assert "another program" in sender.alarm
    wait_for(lambda: other.connected)
    assert transport.session == 1
    sender.close()
    other.close()
    other_outbox.close()
