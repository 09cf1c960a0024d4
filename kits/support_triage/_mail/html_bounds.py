"""How much of a mail's HTML may be parsed: where depth, tags or attributes would cost a parser too much, it ends.

A walk over the tags in linear time that follows what an HTML parser would keep open. What the text
says is `html_text.py`'s business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_CHARS = 1_000_000
"""Characters of HTML that are parsed, pictures inside it not counted."""
MAX_TAGS = 40_000
MAX_DEPTH = 250
"""Elements inside elements; parsing time grows with depth."""
MAX_OPEN_FORMATS = 100
"""Formatting elements left open; a parser opens each again in every paragraph."""
MAX_ATTRIBUTES = 500
"""Attributes of one tag; parsing time grows with their square."""
_LONG_TAG_CHARS = 4_000
_LOOK_BACK = 100
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,20})")
_DATA_URI = re.compile(r"(?<=[\"'(])data:[^\"'\s<>)]{200,}", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"[\s/]*(?:[^\s/>=][^\s/>=]*|=[^\s/>=]*)(?:\s*=\s*(?:\"[^\"]*\"?|'[^']*'?|[^\s>\"'][^\s>]*)?)?"
)

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"}
    | {"source", "track", "wbr", "html", "head", "body"}
)
_FORMATS = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong"}
    | {"tt", "u"}
)
_CELLS = frozenset({"table", "caption", "tbody", "thead", "tfoot", "tr", "td", "th"})
_WALLS = frozenset({"table", "caption", "td", "th", "button", "object", "applet", "marquee"})
_OWN_WALLS = {
    "li": _WALLS | {"ul", "ol"},
    "dd": _WALLS | {"dl"},
    "dt": _WALLS | {"dl"},
    "p": _WALLS,
    "option": _WALLS | {"select"},
    **dict.fromkeys(_CELLS - {"table"}, frozenset({"table"})),
}
"""Elements that a following one of their kind closes → what stands between them and it."""


@dataclass(slots=True)
class _Open:
    """The elements a parser would have open."""

    stack: list[str] = field(default_factory=list)
    formats: dict[str, int] = field(default_factory=dict)

    def start(self, name: str) -> None:
        if name in _FORMATS:
            self.formats[name] = self.formats.get(name, 0) + 1
        elif name in _OWN_WALLS:
            self._pop(name, _OWN_WALLS[name])
        self.stack.append(name)

    def end(self, name: str) -> None:
        if self.formats.get(name):
            self.formats[name] -= 1
        self._pop(name, frozenset({"table"}) if name in _CELLS else _WALLS)

    def _pop(self, name: str, walls: frozenset[str]) -> None:
        for place in range(len(self.stack) - 1, max(-1, len(self.stack) - _LOOK_BACK), -1):
            if self.stack[place] == name:
                del self.stack[place:]
                return
            if self.stack[place] in walls:
                return

    @property
    def too_deep(self) -> bool:
        return len(self.stack) > MAX_DEPTH or sum(self.formats.values()) > MAX_OPEN_FORMATS


def bounded(html: str) -> tuple[str, str]:
    """What may be parsed of `html`, and why the rest is left out ("" when nothing is)."""
    html = _DATA_URI.sub("", html)
    why = ""
    if len(html) > MAX_CHARS:
        html, why = html[:MAX_CHARS], "the HTML is very long; the end is not read"
    open_now = _Open()
    previous = 0
    for number, match in enumerate(_TAG.finditer(html)):
        if match.start() - previous > _LONG_TAG_CHARS and _too_many_attributes(html, previous):
            return html[
                :previous
            ], "a tag of the HTML has too many attributes; the rest is not read"
        previous = match.start()
        name = match[2].lower()
        if name not in _VOID:
            (open_now.end if match[1] else open_now.start)(name)
        if number >= MAX_TAGS or open_now.too_deep:
            return html[
                :previous
            ], "the HTML is too deep or has too many tags; the rest is not read"
    if len(html) - previous > _LONG_TAG_CHARS and _too_many_attributes(html, previous):
        return html[:previous], "a tag of the HTML has too many attributes; the rest is not read"
    return html, why


def _too_many_attributes(html: str, at: int) -> bool:
    match = _TAG.match(html, at)
    if match is None:
        return False
    at = match.end()
    for _ in range(MAX_ATTRIBUTES):
        found = _ATTRIBUTE.match(html, at)
        if found is None or found.end() == at:
            return False
        at = found.end()
    return True
