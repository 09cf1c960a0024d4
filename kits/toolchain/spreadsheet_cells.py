"""Texts that others wrote as cells of a CSV that people open in a spreadsheet: none of them becomes a formula.

What begins like a formula gets an apostrophe in front (OWASP, CSV injection): quotes alone do not help. It is not
responsible for tables of data, which are written as they are.
"""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = "=+\\-@＝＋－＠"  # East Asia's spreadsheets take the wide ones too
_FORMULA: Final = re.compile(rf"'*(?:[\t\r\n]|\s*[{_SIGNS}])")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
_INSIDE: Final = re.compile(rf'(?<=[;\t\r\n])(?=[^\S\r\n]*"*[{_SIGNS}])')
"""Where a new cell begins for a spreadsheet that splits at semicolons: it knows no quotes after a comma, so that line
ends count too."""


def marked_cell(text: str) -> str:
    """A cell that is read back by `unmarked`; numbers stay numbers."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unmarked(cell: str) -> str:
    """The text that `marked_cell` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def shown_cell(text: str) -> str:
    """A cell that is only looked at: no part of it is a formula either, wherever a spreadsheet splits it."""
    return _INSIDE.sub("'", marked_cell(text))
