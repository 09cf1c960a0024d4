"""Kitwright's kits: from a folder of your data to a model that acts, and keeps being right."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from kits.core.ready import ReadyBundle
    from kits.core.runtime import SessionFactory

# nothing tells anybody of the firm's machines: onnxruntime reports to its maker from the import on, and from 1.29 on Linux too
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

__version__ = "0.1.0"
__all__ = ["__version__", "load_bundle"]


def load_bundle(
    path: str | PathLike[str], *, sessions: SessionFactory | None = None, target: str = "cpu"
) -> ReadyBundle:
    """Opens a bundle and makes it ready to predict.

    Args:
        path: a `.kwb` file.
        sessions: makes sessions from ONNX bytes; onnxruntime on the CPU by default.
        target: which artefacts to prefer: `cpu`, `openvino` or `tensorrt`.

    Raises:
        BundleError: damaged, malformed, or made for a kit that is not installed.
    """
    from pathlib import Path

    from kits.core.bundle import open_file
    from kits.core.ready import make_ready

    return make_ready(open_file(Path(path)), sessions=sessions, target=target)
