"""Where a challenger's gain comes from: a better order of the samples, or another operating point.

It reads the figures of `kit compare` and says what they show; it judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from kits.core.stats import Estimate

RANKING = ("image_auroc", "auc", "oos_auroc", "pr_auc", "map50")
"""Metrics of the order of samples, which no threshold changes; the first that was measured."""
_RATES = {
    "escape_rate": ("escapes", ".0%"),
    "overkill_rate": ("false acts", ".0%"),
    "event_recall": ("events found", ".0%"),
    "false_onsets_per_day": ("false alarms per day", ".2f"),
    "reviews_per_1000": ("looked at by a person of 1,000 as they come", ".0f"),
    "review_rate": ("looked at by a person", ".0%"),
}
"""What thresholds decide: words and format."""

Estimates = Mapping[str, Estimate]


def gain_text(champion: JsonValue, challenger: JsonValue) -> str:
    """One sentence about two bundles' metrics, as `kit compare --json` gives them."""
    before, after = _estimates(champion), _estimates(challenger)
    both = [name for name in _RATES if name in before and name in after]
    if "reviews_per_1000" in both:
        both.remove("review_rate")  # that of test samples, of which more are positive
    moved = [
        f"{_RATES[name][0]} {before[name].value:{_RATES[name][1]}} → {after[name].value:{_RATES[name][1]}}"
        for name in both
    ]
    parts = [_ranking(before, after)]
    if moved:
        parts.append(f"at its operating point {', '.join(moved)}{_price(before, after)}")
    return "; ".join(part for part in parts if part)


def _ranking(before: Estimates, after: Estimates) -> str:
    for name in RANKING:
        if name in before and name in after:
            one, two = before[name], after[name]
            figures = f"({name} {one.value:.2f} → {two.value:.2f})"
            if one.low <= two.value <= one.high and two.low <= one.value <= two.high:
                return f"not from a better order of the samples {figures}: within chance"
            word = "better" if two.value > one.value else "worse"
            return f"samples in a {word} order {figures}"
    return ""


def _price(before: Estimates, after: Estimates) -> str:
    """Fewer mistakes may simply be bought with more reviews."""
    if not all("review_rate" in side for side in (before, after)):
        return ""
    reviews = after["review_rate"].value - before["review_rate"].value
    mistakes = sum(
        after[name].value - before[name].value
        for name in ("escape_rate", "overkill_rate")
        if name in before and name in after
    )
    return ", fewer mistakes for more reviews" if reviews > 0 > mistakes else ""


def _estimates(metrics: JsonValue) -> dict[str, Estimate]:
    rows = metrics if isinstance(metrics, dict) else {}
    return {
        name: Estimate.model_validate(value)
        for name, value in rows.items()
        if isinstance(value, dict) and None not in value.values()  # null: not a number
    }
