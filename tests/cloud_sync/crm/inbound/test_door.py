"""Small messages that are taken without a thread each: stored before they are answered, all by few commits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.event import listen

from cloud_sync.api.crm import Door
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.secrets import add_webhook_secret, drop_webhook_secret
from cloud_sync.crm.inbound.group_commit import Committer
from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError
from cloud_sync.crm.inbound.taking import Batch, Done
from cloud_sync.crm.kinds.base import Request
from cloud_sync.errors import BusyError, MalformedError
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmEvent
from tests.cloud_sync.crm.builders import HUB, NOW, WAYS, connect, hubspot_event, signed
from tests.cloud_sync.fleet_builders import make_hub

AT = datetime.fromtimestamp(NOW, timezone.utc)
SCHEME = "hubspot-v3"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path, public_url=HUB) as made:
        connect(made, SCHEME)
        yield made


@pytest.fixture
def inbox(hub: Hub) -> Inbox:
    found = Inbox(hub, now=lambda: AT, clock=standing)
    found.take("crm", message(0))  # from now on nothing has to be looked up
    return found


def standing() -> float:
    """A clock by which what was looked up stays known, however slow the machine is."""
    return 0.0


def message(number: int, secret: str = "") -> Request:
    return signed(SCHEME, json.dumps([hubspot_event(number)]).encode(), secret=secret)


def stored(hub: Hub) -> int:
    with hub.database.session() as session:
        return session.scalar(select(func.count()).select_from(CrmEvent)) or 0


def commits(hub: Hub) -> float:
    found = [s for f in hub.metrics.crm_commits.collect() for s in f.samples]
    return next(s.value for s in found if s.name.endswith("_count"))


def test_many_that_come_at_once_share_commits_and_are_stored_when_answered(
    hub: Hub, inbox: Inbox
) -> None:
    before = commits(hub)

    async def one(number: int) -> int:
        assert await inbox.take_soon("crm", message(number)) is not None
        return stored(hub)

    async def all_of_them() -> list[int]:
        with hub.database.transaction() as session:  # the database is taken until all of them wait
            session.execute(update(CrmEvent).values(skipped=""))
            tasks = [asyncio.create_task(one(number)) for number in range(1, 201)]
            for _turn in range(50):
                await asyncio.sleep(0)
        return await asyncio.gather(*tasks)

    seen = asyncio.run(all_of_them())
    assert min(seen) >= 2 and stored(hub) == 201
    assert commits(hub) - before < 10


def test_the_same_message_at_the_same_time_is_stored_once(hub: Hub, inbox: Inbox) -> None:
    async def both() -> None:
        await asyncio.gather(*(inbox.take_soon("crm", message(1)) for _ in range(20)))

    asyncio.run(both())
    assert stored(hub) == 2


@pytest.mark.parametrize("wrong", [message(1, secret="another"), signed(SCHEME, b"{")])
def test_what_is_not_as_it_should_be_is_left_to_the_long_way(
    hub: Hub, inbox: Inbox, wrong: Request
) -> None:
    assert asyncio.run(inbox.take_soon("crm", wrong)) is None
    with pytest.raises((UnverifiedError, MalformedError)):
        asyncio.run(Door(inbox, HUB).take("crm", wrong))
    assert stored(hub) == 1


def test_a_connection_that_is_not_known_yet_is_looked_up_in_a_thread(hub: Hub) -> None:
    fresh = Inbox(hub, now=lambda: AT, clock=standing)
    assert asyncio.run(fresh.take_soon("crm", message(1))) is None
    assert asyncio.run(Door(fresh, HUB).take("crm", message(1))).status == 200
    assert asyncio.run(fresh.take_soon("crm", message(2))) is not None


def test_a_secret_that_was_dropped_fits_no_more_message(hub: Hub, inbox: Inbox) -> None:
    keys, door = hub.config.keys_dir, Door(inbox, HUB)
    add_webhook_secret(keys, "crm", "the-new-one")
    drop_webhook_secret(keys, "crm")
    assert asyncio.run(door.take("crm", message(1, secret="the-new-one"))).status == 200
    with pytest.raises(UnverifiedError):
        asyncio.run(door.take("crm", message(2, secret=WAYS[SCHEME].secret)))
    connections.remove(hub, "crm", by="ann")
    with pytest.raises(UnverifiedError):
        asyncio.run(door.take("crm", message(3, secret="the-new-one")))


def test_one_that_cannot_be_stored_keeps_no_other_from_it(hub: Hub, inbox: Inbox) -> None:
    good = inbox.read(connections.open_connection(hub, "crm"), message(5), AT)
    committer = Committer(hub)

    async def all_of_them() -> list[Done | BaseException]:
        batches = [Batch(name, good, AT) for name in ("crm", "no-such") * 8]
        waiting = (committer.commit_soon(batch) for batch in batches)
        return await asyncio.gather(*waiting, return_exceptions=True)

    found = asyncio.run(all_of_them())
    assert [type(one) for one in found] == [Done, BusyError] * 8
    assert stored(hub) == 2


def test_after_a_fault_that_nobody_thought_of_the_next_ones_are_stored(
    hub: Hub, inbox: Inbox
) -> None:
    committer = Committer(hub)
    odd = Batch("crm", [object()], AT)  # type: ignore[list-item]  # what no reader gives
    good = inbox.read(connections.open_connection(hub, "crm"), message(6), AT)

    async def one_after_the_other() -> Done:
        with pytest.raises(BusyError):
            await committer.commit_soon(odd)
        return await committer.commit_soon(Batch("crm", good, AT))

    assert asyncio.run(one_after_the_other()).new == 1


def test_threads_and_coroutines_bring_theirs_to_the_same_commits(hub: Hub, inbox: Inbox) -> None:
    async def mixed() -> None:
        soon = [inbox.take_soon("crm", message(n)) for n in range(1, 40)]
        threads = [asyncio.to_thread(inbox.take, "crm", message(n)) for n in range(40, 80)]
        await asyncio.gather(*soon, *threads)

    asyncio.run(mixed())
    assert stored(hub) == 80


def test_names_that_are_not_there_cost_a_query_a_second_and_a_new_one_is_known_at_once(
    hub: Hub,
) -> None:
    asked: list[str] = []
    now = [100.0]
    inbox = Inbox(hub, now=lambda: AT, clock=lambda: now[0])
    listen(hub.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    def refused(count: int) -> int:
        before = len(asked)
        for number in range(count):
            with pytest.raises(UnverifiedError):
                inbox.admit(f"nothere{number}")
        return len(asked) - before

    first = refused(50)
    assert refused(50) == 0
    now[0] += 1
    assert 0 < refused(50) == first
    connect(hub, SCHEME, name="nothere1")
    inbox.admit("nothere1")
