"""What a CRM shows of a score, and how a record of a CRM is understood: tables and pure functions that all kinds share.

How a field is made, and how values are written, is for each CRM's own file.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

from pydantic import JsonValue

from cloud_sync.crm.connection.settings import CrmSettings, Fields
from cloud_sync.crm.kinds.base import Listed, Record, ScoreWrite

BANDS = ("hot", "warm", "cold")
MAX_REASONS = 2000
"""Characters."""
MAX_FIELDS = 2000
MAX_TEXT = 4000
MAX_NAME = 200
"""Of a record: columns, characters of a value, characters of a column's name."""
EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)
_YES = frozenset({"true", "yes", "1", "y", "on"})
_MILLISECONDS = 13
_SECONDS = 10
_NUMBER = 18
"""Digits."""

Shape = Literal["whole", "share", "percent", "choice", "lines", "moment"]
Shown = int | float | str | datetime | None


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field that scores are written to. `part`: of `Fields` and of `ScoreWrite`."""

    part: str
    shape: Shape
    label: str
    help: str


FIELDS: tuple[FieldInfo, ...] = (
    FieldInfo("points", "whole", "Lead score", "1 to 99: the higher, the likelier it is won"),
    FieldInfo("probability", "share", "Lead win probability", "0 to 1, calibrated on your leads"),
    FieldInfo("percentile", "percent", "Lead score percentile", "scores above so many percent"),
    FieldInfo("band", "choice", "Lead band", "hot: as many as your team can call"),
    FieldInfo(
        "reasons", "lines", "Lead score reasons", "why: (+) speaks for the lead, (−) against it"
    ),
    FieldInfo("scored_at", "moment", "Lead scored at", "when this score was made"),
)


def shown_fields(fields: Fields) -> list[tuple[str, FieldInfo]]:
    """The CRM's field names that are written, with what they are; an empty name is not written."""
    named = [(str(getattr(fields, info.part)), info) for info in FIELDS]
    return [(name, info) for name, info in named if name]


def shown_values(write: ScoreWrite, fields: Fields) -> dict[str, Shown]:
    """Field name → value; all None when the score is to be taken away."""
    return {name: _value(write, info) for name, info in shown_fields(fields)}


def json_values(write: ScoreWrite, fields: Fields) -> dict[str, JsonValue]:
    """As `shown_values`, for CRMs that take JSON's own types and times in ISO 8601."""
    return {
        name: stamp(value) if isinstance(value, datetime) else value
        for name, value in shown_values(write, fields).items()
    }


def _value(write: ScoreWrite, info: FieldInfo) -> Shown:
    if write.points is None:
        return None
    table: dict[str, Shown] = {
        "points": write.points,
        "probability": None if write.probability is None else round(write.probability, 4),
        "percentile": None if write.percentile is None else round(100 * write.percentile, 1),
        "band": write.band or None,
        "reasons": "\n".join(write.reasons)[:MAX_REASONS],
        "scored_at": write.scored_at,
    }
    return table[info.part]


def own_fields(settings: CrmSettings) -> frozenset[str]:
    """Fields of a record that never are a feature: what we write, and what says how it ended."""
    outcome = settings.outcome
    named = {name for name, _ in shown_fields(settings.fields)}
    return frozenset(named | {outcome.field, outcome.at} - {""})


def asked_fields(settings: CrmSettings) -> list[str]:
    """Columns to be read, with those that say how a lead ended and whether it is scored at all."""
    outcome = settings.outcome
    also = [outcome.field, outcome.at, *settings.opt_out]
    return list(dict.fromkeys([*settings.columns, *filter(None, also)]))


def record_of(
    object_id: str,
    row: Mapping[str, JsonValue],
    settings: CrmSettings,
    *,
    modified: JsonValue,
    created: JsonValue = None,
    archived: bool = False,
    persons: tuple[str, ...] = (),
) -> Record:
    """A record with its outcome, and without what is no feature. `persons`: as `persons_in` gives them."""
    outcome = settings.outcome
    ended = outcome_in(row.get(outcome.field), settings)
    return Record(
        object_id,
        columns_in(row, settings),
        moment(modified) or EARLIEST,
        created_at=moment(created),
        outcome=ended,
        outcome_at=moment(row.get(outcome.at)) if ended and outcome.at else None,
        opted_out=objects(row, settings),
        archived=archived,
        persons=persons,
    )


def persons_in(row: Mapping[str, JsonValue], names: Iterable[str]) -> tuple[str, ...]:
    """Addresses and names in these fields of a record; several in one are parted by `;`."""
    said = (row.get(name) for name in names)
    parts = (part.strip() for text in said if isinstance(text, str) for part in text.split(";"))
    return tuple(_text(part, MAX_NAME) for part in parts if part)


def objects(row: Mapping[str, JsonValue], settings: CrmSettings) -> bool:
    """Whether one of the fields that say so says that this person is not to be scored."""
    return any(is_yes(row.get(name)) for name in settings.opt_out)


def listed_of(
    object_id: str, said: JsonValue, settings: CrmSettings, *, modified: JsonValue
) -> Listed:
    """A record of a list. `said`: of the field that says how it ended."""
    ended = outcome_in(said, settings)
    return Listed(object_id, moment(modified) or EARLIEST, decided=bool(ended))


def columns_in(row: Mapping[str, JsonValue], settings: CrmSettings) -> dict[str, JsonValue]:
    """What may be a feature, as every database can store it: plain values, finite, none of endless length."""
    own = own_fields(settings)
    named = ((_text(name, MAX_NAME), value) for name, value in row.items())
    kept = ((name, _storable(value)) for name, value in named if name not in own)
    return dict(itertools.islice(kept, MAX_FIELDS))


def _storable(value: JsonValue) -> JsonValue:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return _text(value, MAX_TEXT)
    return None if isinstance(value, (Mapping, list)) else value


def _text(value: str, most: int) -> str:
    """Without what no database takes: NUL, and half characters, which JSON can write."""
    return value[:most].replace("\0", "").encode("utf-8", "replace").decode()


def outcome_in(value: JsonValue, settings: CrmSettings) -> Literal["won", "lost", ""]:
    """Won, lost, or neither, as the settings read it."""
    said = plain(value).casefold()
    if said and said in {word.casefold() for word in settings.outcome.won}:
        return "won"
    if said and said in {word.casefold() for word in settings.outcome.lost}:
        return "lost"
    return ""


def plain(value: JsonValue) -> str:
    """A value as people compare it: `true`, `3`, `Web`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if isinstance(value, (str, int, float)) else ""


def is_yes(value: JsonValue) -> bool:
    """Whether a field says yes."""
    return plain(value).casefold() in _YES


def moment(value: JsonValue) -> datetime | None:
    """A time as CRMs write it: ISO 8601 with or without zone (then UTC), or seconds or milliseconds since 1970."""
    if isinstance(value, bool) or value is None:
        return None
    said = plain(value)
    try:
        if said.isascii() and said.isdigit() and _SECONDS <= len(said) <= _MILLISECONDS:
            seconds = int(said) / (1000 if len(said) == _MILLISECONDS else 1)
            return datetime.fromtimestamp(seconds, timezone.utc)
        found = datetime.fromisoformat(said)
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).astimezone(
            timezone.utc
        )
    except (ValueError, OverflowError, OSError):
        return None


def is_number(object_id: str) -> bool:
    """Whether an id is one of a CRM whose ids are numbers; `²` and numbers beyond 64 bits are none."""
    return object_id.isascii() and object_id.isdigit() and len(object_id) <= _NUMBER


def stamp(at: datetime) -> str:
    """A time for a CRM: `2026-05-04T12:00:00Z`."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
