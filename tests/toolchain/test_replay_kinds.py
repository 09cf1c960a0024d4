"""A replay names kinds of defects, and months, of which more goes wrong than was measured of all."""

from __future__ import annotations

import random

from kits.core.kit import ItemResult
from kits.core.operating_point import Band, OperatingPoint
from kits.core.stats import proportion
from kits.toolchain.replaying.sample_slices import worse_kinds, worse_months

POINT = OperatingPoint(
    default=Band(act_at=1.0, review_from=0.5),
    rates={"escape_rate": proportion(2, 60), "overkill_rate": proportion(1, 100)},
    method="given",
    dataset="",
    seed=0,
)


def results(truth: str, n: int, escaped: int) -> list[ItemResult]:
    return [
        ItemResult(
            sample_id=f"{truth}{number}",
            group=f"{truth}{number}",
            truth=truth,
            verdict="pass" if number < escaped else "act",
            score=0.0,
            cost=100.0,
            prediction={},
        )
        for number in range(n)
    ]


def test_a_new_kind_that_passes_is_named_though_it_is_few() -> None:
    came = [*results("dent", 200, 6), *results("crack", 12, 9)]
    assert proportion(15, 212).low < POINT.rates["escape_rate"].high, "their rate hides it"
    (told,) = worse_kinds(POINT, came, {"good", "dent"})
    assert told.startswith("escapes of 'crack', a kind that it was not made with 75.0 %")
    (known,) = worse_kinds(POINT, came, {"good", "dent", "crack"})
    assert known.startswith("escapes of 'crack' 75.0 %")
    assert "3.3 % [0.4, 11.5] of all kinds were measured" in known


def test_kinds_that_escape_as_often_as_measured_are_rarely_told() -> None:
    rng, told = random.Random(0), 0
    for _ in range(200):
        kinds = [(name, 40, sum(rng.random() < 0.115 for _ in range(40))) for name in "abcde"]
        told += bool(list(worse_kinds(POINT, [one for kind in kinds for one in results(*kind)])))
    assert told <= 10
    assert not list(worse_kinds(POINT, results("crack", 20, 20))), "a single kind is the rate"


def test_a_month_that_began_to_go_wrong_is_named() -> None:
    """A lens that dirties: in December a sixth of the good parts is rejected, of four months one in twenty."""
    good = [result for m in range(9, 12) for result in results(f"good{m}", 80, 78)]
    late = results("good12", 80, 66)
    days = {
        one.sample_id: f"2025-{one.truth.removeprefix('good'):0>2}-{1 + (5 * place) % 28:02d}"
        for place, one in enumerate([*good, *late])
    }
    (told,) = worse_months(POINT, "overkill_rate", [*good, *late], days)
    assert told.startswith("false acts 17.5 %") and "in 2025-12, where 1.0 %" in told
    assert not list(worse_months(POINT, "overkill_rate", good, days))
    assert not list(worse_months(POINT, "overkill_rate", [*good, *late], {}))
    every = [result for m in range(9, 13) for result in results(f"good{m}", 80, 60)]
    dated = {one.sample_id: f"2025-{one.truth.removeprefix('good'):0>2}-01" for one in every}
    assert not list(worse_months(POINT, "overkill_rate", every, dated)), "their rate says it"
