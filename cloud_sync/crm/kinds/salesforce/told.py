"""What one message of Salesforce's stream says of records: of Change Data Capture, or of a platform event of the firm's own.

Sources: "Change Data Capture Developer Guide" (`ChangeEventHeader`), "Platform Events Developer Guide". How messages are
got is `stream.py`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final, Protocol

from pydantic import JsonValue

from cloud_sync.crm.client.http import one, text
from cloud_sync.crm.client.shown import moment
from cloud_sync.crm.kinds.base import CrmEvent, What
from kits.core.errors import ConfigError

log = logging.getLogger(__name__)

CLIENT: Final = "Kitwright"
"""How our own changes are marked: Salesforce says which program made a change."""
CHANNEL: Final = re.compile(r"/event/[A-Za-z][A-Za-z0-9_]{0,79}__(?:e|chn)\Z")
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}\Z")
_ID: Final = 15
"""Characters of an id that count; three more may follow."""
_WHAT: dict[str, What] = {
    "CREATE": "created", "DELETE": "deleted", "GAP_CREATE": "created", "GAP_DELETE": "deleted",
    "CREATED": "created", "INSERT": "created", "DELETED": "deleted",
}  # fmt: skip
_OVERFLOW: Final = "GAP_OVERFLOW"
LATEST: Final = datetime.max.replace(tzinfo=timezone.utc)
"""Of a gap that does not say since when it is."""
_MOST_FIELDS: Final = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says; `gap`: from then on there were too many changes to be named."""

    events: tuple[CrmEvent, ...] = ()
    gap: datetime | None = None


class Channel(Protocol):
    """What is heard, and how it is understood."""

    name: str
    """As it is subscribed to."""
    remedy: str
    """What a person has to do where Salesforce does not let us hear it."""

    def read(self, payload: Mapping[str, JsonValue], number: int, now: datetime) -> Told:
        """Of one message.

        Args:
            number: its replay id.
        """
        ...


class Changes:
    """Change Data Capture of one object."""

    def __init__(self, thing: str) -> None:
        own = thing.endswith("__c")
        changed = f"{thing.removesuffix('__c')}__ChangeEvent" if own else f"{thing}ChangeEvent"
        self.name = f"/data/{changed}"
        self.remedy = f"switch on Change Data Capture for {thing} in Setup, and let the user see it"
        self._thing = thing

    def read(self, payload: Mapping[str, JsonValue], number: int, now: datetime) -> Told:
        """As `Channel.read`."""
        header = one(payload.get("ChangeEventHeader"))
        at = moment(header.get("commitTimestamp"))
        gap = (at or LATEST) if header.get("changeType") == _OVERFLOW else None
        if header.get("entityName") != self._thing:
            return Told(gap=gap)
        ids = header.get("recordIds")
        names = [text(found) for found in ids] if isinstance(ids, list) else []
        kind = text(header.get("changeType"))
        fields = header.get("changedFields")
        changed = {text(name) for name in fields} if isinstance(fields, list) else set()
        ours = f"client={CLIENT}" in text(header.get("changeOrigin")).split(";")
        events = (
            CrmEvent(
                f"{number}:{name}", name, _WHAT.get(kind, "changed"), at or now,
                fields=frozenset(changed) if changed and kind == "UPDATE" else None, ours=ours,
            )
            for name in names
            if is_id(name)
        )  # fmt: skip
        return Told(tuple(events), gap)


class PlatformEvents:
    """Platform events that a flow or a trigger of the firm publishes, one for each record.

    Args:
        options: of the connection: `channel`, `record_field`, and what else its events say.

    Raises:
        ConfigError: an option is missing, or names nothing that Salesforce may have.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        check_platform(options)
        self.name = options["channel"]
        self.remedy = "is the option `channel` its API name? Then give the user Read on the event"
        self._record = options["record_field"]
        self._fields = options.get("fields_field", "")
        self._what = options.get("what_field", "")
        self._us = options.get("our_user", "")[:_ID]
        self._told = False

    def read(self, payload: Mapping[str, JsonValue], number: int, now: datetime) -> Told:
        """As `Channel.read`."""
        name = text(payload.get(self._record))
        if not is_id(name):
            self._say()
            return Told()
        said = (
            re.split(r"[,;\s]+", text(payload.get(self._fields))[:10_000]) if self._fields else []
        )
        fields = frozenset(word for word in said[:_MOST_FIELDS] if word)
        what = (
            _WHAT.get(text(payload.get(self._what)).upper(), "changed") if self._what else "changed"
        )
        author = text(payload.get("CreatedById"))[:_ID]
        event = CrmEvent(
            f"{number}:{name}", name, what, moment(payload.get("CreatedDate")) or now,
            fields=fields or None, ours=bool(self._us) and author == self._us,
        )  # fmt: skip
        return Told((event,))

    def _say(self) -> None:
        """Once: a stream of such events must not fill the log."""
        if not self._told:
            self._told = True
            log.warning(
                "event=platform_event_without_record channel=%s field=%s", self.name, self._record
            )


def is_id(name: str) -> bool:
    """Whether it may be the id of a record."""
    return bool(name) and name.isascii() and name.isalnum() and len(name) <= 18


def check_platform(options: Mapping[str, str]) -> None:
    """That platform events can be heard.

    Raises:
        ConfigError: an option is missing, or names nothing that Salesforce may have.
    """
    for key, example in (("channel", "/event/Lead_Changed__e"), ("record_field", "Lead_Id__c")):
        if not options.get(key):
            raise ConfigError(
                f"option {key} is missing, which events=platform needs", where=key,
                fix=f"--option {key}={example}",
            )  # fmt: skip
    if not CHANNEL.match(options["channel"]):
        raise ConfigError("not a channel of platform events", where="channel", fix="/event/Lead_Changed__e")  # fmt: skip
    for key in ("record_field", "fields_field", "what_field"):
        if options.get(key) and not _FIELD.match(options[key]):
            raise ConfigError("not the name of a field", where=key, fix="for example Lead_Id__c")
