"""What counts for all tests: their order, and garbage that is not looked for. Fixtures are the folders' own."""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest

WAITING = frozenset({"failure", "integration"})
"""Folders of tests that wait for programs more than they compute."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Ten thousand tests and what they import stay to the end: going through them again and again took half of this."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that wait begin: others compute meanwhile, and no worker is left with them at the end."""
    items.sort(key=lambda item: item.path.parent.name not in WAITING)
