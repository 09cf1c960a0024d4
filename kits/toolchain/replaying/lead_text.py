"""What `kit replay` says of samples that wait for people, as lines and as JSON with stable names. Figures: `leads.py`."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from kits.core.kit_manifest import Words
from kits.core.stats import Estimate
from kits.toolchain.evaluation import finite
from kits.toolchain.replaying.leads import Month, ReplayedLeads
from kits.toolchain.replaying.text import Heading, money_text, percent, plural, with_interval

_SHOWN = 24


def line(done: ReplayedLeads, words: Words, currency: str) -> str:
    """The answer in one line."""
    return (
        f"working on {plural(round(done.called), f'{words.sample}')} by score would have earned "
        f"{with_interval(done.earned)} {currency} in all: {signed(done.beyond_order)} beside the order they came in, "
        f"{signed(done.beyond_random)} beside a random one"
    )


def signed(money: Estimate) -> str:
    """`+1,200 [300, 2,100]`"""
    return f"{'+' if money.value > 0 else ''}{with_interval(money)}"


def span(done: ReplayedLeads) -> str:
    """How long it was."""
    return plural(len(done.months), unit(done))


def unit(done: ReplayedLeads) -> str:
    """What a row of the table is."""
    return "month" if done.ranking.timed else "part"


def rows(done: ReplayedLeads, heading: Heading, words: Words, currency: str) -> Iterator[str]:
    """What follows the answer, for people."""
    terms = done.ranking
    hits = int(terms.hit.sum())
    yield f"  {plural(done.n, words.sample)} in {span(done)}, {hits} {words.bad} ({hits / done.n:.1%})"
    yield (
        f"  of those worked on by score {percent(done.precision)} were {words.bad}; the team works on "
        f"{terms.per_month:,.0f} a month, one that is {words.bad} is worth {money_text(terms.value)} {currency}, working on "
        f"one costs {money_text(terms.contact)}"
    )
    if terms.exploration:
        yield (
            f"  {terms.exploration:.0%} in random order all the same would have cost "
            f"{with_interval(done.exploration)} {currency} in all"
        )
    yield from _table(done, words)
    yield f"  {heading.source}"
    for note in heading.notes(done.notes):
        yield f"note: {note}"


def _table(done: ReplayedLeads, words: Words) -> Iterator[str]:
    heads = ("all", words.bad, "called", "by score", "in order", "random", "best")
    yield f"  {unit(done):<10}" + "".join(f"  {head:>8}" for head in heads)
    for month in done.months[-_SHOWN:]:
        yield f"  {month.name:<10}" + "".join(f"  {cell:>8}" for cell in cells(month))
    if len(done.months) > _SHOWN:
        yield f"  the last {_SHOWN} of {len(done.months)}"


def cells(month: Month) -> tuple[str, ...]:
    """A month in numbers: all, hits, called, hits by score, in order, at random, at best."""
    return (
        f"{month.n:,}",
        f"{month.hits:,}",
        *map(
            _tenths, (month.called, month.by_score, month.in_order, month.at_random, month.at_best)
        ),
    )


def _tenths(count: float) -> str:
    return f"{count:,.1f}".removesuffix(".0")


def document(done: ReplayedLeads, heading: Heading, currency: str) -> dict[str, JsonValue]:
    """The answer of `kit replay --json`."""
    terms = done.ranking
    return {
        **heading.document(),
        "samples": done.n,
        "hits": int(terms.hit.sum()),
        "called": done.called,
        "precision": finite(done.precision),
        "earned": finite(done.earned),
        "beyond_order": finite(done.beyond_order),
        "beyond_random": finite(done.beyond_random),
        "exploration_price": finite(done.exploration),
        "currency": currency,
        "per_month": terms.per_month,
        "value": terms.value,
        "contact": terms.contact,
        "timed": terms.timed,
        "by_month": [_month(month, done) for month in done.months],
        "notes": list[JsonValue](heading.notes(done.notes)),
    }


def _month(month: Month, done: ReplayedLeads) -> dict[str, JsonValue]:
    return {
        "name": month.name,
        "days": month.days,
        "of_days": month.of_days,
        "samples": month.n,
        "hits": month.hits,
        "called": month.called,
        "by_score": month.by_score,
        "in_order": month.in_order,
        "at_random": month.at_random,
        "at_best": month.at_best,
        "earned": done.money(month.by_score, month.called),
    }
