"""What would a rule without any model cost? A model that is not cheaper is not worth running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kits.core.kit import Finding
from kits.core.operating_point import Costs
from kits.toolchain.guardrails.context import Context

PARTS = 1000
_BY_HAND = "have a person look at everything"


def check(context: Context) -> Iterator[Finding]:
    """The cheapest trivial rule, per 1,000 samples."""
    costs = context.project.config.costs
    if context.project.kit.manifest.ranked:
        yield Finding(
            "baseline",
            "pass",
            "without a model people take them in the order they come: what an order by score brings beyond a random one "
            "is measured in training",
        )
        return
    rules = trivial_costs(costs)
    if "escape_rate" not in context.project.kit.manifest.metrics:
        # nothing may be passed unseen: without a model a person decides everything
        rules = {_BY_HAND: rules[_BY_HAND]}
    name = min(rules, key=lambda rule: rules[rule])
    evidence = tuple(
        f"{rule}: {cost:.2f} {costs.currency} per {PARTS:,}" for rule, cost in rules.items()
    )
    if rules[name] == 0:
        yield Finding(
            "baseline",
            "warn",
            f"'{name}' costs nothing: no model can be better",
            evidence,
            "check `costs` in kit.yaml",
        )
        return
    yield Finding(
        "baseline",
        "pass",
        f"at stake: {rules[name]:.2f} {costs.currency} per {PARTS:,} samples; "
        f"that is what the best rule without a model costs ('{name}')",
        evidence,
    )


def trivial_costs(costs: Costs) -> Mapping[str, float]:
    """Rule → cost per 1,000 samples."""
    return {
        "pass everything": PARTS * costs.prevalence * costs.escape,
        "act on everything": PARTS * (1 - costs.prevalence) * costs.overkill,
        _BY_HAND: PARTS * costs.review,
    }
