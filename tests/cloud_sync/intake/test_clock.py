"""Capture times that can be believed, from devices whose clock cannot."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlalchemy.event import listen, remove

from cloud_sync.hub import Hub
from cloud_sync.intake import watch
from cloud_sync.intake.clock import ClockBook, estimate, to_time
from cloud_sync.intake.rows import write_frames
from cloud_sync.intake.watch import redate
from cloud_sync.store.models import BootClock, Event, Sample
from kits.core.events import Event as WireEvent
from kits.core.events import Stamp
from tests.cloud_sync.fleet_builders import add_device, decision, frame_in, make_hub

SECOND = 1_000_000_000
BOOTED = datetime(2026, 5, 4, 6, tzinfo=timezone.utc)
BOOTED_NS = int(BOOTED.timestamp()) * SECOND
NINETEEN_SEVENTY = datetime(1970, 1, 1, 0, 0, 30, tzinfo=timezone.utc)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        add_device(hub)
        yield hub


@pytest.fixture
def either(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        yield hub


def row(seq: int, mono_s: float, *, trust: str = "none", boot: str = "boot-1") -> WireEvent:
    """A decision of a device that woke up in 1970 and took the picture 2 s before it wrote."""
    wall = BOOTED + timedelta(seconds=mono_s)
    if trust != "ntp":
        wall = NINETEEN_SEVENTY + timedelta(seconds=mono_s)
    event = decision(seq, f"{boot}-{seq}")
    body = event.body.model_copy(update={"captured_at": wall - timedelta(seconds=2)})
    stamp = Stamp(wall=wall, mono_ns=int(mono_s * SECOND), boot=boot, trust=trust)
    return event.model_copy(update={"at": stamp, "body": body})


def arrive(
    hub: Hub, received_s: float, *events: WireEvent, clocks: ClockBook | None = None
) -> None:
    """Rows come to the hub so many seconds after the device's boot."""
    with hub.database.transaction() as session:
        write_frames(
            session, [frame_in(*events)], blob_limit=1, clocks=clocks,
            received_ns=BOOTED_NS + int(received_s * SECOND),
        )  # fmt: skip


def captured(hub: Hub) -> dict[int, timedelta]:
    """Sequence number → capture, since boot, as the hub knows it."""
    with hub.database.session() as session:
        return {s.seq: s.captured_at - BOOTED for s in session.scalars(select(Sample))}


def test_a_device_in_1970_is_dated_by_its_monotonic_clock(hub: Hub) -> None:
    arrive(hub, 100.5, row(1, 100))
    assert captured(hub)[1] == timedelta(seconds=98.5)
    with hub.database.session() as session:
        sample = session.scalars(select(Sample)).one()
        event = session.scalars(select(Event)).one()
    assert sample.claimed_at == NINETEEN_SEVENTY + timedelta(seconds=98)
    assert (sample.trust, event.trust, event.boot) == ("none", "none", "boot-1")
    assert (event.mono_ns, event.wall.year) == (100 * SECOND, 1970)
    assert event.received_at == BOOTED + timedelta(seconds=100.5)


def test_a_synchronised_clock_is_believed(hub: Hub) -> None:
    arrive(hub, 5000, row(1, 100, trust="ntp"))
    with hub.database.session() as session:
        sample = session.scalars(select(Sample)).one()
    assert sample.captured_at == sample.claimed_at == BOOTED + timedelta(seconds=98)
    assert sample.trust == "ntp"


def test_a_clock_that_says_ntp_and_is_years_ahead_is_not_believed(hub: Hub) -> None:
    event = row(1, 100, trust="ntp")
    ahead = event.at.model_copy(update={"wall": event.at.wall + timedelta(days=7300)})
    body = event.body.model_copy(update={"captured_at": ahead.wall})
    arrive(hub, 100.2, event.model_copy(update={"at": ahead, "body": body}))
    assert captured(hub)[1] == timedelta(seconds=100.2)
    with hub.database.session() as session:
        assert session.scalars(select(Sample.trust)).one() == "none"


def test_a_backlog_is_dated_again_when_the_clock_is_known_better(either: Hub) -> None:
    clocks = ClockBook()
    arrive(either, 7300, row(1, 100), clocks=clocks)  # two hours late: no way to know better
    assert captured(either)[1] == timedelta(seconds=7298)
    arrive(either, 7300.3, row(2, 7300), clocks=clocks)  # fresh
    assert captured(either)[2] == timedelta(seconds=7298.3)
    assert redate(either) == 1
    assert captured(either)[1] == timedelta(seconds=98.3)
    assert redate(either) == 0


def test_dating_a_long_boot_again_takes_the_writer_for_its_writing_only(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "REDATE_ROWS", 10)
    clocks = ClockBook()
    arrive(hub, 7300, *(row(n, 100) for n in range(1, 36)), clocks=clocks)
    arrive(hub, 7300.3, row(36, 7300), clocks=clocks)
    spoken: list[str] = []
    pruned: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        spoken.append(" ".join(statement.split()))

    def prune(connection) -> None:
        """Retention removes one of the first portion between its reading and its writing."""
        if not pruned and any("SELECT sample.id" in words for words in spoken):
            pruned.append("")
            first = connection.exec_driver_sql("SELECT min(id) FROM sample").scalar()
            connection.execute(delete(Sample).where(Sample.id == first))

    listen(hub.database.engine, "before_cursor_execute", note)
    listen(hub.database.engine, "begin", prune)
    assert redate(hub) == 35
    remove(hub.database.engine, "before_cursor_execute", note)
    assert pruned
    found = captured(hub)
    assert len(found) == 35
    assert set(found.values()) == {timedelta(seconds=98.3), timedelta(seconds=7298.3)}
    writes = [after for words, after in pairwise(spoken) if words == "BEGIN IMMEDIATE"]
    assert len(writes) >= 4
    assert not [words for words in writes if words.startswith("SELECT sample")]
    [reading] = {words for words in spoken if words.startswith("SELECT sample.id")}
    with hub.database.session() as session:
        values = ("press-1", "boot-1", "", 10, 0)
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {reading}", values)
        assert ["ix_sample_boot" in step.detail for step in plan] == [True], "nothing is sorted"


def test_each_boot_has_its_own_offset(hub: Hub) -> None:
    arrive(hub, 100, row(1, 100))
    arrive(hub, 500, row(2, 20, boot="boot-2"))
    assert captured(hub) == {1: timedelta(seconds=98), 2: timedelta(seconds=498)}
    with hub.database.session() as session:
        rows = session.scalars(select(BootClock).order_by(BootClock.boot)).all()
    assert [row.offset_ns - BOOTED_NS for row in rows] == [0, 480 * SECOND]


def test_two_workers_agree_on_the_smallest_delay(hub: Hub) -> None:
    one, two = ClockBook(), ClockBook()
    arrive(hub, 103, row(1, 100), clocks=one)
    arrive(hub, 200.1, row(2, 200), clocks=two)
    arrive(hub, 305, row(3, 300), clocks=one)
    arrive(hub, 400.4, row(4, 400), clocks=one)
    with hub.database.session() as session:
        assert session.scalars(select(BootClock.offset_ns)).one() == BOOTED_NS + SECOND // 10


@pytest.mark.parametrize("seed", range(5))
def test_the_estimate_is_within_its_error_of_the_truth(seed: int) -> None:
    """Delays as they are: a second of group commit, a network with a long tail, an outage."""
    rng = random.Random(seed)
    truth, span = BOOTED_NS, 86_400 * SECOND
    seen = []
    for _ in range(2000):
        delay = rng.uniform(0, 1) + rng.expovariate(1 / 0.2) + (rng.random() < 0.3) * 3600
        drift = rng.uniform(0, 20e-6) * span / SECOND
        seen.append(truth + int((delay + drift) * SECOND))
    offset, error = estimate(sorted(seen)[:8], span)
    assert abs(offset - truth) <= error
    assert error < 12 * SECOND


def test_one_jump_of_the_hubs_clock_does_not_spoil_it() -> None:
    good = [BOOTED_NS + n * SECOND // 10 for n in range(1, 8)]
    offset, _error = estimate([BOOTED_NS - 3600 * SECOND, *good], 0)
    assert offset == good[0]


def test_impossible_numbers_are_bounded() -> None:
    assert to_time(1 << 80).year == 1970
    assert to_time(-(1 << 80)).year == 1970


def test_hostile_stamps_do_not_break_the_ingest(hub: Hub) -> None:
    event = row(1, 100)
    for seq, mono in enumerate((-5, 1 << 70, (1 << 63) - 1), start=10):
        stamp = event.at.model_copy(update={"mono_ns": mono, "boot": "x" * 1000})
        body = event.body.model_copy(update={"sample_id": f"h{seq}"})
        arrive(hub, 100, event.model_copy(update={"seq": seq, "at": stamp, "body": body}))
    assert len(captured(hub)) == 3
