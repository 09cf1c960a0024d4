"""What our programs load reports to nobody: no id of the machine is made, and nothing waits to be sent."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("kits", "edge_agent", "cloud_sync")
ENTRIES = (
    "kits.cli",
    "edge_agent.cli",
    "cloud_sync.cli",
    "kits.core.runtime",
    "edge_agent.engine.session",
)


def left_by(first: str, home: Path) -> tuple[list[Path], tuple[int, ...]]:
    """Files that a program leaves at home which loads onnxruntime, and the version of that."""
    home.mkdir()
    # no variable by which it knows a machine that runs tests, where it is silent by itself
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", f"{first}\nimport onnxruntime\nprint(onnxruntime.__version__)"],
        env={**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    version = tuple(map(int, re.findall(r"\d+", done.stdout.splitlines()[-1])[:2]))
    return [path for path in home.rglob("*") if path.is_file()], version


@pytest.mark.parametrize("module", ENTRIES)
def test_onnxruntime_leaves_nothing_where_ours_was_loaded(module: str, tmp_path: Path) -> None:
    if module.startswith("cloud_sync"):
        pytest.importorskip("sqlalchemy", reason="a device has no hub")
    left, _ = left_by(f"import {module}", tmp_path / "home")
    assert [path for path in left if "Microsoft" in path.parts or path.suffix == ".db"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the files lie in other places")
def test_without_ours_it_leaves_an_id_and_a_queue(tmp_path: Path) -> None:
    """Else the test above would show nothing, and the variable could go."""
    left, version = left_by("", tmp_path / "home")
    if version < (1, 29):
        pytest.skip("this onnxruntime reports nothing on Linux")
    assert any("Microsoft" in path.parts for path in left)


def test_what_a_person_wants_goes_before() -> None:
    words = "import kits, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run(
        [sys.executable, "-c", words], env={**os.environ, "ORT_DISABLE_TELEMETRY": "0"},
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert done.stdout.strip() == "0"


def test_each_place_that_loads_it_is_of_a_package_that_switches_it_off_first() -> None:
    places = [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if re.search(
            r"^\s*(?:import|from) onnxruntime", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    ]
    assert len(places) >= 4
    outside = [path for path in places if path.relative_to(ROOT).parts[0] != "kits"]
    assert all("from kits." in path.read_text(encoding="utf-8") for path in outside)
