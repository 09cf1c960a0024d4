"""A start on a machine that has not what it takes: said to a person, and no traceback."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge_agent.process import within_means
from kits.core.errors import MachineError
from tests.edge_agent.parts import picture

ROOT = Path(__file__).parents[2]
_NO_THREADS = (
    "import threading; threading.stack_size(1 << 47); from edge_agent.cli import main; main()"
)
"""There is no address space for a stack of that size: as where a limit of memory or tasks is reached."""


def test_a_start_without_memory_for_a_thread_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.png").write_bytes(picture(200))
    config = tmp_path / "agent.yaml"
    config.write_text(
        f"state_dir: {tmp_path / 'state'}\nsource: {{kind: folder, path: {tmp_path / 'pictures'}}}\n"
    )
    words = [
        sys.executable,
        "-c",
        _NO_THREADS,
        "run",
        "--config",
        str(config),
        "--max-samples",
        "1",
    ]
    ended = subprocess.run(words, check=False, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert ended.returncode == 4, ended.stderr
    assert "error: the agent cannot start" in ended.stderr
    assert str(tmp_path / "state") in ended.stderr
    assert "MemoryMax" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_only_what_a_machine_lacks_is_told_as_such_at_the_start() -> None:
    with pytest.raises(RuntimeError, match="a bug"), within_means("here"):
        raise RuntimeError("a bug")
    with pytest.raises(MachineError, match="out of memory"), within_means("here"):
        raise MemoryError
    with pytest.raises(MachineError, match="start new thread"), within_means("here"):
        old = threading.stack_size(1 << 47)
        try:
            threading.Thread(target=print, daemon=True).start()
        finally:
            threading.stack_size(old)
