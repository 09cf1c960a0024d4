"""What counts for all tests: what is not worth its time is left out. Fixtures are the folders' own."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator

import pytest

COVERED = frozenset({"core", "edge_agent", "cloud_sync"})
"""Folders of tests in which branches are followed: those of the packages with a gate. It doubles their time."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Ten thousand tests and what they import stay to the end: going through them again and again took half of this."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of other folders than `COVERED` are not followed, where coverage is measured at all."""
    if not config.pluginmanager.hasplugin("_cov"):
        return
    for item in items:
        if item.path.relative_to(config.rootpath / "tests").parts[0] not in COVERED:
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Programs that an unfollowed test starts are not followed either."""
    config = (
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
        if item.get_closest_marker("no_cover")
        else None
    )
    try:
        return (yield)
    finally:
        if config is not None:
            os.environ["COVERAGE_PROCESS_CONFIG"] = config
