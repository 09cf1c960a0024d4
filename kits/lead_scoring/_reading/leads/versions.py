"""Quotes that were revised: `Q1001-A`, `Q1001-B`, `Q1001 v2`. Each version is a row with an outcome of its own, and one lead.

Told by their ids alone; which version counts is for a person to say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.leads.identities import identities
from kits.lead_scoring.config import SourceConfig

_VERSION = re.compile(
    r"(.{0,60}\d)(?:[ _./-]{0,2}([A-Z])|[ _./-]{0,2}(?:v|ver|rev|version|revision)\.?[ _-]?(\d{1,2}))",
    re.IGNORECASE,
)
_LEAST = 5
"""Quotes with several versions."""
_MOSTLY = 0.8
"""Share of the ids with the sign of a version that must belong to such a quote: codes may end in letters."""
_SHORT = 4
"""Versions that most quotes do not exceed; numbers to the base of sixteen have six in a row."""
_SHOWN = 5


def without_versions(
    known: Known, source: SourceConfig, *, all_wanted: bool
) -> tuple[Known, list[Finding]]:
    """The leads without earlier versions of the same quote where that is stated, and what was found.

    Args:
        all_wanted: they are only scored: each that was asked about is kept, without a word.
    """
    if all_wanted or source.versions == "keep" or not known.roles.id:
        return known, []
    ids = identities(known)
    earlier, shown = _earlier(ids)
    if not earlier:
        return known, []
    told = f"{len(earlier)} of {len(ids)} leads are earlier versions of others, by {known.roles.id}"
    if source.versions == "newest":
        kept = [row for row in range(len(ids)) if row not in earlier]
        said = Finding("versions", "pass", f"{told}: left out", shown, left_out=len(earlier))
        return known.only(kept), [said]
    said = Finding(
        "versions", "warn",
        f"{told}: each counts as a lead of its own, with what became of that version", shown,
        "if one lead has several of them: model.source.versions: newest, and import again with --replace; else keep",
    )  # fmt: skip
    return known, [said]


def _earlier(ids: Sequence[str]) -> tuple[frozenset[int], tuple[str, ...]]:
    """Rows of all but the last version of each quote, and some of these with the one that came after them."""
    chains: dict[str, dict[int, int]] = defaultdict(dict)
    signed = 0
    for row, one in enumerate(ids):
        match = _VERSION.fullmatch(one)
        signed += match is not None
        base, number = (match[1], _number(match)) if match else (one, 1)
        chains[base].setdefault(number, row)
    several = [chain for chain in chains.values() if len(chain) > 1 and len(chain) == max(chain)]
    # the first version may be there without a sign
    bare = sum(not _VERSION.fullmatch(ids[chain[1]]) for chain in several)
    short = sum(len(chain) <= _SHORT for chain in several)
    if (
        len(several) < _LEAST
        or 2 * short < len(several)
        or sum(map(len, several)) - bare < _MOSTLY * signed
    ):
        return frozenset(), ()
    pairs = [
        (chain[number], chain[number + 1]) for chain in several for number in range(1, len(chain))
    ]
    shown = tuple(f"{ids[one]} before {ids[other]}" for one, other in pairs[:_SHOWN])
    return frozenset(row for row, _ in pairs), shown


def _number(match: re.Match[str]) -> int:
    return ord(match[2].upper()) - ord("A") + 1 if match[2] else int(match[3])
