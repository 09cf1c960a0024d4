"""A mail's bytes → its parts: where headers end, what lies between boundaries, how deep.

Splits by position and copies only what is read; parts that are no text are never decoded. Depth and
number of parts are bounded. What a message makes of its parts is `message.py`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kits.core.mail._header import (
    MAX_BLOCK_BYTES,
    decode_words,
    first_value,
    header_fields,
    split_parameters,
)

MAX_DEPTH = 20
"""Multiparts inside multiparts that are entered."""
MAX_PARTS = 300
"""Parts of a mail that are looked at."""
_MAX_BOUNDARY = 200
_MAX_MISSES = 100_000
"""Places that look like a boundary and are none."""
_MAX_PADDING = 1000
"""Bytes of white space after a boundary on its line."""


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part.

    Attributes:
        headers: name → raw values (unfolded, encoded words not decoded).
        media_type: lower case; `text/plain` where none is declared or it makes no sense.
        parameters: of Content-Type, names in lower case.
        content: transfer-encoded bytes of a leaf; empty for multiparts.
        children: empty for leaves.
    """

    headers: Mapping[str, tuple[str, ...]]
    media_type: str
    parameters: Mapping[str, str]
    disposition: str
    filename: str
    content: bytes
    children: tuple[Part, ...] = ()

    @property
    def encoding(self) -> str:
        return first_value(self.headers, "content-transfer-encoding")


@dataclass(slots=True)
class Budget:
    """What may still be looked at, and what was left out."""

    parts: int = MAX_PARTS
    complaints: list[str] = field(default_factory=list)

    def complain(self, words: str) -> None:
        if words and words not in self.complaints:
            self.complaints.append(words)


def parse_part(content: bytes, budget: Budget) -> Part:
    """The part that `content` (headers, blank line, body) is, with its children."""
    return _parse(content, (0, len(content)), budget, 0, "text/plain")


def _parse(whole: bytes, span: tuple[int, int], budget: Budget, depth: int, default: str) -> Part:
    # positions in the whole mail: a part is copied once, however deep it lies
    header_end, start = _divide(whole, *span)
    end = span[1]
    fields, cut = header_fields(whole[span[0] : min(header_end, span[0] + MAX_BLOCK_BYTES + 1)])
    if cut:
        budget.complain("too many or too long headers; the rest is not read")
    if not fields:
        # broken programs leave out headers and the blank line below them
        start = span[0] if header_end > span[0] else start
    headers = _grouped(fields)
    media_type, parameters = split_parameters(first_value(headers, "content-type"))
    if media_type.count("/") != 1 or media_type.startswith("/") or media_type.endswith("/"):
        media_type = default
    disposition, more = split_parameters(first_value(headers, "content-disposition"))
    filename = more.get("filename") or parameters.get("name", "")
    children: tuple[Part, ...] = ()
    if media_type.startswith("multipart/"):
        inner = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
        mark = parameters.get("boundary", "")
        children = tuple(
            _parse(whole, child, budget, depth + 1, inner)
            for child in _child_spans(whole, (start, end), mark, budget, depth)
        )
        if not children:
            media_type = "text/plain"
    elif media_type in {"message/rfc822", "message/global"}:
        filename = filename or subject_of(whole[start : min(end, start + MAX_BLOCK_BYTES)])
    body = b"" if children else whole[start:end]
    return Part(headers, media_type, parameters, disposition, filename, body, children)


def _divide(whole: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the headers end and the body starts."""
    for empty in (b"\r\n", b"\n"):
        if whole.startswith(empty, start, end):
            return start, start + len(empty)
    found = [
        (at, at + len(mark))
        for mark in (b"\n\n", b"\n\r\n", b"\r\r")
        if (at := whole.find(mark, start, end)) >= 0
    ]
    return min(found, default=(end, end))


def _grouped(fields: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def _child_spans(
    whole: bytes, span: tuple[int, int], boundary: str, budget: Budget, depth: int
) -> list[tuple[int, int]]:
    mark = boundary.strip().encode("utf-8", errors="replace")[:_MAX_BOUNDARY]
    if not mark:
        budget.complain("a multipart has no boundary; read as text")
        return []
    if depth >= MAX_DEPTH:
        budget.complain(f"parts nested deeper than {MAX_DEPTH} are not read")
        return []
    spans = _between(whole, span, b"--" + mark, budget)
    if len(spans) > budget.parts:
        budget.complain(f"more than {MAX_PARTS} parts; the rest is not read")
        spans = spans[: budget.parts]
    budget.parts -= len(spans)
    return spans


def _between(
    whole: bytes, span: tuple[int, int], mark: bytes, budget: Budget
) -> list[tuple[int, int]]:
    """Where the parts lie, without their boundary lines."""
    start, end = span
    found: list[tuple[int, int]] = []
    begin = -1
    misses = 0
    at = whole.find(mark, start, end)
    while at >= 0 and len(found) <= MAX_PARTS and misses < _MAX_MISSES:
        closing = _boundary(whole, at, mark, span)
        if closing is None:
            misses += 1
            at = whole.find(mark, at + len(mark), end)
            continue
        if begin >= 0:
            found.append((begin, max(begin, _before(whole, at))))
        last, begin = closing
        if last:
            return found
        at = whole.find(mark, begin, end)
    if 0 <= begin < end and len(found) <= MAX_PARTS:
        budget.complain("a multipart does not end")
        found.append((begin, end))
    return found


def _boundary(whole: bytes, at: int, mark: bytes, span: tuple[int, int]) -> tuple[bool, int] | None:
    """Whether the boundary at this place is the last, and where its line ends; None: it is none."""
    start, end = span
    if at > start and whole[at - 1] not in b"\r\n":
        return None
    after = at + len(mark)
    stop = whole.find(b"\n", after, min(end, after + _MAX_PADDING))
    if stop < 0:
        if end > after + _MAX_PADDING:
            return None
        stop = end
    rest = whole[after:stop].strip()
    # anything else is a longer boundary that begins like this one
    return (rest == b"--", min(stop + 1, end)) if rest in {b"", b"--"} else None


def _before(whole: bytes, at: int) -> int:
    """The line break before a boundary belongs to the boundary."""
    if whole[max(at - 2, 0) : at] == b"\r\n":
        return at - 2
    return max(at - 1, 0)


def subject_of(mail: bytes, charset: str = "") -> str:
    """The subject of a mail, or of one that is enclosed and only listed.

    Args:
        charset: of its text: old programs write a subject as bytes in the same.
    """
    head = mail[: MAX_BLOCK_BYTES + 1]
    fields, _ = header_fields(head[: _divide(head, 0, len(head))[0]], charset)
    return next((decode_words(value) for name, value in fields if name == "subject"), "")
