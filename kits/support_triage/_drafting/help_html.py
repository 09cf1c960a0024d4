"""A help page in HTML as headings with the text below each, as a reader of the page sees it.

Parsed by Lexbor on a bounded piece (`_mail/html_bounds.py`). Navigation, scripts and what is hidden are no text; links
and images are neither kept nor followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from kits.support_triage._mail.html_bounds import bounded

_SKIPPED = frozenset(
    ("script", "style", "nav", "header", "footer", "noscript", "template", "head", "form", "svg")
)
_BLOCKS = frozenset(
    ("p", "div", "table", "ul", "ol", "dl", "section", "article", "main", "blockquote", "pre", "hr")
)
_LINES = {"li": "\n- ", "dt": "\n- ", "dd": "\n- ", "tr": "\n- ", "br": "\n", "td": " ", "th": " "}
_HEADING = re.compile(r"h[1-6]")
_HIDDEN = re.compile(r"display:none|visibility:hidden|(?:font-size|opacity):0(?![.\d])")


def html_sections(html: str) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Heading path, text and stated language of each part of a page."""
    tree = LexborHTMLParser(bounded(html)[0])
    root = tree.root
    if root is None:
        return
    language = (root.attributes.get("lang") or "")[:2].lower()
    path: list[tuple[int, str]] = []
    pieces: list[str] = []
    for node in _shown(root):
        name = node.tag or ""
        if _HEADING.fullmatch(name):
            yield tuple(title for _, title in path), _tidy(pieces), language
            pieces = []
            level, title = int(name[1]), " ".join(node.text().split())
            path = [*((at, known) for at, known in path if at < level), (level, title)]
        elif name == "-text":
            pieces.append(" ".join(f"_{node.text_content or ''}_".split())[1:-1] or " ")
        elif name in _BLOCKS:
            pieces.append("\n\n")
        else:
            pieces.append(_LINES.get(name, ""))
    yield tuple(title for _, title in path), _tidy(pieces), language


def _shown(root: LexborNode) -> Iterator[LexborNode]:
    """The nodes a reader sees, in their order; a heading without what is in it. No recursion."""
    open_nodes: list[LexborNode] = [root]
    while open_nodes:
        node = open_nodes.pop()
        following = node.next
        if following is not None and node is not root:
            open_nodes.append(following)
        name = node.tag or ""
        if name in _SKIPPED or _is_hidden(node):
            continue
        yield node
        if node.child is not None and not _HEADING.fullmatch(name):
            open_nodes.append(node.child)


def _is_hidden(node: LexborNode) -> bool:
    if not node.tag or node.tag.startswith("-"):
        return False
    values = node.attributes
    style = (values.get("style") or "").replace(" ", "").lower()
    return "hidden" in values or values.get("aria-hidden") == "true" or bool(_HIDDEN.search(style))


def _tidy(pieces: list[str]) -> str:
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join("" if line == "-" else line for line in lines).strip()
