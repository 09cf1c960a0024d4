"""Characters that nobody sees or that deceive: taken out and counted, or noted.

Zero-width and direction characters, tag characters (which can carry a whole hidden instruction), and
letters of other alphabets that look like Latin ones. HTML's ways of hiding are in `hidden_html.py`.
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
_MIXED = re.compile(r"[^\W\d_]{3,60}")


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


def look_alike_words(text: str, limit: int = 20) -> tuple[str, ...]:
    """Words that mix Latin letters with look-alikes of other alphabets, as they were written."""
    found: list[str] = []
    if text.isascii():
        return ()
    for match in _MIXED.finditer(text):
        word = match[0]
        if word.isascii() or not any(char in _LOOKALIKES for char in word):
            continue
        if any("LATIN" in unicodedata.name(char, "") for char in word):
            found.append(word)
            if len(found) >= limit:
                break
    return tuple(dict.fromkeys(found))


def plain_letters(text: str) -> str:
    """`text` with compatibility forms made plain (NFKC) and look-alikes in mixed words as Latin."""
    text = unicodedata.normalize("NFKC", text)
    for word in look_alike_words(text):
        text = text.replace(word, word.translate(_LOOKALIKE_TABLE))
    return text
