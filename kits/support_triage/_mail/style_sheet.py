"""Style sheets and style attributes of a mail's HTML → the declarations that hold for an element.

Selectors of one tag, class or id are looked up; the others are matched by the parser's own engine, as far
as a budget of work goes. What the declarations mean for legibility is `hidden_html.py`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from selectolax.lexbor import LexborNode, SelectolaxError

Attributes = Mapping[str, str | None]
Declarations = dict[str, str]

MAX_STYLE_CHARS = 4_000
"""Characters of one rule or style attribute that are read."""
_MAX_CLASSES = 20
_MAX_SELECTOR_CHARS = 300
_BUDGET = 2_000_000.0
"""Nodes that the engine may visit for all selectors of a mail: about half a second."""
_PROPERTIES = frozenset(
    {"display", "visibility", "opacity", "filter", "transform", "clip", "clip-path", "mso-hide"}
    | {"width", "height", "max-width", "max-height", "line-height", "overflow", "overflow-y"}
    | {"position", "left", "top", "text-indent", "margin-left", "margin-top", "font", "font-size"}
    | {"margin-right", "right", "zoom", "content-visibility", "-webkit-text-fill-color"}
    | {"scale", "translate", "letter-spacing"}
    | {"color", "background", "background-color", "background-image"}
)
"""Properties that decide whether text is seen; no other is kept."""
_IMPORTANT = "!"
"""Before the name of a property: what is said of it goes before all that is said without `!important`."""
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|(.))", re.IGNORECASE)
_SIMPLE = re.compile(r"([a-z][a-z0-9]{0,20})?(?:([.#])([a-z0-9_-]{1,80}))?$", re.IGNORECASE)
_GROUPS = ("@media", "@supports", "@layer", "@container", "@document", "@-moz-document")
"""Blocks that hold rules; those of the others (`@font-face`, `@keyframes`) are no rules for elements."""
_WIDTH = re.compile(r"max-(?:device-)?width\s{0,5}:\s{0,5}(\d{1,6})")
_SCREEN_PX = 900
"""Screens are at least so wide: a rule for narrower ones is for phones."""


class StyleSheet:
    """The rules of a mail's `<style>` elements, ready to be asked for one element after the other.

    Attributes:
        complete: False when some rules would have cost too much to follow.
    """

    def __init__(self, root: LexborNode, nodes: int) -> None:
        self.complete = True
        self._by_name: dict[tuple[str, str], Declarations] = {}
        self._by_node: dict[int, Declarations] = {}
        self._budget = _BUDGET
        for style in root.css("style"):
            for selectors, body in _rules(style.text(deep=True)):
                found = declarations(body)
                if found:
                    self._add(selectors, found, root, nodes)

    def _add(self, selectors: str, found: Declarations, root: LexborNode, nodes: int) -> None:
        for selector in selectors.split(","):
            name = selector.strip()
            match = _SIMPLE.match(name)
            if name and match is not None:
                key = ((match[1] or "").lower(), (match[2] or "") + (match[3] or ""))
                self._by_name[key] = merged(self._by_name.get(key, {}), found)
            elif name:
                self._match(name, found, root, nodes)

    def _match(self, selector: str, found: Declarations, root: LexborNode, nodes: int) -> None:
        # places among siblings are counted anew at each node
        counted = any(sign in selector for sign in ":~+")
        self._budget -= nodes * (1 + nodes / 100 if counted else 1)
        if self._budget < 0 or len(selector) > _MAX_SELECTOR_CHARS:
            self.complete = False
            return
        try:
            matched = root.css(selector)
        except SelectolaxError:
            return  # no browser understands it either
        for node in matched:
            self._by_node[node.mem_id] = merged(self._by_node.get(node.mem_id, {}), found)

    def of(self, node: LexborNode, tag: str, attributes: Attributes) -> Declarations:
        """What the sheet says of an element."""
        if not self._by_name and not self._by_node:
            return {}
        found: Declarations = {}
        for key in _keys(tag, attributes):
            found = merged(found, self._by_name.get(key, {}))
        return merged(found, self._by_node.get(node.mem_id, {}))


def _keys(tag: str, attributes: Attributes) -> list[tuple[str, str]]:
    names = [f".{name}" for name in (attributes.get("class") or "").split()[:_MAX_CLASSES]]
    if attributes.get("id"):
        names.append(f"#{attributes['id']}")
    return [(tag, ""), *(key for name in names for key in (("", name), (tag, name)))]


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """(selectors, body) of the rules that hold on a wide screen."""
    css = "".join(_without_comments(css)).replace("<!--", " ").replace("-->", " ")
    at = 0
    while (opened := css.find("{", at)) >= 0:
        head = css[at:opened].rpartition(";")[2].strip("} \t\r\n\f")
        if head.startswith("@"):
            inside = head.lower().startswith(_GROUPS) and _holds(head.lower())
            at = opened + 1 if inside else _after_block(css, opened)
            continue
        closed = css.find("}", opened)
        closed = len(css) if closed < 0 else closed
        yield head, css[opened + 1 : closed]
        at = closed + 1


def _holds(group: str) -> bool:
    """Whether a block is for a wide screen in daylight."""
    if "dark" in group or ("print" in group and "not print" not in group):
        return False
    return all(int(width) >= _SCREEN_PX for width in _WIDTH.findall(group))


def _without_comments(css: str) -> Iterable[str]:
    at = 0
    while (opened := css.find("/*", at)) >= 0:
        yield css[at:opened]
        closed = css.find("*/", opened + 2)
        if closed < 0:
            return
        at = closed + 2
    yield css[at:]


def _after_block(css: str, opened: int) -> int:
    depth, at = 1, opened + 1
    while depth:
        closed = css.find("}", at)
        if closed < 0:
            return len(css)
        depth += css.count("{", at, closed) - 1
        at = closed + 1
    return at


def declarations(style: str) -> Declarations:
    """`a: b; c: d` → {a: b, c: d}, lower case, without `!important`; only what decides on legibility."""
    style = style[:MAX_STYLE_CHARS]
    if "/*" in style:
        style = "".join(_without_comments(style))
    escaped = "\\" in style
    found: Declarations = {}
    for part in style.split(";"):
        name, colon, value = part.partition(":")
        name = (_unescaped(name) if escaped else name).strip().lower()
        if not colon or name not in _PROPERTIES:
            continue
        said, important, _ = (_unescaped(value) if escaped else value).partition("!")
        if important:
            found[_IMPORTANT + name] = ""
        elif _IMPORTANT + name in found:
            continue
        found[name] = said.strip().lower()
    return found


def merged(first: Declarations, then: Declarations) -> Declarations:
    """What holds of both: the later, unless only the first is important."""
    if not first:
        return then
    if not any(name.startswith(_IMPORTANT) for name in first):
        return first | then
    kept = {
        name: value
        for name, value in then.items()
        if _IMPORTANT + name not in first or _IMPORTANT + name in then
    }
    return first | kept


def _unescaped(style: str) -> str:
    return _ESCAPE.sub(lambda m: _char(int(m[1], 16)) if m[1] else m[2], style)


def _char(number: int) -> str:
    return chr(number) if number < 0x110000 else "\ufffd"
