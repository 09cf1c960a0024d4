"""Bodies of senders who have proven nothing: how much of them is held at the same time, and what is told of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.types import ASGIApp, Message

from cloud_sync.hub import Hub
from cloud_sync.transit import FREE_BYTES, Transit
from tests.cloud_sync.crm.builders import HUB, connect, hubspot_event, signed
from tests.cloud_sync.crm.inboxes import counted
from tests.cloud_sync.hub_builders import open_hub

ROOM = 200_000
PIECE = 50_000


class Opened(NamedTuple):
    """A hub, its application, and the bytes that messages on their way hold of it."""

    hub: Hub
    app: ASGIApp
    hooks: Transit


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    monkeypatch.setattr("cloud_sync.app.TRANSIT_BYTES", ROOM)
    monkeypatch.setattr("cloud_sync.transit.GIVES_WAY_S", 1e9)
    made: list[Transit] = []

    def transit(*args: Any) -> Transit:
        made.append(Transit(*args))
        return made[-1]

    monkeypatch.setattr("cloud_sync.app.Transit", transit)
    with open_hub(tmp_path, public_url=HUB) as (client, hub):
        connect(hub, "hubspot-v3")
        yield Opened(hub, client.app, made[0])


class Sender:
    """One who sends a body piece by piece; `answer` is what came back, status and headers."""

    def __init__(self, app: ASGIApp, path: str, headers: Mapping[str, str] | None = None) -> None:
        self._pieces: asyncio.Queue[Message] = asyncio.Queue()
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
            "client": ("10.0.0.1", 1), "server": ("x", 80), "scheme": "http",
        }  # fmt: skip
        self.task = asyncio.create_task(app(scope, self._pieces.get, self._take))

    async def _take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        self.body += message.get("body", b"")

    async def send(self, content: bytes, *, more: bool = True) -> None:
        self._pieces.put_nowait({"type": "http.request", "body": content, "more_body": more})
        while not self._pieces.empty() and not self.task.done():
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)

    async def end(self, content: bytes = b"") -> int:
        await self.send(content, more=False)
        return await self.answered()

    async def answered(self) -> int:
        """The status, once it is there: some answers are made in a thread."""
        await asyncio.wait_for(self.task, 20)
        return self.status


async def halves(opened: Opened, path: str, count: int) -> list[Sender]:
    """So many who have sent a piece, and not the rest; that a name is not there is found in a thread, and waited for."""
    senders = [Sender(opened.app, path) for _ in range(count)]
    for sender in senders:
        before = opened.hooks.held
        await sender.send(b"x" * (FREE_BYTES + PIECE))
        async with asyncio.timeout(20):
            while "nothere" in path and opened.hooks.held != before:
                await asyncio.sleep(0.001)
    return senders


async def message(app: ASGIApp, size: int) -> int:
    """What a CRM's own message of about so many bytes is answered with."""
    event = {**hubspot_event(), "propertyValue": "x" * size}
    made = signed("hubspot-v3", json.dumps([event]).encode(), at=time.time())
    return await Sender(app, "/v1/crm/crm", made.headers).end(made.body)


def refused(hub: Hub) -> dict[str, float]:
    return {kind: hub.metrics.bodies_refused.labels(kind)._value.get() for kind in ("webhooks", "others")}  # fmt: skip


def test_of_bodies_that_are_not_over_so_many_bytes_are_held_and_no_more(opened: Opened) -> None:
    async def flood() -> None:
        held = await halves(opened, "/v1/crm/crm", ROOM // PIECE)
        [late] = await halves(opened, "/v1/crm/crm", 1)
        assert await late.answered() == 503 and late.headers[b"retry-after"] == b"5"
        assert late.headers[b"connection"] == b"close"
        assert refused(opened.hub) == {"webhooks": 1, "others": 0}
        assert not any(one.status for one in held)
        assert await message(opened.app, 10) == 200
        assert await message(opened.app, PIECE) == 503
        assert [await one.end() for one in held] == [401] * len(held)
        assert await message(opened.app, PIECE) == 200

    asyncio.run(flood())


def test_who_sends_long_bodies_slowly_does_not_hold_up_those_that_come_at_once(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def flood() -> None:
        slow = await halves(opened, "/v1/crm/crm", ROOM // PIECE)
        assert await message(opened.app, PIECE) == 503
        monkeypatch.setattr("cloud_sync.transit.GIVES_WAY_S", 0.0)
        assert await message(opened.app, PIECE) == 200
        assert await slow[0].answered() == 503 and slow[0].headers[b"retry-after"] == b"5"
        assert not any(one.status for one in slow[1:])
        [other] = await halves(opened, "/v1/crm/nothere", 1)
        assert not other.status
        await slow[1].send(b"x" * 2 * PIECE)  # in place of the next older one, not of itself
        assert not slow[1].status
        assert await slow[2].answered() == 503
        assert refused(opened.hub) == {"webhooks": 3, "others": 0}
        assert [await one.end() for one in (slow[1], slow[3], other)] == [401] * 3
        assert await message(opened.app, ROOM - 2 * FREE_BYTES) == 200  # all room is there again

    asyncio.run(flood())


@pytest.mark.parametrize("path", ["/v1/crm/nothere", "/v1/crm/nothere/x", "/v1/cmms/nothere"])
def test_of_bodies_to_names_that_are_not_there_nothing_is_held_and_nothing_told(
    opened: Opened, path: str
) -> None:
    async def flood() -> None:
        held = await halves(opened, path, 3 * ROOM // PIECE)
        assert not any(one.status for one in held)
        assert await message(opened.app, PIECE) == 200
        assert {await one.end() for one in held} == {401}

    asyncio.run(flood())
    unknown = counted(opened.hub, "crm_refused").get("unknown", 0)
    assert unknown == (3 * ROOM // PIECE if "crm" in path else 0)


def test_a_long_body_is_answered_alike_whether_the_name_is_there(opened: Opened) -> None:
    async def both() -> None:
        await halves(opened, "/v1/crm/crm", ROOM // PIECE - 1)
        told = []
        for name in ("crm", "nothere"):
            [one] = await halves(opened, f"/v1/crm/{name}", 1)
            status = await one.end()
            [another] = await halves(opened, f"/v1/crm/{name}", 1)
            assert not another.status
            await another.send(b"x" * 2 * PIECE)
            told.append((status, one.body, await another.answered(), another.body))
        assert told[0] == told[1]
        assert (told[0][0], told[0][2]) == (401, 503)

    asyncio.run(both())


def test_who_floods_the_rest_of_the_api_does_not_hold_up_webhooks(opened: Opened) -> None:
    async def flood() -> None:
        held = await halves(opened, "/v1/enroll", ROOM // PIECE + 1)
        await asyncio.wait([one.task for one in held], return_when=asyncio.FIRST_COMPLETED)
        assert [one.status for one in held].count(503) == 1
        assert refused(opened.hub) == {"webhooks": 0, "others": 1}
        assert await message(opened.app, PIECE) == 200
        for one in held:
            one.task.cancel()

    asyncio.run(flood())
