"""A kit from outside: `kit new plugin-kit`, put on the path with an entry point of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kits.toolchain.project import Project
from kits.toolchain.scaffold import new
from tests.third_party import register

NAME, PACKAGE = "tiny-kit", "tiny_kit"


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the installed plug-in."""
    folder = tmp_path / "plugin"
    new("plugin-kit", folder, {"name": NAME}, ask=False)
    register(folder, PACKAGE, NAME)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for module in [m for m in sys.modules if m.split(".")[0] == PACKAGE]:
        del sys.modules[module]


@pytest.fixture
def project(plugin: Path, tmp_path: Path) -> Project:
    """A project of that kit, without data."""
    folder = tmp_path / "line-1"
    new(NAME, folder, {}, ask=False)
    return Project.open(folder)


def write_samples(folder: Path, label: str, values: list[float], group: str = "") -> Path:
    """One JSON file per value in `folder/label`."""
    (folder / label).mkdir(parents=True, exist_ok=True)
    for value in values:
        record = {"value": value, **({"group": group} if group else {})}
        (folder / label / f"{value:g}.json").write_text(json.dumps(record))
    return folder


def numbers(first: float, n: int) -> list[float]:
    """`n` different values from `first` on."""
    return [first + i / 100 for i in range(n)]
