"""What is known of an alert's name: how bad it is, what it means, what a person does about it.

Device and hub keep a table of these each, `known_alerts.py`; a test holds the tables complete, and
`docs/reference/alerts.md` is made from them. Raising alerts is the programs' own business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class AlertInfo:
    """One name.

    Attributes:
        name: as it comes in the alert; a word in capitals stands for what differs.
        severities: how bad it may be, the usual one first.
        meaning: what has happened, in one sentence without a full stop.
        remedy: what a person does, in the same form.
    """

    name: str
    severities: tuple[Severity, ...]
    meaning: str
    remedy: str
