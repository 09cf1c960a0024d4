"""TensorRT engines: built on the device, in a child process, kept by content.

The key of the cache is the digest of the ONNX bytes with everything the engine depends on; never
a file name: two trainings of one architecture have the same names and the same graph. The build
runs in a child (`python -m edge_agent.engine.build …`), because it may take all memory and be
killed, and must not take the line with it. One code path for TensorRT 10.3 to 11 and
TensorRT-RTX: strongly typed network, precision lives in the ONNX file.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from edge_agent.errors import EngineError
from edge_agent.log import log
from kits.core.blobs import write_atomically
from kits.core.sample import digest_of

FLAVOURS = ("tensorrt", "tensorrt_rtx")
_NICE = 10


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What shapes an engine besides the model."""

    flavour: str = "tensorrt"
    workspace_bytes: int = 1 << 30
    timeout_s: float = 3600.0
    gpu: str = ""
    """Name and compute capability of the GPU, from the driver; empty when built without one."""


def cache_key(model: bytes, settings: BuildSettings, version: str) -> str:
    """The identity of an engine: model bytes, flags, TensorRT version, GPU."""
    parts = (digest_of(model), settings.flavour, version, settings.gpu)
    return digest_of("\n".join((*parts, str(settings.workspace_bytes))).encode())


def flavour_version(flavour: str) -> str:
    """The installed version. Raises EngineError when it is not installed."""
    try:
        return str(importlib.import_module(flavour).__version__)
    except ImportError as error:
        raise EngineError(f"{flavour} is not installed: {error}") from error


def build_engine(model: bytes, cache_dir: Path, settings: BuildSettings) -> bytes:
    """The serialised engine for a model, from the cache or newly built.

    Raises:
        EngineError: the parser refuses the model, the build failed, was killed or took too long.
    """
    folder = cache_dir / cache_key(model, settings, flavour_version(settings.flavour))
    engine = folder / "engine"
    if engine.exists():
        content = engine.read_bytes()
        if (folder / "engine.sha256").read_text() == digest_of(content):
            return content
    source = folder / "model.onnx"
    write_atomically(source, model)
    _build_in_child(source, folder / "engine.new", settings)
    content = (folder / "engine.new").read_bytes()
    write_atomically(folder / "engine.sha256", digest_of(content).encode())
    (folder / "engine.new").replace(engine)
    source.unlink()
    log("engine_built", key=folder.name[:12], bytes=len(content), flavour=settings.flavour)
    return content


def _build_in_child(source: Path, target: Path, settings: BuildSettings) -> None:
    command = [
        *(sys.executable, "-m", "edge_agent.engine.build"),
        *("--flavour", settings.flavour, "--workspace", str(settings.workspace_bytes)),
        *(str(source), str(target)),
    ]
    try:
        done = subprocess.run(  # noqa: S603  our own module with our own arguments
            command, capture_output=True, text=True, timeout=settings.timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"the engine build took longer than {settings.timeout_s:.0f} s") from None
    if done.returncode < 0:
        raise EngineError(
            f"the engine build was killed by signal {-done.returncode}",
            fix="give the build more memory, or set engine.workspace_bytes lower",
        )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise EngineError(f"the engine cannot be built: {lines[-1]}")


def build_here(trt: ModuleType, model: bytes, workspace_bytes: int) -> bytes:
    """Parses and builds in this process. `trt` is `tensorrt` or `tensorrt_rtx`.

    Raises:
        EngineError: with the parser's words about the first node it refuses.
    """
    api: Any = trt
    logger = api.Logger(api.Logger.WARNING)
    builder = api.Builder(logger)
    # TensorRT 11 networks are always strongly typed and the flag may go
    typed = getattr(api.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if typed is None else 1 << int(typed))
    parser = api.OnnxParser(network, logger)
    if not parser.parse(model):
        reasons = "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise EngineError(f"the parser refuses the model: {reasons}".replace("\n", " "))
    config = builder.create_builder_config()
    config.set_memory_pool_limit(api.MemoryPoolType.WORKSPACE, workspace_bytes)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError("TensorRT found no way to build the network")
    return bytes(plan)


def main() -> int:
    """The child process."""
    import os

    arguments = argparse.ArgumentParser(prog="edge_agent.engine.build")
    arguments.add_argument("--flavour", choices=FLAVOURS, required=True)
    arguments.add_argument("--workspace", type=int, required=True)
    arguments.add_argument("source", type=Path)
    arguments.add_argument("target", type=Path)
    given = arguments.parse_args()
    os.nice(_NICE)
    try:
        trt = importlib.import_module(given.flavour)
        plan = build_here(trt, given.source.read_bytes(), given.workspace)
    except (EngineError, ImportError) as error:
        sys.stderr.write(f"{error}\n".replace("\n", " ") + "\n")
        return 1
    write_atomically(given.target, plan)
    return 0


if __name__ == "__main__":
    sys.exit(main())
