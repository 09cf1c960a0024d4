"""Large tables beside Python's collector of cyclic garbage, which goes through all that is held, again and again: with tens of
millions of cells in memory each round takes seconds, and reading makes no cycles. What nothing refers to is freed all the same.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is collected."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def kept_aside() -> Iterator[None]:
    """What is held by now is not gone through."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
