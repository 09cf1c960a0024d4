"""A folder in which the agent's programs are started as a user starts them."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from tests.edge_agent.parts import make_bundle, picture

ROOT = Path(__file__).parents[2]


def make_site(tmp_path: Path) -> Path:
    """A folder with agent.yaml, six pictures and a bundle."""
    (tmp_path / "pictures").mkdir()
    for number in range(6):
        (tmp_path / "pictures" / f"{number}.png").write_bytes(picture((20, 230)[number % 2]))
    (tmp_path / "b.kwb").write_bytes(make_bundle())
    write_config(tmp_path)
    return tmp_path


def write_config(folder: Path, **changes: object) -> None:
    raw = {
        "source": {"kind": "folder", "path": "pictures"},
        "bundle": "b.kwb",
        "engine": {"providers": ["cpu"], "threads": 1},
        "status": {"port": 0},
        "reject_deadline_ms": 5000,
        "log_level": "error",
        **changes,
    }
    (folder / "agent.yaml").write_text(yaml.safe_dump(raw))


def environment(tiny_kit: Path) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), str(tiny_kit)])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
