"""Rows of the ledger on their way to the outbox: each arrives once, also across `kill -9`.

A row is forgotten here only when the outbox says that its number is committed there (`Outbox.mark`); what is
not is handed in again after a start.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import TypeAdapter

from edge_agent.mail.ledger import IN_DOUBT, Ledger
from edge_agent.sync.entry import Entry
from kits.core.events import Body, EventClass

_ALIGNED = "aligned"
_CLASSES: tuple[EventClass, ...] = ("l", "s")


def mark_of(klass: EventClass) -> str:
    """The name under which the outbox keeps our newest number of a class."""
    return f"mail-{klass}"


class Teller:
    """Hands rows in.

    Args:
        put: takes entries for the outbox; False: there is no room now.
        committed: as `Outbox.mark`.
    """

    def __init__(
        self,
        ledger: Ledger,
        put: Callable[[Entry], bool],
        committed: Callable[[str], int | None],
    ) -> None:
        self._ledger = ledger
        self._put = put
        self._committed = committed
        self._handed: dict[EventClass, int] = {}
        self._aligned = False
        self._body: TypeAdapter[Body] = TypeAdapter(Body)

    def tell(self) -> bool:
        """Hands in what is not in the outbox and not on its way there; False when there is no room."""
        if not self._aligned and not self._align():
            return False
        told = [self._tell(klass) for klass in _CLASSES]  # one that is held up holds up no other
        return all(told)

    def _align(self) -> bool:
        marks = [self._committed(mark_of(klass)) for klass in _CLASSES]
        if None in marks:
            return False  # the outbox is out of reach
        if not self._ledger.note(_ALIGNED):
            # this ledger has told nothing yet: another one may have, before it was lost
            before = max(mark or 0 for mark in marks)
            with self._ledger.transaction():
                self._ledger.number_beyond(before)
                if before:
                    self._ledger.keep_note(IN_DOUBT, "1")
                self._ledger.keep_note(_ALIGNED, "1")
        self._aligned = True
        return True

    def _tell(self, klass: EventClass) -> bool:
        committed = self._committed(mark_of(klass))
        if committed is None:
            return False
        self._ledger.told(klass, committed)
        handed = max(self._handed.get(klass, 0), committed)
        while rows := self._ledger.untold(klass, handed):
            for row in rows:
                entry = Entry(
                    self._body.validate_json(row.body),
                    klass,
                    row.worth,
                    row.content,
                    row.media_type,
                    mark=(mark_of(klass), row.number),
                )
                if not self._put(entry):
                    return False
                self._handed[klass] = handed = row.number
        return True
