"""Are the costs plausible? Thresholds are chosen from them, so wrong costs are wrong decisions."""

from __future__ import annotations

from collections.abc import Iterator

from kits.core.kit import Finding
from kits.core.operating_point import Costs
from kits.toolchain.guardrails.context import Context


def check(context: Context) -> Iterator[Finding]:
    """Signs, order and defaults of the costs."""
    costs = context.project.config.costs
    shown = _shown(costs, weighted=not context.project.kit.manifest.ranked)
    if costs.escape == 0:
        yield Finding(
            "costs",
            "fail",
            "a miss costs nothing, so the best decision is always to pass",
            (shown,),
            "set costs.escape in kit.yaml to what one miss costs",
        )
        return
    # where whatever is not acted on goes to a person, no positive is ever let pass
    misses = "escape_rate" in context.project.kit.manifest.metrics
    complaints = list(_complaints(costs, shown, misses=misses))
    yield from complaints
    if not complaints:
        yield Finding("costs", "pass", "the costs are plausible", (shown,))


def _complaints(costs: Costs, shown: str, *, misses: bool) -> Iterator[Finding]:
    if costs == Costs(currency=costs.currency):
        yield Finding(
            "costs-default",
            "warn",
            "all costs still have their default values",
            (shown,),
            "ask whoever pays for complaints and scrap, and set `costs` in kit.yaml",
        )
    if misses and costs.escape <= costs.overkill:
        yield Finding(
            "costs-order",
            "warn",
            "a miss costs no more than a false act: most positives will be let pass",
            (shown,),
            "check whether costs.escape and costs.overkill are swapped",
        )
    if costs.review >= max(costs.escape, costs.overkill):
        yield Finding(
            "costs-review",
            "warn",
            "a look by a person costs more than any mistake: nothing will be reviewed",
            (shown,),
            "check costs.review in kit.yaml",
        )


def _shown(costs: Costs, *, weighted: bool) -> str:
    told = f"escape {costs.escape:g}, overkill {costs.overkill:g}, review {costs.review:g} {costs.currency}"
    return f"{told}; prevalence {costs.prevalence:.2%}" if weighted else told
