"""What `kit replay` says of mails, as lines and as JSON with stable names. The figures come from `mails.py`."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from kits.core.operating_point import Costs, ErrorBound
from kits.core.stats import Estimate
from kits.toolchain.evaluation import finite
from kits.toolchain.replaying.mails import ReplayedMails, Row
from kits.toolchain.replaying.text import Heading, money_text, percent, plural, with_interval

_SHOWN = 20
_WHY = (
    "not as promised, and more than chance: these mails are not like those it was made on. See what changed and the months,"
    " import these mails too and train again"
)


def hours(estimate: Estimate) -> str:
    """`23.7 h [22.1, 25.0]`"""
    return f"{estimate.value:.1f} h [{estimate.low:.1f}, {estimate.high:.1f}]"


def promise(bound: ErrorBound | None) -> str:
    """The bundle's promise in a few words; empty when it makes none."""
    if bound is None or not bound.accepted:
        return ""
    return f"promised: at most {100 * bound.epsilon:.3g} % with {1 - bound.delta:.0%} confidence"


def line(done: ReplayedMails, costs: Costs) -> str:
    """The answer in one line: what is not as it was promised comes first."""
    said = _outcome(done, costs)
    return f"not as promised: {'; '.join(done.beyond)}; {said}" if done.beyond else said


def _outcome(done: ReplayedMails, costs: Costs) -> str:
    told = f"{percent(done.share)} of {plural(done.n, 'mail')} filed without a person"
    if done.wrong is not None:
        told += f", {percent(done.wrong)} of them wrongly"
    return f"{told}; {hours(done.hours)} and {with_interval(done.money)} {costs.currency} saved"


def rows(done: ReplayedMails, heading: Heading, costs: Costs) -> Iterator[str]:
    """What follows the answer, for people."""
    if told := promise(done.bound):
        yield f"  {told}"
    yield from (f"  changed: {told}" for told in done.changes)
    yield f"  work: {done.work.said}; a wrong filing costs {money_text(costs.escape)} {costs.currency}"
    if done.right is not None:
        yield f"  the intent is right for {percent(done.right)} of {done.right.n} labelled mails, filed or not"
    yield f"  machines wrote {done.machines} of {done.n}: sorted, never answered"
    yield from _table("intent", done.intents[:_SHOWN])
    if len(done.intents) > _SHOWN:
        yield f"  {len(done.intents) - _SHOWN} more intents"
    yield from _table("month", done.months[-_SHOWN:])
    yield f"  {heading.source}"
    for note in notes(done, heading):
        yield f"note: {note}"


def notes(done: ReplayedMails, heading: Heading) -> list[str]:
    """What a person should know besides; first what to do where a promise does not hold."""
    return heading.notes([*([_WHY] if done.beyond else []), *done.notes])


def _table(what: str, table: tuple[Row, ...]) -> Iterator[str]:
    width = min(40, max(len(what), *(len(row.name) for row in table)))
    yield f"  {what:<{width}}  {'mails':>6}  {'filed':>6}  {'share':>6}  {'wrong':>6}"
    for row in table:
        wrong = str(row.wrong) if row.labelled else "–"
        share = f"{100 * row.filed / row.mails:.0f} %"
        yield f"  {row.name[:width]:<{width}}  {row.mails:>6}  {row.filed:>6}  {share:>6}  {wrong:>6}"


def document(done: ReplayedMails, heading: Heading, costs: Costs) -> dict[str, JsonValue]:
    """The answer of `kit replay --json` for mails."""
    return {
        **heading.document(),
        "mails": done.n,
        "filed": done.filed,
        "machines": done.machines,
        "automatic_share": finite(done.share),
        "wrong": finite(done.wrong),
        "right": finite(done.right),
        "minutes_saved": finite(done.minutes),
        "money_saved": finite(done.money),
        "currency": costs.currency,
        "minutes_per_mail": done.work.minutes,
        "cost_per_mail": done.work.cost,
        "bound": finite(done.bound),
        "by_intent": [_row(row) for row in done.intents],
        "by_month": [_row(row) for row in done.months],
        "beyond_promise": list[JsonValue](done.beyond),
        "changes": list[JsonValue](done.changes),
        "notes": list[JsonValue](notes(done, heading)),
    }


def _row(row: Row) -> dict[str, JsonValue]:
    return {
        "name": row.name,
        "mails": row.mails,
        "filed": row.filed,
        "labelled": row.labelled,
        "wrong": row.wrong if row.labelled else None,
    }
