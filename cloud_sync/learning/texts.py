"""Samples that are text, read for a person: by the runtime of their own kit, found as any kit is.

The one place where the hub reads letters. Treats its input as hostile: what is too large is not read, few are read
at once, and what comes back is text and values, never markup.
"""

from __future__ import annotations

import logging
import threading

from kits.core.discovery import get_kit
from kits.core.errors import DataError, KitwrightError
from kits.core.showing import Shown, shows

log = logging.getLogger(__name__)

MAX_BYTES = 20 << 20
_at_once = threading.BoundedSemaphore(2)
"""A letter of 20 MB takes seconds and a hundred megabytes, and the web server has 40 threads."""


def is_text(kit: str, media_type: str) -> bool:
    """Whether samples of this kit are read here.

    Raises:
        ImportError: the kit's reader needs a package that is not installed.
    """
    try:
        found = get_kit(kit)
    except KitwrightError:
        return False  # a kit that is not here shows nothing; the page of a sample says what is kept
    return media_type in found.manifest.media_types and shows(found) is not None


def read_text(kit: str, content: bytes) -> Shown:
    """A sample as its kit reads it.

    Raises:
        DataError: too large, or not what the kit reads.
        UsageError: the kit is not installed here.
    """
    if len(content) > MAX_BYTES:
        raise DataError(f"more than {MAX_BYTES >> 20} MiB are not shown")
    look = shows(get_kit(kit))
    if look is None:
        raise DataError(f"samples of the kit {kit!r} are no text")
    with _at_once:
        return look(content)
