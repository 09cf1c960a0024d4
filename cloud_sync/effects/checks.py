"""What a check of another system found (a CRM, a maintenance system): the same words for all of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so there. `fix` is empty when it is."""

    name: str
    ok: bool
    found: str
    fix: str = ""
