"""The worker: takes jobs from the queue and does them, one at a time, with a heartbeat.

What a job does is a `Handler` passed in by kind. Errors a person can fix close the job; others
are logged, counted and tried again. Stopping the worker gives its job back to the queue.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import JsonValue
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.learning.jobs import LOG_NAME, beat, claim, complete, fail, is_mine
from cloud_sync.learning.leftovers import clear_copies, clear_folder
from cloud_sync.learning.processes import CancelledError, end_leftover
from cloud_sync.loop import Loop, doubling
from cloud_sync.store.models import Job
from cloud_sync.store.types import JsonObject
from kits.core.errors import KitwrightError, MachineError
from kits.core.sample import utc_now

IDLE_S = 1.0
MAX_PAUSE_S = 60.0
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobContext:
    """What a handler gets: its arguments, its folder, and whether it should go on.

    Attributes:
        holds: the same within a transaction, and until it ends; for what nobody takes back.
    """

    hub: Hub
    id: int
    args: JsonObject
    folder: Path
    still_wanted: Callable[[], bool]
    holds: Callable[[Session], bool]

    @property
    def log(self) -> Path:
        """Where the job writes what people may read."""
        return self.folder / LOG_NAME

    def say(self, line: str) -> None:
        """Appends a line to the log; on a full disk it is left out, as how the job ended stands in the tables."""
        with suppress(OSError), open(self.log, "a", encoding="utf-8") as file:
            file.write(line.rstrip("\n") + "\n")


Handler = Callable[[JobContext], Mapping[str, JsonValue]]
"""Does the work of one job and returns its result. Raises KitwrightError when it fails."""


class Runner:
    """Works off the queue in a thread of its own, one job at a time, until stopped.

    Args:
        handlers: kind → what to do.
    """

    def __init__(self, hub: Hub, handlers: Mapping[str, Handler]) -> None:
        self._hub = hub
        self._handlers = handlers
        self._loop = Loop(
            "jobs", self._turn, hub.metrics,
            after_fault=doubling(2 * IDLE_S, MAX_PAUSE_S), traceback=True,
        )  # fmt: skip
        self._cleared = False
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def start(self) -> None:
        """Starts the thread."""
        self._loop.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Ends the job at hand (it is tried again later) and the thread."""
        self._loop.stop(timeout_s)

    def run(self) -> None:
        """Works until `stop`; an error of the loop itself is logged, counted and waited out."""
        self._loop.run()

    def _turn(self) -> float:
        return 0.0 if self.run_one() else IDLE_S

    def run_one(self) -> bool:
        """Does one job if one is due; whether there was one. Clears up after it, first after those that others left."""
        if not self._cleared:
            clear_copies(self._hub)
            self._cleared = True
        job = claim(self._hub, self.owner, utc_now())
        if job is None:
            return False
        self._cleared = False
        folder = self._hub.config.jobs_dir.resolve() / str(job.id)
        folder.mkdir(parents=True, exist_ok=True)
        end_leftover(folder)
        beats = _Heartbeat(self._hub, job.id, self.owner, self._loop.stopping)
        holds = partial(is_mine, job_id=job.id, owner=self.owner)
        context = JobContext(self._hub, job.id, job.args, folder, beats.still_wanted, holds)
        _log.info("event=job_started job=%d kind=%s attempt=%d", job.id, job.kind, job.attempts)
        beats.start()
        try:
            self._work(job, context)
        finally:
            beats.stop()
        return True

    def _work(self, job: Job, context: JobContext) -> None:
        handler = self._handlers.get(job.kind)
        if handler is None:
            message = f"this worker knows no jobs of kind {job.kind!r}"
            fail(self._hub, job.id, self.owner, message, utc_now(), final=True)
            return
        try:
            result = handler(context)
        except CancelledError as error:
            context.say(f"stopped: {error.what}")
            fail(self._hub, job.id, self.owner, "the worker was stopped", utc_now())
        except KitwrightError as error:
            context.say(f"error: {error}")
            fail(self._hub, job.id, self.owner, str(error), utc_now(), final=True)
        except Exception as error:  # noqa: BLE001  a handler's bug must not end the worker
            said = _said(error, context.folder)
            if said and context.still_wanted():
                clear_folder(context.folder)  # else there is no room to note how it ended either
            if not said:
                _log.exception("event=job_crashed job=%d kind=%s", job.id, job.kind)
                self._hub.metrics.loop_errors.labels("jobs").inc()
            context.say(f"error: {said}" if said else f"internal error: {_named(error)}")
            fail(self._hub, job.id, self.owner, said or _named(error), utc_now())
        else:
            complete(self._hub, job.id, self.owner, result, utc_now())
            _log.info("event=job_done job=%d kind=%s", job.id, job.kind)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _said(error: Exception, folder: Path) -> str:
    """What a person is told of a full disk, on which the job is tried again; empty: it is another error."""
    if not isinstance(error, OSError) or error.errno not in _NO_ROOM:
        return ""
    what = "no room on this disk for a second copy of what is learned from"
    return str(
        MachineError(what, where=str(error.filename or folder), fix="make room on this disk")
    )


class _Heartbeat:
    """Renews one job's lease three times per lease, from a thread of its own."""

    def __init__(self, hub: Hub, job_id: int, owner: str, stopping: threading.Event) -> None:
        self._hub, self._job_id, self._owner, self._stopping = hub, job_id, owner, stopping
        self._period_s = hub.config.jobs.lease_s / 3
        self._over = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._run, name="job-heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def still_wanted(self) -> bool:
        """Whether to go on: not cancelled, lease held, worker not stopping."""
        return not (self._lost.is_set() or self._stopping.is_set())

    def _run(self) -> None:
        # cancelling should be felt within seconds, whatever the lease
        period_s = min(self._period_s, 2.0)
        renewed = time.monotonic()
        while not self._over.wait(period_s):
            try:
                if not beat(self._hub, self._job_id, self._owner, utc_now()):
                    self._lost.set()
                    return
                renewed = time.monotonic()
            except Exception:  # noqa: BLE001  top of a supervised loop
                _log.exception("event=heartbeat_failed job=%d", self._job_id)
                self._hub.metrics.loop_errors.labels("heartbeat").inc()
                if time.monotonic() - renewed > self._hub.config.jobs.lease_s:
                    self._lost.set()
                    return
