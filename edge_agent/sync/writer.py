"""Group commit: many threads hand in entries, one thread writes them together.

Responsible for the bounded queue before the outbox and its policy: when the disk does not take
rows, the newest telemetry, then the newest samples are refused and counted; alerts and labels
wait. Losing power loses at most what was handed in during the last `commit_ms`; an alert is
committed at once.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque

from edge_agent.log import warn
from edge_agent.sync.outbox import Entry, Outbox

_MAX_GROUP = 500
_PIXELS_WAIT_S = 1.0


class Writer:
    """The only thread that appends to the outbox while the agent runs.

    Attributes:
        refused: rows not taken because the queue was full.
        failures: commits the disk did not take; each is tried again.
        pixels_lost: samples whose bytes were given up because the disk has no room for them.
        stuck: whether the newest commit failed.
    """

    def __init__(self, outbox: Outbox, *, commit_ms: int, queue: int) -> None:
        self._outbox = outbox
        self._commit_s = commit_ms / 1000
        self._limit = queue
        self._queue: deque[Entry] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._writing = 0
        self.refused = 0
        self.failures = 0
        self.pixels_lost = 0
        self.stuck = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def put(self, entry: Entry) -> bool:
        """Hands in an entry; False when the queue is full and the entry's class must give way."""
        with self._changed:
            full = len(self._queue) >= self._limit
            if full and entry.klass in "st":
                self.refused += 1
                return False
            self._queue.append(entry)
            self._changed.notify()
        return True

    def flush(self, timeout_s: float) -> bool:
        """Waits until everything handed in so far is committed."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._writing, timeout_s)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Writes what is left and ends; False when the disk did not take it in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            group = self._next_group()
            if not group:
                return
            self._store(group)

    def _next_group(self) -> list[Entry]:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._stopping)
            if self._queue and not self._stopping and not self._urgent():
                self._changed.wait_for(lambda: self._stopping or self._urgent(), self._commit_s)
            count = min(len(self._queue), _MAX_GROUP)
            group = [self._queue.popleft() for _ in range(count)]
            self._writing = len(group)
        return group

    def _urgent(self) -> bool:
        return len(self._queue) >= _MAX_GROUP or any(e.klass in "al" for e in self._queue)

    def _store(self, group: list[Entry]) -> None:
        pause_s = 0.1
        while True:
            try:
                self._outbox.append(group)
                break
            except (sqlite3.OperationalError, OSError) as error:
                self.failures += 1
                self.stuck = True
                warn("outbox_write_failed", error=error, rows=len(group), pause_s=pause_s)
                if isinstance(error, OSError) and pause_s > _PIXELS_WAIT_S:
                    # a picture too large for the room that is left must not hold up an alert
                    self.pixels_lost += sum(entry.content is not None for entry in group)
                    group = self._outbox.without_content(group)
            if self._stopping and pause_s > 2:
                break
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, 10.0)
        self.stuck = False
        with self._changed:
            self._writing = 0
            self._changed.notify_all()
