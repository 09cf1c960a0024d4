"""The book of open alerts: a condition is one alert when it begins and one when it is over.

However often it is seen, and over restarts: what was open when the agent ended is open when it starts,
so that the hub hears the end of it. What an alert means is the business of whoever raises it.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_agent.log import warn
from edge_agent.sync.entry import Entry
from kits.core.events import AlertBody
from kits.core.files import write_atomically

_REPEAT_S = 600.0
_FLAPS, _FLAPS_WITHIN_S = 3, 60.0
"""So many beginnings within this time are one alert that flaps: it would fill the outbox with rows
that are never given up."""
_CALM_S = 30.0
_MAX_BEGAN = 500
PASSING: tuple[str, ...] = ("corrupt-sample", "model-failed", "source-clock", "window-request-vain",
                            "draft-failed", "mail-send-doubtful", "parts-missed", "decision-late")  # fmt: skip
"""Raised for one sample each: nobody ever finds that it is over. It is after `PASSING_CALM_S`."""
PASSING_CALM_S = 600.0
LASTING: tuple[str, ...] = ("bundle-refused", "bundle-rolled-back", "bundle-unusable")
"""Something that happened once: it stands, over restarts too, until a bundle has proved itself."""
AGAIN_WITHIN_S = 60.0
"""What was open when the agent ended and is not seen again so soon after its start is over."""


@dataclass(slots=True)
class _Raised:
    """An open alert.

    Attributes:
        told_at: when the outbox was last given it.
        ends_at: when it is over by itself unless it is raised again.
        end_text: what is said then.
    """

    text: str
    told_at: float
    ends_at: float = math.inf
    end_text: str = ""


class AlertBook:
    """Open alerts by name. One that comes and goes is over only after some calm.

    Args:
        put: takes entries for the outbox.
        kept: file that holds what is open; None: it is forgotten at the end.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        put: Callable[[Entry], bool],
        kept: Path | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._put = put
        self._kept = kept
        self._clock = clock
        self._began: dict[str, deque[float]] = {}
        self._untold: dict[str, AlertBody] = {}
        self._lock = threading.Lock()
        self._written = _read(kept) if kept is not None else {}
        self._unwritable = False
        self._open = {name: _Raised(text, -math.inf) for name, text in self._written.items()}
        self._works = False

    def __call__(self, name: str, severity: str, text: str) -> None:
        """Raises (warning, error) or clears (info) an alert; see `sources.base.Alerts`."""
        with self._lock:
            due = self._ends(name, text) if severity == "info" else self._begins(name, text)
        if due:
            self._tell(name, severity, text)

    def _begins(self, name: str, text: str) -> bool:
        """Whether this is news."""
        now, known, passing = self._clock(), self._open.get(name), name in PASSING
        came_back = known is not None and known.ends_at < math.inf and not passing
        if known is None or came_back:
            self._forget_old(now)
            self._began.setdefault(name, deque(maxlen=_FLAPS)).append(now)
        news = known is None or now - known.told_at >= _REPEAT_S
        if known is None or news:
            known = self._open[name] = _Raised(text, now)
        known.ends_at = now + PASSING_CALM_S if passing else math.inf
        known.end_text = f"not seen again for {PASSING_CALM_S / 60:.0f} minutes"
        return news

    def _forget_old(self, now: float) -> None:
        """Names may come from outside (assets): beginnings that flap no more are not kept for ever."""
        if len(self._began) < _MAX_BEGAN:
            return
        old = [n for n, began in self._began.items() if now - began[-1] >= _FLAPS_WITHIN_S]
        for name in old:
            del self._began[name]

    def _ends(self, name: str, text: str) -> bool:
        """Whether it is over now; one that flaps is over when `settle` finds that it kept calm."""
        known = self._open.get(name)
        if known is None:
            return False
        now, began = self._clock(), self._began.get(name)
        if began is not None and len(began) == _FLAPS and now - began[0] < _FLAPS_WITHIN_S:
            if known.ends_at > now + _CALM_S:
                known.ends_at, known.end_text = now + _CALM_S, text
            return False
        del self._open[name]
        return True

    def settle(self) -> None:
        """Clears what has been calm for long enough, tells what the outbox did not take, and writes
        down what is open.

        Called about once a second: what is raised in the last second before a kill is not known to
        the next start.
        """
        now = self._clock()
        with self._lock:
            if not self._works:
                self._works = True
                self._begin_to_wait(now)
            untold = list(self._untold.values())
            over = [(name, one.end_text) for name, one in self._open.items() if now >= one.ends_at]
            for name, _ in over:
                del self._open[name]
        for body in untold:
            self._hand_in(body)
        for name, text in over:
            self._tell(name, "info", text)
        if self._kept is not None:
            self._keep(self._kept)

    def _begin_to_wait(self, now: float) -> None:
        """For what was open before: not earlier, since a start with a large bundle takes minutes."""
        for name, one in self._open.items():
            if one.told_at == -math.inf and name not in LASTING:
                one.ends_at = now + AGAIN_WITHIN_S
                one.end_text = "not seen again since the agent was started"

    def _keep(self, path: Path) -> None:
        """Writes what is open if that has changed; on a disk that takes nothing, at a later call."""
        now_open = self.open()
        if now_open == self._written:
            return
        try:
            write_atomically(path, json.dumps(now_open).encode())
        except OSError as error:
            if not self._unwritable:
                warn("open_alerts_not_written", error=error)
            self._unwritable = True
            return
        self._written, self._unwritable = now_open, False

    def _tell(self, name: str, severity: str, text: str) -> None:
        level: Literal["info", "warning", "error"] = (
            "info" if severity == "info" else "error" if severity == "error" else "warning"
        )
        warn("alert", name=name, severity=level, text=text)
        self._hand_in(AlertBody(name=name, severity=level, text=text))

    def _hand_in(self, body: AlertBody) -> None:
        """To the outbox; what it does not take now is tried again each time `settle` is called."""
        taken = self._put(Entry(body, "a"))
        with self._lock:
            if taken:
                self._untold.pop(body.name, None)
            else:
                self._untold[body.name] = body

    @property
    def untold(self) -> int:
        """Alerts that the outbox has not taken yet."""
        with self._lock:
            return len(self._untold)

    def open(self) -> dict[str, str]:
        """Name → text of what is raised now."""
        with self._lock:
            return {name: one.text for name, one in self._open.items()}


def _read(path: Path) -> dict[str, str]:
    """What was open when the agent ended; nothing when nobody can say."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(text) for name, text in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        warn("open_alerts_unreadable", error=error)
        return {}
