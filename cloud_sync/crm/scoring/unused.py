"""Fields of a lead that its bundle does not look at, and which of its columns each may be: how a misspelt name is found.

Names only; what a field holds is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from cloud_sync.crm.scoring.scored import MAX_NAMES, MAX_WORDS
from cloud_sync.store.types import JsonObject
from kits.core.errors import closest
from kits.core.ready import ReadyBundle
from kits.core.runtime import Asks, Takes

_COMPARED = 20
"""Names of a request that are compared with columns: programs send fields by the hundred."""
_LONGEST = 80
"""Characters of a name that is compared."""


class Unused:
    """Tells it of the leads of one request.

    Args:
        columns: what the bundle looks at; empty: it does not say.
        taken: other names under which it looks at a value.
    """

    def __init__(self, columns: tuple[str, ...], taken: frozenset[str] = frozenset()) -> None:
        self._columns = columns
        self._known = frozenset(columns)
        self._taken = taken | self._known
        self._compared: set[str] = set()

    @classmethod
    def of(cls, ready: ReadyBundle) -> Unused:
        """For the leads that a bundle scores."""
        runtime = ready.runtime
        if not isinstance(runtime, Asks):
            return cls(())
        return cls(runtime.columns, runtime.taken if isinstance(runtime, Takes) else frozenset())

    def told(self, sent: Iterable[str]) -> JsonObject:
        """`unused_fields`, and in `did_you_mean` the column for each that is close to one that was not sent."""
        names = frozenset(sent)
        unused = sorted(names - self._taken)[:MAX_NAMES] if self._known else []
        meant = {name: self._meant(name) for name in unused} if self._known - names else {}
        return {
            "unused_fields": [name[:MAX_WORDS] for name in unused],
            "did_you_mean": {n: column for n, column in meant.items() if column and column not in names},
        }  # fmt: skip

    def _meant(self, name: str) -> str:
        if name not in self._compared:
            if len(self._compared) >= _COMPARED or len(name) > _LONGEST:
                return ""
            self._compared.add(name)
        return _meant(name, self._columns)


@lru_cache(maxsize=1024)
def _meant(name: str, columns: tuple[str, ...]) -> str:
    """The column that comes closest in whatever case; to its end where exports name the table before (`Deal - Value`)."""
    known = {column.casefold(): column for column in columns}
    said = name.casefold()
    own = said.rpartition(" - ")[2]
    return known.get(closest(said, known) or closest(own, known), "")
