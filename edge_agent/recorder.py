"""The recorder: finishes a sample's event once the outcomes of its actions are known.

It has a thread of its own, so that the line does not wait for actions, and a bounded queue: an event
that finds it full goes out without the outcomes. The row keeps the time at which it was decided.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from edge_agent.actions.dispatcher import collect
from edge_agent.log import Seldom
from edge_agent.sync.entry import Entry
from kits.core.events import DecisionBody

_QUEUE = 256
_REMEMBERED = 20


@dataclass(frozen=True, slots=True)
class Pending:
    """An event whose actions may still be running.

    Attributes:
        deadline_mono: they are not waited for much longer than this.
    """

    body: DecisionBody
    entry: Entry
    actions: dict[str, Future[str]]
    deadline_mono: float


class Recorder:
    """Hands finished events on.

    Args:
        put: takes entries for the outbox.
        clock: monotonic seconds.

    Attributes:
        recent: the last decisions, for the status page.
    """

    def __init__(
        self, put: Callable[[Entry], bool], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._put = put
        self._say_refused = Seldom("sample_refused", clock=clock)
        self._queue: queue.Queue[Pending | None] = queue.Queue(_QUEUE)
        self.recent: deque[DecisionBody] = deque(maxlen=_REMEMBERED)
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def take(self, pending: Pending) -> None:
        """Will finish an event; never waits."""
        try:
            self._queue.put_nowait(pending)
        except queue.Full:
            self._put(pending.entry)

    def remember(self, body: DecisionBody) -> None:
        """Shows a decision whose source sees to the rest; it is put nowhere from here."""
        self.recent.append(body)

    def close(self, timeout_s: float) -> None:
        """Finishes what it has."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            body = item.body.model_copy(
                update={"actions": collect(item.actions, item.deadline_mono)}
            )
            self.recent.append(body)
            if self._put(replace(item.entry, body=body)):
                self._say_refused.look()
            else:
                self._say_refused(sample=body.sample_id)
        self._say_refused.tell_rest()
