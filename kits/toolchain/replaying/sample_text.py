"""What `kit replay` says of samples that stand for themselves, as lines and as JSON with stable names. Figures: `samples.py`."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from kits.core.expected import CAUSES
from kits.core.kit_manifest import Words
from kits.core.operating_point import Costs
from kits.toolchain.evaluation import finite
from kits.toolchain.replaying.samples import ReplayedSamples, SampleMoney
from kits.toolchain.replaying.text import Heading, money_text, percent, plural, with_interval

_WHY = (
    f"not as promised, and more than chance: {CAUSES}, or more is defective than costs.prevalence says; look at some of these"
    " samples, and train with them"
)


def line(done: ReplayedSamples, words: Words, costs: Costs) -> str:
    """The answer in one line: what is not as it was promised comes first."""
    said = outcome(done, words, costs)
    return f"not as promised: {'; '.join(done.beyond)}; {said}" if done.beyond else said


def outcome(done: ReplayedSamples, words: Words, costs: Costs) -> str:
    """What became of the samples, and the money."""
    counts = ", ".join(f"{verdict} {count}" for verdict, count in done.counts.items())
    said = f"{counts} of {plural(done.n, words.sample)}"
    return said if done.money is None else f"{said}, {_worth(done.money, words, costs)}"


def _worth(money: SampleMoney, words: Words, costs: Costs) -> str:
    """The money of samples as they come in production, as far as it is known; else that of these."""
    if money.per_1000 is None or money.as_in_production:
        return f"cost avoided {with_interval(money.avoided)} {costs.currency}"
    rule, cost = money.cheapest
    return (
        f"cost of 1,000 {words.sample}s as they come {with_interval(money.per_1000)} {costs.currency}, beside"
        f" {money_text(cost)} without a model ({rule})"
    )


def rows(done: ReplayedSamples, heading: Heading, words: Words, costs: Costs) -> Iterator[str]:
    """What follows the answer, for people."""
    yield f"  {'truth':<16}  {'act':>6}  {'review':>6}  {'pass':>6}"
    for truth, row in sorted(done.by_truth.items()):
        cells = "  ".join(f"{row.get(verdict, 0):>6}" for verdict in ("act", "review", "pass"))
        yield f"  {truth or '(no label)':<16}  {cells}"
    for name, estimate in done.rates.items():
        yield f"  {name:<16}  {estimate.text()}  n={estimate.n}"
    if done.money is not None:
        yield from _money_rows(done.money, words, costs)
    yield f"  {heading.source}"
    for note in notes(done, heading):
        yield f"note: {note}"


def _money_rows(money: SampleMoney, words: Words, costs: Costs) -> Iterator[str]:
    yield (
        f"  {costs.currency}, these {words.sample}s as they are ({percent(money.positives)} {words.bad}): doing nothing"
        f" {money_text(money.nothing)}, with this bundle {money_text(money.spent)}, avoided {with_interval(money.avoided)};"
        f" the same verdicts dealt out at random avoid {with_interval(money.at_random)}"
    )
    if money.per_1000 is not None:
        rules = ", ".join(f"{rule} {money_text(cost)}" for rule, cost in money.rules.items())
        yield (
            f"  {costs.currency} per 1,000 at {100 * money.prevalence:g} % {words.bad} (costs.prevalence): with this bundle"
            f" {with_interval(money.per_1000)}; without a model: {rules}"
        )


def notes(done: ReplayedSamples, heading: Heading) -> list[str]:
    """What a person should know besides; first what may be behind a promise that does not hold."""
    return heading.notes([*([_WHY] if done.beyond else []), *done.notes])


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
            "positives": finite(money.positives),
            "per_1000": None if money.per_1000 is None else finite(money.per_1000),
            "prevalence": money.prevalence,
            "without_model": dict(money.rules),
            "currency": costs.currency,
        },
        "beyond_promise": list[JsonValue](done.beyond),
        "notes": list[JsonValue](notes(done, heading)),
    }  # fmt: skip
