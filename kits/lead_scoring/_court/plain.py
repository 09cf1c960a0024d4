"""Charges that need no outcome: identities, constants, sparse columns, protected ones and their proxies."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kits.lead_scoring._court.columns import Column
from kits.lead_scoring._court.drift import follows_clock
from kits.lead_scoring._court.names import said, told_of_persons
from kits.lead_scoring._court.texts import TEXT_WORDS
from kits.lead_scoring._court.verdicts import Verdict

_UNIQUE = 0.95
_SPARSE = 0.01
_DIFFER, _DIFFER_SHARE, _DIFFER_FEW = 10, 0.01, 3
"""Leads that must differ from all the rest for a column to teach anything: so many, of small tables a share."""
_CLOCK = 0.995
_LEAST = 30
PROXY, TWIN = 0.3, 0.8
"""Cramér's V of a proxy, and of a column that says nearly the same."""
_GROUPS = 6


def identity(column: Column, timed: bool) -> Verdict | None:
    """Almost every lead has its own value, or the name says who it is, or it only counts on with time."""
    filled = int(column.filled.sum())
    if filled < _LEAST:
        return None
    share = column.distinct / filled
    whole = bool(np.all(np.mod(column.numbers[np.isfinite(column.numbers)], 1) == 0))
    phrase = said("identity", column.name)
    unique = f"as many as {column.distinct} different values for {filled} leads"
    why: tuple[str, ...] = ()
    if phrase is not None and share >= 0.5:
        why = (f"its name (“{phrase.text}”) says who a lead is", unique)
    elif share >= _UNIQUE and column.words >= TEXT_WORDS:
        why = (
            f"{unique}: texts, of which nothing tells here whether they were written before the outcome; known beforehand "
            "(the message of a form), model.columns.keep has their words learned from",
        )
    elif share >= _UNIQUE and column.units:
        why = (
            f"{unique}: numbers in several units ({', '.join(column.units)}), which are read as words, for nothing is "
            "converted; exported in one unit they are learned from",
        )
    elif share >= _UNIQUE and column.kind == "choice":
        why = (f"{unique}: it names leads, and what is learned of one helps with no other",)
    elif share >= _UNIQUE and column.kind == "number" and whole:
        clock = follows_clock(column) if timed else 0.0
        if clock >= _CLOCK:
            why = (unique, f"it counts on with time (rank correlation {clock:.3f})")
    if not why:
        return None
    return Verdict(column.name, "identity", "guilty", min(share, 1.0), why, "exclude")


def constant(column: Column) -> Verdict | None:
    """All leads, or nearly all, have the same."""
    counts = np.bincount(column.codes, minlength=column.bins)
    rows = len(column.codes)
    others = rows - int(counts.max())
    needed = min(_DIFFER, max(round(_DIFFER_SHARE * rows), _DIFFER_FEW))
    if column.distinct > column.bins or others >= needed:
        return None
    return alike(column, others, rows)


def alike(column: Column, others: int, rows: int) -> Verdict:
    """That all leads but a few have what is most frequent in a column.

    Args:
        others: leads that have something else.
        rows: leads that were counted.
    """
    label = column.labels[int(np.argmax(np.bincount(column.codes, minlength=column.bins)))]
    what = (
        f"“{label[:40]}” for all {rows} leads"
        if others == 0
        else f"“{label[:40]}” for all but {others} of {rows} leads: too few to learn from"
    )
    return Verdict(column.name, "constant", "guilty", 1 - others / rows, (what,), "exclude")


def sparse(column: Column) -> Verdict | None:
    """Filled in for very few."""
    filled = int(column.filled.sum())
    if filled >= _SPARSE * len(column.codes):
        return None
    return Verdict(
        column.name,
        "sparse",
        "suspicious",
        1 - filled / len(column.codes),
        (f"filled in for {filled} of {len(column.codes)} leads",),
        "warn",
    )


def protected(column: Column, stated: bool) -> Verdict | None:
    """A column that must not decide about people; by the settings, by its name, or because its values say it of persons."""
    phrase = None if said("things", column.name) else said("protected", column.name)
    what, told = told_of_persons(column.choices)
    if stated:
        why = "columns.protected names it"
    elif phrase is not None:
        why = f"its name (“{phrase.text}”) is of something that must not decide about people"
    elif told:
        shown = ", ".join(f"“{one[:20]}”" for one in told[:3])
        why = f"its values ({shown}) are {what}, which must not decide about people"
    else:
        return None
    return Verdict(column.name, "protected", "guilty", 1.0, (why,), "exclude")


def proxy(column: Column, others: Sequence[Column]) -> Verdict | None:
    """A column that tells a protected one."""
    strengths = [(cramers_v(column, other), other.name) for other in others]
    if not strengths:
        return None
    strength, whose = max(strengths)
    if strength < PROXY:
        return None
    twin = strength >= TWIN
    return Verdict(
        column.name,
        "proxy",
        "guilty" if twin else "suspicious",
        min(strength, 1.0),
        (
            f"it tells {whose!r}, which is protected: Cramér's V {strength:.2f} on {len(column.codes)} leads"
            + (", nearly the same column" if twin else ""),
        ),
        "exclude" if twin else "warn",
    )


def cramers_v(one: Column, two: Column) -> float:
    """Association of two columns, 0 to 1, without the bias of small tables (Bergsma 2013).

    Leads of which one of them is not known count for nothing: that a form, or a CRM, asks for neither of two things is
    no sign that one of them tells the other.
    """
    known = one.filled & two.filled
    left, right = _few(one, 2 * _GROUPS)[known], _few(two, _GROUPS)[known]
    if not len(left):
        return 0.0
    rows = len(left)
    table = np.zeros((int(left.max()) + 1, int(right.max()) + 1))
    np.add.at(table, (left, right), 1.0)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    r, k = table.shape
    if min(r, k) < 2 or rows < _LEAST:
        return 0.0
    expected = np.outer(table.sum(1), table.sum(0)) / rows
    phi = float((((table - expected) ** 2) / expected).sum()) / rows
    phi = max(0.0, phi - (r - 1) * (k - 1) / (rows - 1))
    r_fair, k_fair = r - (r - 1) ** 2 / (rows - 1), k - (k - 1) ** 2 / (rows - 1)
    return math.sqrt(phi / max(min(r_fair, k_fair) - 1, 1e-9))


def _few(column: Column, most: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Bins, so few that each holds many leads: neighbours together for numbers, rare ones together for choices."""
    codes = column.codes
    if column.kind == "choice":
        counts = np.bincount(codes, minlength=column.bins)
        kept = np.argsort(-counts, kind="stable")[: most - 1]
        place = np.full(column.bins, most - 1, dtype=np.intp)
        place[kept] = np.arange(len(kept))
        return place[codes]
    filled = codes > 0
    ranks = np.zeros(len(codes), dtype=np.intp)
    if filled.any():
        below = np.cumsum(np.bincount(codes[filled], minlength=column.bins))
        start = np.concatenate([[0], below[:-1]])
        middle = (start + below) / 2 / max(int(below[-1]), 1)
        ranks[filled] = 1 + np.minimum(
            (middle[codes[filled]] * (most - 1)).astype(np.intp), most - 2
        )
    return ranks
