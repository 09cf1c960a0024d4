"""Many small blobs in one body: each with its length before it. For samples of a few hundred bytes, where a request
each would take longer than the bytes. The receiver computes the digests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kits.core.errors import DataError

MEDIA_TYPE = "application/vnd.kitwright.pack"
MAX_PACK_BYTES = 4 << 20
MAX_BLOBS = 2_000
SMALL = 64 << 10
"""Blobs up to this many bytes are worth packing."""
_LENGTH = 4


def pack(contents: Iterable[bytes]) -> bytes:
    """The body."""
    return b"".join(len(one).to_bytes(_LENGTH, "big") + one for one in contents)


def unpack(body: bytes) -> Iterator[bytes]:
    """The opposite of `pack`.

    Raises:
        DataError: it is cut off, or holds more than a pack may.
    """
    at = count = 0
    while at < len(body):
        start = at + _LENGTH
        end = start + int.from_bytes(body[at:start], "big")
        count += 1
        if end > len(body) or start > len(body):
            raise DataError("a pack of blobs that is cut off")
        if count > MAX_BLOBS:
            raise DataError("too many blobs in one pack", fix=f"at most {MAX_BLOBS}")
        yield body[start:end]
        at = end


def packs(sizes: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
    """Names of blobs, in portions that each fit a pack.

    Args:
        sizes: name and number of bytes of each.
    """
    portion: list[str] = []
    filled = 0
    for name, size in sizes:
        if portion and (filled + size + _LENGTH > MAX_PACK_BYTES or len(portion) == MAX_BLOBS):
            yield portion
            portion, filled = [], 0
        portion.append(name)
        filled += size + _LENGTH
    if portion:
        yield portion
