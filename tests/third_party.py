"""Kits of others in tests: installed as pip would leave them, found by their entry point."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_INIT = (
    "from pathlib import Path\nfrom kits.core.kit import Kit\n"
    "KIT = Kit(__name__, Path(__file__).parent)\n"
)


def register(site: Path, package: str, name: str) -> None:
    """The entry point of a kit whose package is `package`."""
    info = site / f"{package.replace('.', '_')}_{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[kitwright.kits]\n{name} = {package}:KIT\n")


def write_kit(site: Path, package: str, name: str, *, runtime: str, manifest: str) -> None:
    """A package with a runtime and nothing else, and its entry point."""
    folder = site / package
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(_INIT)
    (folder / "runtime.py").write_text(runtime)
    (folder / "kit.yaml").write_text(manifest)
    register(site, package, name)


@contextmanager
def installed(site: Path) -> Iterator[Path]:
    """For this process and its children."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{site}:{before}" if before else str(site)
    sys.path.insert(0, str(site))
    try:
        yield site
    finally:
        sys.path.remove(str(site))
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
