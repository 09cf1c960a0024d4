"""ISO-2022-JP as Japanese mail programs write it: with the letters of Windows that the standard does not have.

Row 13 (`①`, `㈱`), the kanji of NEC and IBM and kana of half width, as Microsoft's code pages 50220 and 50221. What
follows the standard is Python's own codec's business.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"(\x1b(?:\([BJI]|\$[@B]))")
_KANA = b"\x1b(I"
_KANJI = (b"\x1b$@", b"\x1b$B")
_FIRST, _LAST = 0x21, 0x7E


def decode_windows_jis(content: bytes) -> str | None:
    """`content` as text by its escapes; None where it has none. What is no letter becomes U+FFFD."""
    pieces = _ESCAPE.split(content)
    if len(pieces) == 1:
        return None
    made = [pieces[0]]
    for escape, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if escape in _KANJI:
            made.append(_kanji(piece))
        else:
            made.append(bytes(b | 0x80 for b in piece) if escape == _KANA else piece)
    return b"".join(made).decode("cp932", errors="replace")


def _kanji(piece: bytes) -> bytes:
    """Pairs of JIS X 0208 as Shift-JIS, which has the same letters in another order."""
    made = bytearray()
    at = 0
    while at < len(piece):
        row = piece[at]
        cell = piece[at + 1] if at + 1 < len(piece) else 0
        if not (_FIRST <= row <= _LAST and _FIRST <= cell <= _LAST):
            made.append(row)  # a line break that no escape went before
            at += 1
            continue
        made.append(((row - 1) >> 1) + (0x71 if row < 0x5F else 0xB1))
        made.append(cell + (0x7E if row % 2 == 0 else 0x1F if cell < 0x60 else 0x20))
        at += 2
    return bytes(made)
