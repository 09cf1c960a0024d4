"""What errors of pages leave in the log: a stranger neither fills it nor writes lines of his own into it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cloud_sync.web.pages import _render
from cloud_sync.web.pages._render import STRANGERS_A_MINUTE
from tests.cloud_sync.hub_builders import add_person, open_hub

PAGE = {"accept": "text/html"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """A hub's pages, and the headers of somebody whom it knows."""
    with open_hub(tmp_path) as (opened, hub):
        yield opened, add_person(hub, "ada", "viewer")


@pytest.fixture
def client(site: tuple[TestClient, dict[str, str]]) -> TestClient:
    return site[0]


@pytest.fixture
def person(site: tuple[TestClient, dict[str, str]]) -> dict[str, str]:
    return site[1]


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == _render.__name__]


def test_a_path_is_cut_and_steers_no_terminal(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/a%0Aevent=hub_started%0D%1B%5B2J%E2%80%AE" + "x" * 5000, headers=PAGE)
    [line] = lines(caplog)
    assert "\n" not in line and "\x1b" not in line and "\r" not in line and "\u202e" not in line
    assert len(line) < 300
    assert "path=/a" in line


def test_errors_of_strangers_are_logged_so_many_a_minute_those_of_people_all(
    client: TestClient, person: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(STRANGERS_A_MINUTE + 30):
        assert client.get("/nothing", headers=PAGE).status_code == 404
    assert len(lines(caplog)) == STRANGERS_A_MINUTE
    for _ in range(3):
        client.get("/nothing", headers={**PAGE, **person})
    assert len(lines(caplog)) == STRANGERS_A_MINUTE + 3


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/v1/jobs/{1 << 63}", b""),
        ("GET", f"/v1/jobs?before={1 << 63}", b""),
        ("GET", f"/v1/rollouts/{10**30}", b""),
        ("POST", "/v1/retrainings", b'{"project": "\\ud800"}'),
        ("POST", "/v1/tokens", b'{"name": "x", "login": "\\ud800"}'),
        ("GET", f"/jobs/{1 << 63}", b""),
    ],
)
def test_what_no_database_stores_is_refused_in_words(
    tmp_path: Path, method: str, path: str, body: bytes
) -> None:
    with open_hub(tmp_path) as (client, hub):
        headers = {**add_person(hub, "eve", "admin"), "content-type": "application/json"}
        answer = client.request(method, path, headers=headers, content=body)
    assert answer.status_code == 422
    assert answer.json()["what"] == "a value that no database stores"
