"""Words as numbers: a channel of recipes or states, where a model takes numbers alone."""

from __future__ import annotations

import hashlib

CODE = "code"
"""The unit of a channel made of words."""
_CODES = 50_000
"""Fewer than the steps in which a window keeps readings, so that they stay whole."""
USUAL = {
    "off": 0, "on": 1, "false": 0, "true": 1, "no": 0, "yes": 1, "closed": 0, "open": 1,
    "stopped": 0, "stop": 0, "running": 1, "run": 1, "idle": 0, "aus": 0, "ein": 1, "an": 1,
}  # fmt: skip
"""Usual words for off and on."""


def code_of(word: str) -> float:
    """The number of a word, the same in every file and import; usual words for off and on are 0 and 1.

    A place in an alphabet would be another one as soon as a file has another word.
    """
    usual = USUAL.get(word.lower())
    if usual is not None:
        return float(usual)
    digest = hashlib.blake2b(word.lower().encode(), digest_size=8).digest()
    return float(2 + int.from_bytes(digest, "big") % _CODES)
