"""The deadline of the sample in work: what is done when it passes, even while a model hangs.

It knows nothing of samples: who arms it says what is to be done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class DeadlineGuard:
    """Runs a callback when the armed deadline passes; one deadline at a time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: float | None = None
        self._callback: Callable[[], None] = lambda: None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="deadline", daemon=True)
        self._thread.start()

    def arm(self, due: float, callback: Callable[[], None]) -> None:
        """`due` in monotonic seconds."""
        with self._changed:
            self._due, self._callback = due, callback
            self._changed.notify()

    def disarm(self) -> bool:
        """True when it was in time; False when the callback ran.

        Who held the interpreter's lock past the deadline disarms before the guard's thread can wake:
        the callback is run here then.
        """
        with self._changed:
            due, self._due = self._due, None
            in_time = due is not None and time.monotonic() < due
            if due is not None and not in_time:
                self._callback()
        return in_time

    def close(self) -> None:
        """Ends the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(1.0)

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                left = None if self._due is None else self._due - time.monotonic()
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                self._due = None
                self._callback()  # only hands orders to queues: quick enough to hold the lock
