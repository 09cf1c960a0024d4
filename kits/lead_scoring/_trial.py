"""What a lead may be that is none, as a sample notes it and as people are told. How it is found is the reader's matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from kits.core.kit import Finding

TRIAL = "trial"
"""In a sample's `meta`: what it was taken for, one of these."""
ADDRESS, NAME, OWN = "a test address", "a test name", "the firm's own domain"
MARK = "the mark of a test"
_MANY = 0.005
_SHOWN = 20


def told(
    counts: Mapping[str, int], leads: int, where: Sequence[str], *, left_out: bool = False
) -> Finding:
    """How many there are, by what they were taken for.

    Args:
        leads: among so many.
        where: their rows or sources.
    """
    n = sum(counts.values())
    kinds = ", ".join(
        f"{kind} ({counts[kind]})" for kind in (MARK, ADDRESS, NAME, OWN) if counts.get(kind)
    )
    said = f"{n} of {leads} leads have {kinds}"
    if left_out:
        return Finding(
            "test-leads", "pass", f"{said}: left out, as stated", tuple(where[:_SHOWN]), left_out=n
        )
    level: Literal["warn", "pass"] = "warn" if n > _MANY * leads else "pass"
    return Finding(
        "test-leads", level, f"{said}: trials and your own people are learned from like leads",
        tuple(where[:_SHOWN]),
        "leave them out: model.source.test_leads: leave-out in kit.yaml, and import again with --replace; if they are leads: keep",
    )  # fmt: skip
