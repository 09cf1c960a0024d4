"""Values of leads as reasons speak of them: what counts as missing, a number, a day, one choice among several.

It judges single values. What a whole column is, is learned in `_learning/rates.py` and stands in the spec.
"""

from __future__ import annotations

import math
import unicodedata
from datetime import datetime, timezone

from kits.lead_scoring._lead import Value

MISSING_WORDS = frozenset({
    "", "-", "--", "?", "n/a", "na", "nan", "none", "null", "unknown", "unbekannt", "select", "not provided",
    "not specified", "not available", "keine angabe", "k.a.", "(blank)", "undefined",
})  # fmt: skip
"""What people and CRMs write where nothing is known."""
YES_WORDS = frozenset({"yes", "true", "1", "y", "ja", "wahr", "t", "x"})
NO_WORDS = frozenset({"no", "false", "0", "n", "nein", "falsch", "f"})
_DAY_S = 86_400.0
_LONGEST_NUMBER = 40
_LONGEST_KEY = 120


def is_missing(value: Value) -> bool:
    """Whether nothing is known."""
    if value is None:
        return True
    if isinstance(value, str):
        return value.strip().casefold() in MISSING_WORDS
    return isinstance(value, float) and not math.isfinite(value)


def number_of(value: Value) -> float | None:
    """A number, also one written as text; None for anything else, yes and no among them."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if not text or len(text) > _LONGEST_NUMBER or "_" in text:
            return None
        try:
            value = float(text)
        except ValueError:
            return None
    return float(value) if math.isfinite(value) else None


def moment_of(value: Value) -> datetime | None:
    """A day or moment by ISO 8601; None for anything else."""
    if not isinstance(value, str) or len(value.strip()) < len("2026-01-01"):
        return None
    try:
        found = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def days_before(value: Value, at: datetime | None) -> float | None:
    """Days from the moment in `value` to the decision; None where either is not known."""
    found = moment_of(value)
    if found is None or at is None:
        return None
    try:
        return (at - found).total_seconds() / _DAY_S
    except OverflowError:
        return None


def choice_of(value: Value) -> str:
    """A value as it is shown: `3.0` as `3`, a truth as yes or no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    return "" if value is None else value.strip()


def key_of(value: Value) -> str:
    """A choice under which it is counted, however it is spelt: `Web `, `web` and `WEB` are one."""
    return " ".join(choice_of(value).split()).casefold()[:_LONGEST_KEY]


def yes_or_no(choice: str) -> str:
    """`yes`, `no`, or empty where a choice is neither."""
    word = choice.casefold()
    return "yes" if word in YES_WORDS else "no" if word in NO_WORDS else ""


def plain(text: str, limit: int) -> str:
    """Text from outside on one line of at most `limit` characters, without what steers a terminal or turns text round."""
    kept = "".join(
        " " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C"
    )
    line = " ".join(kept.split())
    return line if len(line) <= limit else f"{line[: max(0, limit - 1)].rstrip()}…"
