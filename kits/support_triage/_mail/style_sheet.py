"""Style sheets and style attributes of a mail's HTML → the declarations that hold for an element.

Only selectors of one tag, class or id are followed; longer ones only make a background unknown. What the
declarations mean for legibility is `hidden_html.py`'s business. Works in linear time on bounded text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Attributes = Mapping[str, str | None]
Declarations = dict[str, str]

UNKNOWN = "unknown"
"""A background that a selector sets which is not followed."""
MAX_CSS_CHARS = 100_000
MAX_STYLE_CHARS = 4_000
_MAX_RULES = 2_000
_MAX_CLASSES = 20
_MAX_SELECTORS = 50
_COMMENT = re.compile(r"/\*[^*]{0,2000}(?:\*(?!/)[^*]{0,2000}){0,50}\*/")
_SIMPLE = re.compile(r"([a-z][a-z0-9]{0,20})?(?:([.#])([a-z0-9_-]{1,80}))?$", re.IGNORECASE)


class StyleSheet:
    """The rules of a mail's `<style>` elements that one tag, class or id selects."""

    def __init__(self, css: Iterable[str]) -> None:
        self._by_selector: dict[tuple[str, str], list[Declarations]] = {}
        self._unknown_background: set[tuple[str, str]] = set()
        rules = 0
        for text in css:
            for selectors, body in _rules(text[:MAX_CSS_CHARS]):
                rules += 1
                if rules > _MAX_RULES:
                    return
                self._add(selectors, declarations(body))

    def _add(self, selectors: str, found: Declarations) -> None:
        for selector in selectors.split(",")[:_MAX_SELECTORS]:
            parts = selector.strip().split()
            match = _SIMPLE.match(parts[-1]) if parts else None
            if match is None or not parts:
                continue
            tag, kind, name = (match[1] or "").lower(), match[2] or "", match[3] or ""
            key = (tag, kind + name)
            if len(parts) == 1 and parts[0] != "*":
                self._by_selector.setdefault(key, []).append(found)
            elif "background" in found or "background-color" in found:
                self._unknown_background.add(key)

    def of(self, tag: str, attributes: Attributes) -> Declarations:
        """What the sheet says of an element."""
        if not self._by_selector and not self._unknown_background:
            return {}
        merged: Declarations = {}
        for key in _keys(tag, attributes):
            for found in self._by_selector.get(key, ()):
                merged.update(found)
            if key in self._unknown_background:
                merged["background"] = UNKNOWN
        return merged


def _keys(tag: str, attributes: Attributes) -> list[tuple[str, str]]:
    names = [f".{name}" for name in (attributes.get("class") or "").split()[:_MAX_CLASSES]]
    if attributes.get("id"):
        names.append(f"#{attributes['id']}")
    return [(tag, ""), *(key for name in names for key in (("", name), (tag, name)))]


def _rules(css: str) -> Iterable[tuple[str, str]]:
    """(selectors, body) of rules outside of `@media` and the like: those are for other screens."""
    css = _COMMENT.sub(" ", css.replace("<!--", " ").replace("-->", " "))
    at = 0
    while (opened := css.find("{", at)) >= 0:
        selectors = css[at:opened].rpartition(";")[2].strip()
        closed = css.find("}", opened)
        if closed < 0:
            return
        if selectors.startswith("@"):
            at = _after_block(css, opened)
            continue
        yield selectors[-2000:], css[opened + 1 : closed]
        at = closed + 1


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
    """`a: b; c: d` → {a: b, c: d}, lower case, without `!important`."""
    found: Declarations = {}
    for part in style[:MAX_STYLE_CHARS].split(";"):
        name, colon, value = part.partition(":")
        if colon:
            found[name.strip().lower()] = value.replace("!important", "").strip().lower()
    return found
