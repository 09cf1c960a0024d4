"""Cards of bundles as HTML: the little Markdown that cards are made of, everything escaped.

A card came with a bundle, so it may be hostile: whatever is not a heading, list, table, block of code, bold, code or
link to https stays the text it is. Each line is looked at once; a very long card is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from markupsafe import Markup, escape

from kits.core.harmless import printable

MAX = 50_000
"""Characters of a card that are shown."""
_HEADING = re.compile(r"(#{1,6}) +(.*)")
_ITEM = re.compile(r"[-*] +(.*)")
_FENCE = "```"
_BAR = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r":?-+:?\Z")
_PIECE = re.compile(
    r"`([^`]+)`|\*\*([^*]+)\*\*|\[([^\[\]]{1,200})\]\((https://[^\s()<>\"']{1,500})\)"
)
_CHAPTER = 2
_LARGE, _SMALL = Markup("<h3>{}</h3>"), Markup("<h4>{}</h4>")
_ENTRY, _CELL, _ROW = Markup("<li>{}</li>"), Markup("<td>{}</td>"), Markup('<tr role="row">{}</tr>')
_HEAD = Markup('<th role="columnheader">{}</th>')
_TOP = Markup('<thead role="rowgroup"><tr role="row">{}</tr></thead>')
_TABLE = Markup(
    '<div class="table"><table role="table">{}<tbody role="rowgroup">{}</tbody></table></div>'
)
_STACKS = Markup(
    '<div class="table stacks"><table role="table">{}<tbody role="rowgroup">{}</tbody></table></div>'
)
_LINK = Markup('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>')
_WIDE = 2
"""With more columns the cells of a row stand below each other on a phone."""


def as_html(text: str) -> Markup:
    """The HTML of a card."""
    shown = printable(text[:MAX])
    parts = [_block(kind, lines) for kind, lines in _blocks(shown.splitlines())]
    if len(text) > MAX:
        parts.append(Markup('<p class="muted">The rest is not shown.</p>'))
    return Markup("\n").join(parts)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Lines of one kind that follow each other."""
    fenced = False
    kinds = []
    for line in lines:
        edge = line.startswith(_FENCE)
        kinds.append(("code" if fenced or edge else _kind(line), line, edge))
        fenced = fenced != edge
    for kind, group in groupby(kinds, key=lambda one: one[0]):
        yield kind, [line for _kind_, line, edge in group if not edge]


def _kind(line: str) -> str:
    if not line.strip():
        return "blank"
    if _HEADING.match(line):
        return "heading"
    if _ITEM.match(line):
        return "list"
    return "table" if line.startswith("|") else "text"


def _block(kind: str, lines: list[str]) -> Markup:
    if kind == "heading":
        return Markup("").join(_heading(line) for line in lines)
    if kind == "list":
        return Markup("<ul>{}</ul>").format(_all(_ENTRY, (line[2:].strip() for line in lines)))
    if kind == "table":
        return _table([_cells(line) for line in lines])
    if kind == "code":
        return Markup("<pre>{}</pre>").format("\n".join(lines))
    return Markup("<p>{}</p>").format(as_line("\n".join(lines))) if kind == "text" else Markup("")


def _heading(line: str) -> Markup:
    signs, _, text = line.partition(" ")
    shape = _LARGE if len(signs) <= _CHAPTER else _SMALL
    return shape.format(as_line(text.strip()))


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(inner)]


def _table(rows: list[list[str]]) -> Markup:
    """A first row above a rule is its head, unless it is empty."""
    ruled = len(rows) > 1 and all(_RULE.match(cell) for cell in rows[1])
    head, body = (rows[0], rows[2:]) if ruled else ([], rows)
    top = _TOP.format(_all(_HEAD, head)) if any(head) else ""
    lines = Markup("").join(_ROW.format(_all(_CELL, cells)) for cells in body)
    return (_STACKS if top and len(head) > _WIDE else _TABLE).format(top, lines)


def _all(shape: Markup, texts: Iterable[str]) -> Markup:
    return Markup("").join(shape.format(as_line(text)) for text in texts)


def as_line(text: str) -> Markup:
    """Bold, code and links within a line, as HTML."""
    done, at = Markup(""), 0
    for found in _PIECE.finditer(text):
        done += escape(text[at : found.start()]) + _piece(found)
        at = found.end()
    return done + escape(text[at:])


def as_words(text: str) -> Markup:
    """What an alert or an error says: code is set as such, and nothing else, for it may quote others."""
    words = text.split("`")
    if len(words) % 2 == 0:
        return escape(text)
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(w) if n % 2 else escape(w) for n, w in enumerate(words))


def _piece(found: re.Match[str]) -> Markup:
    code, bold, link, address = found.groups()
    if code is not None:
        return Markup("<code>{}</code>").format(code)
    if bold is not None:
        return Markup("<strong>{}</strong>").format(bold)
    return _LINK.format(address, link)
