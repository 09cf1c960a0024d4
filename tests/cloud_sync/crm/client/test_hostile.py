"""A CRM that answers anything at all: whatever it says, it is refused in plain words or read as far as it makes sense."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from cloud_sync.crm.client.window import Window
from cloud_sync.crm.kinds.base import Crm, CrmEvent, Page, Record, WriteOutcome
from kits.core.errors import KitwrightError
from kits.core.sample import utc_now
from tests.cloud_sync.crm.servers import Asked, Reply, crm_for, crm_server, score
from tests.cloud_sync.receivers import SECRET_TEXT

GUID = "abcdef00-0000-4000-8000-000000000001"
KINDS: dict[str, tuple[dict[str, str], str, dict[str, str]]] = {
    "hubspot": ({"token": "t"}, "1", {}),
    "salesforce": ({"client_id": "a", "client_secret": "b"}, "00Q000000000001AAA", {}),
    "salesforce-cdc": ({"client_id": "a", "client_secret": "b"}, "00Q000000000001AAA", {"events": "cdc"}),
    "pipedrive": ({"token": "t"}, "1", {}),
    "odoo": ({"key": "k"}, "1", {}),
    "odoo-rpc": ({"key": "k"}, "1", {"api": "jsonrpc", "database": "d", "login": "l"}),
    "dynamics": ({"tenant": "t", "client_id": "a", "client_secret": "b"}, GUID, {}),
    "webhook": ({"secret": SECRET_TEXT}, "1", {}),
}  # fmt: skip
WORDS = (
    "results", "errors", "context", "ids", "id", "properties", "records", "success", "statusCode", "message",
    "error", "data", "result", "name", "value", "Id", "SystemModstamp", "fields", "type", "key", "custom_fields",
    "access_token", "instance_url", "refresh_token", "clientId", "successful", "channel", "payload", "event",
    "ChangeEventHeader", "replayId", "recordIds", "write_date", "modifiedon", "leadid", "@odata.nextLink",
    "additional_data", "pagination", "more_items_in_collection", "options", "label", "outcomes", "ok", "category",
    "updatedAt", "outcome", "modified_at", "compound", "field_code", "field_name", "field_type", "subfields", "next_cursor",
)  # fmt: skip
LEAVES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 7, 10**18, 1e308, float("inf"), float("nan"), "", "1", "x" * 5000, "a\0b\ud800",
    "00Q000000000001AAA", GUID, "2026-05-04T12:00:00Z", "2026-13-45T99:00:00Z", "99999999999999999999", "cdc:",
    "/meta/handshake", "/meta/connect", "/data/LeadChangeEvent", "http://169.254.169.254/", "0001-01-01T00:00:00+23:59",
)  # fmt: skip


def anything(rng: random.Random, depth: int = 5) -> Any:
    """A JSON value, with the words that CRMs use."""
    draw = rng.random()
    if depth == 0 or draw < 0.25:
        return rng.choice(LEAVES)
    if draw < 0.55:
        return [anything(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(WORDS): anything(rng, depth - 1) for _ in range(rng.randrange(7))}


@pytest.mark.parametrize("name", KINDS)
def test_whatever_is_answered_nothing_breaks(name: str) -> None:
    rng = random.Random(f"hostile:{name}")
    secrets, object_id, options = KINDS[name]
    kind = name.partition("-")[0]

    def act(asked: Asked) -> Reply:
        if "token" in asked.path and rng.random() < 0.9:
            return Reply({"access_token": "t"})
        return Reply(anything(rng), rng.choice([200, 200, 200, 200, 207, 400, 401, 403, 404, 500]))

    ours = {"points", "probability", "percentile", "band", "reasons", "scored_at"}
    with crm_server(act) as server:
        if kind == "dynamics":
            options = {**options, "authority": server.url}
        fields = dict.fromkeys(ours, "new_x") if kind == "dynamics" else {}

        def fresh() -> Crm:
            return crm_for(kind, server, secrets, options=options, fields=fields)

        crm = fresh()
        now = utc_now()
        cursor = Window(now.replace(year=2020), now.replace(year=2021)).text()
        calls: tuple[Callable[[], Any], ...] = (
            lambda: crm.read([object_id, object_id]),
            lambda: crm.write([score(object_id), score(f"{object_id}2")]),
            lambda: crm.changed_since(rng.choice(["", cursor])),
            lambda: crm.check()[:],
            lambda: crm.make_fields()[:],
        )
        answered = 0
        for turn in range(250):
            if turn % 10 == 0:
                crm = fresh()
            try:
                found = calls[turn % len(calls)]()
            except KitwrightError as error:
                assert len(error.what) < 1000
                continue
            answered += 1
            assert isinstance(found, (list, Page))
            for one in found if isinstance(found, list) else found.events:
                check_storable(one)
        assert answered > 10


def check_storable(found: Any) -> None:
    """What is stored of it fits into every database."""
    if isinstance(found, Record):
        assert "\0" not in found.object_id and len(found.object_id) < 100
        assert not any("\0" in f"{name}{value}" for name, value in found.fields.items())
        assert all(f"{name}{value}".encode() for name, value in found.fields.items())
    if isinstance(found, WriteOutcome):
        assert "\0" not in found.error
        assert found.error.encode() is not None
    if isinstance(found, CrmEvent):
        assert "\0" not in found.event_id + found.object_id
        assert (found.event_id + found.object_id).encode()
