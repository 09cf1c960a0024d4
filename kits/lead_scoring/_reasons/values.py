"""Values of leads as reasons speak of them: as the models read them, and as people are shown them.

What is missing, a number, a moment or the same choice is said by `_features/cells.py`, so that a reason never speaks of
another value than the model saw. What a whole column is, is learned in `_learning/rates.py` and stands in the spec.
"""

from __future__ import annotations

import math
import unicodedata
from datetime import datetime

from kits.lead_scoring._features import cells
from kits.lead_scoring._lead import Value

_DAY_S = 86_400.0


def is_missing(value: Value) -> bool:
    """Whether nothing is known."""
    return cells.is_missing(value)


def number_of(value: Value) -> float | None:
    """A number, also one written as text; None for anything else, yes and no among them."""
    return None if isinstance(value, bool) else _known(cells.to_number(value))


def moment_of(value: Value) -> float | None:
    """A day or moment by ISO 8601, in seconds since 1970; None for anything else."""
    return _known(cells.to_moment(value))


def days_before(value: Value, at: datetime | None) -> float | None:
    """Days from the moment in `value` to the decision; None where either is not known."""
    found = moment_of(value)
    return None if found is None or at is None else (at.timestamp() - found) / _DAY_S


def choice_of(value: Value) -> str:
    """A value as it is shown: `3.0` as `3`, a truth as yes or no."""
    return value.strip() if isinstance(value, str) else cells.to_choice(value)


def key_of(value: Value) -> str:
    """A choice under which it is counted, however it is spelt: `Web `, `web` and `WEB` are one."""
    return cells.to_choice(value)


def keys_of(value: Value, joints: cells.Joints = ";") -> frozenset[str]:
    """Several choices at once, as they are counted. `joints`: what joins them."""
    return cells.to_choices(value, joints)


def spellings_of(value: Value, joints: cells.Joints = ";") -> tuple[str, ...]:
    """The same as they are shown."""
    return tuple(map(choice_of, cells.parts_of(value, joints)))


def yes_or_no(choice: str) -> str:
    """`yes`, `no`, or empty where a choice is neither."""
    truth = cells.to_truth(choice)
    return "" if math.isnan(truth) else "yes" if truth else "no"


def plain(text: str, limit: int) -> str:
    """Text from outside on one line of at most `limit` characters, without what steers a terminal or turns text round."""
    kept = text if text.isprintable() else "".join(map(_harmless, text))
    line = " ".join(kept.split())
    return line if len(line) <= limit else f"{line[: max(0, limit - 1)].rstrip()}…"


def _harmless(sign: str) -> str:
    return " " if sign.isspace() else "" if unicodedata.category(sign)[0] == "C" else sign


def _known(number: float) -> float | None:
    return None if math.isnan(number) else number
