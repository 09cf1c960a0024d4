"""Texts that came from anywhere, without what steers the terminal or turns around the line in which they stand.

Files' names, senders' subjects, machines' alerts: whatever is printed may quote them. What is printed, and where, is for
`console.py` and for its callers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

_STEERING = (*range(0x20), 0x7F, *range(0x80, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))  # fmt: skip
_HALVES = range(0xD800, 0xE000)
"""Halves of signs, as which Python reads bytes of files' names that are no UTF-8: no stream takes them."""
_LAYOUT = (0x09, 0x0A)
_HARMLESS = {
    code: None if code == 0x0D else "\ufffd"
    for code in (*_STEERING, *_HALVES)
    if code not in _LAYOUT
}
_ESCAPED = {code: f"\\u{code:04x}" for code in (*_STEERING, *_HALVES) if code not in _LAYOUT}


def printable(text: str) -> str:
    """The text without what steers a terminal or turns lines around: controls but line ends and tabs.

    Bidirectional overrides can make a line read as something else; they show as the replacement character.
    """
    return text.translate(_HARMLESS)


def readable(name: str) -> str:
    """A file's name as text that can be written: bytes in it that are not UTF-8 become `\\xff`.

    What differs on disk differs here, so no two files are taken for one.
    """
    if name.isascii():
        return name
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # halves of signs that stood in a text, and in no name
        return name.translate(dict.fromkeys(_HALVES, "\ufffd"))


def printable_json(data: Mapping[str, JsonValue] | Sequence[JsonValue], indent: int | None) -> str:
    """A document that says the same and holds such signs as escapes only."""
    return json.dumps(data, indent=indent, ensure_ascii=False).translate(_ESCAPED)
