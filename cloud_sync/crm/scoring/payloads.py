"""Records as a bundle takes them, and their scores: many at once, and one by one where some cannot be scored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from pydantic import JsonValue

from cloud_sync.crm.kinds.base import Record
from cloud_sync.crm.scoring.scored import MEDIA_TYPE, LeadScore, score_of
from kits.core.errors import DataError
from kits.core.prediction import Prediction
from kits.core.ready import ReadyBundle
from kits.core.runtime import Heeds, Payload, Sifts

_FIRST = datetime(1990, 1, 1, tzinfo=timezone.utc)
"""No CRM made a lead before: such a date is an empty one."""
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def payload_of(ready: ReadyBundle, told: Mapping[str, JsonValue]) -> Payload:
    """A lead (`id`, `fields`, `at`) as the bundle's runtime takes it.

    Raises:
        DataError: it is no lead.
    """
    try:
        content = _JSON.encode(told).encode()
    except (ValueError, UnicodeEncodeError) as error:
        raise DataError("a lead must be JSON, with finite numbers and whole characters") from error
    return ready.runtime.decode(content, MEDIA_TYPE)


def score_all(
    ready: ReadyBundle,
    records: Sequence[Record],
    now: datetime,
    since: Mapping[str, datetime] = {},
) -> tuple[dict[str, LeadScore], dict[str, str]]:
    """Scores by object id, and why others have none.

    Args:
        since: object id → since when it counts as new, where that is not since it came.
    """
    named: list[tuple[str, dict[str, JsonValue]]] = [
        (
            one.object_id,
            {
                "id": one.object_id,
                "fields": one.fields,
                **_times(one, now, since.get(one.object_id)),
            },
        )
        for one in records
    ]
    answers = score_each(ready, [told for _name, told in named], keep=True)
    scores: dict[str, LeadScore] = {}
    faults: dict[str, str] = {}
    for (name, _told), answer in zip(named, answers):
        if isinstance(answer, DataError):
            faults[name] = f"{answer.what}{f' ({answer.where})' if answer.where else ''}"
        else:
            scores[name] = answer
    return scores, faults


def _times(record: Record, now: datetime, since: datetime | None) -> dict[str, JsonValue]:
    """When it is scored, and when it came, where its CRM says so: a lead that stays open has what is left of its chance."""
    came = record.created_at
    if came is None or came < _FIRST:
        return {"at": now.isoformat()}
    return {"at": now.isoformat(), "created_at": (since or came).isoformat()}


def heeded(ready: ReadyBundle, records: Sequence[Record], now: datetime) -> list[Record]:
    """The records; decided ones, which nobody scores, with what the bundle's own columns say of opting out."""
    decided = [one for one in records if one.outcome and not one.opted_out]
    if not decided or objecting(ready) == ():
        return [*records]
    scores, _faults = score_all(ready, decided, now)
    out = {name for name, score in scores.items() if score.opted_out}
    return [replace(one, opted_out=True) if one.object_id in out else one for one in records]


def objecting(ready: ReadyBundle) -> tuple[str, ...] | None:
    """Columns by which the bundle hears who is not to be scored; None: it does not say which."""
    runtime = ready.runtime
    return runtime.objecting if isinstance(runtime, Heeds) else None


def unheard_in(ready: ReadyBundle, records: Sequence[Record]) -> dict[str, str]:
    """By object id, the first of these columns that its record does not have: its silence takes no objection back."""
    wanted = objecting(ready) or ()
    lacking = (
        (one.object_id, next((name for name in wanted if name not in one.fields), ""))
        for one in records
    )
    return {object_id: name for object_id, name in lacking if name}


def trials_among(ready: ReadyBundle, records: Sequence[Record]) -> dict[str, str]:
    """What records are taken for that are hardly leads, by object id; none where the project takes all for leads."""
    runtime = ready.runtime
    if not isinstance(runtime, Sifts) or not runtime.sifts:
        return {}
    judged = ((one.object_id, runtime.taken_for(one.persons)) for one in records if one.persons)
    return {object_id: what for object_id, what in judged if what}


def score_each(
    ready: ReadyBundle, leads: Sequence[Mapping[str, JsonValue]], *, keep: bool = False
) -> list[LeadScore | DataError]:
    """A score or a fault for each lead, in their order; a bad one costs the others nothing but time.

    Args:
        keep: each score holds what of its lead is worth keeping.
    """
    answers: list[LeadScore | DataError | None] = [None] * len(leads)
    good: list[tuple[int, Payload]] = []
    for place, told in enumerate(leads):
        try:
            good.append((place, payload_of(ready, told)))
        except DataError as error:
            answers[place] = error
    for (place, payload), answer in zip(good, _predict(ready, [p for _, p in good])):
        answers[place] = (
            answer
            if isinstance(answer, DataError)
            else replace(score_of(ready, answer), kept=_kept(ready, payload) if keep else {})
        )
    return [answer for answer in answers if answer is not None]


def _kept(ready: ReadyBundle, payload: Payload) -> dict[str, JsonValue]:
    """The lead's fields as the kit keeps them: as an import of it would have them."""
    content, _media_type = ready.runtime.encode(payload)
    found = json.loads(content).get("fields")
    return found if isinstance(found, dict) else {}


def _predict(ready: ReadyBundle, payloads: Sequence[Payload]) -> list[Prediction | DataError]:
    if not payloads:
        return []
    try:
        return list(ready.predict(payloads))
    except DataError as error:
        if len(payloads) == 1:
            return [error]
    # one of them cannot be used: halves, so that a single bad one costs a few calls
    middle = len(payloads) // 2
    return [*_predict(ready, payloads[:middle]), *_predict(ready, payloads[middle:])]
