"""One lead as a sample: what is known of it when it is scored, as JSON. Shared by readers, models, runtime and hub.

It holds no outcome: that is the sample's annotation, `won` or `lost`. What columns mean is learned elsewhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TypeAlias, cast

from pydantic import JsonValue

from kits.core.answers.fields import flat_fields
from kits.core.errors import DataError
from kits.lead_scoring._links import without_visit

MEDIA_TYPE = "application/json"
WON, LOST = "won", "lost"
"""Labels of annotations; a lead whose outcome is open has none."""
MAX_FIELDS = 2_000
MAX_BYTES = 256 << 10
MAX_TEXT = 4_000
"""Characters of one value that are kept."""
_DAY_S = 86_400.0

Value: TypeAlias = str | float | bool | None
"""A number is always a float; a date is a string by ISO 8601; a list of choices is joined by `;`."""


@dataclass(frozen=True, slots=True)
class Lead:
    """What is known of one lead at the moment it is scored.

    Attributes:
        id: the CRM's own; never a feature.
        fields: column → value as the source wrote it, links without what marks one visit.
        at: the moment of the decision, aware: columns are read as of it; None where the data has no clock.
        open_at: when it was still open, aware; None: that is not said, and it is scored as one that has just come.
    """

    id: str
    fields: Mapping[str, Value] = field(default_factory=dict)
    at: datetime | None = None
    open_at: datetime | None = None

    @property
    def days_open(self) -> float:
        """How long it has been open, in days; NaN: that is not said."""
        if self.at is None or self.open_at is None:
            return math.nan
        return max(0.0, (self.open_at - self.at).total_seconds() / _DAY_S)


def encode_lead(lead: Lead) -> bytes:
    """The sample's bytes: the same lead gives the same bytes."""
    value: dict[str, JsonValue] = {"id": lead.id, "fields": dict(lead.fields)}
    times = {"at": lead.at}
    if lead.at is not None and lead.open_at is not None:
        times = {"at": lead.open_at, "created_at": lead.at}
    for name, moment in times.items():
        if moment is not None:
            value[name] = moment.astimezone(timezone.utc).isoformat()
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def decode_lead(content: bytes) -> Lead:
    """The opposite of `encode_lead`.

    Raises:
        DataError: not JSON, not a lead, or larger than a lead may be.
    """
    if len(content) > MAX_BYTES:
        raise DataError(f"a lead of {len(content)} bytes", fix=f"at most {MAX_BYTES} bytes each")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError("a lead must be JSON", fix='{"id": "…", "fields": {…}}') from error
    return lead_from_json(value)


def lead_from_json(value: object) -> Lead:
    """A lead from JSON values, as `POST /v1/leads/score` takes it; unknown keys of the lead itself are refused.

    Raises:
        DataError: it has no fields, too many, or values that no lead has.
    """
    if not isinstance(value, Mapping):
        raise DataError("a lead is an object", fix='{"id": "…", "fields": {…}}')
    odd = sorted(set(map(str, value)) - {"id", "fields", "at", "created_at"})
    if odd:
        raise DataError(
            f"a lead has no {odd[0]!r}", fix="id, at, created_at and fields; columns go into fields"
        )
    fields = value.get("fields")
    if not isinstance(fields, Mapping):
        raise DataError("a lead without fields", where="fields", fix='"fields": {"country": "DE"}')
    if any(isinstance(entry, dict) for entry in fields.values()):
        fields = flat_fields(cast("dict[str, JsonValue]", dict(fields)))
    if len(fields) > MAX_FIELDS:
        raise DataError(
            f"a lead of {len(fields)} fields", where="fields", fix=f"at most {MAX_FIELDS}"
        )
    identity = value.get("id", "")
    if not isinstance(identity, str | int) or isinstance(identity, bool):
        raise DataError("not an id", where="id", fix="a text or a whole number")
    clean = {str(name): _value(str(name), entry) for name, entry in fields.items()}
    return Lead(str(identity)[:MAX_TEXT], clean, *_times(value))


def _times(value: Mapping[object, object]) -> tuple[datetime | None, datetime | None]:
    """When a lead came, or is decided on, and when it was still open: `at` and `created_at` of one that came before."""
    at, created_at = (_moment(value.get(name), name) for name in ("at", "created_at"))
    if created_at is None:
        return at, None
    if at is None:
        raise DataError(
            "created_at says how long a lead is open at a moment", where="at", fix="say that, too"
        )
    return min(created_at, at), at  # a CRM's clock may be ahead


def _value(name: str, value: object) -> Value:
    if isinstance(value, str):
        return without_visit(value[:MAX_TEXT])
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise DataError("not a finite number", where=f"fields.{name}", fix="leave it out")
        return number
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ";".join(str(one) for one in value)[:MAX_TEXT]
    raise DataError(
        "not a text, number, yes/no or list of these",
        where=f"fields.{name}",
        fix="a field of its own for each value",
    )


def _moment(value: object, where: str) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise DataError(
            "not a moment by ISO 8601", where=where, fix="2026-05-01T09:00:00Z"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)
