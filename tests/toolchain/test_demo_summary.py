"""What the demo says of figures and of both models side by side."""

from __future__ import annotations

from pydantic import JsonValue

from kits.toolchain.demo.summary import compared_lines, figures_text, verdict_table


def _estimate(value: float) -> JsonValue:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 50}


def test_a_story_says_which_figures_are_told_and_in_which_words() -> None:
    metrics: JsonValue = {"oos_auroc": _estimate(0.8), "accuracy": _estimate(0.5)}
    words = {"accuracy": "right about the matter", "auto_error": "filed wrongly"}
    assert figures_text(metrics, words) == "right about the matter 0.50 [0.40, 0.60]"
    assert figures_text(metrics).startswith("oos_auroc 0.80")


def test_a_long_label_stands_whole_and_the_columns_stay_below_each_other() -> None:
    truth = {"a": "where_is_my_order", "b": "oos"}
    said = {"a": "act", "b": "review"}
    rows = verdict_table(truth, said, said, "mail")
    assert any("  where_is_my_order " in row for row in rows)
    head, *others = rows[1:]
    assert {row.index("/") for row in others} == {others[0].index("/")}
    assert head.index("number") + len("number") == others[0].index("1") + 1


def test_what_a_change_is_worth_bears_its_currency() -> None:
    side: JsonValue = {"accuracy": _estimate(0.5)}
    compared: JsonValue = {
        "champion": side, "challenger": side, "cost_difference": _estimate(-2.5), "currency": "CHF",
        "split": "test", "dataset": "d" * 64, "n": 50, "seed": 0,
    }  # fmt: skip
    assert any(
        line.endswith("-2.500 [-2.600, -2.400] CHF") for line in compared_lines(compared, "lead")
    )
