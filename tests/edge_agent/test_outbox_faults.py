"""An outbox among entries, files and disks that misbehave: nothing ends, nothing is lost unsaid."""

from __future__ import annotations

import logging
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge_agent.sync.database import Database, UnavailableError
from edge_agent.sync.disk import Disk, Usage
from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.simulator import HubSimulator, SimulatedTransport
from edge_agent.sync.writer import CommitPolicy, Writer
from kits.core.events import AlertBody, GapBody, HealthBody
from kits.core.sample import digest_of
from kits.core.topics import DeviceTopics
from tests.edge_agent.parts import decision, rows_of
from tests.edge_agent.test_disk_full import healthy
from tests.edge_agent.test_sender import Clock, turns
from tests.small_disks import fill
from tests.waiting import wait_for

BUDGETS = Budgets.of(1 << 24)
TOPICS = DeviceTopics("s1", "cam-1")
FAST = CommitPolicy(0, 0, first_pause_s=0.01, max_pause_s=0.05)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path, BUDGETS)


def alert(name: str) -> Entry:
    return Entry(AlertBody(name=name, text="t"), "a")


def names(outbox: Outbox) -> list[str]:
    return [e.body.name for e in rows_of(outbox, "a") if isinstance(e.body, AlertBody)]


def set_aside(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("outbox.sqlite.damaged-*"))


# -- a disk without room -------------------------------------------------------------------------


def test_a_ballast_that_cannot_be_deleted_is_no_end(tmp_path: Path) -> None:
    (tmp_path / "ballast" / "in-the-way").mkdir(parents=True)
    disk = Disk(tmp_path, ballast_bytes=1, look=lambda _: Usage(1 << 30, 0))
    assert not disk.relieve()


def lose_journal(folder: Path) -> None:
    """What a foreign program does that opened the file last."""
    for suffix in ("-wal", "-shm"):
        (folder / f"outbox.sqlite{suffix}").unlink(missing_ok=True)


def test_a_clean_end_leaves_all_that_a_start_without_a_free_byte_needs(small_disk: Path) -> None:
    outbox = Outbox(small_disk, BUDGETS)
    outbox.append([Entry(decision(n), "s") for n in range(50)])
    outbox.close()
    fill(small_disk)
    again = Outbox(small_disk, BUDGETS)
    assert again.epoch == outbox.epoch
    assert len(rows_of(again, "s")) == 50
    again.append([alert("here")])
    again.close()
    third = Outbox(small_disk, BUDGETS)
    assert names(third) == ["here"]
    third.close()
    assert healthy(small_disk)


def test_an_outbox_that_cannot_be_opened_is_tried_again_and_is_no_damage(small_disk: Path) -> None:
    first = Outbox(small_disk, BUDGETS)
    first.append([Entry(decision(n), "s") for n in range(50)])
    first.close()
    sqlite3.connect(small_disk / "outbox.sqlite").execute("PRAGMA wal_checkpoint(TRUNCATE)")
    lose_journal(small_disk)
    filler = fill(small_disk)
    outbox = Outbox(small_disk, BUDGETS)
    assert not outbox.empty()
    assert rows_of(outbox, "s") == []
    writer = Writer(outbox, queue=60, policy=FAST)
    writer.start()
    hub, clock = HubSimulator(), Clock()
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock)
    turns(sender, clock, 5)
    taken = sum(writer.put(Entry(decision(number), "s")) for number in range(100))
    assert writer.put(alert("meanwhile"))
    wait_for(lambda: writer.figures.failures >= 2)
    assert writer.figures.refused > 0
    assert set_aside(small_disk) == []
    filler.unlink()
    assert writer.flush(10)
    writer.close()
    assert outbox.epoch == first.epoch
    assert (len(rows_of(outbox, "s")), names(outbox)) == (50 + taken, ["meanwhile"])
    turns(sender, clock, 10)
    assert outbox.empty()
    outbox.close()


def test_how_often_an_outbox_could_not_be_opened_is_told_once_it_can_and_at_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("edge_agent"), "propagate", True)
    path, now = tmp_path / "outbox.sqlite", [0.0]

    def told() -> list[str]:
        return [text.split()[1] for text in caplog.messages if "outbox_not_open" in text]

    def fail(times: int) -> Database:
        path.mkdir()
        database = Database(path, "", 1 << 20, clock=lambda: now[0])
        for _ in range(times):
            now[0] += 2.0
            with pytest.raises(UnavailableError):
                database.open()
        path.rmdir()
        return database

    database = fail(4)
    assert told() == ["times=1"]
    now[0] += 2.0
    database.open()
    assert told() == ["times=1", "times=3"]
    database.close()
    path.unlink()
    (tmp_path / "outbox.epoch").unlink()
    caplog.clear()
    fail(3).close()
    assert told() == ["times=1", "times=2"]


def test_damage_that_could_not_be_told_is_told_at_a_later_start(small_disk: Path) -> None:
    first = Outbox(small_disk, BUDGETS)
    first.append([Entry(decision(n), "s") for n in range(50)])
    first.close()
    sqlite3.connect(small_disk / "outbox.sqlite").execute("PRAGMA wal_checkpoint(TRUNCATE)")
    lose_journal(small_disk)
    (small_disk / "outbox.sqlite").write_bytes(b"garbage" * 9000)
    filler = fill(small_disk)
    second = Outbox(small_disk, BUDGETS)  # it can be set aside, but no new one can be made
    assert second.epoch == ""
    with pytest.raises(UnavailableError):
        second.append([alert("x")])
    second.close()  # killed, say
    filler.unlink()
    third = Outbox(small_disk, BUDGETS)
    [told] = [event.body for event in rows_of(third, "a")]
    assert isinstance(told, AlertBody)
    assert first.epoch in told.text
    assert set_aside(small_disk) == [f"outbox.sqlite.damaged-{first.epoch}"]
    third.close()
    fourth = Outbox(small_disk, BUDGETS)
    assert names(fourth) == ["outbox-damaged"], "told once"
    fourth.close()


def test_a_kill_between_setting_aside_and_a_new_file_is_told(
    tmp_path: Path, outbox: Outbox
) -> None:
    outbox.append([alert("waits")])
    outbox.close()
    kept = f"outbox.sqlite.damaged-{outbox.epoch}"
    (tmp_path / "outbox.sqlite").rename(tmp_path / kept)
    again = Outbox(tmp_path, BUDGETS)
    [told] = [event.body for event in rows_of(again, "a")]
    assert isinstance(told, AlertBody)
    assert outbox.epoch in told.text
    assert set_aside(tmp_path) == [kept, f"{kept}-wal"], "what was moved stays together"
    again.close()


# -- files that are broken -----------------------------------------------------------------------


def test_only_the_newest_broken_files_are_kept(tmp_path: Path) -> None:
    epochs = []
    for _ in range(4):
        outbox = Outbox(tmp_path, BUDGETS)
        epochs.append(outbox.epoch)
        outbox.close()
        lose_journal(tmp_path)
        (tmp_path / "outbox.sqlite").write_bytes(b"garbage" * 3000)
    Outbox(tmp_path, BUDGETS).close()
    assert set(set_aside(tmp_path)) == {f"outbox.sqlite.damaged-{e}" for e in epochs[-2:]}


def test_a_file_of_another_format_is_set_aside(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "outbox.sqlite")
    db.execute("CREATE TABLE rows (seq INTEGER PRIMARY KEY, klass TEXT)")
    db.close()
    outbox = Outbox(tmp_path, BUDGETS)
    assert names(outbox) == ["outbox-damaged"]
    outbox.append([Entry(decision(1), "s")])
    outbox.close()


def test_bytes_of_an_epoch_that_ended_are_swept(tmp_path: Path, outbox: Outbox) -> None:
    outbox.append([Entry(decision(1), "s", 1.0, b"old", "image/png")])
    outbox._store.read("PRAGMA wal_checkpoint(TRUNCATE)")
    outbox._store.read("PRAGMA cache_size=0")
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(path.read_bytes()[:4096] + random.Random(1).randbytes(200_000))
    outbox.append([Entry(decision(2), "s", 1.0, b"new", "image/png")])
    assert outbox.damages == 1
    assert list(outbox.spool._store.digests()) == [digest_of(b"new")]
    outbox.close()


def test_a_file_in_a_bad_place_of_a_good_disk_is_set_aside_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, clock = tmp_path / "x.sqlite", Clock()
    first = Database(path, "CREATE TABLE t (a);", 1 << 24, clock=clock)
    first.open()
    first.close()
    bad = path.stat().st_ino
    connect = sqlite3.connect

    def bad_sector(where: object, **keys: Any) -> sqlite3.Connection:
        if path.exists() and path.stat().st_ino == bad:
            raise sqlite3.OperationalError("disk I/O error")
        return connect(where, **keys)  # type: ignore[arg-type]

    monkeypatch.setattr(sqlite3, "connect", bad_sector)
    database = Database(path, "CREATE TABLE t (a);", 1 << 24, clock=clock)
    for _ in range(9):
        with pytest.raises(UnavailableError):
            database.open()
        clock.now += 2
    database.open()
    assert database.epoch != first.epoch
    assert list(database.marker.untold) == [first.epoch]
    database.close()


def test_one_garbled_row_holds_up_nobody_and_is_declared(outbox: Outbox) -> None:
    outbox.append([Entry(decision(n), "s") for n in range(30)])
    outbox.append([Entry(HealthBody(figures={"n": 1.0}), "t") for _ in range(3)])
    outbox._store.transact(
        lambda db: db.execute("UPDATE rows_s SET body=CAST(x'7b22ff' AS TEXT) WHERE seq=3")
    )
    outbox._store.transact(
        lambda db: db.execute("UPDATE rows_t SET body=replace(body, 'kind', 'k!nd') WHERE seq=32")
    )
    hub, clock = HubSimulator(), Clock()
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock)
    turns(sender, clock, 400)
    assert outbox.empty()
    assert {event.seq for event in hub.events()} >= set(range(1, 34)) - {3, 32}
    gaps = [e.body for e in hub.events() if isinstance(e.body, GapBody)]
    assert {(g.klass, g.first_seq, g.rows, g.reason) for g in gaps} == {
        ("s", 3, 1, "garbled on the disk"), ("t", 32, 1, "garbled on the disk"),
    }  # fmt: skip
    assert sender.figures.failures == 0


def test_bytes_the_disk_does_not_give_are_declared_and_hold_up_no_others(
    outbox: Outbox, tmp_path: Path
) -> None:
    contents = [bytes([n]) * 900 for n in range(12)]
    outbox.append([Entry(decision(n), "s", 1.0, c, "image/png") for n, c in enumerate(contents)])
    for content in contents[:9]:
        digest = digest_of(content)
        file = tmp_path / "spool" / "sha256" / digest[:2] / digest[2:]
        file.unlink()
        file.mkdir()  # reading it is an OSError
    hub, clock = HubSimulator(), Clock()
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock)
    turns(sender, clock, 20)
    assert set(hub.blobs.values()) == set(contents[9:])
    assert outbox.counts()["blobs"].rows == 9, "the disk may give them later"
    turns(sender, clock, 200, each_s=1.0)
    assert outbox.empty()
    gaps = [e.body for e in hub.events() if isinstance(e.body, GapBody)]
    assert sum(gap.blobs for gap in gaps) == 9
    assert sender.figures.failures == 0


# -- two at once ---------------------------------------------------------------------------------


def test_bytes_freed_while_the_same_bytes_come_again_are_there(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first] = outbox.append([Entry(decision(1), "s", 1.0, b"same", "image/png")])
    outbox.acknowledge(outbox.epoch, [(first, first)])
    put = outbox.spool.put

    def put_while_the_hub_answers(content: bytes) -> str:
        digest = put(content)
        monkeypatch.undo()
        outbox.blobs_done([digest])
        return digest

    monkeypatch.setattr(outbox.spool, "put", put_while_the_hub_answers)
    [second] = outbox.append([Entry(decision(2), "s", 1.0, b"same", "image/png")])
    outbox.acknowledge(outbox.epoch, [(second, second)])
    [(digest, _)] = outbox.ready_blobs(5)
    assert outbox.spool.get(digest) == b"same"
    outbox.close()


def test_numbers_of_another_epoch_delete_and_give_up_nothing(outbox: Outbox) -> None:
    seqs = outbox.append([Entry(decision(n), "s") for n in range(5)])
    assert outbox.claim("s", 0, 10).epoch == outbox.epoch
    assert outbox.acknowledge("another", [(seqs[0], seqs[-1])]) == 0
    assert outbox.give_up_rows("another", "s", seqs, "x") == 0
    assert len(rows_of(outbox, "s")) == 5
    outbox.close()


def test_rows_claimed_before_the_file_was_opened_anew_are_sent_again(outbox: Outbox) -> None:
    outbox.append([Entry(decision(n), "s") for n in range(5)])
    hub, clock = HubSimulator(), Clock()
    transport = SimulatedTransport(hub, drop=lambda _t, number: number <= 1)
    sender = Sender(outbox, transport, TOPICS, clock=clock)
    turns(sender, clock, 2)
    outbox._store._db._drop()  # as after an I/O error
    turns(sender, clock, 10)
    assert outbox.empty()
    assert len(hub.rows) == 5


def test_bytes_whose_file_cannot_be_deleted_are_given_up_all_the_same(
    outbox: Outbox, tmp_path: Path
) -> None:
    """Bytes whose file cannot be deleted stay until the next start."""
    [first] = outbox.append([Entry(decision(1), "s", 0.0, b"stays", "image/png")])
    outbox.acknowledge(outbox.epoch, [(first, first)])
    digest = digest_of(b"stays")
    file = tmp_path / "spool" / "sha256" / digest[:2] / digest[2:]
    file.unlink()
    (file / "in-the-way").mkdir(parents=True)
    assert outbox.make_room(1) == 5
    assert outbox.counts()["blobs"].lost == 1
    (file / "in-the-way").rmdir()
    outbox.close()
