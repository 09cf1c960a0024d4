"""A lower precision ships only where the promised error rate still holds for it."""

from __future__ import annotations

from kits.core.kit import Evaluation
from kits.core.operating_point import Band, ErrorBound, OperatingPoint
from kits.core.stats import Estimate, proportion
from kits.toolchain.promise import broken_promise


def point(accepted: int) -> OperatingPoint:
    bound = ErrorBound(
        epsilon=0.02, delta=0.05, n=1000, accepted=accepted, errors=5, coverage=proportion(accepted, 1000), upper=0.015
    )  # fmt: skip
    band = Band(act_at=0.9, review_from=0.0)
    return OperatingPoint(default=band, bound=bound, method="stated", dataset="d", seed=0)


def judged(metrics: dict[str, Estimate]) -> Evaluation:
    return Evaluation("support-triage", "d", "val", 1000, 0, metrics, {}, ())


def test_a_few_more_errors_than_promised_refuse_it_with_the_figure() -> None:
    told = broken_promise(point(800), judged({"auto_error": proportion(12, 800)}))
    assert told.startswith("at most 2.0% wrong was promised, and 12 of 800 are")


def test_as_many_errors_as_before_keep_it() -> None:
    assert broken_promise(point(800), judged({"auto_error": proportion(6, 800)})) == ""


def test_where_nothing_was_promised_nothing_is_broken() -> None:
    wrong = judged({"auto_error": proportion(400, 800)})
    assert broken_promise(point(0), wrong) == ""
    assert broken_promise(point(800).model_copy(update={"bound": None}), wrong) == ""
    assert broken_promise(point(800), judged({})) == ""
