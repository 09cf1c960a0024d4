"""The demo says from the figures where a gain comes from."""

from __future__ import annotations

from pydantic import JsonValue

from kits.core.stats import Estimate
from kits.toolchain.demo.gain import gain_text
from kits.toolchain.demo.summary import verdict_table
from kits.toolchain.evaluation import metrics_json


def metrics(auroc: float, escape: float, overkill: float, review: float) -> JsonValue:
    def estimate(value: float) -> Estimate:
        return Estimate(value=value, low=value - 0.05, high=value + 0.05, n=100)

    return metrics_json(
        {
            "image_auroc": estimate(auroc),
            "escape_rate": estimate(escape),
            "overkill_rate": estimate(overkill),
            "review_rate": estimate(review),
            "map50": Estimate(value=float("nan"), low=0, high=1, n=0),
        }
    )


def test_the_same_order_at_another_operating_point() -> None:
    told = gain_text(metrics(0.80, 0, 0.48, 0.09), metrics(0.81, 0, 0, 0.67))
    assert told == (
        "not from a better order of the samples (image_auroc 0.80 → 0.81): within chance; "
        "at its operating point escapes 0% → 0%, false acts 48% → 0%, "
        "looked at by a person 9% → 67%, fewer mistakes for more reviews"
    )


def test_reviews_are_told_for_samples_as_they_come_where_that_is_known() -> None:
    of_1000 = {"reviews_per_1000": Estimate(value=240, low=180, high=310, n=100)}
    after = {**dict_of(metrics(0.81, 0, 0, 0.67)), **dict_of(metrics_json(of_1000))}
    before = {**dict_of(metrics(0.80, 0, 0.48, 0.09)), **dict_of(metrics_json(of_1000))}
    told = gain_text(before, after)
    assert "of 1,000 as they come 240 → 240" in told and "67%" not in told


def dict_of(value: JsonValue) -> dict[str, JsonValue]:
    assert isinstance(value, dict)
    return value


def test_a_better_order_that_needs_no_more_reviews() -> None:
    told = gain_text(metrics(0.80, 0.1, 0.48, 0.5), metrics(0.95, 0, 0.1, 0.2))
    assert told.startswith("samples in a better order (image_auroc 0.80 → 0.95); ")
    assert "more reviews" not in told


def test_two_bundles_stand_side_by_side_on_samples_that_both_judged() -> None:
    truth = {"a": "normal", "b": "normal", "c": "leak", "d": "leak"}
    first = {"a": "review", "b": "act", "c": "act", "d": "act"}
    second = {"a": "pass", "b": "review", "c": "act"}
    told = verdict_table(truth, first, second, "window")
    assert told[0].startswith("  of the same 3 windows")
    assert [line.split() for line in told[2:]] == [
        ["leak", "1", "1", "/", "0", "/", "0", "1", "/", "0", "/", "0"],
        ["normal", "2", "1", "/", "1", "/", "0", "0", "/", "1", "/", "1"],
    ]
    assert verdict_table(truth, first, {}, "window") == []


def test_a_worse_order_is_called_so() -> None:
    assert "a worse order" in gain_text(metrics(0.9, 0, 0, 0), metrics(0.7, 0, 0, 0))


def test_without_rates_or_ranking_nothing_is_claimed() -> None:
    assert gain_text({}, None) == ""


def test_a_kit_that_watches_over_time_is_told_in_events() -> None:
    def watched(recall: float, false: float) -> object:
        made = {"event_recall": recall, "false_onsets_per_day": false}
        return metrics_json({k: Estimate(value=v, low=0, high=9, n=5) for k, v in made.items()})

    told = gain_text(watched(0.5, 3.25), watched(0.75, 0.5))
    assert told == (
        "at its operating point events found 50% → 75%, false alarms per day 3.25 → 0.50"
    )
