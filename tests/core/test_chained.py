"""Chained entries: what was changed, left out, moved, cut off or written anew is found where it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from kits.core.chained import BEGINNING, Checked, End, Entry, check, follow
from kits.core.sample import digest_of


def made(count: int, word: str = "erase") -> list[Entry]:
    entries: list[Entry] = []
    for n in range(count):
        end = End(entries[-1].number, entries[-1].digest) if entries else End()
        entries.append(follow(end, {"what": word, "n": n}))
    return entries


def end_of(entries: list[Entry]) -> End:
    return End(entries[-1].number, entries[-1].digest) if entries else End()


def with_digest(number: int, written: str) -> Entry:
    return Entry(number, digest_of(written.encode()), written)


def test_entries_hold_as_they_were_written_and_anybody_can_check_them() -> None:
    entries = made(4)
    assert check(entries, lambda: end_of(entries)) == Checked(4, "")
    before = BEGINNING
    for number, digest, written in entries:
        assert hashlib.sha256(written.encode()).hexdigest() == digest
        assert f'"before":"{before}"' in written and f'"number":{number}' in written
        before = digest


def test_nothing_written_holds() -> None:
    assert check([], End) == Checked(0, "")


def test_what_an_entry_tells_cannot_pose_as_its_place() -> None:
    entry = follow(End(), {"number": 7, "before": "x", "what": "erase"})
    assert check([entry], lambda: end_of([entry])) == Checked(1, "")


Tampering = Callable[[list[Entry]], list[Entry]]
TAMPERINGS: dict[str, tuple[Tampering, int, str]] = {
    "changed": (
        lambda e: [*e[:1], e[1]._replace(written=e[1].written.replace("erase", "close")), *e[2:]],
        1, "entry 2 was changed",
    ),
    "changed, with a fitting digest": (
        lambda e: [*e[:1], with_digest(2, e[1].written.replace("erase", "close")), *e[2:]],
        2, "entry 3 does not follow entry 2",
    ),
    "left out": (lambda e: [*e[:1], *e[2:]], 1, "entry 3 does not follow entry 1"),
    "in another order": (lambda e: [e[1], e[0], *e[2:]], 0, "entry 2 does not follow entry 0"),
    "numbered anew": (
        lambda e: [*e[:1], e[2]._replace(number=2)], 1, "entry 2 does not follow entry 1",
    ),
    "no JSON": (lambda e: [with_digest(1, "{"), *e[1:]], 0, "entry 1 does not follow entry 0"),
    "no object": (lambda e: [with_digest(1, "[1]"), *e[1:]], 0, "entry 1 does not follow entry 0"),
    "cut off": (lambda e: e[:2], 2, "entries 3 to 4 are missing at the end"),
    "all cut off": (lambda _: [], 0, "entries 1 to 4 are missing at the end"),
    "all written anew": (lambda _: made(4, "close"), 3, "entry 4 is not the one that was written"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_where_it_is(name: str) -> None:
    tamper, good, fault = TAMPERINGS[name]
    entries = made(4)
    assert check(tamper(entries), lambda: end_of(entries)) == Checked(good, fault)


def test_an_end_that_was_removed_is_missed() -> None:
    assert check(made(2), End) == Checked(2, "it is nowhere noted where the entries end")


@pytest.mark.parametrize("there", [0, 1, 3])
def test_what_is_added_while_entries_are_checked_is_no_fault(there: int) -> None:
    entries = made(there)

    def end() -> End:
        found = end_of(entries)
        entries.append(follow(found, {"what": "added"}))
        return found

    assert check(entries, end) == Checked(there + 1, "")


def test_entries_that_were_let_go_of_at_the_beginning_are_not_missed() -> None:
    entries = made(5)
    start, rest = End(2, entries[1].digest), entries[2:]
    assert check(rest, lambda: end_of(entries), start) == Checked(5, "")
    assert (
        check(rest[1:], lambda: end_of(entries), start).fault == "entry 4 does not follow entry 2"
    )
    assert (
        check([], lambda: end_of(entries), start).fault == "entries 3 to 5 are missing at the end"
    )
