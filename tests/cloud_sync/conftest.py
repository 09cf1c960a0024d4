"""Fixtures of the hub's tests: the same tests on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from cloud_sync import setup
from cloud_sync.config import load
from cloud_sync.crm.kinds.hubspot import client as hubspot
from cloud_sync.hub import Hub
from cloud_sync.web import security
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.postgres import (
    drop_database,
    fresh_database,
    name_in,
    running_cluster,
    url_of,
)
from tests.cloud_sync.quick_tables import quick_tables  # noqa: F401  a fixture
from tests.cloud_sync.shared_statements import shared_statements  # noqa: F401  a fixture
from tests.cloud_sync.tables import make_tables
from tests.quick_disk import no_waiting_for_the_disk  # noqa: F401  a fixture
from tests.release_engineer import Engineer

_REAL = security._hasher


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is marked `postgresql_in_all` is tried on SQLite at every change, on PostgreSQL by `make test-all`."""
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        if params.get("database_url") == "postgresql" and item.get_closest_marker(
            "postgresql_in_all"
        ):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[Callable[[], PasswordHasher]]:
    """Passwords cost next to nothing in tests: they were a sixth of all that tests of pages computed. What makes the hub's."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(security, "_hasher", lambda: quick)
        security._decoy.cache_clear()
        yield _REAL
    security._decoy.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def quick_init() -> Iterator[None]:
    """`cloud-sync init` copies the tables it would make: that it makes them is what `test_setup.py` looks at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "migrate", make_tables)
        yield


@pytest.fixture
def searches_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """HubSpot's search is asked as often as one likes, for tests whose account has no limits either."""
    monkeypatch.setattr(hubspot, "PER_10S", 5000.0)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """One PostgreSQL server for the session."""
    with running_cluster() as socket:
        yield socket


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind the hub supports, which `make_tables` makes."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'hub.sqlite'}"
        return
    cluster = request.getfixturevalue("cluster")
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    yield url
    drop_database(cluster, url)


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """The same, which is there and has no tables."""
    if not database_url.startswith("sqlite"):
        fresh_database(request.getfixturevalue("cluster"), name_in(database_url))
    return database_url


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with tables and key; nothing runs."""
    with make_hub(tmp_path) as hub:
        yield hub


@pytest.fixture
def initialised(tmp_path: Path) -> Iterator[Hub]:
    """A hub as `cloud-sync init` makes it, with its file and first person."""
    setup.init(tmp_path / "hub", "admin", "four random words", {})
    opened = Hub.open(load(tmp_path / "hub"))
    yield opened
    opened.close()


@pytest.fixture
def engineer(hub: Hub) -> Engineer:
    """Who signs for it; nothing is signed yet."""
    return Engineer(hub.keys.public_keys()[0])
