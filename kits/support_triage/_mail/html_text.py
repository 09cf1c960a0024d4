"""HTML of a mail → the text a person reads: quotes marked with `>`, hidden text left out and counted.

Parsed by Lexbor on a bounded piece (`html_bounds.py`); nothing is fetched, no script runs. How text
hides is `hidden_html.py`'s business, which words introduce quotes `introductions.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from kits.support_triage._mail.hidden_html import Look, look_of
from kits.support_triage._mail.html_bounds import bounded
from kits.support_triage._mail.html_tables import (
    BLOCKS,
    DROPPED,
    FOLLOWED_IDS,
    FOLLOWED_STYLES,
    PARAGRAPHS,
    QUOTES,
    SIGNATURES,
)
from kits.support_triage._mail.page import Page
from kits.support_triage._mail.style_sheet import Attributes, StyleSheet

MAX_NODES = 150_000
MAX_TEXT_CHARS = 200_000
_MAX_LIST_NUMBER = 999
_MAX_NAMES = 20
_MAX_ADDRESS_CHARS = 120


@dataclass(frozen=True, slots=True)
class HtmlText:
    """What HTML shows.

    Attributes:
        text: lines that are quoted begin with `> `.
        hidden_chars: characters, spaces apart, that nobody can see.
        note: why a part was not read; empty when all was.
    """

    text: str
    hidden_chars: int
    note: str = ""


@dataclass(slots=True)
class _Walk:
    page: Page
    sheet: StyleSheet
    is_forwarding: bool
    cuts_signatures: bool = True
    hidden_chars: int = 0
    numbers: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Place:
    """What holds around a node."""

    look: Look
    verbatim: bool = False


def html_to_text(html: str, is_forwarding: bool = False) -> HtmlText:
    """The text of a mail's HTML. Work is bounded whatever stands in it.

    Args:
        is_forwarding: the mail forwards another one, so what stands below a header block is content.
    """
    html, note = bounded(html)
    root = LexborHTMLParser(html).root
    if root is None:
        return HtmlText("", 0, note)
    sheet = StyleSheet(root, html.count("<"))
    walk = _Walk(Page(), sheet, is_forwarding)
    complete = _walk(root, walk)
    if walk.page.aside and not walk.page.has_new_text:
        # some write into the frame that their program made for the signature
        walk = _Walk(Page(), sheet, is_forwarding, cuts_signatures=False)
        complete = _walk(root, walk)
    text = "\n".join(walk.page.lines)
    if not complete or len(text) > MAX_TEXT_CHARS:
        note = note or "the HTML is very long; the end is not read"
    elif not sheet.complete:
        note = note or "the styles of the HTML are too many; hidden text may be read"
    return HtmlText(text[:MAX_TEXT_CHARS].strip(), walk.hidden_chars, note)


def _walk(root: LexborNode, walk: _Walk) -> bool:
    """Writes the page; False when there were too many nodes for all of it."""
    complete = _visit(root, walk)
    walk.page.trim()
    return complete


def _visit(root: LexborNode, walk: _Walk) -> bool:
    todo: list[tuple[LexborNode, _Place] | Callable[[], None]] = [(root, _Place(Look()))]
    for _ in range(MAX_NODES):
        if not todo:
            return True
        step = todo.pop()
        if callable(step):
            step()
            continue
        node, place = step
        following = node.next
        if following is not None and node is not root:
            todo.append((following, place))
        tag = node.tag
        if tag == "-text":
            _write(node.text_content or "", place, walk)
        elif tag is not None and not tag.startswith(("-", "!")) and tag not in DROPPED:
            inner, leave = _enter(node, tag, place, walk)
            if leave is not None:
                todo.append(leave)
            child = node.child
            if child is not None:
                todo.append((child, inner))
    return not todo


def _write(text: str, place: _Place, walk: _Walk) -> None:
    if place.look.hidden:
        walk.hidden_chars += sum(not char.isspace() for char in text)
    elif walk.page.chars <= MAX_TEXT_CHARS:
        walk.page.write(text, place.verbatim)


def _enter(
    node: LexborNode, tag: str, place: _Place, walk: _Walk
) -> tuple[_Place, Callable[[], None] | None]:
    """Opens an element: how its content looks, and what to do when it ends."""
    attributes: Attributes = node.attributes
    page = walk.page
    look = look_of(tag, attributes, walk.sheet.of(node, tag, attributes), place.look)
    inner = _Place(look, place.verbatim or tag == "pre")
    if look.hidden:
        return inner, None
    if _is_named(attributes, QUOTES.get(tag, {})):
        page.end_line()
        page.level += 1
        return inner, lambda: _leave_quote(page)
    if walk.cuts_signatures and _is_named(attributes, SIGNATURES):
        page.end_line()
        page.signed += 1
        return inner, lambda: _leave_signature(page)
    if not walk.is_forwarding and not page.level and _is_followed(attributes):
        # what stands below is the answered mail, to the end
        page.end_line()
        page.level += 1
    if tag == "br":
        page.break_line()
    elif tag in {"td", "th"}:
        page.cell()
    elif tag == "img":
        _write_picture(attributes, page)
    elif tag == "a":
        return inner, _leave_link(attributes, page)
    elif tag in BLOCKS:
        return inner, _enter_block(node, tag, walk)
    return inner, None


def _enter_block(node: LexborNode, tag: str, walk: _Walk) -> Callable[[], None]:
    page = walk.page
    leave = page.blank if tag in PARAGRAPHS else page.end_line
    leave()
    if tag == "li":
        parent = node.parent
        if parent is not None and parent.tag == "ol":
            number = min(walk.numbers.get(parent.mem_id, 0) + 1, _MAX_LIST_NUMBER)
            walk.numbers[parent.mem_id] = number
            page.prefix = f"{number}. "
        else:
            page.prefix = "- "
    elif tag == "hr":
        page.write("-----")
        page.end_line()
    return leave


def _is_named(attributes: Attributes, table: Mapping[str, frozenset[str]]) -> bool:
    for name, values in table.items():
        found = attributes.get(name)
        if found and any(_bare(word) in values for word in found.lower().split()[:_MAX_NAMES]):
            return True
    return False


def _bare(name: str) -> str:
    """A name without what Outlook (`x_`) and Yahoo (`ydp…`) put before those of a mail that they answer."""
    if name.startswith("ydp") and name.endswith("yahoo_quoted"):
        return "yahoo_quoted"
    return name.removeprefix("x_")


def _is_followed(attributes: Attributes) -> bool:
    name = (attributes.get("id") or "").lower()
    if name and name.removeprefix("x_") in FOLLOWED_IDS:
        return True
    style = attributes.get("style")
    return bool(style) and any(
        part in "".join((style or "").lower().split()) for part in FOLLOWED_STYLES
    )


def _leave_signature(page: Page) -> None:
    page.end_line()
    page.signed = max(0, page.signed - 1)


def _leave_quote(page: Page) -> None:
    page.end_line()
    page.level = max(0, page.level - 1)


def _leave_link(attributes: Attributes, page: Page) -> Callable[[], None] | None:
    """Addresses and numbers behind a link are told where its text does not; web links never are."""
    target = (attributes.get("href") or "")[:2000]
    kind, _, rest = target.partition(":")
    if kind.strip().lower() not in {"mailto", "tel"}:
        return None
    address = unquote(rest.partition("?")[0]).strip()
    if not address or len(address) > _MAX_ADDRESS_CHARS or not address.isprintable():
        return None
    already = len(page.line)

    def leave() -> None:
        said = "".join(page.line[already:] if already <= len(page.line) else page.line)
        if said.strip() and address.lower() not in said.lower() and "@" not in said:
            page.write(f" ({address})")

    return leave


def _write_picture(attributes: Attributes, page: Page) -> None:
    alt = attributes.get("alt") or ""
    # only emoji, which some programs write as pictures: other words behind a picture nobody sees
    if 0 < len(alt) <= 4 and not any(char.isascii() for char in alt):
        page.write(alt)
