"""Hints: what the team could change of a lead or ask for, and what the model would say of it then.

An association that the model knows, never a promise. The leads to score are given out first, so that one batch does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kits.lead_scoring._lead import Lead
from kits.lead_scoring._reasons.situation import filled, percent_text
from kits.lead_scoring._reasons.spec import ColumnReasons, ReasonsSpec
from kits.lead_scoring._reasons.values import key_of, plain

_TRIED_COLUMNS = 4
_TRIED_CHOICES = 3
_ENOUGH = 20
"""A choice must have been seen so often before a hint names it."""
_LEAST_GAIN, _LEAST_RANGE = 0.02, 0.05
_LONGEST_VALUE = 45


@dataclass(frozen=True, slots=True)
class Trial:
    """A lead with one field as it might be.

    Attributes:
        asked: the field is not known yet.
    """

    column: str
    choice: str
    asked: bool
    lead: Lead


@dataclass(frozen=True, slots=True)
class _WorthTrying:
    """A column whose choices differ, with those to try."""

    name: str
    actionable: bool
    to_ask: tuple[str, ...]
    to_change: tuple[str, ...]


class Hinter:
    """Words for what could be.

    Args:
        spec: learned with the model.
    """

    def __init__(self, spec: ReasonsSpec) -> None:
        self._spec = spec
        promises = ((_promise(column), name) for name, column in spec.columns.items())
        self._worth = [
            _worth_trying(name, spec.columns[name])
            for promise, name in sorted(promises, reverse=True)
            if promise > 0
        ]

    def trials(self, lead: Lead) -> tuple[Trial, ...]:
        """The leads to score, at most a dozen."""
        found: list[Trial] = []
        tried = 0
        for column in self._worth:
            now = key_of(lead.fields.get(column.name))
            if tried >= _TRIED_COLUMNS or (now and not column.actionable):
                continue
            listed = column.to_change if now else column.to_ask
            choices = [choice for choice in listed if choice != now]
            found += [
                Trial(column.name, choice, not now, _with(lead, column.name, choice))
                for choice in choices
            ]
            tried += bool(choices)
        return tuple(found)

    def hints(
        self, now: float, trials: Sequence[Trial], scores: Sequence[float], limit: int
    ) -> tuple[str, ...]:
        """Hints from the scores of trials, in their order; the largest difference first.

        Args:
            now: the lead's probability, 0 to 1.
        """
        by_column: dict[str, list[tuple[Trial, float]]] = {}
        for trial, score in zip(trials, scores):
            if math.isfinite(score):
                by_column.setdefault(trial.column, []).append((trial, score))
        hints: list[tuple[float, str]] = []
        for name, tried in by_column.items():
            column = self._spec.columns[name]
            if tried[0][0].asked:
                hints += self._ask(column, now, [score for _, score in tried])
            else:
                hints += self._change(column, now, max(tried, key=lambda pair: pair[1]))
        ranked = sorted(hints, key=lambda hint: (-hint[0], hint[1]))
        return tuple(text for _, text in ranked[:limit])

    def _change(
        self, column: ColumnReasons, now: float, best: tuple[Trial, float]
    ) -> list[tuple[float, str]]:
        trial, score = best
        if score - now < _LEAST_GAIN:
            return []
        wording = self._spec.wording
        spelt = column.names.get(trial.choice) or column.spelt.get(trial.choice, trial.choice)
        slots = {"label": column.label, "value": plain(spelt, _LONGEST_VALUE)}
        told = {
            "subject": filled(column.templates.get("hint") or wording.subjects["hint"], slots),
            "before": percent_text(now, wording),
            "after": percent_text(score, wording),
        }
        return [(score - now, filled(wording.lines["change"], told))]

    def _ask(
        self, column: ColumnReasons, now: float, scores: Sequence[float]
    ) -> list[tuple[float, str]]:
        wording = self._spec.wording
        low, high = min(scores), max(scores)
        if high - low < _LEAST_RANGE:
            return []
        told = {
            "label": column.label,
            "before": percent_text(now, wording),
            "low": percent_text(low, wording),
            "high": percent_text(high, wording),
        }
        return [(high - low, filled(wording.lines["ask"], told))]


def _promise(column: ColumnReasons) -> float:
    """How far apart the shares of its common choices are, weighted by how many leads have one."""
    if column.kind != "choice":
        return 0.0
    shares = [t.share for t in column.choices.values() if t.n >= _ENOUGH]
    known = column.given.n / max(1, column.given.n + column.missing.n)
    return (max(shares) - min(shares)) * known if len(shares) > 1 else 0.0


def _worth_trying(name: str, column: ColumnReasons) -> _WorthTrying:
    """The best choices to change to; to ask for, the best, the commonest and the worst."""
    known = [(t.share, t.n, choice) for choice, t in column.choices.items() if t.n >= _ENOUGH]
    ranked = [choice for _, _, choice in sorted(known, reverse=True)]
    common = max(known, key=lambda one: (one[1], one[2]))[2]
    to_ask = tuple(dict.fromkeys([ranked[0], common, ranked[-1]]))
    return _WorthTrying(name, column.actionable, to_ask, tuple(ranked[:_TRIED_CHOICES]))


def _with(lead: Lead, name: str, choice: str) -> Lead:
    return replace(lead, fields={**lead.fields, name: choice})
