"""The hub's web server, put together: routers, lifespan, errors, limits and headers.

Nothing is decided here; each part lives in its own package.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from cloud_sync.config import HubConfig
from cloud_sync.errors import http_status
from cloud_sync.hub import Hub
from cloud_sync.store.db import migrate
from kits.core.errors import KitwrightError

ROUTERS = (
    "cloud_sync.api.device",
    "cloud_sync.api.blobs",
    "cloud_sync.api.bundles",
    "cloud_sync.api.rollouts",
    "cloud_sync.api.fleet",
    "cloud_sync.api.samples",
    "cloud_sync.api.reviews",
    "cloud_sync.api.datasets",
    "cloud_sync.api.jobs",
    "cloud_sync.api.people",
    "cloud_sync.web.pages",
)


def create_app(config: HubConfig) -> FastAPI:
    """The web application of the hub in `config.data_dir`."""
    hub = Hub.open(config)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        migrate(hub.database)
        yield
        hub.close()

    app = FastAPI(title=config.site_name, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.hub = hub
    app.add_exception_handler(KitwrightError, _answer_error)
    for name in ROUTERS:
        if find_spec(name) is not None:
            app.include_router(import_module(name).router)
    return app


async def _answer_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KitwrightError)
    return JSONResponse(error.as_dict(), status_code=http_status(error))
