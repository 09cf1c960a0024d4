"""The hub's web server, put together: routers, errors, limits and headers.

Nothing is decided here; each part lives in its own package. What runs beside the server is `background.py`.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from functools import cache

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.exc import DataError as SqlDataError
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from cloud_sync.api import (
    blobs,
    bundles,
    cases,
    cmms,
    crm,
    datasets,
    device,
    fleet,
    intake,
    lead_scores,
    leads,
    mails,
    people,
    reviews,
    rollouts,
    samples,
    tuf,
)
from cloud_sync.api import (
    jobs as job_api,
)
from cloud_sync.background import start_parts
from cloud_sync.cmms.inbound import inbound_secrets
from cloud_sync.config import HubConfig
from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.errors import BusyError, http_status
from cloud_sync.fleet.broker import Broker
from cloud_sync.fleet.brokers import make_broker
from cloud_sync.fleet.probes import Shared
from cloud_sync.hub import Hub
from cloud_sync.intake.decode import MAX_STATUS_BYTES
from cloud_sync.limits import (
    AGAIN_S,
    CRM_BODY_BYTES,
    SMALL_BODY_BYTES,
    BodyLimit,
    Bound,
    DefaultHeaders,
    PlainAddress,
)
from cloud_sync.metrics import Exposition
from cloud_sync.quotas import Quota
from cloud_sync.shortcut import Handler, Shortcut
from cloud_sync.transit import TRANSIT_BYTES, Transit
from cloud_sync.web import pages
from cloud_sync.web.known_tokens import KnownTokens
from cloud_sync.web.security import NOT_KEPT, SECURITY_HEADERS
from kits.core.complaints import plain
from kits.core.errors import DataError, KitwrightError, did_you_mean
from kits.core.packed import MAX_PACK_BYTES

_DIGESTS_BYTES = 160 << 10
"""As many digests as are asked for at once, and some room."""
_HEALTH_S = 1.0
"""As long as it stands whether database and broker answer: strangers may ask."""
_TOLD = 3
"""So many faults of one request are told."""

_API = (
    crm,  # the most messages, so the first that is looked at
    device,
    blobs,
    bundles,
    rollouts,
    fleet,
    samples,
    reviews,
    cases,
    cmms,
    mails,
    lead_scores,
    leads,
    datasets,
    job_api,
    people,
    tuf,
    intake,
)


def create_app(config: HubConfig, *, ingest: bool = True, jobs: bool = True) -> FastAPI:
    """The web application of the hub in `config.data_dir`.

    Args:
        ingest: take what devices send in this process; False when a `cloud-sync worker` does.
        jobs: work off the job queue in this process.

    Raises:
        ConfigError: there is no hub, or its configuration is wrong.
        MachineError: the broker asked for is not installed.
    """
    hub = Hub.open(config)
    broker = make_broker(config)
    models = LeadModels(hub)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as parts:
            start_parts(
                hub, broker, parts, models, ingest=ingest, jobs=jobs, ending=app.state.ending
            )
            yield

    app = FastAPI(
        title=config.site_name,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        routes=[*_routes()],
    )
    app.state.hub = hub
    app.state.broker = broker
    app.state.ending = threading.Event()
    quota = Quota(config.leads.requests_per_min, config.leads.leads_per_day)
    app.state.lead_desk = lead_scores.Desk(hub, KnownTokens(hub), models, quota)
    app.state.cmms_secrets = inbound_secrets(config.cmms)
    app.state.crm_door = crm.Door(Inbox(hub), config.url)
    app.add_exception_handler(KitwrightError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_misfit)
    for unstorable in (SqlDataError, OverflowError, UnicodeEncodeError):
        app.add_exception_handler(unstorable, _answer_unstorable)
    pages.install(app)
    _add_probes(app, hub, broker)
    app.add_middleware(Shortcut, handlers=_OFTEN, refusal=_answer_error)
    small, special = _body_limits(config, hub)
    app.add_middleware(BodyLimit, limit=small, special=special)
    app.add_middleware(PlainAddress)
    app.add_middleware(DefaultHeaders, headers={**SECURITY_HEADERS, **NOT_KEPT})
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Those of all routers. FastAPI works out how to call each when it is first asked: 0.1 s, once and not for each application."""
    together = APIRouter()
    for part in (*_API, pages):
        _summarise(part.router)
        together.include_router(part.router)
    return tuple(together.routes)


def _body_limits(config: HubConfig, hub: Hub) -> tuple[Bound, dict[tuple[str, str], Bound]]:
    """What a body may be, and what some may. Who floods one kind of the unknown does not hold up the other."""
    limits, refused = config.limits, hub.metrics.bodies_refused
    hooks = Transit(TRANSIT_BYTES, refused.labels("webhooks").inc)
    others = Transit(TRANSIT_BYTES, refused.labels("others").inc)
    return Bound(min(SMALL_BODY_BYTES, limits.body_bytes), others), {
        ("PUT", "/v1/blobs/pack"): Bound(MAX_PACK_BYTES),
        ("POST", "/v1/blobs/missing"): Bound(_DIGESTS_BYTES, others),
        ("PUT", "/v1/blobs/"): Bound(max(limits.bundle_bytes, limits.blob_bytes)),
        ("PUT", "/v1/datasets/"): Bound(limits.dataset_bytes),
        ("POST", "/v1/tuf/"): Bound(limits.body_bytes),
        ("POST", "/v1/device/reported"): Bound(MAX_STATUS_BYTES, others),
        ("POST", "/v1/leads/score"): Bound(config.leads.request_bytes),
        ("POST", "/v1/cmms/"): Bound(MAX_STATUS_BYTES, hooks),
        ("POST", "/v1/crm/"): Bound(min(CRM_BODY_BYTES, limits.body_bytes), hooks),
    }


def _health(hub: Hub, broker: Broker) -> Shared:
    def ask() -> str:
        try:
            with hub.database.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except SQLAlchemyError:
            return "the database does not answer"
        return "" if broker.responds() else "the broker does not answer"

    return Shared(ask, first="nobody knows yet", seconds=_HEALTH_S)


async def healthz(request: Request) -> Response:
    """200 while database and broker answer, or did a second ago."""
    health: Shared = request.app.state.health
    wrong = health.at_hand()
    if wrong is None:
        wrong = await run_in_threadpool(health)
    return PlainTextResponse(wrong or "ok", status_code=503 if wrong else 200)


_OFTEN: Mapping[tuple[str, str], Handler] = {
    ("POST", "/v1/leads/score"): lead_scores.score_leads,
    ("POST", "/v1/crm/"): crm.receive_any,
    ("GET", "/healthz"): healthz,
}
"""What is asked by the thousand, and what strangers may ask; the routers have it too."""


def _add_probes(app: FastAPI, hub: Hub, broker: Broker) -> None:
    app.state.health = _health(hub, broker)
    app.get("/healthz", include_in_schema=False)(healthz)
    exposition = Exposition(hub.metrics, hub.database)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        """Figures for Prometheus: counts only, no names and no content."""
        content, media_type = exposition.text()
        return Response(content, media_type=media_type)


def _summarise(router: APIRouter) -> None:
    """A route without a summary gets the first line of its docstring, not its function's name."""
    for route in router.routes:
        if isinstance(route, APIRoute) and not route.summary:
            route.summary = (route.description or route.name).splitlines()[0].rstrip(".")


async def _answer_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KitwrightError)
    again = {"retry-after": str(AGAIN_S)} if isinstance(error, BusyError) else None
    return JSONResponse(error.as_dict(), status_code=http_status(error), headers=again)


async def _answer_misfit(request: Request, error: Exception) -> JSONResponse:
    """A parameter or a body that does not fit, in the form of every other error."""
    assert isinstance(error, RequestValidationError)
    faults = [
        f"{'.'.join(map(str, fault['loc']))}: {plain(fault)}" for fault in error.errors()[:_TOLD]
    ]
    fix = _said_as_json(request, error) or _what_fits(request, error)
    refused = DataError("; ".join(faults), where=request.url.path, fix=fix)
    return JSONResponse(refused.as_dict(), status_code=http_status(refused))


def _said_as_json(request: Request, error: RequestValidationError) -> str:
    """What to do about a body that was not read, because nothing said that it is JSON; empty: that is not it."""
    whole = any(tuple(fault["loc"]) == ("body",) for fault in error.errors())
    is_json = "json" in request.headers.get("content-type", "").lower()
    return "say that it is JSON: Content-Type: application/json" if whole and not is_json else ""


def _what_fits(request: Request, error: RequestValidationError) -> str:
    """The keys that a body takes, or the one that was meant; empty: its keys are right, or it is no object of ours."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model = body.field_info.annotation if body is not None else None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ""
    known = [field.alias or name for name, field in model.model_fields.items()]
    faults = {fault["type"]: str(fault["loc"][1]) for fault in error.errors() if len(fault["loc"]) == 2 and fault["loc"][0] == "body"}  # fmt: skip
    if "extra_forbidden" in faults:
        return did_you_mean(faults["extra_forbidden"], known)
    return f"the body takes: {', '.join(known)}" if "missing" in faults else ""


async def _answer_unstorable(_request: Request, _error: Exception) -> JSONResponse:
    """A value that the database does not take: a NUL or half a character in a text, a number beyond its own.

    PostgreSQL says so itself; SQLite's driver does not get as far.
    """
    refused = DataError(
        "a value that no database stores", fix="leave out NUL, half characters and endless numbers"
    )
    return JSONResponse(refused.as_dict(), status_code=http_status(refused))
