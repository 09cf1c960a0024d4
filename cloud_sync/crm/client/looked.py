"""What is looked up of a CRM and may change there (its fields, labels and choices): looked up anew once in a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from cloud_sync.effects.targets import DeliveryError

Found = TypeVar("Found")

KEPT_S: Final = 600.0
"""A new choice that somebody made in the CRM is known after so long, at the latest."""
FRESH_S: Final = 5.0
"""A look that is no older is as good as a new one."""


class Looked(Generic[Found]):
    """The last look.

    Args:
        look: asks the CRM; raises DeliveryError.
        clock: monotonic seconds.
        lasts: where a look fails, what the one before it found goes on counting.
    """

    def __init__(
        self,
        look: Callable[[], Found],
        clock: Callable[[], float] = time.monotonic,
        *,
        lasts: bool = False,
    ) -> None:
        self._look = look
        self._clock = clock
        self._lasts = lasts
        self._found: tuple[Found, float] | None = None

    def __call__(self, *, anew: bool = False) -> Found:
        """What is known; `anew`: by a look of this moment. Raises DeliveryError."""
        now = self._clock()
        if self._found is not None and now - self._found[1] < (FRESH_S if anew else KEPT_S):
            return self._found[0]
        try:
            self._found = (self._look(), now)
        except DeliveryError:
            if not self._lasts or self._found is None:
                raise
            self._found = (self._found[0], now)
        return self._found[0]

    @property
    def last(self) -> Found | None:
        """What the last look found; None: there was none yet."""
        return self._found[0] if self._found is not None else None

    def forget(self) -> None:
        """Something was changed there: the next question is a look."""
        self._found = None
