"""An mbox file → its mails, streamed: a mailbox of many gigabytes costs one mail's memory.

Knows the separator lines and their quoting (mboxrd; mboxo reads the same but for a line that began with `>From `).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_MAIL_BYTES = 64 << 20
_READ_LINE = 1 << 20
# `From sender Thu Nov 26 00:25:41 2026`: a sentence that begins with "From" has no time in it
_SEPARATOR = re.compile(
    rb"From [^\r\n]{0,300}\d{1,2}:\d{2}(:\d{2})?[^\r\n]{0,40}\d{4}|From \S{1,300}@\S{1,300} |From -"
)
_STATUS = re.compile(rb"X-Mozilla-Status:[ \t]{0,9}([0-9a-fA-F]{4})\r?\n", re.IGNORECASE)
_EXPUNGED = 0x0008
"""Thunderbird's mark of a mail that stays in the file until the folder is compacted."""
_MOST_LINES = 50
_QUOTED = re.compile(rb">{1,20}From ")


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A mail that was skipped."""

    why: str


def messages_of(stream: BinaryIO) -> Iterator[bytes | TooLarge]:
    """The mails in their order, without separators and their quoting."""
    lines: list[bytes] = []
    size, blank, begun = 0, True, False
    while line := stream.readline(_READ_LINE):
        if blank and line.startswith(b"From ") and (not begun or _SEPARATOR.match(line)):
            if begun:
                yield _mail(lines, size)
            lines, size, begun = [], 0, True
        elif begun:
            size += len(line)
            if size <= MAX_MAIL_BYTES:
                lines.append(line[1:] if _is_quoted(line) else line)
        blank = line in (b"\n", b"\r\n")
    if begun:
        yield _mail(lines, size)


def is_expunged(content: bytes) -> bool:
    """Whether Thunderbird has deleted or moved a mail that the file still holds; its mark stands above what came."""
    for line in content[: _MOST_LINES * 1_000].splitlines(keepends=True)[:_MOST_LINES]:
        if found := _STATUS.fullmatch(line):
            return bool(int(found[1], 16) & _EXPUNGED)
        if not line.strip():
            break
    return False


def _is_quoted(line: bytes) -> bool:
    """Whether a line lost its meaning as a separator by one `>` that is taken away again."""
    return line.startswith(b">") and _QUOTED.match(line) is not None


def _mail(lines: list[bytes], size: int) -> bytes | TooLarge:
    if size > MAX_MAIL_BYTES:
        return TooLarge(f"{size >> 20} MiB are more than {MAX_MAIL_BYTES >> 20}")
    if lines and lines[-1] in (b"\n", b"\r\n"):
        # the blank line before the next separator is the file's, not the mail's
        lines = lines[:-1]
    return b"".join(lines)
