"""The frame of the hub's supervised loops: a thread, turns, pauses, an end; faults are logged, counted, waited out.

What a turn does, and how long it rests, is its owner's business. Threads that do more than turns (a job's
heartbeat, the broker's keeper) have frames of their own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from cloud_sync.metrics import Metrics

log = logging.getLogger(__name__)

_WORDS = 300


class Loop:
    """Does its turn again and again, in a thread of its own, until it is stopped.

    Args:
        name: of the loop, in the metric `loop_errors` and in the log.
        turn: one round; seconds until the next one.
        metrics: counts faults.
        after_fault: seconds until the next turn, by how many turns have failed in a row.
        first_s: seconds before the first turn.
        traceback: whether a fault is logged with where it happened.
        thread: its name where it is not the loop's.

    Attributes:
        stopping: is set when it is to end; a turn that takes long looks at it.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], float],
        metrics: Metrics,
        *,
        after_fault: Callable[[int], float],
        first_s: float = 0.0,
        traceback: bool = False,
        thread: str = "",
    ) -> None:
        self._name = name
        self._turn = turn
        self._metrics = metrics
        self._after_fault = after_fault
        self._first_s = first_s
        self._traceback = traceback
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name=thread or name, daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self, timeout_s: float | None = None) -> bool:
        """Ends after the turn at hand; waits for it, for so long at most. Whether it has ended."""
        self.stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def run(self) -> None:
        """Turns until `stop`, in the calling thread."""
        faults, pause_s = 0, self._first_s
        while not self.stopping.wait(pause_s):
            try:
                pause_s = self._turn()
                faults = 0
            except Exception as error:  # top of a supervised loop: a turn may raise anything
                faults += 1
                pause_s = self._after_fault(faults)
                self._metrics.loop_errors.labels(self._name).inc()
                log.error(
                    "event=%s_failed error=%r next_try_s=%.1f",
                    self._name.replace("-", "_"), str(error)[:_WORDS], pause_s,
                    exc_info=self._traceback,
                )  # fmt: skip


class Looping:
    """What works in one loop, and begins and ends with it. Its maker sets the loop."""

    _loop: Loop

    def start(self) -> None:
        """Starts the thread."""
        self._loop.start()

    def stop(self) -> None:
        """Ends after the turn at hand."""
        self._loop.stop()


def always(pause_s: float) -> Callable[[int], float]:
    """The same pause after each fault."""
    return lambda _faults: pause_s


def doubling(first_s: float, limit_s: float) -> Callable[[int], float]:
    """A pause after the first fault in a row, twice as long after each further one, up to a limit."""
    return lambda faults: float(min(first_s * 2.0 ** min(faults - 1, 60), limit_s))
