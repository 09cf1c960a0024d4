"""The text of a page as it is written line by line: white space, blank lines, quote marks, cells.

Which elements begin a line, quote or hide is `html_text.py`'s business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kits.support_triage._mail.signatures import says_something

_SPACE = re.compile(r"[ \t\n\r\f]+")
_MAX_MARKS = 10


@dataclass(slots=True)
class Page:
    """The text as it grows.

    Attributes:
        lines: those that are complete; quoted ones begin with `> `.
        line: pieces of the one that is being written.
        level: quotes inside quotes.
        prefix: what stands before the next line: a list's dash or number.
        chars: characters written so far.
        signed: frames of signatures that are open; `aside` counts the lines left out in them.
    """

    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    level: int = 0
    prefix: str = ""
    chars: int = 0
    signed: int = 0
    aside: int = 0

    def write(self, text: str, verbatim: bool = False) -> None:
        """Adds text; white space means nothing unless it is verbatim."""
        if verbatim:
            first, *more = text.replace("\r\n", "\n").split("\n")
            self._add(first)
            for one in more:
                self.end_line()
                self._add(one)
            return
        words = _SPACE.sub(" ", text)
        if not self.line or self.line[-1].endswith((" ", "\t")):
            words = words.lstrip(" ")
        self._add(words)

    def _add(self, text: str) -> None:
        if text:
            self.line.append(text)
            self.chars += len(text)

    def end_line(self) -> None:
        """Ends the line if anything stands in it."""
        text = "".join(self.line).rstrip()
        self.line.clear()
        if text and self.signed and not self.level and not says_something(text):
            self.aside += 1
        elif text:
            self.lines.append(self._mark() + self.prefix + text)
            self.prefix = ""

    def break_line(self) -> None:
        """A line break that somebody set: of two, one is a blank line."""
        if "".join(self.line).strip():
            self.end_line()
        else:
            self.line.clear()
            self.blank()

    def blank(self) -> None:
        """At most one blank line."""
        self.end_line()
        if self.lines and self.lines[-1].strip(" >"):
            self.lines.append(self._mark().rstrip())

    def cell(self) -> None:
        """Parts a cell of a table from the one before it."""
        # the last piece only: a row of ten thousand cells must not be put together at each
        if self.line and self.line[-1] != "\t":
            self.line.append("\t")

    def trim(self) -> None:
        """Ends the text without lines that only carry quote marks."""
        self.end_line()
        while self.lines and not self.lines[-1].strip("> "):
            self.lines.pop()

    @property
    def has_new_text(self) -> bool:
        """Whether any line is not quoted."""
        return any(line.strip() and not line.startswith(">") for line in self.lines)

    def _mark(self) -> str:
        return "> " * min(self.level, _MAX_MARKS)
