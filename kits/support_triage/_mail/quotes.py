"""Plain text → what is new in it, what it quotes, and what it forwards.

Answers between quoted lines are kept; a forwarded mail is content. How introductions look is
`introductions.py`'s business; signatures and HTML are elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kits.support_triage._mail.introductions import (
    Introduction,
    Strength,
    header_block,
    introduction,
    is_forward,
    is_quoted,
    is_rule,
    is_separator,
    unmarked,
)

_WRAPPED_FROM_CHARS = 60
"""A quoted line at least so long may have been wrapped on the way."""
_MAX_FRAGMENT_WORDS = 6


@dataclass(frozen=True, slots=True)
class Split:
    """A mail's text in three: written now, quoted, and forwarded."""

    new: str
    quoted: str
    forwarded: str = ""


@dataclass(slots=True)
class _Sorting:
    lines: Sequence[str]
    new: list[str] = field(default_factory=list)
    quoted: list[str] = field(default_factory=list)
    forwarded: list[str] = field(default_factory=list)
    at: int = 0

    def quote(self, count: int) -> None:
        self.quoted += self.lines[self.at : self.at + count]
        self.at += count

    def quote_rest(self) -> None:
        while self.new and (not self.new[-1].strip() or is_rule(self.new[-1])):
            self.quoted.append(self.new.pop())
        self.quote(len(self.lines) - self.at)

    def forward_rest(self) -> None:
        self.forwarded += self.lines[self.at :]
        self.at = len(self.lines)


def split_quotes(text: str, is_forwarding: bool = False) -> Split:
    """Divides a mail's text. Never loses a line: each is in one of the three.

    Args:
        is_forwarding: the subject says that this mail forwards another, so a header block starts content.
    """
    sorting = _Sorting(text.split("\n"))
    marked = sum(map(is_quoted, sorting.lines))
    while sorting.at < len(sorting.lines):
        _step(sorting, is_forwarding, marked)
    return Split(
        "\n".join(sorting.new).strip(),
        "\n".join(sorting.quoted).strip(),
        "\n".join(sorting.forwarded).strip(),
    )


def _step(sorting: _Sorting, is_forwarding: bool, marked: int) -> None:
    """Sorts the next line or block."""
    lines, at = sorting.lines, sorting.at
    line = lines[at]
    if not line.strip():
        sorting.new.append(line)
        sorting.at += 1
    elif is_quoted(line):
        _take_marked(sorting, marked)
    elif is_forward(line):
        sorting.forward_rest()
    elif (head := _head(lines, at)) > 0:
        if is_forwarding:
            sorting.forward_rest()
        elif _marked_follows(lines, at + head):
            sorting.quote(head)
        else:
            sorting.quote_rest()
    elif (found := introduction(lines, at)) is not None and _marked_follows(
        lines, at + found.lines
    ):
        sorting.quote(found.lines)
    elif found is not None and _is_sure(found, lines, at):
        if is_forwarding:
            sorting.forward_rest()
        else:
            sorting.quote_rest()
    else:
        sorting.new.append(line)
        sorting.at += 1


def _is_sure(found: Introduction, lines: Sequence[str], at: int) -> bool:
    """Whether a program wrote it; Notes says who wrote, and then writes a header block."""
    below = at + found.lines
    return found.strength is Strength.STRONG or (
        below < len(lines) and header_block(lines, below) > 0
    )


def _head(lines: Sequence[str], at: int) -> int:
    """Lines of a separator, a header block, or one below the other, that start here; 0: none."""
    count = 0
    if is_separator(lines[at]):
        count = 1
        below = _skip_blank(lines, at + 1)
        if below < len(lines):
            found = introduction(lines, below)
            more = header_block(lines, below) or (found.lines if found else 0)
            count = below + more - at if more else 1
        return count
    return header_block(lines, at)


def _skip_blank(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _marked_follows(lines: Sequence[str], at: int) -> bool:
    below = _skip_blank(lines, at)
    return below < len(lines) and is_quoted(lines[below])


def _take_marked(sorting: _Sorting, marked: int) -> None:
    """Sorts a block of lines with quote marks."""
    lines, at = sorting.lines, sorting.at
    end = at
    while end < len(lines) and (is_quoted(lines[end]) or _is_fragment(lines, end)):
        end += 1
    first = next((unmarked(line) for line in lines[at:end] if unmarked(line).strip()), "")
    if is_forward(first):
        sorting.forwarded += [unmarked(line) for line in lines[at:end]]
    elif marked == 1 and not sorting.quoted:
        # one such line and no introduction: "> 30 days" is something a customer may write
        sorting.new += lines[at:end]
    else:
        sorting.quoted += lines[at:end]
    sorting.at = end


def _is_fragment(lines: Sequence[str], at: int) -> bool:
    """Whether a line is the end of the quoted line above, wrapped by a program on the way."""
    line = lines[at].strip()
    if not line or not 0 < at < len(lines) - 1 or not is_quoted(lines[at + 1]):
        return False
    return (
        len(lines[at - 1]) >= _WRAPPED_FROM_CHARS
        and len(line.split()) <= _MAX_FRAGMENT_WORDS
        and line[0].islower()
        and "?" not in line
        and not any(char.isdigit() for char in line)
    )
