"""How values are written on pages: times, sizes, figures, words and their tones. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from cloud_sync.web.alert_words import place_of, remedy_of
from cloud_sync.web.markdown import as_html, as_words

_TONES = {
    "is-good": {
        "pass", "online", "released", "done", "committed", "champion", "better", "passed",
        "in force", "in order", "normal", "returned", "gate open",
        "hot", "won", "written",
    },
    "is-bad": {
        "act", "error", "failed", "rolled_back", "revoked", "aborted", "not passed", "disabled",
        "given up", "for a person", "left alone", "cannot score", "withdrawn", "withdrawn bundle",
        "expired", "alarm", "open", "gate closed",
    },
    "is-warn": {
        "review", "warning", "paused", "needs signature", "outdated", "expires soon", "not better", "offline",
        "failing", "day used up", "leads hidden", "scores refused", "messages refused", "bundle refused", "superseded", "began anew", "unknown bundle", "clock not set",
        "warn",
    },
    "is-busy": {
        "running", "queued", "pending", "downloading", "verifying", "building", "shadow", "active",
        "info", "waiting", "awaiting enrolment", "acknowledged", "warm", "by lot",
    },
}  # fmt: skip
_CLASSES = {"a": "alert", "l": "label", "s": "sample", "t": "telemetry"}


def tone(word: str) -> str:
    """The CSS class of a state's badge."""
    return next((name for name, members in _TONES.items() if word in members), "")


def words(name: object) -> str:
    """`escape_rate` → `escape rate`; an event class by its name."""
    text = str(name)
    return _CLASSES.get(text, text.replace("_", " "))


def states(text: str) -> str:
    """A sentence with states in it as people write them: `rolled_back` → `rolled back`."""
    return text.replace("rolled_back", "rolled back")


def utc(at: datetime) -> str:
    """`2026-11-24 09:05 UTC`"""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def thousands(number: int) -> str:
    """`12 345` with a narrow no-break space."""
    return f"{number:,}".replace(",", "\u202f")


def figure(value: object, digits: int = 3) -> str:
    """A number with `digits` decimals; what is not a number as it is, None as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:.{digits}f}"


def above(share: float) -> str:
    """Above how many of a hundred; nobody is above all of them, nor above themselves."""
    return "more than 99" if share > 0.99 else f"{100 * share:.0f}"


def chance(share: float) -> str:
    """Per cent, as reasons have them: `31`; near none and near all `0.4`, `99.7`, for no lead is quite without a chance."""
    value = 100 * share
    return f"{value:.1f}" if 0 < value < 1 or 99 < value < 100 else f"{value:.0f}"


def size(number: int) -> str:
    """Bytes in kB or MB (powers of ten)."""
    if number < 1_000_000:
        return f"{max(number / 1000, 0.1):.1f} kB"
    return f"{number / 1_000_000:.1f} MB"


def outcome(job: Any) -> str:
    """What a finished job came to, in a few words."""
    result = job.result if isinstance(job.result, Mapping) else {}
    if "passed" in result:
        return "challenger passed the gate" if result["passed"] else "champion stays"
    return ""


def measured(name: str, currency: str) -> str:
    """A metric's name, with the currency where it is money: names of money begin with `money_` or `cost_`."""
    money = currency and name.startswith(("money_", "cost_"))
    return f"{words(name)}, {currency}" if money else words(name)


def segment(text: str) -> str:
    """A part of an address: a slash in it divides nothing."""
    return quote(text, safe="")


FILTERS: dict[str, Callable[..., str]] = {
    "tone": tone,
    "words": words,
    "states": states,
    "utc": utc,
    "thousands": thousands,
    "figure": figure,
    "above": above,
    "chance": chance,
    "bytes": size,
    "outcome": outcome,
    "remedy": remedy_of,
    "place": place_of,
    "markdown": as_html,
    "coded": as_words,
    "measured": measured,
    "segment": segment,
}
"""Names of the Jinja filters."""
