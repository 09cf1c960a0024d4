"""What the page asks and is told, as JSON: one sitting at a time, whatever the tabs do.

No HTTP: `server.py` carries these values. A statement names the sample it is about, so that a second click or a
second tab never labels the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field, JsonValue

from kits.core.section import Section
from kits.core.showing import MAX_TEXT
from kits.toolchain.labelling.curve import curve_json
from kits.toolchain.labelling.desk import RoundEnd
from kits.toolchain.labelling.work import ON_KEYS, Sitting, Task

Json = dict[str, JsonValue]


class Act(Section):
    """What a person did on the page."""

    act: Literal["state", "skip", "undo", "next", "finish", "quit"] = Field(description="what")
    sample: str = Field("", max_length=64, description="the sample that was on the screen")
    labels: tuple[str, ...] = Field((), max_length=20, description="of `state`")


@dataclass
class Conversation:
    """The page's side of labelling.

    Args:
        begin: starts the next round. Raises DataError when nothing is left.
        finish: keeps the round and says what it was worth.
    """

    begin: Callable[[], Sitting]
    finish: Callable[[], RoundEnd]
    end: RoundEnd | None = None
    done: threading.Event = field(default_factory=threading.Event)
    _sitting: Sitting | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> Json:
        """What is to be shown now."""
        with self._lock:
            return self._shown("")

    def take(self, said: Act) -> Json:
        """Does it, and answers with what is to be shown then.

        Raises:
            UsageError: a label that cannot be kept.
            DataError: nothing is left to label.
        """
        with self._lock:
            if said.act == "quit":
                self.end = self.end or self.finish()
                self.done.set()
                return self._shown("")
            if said.act == "next":
                self._sitting, self.end = None, None
                return self._shown("")
            if said.act == "finish":
                self.end = self.finish()
                return self._shown("")
            return self._shown(self._label(self._running(), said))

    def _label(self, sitting: Sitting, said: Act) -> str:
        waiting = "" if sitting.over else sitting.order[sitting.place].sample_id
        if said.act == "undo":
            self.end = None
            return "taken back" if sitting.undo() else "nothing to take back in this round"
        if said.sample != waiting:
            return "this one has been judged already"
        if said.act == "state":
            return sitting.state(said.labels)
        sitting.skip()
        return ""

    def _running(self) -> Sitting:
        if self._sitting is None:
            self._sitting = self.begin()
        return self._sitting

    def _shown(self, message: str) -> Json:
        if self.end is not None:
            return {**_end_json(self.end), "stopped": self.done.is_set()}
        sitting = self._running()
        task = sitting.task()
        if task is None:
            self.end = self.finish()
            return {**_end_json(self.end), "stopped": False}
        return {**_task_json(task, sitting), "message": message}


def _task_json(task: Task, sitting: Sitting) -> Json:
    text = task.shown.text
    return {
        "over": False,
        "sample": task.item.sample.id,
        "number": task.number,
        "total": task.total,
        "made": sitting.made,
        "author": sitting.author,
        "title": task.shown.title,
        "text": text[:MAX_TEXT],
        "left_out": max(0, len(text) - MAX_TEXT),
        "why": task.why,
        "stands_for": task.stands_for,
        "guess": list(task.guess.labels),
        "likely": dict(task.guess.likely),
        "labels": list(task.labels),
        "on_keys": ON_KEYS,
        "none": sitting.none,
    }


def _end_json(end: RoundEnd) -> Json:
    return {
        "over": True,
        "line": end.line,
        "rows": list(end.rows),
        "waiting": end.waiting,
        "curve": curve_json(end.curve),
    }
