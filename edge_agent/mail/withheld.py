"""Mails that a server does not hand over: damaged in its storage, or such that it fails over them or cuts the line.

One of them must not keep all others waiting for ever. After some tries it is asked for last, and alone only now and
then; once a later mail is dealt with it is a person's. How mails are fetched is not known here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

TRIES = 3
"""Failures over a mail that is asked for alone, until the others go first."""
AGAIN_S = 900.0
"""Where there are no others, such mails are asked for so seldom."""


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
        last = [uid for uid in uids if self.has(folder, validity, uid)]
        first = [uid for uid in uids if uid not in set(last)]
        if not first and self._clock() < self._due:
            return [], []
        return first, last

    def has(self, folder: str, validity: int, uid: int) -> bool:
        """Whether the server failed over it often enough."""
        return self._failures.get((folder, validity, uid), 0) >= TRIES

    def failed(self, folder: str, validity: int, uid: int) -> None:
        """The server failed over this mail alone. One that is had after all is decided, and not asked for again."""
        mail = (folder, validity, uid)
        self._failures[mail] = self._failures.get(mail, 0) + 1
        self._due = self._clock() + AGAIN_S
