"""Builds a TensorRT engine in a child process that cannot take the line with it.

The build may take minutes and all memory. So it runs as `python -m edge_agent.engine.build`:
niced, first choice of the kernel's OOM killer, ended with its parent, and watched by it for time
and resident memory. (An address-space limit is no use: CUDA maps many times what it uses; a cgroup
of its own needs rights that the agent should not have.) Model and engine travel in memory, so a
full disk stops no build. How an engine is built is in `kits.core.tensorrt`.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import psutil

from edge_agent import systemd
from edge_agent.errors import EngineError
from edge_agent.log import log
from kits.core.sample import digest_of
from kits.core.tensorrt import build

FLAVOURS = ("tensorrt", "tensorrt_rtx")
_NICE = 10
_PACKAGES = Path(__file__).parents[2]
_TICK_S = 0.1
_REASONS = 3
_REASON_CHARS = 500
_RESERVE_BYTES = 256 << 20
"""Left free for the line: a build that pushes the machine below it is ended."""
_STILL_STARTING = "EXTEND_TIMEOUT_USEC=30000000"
"""A service manager that waits for the start waits 30 s more."""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What shapes an engine besides the model, and what building it may cost."""

    flavour: str = "tensorrt"
    workspace_bytes: int = 1 << 30
    timeout_s: float = 3600.0
    memory_bytes: int = 4 << 30
    gpu: str = ""
    """GPU, driver and platform the engine is for; empty when built without one."""


def cache_key(model: bytes, settings: BuildSettings, version: str) -> str:
    """The identity of an engine: model bytes, flags, TensorRT version, GPU and driver."""
    parts = (digest_of(model), settings.flavour, version, settings.gpu)
    return digest_of("\n".join((*parts, str(settings.workspace_bytes))).encode())


def flavour_version(flavour: str) -> str:
    """The installed version. Raises EngineError when it is not installed."""
    try:
        return str(importlib.import_module(flavour).__version__)
    except ImportError as error:
        raise EngineError(f"{flavour} is not installed: {error}") from error


def build_engine(model: bytes, settings: BuildSettings) -> bytes:
    """The serialised engine for a model, built in a child process.

    Raises:
        EngineError: the parser refuses the model, or the build failed, was killed, took too long
            or too much memory.
    """
    started = time.monotonic()
    with _in_memory("model") as source, _in_memory("engine") as target:
        with open(source, "wb", closefd=False) as file:
            file.write(model)
        os.lseek(source, 0, os.SEEK_SET)
        command = [
            *(sys.executable, "-m", "edge_agent.engine.build", "--flavour", settings.flavour),
            *("--workspace", str(settings.workspace_bytes), "--parent", str(os.getpid())),
            *(str(source), str(target)),
        ]
        child = subprocess.Popen(  # noqa: S603  our own module with our own arguments
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(source, target),
            cwd=_PACKAGES,  # a module in the folder that the agent was started in is none of ours
        )
        try:
            _judge(child, _watch(child, settings))
        finally:
            if child.poll() is None:
                child.kill()
                child.communicate()
        os.lseek(target, 0, os.SEEK_SET)
        with open(target, "rb", closefd=False) as file:
            engine = file.read()
    took_s = time.monotonic() - started
    log("engine_built", model=digest_of(model)[:12], bytes=len(engine), took_s=took_s)
    return engine


@contextmanager
def _in_memory(name: str) -> Iterator[int]:
    descriptor = os.memfd_create(name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _watch(child: subprocess.Popen[bytes], settings: BuildSettings) -> bytes:
    """What the child wrote to standard error. Raises EngineError when it exceeds a limit."""
    until = time.monotonic() + settings.timeout_s
    while True:
        systemd.notify(_STILL_STARTING)
        try:
            return child.communicate(timeout=_TICK_S)[1]
        except subprocess.TimeoutExpired:
            pass
        if time.monotonic() > until:
            raise EngineError(f"the engine build took longer than {settings.timeout_s:.0f} s")
        used = _resident_bytes(child.pid)
        if used > settings.memory_bytes:
            raise EngineError(
                f"the engine build took more than {settings.memory_bytes >> 20} MiB of memory",
                fix="raise engine.build_memory_bytes, or set engine.workspace_bytes lower",
            )
        if psutil.virtual_memory().available < _RESERVE_BYTES:
            raise EngineError(
                f"the engine build left less than {_RESERVE_BYTES >> 20} MiB of the machine's memory",
                fix="set engine.workspace_bytes lower",
            )


def _resident_bytes(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _judge(child: subprocess.Popen[bytes], errors: bytes) -> None:
    if child.returncode < 0:
        raise EngineError(
            f"the engine build was killed by signal {-child.returncode}",
            fix="give the machine more memory, or set engine.workspace_bytes lower",
        )
    if child.returncode:
        lines = errors.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise EngineError(f"the engine cannot be built: {lines[-1]}")


def build_here(trt: ModuleType, model: bytes, workspace_bytes: int) -> bytes:
    """Parses and builds in this process. `trt` is `tensorrt` or `tensorrt_rtx`.

    Raises:
        EngineError: with TensorRT's words about what it refuses.
    """
    built = build(trt, model, workspace_bytes)
    if built.complaints:
        reasons = "; ".join(
            f"{c.operator} {c.node!r}: {c.reason}" if c.node else c.reason
            for c in built.complaints[:_REASONS]
        )
        raise EngineError(f"TensorRT refuses the model: {reasons}"[:_REASON_CHARS])
    return built.engine


def _stand_back(parent: int) -> None:
    """Makes this process the first to give way: to the line, to the OOM killer, to its parent."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICE)
    with suppress(OSError):  # a container may forbid it; the limits above hold all the same
        Path("/proc/self/oom_score_adj").write_text("1000")


def main() -> int:
    """The child process."""
    arguments = argparse.ArgumentParser(prog="edge_agent.engine.build")
    arguments.add_argument("--flavour", choices=FLAVOURS, required=True)
    arguments.add_argument("--workspace", type=int, required=True)
    arguments.add_argument("--parent", type=int, required=True)
    arguments.add_argument("source", type=int, help="file descriptor of the ONNX bytes")
    arguments.add_argument("target", type=int, help="file descriptor for the engine")
    given = arguments.parse_args()
    _stand_back(given.parent)
    try:
        trt = importlib.import_module(given.flavour)
        with open(given.source, "rb") as file:
            plan = build_here(trt, file.read(), given.workspace)
    except (EngineError, ImportError) as error:
        sys.stderr.write(f"{error}\n".replace("\n", " ") + "\n")
        return 1
    with open(given.target, "wb") as file:
        file.write(plan)
    return 0


if __name__ == "__main__":
    sys.exit(main())
