"""Files of readings that end too early, as copies that were broken off and loggers that lost power leave them.

Many programs end no last line, so that this alone says nothing: cells are missing in it, or digits that all others have.
Of captures nearly all have one length where a logger takes them; a shorter one beside them is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from kits.core.kit import Finding
from kits.predictive_maintenance._reading.notes import Notes

_LOOKED_AT = 40
_FEWEST, _FEWEST_DECIMALS = 5, 30
_TAIL_BYTES = 256 << 10
_PART = re.compile(r"""["\d\s.,:;|/\\+TZeE-]*""")
"""Signs of numbers and times: words at the end (`8 rows`) are no part of a row."""
_DECIMALS = re.compile(r"[-+]?\d+[.,](\d+)(?:[eE][-+]?\d+)?")
_ALIKE = 3
"""Signs with which a line begins as the one above it, where it has but one cell."""
_SHORT = 0.99
"""Share of the usual length from which a capture is as long as the others: recorders stop a few readings sooner or later."""
_FEW = 0.2
"""Share of captures that may be shorter; of more the length says nothing."""
CUT_SHORT = "cut-short"


def without_cut_line(content: bytes, delimiter: str, width: int) -> tuple[bytes, Finding | None]:
    """The rows without a last line that is broken off, and what to tell of it.

    Args:
        content: rows in UTF-8.
        width: cells in a row.
    """
    if content.endswith((b"\n", b"\r")):
        return content, None
    lines = content[-_TAIL_BYTES:].decode(errors="replace").splitlines()[-_LOOKED_AT:]
    if len(lines) < _FEWEST or not _is_broken_off(lines[1:-1], lines[-1], delimiter, width):
        return content, None
    kept = content[: max(content.rfind(b"\n"), content.rfind(b"\r")) + 1]
    return kept, Finding(
        CUT_SHORT,
        "warn",
        "files of readings end in the middle of a line: it is left out, and readings after it may be missing",
        fix="copy them again; nothing to do if the recorder was switched off",
    )


def _is_broken_off(before: list[str], last: str, delimiter: str, width: int) -> bool:
    if not last.strip() or not _PART.fullmatch(last):
        return False
    rows = [line.split(delimiter) for line in before]
    if any(len(row) != width for row in rows):
        return False
    cells = last.split(delimiter)
    if len(cells) != width:
        alike = bool(before) and last[:_ALIKE] == before[-1][:_ALIKE]
        return len(cells) < width and (len(cells) > 1 or alike)
    if len(rows) < _FEWEST_DECIMALS:  # writers drop a nought at the end in a tenth of the rows
        return False
    told = [_DECIMALS.fullmatch(row[-1].strip()) for row in rows]
    digits = {len(match[1]) for match in told if match is not None}
    own = _DECIMALS.fullmatch(cells[-1].strip())
    fixed = len(digits) == 1 and None not in told and next(iter(digits)) > 1
    return fixed and (len(own[1]) if own is not None else 0) < next(iter(digits))


def say_shorter(rows: Mapping[str, int], notes: Notes) -> None:
    """Tells of captures with fewer readings than all others have.

    Args:
        rows: of each capture, by its name.
    """
    if len(rows) < _FEWEST:
        return
    usual, files = Counter(rows.values()).most_common(1)[0]
    shorter = {name: count for name, count in rows.items() if count < _SHORT * usual}
    if not shorter or files + len(shorter) < len(rows) or len(shorter) > _FEW * len(rows):
        return
    for name, count in shorter.items():
        notes.warn(
            CUT_SHORT,
            "captures are shorter than all others",
            f"{name}: {count:,} of {usual:,} readings",
            "copy them again; nothing to do if the recorder was switched off",
        )
