"""Sign-in, sign-out and the files that pages load."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from cloud_sync.errors import NotFoundError, UnauthenticatedError
from cloud_sync.hub import HubDep
from cloud_sync.web import auth
from cloud_sync.web.pages._render import HERE, PageRoute, ViewerPage, bare_page
from cloud_sync.web.security import SECURITY_HEADERS

router = APIRouter(route_class=PageRoute)
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


@router.get("/login")
def login_form(request: Request, next: str = "/") -> Response:
    """The sign-in page."""
    target = auth.safe_next(next)
    return bare_page(request, "login.html", 200, next=target, problem="", login="")


@router.post("/login")
def sign_in(
    request: Request,
    hub: HubDep,
    login: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Opens a session, or shows the form again with what is wrong."""
    auth.refuse_foreign_origin(request)
    target = auth.safe_next(next)
    throttle = auth.get_throttle(request)
    address = auth.client_address(request)
    try:
        new = auth.login(hub, throttle, login, password, address=address)
    except UnauthenticatedError as error:
        problem = ", ".join(part for part in (error.what, error.fix) if part)
        return bare_page(request, "login.html", 401, next=target, problem=problem, login=login)
    response = RedirectResponse(target, status_code=303)
    auth.set_cookie(response, new, hub)
    return response


@router.post("/logout")
def sign_out(request: Request, hub: HubDep, _who: ViewerPage) -> Response:
    """Ends the session."""
    auth.logout(hub, request.cookies.get(auth.COOKIE, ""))
    response = RedirectResponse("/login", status_code=303)
    auth.drop_cookie(response)
    return response


@lru_cache(maxsize=1)
def _static_files() -> dict[str, str]:
    root = HERE / "static"
    return {
        path.relative_to(root).as_posix(): _TYPES[path.suffix]
        for path in sorted(root.rglob("*"))
        if path.suffix in _TYPES
    }


@router.get("/static/{path:path}")
def static_file(path: str) -> Response:
    """A file that ships with the package; only those that were there at the start."""
    media_type = _static_files().get(path)
    if media_type is None:
        raise NotFoundError("There is no such file.")
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache"}
    return FileResponse(HERE / "static" / path, media_type=media_type, headers=headers)
