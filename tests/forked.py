"""Programs of tests that die: forked from one process that has loaded the hub, and killed as any other.

Loading the hub takes two seconds, which a test of what a kill leaves need not pay at each life.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["cloud_sync.app", "tests.failure.crm_cuts"])


def start(work: Callable[..., object], *args: object, log: Path | None = None) -> BaseProcess:
    """A process that does the work, a function of a module; it opens everything itself.

    Args:
        log: gets what it says.
    """
    process = CONTEXT.Process(
        target=_work if log else work, args=(log, work, args) if log else args
    )
    process.start()
    return process


def end(process: BaseProcess) -> None:
    """`kill -9`, and waits for the end; nothing where it has ended."""
    process.kill()
    process.join()


def _work(log: Path, work: Callable[..., object], args: tuple[object, ...]) -> None:
    with log.open("ab") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    work(*args)
