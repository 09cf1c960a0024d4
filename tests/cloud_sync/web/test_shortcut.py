"""The short way to what is asked by the thousand: answered as by the routes, and nothing else takes it."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.testclient import TestClient
from starlette.types import Message, Scope

from cloud_sync.errors import NotFoundError
from cloud_sync.shortcut import Shortcut


async def here(request: Request) -> Response:
    """Says what it was asked, or that it is not there."""
    if request.url.query:
        raise NotFoundError("not here")
    return PlainTextResponse(f"{request.url.path} {(await request.body()).decode()}")


async def refuse(_request: Request, error: Exception) -> Response:
    return JSONResponse({"what": str(error)}, status_code=404)


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()

    app.add_api_route("/{rest:path}", lambda: "by the route", methods=["GET", "POST"])
    app.add_middleware(Shortcut, handlers={("POST", "/a/b"): here, ("POST", "/c/"): here}, refusal=refuse)  # fmt: skip
    return TestClient(app)


@pytest.mark.parametrize("path", ["/a/b", "/c/x", "/c/x/y"])
def test_what_is_asked_often_goes_the_short_way(client: TestClient, path: str) -> None:
    assert client.post(path, content=b"body").text == f"{path} body"


@pytest.mark.parametrize("path", ["/a/b/", "/a", "/a/b/c", "/c/", "/c", "/c//x", "/c/x/", "/c/x/y/z", "/x/c/y", "//a/b"])  # fmt: skip
def test_everything_else_goes_by_its_route(client: TestClient, path: str) -> None:
    assert client.post(f"http://testserver{path}").json() == "by the route"


@pytest.mark.parametrize("path", ["/a/b", "/c/x"])
def test_another_method_goes_by_its_route(client: TestClient, path: str) -> None:
    assert client.get(path).json() == "by the route"


def test_who_has_gone_is_not_answered_and_is_no_error() -> None:
    sent: list[Message] = []

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/a/b", "query_string": b"", "headers": []}  # fmt: skip
    short = Shortcut(PlainTextResponse("by the route"), {("POST", "/a/b"): here}, refuse)
    asyncio.run(short(scope, gone, send))
    assert sent == []


def test_an_error_for_people_is_told_as_everywhere(client: TestClient) -> None:
    answer = client.post("/a/b?x=1")
    assert (answer.status_code, answer.json()) == (404, {"what": "not here"})
