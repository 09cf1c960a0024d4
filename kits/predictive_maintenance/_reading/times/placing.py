"""Which rows of which recording each listed fault covers; what of a list of faults fits no recording is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from kits.predictive_maintenance._reading.events import Event, Events
from kits.predictive_maintenance._reading.formats.table import Floats
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Series

Faults = tuple[tuple[int, int, str], ...]
_BETWEEN = re.compile(r"(?<=[^\W\d_])[\s_.-]+(?=\d)")
_SIGNS = re.compile(r"[\s_.-]+")
PATH_SIGNS = ("/\\|", ".")
"""Between the levels of a signal's name (`Park/R80711/Power`); points where there are no others."""
_LEVELS = re.compile(r"[/\\|.]+")
_DIGIT = re.compile(r"\d")
_FIX = "call each machine in the list as its recordings are called; those that are not imported may stay in it"
_NEAR_PERIODS, _NEAR_S = 2.0, 60.0
"""So long after a reading a fault may begin and end that is marked on it: in usual steps, and at least, as people write minutes."""


@dataclass
class Placing:
    """The faults of a list, laid on recordings as these are read.

    Attributes:
        before_h: as `machines.yaml` states it; what is listed are stops then.
        machines: all that have a recording: of a list that calls one by more words it is told which it is.
        known: machines of the list whose faults were laid on a recording.
        passed_over: those whose recordings state their faults themselves.
        marked: machines in whose recordings faults were marked.
        placed: faults that cover readings.
        within: those inside an earlier one of the same machine.
        spelled: machine of the list → recording that is called nearly so.
        in_columns: machine of the list → recordings that hold its columns, by their machines.
    """

    events: Events
    before_h: float | None = None
    machines: frozenset[str] = frozenset()
    known: set[str] = field(default_factory=set)
    passed_over: set[str] = field(default_factory=set)
    marked: set[str] = field(default_factory=set)
    placed: set[Event] = field(default_factory=set)
    within: set[Event] = field(default_factory=set)
    spelled: dict[str, str] = field(default_factory=dict)
    in_columns: dict[str, dict[str, str]] = field(default_factory=dict)

    def faults(self, series: Series) -> Faults | None:
        """Rows of each fault of a recording; None where the list does not know it, or it has no times."""
        keys = self._keys(series)
        if not keys or series.seconds is None:
            return None
        self.known |= keys
        events = [event for event in self.events.events if event.subject in keys]
        # a logger that stops with its machine is silent before anybody enters the failure
        near_s = max(_NEAR_PERIODS * series.period_s, _NEAR_S, 3600.0 * (self.before_h or 0.0))
        rows = tuple(self._rows(sorted(events, key=lambda e: e.start_s), series.seconds, near_s))
        self.marked.update([series.asset] if rows else [])
        return rows

    def pass_over(self, series: Series) -> bool:
        """Leaves a recording's faults to what it states itself; whether the list knows it."""
        keys = self._keys(series)
        self.passed_over |= keys
        return bool(keys)

    def _keys(self, series: Series) -> set[str]:
        """What the list calls a recording."""
        keys = self.events.keys(series.source, series.asset)
        if not keys:
            own = loose(series.asset.lower())
            keys = {key for key in self.events.subjects if loose(key) == own}
            keys = keys or self._worded(series.asset)
            self.spelled |= dict.fromkeys(keys, series.asset)
        if not keys:
            keys = self._in_columns(series)
            for key in keys:
                self.in_columns.setdefault(key, {})[series.asset] = series.source
        return keys

    def _worded(self, asset: str) -> set[str]:
        """Machines of the list that are called as this one and no other, with words added: `WEA R80711`."""
        called = {loose(machine.lower()) for machine in self.machines}
        keys = {
            subject
            for subject in self.events.subjects
            if loose(subject) not in called
            and [one for one in self.machines if _with_words(subject, one)] == [asset]
        }
        # of `Presse 1` and `Pumpe 1` a machine called 1 is neither for sure
        return keys if len(keys) == 1 or not _last(asset).isdigit() else set()

    def _in_columns(self, series: Series) -> set[str]:
        """Machines of the list whose columns a recording holds: `Presse 1 Öldruck`, `Park/R80711/Power`."""
        names = [f"{loose(name.lower())} " for name in series.names]
        levels = {loose(level) for n in series.names for level in _LEVELS.split(n.lower())[:-1]}
        return {
            subject
            for subject in self.events.subjects
            if subject
            and (
                loose(subject) in levels
                or any(name.startswith(f"{loose(subject)} ") for name in names)
            )
        }

    def _rows(
        self, events: list[Event], seconds: Floats, near_s: float
    ) -> Iterator[tuple[int, int, str]]:
        """Rows of each fault; of one that falls between two readings the row before, where that is near."""
        last = 0
        for event in events:
            start = int(np.searchsorted(seconds, event.start_s, "left"))
            end = int(np.searchsorted(seconds, event.end_s, "right"))
            if end <= start and start and event.start_s - seconds[start - 1] <= near_s:
                start, end = start - 1, start
            if end <= start:
                continue
            if end <= last:
                self.within.add(event)
                continue
            self.placed.add(event)
            yield max(start, last), end, event.label
            last = end

    def say(self, notes: Notes) -> None:
        """Tells how many faults of the list are marked, and what of it was taken otherwise or not at all."""
        name = self.events.source.name
        for label, count in Counter(event.label for event in self.placed).most_common():
            notes.say("labels", f"{len(self.placed)} faults of {name} are marked in the recordings",
                      f"{label}: {count}")  # fmt: skip
        self._say_lengths(notes)
        for listed, taken in sorted(self.spelled.items()):
            notes.say("labels", f"machines of {name} are called otherwise than in the recordings",
                      f"{listed}: taken for {taken}")  # fmt: skip
        for listed, holders in sorted(self.in_columns.items()):
            where = f"{listed}: {', '.join(holders.values())}"
            if len(holders) > 1:
                notes.warn("labels", f"columns of a machine of {name} are in recordings of several: its faults are marked in all of them", where,
                           f"is it in one of them? then call it as that recording in {name}")  # fmt: skip
                continue
            notes.say("labels", f"machines of {name} are named by columns: their faults are marked in the whole recording", where)  # fmt: skip
        if self.events.unread:
            notes.warn(
                "labels",
                f"lines of {name} without a readable start and end, or with an end before the start, are left out",
                f"{self.events.unread} lines", "correct them, and import again with --replace",
            )  # fmt: skip
        if self.events.subjects == {""} and len(self.marked) > 1:
            notes.warn("labels", f"{name} names no machine: its faults are marked in all recordings of their time", f"machines: {', '.join(sorted(self.marked))}",
                       "are they of one of them? then add a column machine to it")  # fmt: skip
        if self.events.normal:
            notes.warn("labels", f"lines of {name} that say that nothing was wrong mark no fault", f"{self.events.normal} lines",
                       "if these were faults all the same (a state after the repair?), write what was wrong in their place")  # fmt: skip
        for subject in sorted(self.events.subjects - self.known - self.passed_over):
            count = sum(event.subject == subject for event in self.events.events)
            notes.warn("labels", f"{name} lists faults of machines that have no recording",
                       f"{subject or 'without a name'}: {count} faults", _FIX)  # fmt: skip
        own = [event for event in self.events.events if event.subject in self.known]
        self._say_missed([e for e in own if e not in self.placed], notes)

    def _say_lengths(self, notes: Notes) -> None:
        """Tells how long faults were taken to last, where the list does not say it."""
        name, lengths = self.events.source.name, {e.end_s - e.start_s for e in self.placed}
        if self.events.days:
            text = f"{name} tells days and no hours: its faults are marked from the first minute of their days to the last"
            notes.say("labels", text)
        if lengths == {0.0} and self.before_h is None:
            text = f"{name} tells one moment of each fault: only the reading at it is marked, those around it count as normal"
            fix = "add a column end; or, if machines stood from then on, state labels.before_h in machines.yaml"
            notes.warn("labels", text, fix=fix)

    def _say_missed(self, missed: list[Event], notes: Notes) -> None:
        name = self.events.source.name
        for event in missed:
            where = f"{event.subject or event.label} {np.datetime64(int(event.start_s), 's')} UTC"
            if event in self.within:
                text = f"faults of {name} lie within another one of the same machine: counted as one with it"
                notes.say("labels", text, where)
            else:
                text = f"at the time of faults of {name} nothing was recorded: they are in no recording"
                late = (
                    ""
                    if self.before_h
                    else " did the recording end when it stood? then state labels.before_h in machines.yaml;"
                )
                notes.warn("labels", text, where, f"is time.timezone stated, was the machine called so then?{late} else bring what was recorded")  # fmt: skip


def loose(name: str) -> str:
    """A machine's name whatever stands between its words: `Presse 1`, `presse_1` and `Presse1` are one."""
    return _SIGNS.sub(" ", _BETWEEN.sub("", name))


def _with_words(one: str, two: str) -> bool:
    """Whether a name is another one that has a number, with words before or after it that have none."""
    less, more = sorted((_SIGNS.split(_last(name).lower()) for name in (one, two)), key=len)
    for start in range(len(more) - len(less) + 1):
        end = start + len(less)
        if more[start:end] == less and any(map(_DIGIT.search, less)):
            return not any(map(_DIGIT.search, (*more[:start], *more[end:])))
    return False


def _last(machine: str) -> str:
    """A machine's name without its folders."""
    return machine.rpartition("/")[2]
