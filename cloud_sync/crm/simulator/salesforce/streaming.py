"""The pretended Salesforce's Streaming API: Change Data Capture and a platform event, by Bayeux, with replay.

Sources: "Streaming API Developer Guide" (durable streaming), "Change Data Capture Developer Guide", "Platform Events
Developer Guide", Bayeux 1.0. What happened before a control forgets it cannot be replayed, as after 72 hours.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue

from cloud_sync.crm.simulator.answering import Admit, ApiError
from cloud_sync.crm.simulator.values import Change, Fields
from cloud_sync.pretended import PRIVATE

EVENT = "Lead_Changed__e"
"""A platform event that a flow publishes for each change of a lead, with these fields:"""
EVENT_FIELDS = ("CreatedById", "CreatedDate", "Lead_Id__c", "Changed_Fields__c", "Change_Type__c")
KEPT = 10_000
MAX_SESSIONS = 100
AT_ONCE = 200
"""Messages in one answer."""
_BOOKS = ("LastModifiedDate", "LastModifiedById")
_COOKIE = "BAYEUX_BROWSER"
_KINDS = {"created": "CREATE", "changed": "UPDATE", "deleted": "DELETE", "merged": "DELETE"}


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    payloads: Mapping[str, Fields]


@dataclass(slots=True)
class _Session:
    heard: dict[str, int] = field(default_factory=dict)


class Streaming:
    """What was told, and who listens.

    Args:
        thing: the object.
        user, api_user: who changes leads by hand, and by the API.
    """

    def __init__(self, thing: str, user: str, api_user: str) -> None:
        self._thing = thing
        self._users = {"user": user, "api": api_user}
        self._channels = (f"/data/{thing}ChangeEvent", f"/event/{EVENT}")
        self._kept: deque[_Kept] = deque(maxlen=KEPT)
        self._sessions: dict[str, _Session] = {}
        self._numbers = itertools.count(1)
        self._newest = self._forgotten = 0
        self._lock = threading.Lock()

    def note(self, change: Change) -> None:
        """Something happened to a lead."""
        by, kind = self._users[change.by], _KINDS[change.what]
        fields = list(change.values) if change.what == "changed" else []
        origin = "com/salesforce/api/rest/62.0;client=Kitwright" if change.by == "api" else ""
        header: Fields = {
            "entityName": self._thing, "recordIds": [change.object_id], "changeType": kind,
            "changedFields": [*fields, *(_BOOKS if fields else ())], "changeOrigin": origin,
            "commitTimestamp": int(change.at.timestamp() * 1000), "commitUser": by,
        }  # fmt: skip
        event: Fields = {
            "CreatedDate": change.at.isoformat().replace("+00:00", "Z"), "CreatedById": by,
            "Lead_Id__c": change.object_id, "Changed_Fields__c": ";".join(fields), "Change_Type__c": kind,
        }  # fmt: skip
        told: tuple[Fields, Fields] = ({"ChangeEventHeader": header}, event)
        with self._lock:
            # as in Salesforce, where replay ids have gaps
            self._newest = 3 * next(self._numbers)
            if len(self._kept) == KEPT:
                self._forgotten = self._kept[0].number
            self._kept.append(_Kept(self._newest, dict(zip(self._channels, told))))

    def forget(self) -> int:
        """What was told so far cannot be replayed any more, and sessions end; how many messages went."""
        with self._lock:
            count = len(self._kept)
            self._forgotten = self._newest
            self._kept.clear()
            self._sessions.clear()
        return count

    def answer(self, message: Mapping[str, JsonValue], cookie: str) -> list[Fields]:
        """Of one Bayeux message."""
        channel = str(message.get("channel", ""))
        with self._lock:
            if channel == "/meta/handshake":
                return [self._shake(channel)]
            client = str(message.get("clientId", ""))
            session = self._sessions.get(client)
            if session is None or _COOKIE not in cookie:
                return [_no(channel, "402::Unknown client")]
            if channel == "/meta/subscribe":
                return [self._subscribe(channel, session, message)]
            if channel == "/meta/connect":
                return [*self._waiting(session), {"channel": channel, "successful": True}]
        return [_no(channel, "404::Unknown channel")]

    def _shake(self, channel: str) -> Fields:
        while len(self._sessions) >= MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        client = f"sim{next(self._numbers)}"
        self._sessions[client] = _Session()
        return {"channel": channel, "successful": True, "clientId": client, "version": "1.0"}

    def _subscribe(
        self, channel: str, session: _Session, message: Mapping[str, JsonValue]
    ) -> Fields:
        wanted = str(message.get("subscription", ""))
        if wanted not in self._channels:
            return _no(channel, f"404::The channel you requested to subscribe to does not exist {{{wanted}}}")  # fmt: skip
        replay = _replay_of(message, wanted)
        if replay >= 0 and replay < self._forgotten:
            said = f"400::The replayId {{{replay}}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events."
            return _no(channel, said)
        session.heard[wanted] = {-2: 0, -1: self._newest}.get(replay, replay)
        return {"channel": channel, "successful": True, "subscription": wanted}

    def _waiting(self, session: _Session) -> list[Fields]:
        found: list[Fields] = []
        for channel, heard in session.heard.items():
            fresh = [kept for kept in self._kept if kept.number > heard][:AT_ONCE]
            for kept in fresh:
                data: Fields = {
                    "event": {"replayId": kept.number},
                    "payload": kept.payloads[channel],
                }
                found.append({"channel": channel, "data": data})
            session.heard[channel] = fresh[-1].number if fresh else heard
        return found


def add_stream(app: FastAPI, streaming: Streaming, admit: Admit) -> None:
    """Adds it to `app`, with the control that forgets."""

    @app.post("/cometd/{version}")
    async def cometd(request: Request) -> Response:
        try:
            headers = admit(request, "read")
            messages = _messages(await request.body())
        except ApiError as error:
            return JSONResponse(error.body, error.status, error.headers)
        cookie = request.headers.get("cookie", "")
        answers = [one for message in messages for one in streaming.answer(message, cookie)]
        answer = JSONResponse(answers, headers=dict(headers))
        answer.set_cookie(_COOKIE, "sim", httponly=True)
        return answer

    @app.post(PRIVATE + "/stream/forget")
    def forget() -> dict[str, int]:
        """What was told so far cannot be replayed any more."""
        return {"forgotten": streaming.forget()}


def _messages(content: bytes) -> list[dict[str, JsonValue]]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ApiError(400, {"message": "invalid JSON"}) from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ApiError(400, {"message": "not a list of messages"})
    return found[:10]


def _replay_of(message: Mapping[str, JsonValue], channel: str) -> int:
    found: JsonValue = dict(message)
    for key in ("ext", "replay", channel):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, int) else -1


def _no(channel: str, said: str) -> Fields:
    return {"channel": channel, "successful": False, "error": said}
