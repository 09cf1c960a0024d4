"""Salesforce's Change Data Capture over the Streaming API: Bayeux by long polling, with replay.

Sources: "Change Data Capture Developer Guide", "Streaming API Developer Guide" (durable streaming), Bayeux 1.0. A cursor
holds the newest replay id and when it was read; events older than 72 hours are gone there, and then the cursor becomes a
span of time again (`salesforce.py`). A session is kept between two questions, so that each is one request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.base import CrmEvent, Page, What
from cloud_sync.crm.http import CrmHttp, CrmRefusedError, many, one, text
from cloud_sync.crm.shown import moment
from cloud_sync.crm.window import OVERLAP, Window
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import DataError

CDC: Final = "cdc"
CLIENT: Final = "Kitwright"
"""How our own changes are marked: Salesforce says which program made a change."""
PATH: Final = "/cometd/62.0"
EARLIEST: Final = -2
"""Replay of all that Salesforce still has."""
ROUNDS: Final = 20
"""Answers of one question, each of which may have many events."""
MOST_EVENTS: Final = 5000
_MARK: Final = "cdc:"
_WHAT: dict[str, What] = {"CREATE": "created", "DELETE": "deleted", "GAP_CREATE": "created", "GAP_DELETE": "deleted"}  # fmt: skip
_OVERFLOW: Final = "GAP_OVERFLOW"
_LOST: Final = "replayid"


class ReplayLostError(DeliveryError):
    """Salesforce has no longer what came after the replay id."""


def is_stream(cursor: str) -> bool:
    """Whether a cursor is one of the stream."""
    return cursor.startswith(_MARK)


class Stream:
    """Changes of one object.

    Args:
        thing: the object.
    """

    def __init__(self, thing: str) -> None:
        own = thing.endswith("__c")
        name = f"{thing.removesuffix('__c')}__ChangeEvent" if own else f"{thing}ChangeEvent"
        self._channel = f"/data/{name}"
        self._thing = thing
        self._client = ""
        self._cookies: dict[str, str] = {}
        self._replay = EARLIEST

    def start(self, now: datetime) -> str:
        """A cursor from which all is read that Salesforce still has."""
        self._client = ""
        return _cursor(EARLIEST, now)

    def page(self, http: CrmHttp, cursor: str, now: datetime) -> Page:
        """What came since; after a gap a cursor that is a span of time.

        Raises:
            DataError: the cursor is none.
            DeliveryError: Salesforce does not do as asked.
        """
        replay, seen_at = _parts(cursor) if cursor else (EARLIEST, now)
        try:
            if not self._client or self._replay != replay:
                self._open(http, replay)
            messages = self._listen(http)
        except ReplayLostError:
            self._client = ""
            since = seen_at - OVERLAP
            return Page((), Window(since, since).text(), more=True)
        except DeliveryError:
            self._client = ""
            raise
        return self._told(messages, replay, seen_at, now)

    def _told(
        self, messages: list[Mapping[str, JsonValue]], replay: int, seen_at: datetime, now: datetime
    ) -> Page:
        events: list[CrmEvent] = []
        began = replay
        for message in messages:
            data = one(message.get("data"))
            number = one(data.get("event")).get("replayId")
            header = one(one(data.get("payload")).get("ChangeEventHeader"))
            if isinstance(number, int) and not isinstance(number, bool):
                replay = max(replay, number)
                events += self._events(header, number, now)
            at = moment(header.get("commitTimestamp")) or seen_at
            # too many changes at once to name them; those before a start were found by time
            if header.get("changeType") == _OVERFLOW and (at >= seen_at or began != EARLIEST):
                self._client = ""
                since = min(at, seen_at) - OVERLAP
                return Page(tuple(events), Window(since, since).text(), more=True)
        self._replay = replay
        return Page(tuple(events), _cursor(replay, now), more=len(messages) >= MOST_EVENTS)

    def _events(
        self, header: Mapping[str, JsonValue], number: int, now: datetime
    ) -> list[CrmEvent]:
        if header.get("entityName") != self._thing:
            return []
        ids = header.get("recordIds")
        names = [text(found) for found in ids] if isinstance(ids, list) else []
        kind = text(header.get("changeType"))
        fields = header.get("changedFields")
        changed = {text(name) for name in fields} if isinstance(fields, list) else set()
        ours = f"client={CLIENT}" in text(header.get("changeOrigin")).split(";")
        return [
            CrmEvent(
                f"{number}:{name}", name, _WHAT.get(kind, "changed"),
                moment(header.get("commitTimestamp")) or now,
                fields=frozenset(changed) if changed and kind == "UPDATE" else None, ours=ours,
            )
            for name in names
            if name.isascii() and name.isalnum() and len(name) <= 18
        ]  # fmt: skip

    def _open(self, http: CrmHttp, replay: int) -> None:
        self._client, self._cookies = "", {}
        shake: dict[str, JsonValue] = {
            "channel": "/meta/handshake", "version": "1.0", "minimumVersion": "1.0",
            "supportedConnectionTypes": ["long-polling"], "ext": {"replay": True},
        }  # fmt: skip
        found = self._meta(self._send(http, shake), "/meta/handshake")
        client = text(found.get("clientId"))
        subscribe: dict[str, JsonValue] = {
            "channel": "/meta/subscribe", "clientId": client, "subscription": self._channel,
            "ext": {"replay": {self._channel: replay}},
        }  # fmt: skip
        self._meta(self._send(http, subscribe), "/meta/subscribe")
        self._client, self._replay = client, replay

    def _listen(self, http: CrmHttp) -> list[Mapping[str, JsonValue]]:
        """Events that wait; does not wait for others."""
        found: list[Mapping[str, JsonValue]] = []
        for _ in range(ROUNDS):
            connect: dict[str, JsonValue] = {
                "channel": "/meta/connect", "clientId": self._client,
                "connectionType": "long-polling", "advice": {"timeout": 0},
            }  # fmt: skip
            answer = self._send(http, connect)
            fresh = [message for message in answer if message.get("channel") == self._channel]
            found += fresh
            self._meta(answer, "/meta/connect")
            if not fresh or len(found) >= MOST_EVENTS:
                break
        return found

    def _send(self, http: CrmHttp, message: dict[str, JsonValue]) -> list[Mapping[str, JsonValue]]:
        sent = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        told = http.tell("POST", PATH, [message], None, {"cookie": sent} if sent else None)
        for cookie in told.cookies[:20]:
            name, _, value = cookie.partition("=")
            if cookie.isascii() and cookie.isprintable() and len(cookie) < 4096:
                self._cookies[name] = value
        return many(told.value)

    def _meta(self, answer: list[Mapping[str, JsonValue]], channel: str) -> Mapping[str, JsonValue]:
        """The server's word on a message of ours."""
        found = next((m for m in answer if m.get("channel") == channel), {})
        if found.get("successful") is True:
            return found
        said = text(found.get("error"))[:200]
        if _LOST in said.casefold():
            raise ReplayLostError(said, where=self._thing)
        if said.startswith(("403", "404", "400")):
            raise CrmRefusedError(
                f"does not tell changes of {self._thing} ({said}): switch on Change Data Capture for it in Setup, and"
                " let the user see it, or leave the option `events` out",
                status=403, where=self._thing, retry=True,
            )  # fmt: skip
        # a session that has ended: the next question opens another
        raise DeliveryError(f"ended the stream: {said or 'no word'}", where=self._thing)


def _cursor(replay: int, at: datetime) -> str:
    return _MARK + json.dumps([replay, at.isoformat()], separators=(",", ":"))


def _parts(cursor: str) -> tuple[int, datetime]:
    try:
        replay, said = json.loads(cursor.removeprefix(_MARK))
        at = moment(said)
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError("not a cursor of Salesforce", where=cursor[:80]) from error
    if not isinstance(replay, int) or at is None:
        raise DataError("not a cursor of Salesforce", where=cursor[:80])
    return replay, at
