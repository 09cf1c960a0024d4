"""What of a bundle's promises does not hold on mails that came later, and what is other about these.

A threshold is chosen on mails drawn from among those that were learned from; a year later there is a new product, a
folder has another name, a campaign runs. Values only: the mails are counted in `mails.py`, the words go to people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kits.core.grouped import grouped_proportion
from kits.core.operating_point import ErrorBound, OperatingPoint
from kits.core.stats import Estimate, proportion

NO_DATE, NO_INTENT = "(no date)", "(none)"
_TOLD = 5
"""Labels, pairs or months of one kind that are named."""
_FEW = 5
_SURE = 50
"""Labelled mails from which a label that none has is gone."""
_SLICE = 10
_MUCH = 2.0
"""So many times more, or less, is a change worth a word."""
_HALF = 0.5
_PART = 0.1
_LEVEL = 0.05
"""How often a month of an unchanged mailbox may be told by chance, over all months."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One mail of the replay.

    Attributes:
        wrong: filed wrongly; None where nobody labelled it.
        truth: its labels; empty where nobody labelled it.
    """

    group: str
    month: str
    intent: str
    filed: bool
    machine: bool
    wrong: bool | None
    truth: str = ""
    language: str = ""


# -- promises -----------------------------------------------------------------------------------------


def beyond(
    seen: Sequence[Seen],
    point: OperatingPoint,
    wrong: Estimate | None,
    right: Estimate | None,
) -> Iterator[str]:
    """What was promised, or measured for the thresholds, and is worse on these mails beyond chance.

    Args:
        wrong: share of the filed ones.
        right: share of all labelled ones whose intent is named.
    """
    bound = point.bound
    made = bound is not None and bound.accepted > 0
    if bound is not None and made and wrong is not None:
        promised = f"where at most {100 * bound.epsilon:.3g} % were promised"
        if wrong.low > bound.epsilon:
            yield f"{_percent(wrong)} of the filed mails are wrong, {promised}"
        elif months := _broken_months(seen, bound.epsilon):
            rate = _rate(one for one in _judged(seen) if one.month in months)
            yield f"{rate} of the mails filed in {', '.join(months)} are wrong, {promised}"
    labelled = [one for one in seen if one.truth]
    if bound is not None and made and labelled:
        came = _share(labelled, lambda one: one.filed)
        if came.high < bound.coverage.low:
            yield f"{_percent(came)} of the labelled mails are filed, where {_percent(bound.coverage)} were measured"
    was = point.rates.get("accuracy")
    if was is not None and right is not None and right.high < was.low:
        yield f"the intent is right for {_percent(right)}, where {_percent(was)} were measured"


def _judged(seen: Sequence[Seen]) -> list[Seen]:
    """The filed ones of which somebody said what they are."""
    return [one for one in seen if one.filed and one.wrong is not None]


def _broken_months(seen: Sequence[Seen], epsilon: float) -> list[str]:
    """Months that break the promise by themselves: what began last week is little of a year.

    Many months are looked at, so each is tested as much more strictly.
    """
    filed = _judged(seen)
    months = sorted({one.month for one in filed} - {NO_DATE})
    found = []
    for month in months:
        mine = [one for one in filed if one.month == month]
        threads = len({one.group for one in mine})
        wrong = round(threads * sum(map(_is_wrong, mine)) / len(mine))
        if proportion(wrong, threads, 1 - _LEVEL / len(months)).low > epsilon:
            found.append(month)
    return found


# -- changes ------------------------------------------------------------------------------------------


def changes(
    seen: Sequence[Seen], learned: Mapping[str, int], bound: ErrorBound | None
) -> Iterator[str]:
    """What is other than in the mails that the bundle learned from, most telling first.

    Args:
        learned: its labels, with the mails of each it learned from; 0 where that is not known.
    """
    labelled = [one for one in seen if one.truth]
    yield from _strange_labels(labelled, learned)
    yield from _mix(labelled, learned)
    if bound is not None and bound.accepted:
        yield from _mistakes(labelled, learned, bound)
        yield from _left(labelled, bound)


def _strange_labels(labelled: Sequence[Seen], learned: Mapping[str, int]) -> Iterator[str]:
    """Labels that the bundle never learned, and those that nobody gives any more."""
    if not learned:
        return
    strange: dict[str, list[Seen]] = {}
    for one in labelled:
        if set(learned).isdisjoint(one.truth.split("|")):
            strange.setdefault(one.truth, []).append(one)
    given = {label for one in labelled for label in one.truth.split("|")}
    said = Counter(one.intent for one in labelled)
    gone = {label for label in learned if label not in given and said[label] >= _FEW}
    gone = gone if len(labelled) >= _SURE else set()
    explained: set[str] = set()
    for label, mine in sorted(strange.items(), key=lambda row: (-len(row[1]), row[0]))[:_TOLD]:
        filed = sum(one.filed for one in mine)
        told = f"{label!r} is no intent of this bundle: {filed} of {len(mine)} such mails are filed as something else"
        before = _before(mine, gone)
        explained |= set(before)
        yield told + (_renamed(label, before) if before else _read_as(mine))
    for label in sorted(gone - explained, key=lambda name: (-said[name], name))[:_TOLD]:
        yield f"nobody gives {label!r} any more: {said[label]} of these mails are said to be it, and people file all of them elsewhere"


def _before(mine: Sequence[Seen], gone: set[str]) -> dict[str, int]:
    """Labels nobody gives any more, as which most mails of a new one are read."""
    read_as = Counter(one.intent for one in mine if one.intent in gone)
    kept = {label: n for label, n in read_as.most_common() if n >= max(2, _PART * len(mine))}
    return kept if sum(kept.values()) >= max(_FEW, _HALF * len(mine)) else {}


def _read_as(mine: Sequence[Seen]) -> str:
    """The label as which most of a new one's mails are read: it may have been divided."""
    intent, n = Counter(one.intent for one in mine).most_common(1)[0]
    return f", {n} are read as {intent!r}" if n >= max(_FEW, _HALF * len(mine)) else ""


def _renamed(label: str, before: Mapping[str, int]) -> str:
    read_as = " and ".join(f"{old!r} ({n})" for old, n in before.items())
    stated = ", ".join(f"{old}: {label}" for old in before)
    what = "another name for it" if len(before) == 1 else "one name for them"
    return (
        f". They are read as {read_as}, which nobody gives any more: if it is {what}, state labels: {{{stated}}} in"
        " mails.yaml, import all mails again and train"
    )


def _mix(labelled: Sequence[Seen], learned: Mapping[str, int]) -> Iterator[str]:
    """Labels that are far more, or far less, of these mails than of those learned from."""
    total = sum(learned.values())
    if not total or len(labelled) < _SURE:
        return
    told: list[tuple[float, str]] = []
    given = {label for one in labelled for label in one.truth.split("|")}
    for label, n in learned.items():
        if label not in given and any(one.intent == label for one in labelled):
            continue  # told as one that nobody gives any more
        was = proportion(n, total)
        came = _share(labelled, partial(_has, label))
        apart = came.low > was.high or came.high < was.low
        if apart and not was.value / _MUCH < came.value < was.value * _MUCH:
            told.append((
                abs(came.value - was.value),
                f"{label!r} is {100 * came.value:.1f} % of these mails, and {100 * was.value:.1f} % of those learned from",
            ))  # fmt: skip
    yield from (text for _, text in sorted(told, reverse=True)[:_TOLD])


def _mistakes(
    labelled: Sequence[Seen], learned: Mapping[str, int], bound: ErrorBound
) -> Iterator[str]:
    """In which months too many were filed wrongly, and what for what; nothing where all is as promised."""
    filed = [one for one in labelled if one.filed]
    wrong = [one for one in filed if one.wrong]
    if not filed or _share(filed, _is_wrong).low <= bound.epsilon:
        return
    yield from _bad_months(filed, bound)
    pairs = Counter((one.truth, one.intent) for one in wrong if not set(learned).isdisjoint(one.truth.split("|")) or not learned)  # fmt: skip
    for (truth, intent), n in pairs.most_common(_TOLD):
        if n >= max(3, _PART * len(wrong)):
            yield f"{n} of {len(wrong)} wrong filings are {truth!r}, filed as {intent!r}"


def _bad_months(filed: Sequence[Seen], bound: ErrorBound) -> Iterator[str]:
    """Where more goes wrong in some months than in the others."""
    bad = []
    for month in sorted({one.month for one in filed} - {NO_DATE}):
        mine = [one for one in filed if one.month == month]
        if _share(mine, _is_wrong).low > bound.epsilon:
            bad.append(month)
    mine = [one for one in filed if one.month in bad]
    rest = [one for one in filed if one.month not in bad]
    if mine and len(rest) >= _SLICE and _share(mine, _is_wrong).low > _share(rest, _is_wrong).high:  # fmt: skip
        yield f"too many are filed wrongly in {', '.join(bad)}: {_rate(mine)}; in the other months {_rate(rest)}"


def _left(labelled: Sequence[Seen], bound: ErrorBound) -> Iterator[str]:
    """Languages, labels and months of which far less is filed than of the rest, where less is filed than was measured."""
    if not labelled or _share(labelled, _is_filed).high >= bound.coverage.low:
        return
    parts: tuple[tuple[str, Callable[[Seen], str]], ...] = (
        ("in the language", lambda one: one.language),
        ("of the label", lambda one: one.truth if one.truth not in bound.left_out else ""),
        ("of the month", lambda one: one.month),
    )
    for words, part in parts:
        yield from _parts_left(words, labelled, part)


def _parts_left(words: str, labelled: Sequence[Seen], part: Callable[[Seen], str]) -> Iterator[str]:
    told: list[tuple[int, str]] = []
    for name in {part(one) for one in labelled} - {"", NO_DATE}:
        mine = [one for one in labelled if part(one) == name]
        rest = [one for one in labelled if part(one) != name]
        if len(mine) < _SLICE or not rest:
            continue
        came, usual = _share(mine, _is_filed), _share(rest, _is_filed)
        if came.high < usual.low and came.value < usual.value / _MUCH:
            left = sum(not one.filed for one in mine)
            told.append((
                left,
                f"{left} of {len(mine)} mails {words} {name!r} are left to a person, of the others {100 * (1 - usual.value):.0f} %",
            ))  # fmt: skip
    yield from (text for _, text in sorted(told, reverse=True)[:_TOLD])


# -- shares -------------------------------------------------------------------------------------------


def _has(label: str, one: Seen) -> bool:
    return label in one.truth.split("|")


def _share(some: Sequence[Seen], holds: Callable[[Seen], bool]) -> Estimate:
    return grouped_proportion([holds(one) for one in some], [one.group for one in some])


def _is_wrong(one: Seen) -> bool:
    return bool(one.wrong)


def _is_filed(one: Seen) -> bool:
    return one.filed


def _rate(some: Iterable[Seen]) -> str:
    found = list(some)
    return f"{sum(map(_is_wrong, found))} of {len(found)}"


def _percent(share: Estimate) -> str:
    """`1.2 % [0.0, 6.7]`"""
    return f"{100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}]"
