"""The writer's group commit by class, and what the agent tells of delivery."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.alert_book import AlertBook
from edge_agent.status_text import delivery_lines
from edge_agent.sync.delivery import HUB_AWAY_S, DeliveryWatch
from edge_agent.sync.disk import Disk, Usage
from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.simulator import HubSimulator, SimulatedTransport
from edge_agent.sync.writer import CommitPolicy, Writer
from edge_agent.watch import Watch
from kits.core.events import AlertBody, EventClass, HealthBody, LabelBody
from kits.core.topics import DeviceTopics
from tests.edge_agent.parts import agent_config, decision, rows_of
from tests.edge_agent.test_sender import Clock
from tests.waiting import wait_for


def entry(klass: EventClass, number: int = 0) -> Entry:
    bodies = {
        "a": AlertBody(name="a", text="x"),
        "l": LabelBody(sample_id="s", annotation={}),
        "s": decision(number),
        "t": HealthBody(figures={"n": float(number)}),
    }
    return Entry(bodies[klass], klass)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path, Budgets.of(1 << 26))


def due(outbox: Outbox, *klasses: EventClass) -> float:
    """Seconds until the writer would commit what was just handed in."""
    writer = Writer(outbox, queue=1000, clock=(now := Clock()))
    for klass in klasses:
        writer.put(entry(klass))
    for step in range(2000):
        if writer._ready():
            return step / 1000
        now.now += 0.001
    raise AssertionError("never due")


@pytest.mark.parametrize(
    ("klasses", "limit_s"),
    [("a", 0.0), ("l", 0.0), ("s", 0.25), ("t", 1.0), ("ts", 0.25), ("sta", 0.0)],
)
def test_each_class_waits_no_longer_than_it_may(
    outbox: Outbox, klasses: str, limit_s: float
) -> None:
    waited = due(outbox, *klasses)  # type: ignore[arg-type]
    assert limit_s - 0.01 <= waited <= limit_s + 0.01
    outbox.close()


def test_a_hundred_rows_of_telemetry_wait_for_no_clock(outbox: Outbox) -> None:
    assert due(outbox, *["t"] * 99) > 0.9  # type: ignore[list-item]
    assert due(outbox, *["t"] * 100) == 0.0  # type: ignore[list-item]
    outbox.close()


def test_a_writer_that_has_nothing_to_write_uses_no_processor(outbox: Outbox) -> None:
    writer = Writer(outbox, queue=1000)
    writer.start()
    assert writer.flush(5)
    assert writer._thread.ident is not None
    own = time.pthread_getcpuclockid(writer._thread.ident)
    before = time.clock_gettime(own)
    time.sleep(0.4)
    assert time.clock_gettime(own) - before < 0.2
    writer.close()
    outbox.close()


def test_rows_are_stamped_when_they_come_about_not_when_they_are_committed(outbox: Outbox) -> None:
    early = entry("s")
    late = entry("s")
    outbox.append([late, early])
    stamps = [event.at.mono_ns for event in rows_of(outbox, "s")]
    assert stamps[1] < stamps[0]
    outbox.close()


def test_when_the_disk_takes_nothing_alerts_do_not_wait_behind_samples(outbox: Outbox) -> None:
    writer = Writer(outbox, queue=5000, policy=CommitPolicy(0, 0))
    pages = outbox._store.read("PRAGMA page_count")[0][0]
    outbox._store.read(f"PRAGMA max_page_count = {pages}")
    for n in range(4000):
        writer.put(entry("s", n))
    writer.start()
    wait_for(lambda: writer.figures.failures > 0)  # `stuck` only until room is made
    writer.put(entry("a"))
    wait_for(lambda: len(rows_of(outbox, "a")) == 1)
    outbox._store.read("PRAGMA max_page_count = 1000000")
    assert writer.flush(20)
    writer.close()
    lost = outbox.counts()["s"].lost
    assert len(rows_of(outbox, "s")) + lost == 4000
    outbox.close()


class Book:
    """Hears alerts; keeps those that are open."""

    def __init__(self) -> None:
        self.open: dict[str, str] = {}

    def __call__(self, name: str, severity: str, text: str) -> None:
        if severity == "info":
            self.open.pop(name, None)
        else:
            self.open[name] = text


def test_alerts_of_delivery_come_and_go(tmp_path: Path, outbox: Outbox) -> None:
    used = [50]
    disk = Disk(
        tmp_path, ballast_bytes=0, look=lambda _: Usage(1000 << 20, (1000 - 10 * used[0]) << 20)
    )
    writer, book = Writer(outbox, queue=10, disk=disk), Book()
    transport = SimulatedTransport(HubSimulator())
    sender = Sender(outbox, transport, DeviceTopics("s1", "cam-1"))
    now = [0.0]
    watch = DeliveryWatch(book, disk, writer, sender, clock=lambda: now[0])
    watch.look()
    assert book.open == {}
    used[0], transport.alarm = 97, "another program connects to the broker as this device"
    transport.figures.unheard += 1
    disk.look_again()
    sender.step(0.0)
    for n in range(12):
        writer.put(entry("s", n))
    watch.look()
    assert set(book.open) == {"disk-full", "broker-refuses", "outbox-stuck"}
    now[0] = HUB_AWAY_S
    writer.put(entry("s", 13))
    watch.look()
    assert set(book.open) == {"disk-full", "broker-refuses", "hub-away", "outbox-stuck"}
    assert "97 %" in book.open["disk-full"]
    assert "another program" in book.open["broker-refuses"]
    used[0], transport.alarm = 50, ""
    disk.look_again()
    writer.start()
    assert writer.flush(10)
    for _ in range(5):
        sender._hub.heard()
        sender.step(0.0)
    watch.look()
    assert book.open == {}
    for _ in range(2):  # a hub that is started anew each day is told of on none
        transport.figures.unheard += 1
        sender.step(0.0)
        now[0] += HUB_AWAY_S / 2
        watch.look()
        assert book.open == {}
        sender._hub.heard()
        watch.look()
    writer.close()
    outbox.close()


def test_status_says_what_waits_what_was_lost_and_who_trusts_the_clock() -> None:
    figures = {
        "outbox_rows": 3.0, "outbox_blobs": 1.0, "outbox_bytes": 2e6, "sync_connects": 4.0,
        "sync_attempts": 9.0, "sync_taken_over": 1.0, "outbox_refused": 0.0, "outbox_thinned": 0.0,
        "outbox_unwritten": 0.0, "outbox_known": 1.0,
    }  # fmt: skip
    delivery = {
        "classes": {"telemetry": {"declared_lost": 7}, "alerts": {"declared_lost": 0}},
        "certificate_ends": "2027-11-25T00:00:00+00:00", "clock": "ntp", "disk": "free",
        "last_refusal": "another program connects to the broker as this device",
    }  # fmt: skip
    text = "\n".join(delivery_lines({"figures": figures, "delivery": delivery}))
    for part in ("3 rows", "7 telemetry", "4 connections in 9 attempts", "trusted by ntp",
                 "until 2027-11-25", "another program", "all declared to the hub"):  # fmt: skip
        assert part in text
    figures |= {"outbox_refused": 228.0, "outbox_thinned": 4.0, "outbox_unwritten": 119.0}
    text = "\n".join(delivery_lines({"figures": figures, "delivery": delivery}))
    assert "232 rows" in text
    assert "119 rows in memory" in text
    assert "all declared" not in text
    text = "\n".join(
        delivery_lines({"figures": figures | {"outbox_known": 0.0}, "delivery": delivery})
    )
    assert "waiting  not known" in text
    assert "lost     not known" in text
    assert "119 rows in memory" in text
    assert "3 rows, 1 blobs" not in text


def test_an_alert_that_was_not_taken_is_told_as_soon_as_it_is() -> None:
    taken: list[str] = []
    room = [False]

    def put(entry: Entry) -> bool:
        assert isinstance(entry.body, AlertBody)
        if room[0]:
            taken.append(entry.body.severity)
        return room[0]

    book = AlertBook(put, clock=Clock())
    book("camera", "error", "gone")
    book.settle()
    assert (taken, book.open()) == ([], {"camera": "gone"})
    room[0] = True
    for _ in range(3):
        book.settle()
    assert taken == ["error"]
    room[0] = False
    book("camera", "info", "back")
    book.settle()
    room[0] = True
    for _ in range(3):
        book.settle()
    assert taken == ["error", "info"]
    assert book.open() == {}


def test_alerts_have_ten_times_the_room_and_are_counted_beyond_it(outbox: Outbox) -> None:
    writer = Writer(outbox, queue=10)
    taken = [writer.put(entry("a")) for _ in range(120)]
    assert sum(taken) == 100
    assert writer.figures.put_off == 20
    outbox.close()


def test_a_row_that_is_handed_in_again_until_it_is_taken_is_not_counted_as_lost(
    tmp_path: Path, outbox: Outbox
) -> None:
    """Of mails, each look tries them all; none of them is lost, and people are told that they wait."""
    writer, book = Writer(outbox, queue=10), Book()
    delivery = DeliveryWatch(book, Disk(tmp_path, ballast_bytes=0), writer, None)
    taken = [writer.put(replace(entry("s", n), mark=("mail-s", n))) for n in range(10)]
    assert all(taken)
    for look in range(3):
        assert not writer.put(replace(entry("s", 10), mark=("mail-s", 10)))
        delivery.look()
        assert "it waits" in book.open["outbox-stuck"], look
    assert (writer.figures.refused, writer.figures.put_off) == (0, 3)
    assert writer.unwritten_marks() == {"mail-s": 10}
    writer.start()
    assert writer.flush(10)
    delivery.look()
    assert book.open == {}
    assert writer.unwritten_marks() == {}
    writer.close()
    outbox.close()


@pytest.mark.parametrize("full", [True, False])
def test_a_device_whose_disk_takes_no_telemetry_says_still_that_it_is_there(
    tmp_path: Path, full: bool
) -> None:
    """The hub hears of one that has nothing to decide by its health, and that is not stored then."""
    (tmp_path / "pictures").mkdir()
    marks = {"disk_marks": [0, 0, 0], "budget_bytes": 1 << 60} if full else {}
    outbox = {"ballast_bytes": 0, **marks}
    config = agent_config(tmp_path, tmp_path / "pictures", sync={"health_s": 0.1}, outbox=outbox)
    agent, stop = Agent(config), threading.Event()
    transport = SimulatedTransport(HubSimulator())
    topics = DeviceTopics("s1", "cam-1")
    agent.sender = Sender(agent.outbox, transport, topics)
    agent.writer.start()
    Watch(agent, stop).start()

    def told(topic: str) -> bool:
        assert agent.sender is not None
        agent.sender.step(0.0)
        return transport.topics.count(topic) > 1

    wait_for(lambda: told(topics.online if full else topics.frames("t")))
    stop.set()
    assert full or topics.online not in transport.topics
    agent.writer.close()
    agent.outbox.close()
