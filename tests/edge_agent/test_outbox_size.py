"""The outbox's file against its budget: small rows, holes between rows, frames without an answer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from edge_agent.sync import outbox as outbox_module
from edge_agent.sync.disk import Disk
from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.outbox import FILE_SHARE, Outbox
from edge_agent.sync.writer import CommitPolicy, Writer
from kits.core.events import (
    EVENT_CLASSES,
    MAX_WORDS,
    AlertBody,
    EventClass,
    GapBody,
    HealthBody,
    LabelBody,
)
from tests.edge_agent.parts import decision, rows_of

TOTAL = 1_000_000
DEFAULT_TOTAL = 2 << 30


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """The default budget at a two-thousandth of its size, with everything that belongs to it."""
    for name in ("ALERT_ROOM", "_FILE_BASE"):
        scaled = getattr(outbox_module, name) * TOTAL // DEFAULT_TOTAL
        monkeypatch.setattr(outbox_module, name, scaled)
    return Outbox(tmp_path, Budgets.of(TOTAL))


def entry(klass: EventClass, number: int, draw: random.Random) -> Entry:
    if klass == "a":
        return Entry(AlertBody(name="a", text="x"), "a")
    if klass == "l":
        return Entry(LabelBody(sample_id=f"{number}", annotation={}), "l", draw.random())
    if klass == "t":
        return Entry(HealthBody(figures={"n": float(number)}), "t")
    return Entry(decision(number), "s", draw.random())


def file_bytes(folder: Path) -> int:
    return (folder / "outbox.sqlite").stat().st_size


def check(outbox: Outbox) -> None:
    """Every row is here or declared."""
    declared = dict.fromkeys(EVENT_CLASSES, 0)
    for event in rows_of(outbox, "l"):
        if isinstance(event.body, GapBody):
            declared[event.body.klass] += event.body.rows
    for klass in EVENT_CLASSES:
        count = outbox.counts()[klass]
        assert count.rows == len(rows_of(outbox, klass)), klass
        assert count.committed == count.rows + count.lost, klass
        assert declared[klass] == count.lost, klass


@pytest.mark.parametrize(
    "shares",
    [(0, 0, 0, 1), (0, 0, 1, 0), (0, 0, 1, 1), (1, 2, 50, 47)],
    ids=["telemetry", "samples", "both", "all"],
)
def test_small_rows_fill_the_budget_and_never_the_file(
    outbox: Outbox, tmp_path: Path, shares: tuple[int, ...]
) -> None:
    draw, number = random.Random(1), 0
    while outbox.evicted_rows < 3000:
        classes = draw.choices(EVENT_CLASSES, shares, k=40)
        outbox.append([entry(klass, number + k, draw) for k, klass in enumerate(classes)])
        number += 40
    assert file_bytes(tmp_path) < TOTAL * FILE_SHARE + (1 << 20)
    held = sum(size for klass, (_, size) in outbox.backlog().items() if klass != "blobs")
    assert held > 0.5 * TOTAL, "holes between rows do not eat the budget"
    check(outbox)
    assert outbox.counts()["a"].lost == 0
    outbox.close()


def test_thinning_gives_back_most_of_the_bytes_it_takes(outbox: Outbox) -> None:
    draw = random.Random(2)
    while outbox.evicted_rows == 0:
        outbox.append([entry("t", n, draw) for n in range(200)])
    unused = outbox.unused_bytes()
    freed = outbox.make_room(150_000)
    assert outbox.unused_bytes() - unused > 0.6 * freed
    outbox.close()


def test_telemetry_is_thinned_also_behind_frames_without_an_answer(outbox: Outbox) -> None:
    """Twenty frames of two hundred rows wait for their answer at the beginning of the table."""
    draw = random.Random(3)
    outbox.append([entry("t", n, draw) for n in range(4500)])
    sent = {row.seq for row in outbox.claim("t", 0, 4000).rows}
    while outbox.counts()["t"].committed < 12_000:
        outbox.append([entry("t", n, draw) for n in range(500)])
        outbox.append([entry("s", n, draw) for n in range(20)])
    reasons = {e.body.reason for e in rows_of(outbox, "l") if isinstance(e.body, GapBody)}
    assert reasons == {"thinned"}
    assert outbox.counts()["s"].lost == 0
    assert sent <= {event.seq for event in rows_of(outbox, "t")}
    outbox.close()


def test_a_full_file_makes_room_for_every_class_and_leaves_the_ballast_alone(
    tmp_path: Path,
) -> None:
    outbox = Outbox(tmp_path, Budgets.of(1 << 26))
    pages = outbox._store.read("PRAGMA page_count")[0][0]
    outbox._store.read(f"PRAGMA max_page_count = {pages}")
    disk = Disk(tmp_path, ballast_bytes=1 << 16)
    writer = Writer(outbox, queue=20_000, disk=disk, policy=CommitPolicy(0, 0, first_pause_s=0.01))
    draw = random.Random(4)
    for number in range(9000):
        assert writer.put(entry("s" if number % 3 else "t", number, draw))
    assert writer.put(entry("a", 0, draw))
    writer.start()
    assert writer.flush(30)
    assert writer.close()
    assert (tmp_path / "ballast").exists()
    counts = outbox.counts()
    assert [counts[klass].committed for klass in "ast"] == [1, 6000, 3000]
    assert counts["t"].lost > 0
    assert writer.figures.failures < 20
    check(outbox)
    outbox.close()


def test_alerts_are_bounded_in_bytes_too(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.sync.eviction.MAX_ALERT_BYTES", 500_000)
    long = Entry(AlertBody(name="a", text="y" * 100_000), "a")
    for _ in range(10):
        outbox.append([long] * 40)
    assert outbox.backlog()["a"][1] <= 500_000
    assert len(rows_of(outbox, "a")[0].body.text) == MAX_WORDS  # type: ignore[union-attr]
    check(outbox)
    outbox.close()
