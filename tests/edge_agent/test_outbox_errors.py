"""Disk errors of which nobody knows what took effect: no picture goes, no row is stored twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.sync.database import UnavailableError
from edge_agent.sync.entry import Entry
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.simulator import HubSimulator, SimulatedTransport
from kits.core.sample import digest_of
from tests.edge_agent.parts import decision, rows_of
from tests.edge_agent.test_outbox_faults import BUDGETS, TOPICS, alert
from tests.edge_agent.test_sender import Clock, turns


class Moody(sqlite3.Connection):
    """A file on a disk that gives errors when told to.

    Attributes:
        after: a statement that takes effect, and gives an error all the same.
        before: words in statements that give an error instead.
        fails: how many errors are still to come.
    """

    after = ""
    before: tuple[str, ...] = ()
    fails = 0

    def execute(self, *given: Any) -> sqlite3.Cursor:
        if Moody.fails and any(words in given[0] for words in Moody.before):
            Moody.fails -= 1
            raise sqlite3.OperationalError("disk I/O error")
        done = super().execute(*given)
        if Moody.after and given[0] == Moody.after:
            Moody.after = ""
            raise sqlite3.OperationalError("disk I/O error")
        return done


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Moody]]:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=Moody, **k))
    yield Moody
    Moody.after, Moody.fails = "", 0


def test_errors_one_after_the_other_delete_no_picture_that_waits(
    moody: type[Moody], tmp_path: Path
) -> None:
    outbox = Outbox(tmp_path, BUDGETS)
    pictures = [f"picture {n}".encode() for n in range(5)]
    outbox.append([Entry(decision(n), "s", 1.0, c, "image/png") for n, c in enumerate(pictures)])
    outbox._store._db._drop()  # as after an I/O error
    moody.before, moody.fails = ("FROM blobs",), 1
    outbox.ready_blobs(1)
    assert outbox.append([Entry(decision(9), "s")]) == [6]
    assert {outbox.spool.get(digest_of(c)) for c in pictures} == set(pictures)
    outbox.close()
    moody.before, moody.fails = ("FROM blobs",), 1
    again = Outbox(tmp_path, BUDGETS)
    assert len(rows_of(again, "s")) == 6
    assert {again.spool.get(digest_of(c)) for c in pictures} == set(pictures)
    again.close()


@pytest.mark.parametrize("reopens", [True, False])
def test_a_commit_that_stood_although_the_disk_gave_an_error_is_not_stored_twice(
    moody: type[Moody], tmp_path: Path, reopens: bool
) -> None:
    outbox = Outbox(tmp_path, BUDGETS)
    outbox._store._db._clock = clock = Clock()
    hub, clock_of_sender = HubSimulator(), Clock()
    sender = Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock_of_sender)
    outbox.append([Entry(decision(0), "s")])
    group = [*(Entry(decision(n), "s") for n in range(1, 5)), alert("here")]
    moody.after = "COMMIT"
    if reopens:
        assert outbox.append(group) == [2, 3, 4, 5, 6]
    else:
        moody.before, moody.fails = ("journal_mode",), 1
        with pytest.raises(UnavailableError):
            outbox.append(group)
        clock.now += 2
        turns(sender, clock_of_sender, 5)
        assert len(hub.rows) == 6, "what stands travels, also before it is handed in again"
        # alone and in another order, as the writer does
        assert outbox.append(group[-1:]) == [6]
        assert outbox.append([*group[:2], Entry(decision(9), "s")]) == [2, 3, 7]
        assert outbox.append(group[2:4]) == [4, 5]
    turns(sender, clock_of_sender, 10)
    assert outbox.empty()
    assert len(hub.rows) == (6 if reopens else 7)
    assert outbox.counts()["s"].committed + outbox.counts()["a"].committed == len(hub.rows)
    outbox.close()


def test_a_commit_that_did_not_stand_is_stored_when_it_is_handed_in_again(
    moody: type[Moody], tmp_path: Path
) -> None:
    outbox = Outbox(tmp_path, BUDGETS)
    outbox._store._db._clock = clock = Clock()
    group = [Entry(decision(n), "s") for n in range(4)]
    moody.before, moody.fails = ("COMMIT", "journal_mode"), 2
    with pytest.raises(UnavailableError):
        outbox.append(group)
    clock.now += 2
    assert outbox.append(group) == [1, 2, 3, 4]
    assert len(rows_of(outbox, "s")) == 4
    outbox.close()
