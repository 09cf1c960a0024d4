"""Holds what the devices wrote down after COMMIT against what the hub has in its tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.integration.hub import HubProcess, Stored


@dataclass(frozen=True, slots=True)
class Written:
    """One line of an oracle: a row that was committed."""

    epoch: str
    seq: int
    klass: str
    mark: str
    picture_bytes: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many rows of one device were committed, and what became of them."""

    committed: int
    arrived: int
    lost: int
    twice: int
    holes: int
    redelivered: int
    blobs: int
    blobs_missing: int

    def assert_exact(self) -> None:
        """Nothing lost, nothing twice, no hole in the sequence numbers, every picture there."""
        assert (self.lost, self.twice, self.holes, self.blobs_missing) == (0, 0, 0, 0), self
        assert self.committed > 0


def read(oracle: Path) -> list[Written]:
    """What a device wrote down."""
    rows = (line.split() for line in oracle.read_text().splitlines())
    return [
        Written(epoch, int(seq), klass, mark, int(size)) for epoch, seq, klass, mark, size in rows
    ]


def mark_of(device: str, row: Stored) -> str:
    """The mark a driver put into a row; empty for rows of other makers."""
    body = row.body
    if row.kind == "alert":
        return str(body["text"]) if body["name"] == "test-alert" else ""
    if row.kind == "health":
        figures = body["figures"]
        assert isinstance(figures, dict)
        return f"{device}.{figures['life']:.0f}.{figures['number']:.0f}"
    return str(body.get("sample_id", ""))


def judge(hub: HubProcess, device: str, oracle: Path) -> Verdict:
    """Compares one device's oracle with the hub; rows of the oracle must be there unchanged."""
    rows = hub.events(device)
    stored = {(row.epoch, row.seq): mark_of(device, row) for row in rows}
    marks = Counter(mark for mark in stored.values() if mark)
    written = read(oracle)
    lost = sum(stored.get((row.epoch, row.seq)) != row.mark for row in written)
    samples = hub.query("SELECT blob_state, COUNT(*) FROM sample WHERE device=? GROUP BY 1",
                        (device,))  # fmt: skip
    states = {str(state): int(str(count)) for state, count in samples}
    return Verdict(
        committed=len(written),
        arrived=len(rows),
        lost=lost,
        twice=sum(count - 1 for count in marks.values()) + _twice(hub, device),
        holes=_holes(rows),
        redelivered=hub.redelivered(device),
        blobs=states.get("stored", 0),
        blobs_missing=states.get("expected", 0),
    )


def _twice(hub: HubProcess, device: str) -> int:
    """Rows that another table has more or less often than the event table.

    Alerts, decisions, labels and gaps each have a table of their own, and the ledger counts all.
    """
    own = "SELECT COUNT(*) FROM {} WHERE device = ?"
    tables = {
        "alert": (own.format("alert"), device),
        "decision": (own.format("sample"), device),
        "gap": (own.format("gap"), device),
        # a label names its sample, whose id a driver begins with the device's name
        "label": ("SELECT COUNT(*) FROM annotation WHERE sample_id LIKE ?", f"{device}.%"),
    }
    events = "SELECT COUNT(*) FROM event WHERE device = ? AND kind = ?"
    odd = abs(
        _number(hub, "SELECT SUM(rows) FROM epoch WHERE device = ?", device)
        - _number(hub, own.format("event"), device)
    )
    for kind, (count, value) in tables.items():
        odd += abs(_number(hub, count, value) - _number(hub, events, device, kind))
    return odd


def _number(hub: HubProcess, sql: str, *values: str) -> int:
    return int(str(hub.query(sql, values)[0][0] or 0))


def _holes(rows: list[Stored]) -> int:
    """Sequence numbers that are missing between 1 and the highest of each epoch."""
    highest: dict[str, int] = {}
    for row in rows:
        highest[row.epoch] = max(highest.get(row.epoch, 0), row.seq)
    return sum(highest.values()) - len(rows)
