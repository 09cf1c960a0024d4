"""What counts for all tests: garbage that is not there is not looked for, their order, and disks of their own."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from tests.small_disks import MakeDisk, small_disk

WAITING = frozenset({"failure", "integration"})
"""Folders whose tests wait for whole programs more than they compute."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Ten thousand tests and what they import stay to the end: going through them again and again took half of this."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(5_000, 20, 20)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those that wait come first: at the end nobody would be left to compute meanwhile. The sort keeps all other order."""
    root = config.rootpath / "tests"
    items.sort(key=lambda item: not _waits(item.path, root))


def _waits(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and path.relative_to(root).parts[0] in WAITING


@pytest.fixture(scope="session", autouse=True)
def programs_made_once() -> Iterator[None]:
    """Typer makes the commands of a program from its functions each time a test calls it, in 40 ms: the same from the same."""
    made: dict[object, Any] = {}
    make = typer.testing._get_command

    def made_before(app: typer.Typer) -> Any:
        key = _functions(app)
        if key not in made:
            made[key] = make(app)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", made_before)
        yield


def _functions(app: typer.Typer) -> object:
    """All that a program's verbs are made from."""
    verbs = [(verb.name, verb.callback) for verb in app.registered_commands]
    families = [
        (family.name, _functions(family.typer_instance))
        for family in app.registered_groups
        if family.typer_instance is not None
    ]
    return app.info.name, app.info.help, tuple(verbs), tuple(families)


@pytest.fixture
def make_disk() -> Iterator[MakeDisk]:
    with ExitStack() as disks:
        yield lambda size_mib: disks.enter_context(small_disk(size_mib))
