"""No waiting for the disk in tests that are not about power cuts: those of files, outbox and failures are elsewhere.

Reading in a folder of recordings syncs thousands of files; a test run has nothing to lose.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """Imported by the `conftest.py` of a folder; counts for its modules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield
