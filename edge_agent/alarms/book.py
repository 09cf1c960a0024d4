"""The book of cases: what the desk must not forget, and the way of each step to the outbox.

A step is written down here before its row goes to the outbox, and forgotten only when the outbox says that
it is committed: a kill at any moment loses no step and repeats none. What a step is, is the desk's business;
models and their file are `memory.py`. The desk's lock guards all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from edge_agent.alarms.figures import DeskFigures
from edge_agent.alarms.memory import Asset, DeskMemory, Untold, read_memory, write_memory
from edge_agent.log import log, warn
from edge_agent.sources.base import Alerts
from edge_agent.sync.entry import Entry
from kits.core.events import CaseBody

MARK = "cases"
"""Name of the outbox's mark that says which step was committed last."""
_MAX_UNTOLD = 5000
_KEPT_WISHES = 100


class CaseBook:
    """Keeps assets with their cases, steps that are under way, and wishes that are done.

    Args:
        path: file that keeps what must not be forgotten; None: nothing is.
        put: takes entries for the outbox.
        committed: the number of the newest step whose row is in the outbox; None: it is out of reach.
        keep_every_s: what is no step is written down so often: flash wears out. A kill costs a delay
            that is running so much.

    Attributes:
        assets: every asset that was ever seen, as it stands.
        news: when cases were opened lately, as it was read.
        unwritable: whether the disk did not take it when it was last tried.
    """

    def __init__(
        self,
        path: Path | None,
        put: Callable[[Entry], bool],
        committed: Callable[[], int | None],
        alerts: Alerts,
        figures: DeskFigures,
        keep_every_s: float,
    ) -> None:
        self._path = path
        self._put = put
        self._committed = committed
        self._alerts = alerts
        self._figures = figures
        self._keep_every_s = keep_every_s
        self._kept_mono = time.monotonic()
        memory = read_memory(path) if path is not None else DeskMemory()
        self.assets: dict[str, Asset] = dict(memory.assets)
        self.news = memory.news
        self._number = memory.number
        self._untold = list(memory.untold)
        self._wishes = list(memory.wishes)
        self._handed = 0
        self._aligned = False
        self._dirty = False
        self.unwritable = False

    # -- steps -----------------------------------------------------------------------------------

    def add(self, body: CaseBody) -> None:
        """A step; it is told once it is kept."""
        self._number += 1
        self._figures.steps += 1
        self._untold.append(Untold(number=self._number, body=body))
        log("case", asset=body.asset, step=body.transition, to=body.level, case=body.case_id)
        if len(self._untold) > _MAX_UNTOLD:
            self._figures.lost += 1
            warn("case_step_given_up", number=self._untold.pop(0).number)

    def tell(self) -> None:
        """Hands in, in order, what is not in the outbox and not on its way there."""
        committed = self._committed()
        if committed is None:
            return
        self._align(committed)
        if self._untold and self._untold[0].number <= committed:
            self._untold = [one for one in self._untold if one.number > committed]
            self._dirty = True
        for one in self._untold:
            if one.number <= self._handed:
                continue
            if not self._put(Entry(one.body, "a", mark=(MARK, one.number))):
                return
            self._handed = one.number

    def _align(self, committed: int) -> None:
        """Once: when the file was lost, numbers begin behind those that the outbox has seen."""
        if self._aligned:
            return
        self._aligned = True
        known = self._number - len(self._untold)
        if committed > self._number:
            shift = committed - known
            self._number += shift
            self._untold = [Untold(number=u.number + shift, body=u.body) for u in self._untold]

    # -- wishes of persons -----------------------------------------------------------------------

    def is_done(self, wish: str) -> bool:
        """Whether a wish with this id was fulfilled."""
        return wish in self._wishes

    def note_done(self, wish: str) -> None:
        """A wish was fulfilled; the newest hundred are known."""
        self._wishes = [*self._wishes[1 - _KEPT_WISHES :], wish]

    # -- the file --------------------------------------------------------------------------------

    def touch(self) -> None:
        """Something changed that may be lost for a while."""
        self._dirty = True

    def due(self, *, at_end: bool) -> bool:
        """Whether what changed is to be written down now."""
        waited = time.monotonic() - self._kept_mono >= self._keep_every_s
        return self._dirty and (waited or at_end)

    def keep(self, news: Iterable[datetime]) -> None:
        """Writes all of it down; a disk that does not take it is told, once.

        Args:
            news: when cases were opened lately.
        """
        self._dirty = False
        self._kept_mono = time.monotonic()
        if self._path is None:
            return
        memory = DeskMemory(
            number=self._number,
            assets=self.assets,
            untold=tuple(self._untold),
            news=tuple(news),
            wishes=tuple(self._wishes),
        )
        try:
            write_memory(self._path, memory)
        except OSError as error:
            self._dirty = True
            if not self.unwritable:
                warn("cases_not_written", error=error)
            self.unwritable = True
            self._alerts("cases-not-kept", "error", f"the disk does not take cases: {error}")
            return
        if self.unwritable:
            self.unwritable = False
            self._alerts("cases-not-kept", "info", "the disk takes cases again")
