"""Showing how far a long piece of work has come: a bar on a terminal, a few lines elsewhere.

Everything goes to standard error, so standard output stays the answer.
"""

from __future__ import annotations

import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TextIO, TypeVar

from kits.core.console import Console
from kits.core.kit import NoProgress, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichBar
    from rich.progress import TaskID

LINE_EVERY_S = 10.0
"""Seconds between two lines of `LineProgress` within one stage."""

Item = TypeVar("Item")


class RichProgress:
    """A `Progress` that draws a bar with the newest figures."""

    def __init__(self) -> None:
        self._bar: RichBar | None = None
        self._task: TaskID | None = None

    def begin(self, stage: str, total: int) -> None:
        from rich.console import Console as RichConsole
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichBar

        self.end()
        self._bar = RichBar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            # asked again and again it may find the stream held back for a moment, and draw as in a file
            console=RichConsole(stderr=True, force_terminal=True),
            transient=False,
        )
        self._bar.start()
        self._task = self._bar.add_task(stage, total=total or None, figures="")

    def advance(self, steps: int = 1, **figures: float) -> None:
        if self._bar is None or self._task is None:
            return
        if figures:
            self._bar.update(self._task, figures=_figures(figures))
        self._bar.advance(self._task, steps)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None


class LineProgress:
    """A `Progress` for logs: one line when a stage ends, and one every few seconds meanwhile, also while no step of it is done.

    Args:
        every_s: seconds between two lines.
    """

    def __init__(
        self,
        out: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        every_s: float = LINE_EVERY_S,
    ) -> None:
        self._out = out or sys.stderr
        self._clock = clock
        self._every_s = every_s
        self._over = threading.Event()
        self._saying = threading.Lock()
        self._stage = ""
        self._total = self._done = 0
        self._began = self._said = 0.0
        self._figures: dict[str, float] = {}

    def begin(self, stage: str, total: int) -> None:
        self.end()
        self._stage, self._total, self._done, self._figures = stage, total, 0, {}
        self._began = self._said = self._clock()
        self._over = threading.Event()
        beats = weakref.ref(self), self._over, self._every_s
        threading.Thread(target=_beat, args=beats, daemon=True).start()

    def advance(self, steps: int = 1, **figures: float) -> None:
        self._done += steps
        self._figures.update(figures)
        if self._stage and self._clock() - self._said >= self._every_s:
            self._say(self._how_far())

    def end(self) -> None:
        self._over.set()
        if self._stage:
            self._say(f"{self._done}, done in {self._clock() - self._began:.1f} s")
        self._stage = ""

    def still(self) -> None:
        """Says that the stage goes on, where it has not been said for long."""
        now = self._clock()
        if self._stage and now - self._said >= self._every_s and not self._out.closed:
            self._say(f"{self._how_far()} after {now - self._began:.0f} s")

    def _how_far(self) -> str:
        return f"{self._done}/{self._total}" if self._total else str(self._done)

    def _say(self, how_far: str) -> None:
        with self._saying:
            self._said = self._clock()
            line = f"{self._stage}: {how_far} {_figures(self._figures)}".rstrip()
            print(line, file=self._out, flush=True)


def _beat(progress: weakref.ref[LineProgress], over: threading.Event, every_s: float) -> None:
    """Lets a stage be heard of until it is over, or until nobody has its progress any more."""
    while not over.wait(every_s):
        alive = progress()
        if alive is None:
            return
        alive.still()
        del alive


def make_progress(console: Console) -> Progress:
    """A bar on a terminal, lines in a log, nothing with `-q`."""
    if console.quiet:
        return NoProgress()
    return RichProgress() if console.interactive else LineProgress()


def counted(
    items: Iterable[Item], progress: Progress, stage: str, total: int = 0
) -> Iterator[Item]:
    """The items, one step of progress each."""
    progress.begin(stage, total)
    try:
        for item in items:
            yield item
            progress.advance()
    finally:
        progress.end()


def _figures(figures: dict[str, float]) -> str:
    return " ".join(f"{name}={value:.4g}" for name, value in figures.items())
