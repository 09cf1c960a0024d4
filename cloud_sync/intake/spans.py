"""Sets of bytes of a blob as sorted half-open spans [first, end). Pure.

Bytes, not chunk numbers: a device halves its chunks on a thin link, and what has arrived stays
arrived whatever the chunks were called.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

Span = tuple[int, int]
Spans = tuple[Span, ...]


def add_span(spans: Spans, first: int, end: int) -> Spans:
    """`spans` with one more; touching ones become one."""
    before = [span for span in spans if span[1] < first]
    after = [span for span in spans if span[0] > end]
    touching = spans[len(before) : len(spans) - len(after)]
    first = min([first, *(span[0] for span in touching)])
    end = max([end, *(span[1] for span in touching)])
    return (*before, (first, end), *after)


def covers(spans: Spans, size: int) -> bool:
    """Whether all of [0, size) is there."""
    return spans == ((0, size),)


def whole_chunks(spans: Spans, size: int, chunk_bytes: int) -> tuple[tuple[int, int], ...]:
    """Inclusive ranges of the chunks that are there entirely."""
    ranges = []
    for first, end in spans:
        low = -(-first // chunk_bytes)
        high = (-(-size // chunk_bytes) if end == size else end // chunk_bytes) - 1
        if low <= high:
            ranges.append((low, high))
    return tuple(ranges)


def to_json(spans: Spans) -> list[JsonValue]:
    """As a column holds them."""
    return [list(span) for span in spans]


def from_json(value: Sequence[JsonValue]) -> Spans:
    """The opposite of `to_json`."""
    spans = []
    for span in value:
        assert isinstance(span, list)
        first, end = span
        assert isinstance(first, int)
        assert isinstance(end, int)
        spans.append((first, end))
    return tuple(spans)
