"""Group commit: many threads hand in entries, one thread writes them together.

Responsible for the bounded queue before the outbox and for what gives way when the disk takes nothing:
the newest telemetry, then the newest samples are refused and counted; alerts and labels wait. Losing
power loses at most what was handed in since the last commit: alerts and labels are committed at once,
samples after `samples_ms` at the latest, telemetry after `telemetry_ms` or 100 rows.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.log import warn
from edge_agent.sync.disk import Disk, Level
from edge_agent.sync.entry import Entry
from edge_agent.sync.outbox import Outbox

_MAX_GROUP = 500
_MAX_TELEMETRY = 100
_PIXELS_WAIT_S = 1.0
_LOOK_S = 1.0
_SPARE_BYTES = 64 << 10
_FIRST_PAUSE_S = 0.1
_LAST_PAUSE_S = 2.0
_MAX_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class CommitPolicy:
    """How long rows may wait for a commit, milliseconds; alerts and labels never wait."""

    samples_ms: int = 250
    telemetry_ms: int = 1000

    def delay_s(self, klass: str) -> float:
        """Of one class, seconds."""
        return {"s": self.samples_ms, "t": self.telemetry_ms}.get(klass, 0) / 1000


@dataclass
class WriterFigures:
    """Counters since the start.

    Attributes:
        refused: rows not taken because the queue was full.
        thinned: telemetry not taken because the disk is nearly full.
        failures: commits the disk did not take; each is tried again.
        pixels_lost: samples whose bytes were given up because the disk has no room for them.
        commits: groups that are on the disk.
    """

    refused: int = 0
    thinned: int = 0
    failures: int = 0
    pixels_lost: int = 0
    commits: int = 0


class Writer:
    """The only thread that appends to the outbox while the agent runs.

    Args:
        queue: entries that wait at most; alerts and labels may go ten times beyond it.
        disk: what the disk forbids; None: nothing is looked at.

    Attributes:
        stuck: whether the newest commit failed.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        queue: int,
        policy: CommitPolicy | None = None,
        disk: Disk | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._limit = queue
        self._policy = policy or CommitPolicy()
        self._disk = disk
        self._clock = clock
        self._queue: deque[Entry] = deque()
        self._due = float("inf")
        self._telemetry = 0
        self._odd = False
        self._changed = threading.Condition()
        self._stopping = False
        self._writing = 0
        self._looked_at = clock()
        self.figures = WriterFigures()
        self.stuck = False
        self._pause_s = _FIRST_PAUSE_S
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def put(self, entry: Entry) -> bool:
        """Hands in an entry; False when there is no room for its class."""
        with self._changed:
            if not self._room_for(entry.klass):
                return False
            self._queue.append(entry)
            self._telemetry += entry.klass == "t"
            self._due = min(self._due, self._clock() + self._policy.delay_s(entry.klass))
            self._changed.notify_all()
        return True

    def _room_for(self, klass: str) -> bool:
        level = self._disk.level if self._disk is not None else Level.FREE
        if klass == "t" and level >= Level.THIN:
            self._odd = not self._odd
            if level >= Level.ALERTS_FIRST or self._odd:
                self.figures.thinned += 1
                return False
        limit = self._limit if klass in "st" else 10 * self._limit
        emergency = level >= Level.EMERGENCY and klass in "st"
        if emergency or len(self._queue) >= limit:
            self.figures.refused += 1
            return False
        return True

    def flush(self, timeout_s: float) -> bool:
        """Has everything handed in so far committed now; False when the disk did not take it in time."""
        with self._changed:
            self._due = self._clock()
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._queue and not self._writing, timeout_s)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Writes what is left and ends; False when the disk did not take it in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            group = self._next_group()
            if group:
                self._store(group)
            if self._stopping and (not self._queue or self._pause_s > _LAST_PAUSE_S):
                return
            self._look_after_disk()

    def _next_group(self) -> list[Entry]:
        """Waits until something is due; an empty group when the disk should be looked at."""
        end = self._looked_at + _LOOK_S
        with self._changed:
            while not self._ready():
                now = self._clock()
                if now >= end:
                    return []
                self._changed.wait(max(0.0, min(self._due, end) - now))
            return self._taken()

    def _ready(self) -> bool:
        if self._stopping or (self.stuck and self._queue):
            return True
        full = len(self._queue) >= _MAX_GROUP or self._telemetry >= _MAX_TELEMETRY
        return bool(self._queue) and (full or self._clock() >= self._due)

    def _taken(self) -> list[Entry]:
        if self.stuck or len(self._queue) > _MAX_GROUP:
            # the disk is behind or full: what matters most goes first, and alone
            urgent = [entry for entry in self._queue if entry.klass in "al"]
            others = [entry for entry in self._queue if entry.klass not in "al"]
            self._queue = deque(urgent + others)
            size = min(len(urgent) or len(others), _MAX_GROUP)
        else:
            size = len(self._queue)
        group = [self._queue.popleft() for _ in range(size)]
        self._telemetry = sum(entry.klass == "t" for entry in self._queue)
        self._due = self._clock() if self._queue else float("inf")
        self._writing = len(group)
        return group

    def _store(self, group: list[Entry]) -> None:
        back: list[Entry] = []
        try:
            self._outbox.append(group)
            self.figures.commits += 1
            self.stuck, self._pause_s = False, _FIRST_PAUSE_S
        except (sqlite3.OperationalError, OSError) as error:
            self.figures.failures += 1
            self.stuck = True
            warn("outbox_write_failed", error=error, rows=len(group), pause_s=self._pause_s)
            back = self._relieved(group, error)
        with self._changed:
            self._queue.extendleft(reversed(back))
            self._writing = 0
            self._changed.notify_all()
        if back:
            time.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * 2, _MAX_PAUSE_S)

    def _relieved(self, group: list[Entry], error: Exception) -> list[Entry]:
        """Does what can be done about a disk that takes nothing; the group without what it can spare."""
        relief = self._disk is not None and self._disk.release()
        if isinstance(error, OSError):
            if not relief and self._pause_s > _PIXELS_WAIT_S:
                # a picture too large for the room that is left must not hold up an alert
                self.figures.pixels_lost += sum(entry.content is not None for entry in group)
                return self._outbox.without_content(group)
        elif "full" in str(error) and any(entry.klass in "al" for entry in group):
            try:
                self._outbox.make_room(_SPARE_BYTES)
            except sqlite3.OperationalError as second:
                warn("outbox_makes_no_room", error=second)
        return group

    def _look_after_disk(self) -> None:
        if self._clock() < self._looked_at + _LOOK_S:
            return
        self._looked_at = self._clock()
        if self._disk is not None:
            self._disk.look_again()
        try:
            self._outbox.tidy()
        except sqlite3.OperationalError as error:
            warn("outbox_not_tidied", error=error)
