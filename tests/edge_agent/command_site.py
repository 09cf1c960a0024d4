"""A folder in which the agent's programs are started as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.edge_agent.parts import make_bundle, picture
from tests.forked_programs import ForkedProgram

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


@dataclass(frozen=True)
class Told:
    """What a program said."""

    stdout: str
    stderr: str


def fresh_agent(site: Path, tiny_kit: Path, *arguments: str) -> Told:
    """The program from its first line on."""
    done = subprocess.run(
        [sys.executable, "-m", "edge_agent.cli", *arguments],
        cwd=site,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(tiny_kit),
    )
    assert done.returncode == 0, done.stderr
    return Told(done.stdout, done.stderr)


def forked_agent(site: Path, tiny_kit: Path, *arguments: str) -> ForkedProgram:
    """The same in a process that has loaded it; what it says is in `out` and `errors`."""
    out, errors = site / "out", site / "errors"
    for file in (out, errors):
        file.unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(site)
        return ForkedProgram(("edge-agent", *arguments), environment(tiny_kit), out, errors)


def agent(site: Path, tiny_kit: Path, *arguments: str, code: int | None = 0) -> Told:
    """The same, once it has ended."""
    ended = forked_agent(site, tiny_kit, *arguments).wait(60)
    told = Told((site / "out").read_text(), (site / "errors").read_text())
    assert code in (None, ended), told.stderr
    return told
