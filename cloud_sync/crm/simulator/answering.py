"""A route of a pretended API: who asks is let in or refused in the vendor's words before anything is done."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

Body = dict[str, Any]  # a request's JSON object or form: whatever somebody sent
Query = Mapping[str, str]
Handler = Callable[[Body, Query], Response]
"""Body, and query with the path's parameters → answer."""
Admit = Callable[[Request, str], Mapping[str, str]]
"""Request and right → headers for the answer; raises ApiError for who is not let in."""
Route = tuple[str, str, str, Handler]
"""Method, path, the right it needs, and what it does."""


class ApiError(Exception):
    """A refusal, as the vendor words it."""

    def __init__(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def add_table(app: FastAPI, table: list[Route], admit: Admit) -> None:
    """Adds routes; `admit` is asked with the request and the right."""
    for method, path, right, handler in table:
        app.router.add_route(path, _route(handler, admit, right), methods=[method])


def _route(handler: Handler, admit: Admit, right: str) -> Callable[[Request], Awaitable[Response]]:
    async def route(request: Request) -> Response:
        try:
            headers = admit(request, right)
            body = await body_of(request)
            answer = handler(body, query_of(request))
        except ApiError as error:
            return JSONResponse(error.body, error.status, error.headers)
        answer.headers.update(headers)
        return answer

    return route


def query_of(request: Request) -> Query:
    """What stands in the address, and what a client prefers, under `header:prefer`."""
    preferred = {"header:prefer": request.headers.get("prefer", "")}
    return {**request.query_params, **request.path_params, **preferred}


async def body_of(request: Request) -> Body:
    """JSON or a form; nothing for a GET. Raises ApiError for what is neither."""
    content = await request.body()
    if not content:
        return {}
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {name: values[0] for name, values in parse_qs(content.decode()).items()}
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ApiError(400, {"message": "invalid JSON"}) from None
    if not isinstance(found, dict):
        raise ApiError(400, {"message": "not an object"})
    return found
