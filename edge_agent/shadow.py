"""The shadow: a candidate judges the same samples as the bundle that decides, without any effect.

It works in a thread of its own, but the line waits for it as long as one sample may take at all: both
then have the machine to themselves in turn, and a candidate that hangs costs the line that much, once.
"""

from __future__ import annotations

import queue
import threading
import time

from edge_agent.decide import judge, told
from edge_agent.engine.ladder import Loaded
from edge_agent.judging import Judged
from edge_agent.log import warn
from edge_agent.process import NativeThread
from edge_agent.update.probation import Tally
from kits.core.operating_point import Verdict


class Shadow:
    """Runs one candidate until `close`.

    Args:
        patience_s: the line waits this long for one sample.
        hung_s: a sample that takes longer is a failure of the candidate.
    """

    def __init__(
        self,
        loaded: Loaded,
        safe_side: Verdict,
        *,
        patience_s: float,
        hung_s: float,
    ) -> None:
        self._loaded = loaded
        self._safe_side = safe_side
        self._patience_s = patience_s
        self._hung_s = hung_s
        self._work: queue.SimpleQueue[Judged | None] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._since = 0.0
        self._hung = False
        self._handing = threading.Lock()
        self._closed = False
        self.tally = Tally()
        NativeThread("shadow", self._run).start()

    def take(self, judged: Judged) -> None:
        """Lets the candidate judge a sample; not while it is still busy with an earlier one.

        One of which nothing could be judged says nothing of either.
        """
        if judged.payload is None:
            return
        if not self._idle.is_set():
            self._look_whether_it_hangs()
            return
        if self._handed(judged) and not self._idle.wait(self._patience_s):
            self._look_whether_it_hangs()

    def _handed(self, judged: Judged) -> bool:
        """Whether the thread has it; one that was ended by another thread meanwhile is not waited for."""
        with self._handing:
            if self._closed:
                return False
            self._idle.clear()
            self._since = time.monotonic()
            self._work.put(judged)
            return True

    def close(self) -> None:
        """Ends the thread after its present sample."""
        with self._handing:
            self._closed = True
            self._work.put(None)

    def _look_whether_it_hangs(self) -> None:
        if not self._hung and time.monotonic() - self._since >= self._hung_s:
            self._hung = True
            warn("shadow_hangs", bundle=self._loaded.id[:12])
            self.tally.add(0.0, None)

    def _run(self) -> None:
        while (judged := self._work.get()) is not None:
            try:
                self._judge(judged)
            finally:
                self._idle.set()

    def _judge(self, judged: Judged) -> None:
        started = time.monotonic()
        try:
            assert judged.payload is not None  # `take` sees to it
            prediction, _ = self._loaded.ready.predict_timed(judged.payload)
            took_ms = (time.monotonic() - started) * 1000
            told(prediction)
            outcome = judge(
                self._loaded.ready.bundle.operating_point,
                prediction,
                elapsed_ms=0.0,
                deadline_ms=1.0,
                safe_side=self._safe_side,
            )
        except Exception as error:  # noqa: BLE001  a candidate may fail in any way; that is the test
            warn("shadow_failed", error=repr(error))
            self.tally.add(0.0, None, other=judged.prediction)
            return
        self.tally.add(
            took_ms,
            None if outcome.score is None else prediction,
            agrees=outcome.verdict == judged.outcome.verdict or not judged.outcome.decided,
            other=judged.prediction,
        )
