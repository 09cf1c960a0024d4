"""A disk that takes nothing more: alerts wait, samples give way and are counted, nothing is torn."""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.sync.disk import Disk, Level, Usage
from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.simulator import HubSimulator, SimulatedTransport
from edge_agent.sync.writer import CommitPolicy, Writer
from kits.core.events import AlertBody, DecisionBody, GapBody, HealthBody
from kits.core.topics import DeviceTopics
from tests.edge_agent.parts import agent_config, decision, picture, rows_of
from tests.small_disks import fill
from tests.waiting import wait_for

FAST = CommitPolicy(samples_ms=10, telemetry_ms=10, first_pause_s=0.01, max_pause_s=0.1)
PATIENT = CommitPolicy(samples_ms=10, telemetry_ms=10, first_pause_s=0.3, max_pause_s=5.0)
"""It takes seconds before it gives a picture up."""
BUDGETS = Budgets(1 << 24, 1 << 26, 1 << 24)
BLOB = random.Random(3).randbytes(60_000)


def alert(name: str) -> Entry:
    return Entry(AlertBody(name=name, text="t"), "a")


def delivered(outbox: Outbox) -> HubSimulator:
    """A hub that has taken everything the outbox holds."""
    hub = HubSimulator()
    sender = Sender(outbox, SimulatedTransport(hub), DeviceTopics("s1", "cam-1"))
    for _ in range(1000):  # four blobs a turn
        if outbox.empty():
            return hub
        sender.step(0.0)
    raise AssertionError(f"not delivered: {outbox.counts()}")


def test_rows_wait_for_room_on_the_disk_and_arrive_once(small_disk: Path) -> None:
    outbox = Outbox(small_disk, BUDGETS)
    writer = Writer(outbox, queue=60, policy=PATIENT)
    outbox.append([Entry(decision(0), "s")])
    filler = fill(small_disk)
    writer.start()
    writer.put(Entry(decision(1), "s", 1.0, BLOB, "image/png"))
    writer.put(alert("first"))
    wait_for(lambda: writer.figures.failures >= 2)
    accepted = 2 + sum(writer.put(Entry(decision(n), "s")) for n in range(2, 100))
    assert writer.put(alert("second"))
    assert accepted + writer.figures.refused == 100
    assert writer.figures.refused > 0
    assert writer.alive
    filler.unlink()
    assert writer.flush(15)
    writer.close()
    hub = delivered(outbox)
    bodies = [event.body for event in hub.events()]
    assert [b.name for b in bodies if isinstance(b, AlertBody)] == ["first", "second"]
    samples = [b.sample_id for b in bodies if isinstance(b, DecisionBody)]
    assert len(samples) == len(set(samples)) == accepted
    assert hub.repeats == 0
    outbox.close()


class FullDisk(Outbox):
    """Takes nothing; while it is tried, `meanwhile` runs."""

    meanwhile: Callable[[], object]

    def append(self, entries: Sequence[Entry]) -> list[int]:
        if entries:
            self.meanwhile()
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().append(entries)


def test_what_is_being_tried_is_still_among_what_waits(tmp_path: Path) -> None:
    outbox = FullDisk(tmp_path, BUDGETS)
    writer = Writer(outbox, queue=60, policy=FAST)
    taken: list[bool] = []
    outbox.meanwhile = lambda: taken.extend(writer.put(Entry(decision(n), "s")) for n in range(50))
    writer.put(Entry(decision(0), "s"))
    writer.start()
    wait_for(lambda: writer.figures.failures >= 4)
    writer.close()
    assert sum(taken) == 59, "as many as there is room for, however often it is tried"
    assert writer.figures.refused == len(taken) - 59
    outbox.close()


def test_a_picture_the_disk_has_no_room_for_holds_up_no_alert(small_disk: Path) -> None:
    outbox = Outbox(small_disk, BUDGETS)
    writer = Writer(outbox, queue=60, policy=FAST)
    filler = fill(small_disk)
    os.truncate(filler, filler.stat().st_size - 300_000)
    large = random.Random(4).randbytes(1_000_000)
    writer.put(Entry(decision(1, kept_for="act"), "s", 1.0, BLOB, "image/png"))
    writer.put(Entry(decision(2, kept_for="act"), "s", 1.0, large, "image/png"))
    writer.put(alert("first"))
    writer.start()
    assert writer.flush(15)
    writer.close()
    assert writer.figures.pixels_lost == 1
    assert outbox.counts()["blobs"].lost == 1
    hub = delivered(outbox)
    bodies = [event.body for event in hub.events()]
    assert [b.name for b in bodies if isinstance(b, AlertBody)] == ["first"]
    small, lost = [b for b in bodies if isinstance(b, DecisionBody)]
    assert (small.kept_for, list(hub.blobs.values())) == ("act", [BLOB])
    assert (lost.kept_for, lost.blob, lost.meta["bytes_lost"]) == ("", None, "no room on the disk")
    gaps = [(b.klass, b.rows, b.blobs, b.bytes) for b in bodies if isinstance(b, GapBody)]
    assert gaps == [("s", 0, 1, 1_000_000)]
    for name, count in outbox.counts().items():
        assert count.committed == count.acked + count.rows + count.lost, name
    outbox.close()


def test_what_was_committed_before_the_disk_was_full_is_still_there(small_disk: Path) -> None:
    outbox = Outbox(small_disk, BUDGETS)
    outbox.append([Entry(decision(n), "s") for n in range(50)])
    filler = fill(small_disk)
    with pytest.raises(OSError, match="No space left"):
        outbox.append([Entry(decision(50), "s", 1.0, BLOB, "image/png")])
    outbox.close()
    filler.unlink()
    again = Outbox(small_disk, BUDGETS)
    assert again.epoch == outbox.epoch
    assert [e.seq for e in rows_of(again, "s")] == list(range(1, 51))
    assert list(again.spool._store.digests()) == []
    again.close()


def test_the_agent_says_that_its_disk_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.png").write_bytes(picture(200))
    source = {"kind": "folder", "path": str(tmp_path / "pictures"), "loop": True, "rate_hz": 200}
    agent = Agent(
        agent_config(tmp_path, tmp_path / "pictures", source=source, outbox={"queue": 50})
    )
    agent.outbox._store.read("PRAGMA max_page_count = 1")  # no growth from here on
    with pytest.raises(sqlite3.OperationalError, match="full"):
        while True:  # and nothing inside that may be evicted
            agent.outbox.append([alert("filler")] * 100)
    runner = threading.Thread(target=agent.run, daemon=True)
    runner.start()
    wait_for(lambda: agent.writer.figures.refused > 0 and "outbox-stuck" in agent.alerts.open())
    agent.outbox._store.read("PRAGMA max_page_count = 100000")
    wait_for(lambda: "outbox-stuck" not in agent.alerts.open())
    agent.stop()
    runner.join(10)
    reopened = Outbox(tmp_path / "state", BUDGETS)
    told = [e.body for e in rows_of(reopened, "a") if e.body.name == "outbox-stuck"]
    assert [one.severity for one in told] == ["error", "info"]
    assert "were refused since the agent was started" in told[1].text
    reopened.close()


def test_a_database_at_its_limit_is_no_end(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, BUDGETS)
    pages = outbox._store.read("PRAGMA page_count")[0][0]
    outbox._store.read(f"PRAGMA max_page_count = {pages + 2}")
    writer = Writer(outbox, queue=5000, policy=FAST)
    # all before it starts: how much gives way depends on how many come at once
    for number in range(4000):
        assert writer.put(Entry(decision(number), "s"))
    writer.start()
    assert writer.flush(15)
    writer.close()
    assert writer.figures.failures >= 1
    waiting, counts = len(rows_of(outbox, "s")), outbox.counts()
    assert waiting > 2000, "no more gives way than is needed"
    assert waiting + counts["s"].lost == counts["s"].committed == 4000
    assert rows_of(outbox, "l")[0].body.rows == counts["s"].lost  # type: ignore[union-attr]
    outbox.close()


def healthy(folder: Path) -> bool:
    """Whether SQLite finds the file whole."""
    db = sqlite3.connect(folder / "outbox.sqlite")
    try:
        return bool(db.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        db.close()


def test_at_no_free_byte_alerts_are_stored_and_it_recovers_by_itself(
    disk_of_a_device: Path,
) -> None:
    folder = disk_of_a_device
    disk = Disk(folder, ballast_bytes=64 << 20)
    assert (folder / "ballast").stat().st_size == 6 << 20, "an eighth of a small disk"
    outbox = Outbox(folder, BUDGETS)
    writer = Writer(outbox, queue=200, policy=FAST, disk=disk)
    writer.start()
    for n in range(150):
        writer.put(Entry(decision(n), "s", 0.5, random.Random(n).randbytes(20_000), "image/png"))
    assert writer.flush(20)
    filler = fill(folder)
    for n in range(150, 300):
        writer.put(Entry(decision(n), "s", 0.5, random.Random(n).randbytes(60_000), "image/png"))
    wait_for(lambda: disk.level is Level.EMERGENCY)
    greedy = fill(folder, "greedy")  # whatever was freed, another program takes it
    for n in range(40):
        assert writer.put(alert(f"alert-{n}"))
    wait_for(lambda: len(rows_of(outbox, "a")) == 40, 30)
    refused = writer.figures.refused
    assert not writer.put(Entry(decision(999), "s"))
    assert not writer.put(Entry(HealthBody(figures={}), "t"))
    assert writer.figures.refused > refused or writer.figures.thinned > 0
    filler.unlink()
    greedy.unlink()
    wait_for(lambda: disk.level is Level.FREE, 60)
    assert (folder / "ballast").stat().st_size == 6 << 20
    assert writer.put(Entry(decision(1000), "s"))
    assert writer.flush(20)
    assert not writer.stuck
    hub = delivered(outbox)
    names = [e.body.name for e in hub.events() if isinstance(e.body, AlertBody)]
    assert names == [f"alert-{n}" for n in range(40)]
    for klass, count in outbox.counts().items():
        assert count.committed == count.acked + count.lost, klass
    writer.close()
    outbox.close()
    assert healthy(folder)


def test_an_agent_that_starts_on_a_full_disk_gives_up_its_ballast(disk_of_a_device: Path) -> None:
    Disk(disk_of_a_device)
    fill(disk_of_a_device)
    disk = Disk(disk_of_a_device)
    assert disk.level is Level.EMERGENCY
    outbox = Outbox(disk_of_a_device, BUDGETS)
    outbox.append([alert("here")])
    outbox.close()
    assert healthy(disk_of_a_device)


@pytest.mark.parametrize(
    ("percent", "level"),
    [
        (50, Level.FREE),
        (84, Level.FREE),
        (85, Level.NO_BYTES),
        (90, Level.THIN),
        (96, Level.ALERTS_FIRST),
    ],
)
def test_water_marks(tmp_path: Path, percent: int, level: Level) -> None:
    used = Usage(total=1000 << 20, free=(1000 - 10 * percent) << 20)
    assert Disk(tmp_path, ballast_bytes=0, look=lambda _: used).look_again() is level
    roomy = Usage(total=1000 << 30, free=(1000 - 10 * percent) << 30)
    assert Disk(tmp_path, ballast_bytes=0, look=lambda _: roomy).level is Level.FREE


def test_telemetry_is_thinned_and_then_stopped_before_the_disk_is_full(tmp_path: Path) -> None:
    used = [91]
    disk = Disk(
        tmp_path, ballast_bytes=0, look=lambda _: Usage(1000 << 20, (1000 - 10 * used[0]) << 20)
    )
    outbox = Outbox(tmp_path, BUDGETS)
    writer = Writer(outbox, queue=1000, disk=disk)
    taken = [writer.put(Entry(HealthBody(figures={}), "t")) for _ in range(100)]
    assert sum(taken) == 50
    used[0] = 96
    disk.look_again()
    assert not any(writer.put(Entry(HealthBody(figures={}), "t")) for _ in range(10))
    assert writer.put(Entry(decision(1), "s"))
    assert writer.put(alert("still"))
    assert writer.figures.thinned == 60
    outbox.close()


def test_a_drained_backlog_gives_its_room_back_to_the_disk(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, BUDGETS)
    for _ in range(16):
        outbox.append([Entry(decision(n, prediction={"x": "y" * 3000}), "s") for n in range(500)])
    large = (tmp_path / "outbox.sqlite").stat().st_size
    outbox.acknowledge(outbox.epoch, [(1, 8000)])
    given = list(iter(outbox.tidy, 0))
    assert len(given) <= large / (1 << 20), "a step a second, of a megabyte each"
    outbox._store.read("PRAGMA wal_checkpoint(TRUNCATE)")
    small = (tmp_path / "outbox.sqlite").stat().st_size
    assert small < large / 3
    assert sum(given) == pytest.approx(large - small, rel=0.01)
    assert small > 3 << 20, "some free pages stay, for alerts on a full disk"
    outbox.close()
    assert healthy(tmp_path)


@pytest.mark.parametrize("journal", ["kept", "gone"])
def test_an_agent_starts_and_decides_without_a_free_byte(
    disk_of_a_device: Path, tmp_path: Path, journal: str
) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.png").write_bytes(picture(200))
    state = disk_of_a_device / "state"
    source = {"kind": "folder", "path": str(tmp_path / "pictures"), "loop": True}
    config = agent_config(disk_of_a_device, tmp_path / "pictures", source=source)
    Agent(config).run(max_samples=20)
    if journal == "gone":
        assert healthy(state), "whoever closes the file last deletes its journal"
        assert not (state / "outbox.sqlite-wal").exists()
    filler = fill(disk_of_a_device)
    agent = Agent(config)
    runner = threading.Thread(target=agent.run, daemon=True)
    runner.start()
    wait_for(lambda: agent.source.health.captured >= 50)
    filler.unlink()
    # alerts come first, and samples once the writer has seen that there is room
    wait_for(lambda: agent.outbox.counts()["s"].rows > 20 and not agent.writer.stuck)
    agent.stop()
    runner.join(10)
    assert not runner.is_alive()
    assert list(state.glob("*.damaged-*")) == []
    reopened = Outbox(state, BUDGETS)
    assert len(rows_of(reopened, "s")) > 20
    reopened.close()
