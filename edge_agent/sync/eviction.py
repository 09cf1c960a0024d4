"""What leaves the outbox when a budget is full, and how the loss is declared.

Order: telemetry (every second row, oldest first), then samples of least worth, then labels;
alerts never. A class may borrow what others leave unused; only a class above its own share gives
way. Each eviction returns a gap that the outbox stores as a row of class l in the same
transaction. Rows that are on their way are left alone: the hub may have committed them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from kits.core.events import EventClass, GapBody

_LOW_WATER = 0.95
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Budgets:
    """Bytes that may wait per class; a sample's blob counts as its class."""

    labels: int
    samples: int
    telemetry: int

    def share(self, klass: EventClass) -> int:
        """The part of one class."""
        return {"l": self.labels, "s": self.samples, "t": self.telemetry}[klass]

    @property
    def total(self) -> int:
        return self.labels + self.samples + self.telemetry


@dataclass
class Freed:
    """What an eviction took: gaps to be stored, digests whose files may go."""

    gaps: list[GapBody] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    rows: int = 0


@dataclass(frozen=True, slots=True)
class _Victim:
    seq: int
    rows: int
    size: int
    digest: str | None


def book(db: sqlite3.Connection, klass: str, rows: int, size: int) -> None:
    """Keeps the running totals, so that nobody counts a million rows."""
    db.execute(
        "INSERT INTO totals VALUES (?1, ?2, ?3) ON CONFLICT (klass)"
        " DO UPDATE SET rows = rows + ?2, bytes = bytes + ?3",
        (klass, rows, size),
    )


def make_room(db: sqlite3.Connection, budgets: Budgets, sent: AbstractSet[int]) -> Freed:
    """Evicts until all classes together are within the total budget."""
    freed = Freed()
    found = db.execute("SELECT klass, bytes FROM totals WHERE klass != 'a'").fetchall()
    sizes: dict[str, int] = dict(found)
    if sum(sizes.values()) <= budgets.total:
        return freed
    order: tuple[EventClass, ...] = ("t", "s", "l")
    for klass in order:
        surplus = sum(sizes.values()) - int(budgets.total * _LOW_WATER)
        above = sizes.get(klass, 0) - int(budgets.share(klass) * _LOW_WATER)
        goal = min(surplus, above)
        if goal > 0:
            sizes[klass] -= _evict(db, klass, goal, sent, freed)
    return freed


def _evict(
    db: sqlite3.Connection, klass: EventClass, goal: int, sent: AbstractSet[int], freed: Freed
) -> int:
    """Evicts about `goal` bytes of a class; returns how many it were."""
    total = 0
    victims: list[_Victim] = []
    while total < goal:
        batch = _candidates(db, klass, sent, goal - total)
        if not batch:
            break
        for victim in batch:
            size = _remove(db, klass, victim, freed)
            victims.append(_Victim(victim.seq, victim.rows, size, victim.digest))
            total += size
            if total >= goal:
                break  # blobs count, which the choice of candidates does not know
    if victims:
        freed.gaps.append(_gap(klass, victims, "thinned" if klass == "t" else "over budget"))
        freed.rows += sum(v.rows for v in victims)
    return total


def _candidates(
    db: sqlite3.Connection, klass: EventClass, sent: AbstractSet[int], goal: int
) -> list[_Victim]:
    if klass == "s":
        found = db.execute(
            "SELECT seq, worth, 1, bytes, blob FROM rows WHERE klass='s'"
            " UNION ALL SELECT seq, worth, 0, size, digest FROM blobs WHERE ready=1"
            " ORDER BY 2, 1 LIMIT ?",
            (_BATCH + len(sent),),
        ).fetchall()
    else:
        found = db.execute(
            "SELECT seq, worth, 1, bytes, blob FROM rows WHERE klass=? ORDER BY seq LIMIT ?",
            (klass, _BATCH + len(sent)),
        ).fetchall()
    free = [_Victim(s, n, b, d) for s, _, n, b, d in found if not (n and s in sent)]
    if klass == "t" and len(free) > 1:
        free = free[::2]
    chosen, size = [], 0
    for victim in free:
        if size >= goal:
            break
        chosen.append(victim)
        size += victim.size
    return chosen


def _remove(db: sqlite3.Connection, klass: EventClass, victim: _Victim, freed: Freed) -> int:
    """Takes one victim out; returns the bytes that were freed, its blob's included."""
    size = 0
    if victim.rows:
        db.execute("DELETE FROM rows WHERE seq=?", (victim.seq,))
        book(db, klass, -1, -victim.size)
        size += victim.size
    if victim.digest is None:
        return size
    named = "SELECT 1 FROM rows WHERE blob=? LIMIT 1"
    if db.execute(named, (victim.digest,)).fetchone():
        return size
    query = "SELECT size FROM blobs WHERE digest=? AND (ready=0 OR ?=0)"
    row = db.execute(query, (victim.digest, victim.rows)).fetchone()
    if row is None:
        return size
    db.execute("DELETE FROM blobs WHERE digest=?", (victim.digest,))
    book(db, "s", 0, -row[0])
    freed.digests.append(victim.digest)
    return size + int(row[0])


def _gap(klass: EventClass, victims: list[_Victim], reason: str) -> GapBody:
    return GapBody(
        klass=klass,
        first_seq=min(v.seq for v in victims),
        last_seq=max(v.seq for v in victims),
        rows=sum(v.rows for v in victims),
        blobs=sum(v.digest is not None for v in victims),
        bytes=sum(v.size for v in victims),
        reason=reason,
    )


def drop_blob(db: sqlite3.Connection, digest: str, reason: str) -> GapBody | None:
    """Forgets a blob without its row; None when it is not known."""
    row = db.execute("SELECT seq, size FROM blobs WHERE digest=?", (digest,)).fetchone()
    if row is None:
        return None
    db.execute("DELETE FROM blobs WHERE digest=?", (digest,))
    book(db, "s", 0, -row[1])
    return _gap("s", [_Victim(row[0], 0, row[1], digest)], reason)
