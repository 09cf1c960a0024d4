"""Does a bundle's promised error rate still hold when its models compute in a lower precision?

The threshold was proved with the run's own models. Others give slightly other confidences, so the same exact bound
is asked of them, on the same samples. It chooses nothing; the gate refuses by it.
"""

from __future__ import annotations

from kits.core.kit import Evaluation
from kits.core.operating_point import OperatingPoint
from kits.core.stats import upper_bound

ERROR = "auto_error"
"""Share of wrong ones among what was decided without a person, as `kit evaluate` names it."""


def broken_promise(point: OperatingPoint, judged: Evaluation) -> str:
    """Why the promise does not hold for these models; empty when it does, or none was made.

    Args:
        judged: at `point`, on the samples that its threshold was chosen on.
    """
    bound = point.bound
    error = judged.metrics.get(ERROR)
    if bound is None or not bound.accepted or error is None:
        return ""
    wrong = round(error.value * error.n)
    reached = upper_bound(wrong, error.n, 1 - bound.delta)
    if reached <= bound.epsilon:
        return ""
    return (
        f"at most {bound.epsilon:.1%} wrong was promised, and {wrong} of {error.n} are: up to {reached:.1%} with"
        f" {1 - bound.delta:.0%} confidence"
    )
