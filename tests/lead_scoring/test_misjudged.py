"""Columns by whose values probabilities do not hold: named with figures, and hardly ever by chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from kits.core.operating_point import Costs
from kits.lead_scoring import evaluate
from kits.lead_scoring.config import TeamConfig
from tests.lead_scoring.made_leads import SayingRuntime, Told, task_of

Chance = Callable[[float, str], float]


def judged_by(chance: Chance, seed: int = 0, n: int = 900, group: int = 1) -> Sequence[str]:
    """The notes on columns, of leads that are won by such a chance: of what was said, and their priority."""
    rng = np.random.default_rng(seed)
    leads = []
    for number in range(n):
        prio, says = str(rng.integers(1, 4)), float(rng.uniform(0.02, 0.3))
        # behind more columns than the report has slices of
        fields = {f"Answer {k:02}": str(rng.choice(["yes", "no"])) for k in range(12)}
        fields |= {"Land": str(rng.choice(["DE", "AT", "CH"])), "Prio": prio}
        won = bool(rng.random() < chance(says, prio))
        leads += [
            Told(says, won, number / 10, fields, f"firm {number}" if group > 1 else "")
        ] * group
    notes = evaluate.evaluate(task_of(leads)).notes
    return [note for note in notes if note.startswith("misjudged")]


def turned(says: float, prio: str) -> float:
    """A priority that was turned around: 3 is what 1 was."""
    return {"1": 0.3, "2": 1.0, "3": 2.0}[prio] * says


def test_a_column_that_was_turned_around_is_named_with_its_values_and_what_to_do() -> None:
    (note,) = judged_by(turned)
    assert "by Prio" in note and "“3”: " in note and "model.columns.exclude" in note
    assert "Land" not in note


@pytest.mark.slow
def test_true_probabilities_charge_no_column() -> None:
    assert sum(len(judged_by(lambda says, _: says, seed)) for seed in range(10)) == 0


def test_a_base_rate_that_moved_for_all_charges_no_column() -> None:
    assert judged_by(lambda says, _: 2 * says) == []


@pytest.mark.slow
def test_what_few_firms_did_is_no_more_for_being_told_of_many_leads() -> None:
    """Ten leads of each firm, all with its outcome: 90 firms show nothing, 900 leads alone would."""
    found = [judged_by(lambda says, _: says, seed, n=90, group=10) for seed in range(5)]
    assert not any(found)


@pytest.mark.parametrize(
    ("costs", "told"),
    [(Costs(escape=480, overkill=20), False), (Costs(escape=480, overkill=25), True), (Costs(escape=900, overkill=20), True)],
)  # fmt: skip
def test_two_prices_of_one_lead_are_told(costs: Costs, told: bool) -> None:
    """A worth changed under model.team alone left bundles to be compared by the old one."""
    leads = [Told(0.5, n % 2 == 0, n) for n in range(40)]
    runtime = SayingRuntime(team=TeamConfig(value=500, contact=20))
    notes = evaluate.evaluate(task_of(leads, runtime=runtime, costs=costs)).notes
    assert any("costs.escape: 480, costs.overkill: 20" in note for note in notes) is told
