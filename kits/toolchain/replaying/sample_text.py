"""What `kit replay` says of samples that stand for themselves, as lines and as JSON with stable names. Figures: `samples.py`."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from kits.core.operating_point import Costs
from kits.toolchain.evaluation import finite
from kits.toolchain.replaying.samples import ReplayedSamples
from kits.toolchain.replaying.text import Heading, money_text, plural, with_interval


def line(done: ReplayedSamples, costs: Costs) -> str:
    """The answer in one line."""
    counts = ", ".join(f"{verdict} {count}" for verdict, count in done.counts.items())
    said = f"{counts} of {plural(done.n, 'sample')}"
    if done.money is not None:
        said += f", cost avoided {with_interval(done.money.avoided)} {costs.currency}"
    return said


def rows(done: ReplayedSamples, heading: Heading, costs: Costs) -> Iterator[str]:
    """What follows the answer, for people."""
    yield f"  {'truth':<16}  {'act':>6}  {'review':>6}  {'pass':>6}"
    for truth, row in sorted(done.by_truth.items()):
        cells = "  ".join(f"{row.get(verdict, 0):>6}" for verdict in ("act", "review", "pass"))
        yield f"  {truth or '(no label)':<16}  {cells}"
    for name, estimate in done.rates.items():
        yield f"  {name:<16}  {estimate.text()}  n={estimate.n}"
    if done.money is not None:
        money = done.money
        yield (
            f"  {costs.currency}: doing nothing {money_text(money.nothing)}, with this bundle"
            f" {money_text(money.spent)}; the same verdicts dealt out at random avoid"
            f" {with_interval(money.at_random)}"
        )
    yield f"  {heading.source}"
    for note in heading.notes(done.notes):
        yield f"note: {note}"


def document(done: ReplayedSamples, heading: Heading, costs: Costs) -> dict[str, JsonValue]:
    """The answer of `kit replay --json` for samples that stand for themselves."""
    money = done.money
    return {
        **heading.document(),
        "samples": done.n,
        "verdicts": dict(done.counts),
        "by_truth": {truth: dict(row) for truth, row in done.by_truth.items()},
        "rates": finite(done.rates),
        "cost": None if money is None else {
            "avoided": finite(money.avoided),
            "doing_nothing": money.nothing,
            "with_bundle": money.spent,
            "at_random": finite(money.at_random),
            "currency": costs.currency,
        },
        "notes": list[JsonValue](heading.notes(done.notes)),
    }  # fmt: skip
