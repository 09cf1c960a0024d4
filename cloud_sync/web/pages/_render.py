"""Rendering: templates, the menu, safe headers, error pages. Knows no table but for the menu's counts.

Templates are escaped always and undefined names are errors. Every page carries the strict content
security policy of `web/security.py`; nothing is loaded from another host.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Coroutine
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from cloud_sync.errors import error_of, http_status
from cloud_sync.hub import Hub, get_hub
from cloud_sync.seldom import Seldom
from cloud_sync.store.room import no_room
from cloud_sync.web import words
from cloud_sync.web.auth import Identity, identify, require_page
from cloud_sync.web.next_steps import leads_alone
from cloud_sync.web.security import NOT_KEPT, SECURITY_HEADERS
from cloud_sync.web.view_models import menu_counts
from kits.core.errors import KitwrightError
from kits.core.harmless import printable

HERE = Path(__file__).resolve().parents[1]
log = logging.getLogger(__name__)

ViewerPage = Annotated[Identity, Depends(require_page("viewer"))]
ReviewerPage = Annotated[Identity, Depends(require_page("reviewer"))]
AdminPage = Annotated[Identity, Depends(require_page("admin"))]

_MENU = (
    ("Watch", (("/", "Overview"), ("/samples", "Samples"), ("/cases", "Cases"), ("/mails", "Mails"), ("/leads", "Leads"), ("/devices", "Devices"), ("/alerts", "Alerts"), ("/ledger", "Ledger"))),
    ("Learn", (("/review", "Review"), ("/datasets", "Datasets"), ("/jobs", "Jobs"))),
    ("Release", (("/bundles", "Bundles"), ("/rollouts", "Rollouts"))),
    ("Hub", (("/effects", "Effects"), ("/people", "People"))),
)  # fmt: skip
_OF_DEVICES = ("/cases", "/mails", "/ledger", "/rollouts")
"""Pages that are empty where no device ever was; those who sell need not look past them."""
_NEEDS = {"/review": "reviewer", "/people": "admin"}
_TITLES = {403: "Not allowed", 404: "Not found", 405: "Not possible", 500: "Something broke"}
_WHAT = {405: "This address takes other requests, not this one."}

STRANGERS_A_MINUTE = 20
"""Errors shown to people who are not signed in and written into the log; the next line says how many were left out."""
_PATH = 200
"""Characters of a path in the log."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The Jinja environment of all pages."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(words.FILTERS)
    return env


def render(
    request: Request, session: Session, who: Identity, template: str, /, **values: object
) -> HTMLResponse:
    """One page for a person who is signed in."""
    counts = menu_counts(session, who)
    menu = _menu(request, who, counts, _hidden(session))
    return _page(request, template, 200, who=who, menu=menu, **values)


def fragment(template: str, /, **values: object) -> HTMLResponse:
    """A piece of a page, for htmx and for the review page."""
    return _answer(environment().get_template(template).render(**values), 200)


def live_fragment(template: str, over: bool, /, **values: object) -> HTMLResponse:
    """A piece of a page that follows something.

    Args:
        over: that has ended, so the page around the piece, with its buttons, is out of date: htmx
            loads it again.
    """
    answer = fragment(template, **values)
    if over:
        answer.headers["HX-Refresh"] = "true"
    return answer


def bare_page(request: Request, template: str, status: int, /, **values: object) -> HTMLResponse:
    """A page for somebody who is not signed in."""
    return _page(request, template, status, who=None, menu=[], **values)


def _page(request: Request, template: str, status: int, /, **values: object) -> HTMLResponse:
    config = get_hub(request).config
    text = (
        environment()
        .get_template(template)
        .render(site_name=config.site_name, hub_url=config.url, **values)
    )
    return _answer(text, status)


def _answer(text: str, status: int) -> HTMLResponse:
    headers = {**SECURITY_HEADERS, **NOT_KEPT}
    return HTMLResponse(text, status_code=status, headers=headers)


def _hidden(session: Session) -> tuple[str, ...]:
    return _OF_DEVICES if leads_alone(session) else ()


def _menu(
    request: Request, who: Identity, counts: dict[str, int], hidden: tuple[str, ...] = ()
) -> list[tuple[str, list[object]]]:
    here = request.url.path
    menu: list[tuple[str, list[object]]] = []
    for group, entries in _MENU:
        links: list[object] = [
            {
                "path": path,
                "name": name,
                "count": counts.get(path, 0),
                "current": here == path or (path != "/" and here.startswith(path + "/")),
            }
            for path, name in entries
            if who.may(_NEEDS.get(path, "viewer"))  # type: ignore[arg-type]  # a table of roles
            and (path not in hidden or here.startswith(path))
        ]
        if links:
            menu.append((group, links))
    return menu


def error_page(request: Request, status: int, what: str, fix: str = "") -> Response:
    """An error as a page; its request id is in the log too."""
    request_id = secrets.token_hex(6)
    hub: Hub = get_hub(request)
    who = identify(hub, request)
    _log_error(request, request_id, status, who)
    menu = []
    if who is not None:
        with hub.database.session() as session:
            menu = _menu(request, who, {}, _hidden(session))
    return _page(
        request, "error.html", status, who=who, menu=menu, status=status,
        title=_TITLES.get(status, "This did not work"), what=what, fix=fix, request_id=request_id,
    )  # fmt: skip


def _log_error(request: Request, request_id: str, status: int, who: Identity | None) -> None:
    """Each of a person who is signed in, and of strangers so many a minute: they must not be able to fill the log."""
    left_out = 0 if who is not None else _strangers(request).ask()
    if left_out is None:
        return
    # a path may hold line ends, which would pass for another line, and what steers the terminal it is read in
    path = printable(request.url.path[:_PATH]).replace("\n", "\ufffd")
    log.warning(
        "event=page_error request=%s status=%d left_out=%d path=%s",
        request_id,
        status,
        left_out,
        path,
    )


def _strangers(request: Request) -> Seldom:
    """Of the application, as `auth.get_throttle`."""
    state = request.app.state
    if not hasattr(state, "errors_of_strangers"):
        state.errors_of_strangers = Seldom(STRANGERS_A_MINUTE, 60.0)
    seldom = state.errors_of_strangers
    assert isinstance(seldom, Seldom)
    return seldom


class PageRoute(APIRoute):
    """A route whose errors are shown as pages, not as JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_pages(request: Request) -> Response:
            if request.url.path.startswith("/v1/"):
                return await handle(request)
            try:
                return await handle(request)
            except KitwrightError as error:
                return error_page(request, http_status(error), error.what, error.fix)
            except RequestValidationError as error:
                return error_page(
                    request, 404, f"There is no such page: {error.errors()[0]['msg']}."
                )
            except HTTPException as error:
                if error.status_code < 400:
                    raise
                return error_page(request, error.status_code, str(error.detail))

        return handle_with_pages


def install(app: FastAPI) -> None:
    """Shows unknown addresses, full disks and bugs as pages to browsers; the API keeps answering JSON."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        if error.status_code < 400:
            return Response(status_code=error.status_code, headers=error.headers)
        if _wants_json(request):
            told = error_of(error.status_code, str(error.detail), request.url.path)
            return JSONResponse(
                told.as_dict(), status_code=error.status_code, headers=error.headers
            )
        what = _WHAT.get(error.status_code, "There is nothing at this address.")
        return error_page(request, error.status_code, what)

    async def full(request: Request, error: Exception) -> Response:
        assert isinstance(error, OperationalError)
        told = no_room(get_hub(request).database.engine, error)
        if told is None:
            raise error  # a bug, or a database that is away
        if _wants_json(request):
            return JSONResponse({**told.as_dict(), "where": ""}, http_status(told))
        return error_page(request, http_status(told), told.what, told.fix)

    async def bug(request: Request, _error: Exception) -> Response:
        what = "This is a fault of the hub, not yours. Its log has the details."
        if _wants_json(request):
            return JSONResponse(
                {"error": "InternalError", "what": what, "where": "", "fix": ""}, 500
            )
        return error_page(request, 500, what)

    app.add_exception_handler(StarletteHTTPException, refused)
    app.add_exception_handler(OperationalError, full)
    app.add_exception_handler(Exception, bug)


def _wants_json(request: Request) -> bool:
    return request.url.path.startswith("/v1/") or "text/html" not in request.headers.get(
        "accept", ""
    )
