"""Names of folders as IMAP and Maildir spell them on disk (modified UTF-7, RFC 3501 5.1.3) → as people see them."""

from __future__ import annotations

import base64
import binascii
import re

_SHIFTED = re.compile(r"&([A-Za-z0-9+,]{0,400})-")


def shown_name(name: str) -> str:
    """`R&APw-cksendungen` → `Rücksendungen`, `A &- B` → `A & B`; what is not spelled so stays as it is."""
    return _SHIFTED.sub(_letters, name) if name.isascii() else name


def _letters(match: re.Match[str]) -> str:
    told = match[1].replace(",", "/")
    if not told:
        return "&"
    try:
        letters = base64.b64decode(told + "=" * (-len(told) % 4), validate=True).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        return match[0]
    # letters that need no such spelling were not spelled: `Q&AAA-` is a name of somebody's own
    return (
        match[0]
        if any(letter.isascii() or not letter.isprintable() for letter in letters)
        else letters
    )
