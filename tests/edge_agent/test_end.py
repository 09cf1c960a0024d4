"""The agent's end while a model's own code still runs: its exit code is its own, and nothing is printed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from tests.edge_agent.command_site import environment, make_site

_BUSY = """
import sys
import numpy as np
from edge_agent import engines
from edge_agent.cli import main
from kits.core.runtime import OnnxSession

session = OnnxSession(open(sys.argv.pop(1), "rb").read(), threads=1)
feeds = {"x": np.ones((1200, 1200), np.float32)}

def build():
    while True:
        session.run(feeds)

engines.Engines.look = lambda self: engines.NativeThread("engine", build).start()
main()
"""


@pytest.mark.slow
def test_an_engine_still_being_built_does_not_spoil_the_end(tmp_path: Path, tiny_kit: Path) -> None:
    site = make_site(tmp_path)
    (site / "large.onnx").write_bytes(product(1200))
    done = subprocess.run(
        [sys.executable, "-c", _BUSY, "large.onnx", "run", "--max-samples", "2", "--json"],
        cwd=site, capture_output=True, text=True, timeout=60, check=False,
        env=environment(tiny_kit),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["samples"] == 2


def product(size: int) -> bytes:
    """A model that multiplies squares: busy for long, in code that is not Python's."""
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [size, size]) for name in ("x", "y")
    )
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "x"], ["y"])], "g", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
