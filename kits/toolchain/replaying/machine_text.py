"""What `kit replay` says of watched machines, as lines and as JSON with stable names. The figures come from `machines.py`."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pydantic import JsonValue

from kits.core.stats import Estimate
from kits.toolchain.evaluation import finite
from kits.toolchain.replaying.failures import Met
from kits.toolchain.replaying.figures import Figures, Money, Terms
from kits.toolchain.replaying.machines import Replayed, ToldCase, Tuned, date_text
from kits.toolchain.replaying.text import (
    Heading,
    length_text,
    money_text,
    plural,
    rate_text,
    with_interval,
)

_SHOWN = 20
_WIDTH = 90
_SENSORS_WORTH_SAYING = 0.001


def line(done: Replayed) -> str:
    """The answer in one line."""
    figures, terms = done.figures, done.terms
    parts = []
    if figures.known:
        parts.append(f"{figures.in_time} of {plural(len(figures.known), 'failure')} found in time")
    if figures.false_rate is not None:
        per = f"{rate_text(figures.false_rate)} per {terms.exposure_unit}"
        parts.append(f"{plural(len(figures.false_alarms), 'false alarm')} ({per})")
    else:
        per = f"{rate_text(figures.alarm_rate)} per {terms.exposure_unit}"
        parts.append(f"{plural(figures.alarms, 'alarm')} ({per})")
    if figures.money is not None:
        parts.append(f"cost avoided {with_interval(figures.money.avoided)} {terms.costs.currency}")
        if figures.in_time and _as_chance(figures.money):
            parts.append("about as much as by chance")
    return ", ".join(parts)


def _as_chance(money: Money) -> bool:
    """Whether as many alarms at random avoid about as much."""
    return money.avoided.value <= money.at_random.high


def rows(done: Replayed, heading: Heading) -> Iterator[str]:
    """What follows the answer, for people."""
    figures = done.figures
    yield f"{plural(len(done.courses), 'machine')}, {span_text(done)}: {heading.data} ({heading.source})"
    yield (
        f"{plural(figures.alarms, 'alarm')} in {plural(len(done.cases), 'case')},"
        f" {plural(figures.warnings, 'warning')} without alarm, in alarm"
        f" {time_share(figures.time_in_alarm)} of the time"
    )
    yield from _case_rows(done)
    yield from _missed_rows(done)
    if figures.money is not None:
        yield from money_rows(figures.money, done.terms, len(figures.known))
    if done.tuned:
        yield ""
        yield from _tuned_rows(done)
    for note in notes_of(done, heading):
        yield f"note: {note}"


def span_text(done: Replayed) -> str:
    """From when to when."""
    first = min(float(course.track.at_s[0]) for course in done.courses)
    last = max(float(course.track.at_s[-1]) for course in done.courses)
    if done.replay.timed:
        return f"{date_text(first)} to {date_text(last)} UTC"
    return f"up to {length_text(last - min(first, 0.0), done.replay.unit)} each"


def notes_of(done: Replayed, heading: Heading) -> list[str]:
    """What a person should know besides."""
    notes = list(done.notes)
    if done.sensor_share >= _SENSORS_WORTH_SAYING:
        notes.append(
            f"sensors were at fault {done.sensor_share:.1%} of the time: no alarm is made of that"
        )
    return heading.notes(notes)


def moment_text(at_s: float, done: Replayed) -> str:
    """When, on the clock of the replay."""
    if done.replay.timed:
        return date_text(at_s)
    return length_text(at_s, done.replay.unit)


def _case_rows(done: Replayed) -> Iterator[str]:
    if not done.cases:
        return
    assets = max(5, *(len(told.case.asset) for told in done.cases))
    yield ""
    yield f"  {'opened':<16}  {'asset':<{assets}}  {'alarms':>6}  {'outcome':<24}  evidence"
    for told in done.cases[:_SHOWN]:
        case = told.case
        evidence = f"{told.label}: {told.evidence}" if told.label else told.evidence
        short = evidence if len(evidence) <= _WIDTH else evidence[: _WIDTH - 1] + "…"
        yield (
            f"  {moment_text(case.opened_s, done):<16}  {case.asset:<{assets}}  "
            f"{len(case.alarms):>6}  {outcome_text(told, done):<24}  {short}"
        )
    if len(done.cases) > _SHOWN:
        yield f"  … and {len(done.cases) - _SHOWN} more: --json has all, --report FILE.html shows them"


def outcome_text(told: ToldCase, done: Replayed) -> str:
    """What a case was about."""
    if not told.outcome:
        return "open" if told.case.closed_s is None else "closed"
    if told.lead is None:
        return told.outcome
    return f"{told.outcome}, {length_text(told.lead, done.replay.unit)} ahead"


def _missed_rows(done: Replayed) -> Iterator[str]:
    lost = [met for met in done.figures.known if not met.in_time]
    if not lost:
        return
    yield ""
    yield "  not found in time"
    for met in lost[:_SHOWN]:
        late = (
            f", {length_text(met.lead, done.replay.unit)} ahead only"
            if met.lead is not None
            else ""
        )
        yield f"  {moment_text(met.failure.at_s, done):<16}  {met.failure.asset}  {met.failure.what}{late}"
    if len(lost) > _SHOWN:
        yield f"  … and {len(lost) - _SHOWN} more"


def money_rows(money: Money, terms: Terms, failures: int) -> Iterator[str]:
    """How the cost avoided is made up, and what it is compared with."""
    currency = terms.costs.currency
    yield ""
    yield (
        f"  {currency}: {money_text(money.gained)} gained by stops that were planned"
        f" − {money_text(money.false_alarms)} for false alarms − {money_text(money.reviews)} for"
        f" warnings looked at = {with_interval(money.avoided)}"
    )
    yield f"  doing nothing: {plural(failures, 'unplanned stop')} for {money_text(money.nothing)}"
    yield f"  as many alarms at random: {with_interval(money.at_random)} avoided"
    if _as_chance(money):
        yield "  so chance does about as well: this says nothing for the bundle"


def _tuned_rows(done: Replayed) -> Iterator[str]:
    unit = done.replay.unit
    name = done.replay.dial
    yield f"  {name:>22}  {'alarms':>6}  {'false':>5}  {'in time':>9}  {'median lead':>11}  cost avoided"
    for row in done.tuned:
        figures = row.figures
        lead = length_text(figures.lead_median, unit) if figures.lead_median is not None else "-"
        found = f"{figures.in_time}/{len(figures.known)}" if figures.known else "-"
        false = str(len(figures.false_alarms)) if figures.money is not None else "-"
        money = with_interval(figures.money.avoided) if figures.money is not None else "-"
        mark = " *" if row.current else ""
        yield (
            f"  {row.value:>22.3g}  {figures.alarms:>6}  {false:>5}  {found:>9}  {lead:>11}  "
            f"{money}{mark}"
        )
    yield "  * this bundle. Chosen on this data it is optimistic: confirm it on another stretch of time"


def next_command(done: Replayed) -> str:
    """What a person most likely does next."""
    best = best_tuned(done)
    now = done.figures.money
    if best is None or now is None or best.current or done.replay.dial != "false_alarms_per_month":
        return ""
    assert best.figures.money is not None
    if best.figures.money.avoided.value <= now.avoided.high:
        return ""  # not beyond what chance explains
    return f"kit train --set false_alarms_per_month={best.value:g}"


def best_tuned(done: Replayed) -> Tuned | None:
    """The position of the dial that avoided most cost."""
    known = [(row.figures.money.avoided.value, row) for row in done.tuned if row.figures.money]
    return max(known, key=lambda pair: pair[0])[1] if known else None


def document(done: Replayed, heading: Heading) -> dict[str, JsonValue]:
    """The answer of `kit replay --json` for machines."""
    first = min(float(course.track.at_s[0]) for course in done.courses)
    last = max(float(course.track.at_s[-1]) for course in done.courses)
    point = done.point
    return {
        **heading.document(),
        "machines": [course.track.asset for course in done.courses],
        "unit": done.replay.unit,
        "from": _moment(first, done),
        "to": _moment(last, done),
        "levels": {"act_at": point.default.act_at, "review_from": point.default.review_from},
        "terms": {
            "horizon": finite(done.terms.horizon),
            "lead": done.terms.needed,
            "planned_stop": done.terms.planned,
            "costs": finite(done.terms.costs),
        },
        "figures": _figures_json(done.figures, done.terms),
        "cases": [_case_json(told, done) for told in done.cases],
        "failures": [_met_json(met, done) for met in done.figures.met],
        "sensor_fault_share": done.sensor_share,
        "dial": done.replay.dial,
        "tuned": [_tuned_json(row, done.terms) for row in done.tuned],
        "notes": list[JsonValue](notes_of(done, heading)),
    }


def _moment(at_s: float, done: Replayed) -> JsonValue:
    if not done.replay.timed:
        return at_s
    return f"{date_text(at_s).replace(' ', 'T')}:{math.floor(at_s % 60):02d}Z"


def _figures_json(figures: Figures, terms: Terms) -> dict[str, JsonValue]:
    money = figures.money
    return {
        "alarms": figures.alarms,
        "warnings": figures.warnings,
        "false_alarms": len(figures.false_alarms) if money is not None else None,
        "failures": len(figures.known),
        "in_time": figures.in_time,
        "exposure": figures.exposure,
        "exposure_unit": terms.exposure_unit,
        "alarm_rate": finite(figures.alarm_rate),
        "false_alarm_rate": finite(figures.false_rate),
        "time_in_alarm": finite(figures.time_in_alarm),
        "recall": finite(figures.recall),
        "recall_at_random": finite(figures.random_recall),
        "lead_median": finite(figures.lead_median),
        "cost": None if money is None else {
            "avoided": finite(money.avoided),
            "gained": money.gained,
            "false_alarms": money.false_alarms,
            "reviews": money.reviews,
            "doing_nothing": money.nothing,
            "at_random": finite(money.at_random),
            "currency": terms.costs.currency,
        },
    }  # fmt: skip


def _case_json(told: ToldCase, done: Replayed) -> dict[str, JsonValue]:
    case = told.case
    return {
        "asset": case.asset,
        "opened": _moment(case.opened_s, done),
        "closed": None if case.closed_s is None else _moment(case.closed_s, done),
        "since": _moment(case.alarms[0].since_s, done),
        "alarms": len(case.alarms),
        "label": told.label,
        "evidence": told.evidence,
        "outcome": told.outcome,
        "lead": told.lead,
    }


def _met_json(met: Met, done: Replayed) -> dict[str, JsonValue]:
    failure = met.failure
    return {
        "asset": failure.asset,
        "time": _moment(failure.at_s, done),
        "from": None if failure.from_s is None else _moment(failure.from_s, done),
        "what": failure.what,
        "cost": failure.cost,
        "outcome": met.outcome,
        "lead": met.lead,
    }


def _tuned_json(row: Tuned, terms: Terms) -> dict[str, JsonValue]:
    return {
        "value": row.value,
        "current": row.current,
        "act_at": row.band.act_at,
        "review_from": row.band.review_from,
        **_figures_json(row.figures, terms),
    }


def time_share(estimate: Estimate) -> str:
    """A small share of time with its interval."""
    return f"{estimate.value:.2%} [{estimate.low:.2%}, {estimate.high:.2%}]"
