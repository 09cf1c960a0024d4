"""One hub per kind of broker for all integration tests; each test brings its own device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge_agent.machine_parts import write_level_kit
from tests.edge_agent.parts import write_tiny_kit
from tests.integration.site import Site


@pytest.fixture(scope="session")
def kit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kits of a third party, for `PYTHONPATH`."""
    folder = tmp_path_factory.mktemp("kit")
    write_tiny_kit(folder)
    write_level_kit(folder)
    return folder


@pytest.fixture(scope="session", params=["mosquitto", "embedded"])
def any_site(
    request: pytest.FixtureRequest, kit_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A hub that serves with each kind of broker in turn."""
    made = Site(tmp_path_factory.mktemp(request.param), request.param, kit_folder)
    made.serve()
    yield made
    made.close()


@pytest.fixture(scope="session")
def shared(kit_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A hub with mosquitto."""
    made = Site(tmp_path_factory.mktemp("site"), "mosquitto", kit_folder)
    yield made
    made.close()


@pytest.fixture
def site(shared: Site) -> Site:
    """The same, serving also when the test before ended badly."""
    shared.serve()
    return shared
