"""The books of the outbox: whatever happens, committed = acknowledged + waiting + declared lost."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_agent.sync import eviction
from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.outbox import Outbox
from kits.core.events import (
    EVENT_CLASSES,
    AlertBody,
    Body,
    EventClass,
    GapBody,
    HealthBody,
    LabelBody,
)
from tests.edge_agent.parts import decision, rows_of
from tests.sampled import sampled

TIGHT = Budgets.of(40_000)


@dataclass
class World:
    """An outbox, a hub that sometimes hears, and what a person outside both counted."""

    outbox: Outbox
    folder: Path
    draw: random.Random
    number: int = 0
    committed: Counter[str] = field(default_factory=Counter)
    blobs: int = 0
    on_their_way: list[tuple[int, EventClass, str]] = field(default_factory=list)
    arrived: dict[int, str] = field(default_factory=dict)
    blobs_arrived: int = 0

    def body(self, klass: EventClass) -> Body:
        self.number += 1
        if klass == "a":
            return AlertBody(name="a", text="x" * self.draw.randint(1, 200))
        if klass == "l":
            return LabelBody(sample_id=f"{self.number}", annotation={"n": self.number})
        if klass == "t":
            return HealthBody(figures={"n": float(self.number)})
        return decision(self.number)

    def append(self) -> None:
        entries = []
        for _ in range(self.draw.randint(1, 12)):
            klass: EventClass = self.draw.choices(EVENT_CLASSES, (1, 2, 6, 6))[0]
            pixels = self.draw.randbytes(self.draw.randint(1, 2000))
            content = pixels if klass == "s" and self.draw.random() < 0.4 else None
            entries.append(Entry(self.body(klass), klass, self.draw.random(), content, "image/png"))
            self.committed[klass] += 1
            self.blobs += content is not None
        self.outbox.append(entries)

    def claim(self) -> None:
        klass = self.draw.choice(EVENT_CLASSES)
        rows = self.outbox.claim(klass, 0, self.draw.randint(1, 30)).rows
        self.on_their_way += [(row.seq, klass, row.text) for row in rows]

    def acknowledge(self) -> None:
        """The hub commits some of what travels, in any order, perhaps not for the first time."""
        self.draw.shuffle(self.on_their_way)
        heard = [self.on_their_way.pop() for _ in range(len(self.on_their_way) // 2)]
        for seq, _, text in heard:
            self.arrived.setdefault(seq, text)
        self.outbox.acknowledge(self.outbox.epoch, [(seq, seq) for seq, _, _ in heard])

    def take_a_blob(self) -> None:
        ready = self.outbox.ready_blobs(10)
        if ready:
            before = self.outbox.counts()["blobs"].acked
            self.outbox.blobs_done([self.draw.choice(ready)[0]])
            self.blobs_arrived += self.outbox.counts()["blobs"].acked - before

    def give_up_a_blob(self) -> None:
        ready = self.outbox.ready_blobs(10)
        if ready:
            self.outbox.give_up_blob(self.draw.choice(ready)[0], "refused by the hub: too large")

    def make_room(self) -> None:
        self.outbox.make_room(self.draw.randint(1, 5000))

    def restart(self) -> None:
        """With or without a clean end; what was on its way is sent again."""
        if self.draw.random() < 0.5:
            self.outbox.close()
        self.outbox = Outbox(self.folder, TIGHT)
        self.on_their_way.clear()

    def gaps(self) -> list[GapBody]:
        """Every gap row: those that arrived and those that wait."""
        from kits.core.events import Event

        texts = [*self.arrived.values()]
        events = [Event.model_validate_json(text) for text in texts]
        waiting = [e for e in rows_of(self.outbox, "l") if e.seq not in self.arrived]
        return [e.body for e in [*events, *waiting] if isinstance(e.body, GapBody)]

    def check(self) -> None:
        counts = self.outbox.counts()
        for klass in EVENT_CLASSES:
            count = counts[klass]
            rows = len(rows_of(self.outbox, klass))
            assert count.rows == rows, klass
            assert count.committed == count.acked + count.rows + count.lost, klass
        for klass in ("a", "s", "t"):
            assert counts[klass].committed == self.committed[klass], klass
        declared: Counter[str] = Counter()
        for gap in self.gaps():
            declared[gap.klass] += gap.rows
            declared["blobs"] += gap.blobs
        for klass in EVENT_CLASSES:
            assert declared[klass] == counts[klass].lost, klass
        blobs = counts["blobs"]
        assert declared["blobs"] == blobs.lost
        assert blobs.committed == self.blobs == self.blobs_arrived + blobs.rows + blobs.lost
        assert declared["a"] == 0


@pytest.mark.parametrize("seed", sampled(range(6), every=3))
def test_gap_rows_add_up_over_random_operations(tmp_path: Path, seed: int) -> None:
    world = World(Outbox(tmp_path, TIGHT), tmp_path, random.Random(seed))
    steps = (
        world.append, world.claim, world.acknowledge, world.take_a_blob, world.give_up_a_blob,
        world.make_room, world.restart,
    )  # fmt: skip
    for number in range(300):
        world.draw.choices(steps, (60, 15, 10, 6, 2, 3, 4))[0]()
        if number % 60 == 59:
            world.check()
    world.check()
    counts = world.outbox.counts()
    assert counts["t"].lost > 0
    assert counts["s"].lost > 0
    backlog = world.outbox.backlog()
    sent = len(world.on_their_way) * 400
    held = sum(size for name, (_, size) in backlog.items() if name not in ("a", "blobs"))
    assert held <= TIGHT.total + sent + 3000
    world.outbox.close()


def test_a_gap_row_that_was_sent_changes_no_more(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, TIGHT)
    outbox.append([Entry(HealthBody(figures={"x": 1.0}), "t") for _ in range(400)])
    sent = outbox.claim("l", 0, 100).rows
    for _ in range(2):
        outbox.append([Entry(HealthBody(figures={"x": 1.0}), "t") for _ in range(400)])
    now = outbox.again("l", 0, 1 << 30).rows
    assert now[: len(sent)] == sent
    assert len(now) > len(sent)
    outbox.close()


def test_a_month_offline_leaves_a_handful_of_gap_rows(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, TIGHT)
    for _ in range(30):
        outbox.append([Entry(HealthBody(figures={"x": 1.0}), "t") for _ in range(200)])
        outbox.append([Entry(decision(n), "s") for n in range(100)])
        outbox.close()
        outbox = Outbox(tmp_path, TIGHT)
    assert len(rows_of(outbox, "l")) <= 4
    outbox.close()


def test_thinning_spreads_over_the_whole_time(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, Budgets.of(100_000))
    for n in range(40):
        outbox.append([Entry(HealthBody(figures={"n": float(n * 50 + k)}), "t") for k in range(50)])
    kept = [e.body.figures["n"] for e in rows_of(outbox, "t")]  # type: ignore[union-attr]
    first, last = sum(n < 1000 for n in kept), sum(n >= 1000 for n in kept)
    assert first > 20, "the oldest hours were thinned out, not cut off"
    assert last > first
    outbox.close()


def test_a_share_that_was_borrowed_is_taken_back_by_the_higher_class(tmp_path: Path) -> None:
    budgets = Budgets.of(200_000)
    outbox = Outbox(tmp_path, budgets)
    while outbox.evicted_rows == 0:
        outbox.append([Entry(HealthBody(figures={"x": 1.0}), "t") for _ in range(20)])
    assert outbox.backlog()["t"][1] > 4 * budgets.telemetry, "unused shares are borrowed"
    while outbox.backlog()["s"][1] < budgets.samples * 0.9:
        outbox.append([Entry(decision(n), "s") for n in range(20)])
    assert outbox.counts()["s"].lost == 0
    assert outbox.backlog()["t"][1] < 2 * budgets.telemetry
    outbox.close()


def test_labels_go_only_when_telemetry_is_gone_and_samples_are_within_their_share(
    tmp_path: Path,
) -> None:
    budgets = Budgets.of(200_000)
    outbox = Outbox(tmp_path, budgets)
    outbox.append([Entry(HealthBody(figures={"x": 1.0}), "t") for _ in range(300)])
    outbox.append([Entry(decision(n), "s") for n in range(100)])
    samples = outbox.backlog()["s"][1]
    assert samples < budgets.samples
    number = 0
    while outbox.counts()["l"].lost == 0:
        body = LabelBody(sample_id=str(number), annotation={"text": "y" * 500})
        outbox.append([Entry(body, "l")])
        number += 1
    assert outbox.backlog()["t"][0] == 0
    assert outbox.backlog()["s"] == (100, samples)
    assert sum(size for name, (_, size) in outbox.backlog().items() if name != "blobs") > 180_000
    outbox.close()


def test_alerts_go_only_beyond_the_ring_and_that_is_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eviction, "MAX_ALERTS", 3000)
    outbox = Outbox(tmp_path, TIGHT)
    for _ in range(8):
        outbox.append([Entry(AlertBody(name="a", text="x"), "a") for _ in range(500)])
    kept = [event.seq for event in rows_of(outbox, "a")]
    gaps = [e.body for e in rows_of(outbox, "l") if isinstance(e.body, GapBody)]
    assert len(kept) + sum(gap.rows for gap in gaps) == 4000
    assert {gap.reason for gap in gaps} == {"ring of alerts"}
    assert kept[-1] >= 4000, "the newest stay"
    assert outbox.counts()["a"].lost == sum(gap.rows for gap in gaps)
    outbox.close()
