"""Warning time: below how much life left an alarm pays."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.operating_point import Costs
from kits.predictive_maintenance._device.remaining import RemainingSpec
from kits.predictive_maintenance._device.rows import RowSpec
from kits.predictive_maintenance._learning.intervals import Life
from kits.predictive_maintenance._learning.warning_time import choose_lead, first_run, rows_below
from kits.predictive_maintenance.config import Config

CAP = 120.0


def spec(**changes: object) -> RemainingSpec:
    given: dict[str, object] = {
        "rows": RowSpec(kind="readings", channels=("a",)), "unit": "cycles", "window": 5,
        "cap": CAP, "confidence": 0.9, "centre": ((0.0,),), "spread": ((1.0,),), "history": True,
        "edges": (), "below": (1.0,), "above": (1.0,),
    }  # fmt: skip
    return RemainingSpec.model_validate({**given, **changes})


def fleet(noise: float, units: int = 40) -> list[tuple[Life, np.ndarray]]:
    """Lives of 200 cycles with predictions that err by as much for the whole of a life."""
    rng = np.random.default_rng(0)
    left = np.minimum(np.arange(199, -1, -1.0), CAP)
    return [
        (Life(f"u{n}", np.zeros((200, 1)), left, 1.0),
         np.clip(left + rng.normal(0, noise) + rng.normal(0, 2, 200), 0, CAP))
        for n in range(units)
    ]  # fmt: skip


def lead(costs: Costs, noise: float = 12.0, **life: float) -> float:
    return choose_lead(fleet(noise), spec(), Config.model_validate({"life": life}), costs).lead


def test_the_dearer_an_unplanned_stop_the_earlier_the_alarm() -> None:
    cheap = lead(Costs(escape=100, overkill=100))
    dear = lead(Costs(escape=100_000, overkill=100))
    assert dear > cheap


def test_the_worse_the_predictions_the_earlier_the_alarm() -> None:
    costs = Costs(escape=5000, overkill=150)
    assert lead(costs, noise=20) > lead(costs, noise=3)


def test_an_alarm_leaves_the_time_that_maintenance_needs() -> None:
    costs = Costs(escape=5000, overkill=150)
    policy = choose_lead(fleet(3), spec(), Config.model_validate({"life": {"lead": 30}}), costs)
    assert policy.needed == 30
    assert policy.lead >= 30
    assert np.mean(np.array(policy.lead_times) >= 30) > 0.9


def test_what_it_does_is_told_in_the_unit_of_the_data() -> None:
    policy = choose_lead(fleet(3), spec(unit="h"), Config(), Costs(escape=5000, overkill=150))
    assert f"{policy.missed} of 40 machines" in policy.text
    assert " h left" in policy.text


def test_machines_that_never_came_near_their_end_are_no_evidence() -> None:
    young = [(Life("y", np.zeros((50, 1)), np.full(50, CAP), 1.0), np.full(50, CAP))]
    policy = choose_lead([*fleet(3), *young], spec(), Config(), Costs())
    assert policy.units == 40


def test_one_low_prediction_is_no_alarm() -> None:
    mask = np.array([0, 1, 0, 1, 1, 0, 1, 1, 1, 1], np.bool_)
    assert first_run(mask, 3) == 8
    assert first_run(mask, 1) == 1
    assert first_run(mask, 5) is None
    assert first_run(mask[:2], 3) is None


@pytest.mark.parametrize(
    ("unit", "history", "rows"), [("cycles", True, 3), ("h", False, 3), ("captures", False, 1)]
)
def test_a_delay_needs_an_interval_that_is_known(unit: str, history: bool, rows: int) -> None:
    assert rows_below(spec(unit=unit, history=history)) == rows
