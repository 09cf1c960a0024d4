"""Reading the JSON of a verified message: bounded, and nothing that two readers may take differently.

Refused are doubled keys, NaN and infinities, numbers beyond 64 bits, half characters, and depth without end: what is
stored here must be readable everywhere. What the values mean is for each `kinds/*/events.py`.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Final, NoReturn

from pydantic import JsonValue

from cloud_sync.crm.kinds.base import CrmEvent
from cloud_sync.errors import MalformedError, TooLargeError
from cloud_sync.store.bulk import aware
from cloud_sync.store.types import JsonObject

MAX_EVENTS: Final = 100
"""No CRM sends more in one message."""
MAX_DEPTH: Final = 32
MAX_ID: Final = 100
MAX_FIELDS: Final = 1000
_MAX_INT: Final = 2**63
_MS: Final = 1000.0


def read_json(body: bytes) -> JsonValue:
    """The value of a body.

    Raises:
        MalformedError: it is no JSON that everybody reads the same way.
    """
    try:
        value: JsonValue = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=single_keys, parse_int=_integer, parse_float=_number,
            parse_constant=_constant,
        )  # fmt: skip
    except UnicodeDecodeError as error:
        raise MalformedError("the body is not UTF-8") from error
    except TwiceError as error:
        raise MalformedError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is no JSON, or one that readers take differently") from error
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        _require_shallow(value)
    if b"\\u" in body:
        _require_whole_characters(value)
    return value


class TwiceError(ValueError):
    """A key comes twice in an object, of which readers take the first or the last."""


def single_keys(pairs: Sequence[tuple[str, JsonValue]]) -> JsonObject:
    """An object of its keys and values, for `json.loads`.

    Raises:
        TwiceError: a key comes twice.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        key = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise TwiceError(f"the key {key[:MAX_ID]!r} comes twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > 20 or not -_MAX_INT <= int(text) < _MAX_INT:
        raise ValueError("an integer beyond 64 bits")
    return int(text)


def _number(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError("a number beyond those of 64 bits")
    return found


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _require_shallow(value: JsonValue) -> None:
    level: list[JsonValue] = [value]
    for _ in range(MAX_DEPTH):
        below: list[JsonValue] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
        if not below:
            return
        level = below
    raise MalformedError(f"the body is nested more than {MAX_DEPTH} deep")


def _require_whole_characters(value: JsonValue) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise MalformedError("the body has half a character") from error


def objects_of(value: JsonValue, what: str) -> list[JsonObject]:
    """The events of a list, or of one that stands alone.

    Raises:
        MalformedError: something else.
        TooLargeError: more than a CRM sends at once.
    """
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_EVENTS:
        raise TooLargeError(f"more than {MAX_EVENTS} events in one message")
    found = [item for item in items if isinstance(item, dict)]
    if len(found) != len(items):
        raise MalformedError(f"not {what}: an event is an object")
    return found


def object_at(item: Mapping[str, JsonValue], key: str) -> JsonObject:
    """An object within; empty where there is none."""
    found = item.get(key)
    return found if isinstance(found, dict) else {}


def word(value: JsonValue) -> str:
    """A short printable text or an integer, as text; empty for all else."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    text = str(value).strip()
    return text if text.isprintable() and len(text) <= 2 * MAX_ID else ""


def record_id(value: JsonValue, where: str) -> str:
    """The id of a record.

    Raises:
        MalformedError: it is none.
    """
    text = word(value)
    # whoever opens the page of `..` opens another one
    if not may_be_id(text):
        raise MalformedError("an event that names no record", where=where)
    return text


def may_be_id(text: str) -> bool:
    """Whether a record can be called so: not empty, not too long, and no part of an address that leads elsewhere."""
    return 0 < len(text) <= MAX_ID and text not in (".", "..")


def into_another(event: CrmEvent, into: str) -> tuple[CrmEvent, ...]:
    """The event of a record that is gone, where it says which one it went into: that one is to have its own score again.

    Args:
        into: its id; what cannot be one, or is the record itself, says nothing.
    """
    if not may_be_id(into) or into == event.object_id:
        return (event,)
    joined = CrmEvent(f"{event.event_id}>{into}", into, "joined", event.at, skip=event.skip)
    return replace(event, what="merged", into=into), joined


def moment_ms(value: JsonValue) -> datetime | None:
    """A time in milliseconds since 1970; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return _at(value / _MS)


def moment_s(value: JsonValue) -> datetime | None:
    """A time in seconds since 1970; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return _at(value)


def moment_text(value: JsonValue) -> datetime | None:
    """A time as ISO 8601 writes it, UTC where no zone is named; None where it is none."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return aware(found)


def _at(seconds: float) -> datetime | None:
    try:
        return aware(datetime.fromtimestamp(seconds, timezone.utc))
    except (ValueError, OverflowError, OSError):
        return None


def names_of(value: JsonValue) -> frozenset[str] | None:
    """Names of fields from a list, an object's keys, or words with commas between; None where nothing is said."""
    if isinstance(value, str):
        found: Sequence[JsonValue] = [name.strip() for name in value.split(",")]
    elif isinstance(value, (list, dict)):
        found = list(value)
    else:
        return None
    names = frozenset(name for name in map(word, found[:MAX_FIELDS]) if name)
    return names or None
