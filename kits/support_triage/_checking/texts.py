"""Texts made comparable: what is left of a mail when case, marks, numbers and addresses are masked.

Used to find copies and templates; models see the text as it is.
"""

from __future__ import annotations

import hashlib
import re

MAX_CHARS = 20_000
"""Of a mail; copies agree long before."""
_MASKS = (
    (re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"), " ¤mail "),
    (re.compile(r"\bhttps?://\S{1,500}"), " ¤link "),
    # order numbers, amounts, dates, phone numbers: anything with a digit in it
    (re.compile(r"\b[\w#€$£./-]{0,40}\d[\w€$£.,:/-]{0,60}"), " ¤ "),
)
_WORD = re.compile(r"[^\W_]+|¤")


def masked_words(text: str) -> list[str]:
    """`Order #4711, please!` → `order ¤ please`"""
    plain = text[:MAX_CHARS].casefold()
    for pattern, mask in _MASKS:
        plain = pattern.sub(mask, plain)
    return _WORD.findall(plain)


def key_of(words: list[str]) -> bytes:
    """Equal for equal words."""
    return hashlib.blake2b(" ".join(words).encode(), digest_size=10).digest()
