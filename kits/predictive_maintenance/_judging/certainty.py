"""Intervals of figures, of faults told by name and of rows in time, that resampling would make certain.

Of recordings that were all told rightly no resample holds a mistake. Such figures are opened by what so few recordings still
allow, exactly (Clopper & Pearson 1934), recordings of one machine counted once; all others are left as they are. A figure of one
recording has no other to differ from: nothing is known of its interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kits.core.stats import Estimate, opened, proportion, upper_bound, widened
from kits.predictive_maintenance._device.faults import NORMAL
from kits.predictive_maintenance._judging.onsets import Course

_ONE_SIDE = 0.975


def never_certain(
    metrics: Mapping[str, Estimate], truth: Sequence[str], groups: Sequence[str]
) -> dict[str, Estimate]:
    """The figures, those opened that are all right or all wrong.

    Args:
        truth: label of each recording.
        groups: its machine, bearing or run.
    """
    found = dict(metrics)
    found["accuracy"] = opened(found["accuracy"], len(set(groups)))
    counts = [
        len({group for one, group in zip(truth, groups) if one == label})
        for label in sorted(set(truth))
    ]
    f1 = found["macro_f1"]
    if f1.value in (0.0, 1.0):
        exact = [proportion(count if f1.value else 0, count) for count in counts]
        low, high = np.mean([(one.low, one.high) for one in exact], axis=0).tolist()
        how = "no mistake" if f1.value else "all wrong"
        text = f"exact bound: {how}, {min(counts)} of the rarest class"
        found["macro_f1"] = widened(f1, low, high, text)
    area = found.get("pr_auc")
    if area is not None and area.value >= 1.0:
        faulty = {group for one, group in zip(truth, groups) if one != NORMAL}
        normal = {group for one, group in zip(truth, groups) if one == NORMAL}
        found["pr_auc"] = _perfect(area, min(len(faulty), len(normal)))
    return found


def share_of_time(share: Estimate, groups: Sequence[str]) -> Estimate:
    """A share of the time of some recordings, opened where it is none or all of it.

    Args:
        groups: machine of each recording that has such time.
    """
    return _of_one(opened(share, len(set(groups))), len(groups))


def order_in_time(area: Estimate, courses: Sequence[Course]) -> Estimate:
    """A figure of the order of rows, opened where no row stands wrongly."""
    if area.value >= 1.0:
        faulty = {one.group for one in courses if one.faulty.any()}
        normal = {one.group for one in courses if not one.faulty.all()}
        return _perfect(area, min(len(faulty), len(normal)))
    return _of_one(area, len(courses))


def _perfect(area: Estimate, fewer: int) -> Estimate:
    text = f"exact bound: perfect order, {fewer} in the smaller class"
    return widened(area, 1.0 - upper_bound(0, fewer, _ONE_SIDE), 1.0, text)


def _of_one(figure: Estimate, count: int) -> Estimate:
    if count > 1 or figure.low < figure.high:
        return figure
    return widened(figure, 0.0, 1.0, "one recording: nothing is known of others")
