"""What each charge means, in the words of `kit check` and of a run's notes. A table; nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kits.lead_scoring._court.verdicts import Charge


@dataclass(frozen=True)
class Told:
    """How guilty columns of a charge are told.

    Attributes:
        check: name of the check.
        one, many: what such a column does, what such columns do.
    """

    charge: Charge
    check: str
    one: str
    many: str
    fix: str
    level: Literal["pass", "warn"] = "pass"


TOLD: tuple[Told, ...] = (
    Told(
        "leak",
        "leaks",
        "tells what only became known with or after the outcome",
        "tell what only became known with or after the outcome",
        "they are not learned from; if one is known before, name it in model.columns.keep",
        "warn",
    ),
    Told(
        "identity",
        "identities",
        "is another for nearly every lead, or names it",
        "are others for nearly every lead, or name it",
        "nothing: they are left out; export without them if they are personal",
    ),
    Told(
        "constant",
        "constant-columns",
        "is the same for all leads, or nearly all",
        "are the same for all leads, or nearly all",
        "nothing: they are left out",
    ),
    Told(
        "protected",
        "protected-columns",
        "must not decide about people",
        "must not decide about people",
        "nothing: they are left out and reported by group; model.columns.keep overrules a name",
    ),
    Told(
        "proxy",
        "proxies",
        "says nearly the same as a protected column",
        "say nearly the same as a protected column",
        "nothing: they are left out; keep one on purpose with model.columns.keep",
        "warn",
    ),
    Told(
        "drift",
        "drifting-columns",
        "tells the period: what was learned by it may not hold next quarter",
        "tell the period: what was learned by them may not hold next quarter",
        "training tries with and without them on later leads (model.court.drift)",
        "warn",
    ),
)
"""In the order of their gravity."""
