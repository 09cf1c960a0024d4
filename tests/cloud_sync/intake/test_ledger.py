"""What a device numbered is here, given up or missing: the three add up, always."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from cloud_sync.hub import Hub
from cloud_sync.intake import numbers, sealing
from cloud_sync.intake.decode import FrameIn
from cloud_sync.intake.ledger import Account, accounts, accounts_after, totals, worst_accounts
from cloud_sync.intake.matching import Declared, explain
from cloud_sync.intake.rows import write_frames
from cloud_sync.intake.sealing import seal
from cloud_sync.intake.watch import HOLE_ALERT, look_for_holes
from cloud_sync.intake.words import account_words, bytes_words, duration_words, loss_words
from cloud_sync.store.models import Alert, Epoch, SealedBlock
from cloud_sync.store.models import Event as EventRow
from kits.core.events import Event, GapBody, HealthBody
from kits.core.frames import MAX_ROWS, Frame
from kits.core.sample import utc_now
from kits.core.topics import ParsedTopic
from tests.cloud_sync.fleet_builders import add_device, decision, event, make_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        add_device(hub)
        yield hub


NOW = utc_now()


def health(seq: int) -> Event:
    return event(seq, "t", HealthBody(figures={"queue": 1.0}))


def lost(seq: int, klass: str, first: int, last: int, rows: int, **more: object) -> Event:
    body = GapBody(
        klass=klass, first_seq=first, last_seq=last, rows=rows, reason="over budget", **more
    )
    return event(seq, "l", body)


def arrive(
    hub: Hub,
    *events: Event,
    epoch: str = "epoch-1",
    device: str = "press-1",
    at: datetime = NOW,
) -> None:
    received_ns = int(at.timestamp() * 1e9)
    for klass in sorted({row.klass for row in events}):
        rows = [row for row in events if row.klass == klass]
        topic = ParsedTopic("main", device, klass)
        frames = [
            FrameIn(topic, Frame(epoch=epoch, rows=tuple(rows[first : first + MAX_ROWS])))
            for first in range(0, len(rows), MAX_ROWS)
        ]
        with hub.database.transaction() as session:
            write_frames(session, frames, blob_limit=1 << 20, received_ns=received_ns)


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
    arrive(hub, health(1), epoch="after-damage", at=NOW + timedelta(seconds=1))
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
    now = NOW

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


def test_rows_that_never_come_hide_no_later_loss(hub: Hub) -> None:
    """After a restore of the hub every outbox misses some for ever; of what it lost later nobody heard."""

    def look(minutes: float) -> list[str]:
        """Texts of the alerts that nobody has seen."""
        look_for_holes(hub, NOW + timedelta(minutes=minutes))
        with hub.database.session() as session:
            unseen = select(Alert.text).where(Alert.name == HOLE_ALERT, Alert.seen_at.is_(None))
            return list(session.scalars(unseen))

    def acknowledge() -> None:
        with hub.database.transaction() as session:
            session.execute(update(Alert).values(seen_at=NOW, seen_by="ada"))

    arrive(hub, health(1), health(4))
    assert [len(look(minutes)) for minutes in (0, 31)] == [0, 1]
    acknowledge()
    arrive(hub, health(5), health(9))
    assert [look(minutes) for minutes in (40, 60)] == [[], []]
    arrive(hub, health(6), health(7), health(8))
    assert look(65) == []
    arrive(hub, health(20))
    assert [look(minutes) for minutes in (70, 90)] == [[], []]
    [text] = look(101)
    assert "12 rows of press-1 are missing" in text
    assert "10 of them were not yet when it was told before" in text
    acknowledge()
    arrive(hub, health(2))
    assert [look(minutes) for minutes in (110, 1000)] == [[], []]
    arrive(hub, health(22))
    assert [look(minutes) for minutes in (1001, 1030)] == [[], []]
    assert len(look(1032)) == 1, "one that came hides none that is lost"


def test_declaring_too_much_hides_no_later_loss(hub: Hub) -> None:
    arrive(hub, *(health(n) for n in range(1, 101) if n > 10), lost(101, "t", 1, 100, 50))
    look_for_holes(hub, NOW)
    assert account(hub).missing == 0
    arrive(hub, *(health(n) for n in range(131, 141)))  # 29 are missing, 40 more were declared
    look_for_holes(hub, NOW + timedelta(minutes=1))
    look_for_holes(hub, NOW + timedelta(minutes=32))
    assert account(hub).missing == hub.metrics.rows_missing._value.get() == 29
    with hub.database.session() as session:
        assert session.scalars(select(Alert.name)).all() == [HOLE_ALERT]


def test_a_device_that_counts_without_end_ends_nothing_for_the_others(hub: Hub) -> None:
    far = (1 << 63) - 1
    add_device(hub, "press-2")
    hostile = [health(far), health(far - 1), *(lost(n, "t", 1, far, far) for n in (1, 2, 3))]
    arrive(hub, *hostile, device="press-2")
    arrive(hub, health(1), health(4))
    look_for_holes(hub, NOW)
    assert {found.device: found.missing for found in all_accounts(hub)} == {
        "press-1": 2,
        "press-2": 0,
    }
    with hub.database.session() as session:
        sums = totals(session)
    assert (sums.expected, sums.missing) == (far + 4, 2)


def test_a_declaration_of_more_rows_than_its_numbers_hold_is_not_believed(hub: Hub) -> None:
    arrive(hub, health(1), health(10), lost(11, "t", 2, 5, 100))
    assert (account(hub).lost, account(hub).missing) == (0, 8)


def all_accounts(hub: Hub) -> list[Account]:
    with hub.database.session() as session:
        return accounts(session)


def test_what_was_sealed_is_not_read_again(hub: Hub) -> None:
    """Neither to tell what is missing, nor to know a row that comes again."""
    long_ago = NOW - timedelta(hours=2)
    rows = [health(n) for n in range(1, 10_001) if n % 2 and n not in (777, 5001)]
    arrive(hub, *rows, lost(10_001, "t", 1, 10_000, 5000), at=long_ago)
    look_for_holes(hub, NOW)
    before = account(hub)
    with hub.database.transaction() as session:
        assert session.scalars(select(Epoch.sealed_seq)).one() == 10_001
        session.execute(delete(EventRow))
        blocks = session.scalars(select(SealedBlock)).all()
    assert before.missing == 2
    assert [block.first_seq for block in blocks] == [1, 4097, 8193]
    assert sum(len(block.bits) for block in blocks) < 300
    arrive(hub, *rows[:300], health(777))
    found = account(hub)
    assert (found.here, found.missing, found.duplicates) == (before.here + 1, 1, 300)
    assert all_events(hub) == [777]


def all_events(hub: Hub) -> list[int]:
    with hub.database.session() as session:
        return list(session.scalars(select(EventRow.seq).order_by(EventRow.seq)))


def by_list(arrived: set[int], told: list[Declared]) -> tuple[int, int]:
    """How many are lost and missing, by listing every number."""
    gone = [n for n in range(1, max(arrived) + 1) if n not in arrived]
    explained = explain([(n, n) for n in gone], told)
    return sum(explained.rows), sum(last - first + 1 for first, last in explained.left)


@pytest.mark.parametrize(
    "seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 12))]
)
def test_sealing_at_any_time_changes_no_account(
    hub: Hub, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows come late, twice, out of order, around declarations: every account is that of a list."""
    for module in (numbers, sealing):
        monkeypatch.setattr(module, "BLOCK", 8)
    draw = random.Random(seed)
    arrived: set[int] = set()
    told: list[Declared] = []
    duplicates, highest = 0, 0
    for step in range(25):
        at = NOW + timedelta(minutes=step)
        highest += draw.randrange(0, 20)
        some = {draw.randint(1, max(1, highest)) for _ in range(draw.randrange(1, 25))}
        rows = [health(n) for n in sorted(some)]
        duplicates += len(some & arrived)
        arrived |= some
        if draw.random() < 0.3:
            first = draw.randint(1, max(arrived))
            last = draw.randint(first, max(arrived))
            told.append(Declared(first, last, draw.randint(0, last - first + 1)))
            seq = next(n for n in range(1, 10_000) if n not in arrived)
            rows.append(lost(seq, "t", first, last, told[-1].rows))
            arrived.add(seq)
        arrive(hub, *rows, at=at)
        if draw.random() < 0.5:
            until = at - timedelta(minutes=draw.randrange(0, 8))
            with hub.database.transaction() as session:
                seal(session, "press-1", "epoch-1", until, draw.choice([3, 50]))
        found = account(hub)
        assert (found.here, found.duplicates) == (len(arrived), duplicates)
        assert (found.lost, found.missing) == by_list(arrived, told)
    assert all_events(hub) == sorted(arrived)


def test_the_ledger_comes_in_pages_and_the_worst_first(hub: Hub) -> None:
    for name in ("press-2", "press-3", "press-4"):
        add_device(hub, name)
        arrive(hub, health(1), device=name)
    arrive(hub, health(1), health(3), device="press-3")
    arrive(hub, health(1), health(1), device="press-3", epoch="epoch-0")
    arrive(hub, health(1), lost(3, "t", 2, 2, 1), device="press-4")
    look_for_holes(hub, NOW)
    with hub.database.session() as session:
        first, after = accounts_after(session, "", 2)
        second, end = accounts_after(session, after, 2)
        worst = worst_accounts(session, 3)
        known = totals(session, counted=worst)
    assert [(a.device, a.number) for a in first] == [("press-2", 1), ("press-3", 1), ("press-3", 2)]
    assert [a.device for a in second] == ["press-4"]
    assert (after, end) == ("press-3", "")
    assert [(a.device, a.missing, a.lost) for a in worst] == [
        ("press-3", 1, 0), ("press-4", 0, 1), ("press-2", 0, 0),
    ]  # fmt: skip
    assert (known.outboxes, known.expected, known.here, known.lost, known.missing) == (
        4,
        8,
        6,
        1,
        1,
    )


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
