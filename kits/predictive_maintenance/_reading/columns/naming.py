"""Channels that a person names: tags that differ from machine to machine, `FT101` and `FT201`, become one channel of a fleet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Series

_CHECK = "names"


@dataclass
class Naming:
    """What `machines.yaml` calls the channels.

    Attributes:
        names: name or pattern → name; the first that fits.
        used: those that fitted a channel.
    """

    names: Mapping[str, str]
    used: set[str] = field(default_factory=set)

    def of(self, found: Sequence[Series], notes: Notes) -> list[Series]:
        """The recordings with their channels renamed; tells what was named, and names that fit none.

        Raises:
            DataError: two channels of one machine would have one name.
        """
        renamed = [self._renamed(one, notes) for one in found]
        for stated in self.names:
            if stated not in self.used:
                notes.warn(_CHECK, "names of machines.yaml that fit no channel", stated,
                           "write it as in the files' headers; * and ? stand for any signs and any one")  # fmt: skip
        return renamed

    def _renamed(self, series: Series, notes: Notes) -> Series:
        if not self.names:
            return series
        names = tuple(map(self._name, series.names))
        twice = next((name for name, times in Counter(names).items() if times > 1), None)
        if twice is not None:
            own = [old for old, new in zip(series.names, names) if new == twice]
            raise DataError(
                f"the channels {', '.join(own)} would all be called {twice}",
                where=f"names in machines.yaml, {series.source}",
                fix="give each channel of a machine a name of its own, or state others under ignore",
            )
        for old, new in zip(series.names, names):
            if old != new:
                notes.say(_CHECK, "channels are named as machines.yaml states", f"{old}: {new}")
        return replace(series, names=names)

    def _name(self, channel: str) -> str:
        for stated, name in self.names.items():
            pattern = stated.lower().replace("[", "[[]")  # brackets stand for themselves
            if fnmatchcase(channel.lower(), pattern):
                self.used.add(stated)
                return name
        return channel
