"""What speaks with a lead's score is told first, then at most one thing that speaks against it; both are marked."""

from __future__ import annotations

import random

import pytest

from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.words import languages
from kits.lead_scoring._reasons.explainer import LEAST_WEIGHT, Explainer
from kits.lead_scoring.config import Config
from tests.lead_scoring.made_leads import a_table

COLUMNS = ("demo", "size", "source", "phone", "role")
BASE = 0.5
"""Share of the made leads that was won."""


def explainer(language: str = "en") -> Explainer:
    # each column splits the leads alone, so that a share of its own stands behind every reason
    rows = [
        ({name: str((n >> bit) % 2) for bit, name in enumerate(COLUMNS)}, float(n % 2))
        for n in range(640)
    ]
    return Explainer(learn_rates(a_table(rows), COLUMNS, Config(language=language)))


LEAD = Lead("1", dict.fromkeys(COLUMNS, "1"))


def fields(weights: dict[str, float], chance: float) -> list[str]:
    return [one.field for one in explainer().reasons(LEAD, weights, chance=chance)]


def test_above_the_average_what_speaks_for_a_lead_comes_first_and_one_thing_against_it_last() -> (
    None
):
    weights = {"demo": 0.4, "size": -0.9, "source": 0.7, "phone": -0.8, "role": 0.1}
    assert fields(weights, BASE + 0.1) == ["source", "demo", "size"]


def test_below_the_average_it_is_the_other_way_round() -> None:
    weights = {"demo": 0.8, "size": -0.9, "source": 0.7, "phone": -0.3, "role": -0.1}
    assert fields(weights, BASE - 0.1) == ["size", "phone", "demo"]


def test_what_speaks_against_the_score_is_told_only_among_the_strongest() -> None:
    weights = {"demo": 0.4, "size": -0.2, "source": 0.7, "phone": 0.3}
    assert fields(weights, BASE + 0.1) == ["source", "demo", "phone"]


def test_a_lead_for_which_nothing_speaks_is_told_what_speaks_most() -> None:
    assert fields({"demo": -0.4, "size": -0.9}, BASE + 0.1) == ["size"]


@pytest.mark.parametrize("language", languages())
def test_every_language_marks_both_sides_alike(language: str) -> None:
    told = explainer(language).reasons(LEAD, {"demo": 0.7, "size": -0.6, "source": 0.5}, chance=0.9)
    assert [(one.direction, one.marked[:4]) for one in told] == [
        ("for", "(+) "), ("for", "(+) "), ("against", "(−) "),
    ]  # fmt: skip
    assert all(one.marked[4:] == one.text for one in told)


def test_whatever_the_contributions_are_the_first_reason_speaks_with_the_score() -> None:
    rng, made = random.Random(3), explainer()
    sides = set()
    for _ in range(300):
        weights = {name: rng.gauss(0, 0.4) for name in COLUMNS}
        chance = rng.random()
        side = 1 if chance >= BASE else -1
        told = made.reasons(LEAD, weights, chance=chance)
        assert {one.field: one.weight for one in told}.items() <= weights.items(), (
            "the model's own, exactly"
        )
        leading = [one for one in told if one.weight * side > 0]
        assert told[: len(leading)] == tuple(leading) and len(told) - len(leading) <= 1
        if any(weight * side >= LEAST_WEIGHT for weight in weights.values()):
            assert leading
        sides.add((side, len(leading)))
    assert len(sides) >= 5
