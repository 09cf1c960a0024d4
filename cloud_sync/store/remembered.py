"""What a query said a moment ago, for requests that come by the thousand and all ask the same.

It is forgotten after seconds, and at once when this process commits a change to one of the tables it came from through
the ORM. What another process changes is noticed when the seconds are over: so this is for answers that may be so old.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from cloud_sync.store.db import Database
from cloud_sync.store.types import Base

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """A bounded memory; safe for several threads, because each step is one of a dictionary.

    Args:
        tables: where the answers come from.
        seconds: how long an answer is good for.
        most: so many are kept; the one kept longest ago goes first.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        database: Database,
        tables: tuple[type[Base], ...],
        *,
        seconds: float,
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, int, Value]] = OrderedDict()
        self._version = 0
        database.on_change(tables, self._changed)

    @property
    def version(self) -> int:
        """To be read before the query whose answer is kept: a change that comes between the two is not missed."""
        return self._version

    def get(self, key: Key) -> Value | None:
        """The answer, where it is still good."""
        found = self._kept.get(key)
        if found is None:
            return None
        until, version, value = found
        return value if version == self._version and self._clock() < until else None

    def keep(self, key: Key, value: Value, version: int) -> None:
        """An answer from a query that was made when `version` was read."""
        self._kept.pop(key, None)
        self._kept[key] = (self._clock() + self._seconds, version, value)
        while len(self._kept) > self._most:
            try:
                self._kept.popitem(last=False)
            except KeyError:  # another thread has emptied it
                return

    def _changed(self) -> None:
        self._version += 1
        self._kept.clear()
