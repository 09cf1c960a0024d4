"""`POST /v1/leads/score`: scores of leads that a program sends, one or many at once. Nothing of them is stored.

The body is read here and not by the framework: only who may ask has it parsed, and a bad lead costs only itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field, JsonValue, SkipValidation, ValidationError, WithJsonSchema
from pydantic_core import from_json, to_json
from starlette.concurrency import run_in_threadpool

from cloud_sync.crm.inbound.messages import TwiceError, single_keys
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.scoring.payloads import score_each
from cloud_sync.crm.scoring.scored import LeadScore
from cloud_sync.crm.scoring.unused import Unused
from cloud_sync.errors import http_status
from cloud_sync.hub import Hub
from cloud_sync.quotas import Asked, Quota
from cloud_sync.web.auth import Identity
from cloud_sync.web.known_tokens import KnownTokens
from kits.core.complaints import plain
from kits.core.errors import DataError
from kits.core.ready import ReadyBundle
from kits.core.sample import utc_now
from kits.core.section import Section

router = APIRouter(prefix="/v1/leads", tags=["leads"])

MAX_LEADS = 1000
QUICK_BYTES = 16 << 10
"""A body up to here is read without a thread; one lead in it takes a millisecond or two at the most."""
SOME_FAILED = 207
TOO_MANY = 429
Json = dict[str, JsonValue]

_LEAD: Json = {
    "id": "4711",
    "fields": {
        "country": "DE", "source": "webinar", "employees": 120, "demo_requested": True,
        "revenue": "1.200,50", "last_visit": "soon", "indsutry": "retail",
    },
    "at": "2026-05-04T09:00:00Z", "created_at": "2026-04-21T15:30:00Z",
}  # fmt: skip
_SCORE: Json = {
    "probability": 0.31, "low": 0.24, "high": 0.39, "confidence": 0.9, "points": 31, "percentile": 0.92,
    "band": "hot", "days_open": 12.729, "probability_when_new": 0.34,
    "reasons": [
        {
            "text": "asked for a demo: 31 % of such leads buy, average 11 %",
            "direction": "for", "weight": 0.9, "field": "demo_requested", "value": True,
        }
    ],
    "hints": ["ask for the budget"], "unknown_fields": ["industry"], "new_values": [],
    "unreadable_fields": ["last_visit"], "unused_fields": ["indsutry"],
    "did_you_mean": {"indsutry": "industry"}, "opted_out": False,
    "base_rate": 0.11, "bundle": "3f1c…",
}  # fmt: skip
_FAULT: Json = {
    "error": "DataError", "what": "a lead without fields", "where": "fields",
    "fix": '"fields": {"country": "DE"}',
}  # fmt: skip
_EXAMPLES = {
    "one": {"summary": "one lead", "value": {"lead": _LEAD}},
    "many": {
        "summary": "many leads of a project",
        "value": {
            "project": "leads",
            "leads": [_LEAD, {"id": "4712", "fields": {"country": "FR"}}],
        },
    },
}
_ANSWERS: dict[int | str, dict[str, Any]] = {  # Any: FastAPI's own type
    200: {
        "description": (
            "the score, or one for each lead in the order they were sent. `unknown_fields`: columns that the bundle asks "
            "for and that were not sent; `unused_fields`: those that were sent and that it does not know; `did_you_mean`: "
            "which of the former such a one may be; `probability_when_new`: what it would be if the lead had just come; `low` and `high`: between which shares such leads bought, at `confidence`"
        ),
        "content": {
            "application/json": {
                "examples": {
                    "one": {"value": {"project": "leads", "id": "4711", **_SCORE}},
                    "many": {
                        "value": {
                            "project": "leads", "scored": 1, "failed": 0,
                            "results": [{"id": "4711", "score": _SCORE}],
                        }
                    },
                }
            }
        },
    },
    SOME_FAILED: {
        "description": "some leads could not be scored, each says why",
        "content": {
            "application/json": {
                "example": {
                    "project": "leads", "scored": 1, "failed": 1,
                    "results": [{"id": "4711", "score": _SCORE}, {"id": "4712", "error": _FAULT}],
                }
            }
        },
    },
    401: {"description": "no token, or one that is not known"},
    404: {"description": "no such project, or no bundle of it is in force"},
    413: {"description": "more than the hub takes at once"},
    422: {"description": "no lead could be read, or the one that was sent"},
    TOO_MANY: {"description": "more than this token may ask; `Retry-After` says how long to wait"},
}  # fmt: skip


_LEAD_SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": ["string", "integer"], "description": "comes back with the score"},
        "at": {"type": "string", "format": "date-time", "description": "as of when; now, if it is left out"},
        "created_at": {
            "type": "string", "format": "date-time",
            "description": "when it came, of one that is still open: it is given what is left of its chance; left out: it has just come",
        },
        "fields": {"type": "object", "description": "column → value, as they were learned from"},
    },
    "required": ["fields"],
    "additionalProperties": False,
}  # fmt: skip
_AnyLead = Annotated[JsonValue, SkipValidation, WithJsonSchema(_LEAD_SCHEMA)]
"""Each is looked at by itself, so that one that cannot be read says so and the others are scored."""


class ScoreRequest(Section):
    """One lead or many; a lead is `{"id", "fields", "at", "created_at"}`, of which only the fields are needed."""

    project: str = Field(
        "", max_length=64, description="whose bundle; empty: the only one there is"
    )
    lead: _AnyLead = Field(None, description="one lead")
    leads: list[_AnyLead] | None = Field(
        None, max_length=MAX_LEADS, description="at most 1,000 leads"
    )


_GZIP = b"\x1f\x8b"
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": ScoreRequest.model_json_schema(), "examples": _EXAMPLES,
            }
        },
    }
}  # fmt: skip


async def get_models(request: Request) -> LeadModels:
    """The models of the application's desk; not in a thread of its own, which costs more than it does."""
    return _desk(request).models


def _desk(request: Request) -> Desk:
    desk = request.app.state.lead_desk
    assert isinstance(desk, Desk)
    return desk


@router.post("/score", responses=_ANSWERS, openapi_extra=_BODY, summary="Score leads")
async def score_leads(request: Request) -> Response:
    """Probability with its interval, points, percentile, band, reasons and hints of each lead. Nothing is stored."""
    return await _desk(request).answer(request)


class Desk:
    """Answers who asks for scores: one small lead here and now, where nothing has to be looked up; else in a thread.

    A thread for each lead costs more than its score.

    Args:
        known: who may ask.
        models: what scores.
        quota: how much a token may ask.
    """

    def __init__(self, hub: Hub, known: KnownTokens, models: LeadModels, quota: Quota) -> None:
        self._hub = hub
        self._known = known
        self._quota = quota
        self.models = models

    async def answer(self, request: Request) -> Response:
        """The scores of a request. Raises KitwrightError: nothing was scored."""
        who = self._known.at_hand(request, "viewer")
        if who is None:
            who = await run_in_threadpool(self._known.identify, request, "viewer")
        body = await request.body()
        if len(body) <= QUICK_BYTES:
            asked = read_request(body)
            place = self.models.at_hand(asked.project) if asked.leads is None else None
            if place is not None:
                return self._scored(who, asked, place)
        return await run_in_threadpool(self._looked_up, who, body)

    def _looked_up(self, who: Identity, body: bytes) -> Response:
        return self._scored(who, read_request(body))

    def _scored(
        self, who: Identity, asked: ScoreRequest, place: tuple[str, ReadyBundle] | None = None
    ) -> Response:
        leads = asked.leads if asked.leads is not None else [asked.lead]
        # a token is one program; who looks by hand has the same
        key = f"token {who.token}" if who.token else f"person {who.person_id}"
        allowed = self._quota.ask(key, len(leads))
        counted = self._hub.metrics.leads_asked
        if not allowed.allowed:
            counted.labels("refused").inc(len(leads))
            return _refused(allowed)
        project, ready = place or self.models.serving(asked.project)
        found = [
            self.models.placed(project, one) if isinstance(one, LeadScore) else one
            for one in score_each(ready, [_timed(lead) for lead in leads])
        ]
        answers = _scores(leads, found, Unused.of(ready))
        good = sum("score" in answer for answer in answers)
        for outcome, count in (("scored", good), ("failed", len(leads) - good)):
            counted.labels(outcome).inc(count)
        if asked.leads is None:
            return _one(project, answers[0], allowed)
        told = {
            "project": project, "bundle": ready.id, "scored": good, "failed": len(leads) - good,
            "results": answers,
        }  # fmt: skip
        status = 200 if good == len(leads) else SOME_FAILED if good else 422
        return _json(told, status, allowed)


def read_request(body: bytes) -> ScoreRequest:
    """What is asked for.

    Raises:
        DataError: compressed, not JSON, a key twice, not a request, or neither one lead nor some.
    """
    if body.startswith(_GZIP):
        raise DataError("a compressed body is not read here", where="body", fix="plain JSON, without Content-Encoding")  # fmt: skip
    try:
        told = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise DataError(
            "the body is not JSON", where="body", fix='{"lead": {"fields": {…}}}'
        ) from error
    _require_single_keys(body)
    try:
        asked = ScoreRequest.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise DataError(plain(first), where=where, fix='{"lead": {…}} or {"leads": […]}') from error
    if (asked.lead is None) == (asked.leads is None):
        raise DataError("either `lead` or `leads` is needed", where="body")
    return asked


def _require_single_keys(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=single_keys, parse_int=str, parse_float=str)
    except TwiceError as error:
        raise DataError(str(error), where="body", fix="each key once") from error


def _timed(lead: JsonValue) -> Mapping[str, JsonValue]:
    """A lead that says no time is asked about now."""
    if not isinstance(lead, dict):
        return {"fields": lead}  # which is said to be none
    return lead if lead.get("at") else {**lead, "at": utc_now().isoformat()}


def _scores(
    leads: Sequence[JsonValue], found: Sequence[LeadScore | DataError], unused: Unused
) -> list[Json]:
    answers: list[Json] = []
    for lead, one in zip(leads, found):
        told = lead if isinstance(lead, dict) else {}
        name, fields = told.get("id"), told.get("fields")
        name = name if isinstance(name, (str, int)) else ""
        if isinstance(one, DataError):
            error: Json = dict(one.as_dict())
            answers.append({"id": name, "error": error})
        else:
            sent = unused.told(fields if isinstance(fields, dict) else {})
            answers.append({"id": name, "score": {**one.as_json(), **sent}})
    return answers


def _one(project: str, answer: Json, allowed: Asked) -> Response:
    score = answer.get("score")
    if isinstance(score, dict):
        return _json({"project": project, "id": answer["id"], **score}, 200, allowed)
    return _json(answer["error"], http_status(DataError("")), allowed)


def _json(told: object, status: int, allowed: Asked) -> Response:
    return Response(
        to_json(told), status_code=status, media_type="application/json", headers=allowed.headers()
    )


def _refused(allowed: Asked) -> Response:
    told = {
        "error": "TooManyError", "what": allowed.what, "where": "token",
        "fix": f"wait {allowed.after_s} seconds, or raise the section leads of hub.yaml",
    }  # fmt: skip
    return JSONResponse(told, TOO_MANY, headers=allowed.headers())
