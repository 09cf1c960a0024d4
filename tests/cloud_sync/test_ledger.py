"""What a device numbered is here, given up or missing: the three add up, always."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake.ledger import Account, accounts
from cloud_sync.intake.matching import Declared, explain
from cloud_sync.intake.rows import write_frames
from cloud_sync.intake.watch import HOLE_ALERT, look_for_holes
from cloud_sync.intake.words import account_words, bytes_words, duration_words, loss_words
from cloud_sync.store.models import Alert, Epoch
from kits.core.events import Event, GapBody, HealthBody
from kits.core.frames import Frame
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, decision, event, frame_in, make_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        add_device(hub)
        yield hub


def health(seq: int) -> Event:
    return event(seq, "t", HealthBody(figures={"queue": 1.0}))


def lost(seq: int, klass: str, first: int, last: int, rows: int, **more: object) -> Event:
    body = GapBody(
        klass=klass, first_seq=first, last_seq=last, rows=rows, reason="over budget", **more
    )
    return event(seq, "l", body)


def arrive(hub: Hub, *events: Event, epoch: str = "epoch-1") -> None:
    by_class: dict[str, list[Event]] = {}
    for one in events:
        by_class.setdefault(one.klass, []).append(one)
    with hub.database.transaction() as session:
        for klass, rows in by_class.items():
            frame = frame_in(*rows, klass=klass)
            frame = type(frame)(frame.topic, Frame(epoch=epoch, rows=tuple(rows)))
            write_frames(session, [frame], blob_limit=1 << 20)


def account(hub: Hub, number: int = 0) -> Account:
    with hub.database.session() as session:
        found = accounts(session)[number]
    assert found.expected == found.here + found.lost + found.missing
    return found


def test_a_complete_outbox_is_complete(hub: Hub) -> None:
    arrive(hub, *(health(n) for n in range(1, 51)), *(decision(n) for n in range(51, 61)))
    found = account(hub)
    assert found.complete
    assert (found.expected, found.arrived["t"], found.arrived["s"]) == (60, 50, 10)
    assert account_words(found) == "complete: all 60 rows arrived"


def test_overlapping_losses_of_two_classes_add_up(hub: Hub) -> None:
    here = [n for n in range(1, 101) if n % 2 or n > 80]  # even ones up to 80 are gone
    arrive(hub, *(health(n) for n in here))
    arrive(hub, lost(101, "t", 1, 80, 25), lost(102, "s", 40, 80, 15, blobs=15, bytes=9_300_000))
    found = account(hub)
    assert (found.given_up["t"], found.given_up["s"], found.missing) == (25, 15, 0)
    assert found.blobs == 15


def test_holes_nobody_declared_are_missing_and_named(hub: Hub) -> None:
    arrive(hub, *(health(n) for n in (1, 2, 3, 7, 8, 20)))
    found = account(hub)
    assert (found.expected, found.here, found.missing) == (20, 6, 14)
    assert found.missing_runs == ((4, 6), (9, 19))
    assert "14 missing without a word" in account_words(found)


def test_what_was_declared_and_came_after_all_is_not_lost(hub: Hub) -> None:
    arrive(hub, *(health(n) for n in range(1, 11)), lost(11, "t", 1, 10, 10))
    found = account(hub)
    assert found.complete
    assert found.gaps == ()


def test_a_new_outbox_of_the_same_device_has_its_own_account(hub: Hub) -> None:
    arrive(hub, health(1), health(2))
    arrive(hub, health(1), epoch="after-damage")
    first, second = account(hub, 0), account(hub, 1)
    assert {first.number, second.number} == {1, 2}
    assert second.epoch == "after-damage"


def test_a_loss_in_words(hub: Hub) -> None:
    arrive(hub, health(1), health(12), lost(13, "t", 2, 11, 5, blobs=2, bytes=1_500_000))
    [gap] = account(hub).gaps
    assert loss_words(gap).startswith(
        "telemetry: 5 of 10 rows and 2 pictures, 1.5 MB in 0 s given up (over budget)"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(11_520, "3 h 12 min"), (40, "40 s"), (187_200, "2 d 4 h"), (3600, "1 h"), (0, "0 s")],
)
def test_durations(seconds: int, words: str) -> None:
    assert duration_words(timedelta(seconds=seconds)) == words


def test_bytes() -> None:
    assert [bytes_words(n) for n in (412, 9300, 2 * 10**12)] == ["412 B", "9.3 kB", "2.0 TB"]


def brute_force(missing: set[int], declared: list[Declared]) -> int:
    """Size of a maximum matching, the slow and obvious way (augmenting paths)."""
    slots = [(index, n) for index, one in enumerate(declared) for n in range(one.rows)]
    taken: dict[int, int] = {}

    def place(slot: int, seen: set[int]) -> bool:
        one = declared[slots[slot][0]]
        for number in range(one.first, one.last + 1):
            if number in missing and number not in seen:
                seen.add(number)
                if number not in taken or place(taken[number], seen):
                    taken[number] = slot
                    return True
        return False

    return sum(place(slot, set()) for slot in range(len(slots)))


@pytest.mark.parametrize("seed", range(150))
def test_the_matching_is_a_maximum(seed: int) -> None:
    rng = random.Random(seed)
    missing = sorted(rng.sample(range(1, 30), rng.randint(0, 20)))
    declared = []
    for _ in range(rng.randint(0, 6)):
        first = rng.randint(1, 28)
        last = rng.randint(first, 30)
        declared.append(Declared(first, last, rng.randint(0, last - first + 1)))
    runs: list[tuple[int, int]] = []
    for number in missing:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    found = explain(runs, declared)
    left = sum(last - first + 1 for first, last in found.left)
    assert sum(found.rows) == brute_force(set(missing), declared)
    assert sum(found.rows) + left == len(missing)
    assert all(used <= one.rows for used, one in zip(found.rows, declared))


def test_holes_that_last_raise_one_alert_that_closes_when_they_are_filled(hub: Hub) -> None:
    arrive(hub, health(1), health(4))
    now = utc_now()

    def open_alerts() -> list[str]:
        with hub.database.session() as session:
            rows = session.scalars(select(Alert).where(Alert.seen_at.is_(None)))
            return [row.name for row in rows]

    look_for_holes(hub, now)
    assert open_alerts() == []
    for minutes in (31, 45):
        look_for_holes(hub, now + timedelta(minutes=minutes))
    assert open_alerts() == [HOLE_ALERT]
    assert account(hub).missing_since == now
    arrive(hub, health(2), health(3))
    look_for_holes(hub, now + timedelta(minutes=50))
    assert open_alerts() == []
    with hub.database.session() as session:
        assert session.scalars(select(Epoch.missing_since)).one() is None


def test_the_command_line_says_it_first(hub: Hub, capsys, tmp_path: Path) -> None:
    from cloud_sync.cli import make_app
    from cloud_sync.config import dump

    (tmp_path / "hub.yaml").write_text(dump(hub.config))
    arrive(hub, health(1), health(4), lost(5, "t", 2, 2, 1))
    make_app()(["ledger", "--data", str(tmp_path)], standalone_mode=False)
    said = capsys.readouterr().out
    assert said.splitlines()[0] == "3 of 5 rows arrived, 1 given up, 1 missing"
    assert "missing: 3-3" in said
    make_app()(["ledger", "--data", str(tmp_path), "--json"], standalone_mode=False)
    [document] = json.loads(capsys.readouterr().out)
    assert (document["expected"], document["missing"]) == (5, 1)
