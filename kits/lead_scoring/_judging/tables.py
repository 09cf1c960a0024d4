"""Tables of a report on leads: money at the team's capacity, protected groups beside each other, models that were tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp

from kits.core.kit import EvaluateTask, Evaluation, Plot
from kits.core.stats import Estimate, proportion
from kits.lead_scoring._judging.capacity import Terms
from kits.lead_scoring._judging.figures import exploration_price
from kits.lead_scoring._judging.groups import FOUR_FIFTHS, PREFIX
from kits.lead_scoring._models.spec import Tried
from kits.lead_scoring._reasons.spec import Tally

_AGES, _CHANCE = 8, 0.3
"""Ages a table shows at most or so, and a chance it is told of."""


def money(evaluation: Evaluation, terms: Terms, task: EvaluateTask) -> Plot:
    """What a month of calls brings, by score and in random order."""
    currency = task.costs.currency
    found = evaluation.metrics
    rows: list[tuple[str, ...]] = [("in a month", currency)]
    precision, base = found.get("precision_at_capacity"), found.get("base_rate")
    gained = found.get("money_per_month")
    if precision is not None and base is not None:
        rows.append(("by score, calls paid", _range(_earned(precision, terms))))
        rows.append(("in random order, calls paid", _range(_earned(base, terms))))
    if gained is not None:
        rows.append(("what the order is worth", _range(gained)))
        if terms.exploration:
            price = exploration_price(gained, terms)
            rows.append(
                (f"price of {terms.exploration:.0%} of calls in random order", _range(price))
            )
    caption = (
        f"The team calls {terms.said}; a lead won is worth {terms.value:g}, a call costs {terms.contact:g} {currency} "
        f"(model.team). n={evaluation.n}, 95 % intervals. If a call to a lead that was won is what won it: an upper end."
    )
    return Plot("What a month of calls brings", table=tuple(rows), caption=caption)


def groups(slices: Mapping[str, Mapping[str, Estimate]]) -> list[Plot]:
    """Protected groups: how often each is called, and how good the model is for it. None where there are no groups."""
    found = {n.removeprefix(PREFIX): part for n, part in slices.items() if n.startswith(PREFIX)}
    if not found:
        return []
    head = (
        "group",
        "leads",
        "hot",
        "beside the group that is hot most",
        "won",
        "AUC",
        "probability − won",
    )
    rows = [head, *(_group(name, part) for name, part in found.items())]
    caption = (
        f"Protected columns are never learned from. † less than {FOUR_FIFTHS:.0%} of the rate of the group that is hot most "
        "(four-fifths rule of thumb): a sign to look closer, as groups may differ in how often they buy. 95 % intervals."
    )
    return [Plot("Protected groups", table=tuple(rows), caption=caption)]


def tried(models: Sequence[Tried]) -> list[Plot]:
    """Models that were tried, the one taken first; none where a bundle does not say."""
    if not models:
        return []
    head = ("model", "", "leads", "log-loss", "AUC", "lift at 10 %")
    rows = [
        (
            one.name,
            "" if one.fate == "beside" else one.fate,
            f"{one.leads}",
            f"{one.log_loss:.4f} ± {one.log_loss_error:.4f}",
            f"{one.auc:.3f}",
            f"{one.lift:.2f} ± {one.lift_error:.2f}",
        )
        for one in models
    ]
    caption = (
        "On the folds that decided, each model on leads it had not seen; log-loss after a straight calibration, ± one standard "
        "error. The simplest model within one standard error of the best was taken (errors of differences, lead by lead)."
    )
    if models[0].name.startswith("small"):
        caption = (
            "On the folds that decided, each model on leads it had not seen; log-loss after its level was set right, ± one "
            "standard error. The best was taken: these models differ in how far they are shrunk."
        )
    if any(one.fate == "given up" for one in models):
        caption += " Given up: far behind or in the worse half on the first folds, so not tried on the later ones; the table is large."
    return [Plot("Models that were tried", table=(head, *rows), caption=caption)]


def still_open(found: Mapping[float, tuple[Tally, float]]) -> list[Plot]:
    """What becomes of leads that stay open, and of a chance; none where a bundle does not reckon with it."""
    if not found:
        return []
    ages = list(found)
    shown = [ages[0], *ages[1 :: max(1, (len(ages) - 1) // _AGES)]]
    head = ("still open after", "leads", "won", f"what is left of a chance of {_CHANCE:.0%}")
    rows = [head]
    for age in shown:
        one, adds = found[age]
        left = 1 / (1 + (1 / _CHANCE - 1) * exp(-adds))
        won = _text(proportion(one.won, one.n), "{:.1%}") if one.n else "–"
        rows.append((f"{age:.0f} days" if age else "all leads", f"{one.n}", won, f"{left:.1%}"))
    caption = (
        "Leads old enough to have an outcome, those nobody closed among them; 95 % intervals. Of a lead whose age is said (`created_at`) "
        "the probability is what is left of it; the figures above are of leads as they came."
    )
    return [Plot("Leads that stay open", table=tuple(rows), caption=caption)]


def _group(name: str, part: Mapping[str, Estimate]) -> tuple[str, ...]:
    ratio = part.get("selection_ratio")
    mark = " †" if ratio is not None and ratio.value < FOUR_FIFTHS else ""
    n = max((one.n for one in part.values()), default=0)
    return (
        name,
        f"{n}",
        _text(part.get("selection_rate"), "{:.1%}"),
        _text(ratio, "{:.2f}") + mark,
        _text(part.get("base_rate"), "{:.1%}"),
        _text(part.get("auc"), "{:.3f}"),
        _text(part.get("calibration_gap"), "{:+.1%}"),
    )


def _text(one: Estimate | None, shape: str) -> str:
    if one is None:
        return "–"
    return f"{shape.format(one.value)} [{shape.format(one.low)}, {shape.format(one.high)}]"


def _earned(share: Estimate, terms: Terms) -> Estimate:
    """A share of calls that are won as what a month of them brings."""

    def money_of(value: float) -> float:
        return terms.per_month * (terms.value * value - terms.contact)

    ends = {name: money_of(getattr(share, name)) for name in ("value", "low", "high")}
    return share.model_copy(update=ends)


def _range(one: Estimate) -> str:
    return f"{one.value:,.0f} [{one.low:,.0f}, {one.high:,.0f}]"
