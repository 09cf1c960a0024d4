"""Finding the leads of a batch that a CRM refuses as a whole: the batch is halved until they stand alone.

A CRM that says no to a request, and not to one lead in it, may mean one bad value or something that is wrong with all
(a missing field). Only when it takes others in the same breath is a lead itself to blame; else nothing was taken and a
person has to look at the connection. A field may come into being while the batch goes in parts: who was refused before
the first was taken is tried once more. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cloud_sync.crm.kinds.base import Crm, Record, ScoreWrite, WriteOutcome
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.targets import DeliveryError

TRIES = 4
"""Leads that are refused alone before it is believed that none will be taken."""
READ = "read: "
"""Begins the reason why a lead is not read."""
_OF_THE_CONNECTION = frozenset({401, 403, 404})
"""Statuses that never are about a lead."""
AGAIN = 2
"""Turns in a row that a CRM answered with an error of its own before it is tried whether that is about one lead."""
_OWN_ERROR = 500


class NothingTakenError(RefusedError):
    """The CRM refused the batch, and each lead of it that was tried alone. `refused`: those."""

    def __init__(self, error: DeliveryError, refused: Sequence[str]) -> None:
        status = error.status if isinstance(error, RefusedError) else 0
        super().__init__(
            error.what, status=status, where=error.where, retry=error.retry, after_s=error.after_s
        )
        self.refused = tuple(refused)


def write_parts(crm: Crm, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
    """What became of each write.

    Raises:
        NothingTakenError: all that were tried were refused.
        DeliveryError: the CRM does not do as asked; nothing was taken, or nobody knows.
    """
    try:
        return crm.write(writes)
    except DeliveryError as error:
        if error.retry or _is_of_the_connection(error):
            raise
        if len(writes) == 1:
            raise NothingTakenError(error, [writes[0].object_id]) from error
        return _Parts(crm, error).halves_of(writes)


def once_more(
    outcomes: Sequence[WriteOutcome],
    early: Sequence[ScoreWrite],
    write: Callable[[ScoreWrite], WriteOutcome],
) -> list[WriteOutcome]:
    """The outcomes, with new ones of those who were refused before any was taken: what all lacked may be there since."""
    anew = {one.object_id: write(one) for one in early}
    return [anew.get(outcome.object_id, outcome) for outcome in outcomes]


def _is_of_the_connection(error: DeliveryError) -> bool:
    return isinstance(error, RefusedError) and error.status in _OF_THE_CONNECTION


@dataclass(frozen=True, slots=True)
class ReadLeads:
    """What was read. `faults`: why single leads cannot be; `later`: those of them that may be another time."""

    records: Sequence[Record]
    faults: dict[str, str] = field(default_factory=dict)
    later: frozenset[str] = frozenset()


def read_parts(crm: Crm, names: Sequence[str], failures: int = 0) -> ReadLeads:
    """Records, and why single leads cannot be read: one id that the CRM does not understand keeps no other lead out, nor does
    one over which it fails again and again, as over a field of the lead's firm that it cannot compute.

    Args:
        failures: turns in a row that it did not do as asked.

    Raises:
        DeliveryError: the CRM does not do as asked, or none was read and it is not one lead that is to blame.
    """
    try:
        return ReadLeads(crm.read(names))
    except DeliveryError as error:
        own = failures >= AGAIN
        if not _may_be_of_one(error, own=own) or len(names) == 1:
            raise
        return _Reads(crm, error, own=own).halves_of(names)


def _may_be_of_one(error: DeliveryError, *, own: bool) -> bool:
    """Whether one lead of several may be to blame. `own`: for an error of the CRM's own, too."""
    if _is_of_the_connection(error):
        return False
    return not error.retry or (own and _is_own(error))


def _is_own(error: DeliveryError) -> bool:
    """Whether the CRM answered that it failed itself, and not for how long."""
    if not isinstance(error, RefusedError) or error.after_s:
        return False
    return error.status >= _OWN_ERROR or error.status == 0


class _Reads:
    """One batch that is read in parts. `first`: why it was refused as a whole; `own`: as of `_may_be_of_one`."""

    def __init__(self, crm: Crm, first: DeliveryError, *, own: bool) -> None:
        self._crm = crm
        self._error = first
        self._own = own
        self._records: list[Record] = []
        self._faults: dict[str, str] = {}
        self._later: set[str] = set()
        self._taken = False

    def halves_of(self, names: Sequence[str]) -> ReadLeads:
        self._split(names)
        if not self._taken:
            raise self._error
        return ReadLeads(self._records, self._faults, frozenset(self._later))

    def _split(self, names: Sequence[str]) -> None:
        middle = len(names) // 2
        for half in (names[:middle], names[middle:]):
            self._read(half)

    def _read(self, names: Sequence[str]) -> None:
        if len(self._faults) >= TRIES and not self._taken:
            raise self._error
        try:
            self._records += self._crm.read(names)
        except DeliveryError as error:
            self._error = error
            if not _may_be_of_one(error, own=self._own):
                raise
            if len(names) == 1:
                self._faults[names[0]] = READ + error.what
                self._later |= {*names} if error.retry else set()
            else:
                self._split(names)
        else:
            self._taken = True


class _Parts:
    """One batch in parts. `first`: why it was refused as a whole."""

    def __init__(self, crm: Crm, first: DeliveryError) -> None:
        self._crm = crm
        self._error = first
        self._outcomes: list[WriteOutcome] = []
        self._refused: list[str] = []
        self._early: list[ScoreWrite] = []
        self._taken = False
        self._interrupted = ""

    def halves_of(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        self._split(writes)
        if not self._taken:
            raise NothingTakenError(self._error, self._refused)
        return once_more(self._outcomes, self._early, self._again)

    def _again(self, write: ScoreWrite) -> WriteOutcome:
        self._outcomes = []
        self._write([write])
        return self._outcomes[0]

    def _split(self, writes: Sequence[ScoreWrite]) -> None:
        middle = len(writes) // 2
        for half in (writes[:middle], writes[middle:]):
            self._write(half)

    def _write(self, writes: Sequence[ScoreWrite]) -> None:
        hopeless = len(self._refused) >= TRIES and not self._taken
        if self._interrupted or hopeless:
            why = self._interrupted or self._error.what
            self._outcomes += [WriteOutcome(w.object_id, False, why) for w in writes]
            return
        try:
            found = self._crm.write(writes)
        except DeliveryError as error:
            self._error = error
            if error.retry or _is_of_the_connection(error):
                self._interrupted = error.what
                self._write(writes)
            elif len(writes) == 1:
                lead = writes[0].object_id
                self._refused.append(lead)
                self._early += () if self._taken else writes
                self._outcomes.append(WriteOutcome(lead, False, error.what, retry=False))
            else:
                self._split(writes)
        else:
            self._outcomes += found
            self._taken = self._taken or any(outcome.ok for outcome in found)
