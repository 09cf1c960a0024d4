"""Child processes of jobs: `kit …` with a clean environment, a log, a limit and a sure end.

A child leads its own process group, so that cancelling reaches everything it started. It bears a
mark that is written down before it starts: a runner that comes back after a crash ends what its
predecessor left.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloud_sync.own_processes import with_variable
from kits.core.errors import KitwrightError
from kits.core.files import write_atomically

MARK_FILE = "process.mark"
MAX_OUTPUT_BYTES = 16 * 1024 * 1024
_MARK_BYTES = 16
_MARK_VARIABLE = "KITWRIGHT_JOB_MARK"
_POLL_S = 0.25
_GRACE_S = 10.0
_KEPT_VARIABLES = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "VIRTUAL_ENV",
    "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "HF_HOME",
    "HF_HUB_OFFLINE", "TORCH_HOME", "XDG_CACHE_HOME",
)  # fmt: skip
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class CommandError(KitwrightError):
    """A job's command failed, took too long or was stopped."""


class CancelledError(KitwrightError):
    """Somebody cancelled the job, or its lease was lost."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended by itself."""

    exit_code: int
    output: str


def kit_command() -> list[str]:
    """How to start `kit` with the interpreter of this process."""
    script = Path(sys.executable).with_name("kit")
    # -P: a module in the folder where it runs is none of ours
    return [str(script)] if script.exists() else [sys.executable, "-P", "-m", "kits.cli"]


def clean_environment(threads: int) -> dict[str, str]:
    """The variables a training may see: no tokens, no database addresses; threads bounded."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    kept |= {name: str(threads) for name in _THREAD_VARIABLES}
    # a folder that holds what others sent is no work tree, whatever lies in it
    kept["GIT_DIR"] = os.devnull
    # the detector library must not install packages or send statistics from a job
    return kept | {"NO_COLOR": "1", "YOLO_AUTOINSTALL": "false", "PYTHONUNBUFFERED": "1"}


def run_command(
    command: Sequence[str],
    *,
    folder: Path,
    cwd: Path,
    log: Path,
    limit_s: float,
    still_wanted: Callable[[], bool],
    threads: int = 2,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Runs `command` in `cwd`; standard error goes to `log`, standard output comes back.

    Args:
        folder: the job's own folder, where the mark of what runs is written down.
        limit_s: the process group is ended after so many seconds.
        still_wanted: asked several times a second; False ends the process group.

    Raises:
        CancelledError: `still_wanted` said no.
        CommandError: the limit was reached or the command is not there.
    """
    output = folder / "output.txt"
    mark = secrets.token_hex(_MARK_BYTES)
    write_atomically(folder / MARK_FILE, mark.encode(), private=True)
    nice = ["nice", "-n", "10"] if shutil.which("nice") else []
    with open(output, "wb") as out, open(log, "ab") as err:
        err.write(f"$ {' '.join(command)}\n".encode())
        err.flush()
        try:
            process = subprocess.Popen(  # noqa: S603  the arguments are ours, there is no shell
                [*nice, *command],
                cwd=cwd,
                env={**(environment or clean_environment(threads)), _MARK_VARIABLE: mark},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise CommandError(f"cannot start {command[0]}: {error}") from error
        try:
            _wait(process, command, limit_s, still_wanted)
        finally:
            end_group(process.pid)
            process.wait()
            (folder / MARK_FILE).unlink(missing_ok=True)
    with open(output, "rb") as file:
        content = file.read(MAX_OUTPUT_BYTES)
    return Finished(process.returncode, content.decode(errors="replace"))


def _wait(
    process: subprocess.Popen[bytes],
    command: Sequence[str],
    limit_s: float,
    still_wanted: Callable[[], bool],
) -> None:
    deadline = time.monotonic() + limit_s
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_S)
            return
        if time.monotonic() > deadline:
            raise CommandError(
                f"took longer than {limit_s:.0f} s and was stopped",
                where=" ".join(command[:3]),
                fix="raise the limit in hub.yaml, or train a smaller model",
            )
        if not still_wanted():
            raise CancelledError("cancelled", where=" ".join(command[:3]))


def end_group(leader: int, grace_s: float = _GRACE_S) -> None:
    """Ends a process group: politely, then surely. Nothing happens when it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(leader, os.WNOHANG)
            os.killpg(leader, 0)
            time.sleep(0.05)
        os.killpg(leader, signal.SIGKILL)


def end_leftover(folder: Path) -> bool:
    """Ends what a crashed runner left behind in `folder`; whether there was something."""
    path = folder / MARK_FILE
    try:
        mark = path.read_text()
    except OSError:
        return False
    if len(mark) != 2 * _MARK_BYTES:  # a disk that failed: no mark is better than everybody's
        return False
    groups = set[int]()
    for pid in with_variable(_MARK_VARIABLE, mark):
        with contextlib.suppress(ProcessLookupError):
            groups.add(os.getpgid(pid))
    for group in groups:
        end_group(group)
    path.unlink(missing_ok=True)
    return bool(groups)
