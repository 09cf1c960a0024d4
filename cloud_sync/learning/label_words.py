"""What a sample is called in which nothing, or something, is wrong, where the model has no word for it."""

from __future__ import annotations

from kits.core.window import MEDIA_TYPE as WINDOW

GOOD_LABEL = "good"
MAIL = "message/rfc822"
LEAD = "application/json"
_WORDS = {WINDOW: ("normal", "fault"), MAIL: ("oos", "other"), LEAD: ("lost", "won")}
"""Media type → what nothing wrong, and something wrong, is called where the model has no word."""


def good_label(media_type: str) -> str:
    """The label of a sample in which nothing is wrong."""
    return _WORDS.get(media_type, (GOOD_LABEL, "defect"))[0]


def bad_label(media_type: str) -> str:
    """The label of one in which something is wrong and nobody says what."""
    return _WORDS.get(media_type, (GOOD_LABEL, "defect"))[1]
