"""Thousands of broken messages over all schemes: never an answer of 5xx, never one that is taken and should not be."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from starlette.types import Message, Scope

from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmEvent
from tests.cloud_sync.crm.builders import BODIES, WAYS, connect, signed
from tests.cloud_sync.hub_builders import open_hub

SEED = 6
NASTY = (
    b"", b"\x00", b"\xff\xfe", b"{", b"[]", b"null", b"[" * 500, b'{"a":' * 300, b"NaN", b"1e999", b":1e999,", b":-1e999}", b"9" * 400,
    "é\u2028".encode(), b"<!DOCTYPE x>", b"<a>" * 50, b"\xef\xbb\xbf[]", b'"\\ud800"', b"[[[]]]", b"-0", b"true",
    b"<?xml version='1.0' encoding='x-none'?><a/>", b"<?xml version='1.0' encoding='UTF-16'?><a/>", b"]]>", b"&a;",
)  # fmt: skip
ODD: tuple[object, ...] = (
    None, True, 0, -1, 2**63 - 1, -(2**63), 1.5, 1e308, "", " ", "x" * 5000, "\u0000", "\U0001f600" * 60, [], {}, [[]], [None],
    {"": {}}, [1] * 200, {"a": [{"b": {}}]}, "/Date(99999999999999)/", "0001-01-01", "9999-12-31T23:59:59-14:00",
    "1970-01-01T00:00:00+23:59", "NaN",
)  # fmt: skip
WORDS = (
    "", "abc", "v1,a,b", "v1,YQ", "v1,é", "v1,", "v1a,YQ==", "t=,v1=", "t=1,t=2,v1=a", "sha256=", "sha256=zz", "=",
    "Basic", "Basic é", "Basic YQ", "Basic YTpi", "Bearer", "1e9", "-1", "9" * 500, "１８００００００００", "nan", "0x10", ",", ";",
    "a\tb", "\x7f", "v1,QUFB " * 20, "%00", "None", "[]", "' OR 1=1 --", "../../keys",
)  # fmt: skip


def mutate_bytes(rng: random.Random, body: bytes) -> bytes:
    """Cut, doubled, bits turned, something nasty put in."""
    choice = rng.randrange(5)
    at = rng.randrange(len(body) + 1)
    if choice == 0:
        return body[:at]
    if choice == 1:
        return body[:at] + rng.choice(NASTY) + body[at:]
    if choice == 2 and body:
        turned = bytearray(body)
        for _ in range(rng.randint(1, 4)):
            turned[rng.randrange(len(turned))] ^= 1 << rng.randrange(8)
        return bytes(turned)
    if choice == 3:
        return rng.choice(NASTY) * rng.randint(1, 3)
    return body[:at] + body[at // 2 :]


def mutate_value(rng: random.Random, value: object) -> object:
    """JSON that stays JSON: some value of it becomes another that nobody expects there."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        return {**value, key: mutate_value(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return [*value[:at], mutate_value(rng, value[at]), *value[at + 1 :]]
    return rng.choice(ODD)


def mutate_text(rng: random.Random, text: str) -> str:
    """The same for a header."""
    choice = rng.randrange(4)
    at = rng.randrange(len(text) + 1)
    if choice == 0:
        return rng.choice(WORDS)
    if choice == 1:
        return text[:at] + rng.choice(WORDS) + text[at:]
    if choice == 2:
        return text[:at]
    return text[:at] + chr(rng.choice((0, 9, 32, 43, 61, 127, 233, 255))) + text[at + 1 :]


@pytest.mark.parametrize("messages", [2_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_nothing_broken_breaks_the_hub_or_is_believed(tmp_path: Path, messages: int) -> None:
    rng = random.Random(SEED)
    with open_hub(tmp_path) as (client, hub):
        app = client.app
        assert isinstance(app, FastAPI)
        app.state.crm_door.public_url = "https://hub.example"
        for scheme in WAYS:
            connect(hub, scheme, name=scheme)
        statuses, believed = asyncio.run(_send_all(app, rng, hub, messages))
        with hub.database.session() as session:
            stored = session.scalar(select(func.count()).select_from(CrmEvent)) or 0
    assert sum(statuses.values()) == messages
    assert max(statuses) < 500, statuses
    # each sort of answer was given, so each was tried: taken, not readable, not believed, too large
    assert {200, 400, 401, 413} <= set(statuses)
    assert not believed
    assert stored <= statuses[200] * 100


async def _send_all(
    app: Callable[..., object], rng: random.Random, hub: Hub, messages: int
) -> tuple[Counter[int], list[str]]:
    statuses: Counter[int] = Counter()
    believed, schemes, taken = [], list(WAYS), 0
    for number in range(messages):
        scheme = schemes[number % len(schemes)]
        status, forged = await _send_one(app, rng, scheme)
        statuses[status] += 1
        before, taken = taken, _taken(hub)
        if forged and taken > before:
            believed.append(f"{number} {scheme}")
    return statuses, believed


def _taken(hub: Hub) -> int:
    """Messages that were believed and read."""
    families = hub.metrics.crm_messages.collect()
    return int(sum(s.value for f in families for s in f.samples if s.name.endswith("_total")))


async def _send_one(
    app: Callable[..., object], rng: random.Random, scheme: str
) -> tuple[int, bool]:
    """One message: either its body is broken before it is signed, or something is changed after that."""
    body = BODIES[WAYS[scheme].kind]
    honest = rng.random() < 0.4
    if honest:
        body = _broken(rng, body)
    made = signed(scheme, body, at=time.time(), name=scheme)
    headers, path = dict(made.headers), made.url.removeprefix("https://hub.example")
    forged = False
    if not honest:
        forged, headers, path, body = _forge(rng, scheme, headers, path, body)
    return await _ask(app, path, headers, body), forged


def _broken(rng: random.Random, body: bytes) -> bytes:
    """Before it is signed: what a CRM with a fault might send."""
    chance = rng.random()
    if chance < 0.05:
        return b"x" * ((1 << 20) + 1)
    if chance < 0.5 and body[:1] in b"[{":
        return json.dumps(mutate_value(rng, json.loads(body))).encode()
    return mutate_bytes(rng, body)


def _forge(
    rng: random.Random, scheme: str, headers: dict[str, str], path: str, body: bytes
) -> tuple[bool, dict[str, str], str, bytes]:
    """Something is changed after signing; whether it must not be believed then."""
    before = (dict(headers), path, body)
    what = rng.choice(["body", "path", *headers, *headers])
    shown = WAYS[scheme].tail or WAYS[scheme].query or scheme in ("pipedrive", "bearer")
    if what == "body":
        body = mutate_bytes(rng, body)
    elif what == "path":
        path = mutate_text(rng, path.replace(" ", "%20"))
    else:
        headers[what] = mutate_text(rng, headers[what])
    # who shows the secret itself signs nothing: any body is theirs. An id or a nonce may be nobody's.
    harmless = {"x-twenty-webhook-nonce"} | ({"body"} if shown else set())
    if scheme not in ("hubspot-v2", "hubspot-v3") and not (WAYS[scheme].tail or WAYS[scheme].query):
        harmless.add("path")  # no part of what is signed
    same = (headers, path, body) == before
    return not (same or what in harmless or _same_credentials(before[0], headers)), headers, path, body  # fmt: skip


def _same_credentials(before: dict[str, str], after: dict[str, str]) -> bool:
    """Base64 and blanks can be written in more ways than one, and further signatures may stand beside the right one."""
    for name, value in before.items():
        other = after[name]
        if value == other:
            continue
        parts = [part for piece in other.split(",") for part in piece.split()]
        wanted = [part for piece in value.split(",") for part in piece.split()]
        kinds_fit = [part.lower() for part in wanted[:2]] == [part.lower() for part in parts[:2]]
        return kinds_fit or _decoded(wanted[-1]) in [_decoded(part) for part in parts]
    return False


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.removeprefix("sha256="), validate=True)
    except ValueError:
        return text.lower().encode("utf-8", "replace")


async def _ask(app: Callable[..., object], path: str, headers: dict[str, str], body: bytes) -> int:
    statuses: list[int] = []
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(message["status"]))

    target, _, query = path.partition("?")
    raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    scope: Scope = {
        "type": "http", "method": "POST", "path": target, "raw_path": target.encode("utf-8", "replace"),
        "query_string": query.encode("utf-8", "replace"), "headers": raw, "http_version": "1.1", "scheme": "http",
        "client": ("203.0.113.9", 1), "server": ("hub.example", 443),
    }  # fmt: skip
    await app(scope, receive, send)  # type: ignore[misc]  # an ASGI application
    return statuses[0]
