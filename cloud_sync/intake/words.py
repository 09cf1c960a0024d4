"""The ledger in words: for people, on the page and on the command line."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import JsonValue

from cloud_sync.intake.ledger import Account, GivenUp

CLASS_WORDS = {"a": "alerts", "l": "labels", "s": "samples", "t": "telemetry"}


def duration_words(span: timedelta) -> str:
    """Two units at most: `3 h 12 min`, `2 d 4 h`, `40 s`."""
    seconds = max(0, int(span.total_seconds()))
    for size, name, small, small_name in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= size:
            rest = seconds % size // small
            return f"{seconds // size} {name}" + (f" {rest} {small_name}" if rest else "")
    return f"{seconds} s"


def bytes_words(count: int) -> str:
    """`412 B`, `9.3 kB`, `1.2 GB`."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def loss_words(gap: GivenUp) -> str:
    """`telemetry: 5,760 of 11,520 rows in 3 h 12 min given up (over budget)`."""
    parts = []
    if gap.rows:
        span = gap.last_seq - gap.first_seq + 1
        share = f"{gap.rows:,} of {span:,} rows" if span > gap.rows else _many(gap.rows, "row")
        parts.append(share)
    if gap.blobs:
        parts.append(f"{_many(gap.blobs, 'picture')}, {bytes_words(gap.bytes)}")
    when = f" in {duration_words(gap.until - gap.since)}" if gap.since and gap.until else ""
    return f"{CLASS_WORDS[gap.klass]}: {' and '.join(parts)}{when} given up ({gap.reason})"


def account_words(account: Account) -> str:
    """One line that says how an outbox stands."""
    pruned = sum(account.pruned.values())
    if account.complete:
        since = f", {pruned:,} of them pruned since" if pruned else ""
        return f"complete: all {account.expected:,} rows arrived{since}"
    parts = [f"{account.here:,} of {account.expected:,} rows arrived"]
    if account.lost:
        parts.append(f"{account.lost:,} given up")
    if account.blobs:
        parts.append(f"{_many(account.blobs, 'picture')} given up")
    if account.missing:
        parts.append(f"{account.missing:,} missing without a word")
    if pruned:
        parts.append(f"{pruned:,} pruned since")
    return ", ".join(parts)


def account_json(account: Account) -> dict[str, JsonValue]:
    """For API and `--json`."""
    gaps: list[JsonValue] = [
        {
            "class": gap.klass, "reason": gap.reason, "rows": gap.rows, "declared": gap.declared,
            "blobs": gap.blobs, "bytes": gap.bytes, "first_seq": gap.first_seq,
            "last_seq": gap.last_seq, "told_at": gap.told_at.isoformat(),
            "since": gap.since.isoformat() if gap.since else None,
            "until": gap.until.isoformat() if gap.until else None, "words": loss_words(gap),
        }
        for gap in account.gaps
    ]  # fmt: skip
    return {
        "device": account.device,
        "epoch": account.epoch,
        "number": account.number,
        "first_at": account.first_at.isoformat(),
        "last_at": account.last_at.isoformat(),
        "expected": account.expected,
        "arrived": dict(account.arrived),
        "given_up": dict(account.given_up),
        "pruned": dict(account.pruned),
        "missing": account.missing,
        "missing_since": account.missing_since.isoformat() if account.missing_since else None,
        "missing_runs": [list(run) for run in account.missing_runs],
        "duplicates": account.duplicates,
        "gaps": gaps,
        "words": account_words(account),
    }


def since_words(at: datetime | None, now: datetime) -> str:
    """How long ago."""
    return duration_words(now - at) if at else ""


def _many(n: int, one: str) -> str:
    return f"{n:,} {one}" + ("" if n == 1 else "s")
