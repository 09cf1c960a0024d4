"""Hubs for these tests, and where their figures go.

With `KITWRIGHT_FIGURES=FILE` in the environment each test appends its figures and how it ended there,
as lines of JSON; `python -m benchmarks.reliability` makes the page from them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.edge_agent.parts import write_tiny_kit
from tests.edge_agent.update_bench import OLD, Bench
from tests.failure.moody import write_moody_kit
from tests.integration.hub import HubProcess
from tests.integration.site import Site

Record = Callable[[Mapping[str, object]], None]
HERE = "tests/failure/"


def _note(line: Mapping[str, object]) -> None:
    target = os.environ.get("KITWRIGHT_FIGURES", "")
    if target:
        with Path(target).open("a") as file:
            file.write(json.dumps(line) + "\n")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Notes how each test of this folder ended: the last word of its setup, call and teardown."""
    if not report.nodeid.startswith(HERE) or (report.when != "call" and report.passed):
        return
    reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
    _note({
        "test": report.nodeid.removeprefix(HERE), "outcome": report.outcome, "reason": reason,
        "took_s": round(report.duration, 1),
    })  # fmt: skip


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Takes a test's figures: printed, and appended to the file when one is named."""
    started = time.monotonic()

    def take(figures: Mapping[str, object]) -> None:
        name = request.node.nodeid.removeprefix(HERE)
        line = {
            "test": name,
            "slow": request.node.get_closest_marker("slow") is not None,
            "took_s": round(time.monotonic() - started, 1),
            "figures": dict(figures),
        }
        sys.stdout.write(json.dumps(line) + "\n")
        _note(line)

    return take


@pytest.fixture
def make_hub(tmp_path: Path) -> Iterator[Callable[..., HubProcess]]:
    """Makes hubs that end with the test."""
    made: list[HubProcess] = []

    def make(broker: str = "mosquitto", **changes: object) -> HubProcess:
        hub = HubProcess(tmp_path / f"hub-{len(made)}", broker, **changes)
        made.append(hub)
        return hub

    yield make
    for hub in made:
        hub.close()


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes hubs to which real agents can be added; they end with the test."""
    made: list[Site] = []
    kit = tmp_path / "kit"
    kit.mkdir()
    write_tiny_kit(kit)
    write_moody_kit(kit)

    def make(broker: str | Mapping[str, object] = "mosquitto", **changes: object) -> Site:
        folder = changes.pop("folder", tmp_path / f"site-{len(made)}")
        assert isinstance(folder, Path)
        site = Site(folder, broker, kit, **changes)
        made.append(site)
        return site

    yield make
    for site in made:
        site.close()


@pytest.fixture(scope="module")
def kit_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The tiny kit, as if it were installed in this process."""
    folder = tmp_path_factory.mktemp("kit")
    write_tiny_kit(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield


@pytest.fixture
def bench(kit_here: None, tmp_path: Path) -> Bench:
    """A device that decides with the old bundle, and has heard of release 1."""
    made = Bench(tmp_path)
    made.adopt(OLD)
    made.hear(made.hub.publish(OLD, 1))
    assert made.last.state == "committed"
    return made
