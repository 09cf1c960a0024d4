"""What the rates measured at a bundle's thresholds let expect of many decisions, and what is beyond that.

Values only. Intervals that do not touch count as beyond chance. It says that something is other than it was, never why.
"""

from __future__ import annotations

from collections.abc import Mapping

from kits.core.operating_point import OperatingPoint
from kits.core.stats import Estimate

CAUSES = "light, focus, camera, material or product may have changed since"
MAIL_CAUSES = (
    "a campaign, a new product, another language or mails that nobody files may have come since; see the newest of them, and"
    " replay them (kit replay)"
)
FILED_SHARE = "filed_share"
"""In `OperatingPoint.rates`: share of all samples, labelled or not, that is expected to be decided under a promised error rate."""
_RATES: Mapping[str, str] = {
    "overkill_rate": "false acts",
    "escape_rate": "escapes",
    "review_rate": "reviews",
}
"""Rates of which less than was measured is no harm, in words."""


def rate_beyond(point: OperatingPoint, name: str, came: Estimate) -> str:
    """In a sentence that a rate is larger than it was when the thresholds were chosen; empty: it is not, or nothing was measured.

    Args:
        name: as in `OperatingPoint.rates`.
        came: the same rate of what was decided since.
    """
    was = _as_in_production(point) if name == "review_rate" else point.rates.get(name)
    if was is None or name not in _RATES or came.low <= was.high:
        return ""
    return (
        f"{_RATES[name]} {_percent(came)}, where {_percent(was)} were measured for the thresholds"
    )


def share_beyond(point: OperatingPoint, acted: Estimate, positives: float) -> str:
    """In a sentence that more was acted on than false acts and positives together explain; empty: it was not.

    Args:
        acted: share of decisions whose truth nobody knows.
        positives: share of true positives that is to be expected, `costs.prevalence`.
    """
    was = point.rates.get("overkill_rate")
    if was is None:
        return ""
    most = positives + (1 - positives) * was.high
    if acted.low <= most:
        return ""
    return (
        f"acted on {_percent(acted)}, where {100 * most:.1f} % are the most to expect: {100 * positives:g} % with reason"
        f" (costs.prevalence), and false acts of {_percent(was)}"
    )


def filed_beyond(point: OperatingPoint, came: Estimate) -> str:
    """In a sentence that far less, or more, is decided under a promised error rate than was measured; empty: as measured.

    Args:
        came: share of all decisions that were taken without a person, or would have been but for an audit or a closed gate.
    """
    was = point.rates.get(FILED_SHARE)
    if was is None or (came.low <= was.high and was.low <= came.high):
        return ""
    return f"decided without a person {_percent(came)}, where {_percent(was)} were measured for the thresholds"


def _as_in_production(point: OperatingPoint) -> Estimate | None:
    """Share left to a person: at the share of positives in production, where that was measured."""
    of_1000 = point.rates.get("reviews_per_1000")
    if of_1000 is None:
        return point.rates.get("review_rate")
    return of_1000.model_copy(
        update={end: getattr(of_1000, end) / 1000 for end in ("value", "low", "high")}
    )


def _percent(share: Estimate) -> str:
    """`1.2 % [0.0, 6.7]`"""
    return f"{100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}]"
