"""Mails that a server does not hand over: damaged in its storage, or such that it fails over them or cuts the line.

One of them must not keep all others waiting for ever. After some tries it is asked for last, and alone only now and
then; so it is for some hours once a later mail is dealt with, for a server may be out of order over one mail for a
while. Then it is a person's. How mails are fetched is not known here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

TRIES = 3
"""Failures over a mail that is asked for alone, until the others go first."""
AGAIN_S = 900.0
"""Where there are no others, such mails are asked for so seldom."""
MOST = 24
"""Tries of a mail when later ones are dealt with."""


class Withheld:
    """Counts failures; a mail is named by folder, UIDVALIDITY and UID.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, int, int], int] = {}
        self._due = float("-inf")

    def split(self, folder: str, validity: int, uids: Sequence[int]) -> tuple[list[int], list[int]]:
        """UIDs to be asked for now, and those to be asked for after them, one by one."""
        due, there = self._clock() >= self._due, set(uids)
        held = sorted(uid for *place, uid in self._failures if place == [folder, validity])
        held = [uid for uid in held if self.has(folder, validity, uid)]
        first = [uid for uid in uids if uid not in held]
        last = [uid for uid in held if uid in there and (first or due)]
        if due:
            last = sorted({*last, *self._passed(folder, validity, set(held) - there)})
        return first, last

    def _passed(self, folder: str, validity: int, uids: Iterable[int]) -> Iterator[int]:
        """Those that are still asked for though later mails are dealt with; each of these tries counts."""
        for uid in uids:
            mail = (folder, validity, uid)
            if self._failures[mail] < MOST:
                self._failures[mail] += 1
                self._due = self._clock() + AGAIN_S
                yield uid

    def has(self, folder: str, validity: int, uid: int) -> bool:
        """Whether the server failed over it often enough."""
        return self._failures.get((folder, validity, uid), 0) >= TRIES

    def failed(self, folder: str, validity: int, uid: int) -> bool:
        """The server failed over this mail alone; whether it did so often enough now."""
        mail = (folder, validity, uid)
        self._failures[mail] = self._failures.get(mail, 0) + 1
        self._due = self._clock() + AGAIN_S
        return self._failures[mail] == TRIES

    def had(self, folder: str, validity: int, uid: int) -> None:
        """It came after all."""
        self._failures.pop((folder, validity, uid), None)
