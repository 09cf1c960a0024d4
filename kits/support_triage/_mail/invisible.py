"""Characters that nobody sees or that deceive: taken out and counted, or noted.

Zero-width and direction characters, tag characters (which can carry a whole hidden instruction), and
letters of other alphabets that stand for Latin ones. HTML's ways of hiding are in `hidden_html.py`.
"""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"
_GONE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
    "\U0001d173-\U0001d17a\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]"
)
_JOINED = re.compile("[\u200c\u200d]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800]")
_FIRST_JOINING = 0x0590
"""From Hebrew on, joiners belong to the writing: Arabic, Indic scripts, emoji."""
_MISREAD = {
    code: bytes([code]).decode("cp1252", errors="ignore") or None for code in range(0x80, 0xA0)
}
"""Control characters that were letters and dashes before some program took cp1252 for latin-1."""
_HARMLESS = frozenset("\ufe0e\ufe0f\u00ad\u200e\u200f\u061c\ufeff\r")
"""Taken out, but no sign of hiding: emoji forms, soft hyphens, direction marks, byte order marks."""

_LOOKALIKES = {
    **dict(zip("аеорсухіјѕһԁԛԝкмтвнАВЕКМНОРСТУХІЈЅ", "aeopcyxijshdqwkmtbhABEKMHOPCTYXIJS")),
    **dict(zip("οναρτυικχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ovaptuikxABEZHIKMNOPTYX")),
}
"""Cyrillic and Greek letters → the Latin ones they look like (Unicode TR 39, the common ones)."""
_LOOKALIKE_TABLE = str.maketrans(_LOOKALIKES)
_WORD = re.compile(r"[^\W_]{2,60}")


def without_invisible(text: str) -> tuple[str, int]:
    """`text` without characters that nobody sees, and how many of them were there to hide."""
    if text.isascii() and text.isprintable():
        return text, 0
    text = text.translate(_MISREAD)
    hidden = sum(match[0] not in _HARMLESS for match in _GONE.finditer(text))
    text = _GONE.sub("", text)
    kept: list[str] = []
    position = 0
    for match in _JOINED.finditer(text):
        at = match.start()
        kept.append(text[position:at])
        if 0 < at < len(text) - 1 and _joins(text[at - 1]) and _joins(text[at + 1]):
            kept.append(match[0])
        else:
            hidden += 1
        position = at + 1
    kept.append(text[position:])
    return _SPACES.sub(" ", "".join(kept)), hidden


def _joins(char: str) -> bool:
    return ord(char) >= _FIRST_JOINING and not char.isspace() and char not in _JOINERS


def plain_letters(text: str) -> tuple[str, tuple[str, ...]]:
    """`text` with look-alikes made Latin in words of Latin letters, and those words as they were.

    No position changes: a number that was typed with a Cyrillic `А` is found like any other. Words with a
    letter that looks like no Latin one are of that other language and stay.
    """
    if text.isascii():
        return text, ()
    found: dict[str, str] = {}
    for match in _WORD.finditer(text):
        word = match[0]
        if not word.isascii() and _is_disguised(word):
            found[word] = word.translate(_LOOKALIKE_TABLE)
    if not found:
        return text, ()
    plain = _WORD.sub(lambda match: found.get(match[0], match[0]), text)
    return plain, tuple(found)


def _is_disguised(word: str) -> bool:
    latin = alike = 0
    for char in word:
        if char in _LOOKALIKES:
            alike += 1
        elif unicodedata.name(char, "").startswith("LATIN"):
            latin += 1
        elif not char.isdigit():
            return False
    return bool(latin and alike)
