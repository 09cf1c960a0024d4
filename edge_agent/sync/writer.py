"""Group commit: many threads hand in entries, one thread writes them together.

Responsible for the bounded queue before the outbox and for what gives way when the disk takes nothing:
the newest telemetry, then the newest samples are refused and counted; alerts and labels wait. Losing
power loses at most what was handed in since the last commit: alerts and labels are committed at once,
samples after `samples_ms` at the latest, telemetry after `telemetry_ms` or 100 rows. The thread ends only
when it is told to: whatever goes wrong is logged and counted, and the entries are tried again.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.log import Seldom, warn
from edge_agent.sync.database import is_full
from edge_agent.sync.disk import Disk, Level
from edge_agent.sync.entry import Entry, alert, comes_again
from edge_agent.sync.outbox import Outbox

_MAX_GROUP = 500
_MAX_TELEMETRY = 100
_LOOK_S = 1.0
_SPARE_BYTES = 64 << 10
_MAX_SPARE_BYTES = 4 << 20
_ROW_BYTES = 512
_PICTURE_TRIES = 5
"""After so many failures in a row a picture holds up its row no longer."""
_BLAME = 2
_LAST_TRIES = 6
"""So many, and the end does not wait for the disk any more."""


@dataclass(frozen=True, slots=True)
class CommitPolicy:
    """How long rows may wait for a commit, milliseconds; alerts and labels never wait.

    Attributes:
        first_pause_s: after a commit that failed; doubled up to `max_pause_s`.
    """

    samples_ms: int = 250
    telemetry_ms: int = 1000
    first_pause_s: float = 0.1
    max_pause_s: float = 5.0

    def delay_s(self, klass: str) -> float:
        """Of one class, seconds."""
        return {"s": self.samples_ms, "t": self.telemetry_ms}.get(klass, 0) / 1000


@dataclass
class WriterFigures:
    """Counters since the start.

    Attributes:
        refused: rows not taken because the queue was full, and so lost.
        put_off: tries to hand in a row that whoever has it hands in again until it is taken.
        thinned: telemetry not taken because the disk is nearly full.
        failures: commits that failed; each is tried again.
        unstorable: entries that could not be stored although others could; each became an alert.
        pixels_lost: samples whose bytes were given up because the disk has no room for them.
        commits: groups that are on the disk.
    """

    refused: int = 0
    put_off: int = 0
    thinned: int = 0
    failures: int = 0
    unstorable: int = 0
    pixels_lost: int = 0
    commits: int = 0


class Writer:
    """The only thread that appends to the outbox while the agent runs.

    Args:
        queue: entries that wait at most, those being written among them; alerts and labels may go ten
            times beyond it.
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
        self._group: list[Entry] = []
        self._alone = 0
        self._suspect: Entry | None = None
        self._blame = 0
        self._works = False
        self._looked_at = clock()
        self.figures = WriterFigures()
        self.stuck = False
        self._in_a_row = 0
        self._say_failed = Seldom("outbox_write_failed", clock=clock)
        self._spare = _SPARE_BYTES
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def unwritten(self) -> int:
        """Rows that were handed in and are not on the disk."""
        with self._changed:
            return len(self._queue) + len(self._group)

    def unwritten_marks(self) -> Counter[str]:
        """How many of these come from a ledger, which hands them in again after a start: by its name."""
        with self._changed:
            rows = (*self._queue, *self._group)
            return Counter(entry.mark[0] for entry in rows if entry.mark is not None)

    # -- handing in ------------------------------------------------------------------------------

    def put(self, entry: Entry) -> bool:
        """Hands in an entry; False when there is no room for its class."""
        with self._changed:
            if not self._room_for(entry):
                return False
            self._queue.append(entry)
            self._telemetry += entry.klass == "t"
            self._due = min(self._due, self._clock() + self._policy.delay_s(entry.klass))
            self._changed.notify_all()
        return True

    def _room_for(self, entry: Entry) -> bool:
        level, klass = self._disk.level if self._disk is not None else Level.FREE, entry.klass
        if klass == "t" and level >= Level.THIN:
            self._odd = not self._odd
            if level >= Level.ALERTS_FIRST or self._odd:
                self.figures.thinned += 1
                return False
        limit = self._limit if klass in "st" else 10 * self._limit
        emergency = level >= Level.EMERGENCY and klass in "st"
        # what is being tried comes back when the disk does not take it: it waits as well
        if emergency or len(self._queue) + len(self._group) >= limit:
            if comes_again(entry):
                self.figures.put_off += 1
            else:
                self.figures.refused += 1
            return False
        return True

    def flush(self, timeout_s: float) -> bool:
        """Has everything handed in so far committed now; False when the disk did not take it in time."""
        with self._changed:
            if self._queue:
                self._due = self._clock()
                self._changed.notify_all()
            return self._changed.wait_for(lambda: not (self._queue or self._group), timeout_s)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Writes what is left and ends; False when the disk did not take it in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # -- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            try:
                pause = self._turn()
            except Exception as error:  # noqa: BLE001  top of a supervised loop
                self._unexpected(error)
                pause = True
            if self._stopping and self._ended():
                self._say_failed.tell_rest()
                return
            if pause:
                # not cut short by new entries: a disk that takes nothing is left alone for a while
                time.sleep(self._pause_s)

    @property
    def _pause_s(self) -> float:
        p = self._policy
        return float(min(p.first_pause_s * 2 ** min(self._in_a_row - 1, 20), p.max_pause_s))

    def _ended(self) -> bool:
        return not self._queue or self._in_a_row >= _LAST_TRIES

    def _turn(self) -> bool:
        """Stores what is due; True when it is better to wait before the next turn."""
        if self._suspect is not None and not self._works:
            self._works = self._outbox.probe()
        group, pause = self._next_group(), False
        if group:
            left, pause = self._stored(group)
            self._put_back(left)
        self._look_after_disk()
        return pause

    def _put_back(self, left: list[Entry]) -> None:
        with self._changed:
            self._queue.extendleft(reversed(left))
            self._group = []
            self._changed.notify_all()

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
        enough = min(_MAX_GROUP, max(1, self._limit // 2))  # before it has to refuse
        full = len(self._queue) >= enough or self._telemetry >= _MAX_TELEMETRY
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
        if self._alone and size:
            self._alone -= 1
            size = 1
        self._group = [self._queue.popleft() for _ in range(size)]
        self._telemetry = sum(entry.klass == "t" for entry in self._queue)
        self._due = self._clock() if self._queue else float("inf")
        return self._group

    def _stored(self, group: list[Entry]) -> tuple[list[Entry], bool]:
        """What is to be tried again, and whether to wait before that."""
        try:
            self._outbox.append(group)
        except (sqlite3.OperationalError, OSError) as error:
            self._failed()
            self._say_failed(error=error, rows=len(group), in_a_row=self._in_a_row)
            return self._relieved(group, error)
        self.figures.commits += 1
        self.stuck, self._in_a_row = False, 0
        self._say_failed.look()
        self._spare = _SPARE_BYTES
        self._works = True
        return [], False

    # -- what cannot be stored -------------------------------------------------------------------

    def _failed(self) -> None:
        self.figures.failures += 1
        self._in_a_row += 1
        self.stuck = True

    def _relieved(self, group: list[Entry], error: Exception) -> tuple[list[Entry], bool]:
        """Does what can be done about a disk that takes nothing; as `_stored`."""
        if self._disk is not None and self._disk.relieve():
            return group, False
        if isinstance(error, OSError):
            if self._in_a_row >= _PICTURE_TRIES:
                # a picture too large for the room that is left must not hold up an alert
                left = self._outbox.without_what_has_no_room(group)
                lost = sum(e.lost_bytes > 0 for e in left) - sum(e.lost_bytes > 0 for e in group)
                self.figures.pixels_lost += lost
                return left, not lost
        elif is_full(error):
            return group, not self._make_room(len(group))
        return group, True

    def _make_room(self, rows: int) -> bool:
        """Evicts more each time until the file has room inside; False when that does not help."""
        spare = max(self._spare, _ROW_BYTES * rows)
        self._spare = min(2 * self._spare, _MAX_SPARE_BYTES)
        if self._outbox.unused_bytes() >= spare:
            return False  # it is the journal that finds no room
        try:
            return self._outbox.make_room(spare) > 0
        except sqlite3.OperationalError as error:
            warn("outbox_makes_no_room", error=error)
            self._spare = _SPARE_BYTES
            return False

    def _unexpected(self, error: Exception) -> None:
        """No fault of the disk: entries are tried one by one, and what is at fault is replaced."""
        group = self._group
        if group:
            self._failed()
        else:
            self.figures.failures += 1
        warn("writer_failed", error=repr(error), rows=len(group), in_a_row=self._in_a_row)
        if len(group) == 1 and self._is_at_fault(group[0]):
            self.figures.unstorable += 1
            group = [_instead_of(group[0], error)]
        self._alone = len(group)
        self._put_back(group)

    def _is_at_fault(self, entry: Entry) -> bool:
        """Whether it failed alone three times, and the outbox stored something else in between."""
        self._blame = self._blame + self._works if entry is self._suspect else 0
        self._suspect, self._works = entry, False
        return self._blame >= _BLAME

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


def _instead_of(entry: Entry, error: Exception) -> Entry:
    text = f"a row of class {entry.klass} ({entry.body.kind}) could not be stored: {error!r}"
    return alert("row-not-stored", text)
