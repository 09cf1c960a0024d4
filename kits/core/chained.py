"""Chained entries: each carries the digest of the one before, so a change, a gap or another order shows.

The number and the digest of the newest entry (the end) are to be kept apart from the entries, or nobody would miss
what is cut off. What entries tell, where they lie and who writes them is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from pydantic import JsonValue

from kits.core.sample import digest_of

BEGINNING = "0" * 64
"""What the first entry carries for the digest of the one before."""


class End(NamedTuple):
    """Number and digest of the newest entry; 0 and `BEGINNING` where there is none."""

    number: int = 0
    digest: str = BEGINNING


class Entry(NamedTuple):
    """An entry: `digest` is the SHA-256 of the very characters `written`."""

    number: int
    digest: str
    written: str


class Checked(NamedTuple):
    """Number of the last entry that holds, and what is wrong after it; empty: nothing."""

    good: int
    fault: str


def canonical(value: Mapping[str, JsonValue]) -> str:
    """JSON of which there is only one for a value, in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def follow(end: End, told: Mapping[str, JsonValue]) -> Entry:
    """The entry after `end` that tells this."""
    number = end.number + 1
    written = canonical({**told, "number": number, "before": end.digest})
    return Entry(number, digest_of(written.encode()), written)


def check(entries: Iterable[Entry], end: Callable[[], End], start: End | None = None) -> Checked:
    """Whether the entries are as they were written; others may be added meanwhile.

    Args:
        entries: by their numbers.
        end: reads where they end.
        start: the last entry that was let go of; the first one follows it. None: none was.
    """
    noted = end()  # before the entries: what is added meanwhile stands behind it
    good, before = start or End()
    for number, digest, written in entries:
        if digest_of(written.encode()) != digest:
            return Checked(good, f"entry {number} was changed")
        said = _parsed(written)
        if said.get("before") != before or not said.get("number") == number == good + 1:
            return Checked(good, f"entry {number} does not follow entry {good}")
        if number == noted.number and digest != noted.digest:
            return Checked(good, f"entry {number} is not the one that was written")
        good, before = number, digest
    if good < noted.number:
        return Checked(good, f"entries {good + 1} to {noted.number} are missing at the end")
    # the very first one may have been added meanwhile
    if good and not noted.number and not end().number:
        return Checked(good, "it is nowhere noted where the entries end")
    return Checked(good, "")


def _parsed(written: str) -> dict[str, JsonValue]:
    try:
        said = json.loads(written)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
