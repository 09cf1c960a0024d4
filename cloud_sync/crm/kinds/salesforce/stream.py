"""Salesforce's Streaming API: Bayeux by long polling, with replay. What its messages say is `told.py`.

Sources: "Streaming API Developer Guide" (durable streaming), Bayeux 1.0. A cursor holds the newest replay id, when it was
read, and of which channel it is; events older than 72 hours are gone there, and then the cursor becomes a span of time
(`client.py`). A session is kept between two questions, so that each is one request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.http import CrmHttp, CrmRefusedError, many, one, text
from cloud_sync.crm.client.shown import moment
from cloud_sync.crm.client.window import OVERLAP, Window
from cloud_sync.crm.kinds.base import CrmEvent, Page
from cloud_sync.crm.kinds.salesforce.told import Channel
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import DataError

PATH: Final = "/cometd/62.0"
EARLIEST: Final = -2
"""Replay of all that Salesforce still has."""
ROUNDS: Final = 20
"""Answers of one question, each of which may have many events."""
MOST_EVENTS: Final = 5000
_MARK: Final = "cdc:"
_LOST: Final = "replayid"


class ReplayLostError(DeliveryError):
    """Salesforce has no longer what came after the replay id."""


def is_stream(cursor: str) -> bool:
    """Whether a cursor is one of a stream."""
    return cursor.startswith(_MARK)


def span_of(cursor: str) -> str:
    """The cursor of a stream as the beginning of a span of time. Raises DataError."""
    since = _parts(cursor)[1] - OVERLAP
    return Window(since, since).text()


class Stream:
    """What comes by one channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._client = ""
        self._cookies: dict[str, str] = {}
        self._replay = EARLIEST

    def start(self, now: datetime) -> str:
        """A cursor from which all is read that Salesforce still has."""
        self._client = ""
        return self._cursor(EARLIEST, now)

    def page(self, http: CrmHttp, cursor: str, now: datetime) -> Page:
        """What came since; after a gap, or another channel, a cursor that is a span of time.

        Raises:
            DataError: the cursor is none.
            DeliveryError: Salesforce does not do as asked.
        """
        replay, seen_at, channel = _parts(cursor) if cursor else (EARLIEST, now, "")
        if channel not in ("", self._channel.name):
            return Page((), span_of(cursor), more=True)
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
            if not isinstance(number, int) or isinstance(number, bool):
                continue
            replay = max(replay, number)
            told = self._channel.read(one(data.get("payload")), number, now)
            events += told.events
            # those before a start were found by time
            if told.gap is not None and (told.gap >= seen_at or began != EARLIEST):
                self._client = ""
                since = min(told.gap, seen_at) - OVERLAP
                return Page(tuple(events), Window(since, since).text(), more=True)
        self._replay = replay
        return Page(tuple(events), self._cursor(replay, now), more=len(messages) >= MOST_EVENTS)

    def _cursor(self, replay: int, at: datetime) -> str:
        parts = [replay, at.isoformat(), self._channel.name]
        return _MARK + json.dumps(parts, separators=(",", ":"))

    def _open(self, http: CrmHttp, replay: int) -> None:
        self._client, self._cookies = "", {}
        shake: dict[str, JsonValue] = {
            "channel": "/meta/handshake", "version": "1.0", "minimumVersion": "1.0",
            "supportedConnectionTypes": ["long-polling"], "ext": {"replay": True},
        }  # fmt: skip
        found = self._meta(self._send(http, shake), "/meta/handshake")
        client = text(found.get("clientId"))
        subscribe: dict[str, JsonValue] = {
            "channel": "/meta/subscribe", "clientId": client, "subscription": self._channel.name,
            "ext": {"replay": {self._channel.name: replay}},
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
            fresh = [one for one in answer if one.get("channel") == self._channel.name]
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
        said, where = text(found.get("error"))[:200], self._channel.name
        if _LOST in said.casefold():
            raise ReplayLostError(said, where=where)
        if said.startswith(("403", "404", "400")):
            raise CrmRefusedError(
                f"does not tell what comes by {where} ({said}): {self._channel.remedy}, or leave the option `events` out",
                status=403, where=where, retry=True,
            )  # fmt: skip
        # a session that has ended: the next question opens another
        raise DeliveryError(f"ended the stream: {said or 'no word'}", where=where)


def _parts(cursor: str) -> tuple[int, datetime, str]:
    """Replay id, when it was read, and the channel; empty: as it was written by an earlier version."""
    try:
        replay, said, *rest = json.loads(cursor.removeprefix(_MARK))
        at = moment(said)
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError("not a cursor of Salesforce", where=cursor[:80]) from error
    channel = rest[0] if rest else ""
    if not isinstance(replay, int) or at is None or not isinstance(channel, str):
        raise DataError("not a cursor of Salesforce", where=cursor[:80])
    return replay, at, channel
