"""Every route under /v1: described, and closed to whom it does not know."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute
from starlette.types import Message, Scope

from cloud_sync import errors
from cloud_sync.app import create_app
from cloud_sync.config import parse
from cloud_sync.errors import http_status
from cloud_sync.limits import CRM_BODY_BYTES, SMALL_BODY_BYTES
from cloud_sync.web.auth import COOKIE
from kits.core.signing import SigningKey
from tests.cloud_sync.hub_builders import add_person, open_hub

PUBLIC = {("POST", "/v1/enroll")}
"""Takes a one-time token instead of an identity."""
DEVICE_ONLY = {
    ("GET", "/v1/device/desired"), ("POST", "/v1/device/reported"), ("POST", "/v1/device/time"),
    ("POST", "/v1/device/certificate"),
}  # fmt: skip
SIGNED = {
    ("POST", "/v1/cmms/{name}"), ("POST", "/v1/crm/{name}"), ("POST", "/v1/crm/{name}/{tail}"),
}  # fmt: skip
"""Takes a signature of the body instead of an identity."""
SELF_SERVICE = {
    ("POST", "/v1/tokens"), ("DELETE", "/v1/tokens/{token_id}"), ("POST", "/v1/leads/score"),
}  # fmt: skip
"""What a viewer may ask for: tokens of its own, with no more than its own role; scores, which are not stored."""
VALUES = {
    "digest": "a" * 64, "dataset_id": "a" * 64, "bundle_id": "a" * 64, "number": "1",
    "name": "press-1", "sample_id": "x", "job_id": "1", "login": "nobody", "token_id": "1",
    "alert_id": "1", "case_id": "x", "tail": "x", "connection": "sales", "object_id": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with open_hub(tmp_path_factory.mktemp("hub")) as (client, hub):
        client.viewer = add_person(hub, "vera", "viewer")  # type: ignore[attr-defined]
        yield client


def routes() -> list[tuple[str, str]]:
    """(method, path) of the API, found without starting anything."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        config = parse({}, Path(folder))
        SigningKey.create(config.keys_dir / "hub.pem")
        app = create_app(config)
        app.state.hub.close()
    found = [route for route in walk(app.routes) if route.path.startswith("/v1")]
    return sorted((method, route.path_format) for route in found for method in route.methods)


def walk(found: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """All routes, also those FastAPI keeps inside of included routers."""
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from walk(inner.routes)


ALL = routes()


def status(client: TestClient, method: str, path: str, headers: dict[str, str]) -> int:
    return client.request(method, path.format(**VALUES), headers=headers).status_code


@pytest.mark.parametrize(("method", "path"), [r for r in ALL if r not in PUBLIC])
def test_nobody_enters_without_a_token(client: TestClient, method: str, path: str) -> None:
    assert status(client, method, path, {}) == 401
    assert status(client, method, path, {"Authorization": "Bearer kwt_wrong"}) == 401


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize(("method", "path"), [r for r in ALL if r[0] not in ("GET", "HEAD")])
def test_a_stranger_cannot_make_the_hub_take_in_much(
    client: TestClient, method: str, path: str, media_type: str
) -> None:
    taken, statuses = 0, []
    form = b'--x\r\nContent-Disposition: form-data; name="csrf"; filename="f"\r\n\r\n'

    async def receive() -> Message:
        nonlocal taken
        piece = (b"" if taken else form) + b"x" * (1 << 16)
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": taken < 8 << 20}

    async def send(message: Message) -> None:
        statuses.append(message.get("status"))

    # the cookie is one that once was a session's
    headers = [(b"content-type", media_type.encode()), (b"cookie", f"{COOKIE}=x".encode())]
    scope: Scope = {
        "type": "http", "method": method, "path": path.format(**VALUES), "headers": headers,
        "query_string": b"", "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    asyncio.run(client.app(scope, receive, send))
    assert statuses[0] in (401, 413)
    limit = CRM_BODY_BYTES if path.startswith("/v1/crm/") else SMALL_BODY_BYTES
    assert taken <= limit + len(form) + (1 << 16)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        r
        for r in ALL
        if r[0] not in ("GET", "HEAD") and r not in PUBLIC | DEVICE_ONLY | SELF_SERVICE | SIGNED
    ],
)
def test_a_viewer_changes_nothing(client: TestClient, method: str, path: str) -> None:
    assert status(client, method, path, client.viewer) == 403  # type: ignore[attr-defined]


@pytest.mark.parametrize(("method", "path"), [r for r in ALL if r[0] == "GET"])
def test_what_is_asked_stays_in_no_cache(client: TestClient, method: str, path: str) -> None:
    """Of a browser that others use, too."""
    for headers in ({}, client.viewer):  # type: ignore[attr-defined]
        answer = client.request(method, path.format(**VALUES), headers=headers)
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("method", "path"), sorted(DEVICE_ONLY | SIGNED))
def test_a_person_is_no_device(client: TestClient, method: str, path: str) -> None:
    assert status(client, method, path, client.viewer) == 401  # type: ignore[attr-defined]


def test_the_schema_is_built_without_warnings_and_writes_nothing(tmp_path: Path) -> None:
    config = parse({}, tmp_path)
    SigningKey.create(config.keys_dir / "hub.pem")
    app = create_app(config)
    before = sorted(tmp_path.rglob("*"))
    schema = app.openapi()
    app.state.hub.close()
    assert sorted(tmp_path.rglob("*")) == before
    described = {
        (method.upper(), path): operation["summary"]
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    }
    assert len(described) > 40
    assert set(described) <= set(ALL)
    assert all(len(text.split()) > 1 for text in described.values()), described
    assert len(set(described.values())) == len(described)


def test_what_the_openapi_document_points_at_is_in_it(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()

    def pointers(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for one in value.values():
                yield from pointers(one)
        elif isinstance(value, list):
            for one in value:
                yield from pointers(one)

    for pointer in set(pointers(schema)):
        place: object = schema
        for step in pointer.removeprefix("#/").split("/"):
            assert isinstance(place, dict) and step in place, pointer
            place = place[step]


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/v1/nowhere", 404, "NotFoundError"),
        ("PUT", "/v1/leads/score", 405, "WrongMethodError"),
        ("POST", "/v1/enroll", 400, "MalformedError"),
    ],
)
def test_what_the_framework_refuses_is_called_what_it_is(
    client: TestClient, method: str, path: str, status: int, error: str
) -> None:
    as_json = {"content-type": "application/json"}
    answer = client.request(method, path, content=b'"\xff"', headers=as_json)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["where"] == path and http_status(getattr(errors, error)("")) == status


def test_a_browser_is_told_that_an_address_takes_other_requests(client: TestClient) -> None:
    page = client.put("/healthz", headers={"accept": "text/html"})
    assert page.status_code == 405 and "takes other requests" in page.text
