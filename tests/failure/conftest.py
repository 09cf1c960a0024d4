"""Hubs for these tests, and where their figures go.

With `KITWRIGHT_FIGURES=FILE` in the environment each test appends its figures there as a line of
JSON; `python -m benchmarks.reliability` makes the page from them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.integration.hub import HubProcess

Record = Callable[[Mapping[str, object]], None]


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Takes a test's figures: printed, and appended to the file when one is named."""
    started = time.monotonic()
    target = os.environ.get("KITWRIGHT_FIGURES", "")

    def take(figures: Mapping[str, object]) -> None:
        name = request.node.nodeid.rpartition("/")[2]
        line = {
            "test": name,
            "slow": request.node.get_closest_marker("slow") is not None,
            "took_s": round(time.monotonic() - started, 1),
            "figures": dict(figures),
        }
        sys.stdout.write(json.dumps(line) + "\n")
        if target:
            with Path(target).open("a") as file:
                file.write(json.dumps(line) + "\n")

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
