"""A damaged outbox, whenever the damage is found: set aside, a new epoch, and the hub is told."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.sync import soundness
from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.simulator import HubSimulator, SimulatedTransport
from kits.core.events import EVENT_CLASSES, AlertBody, GapBody
from kits.core.topics import DeviceTopics
from tests.edge_agent.journal import end_of
from tests.edge_agent.parts import decision, rows_of

BUDGETS = Budgets.of(1 << 24)
ROWS = 400


def filled(folder: Path) -> Outbox:
    """An outbox with `ROWS` samples in its main file and none in its journal."""
    outbox = Outbox(folder, BUDGETS)
    outbox.append([Entry(decision(n), "s") for n in range(ROWS)])
    outbox._store.read("PRAGMA wal_checkpoint(TRUNCATE)")
    outbox._store.read("PRAGMA cache_size=0")  # so that the next look goes to the disk
    return outbox


def scramble(folder: Path) -> None:
    """Overwrites everything but the first page of the main file."""
    path = folder / "outbox.sqlite"
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(random.Random(1).randbytes(size - 4096))


def alerts(outbox: Outbox) -> list[str]:
    bodies = [event.body for event in rows_of(outbox, "a")]
    return [body.name for body in bodies if isinstance(body, AlertBody)]


def set_aside(folder: Path) -> list[Path]:
    return sorted(folder.glob("outbox.sqlite.damaged-*"))


FINDERS: dict[str, Callable[[Outbox], object]] = {
    "reading": lambda outbox: outbox.claim("s", 0, 200).rows,
    "acknowledging": lambda outbox: outbox.acknowledge(outbox.epoch, [(1, 200)]),
    "appending": lambda outbox: outbox.append([Entry(decision(9999), "s")]),
    "making room": lambda outbox: outbox.make_room(5000),
    "looking for blobs": lambda outbox: outbox.claim("s", 0, 1).rows or outbox.ready_blobs(3),
}


@pytest.mark.parametrize("finder", FINDERS)
def test_damage_found_later_begins_a_new_epoch_and_is_told(tmp_path: Path, finder: str) -> None:
    outbox = filled(tmp_path)
    old = outbox.epoch
    scramble(tmp_path)
    try:
        FINDERS[finder](outbox)
    except sqlite3.OperationalError:
        assert finder == "making room"  # its caller tries again
    assert outbox.epoch != old
    assert alerts(outbox) == ["outbox-damaged"]
    [alert] = [event.body for event in rows_of(outbox, "a")]
    assert isinstance(alert, AlertBody)
    assert old in alert.text
    assert f"{ROWS} rows waited" in alert.text
    assert [p.name for p in set_aside(tmp_path) if p.suffix.startswith(".damaged")]
    kept = 1 if finder == "appending" else 0
    assert len(rows_of(outbox, "s")) == kept
    outbox.append([Entry(decision(n), "s") for n in range(5)])
    outbox.close()
    again = Outbox(tmp_path, BUDGETS)
    assert again.epoch == outbox.epoch
    assert len(rows_of(again, "s")) == kept + 5
    again.close()


def test_an_acknowledgement_of_the_old_epoch_deletes_nothing_of_the_new(tmp_path: Path) -> None:
    outbox, hub = filled(tmp_path), HubSimulator()
    transport = SimulatedTransport(hub)
    sender = Sender(outbox, transport, DeviceTopics("s1", "cam-1"))
    sender.step(0.0)  # frames are out, the answers wait
    assert hub.rows
    scramble(tmp_path)
    outbox.append([Entry(decision(n), "s") for n in range(50)])
    for _ in range(20):
        sender.step(0.0)
    assert outbox.empty()
    new = [key for key in hub.rows if key[1] == outbox.epoch]
    assert len(new) == 51, "50 samples and the alert"


@pytest.mark.parametrize("how", ["emptied", "removed", "garbage", "cut in half", "not a database"])
def test_damage_found_at_the_start(tmp_path: Path, how: str) -> None:
    outbox = filled(tmp_path)
    old = outbox.epoch
    outbox.close()
    path = tmp_path / "outbox.sqlite"
    if how == "emptied":
        os.truncate(path, 0)
    elif how == "removed":
        path.unlink()
    elif how == "garbage":
        scramble(tmp_path)
    elif how == "cut in half":
        os.truncate(path, path.stat().st_size // 8192 * 4096)
    else:
        path.write_bytes(b"\x00" * 20_000)
    again = Outbox(tmp_path, BUDGETS)
    assert again.epoch != old
    assert alerts(again) == ["outbox-damaged"]
    [alert] = [event.body for event in rows_of(again, "a")]
    assert isinstance(alert, AlertBody)
    assert old in alert.text
    assert again.damages == 1
    again.close()
    third = Outbox(tmp_path, BUDGETS)
    assert (third.epoch, third.damages, alerts(third)) == (again.epoch, 0, ["outbox-damaged"])
    third.close()


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("table", ["rows_a", "rows_l", "rows_s", "rows_t", "blobs"])
def test_what_a_long_backlog_fills_is_not_read_at_the_start_of_a_large_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, large: bool
) -> None:
    outbox = filled(tmp_path)
    old = outbox.epoch
    [(root,)] = outbox._store.read("SELECT rootpage FROM sqlite_master WHERE name=?", (table,))
    outbox.close()
    with open(tmp_path / "outbox.sqlite", "r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(random.Random(1).randbytes(4096))
    if large:
        monkeypatch.setattr(soundness, "WHOLE_BYTES", 4096)
    again = Outbox(tmp_path, BUDGETS)
    late = large and table in ("rows_s", "rows_t")
    assert (again.epoch == old) is late
    again.claim("s", 0, 200)
    again.claim("t", 0, 200)
    assert again.epoch != old
    assert alerts(again) == ["outbox-damaged"]
    again.close()


def test_a_first_start_that_was_cut_off_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "outbox.sqlite").touch()
    outbox = Outbox(tmp_path, BUDGETS)
    assert alerts(outbox) == []
    outbox.close()


def test_a_journal_cut_short_under_a_running_agent_is_declared(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, BUDGETS)
    outbox.append([Entry(decision(n), "s") for n in range(100)])
    outbox._store.read("PRAGMA cache_size=0")
    size = end_of(tmp_path / "outbox.sqlite-wal")
    outbox.append([Entry(decision(n), "s") for n in range(100, 300)])
    outbox.append([Entry(AlertBody(name="x", text="y"), "a")])
    epoch = outbox.epoch
    os.truncate(tmp_path / "outbox.sqlite-wal", size)
    for _ in range(3):
        outbox.claim("s", 0, 1000)
    outbox.append([Entry(decision(999), "s")])
    counts = outbox.counts()
    if outbox.epoch != epoch:
        pytest.fail(f"the file was replaced although its main part is whole: {alerts(outbox)}")
    gaps = [e.body for e in rows_of(outbox, "l") if isinstance(e.body, GapBody)]
    assert {gap.reason for gap in gaps} == {"journal lost"}
    assert sum(gap.rows for gap in gaps) == sum(counts[k].lost for k in EVENT_CLASSES) == 201
    waiting = [e.seq for klass in EVENT_CLASSES for e in rows_of(outbox, klass)]
    assert min(seq for seq in waiting if seq > 100) > 301, "no number is used twice"
    for klass in EVENT_CLASSES:
        count = counts[klass]
        assert count.committed == count.acked + count.rows + count.lost
    outbox.close()


def cut_short(folder: Path) -> Outbox:
    """100 rows that stand, 200 rows with 20 pictures that a journal cut short took."""
    outbox = Outbox(folder, BUDGETS)
    outbox.append([Entry(decision(n), "s") for n in range(100)])
    outbox._store.read("PRAGMA cache_size=0")
    size = end_of(folder / "outbox.sqlite-wal")
    pictures = [f"picture {n}".encode() if n % 10 == 0 else None for n in range(200)]
    outbox.append([Entry(decision(n), "s", 1.0, c, "image/png") for n, c in enumerate(pictures)])
    os.truncate(folder / "outbox.sqlite-wal", size)
    outbox._store._db._drop()  # as after an I/O error
    assert len(outbox.claim("s", 0, 1000).rows) == 100
    return outbox


def test_rows_and_pictures_of_a_cut_journal_are_declared_also_after_a_second_error(
    tmp_path: Path,
) -> None:
    outbox = cut_short(tmp_path)
    for _ in range(2):
        outbox._store._db._drop()
        outbox.claim("s", 0, 1)
    [seq] = outbox.append([Entry(decision(999), "s")])
    assert seq > 300, "no number is used twice"
    [gap] = [e.body for e in rows_of(outbox, "l") if isinstance(e.body, GapBody)]
    assert (gap.rows, gap.blobs, gap.first_seq, gap.last_seq) == (200, 20, 101, 300)
    counts = outbox.counts()
    assert (counts["s"].lost, counts["blobs"].lost, counts["blobs"].committed) == (200, 20, 20)
    outbox.close()


def test_what_a_cut_journal_took_is_told_with_its_epoch_and_not_declared_in_the_next(
    tmp_path: Path,
) -> None:
    outbox = cut_short(tmp_path)
    epoch = outbox.epoch
    outbox._store._db._drop()
    (tmp_path / "outbox.sqlite").write_bytes(b"no database at all, " * 1000)
    (tmp_path / "outbox.sqlite-wal").unlink()
    outbox.append([Entry(decision(999), "s")])
    assert outbox.epoch != epoch
    assert rows_of(outbox, "l") == []
    assert outbox.counts()["s"].lost == 0
    [told] = [e.body for e in rows_of(outbox, "a") if isinstance(e.body, AlertBody)]
    assert "300 rows waited in it" in told.text
    outbox.close()


def test_any_prefix_of_the_journal_is_a_state_that_once_stood(tmp_path: Path) -> None:
    """What a power cut leaves: the main file, and the journal up to some byte."""
    first = tmp_path / "first"
    outbox = Outbox(first, BUDGETS)
    states: list[tuple[int, list[int], int]] = []
    draw = random.Random(2)
    number = 0

    def note() -> None:
        rows = [e.seq for e in rows_of(outbox, "s")]
        wal = end_of(first / "outbox.sqlite-wal")
        states.append((wal, rows, outbox.counts()["s"].acked))

    for step in range(30):
        if step % 4 == 3:
            waiting = [e.seq for e in rows_of(outbox, "s")]
            outbox.acknowledge(outbox.epoch, [(waiting[0], waiting[len(waiting) // 3])])
        else:
            size = draw.randint(1, 9)
            outbox.append([Entry(decision(number + k), "s") for k in range(size)])
            number += size
        note()
    assert len({wal for wal, _, _ in states}) > 25
    # of the journal after an append all must be there, since it was synced; an acknowledgement may be undone
    for _ in range(60):
        cut = draw.randint(states[0][0], states[-1][0])
        copy = tmp_path / f"cut-{cut}"
        shutil.copytree(first, copy, dirs_exist_ok=True)
        os.truncate(copy / "outbox.sqlite-wal", cut)
        (copy / "outbox.sqlite-shm").unlink(missing_ok=True)
        again = Outbox(copy, BUDGETS)
        rows, acked = [e.seq for e in rows_of(again, "s")], again.counts()["s"].acked
        stood = [(r, a) for wal, r, a in states if wal <= cut][-1]
        assert (rows, acked) == stood
        assert again.epoch == outbox.epoch
        again.close()
        shutil.rmtree(copy)
    outbox.close()
