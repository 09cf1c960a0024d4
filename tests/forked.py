"""Processes of tests: forked from one that has loaded hub and agent, and killed as any other.

Loading the hub takes two seconds and an agent one, which a test of what a kill leaves need not pay at each life. What
is forked has opened nothing: no thread, no connection, no random numbers that it would share with another.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

LOADED = (
    "cloud_sync.app", "cloud_sync.background", "cloud_sync.cli", "cloud_sync.server", "cloud_sync.store.check",
    "edge_agent.agent", "edge_agent.cli", "edge_agent.mail.opening", "edge_agent.sources.folder",
    "edge_agent.sources.imap", "edge_agent.update.fetch",
    "alembic.command", "alembic.script", "cv2", "httptools", "iotcore", "obstore.store", "psutil", "tuf.ngclient",
    "tests.failure.case_steps", "tests.failure.crm_cuts", "tests.failure.crm_lives", "tests.failure.device",
    "tests.failure.driver", "tests.failure.effect_lives", "tests.forked_programs",
)  # fmt: skip
"""What hub and agent need, also what they load late, and what tests let them live; not onnxruntime, which opens a file
and a thread when it is loaded."""
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(list(LOADED))
_ONE_AT_A_TIME = threading.Lock()
"""Starting a process looks after all others too, and of two looks at once one loses the exit code."""


def start(
    work: Callable[..., object], *args: object, log: Path | None = None, daemon: bool = False
) -> BaseProcess:
    """A process that does the work, a function of a module; it opens everything itself.

    Args:
        log: gets what it says.
        daemon: ends with the tests at the latest.
    """
    process = CONTEXT.Process(
        target=_work if log else work, args=(log, work, args) if log else args, daemon=daemon
    )
    with _ONE_AT_A_TIME:
        process.start()
    return process


def exit_code(process: BaseProcess) -> int | None:
    """None while it runs; may be asked while another thread starts one."""
    with _ONE_AT_A_TIME:
        return process.exitcode


def end(process: BaseProcess) -> None:
    """`kill -9`, and waits for the end; nothing where it has ended."""
    process.kill()
    process.join()


def say_into(out: Path, errors: Path) -> None:
    """What this process says from now on is appended to files."""
    for number, path in ((1, out), (2, errors)):
        with path.open("ab") as file:
            os.dup2(file.fileno(), number)


def _work(log: Path, work: Callable[..., object], args: tuple[object, ...]) -> None:
    say_into(log, log)
    work(*args)
