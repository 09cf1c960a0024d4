"""Several ingests on one database: nobody waits crosswise, nothing is counted twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.ledger import accounts
from cloud_sync.intake.link import Message
from cloud_sync.store import models
from kits.core.events import Event, HealthBody
from kits.core.topics import DeviceTopics
from tests.cloud_sync.fleet_builders import add_device, alert, decision, event, make_hub
from tests.cloud_sync.intake.intake_builders import SilentLink, count, frame_message, message

DEVICES = ("press-1", "press-2", "press-3")
ROUNDS = 6
HALF = 100
PER_ROUND = 2 * HALF + 4


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        for name in DEVICES:
            add_device(hub, name)
        yield hub


def health(seq: int) -> Event:
    return event(seq, "t", HealthBody(figures={"queue": float(seq)}))


def everything_of(name: str, round_: int) -> list[Message]:
    """A device's next frames of several classes, and that it is there."""
    first = 1 + PER_ROUND * round_
    topics = DeviceTopics("main", name)
    halves = [range(first, first + HALF), range(first + HALF, first + 2 * HALF)]
    n = first + 2 * HALF
    return [
        *(
            frame_message(*(decision(m, f"{name}-{m}") for m in half), device=name)
            for half in halves
        ),
        frame_message(health(n), health(n + 1), device=name, klass="t"),
        frame_message(alert(n + 2), alert(n + 3, "info"), device=name, klass="a"),
        message(b"1", topic=topics.online, device=name),
        message(b"{}", topic=topics.reported, device=name),
    ]


def together(work: list[Callable[[], None]]) -> list[BaseException]:
    """Runs all at the same time; what they raised."""
    errors: list[BaseException] = []

    def one(job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001  (the test says which)
            errors.append(error)

    threads = [threading.Thread(target=one, args=(job,)) for job in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_two_workers_take_the_same_messages_in_opposite_order(hub: Hub) -> None:
    barrier = threading.Barrier(2, timeout=20)
    workers = [Ingest(hub, SilentLink(hub)) for _ in range(2)]

    def take(number: int) -> None:
        for round_ in range(ROUNDS):
            batch = [m for name in DEVICES for m in everything_of(name, round_)]
            barrier.wait()
            workers[number].process(batch if number else batch[::-1])

    assert together([lambda: take(0), lambda: take(1)]) == []
    assert count(hub, models.Event) == len(DEVICES) * PER_ROUND * ROUNDS
    assert count(hub, models.Sample) == len(DEVICES) * 2 * HALF * ROUNDS
    with hub.database.session() as session:
        found = accounts(session)
        assert all(account.complete for account in found)
        assert {account.duplicates for account in found} == {PER_ROUND * ROUNDS}
        assert hub.metrics.loop_errors.labels("ingest")._value.get() == 0


def test_the_ledger_adds_up_while_rows_come(hub: Hub) -> None:
    done = threading.Event()

    def write() -> None:
        ingest = Ingest(hub, SilentLink(hub))
        try:
            for n in range(1, 120):  # every second number, so that there is something to count
                ingest.process([frame_message(health(2 * n), klass="t")])
        finally:
            done.set()

    def read() -> None:
        while not done.is_set():
            with hub.database.session() as session:
                for account in accounts(session, "press-1"):
                    assert account.expected == account.here + account.lost + account.missing

    assert together([write, read, read]) == []


def test_many_known_rows_beside_a_new_one_are_told_apart(hub: Hub) -> None:
    ingest = Ingest(hub, SilentLink(hub))
    rows = [decision(n) for n in range(1, 151)]
    ingest.process([frame_message(*rows[::2])])
    ingest.process([frame_message(*rows)])
    assert count(hub, models.Event) == count(hub, models.Sample) == 150
    with hub.database.session() as session:
        epoch = session.scalars(select(models.Epoch)).one()
        assert (epoch.rows, epoch.rows_s, epoch.duplicates) == (150, 150, 75)
