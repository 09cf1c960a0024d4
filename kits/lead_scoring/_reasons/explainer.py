"""Reasons for a lead's score from the model's exact contributions, each one line that is true of the past.

The stated share is what became of such leads in training; the weight is the model's. Where the two disagree, the line
says so. Hints tell what the team could change or ask for: an association that the model knows, never a promise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kits.core.prediction import Reason
from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring._reasons.situation import (
    Situation,
    filled,
    percent_text,
    situation_of,
    worded,
)
from kits.lead_scoring._reasons.spec import ColumnReasons, ReasonsSpec, Tally
from kits.lead_scoring._reasons.values import key_of, plain

LONGEST = 90
"""Characters of a reason: one line on a phone."""
FEW = 50
"""Below so many such leads they are counted out, not turned into a percentage."""
LEAST_WEIGHT = 0.02
"""Log-odds under which a column is no reason: two per cent of the odds."""
_BY_ITSELF = ("share", "few")
"""Lines whose share agrees with the weight."""
_WITH_REST = 0.5
_TRIED_COLUMNS = 4
_TRIED_CHOICES = 3
_ENOUGH = 20
"""A choice must have been seen so often before a hint names it."""
_LEAST_GAIN, _LEAST_RANGE = 0.02, 0.05


@dataclass(frozen=True, slots=True)
class Trial:
    """A lead with one field as it might be, for a hint.

    Attributes:
        asked: the field is not known yet.
    """

    column: str
    choice: str
    asked: bool
    lead: Lead


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A column that may become a reason, with the line that is true of it."""

    name: str
    weight: float
    situation: Situation
    line: str

    @property
    def pull(self) -> float:
        """How much it has to be told: one that only speaks with the rest must weigh twice as much."""
        return abs(self.weight) * (1.0 if self.line in _BY_ITSELF else _WITH_REST)


class Explainer:
    """Words for scores.

    Args:
        spec: learned with the model.
    """

    def __init__(self, spec: ReasonsSpec) -> None:
        self._spec = spec
        self._base = percent_text(spec.base.share, spec.wording)
        promises = ((_promise(column), name) for name, column in spec.columns.items())
        self._worth_trying = [
            (
                name,
                spec.columns[name],
                _tried(spec.columns[name], asked=True),
                _tried(spec.columns[name], asked=False),
            )
            for promise, name in sorted(promises, reverse=True)
            if promise > 0
        ]

    def reasons(
        self, lead: Lead, contributions: Mapping[str, float], limit: int = 3
    ) -> tuple[Reason, ...]:
        """The strongest columns in words, strongest first.

        A column whose leads did not do what its weight says is told only where it weighs twice as much as another.

        Args:
            contributions: source column → log-odds; columns that may not be named are passed over.
            limit: reasons at the most.
        """
        known = [
            self._sorted_out(lead, name, float(weight))
            for name, weight in contributions.items()
            if name in self._spec.columns and math.isfinite(weight) and abs(weight) >= LEAST_WEIGHT
        ]
        known.sort(key=lambda one: (-one.pull, one.name))
        chosen = sorted(known[:limit], key=lambda one: (-abs(one.weight), one.name))
        return tuple(self._reason(lead, one) for one in chosen)

    def hints(self, lead: Lead, score: Callable[[Lead], float], limit: int = 2) -> tuple[str, ...]:
        """What could be changed or asked for, and what the model would say then.

        Args:
            score: a lead's probability, 0 to 1.
        """
        trials = self.trials(lead)
        if not trials:
            return ()
        return self.hints_of(score(lead), trials, [score(one.lead) for one in trials], limit)

    def trials(self, lead: Lead) -> tuple[Trial, ...]:
        """The leads to score for hints, at most a dozen: so many that one batch will do."""
        found: list[Trial] = []
        tried = 0
        for name, column, to_ask, to_change in self._worth_trying:
            now = key_of(lead.fields.get(name))
            if tried >= _TRIED_COLUMNS or (now and not column.actionable):
                continue
            choices = [choice for choice in (to_change if now else to_ask) if choice != now]
            found += [Trial(name, c, not now, _with(lead, name, c)) for c in choices]
            tried += bool(choices)
        return tuple(found)

    def hints_of(
        self, now: float, trials: Sequence[Trial], scores: Sequence[float], limit: int = 2
    ) -> tuple[str, ...]:
        """Hints from the scores of `trials`, in their order; the largest difference first."""
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

    # -- one reason ---------------------------------------------------------------------------------

    def _sorted_out(self, lead: Lead, name: str, weight: float) -> _Candidate:
        wording = self._spec.wording
        situation = situation_of(self._spec.columns[name], name, lead, wording, weight)
        return _Candidate(name, weight, situation, self._kind(situation.tally, weight))

    def _reason(self, lead: Lead, one: _Candidate) -> Reason:
        wording, tally = self._spec.wording, one.situation.tally
        slots = {
            "share": percent_text(tally.share, wording),
            "base": self._base,
            "won": str(tally.won),
            "n": str(tally.n),
        }
        template = wording.lines[one.line]
        room = LONGEST - len(filled(template, {**slots, "subject": ""}))
        subject = worded(self._spec.columns[one.name], one.situation, wording, room)
        text = filled(template, {**slots, "subject": subject})
        return Reason(
            plain(text[:1].upper() + text[1:], LONGEST),
            one.weight,
            one.name,
            _shown(lead.fields.get(one.name)),
        )

    def _kind(self, tally: Tally, weight: float) -> str:
        """Which line is true of these leads and of this weight."""
        side = "for" if weight > 0 else "against"
        if tally.n == 0:
            return f"never_{side}"
        few = tally.n < FEW
        apart = tally.share - self._spec.base.share
        if not few and percent_text(tally.share, self._spec.wording) == self._base:
            return f"same_{side}"
        if apart * weight <= 0:
            return f"few_with_rest_{side}" if few else f"with_rest_{side}"
        return "few" if few else "share"

    # -- hints --------------------------------------------------------------------------------------

    def _change(
        self, column: ColumnReasons, now: float, best: tuple[Trial, float]
    ) -> list[tuple[float, str]]:
        trial, score = best
        if score - now < _LEAST_GAIN:
            return []
        wording = self._spec.wording
        spelt = column.names.get(trial.choice) or column.spelt.get(trial.choice, trial.choice)
        value = plain(spelt, LONGEST // 2)
        slots = {"label": column.label, "value": value}
        subject = filled(column.templates.get("hint") or wording.subjects["hint"], slots)
        return [
            (score - now, filled(wording.lines["change"], {"subject": subject, **self._from(now, score)}))
        ]  # fmt: skip

    def _ask(
        self, column: ColumnReasons, now: float, scores: Sequence[float]
    ) -> list[tuple[float, str]]:
        wording = self._spec.wording
        low, high = min(scores), max(scores)
        if high - low < _LEAST_RANGE or not low < high:
            return []
        slots = {
            "label": column.label,
            "before": percent_text(now, wording),
            "low": percent_text(low, wording),
            "high": percent_text(high, wording),
        }
        return [(high - low, filled(wording.lines["ask"], slots))]

    def _from(self, before: float, after: float) -> dict[str, str]:
        wording = self._spec.wording
        return {"before": percent_text(before, wording), "after": percent_text(after, wording)}


def _promise(column: ColumnReasons) -> float:
    """How far apart the shares of its common choices are, weighted by how many leads have one."""
    if column.kind != "choice":
        return 0.0
    shares = [t.share for t in column.choices.values() if t.n >= _ENOUGH]
    known = column.given.n / max(1, column.given.n + column.missing.n)
    return (max(shares) - min(shares)) * known if len(shares) > 1 else 0.0


def _tried(column: ColumnReasons, *, asked: bool) -> list[str]:
    """Choices worth trying: the best ones to change to; to ask for, the worst, the commonest and the best."""
    known = [(t.share, t.n, choice) for choice, t in column.choices.items() if t.n >= _ENOUGH]
    if not known:
        return []
    ranked = [choice for _, _, choice in sorted(known, reverse=True)]
    if not asked:
        return ranked[:_TRIED_CHOICES]
    common = max(known, key=lambda one: (one[1], one[2]))[2]
    return list(dict.fromkeys([ranked[0], common, ranked[-1]]))


def _with(lead: Lead, name: str, choice: str) -> Lead:
    return replace(lead, fields={**lead.fields, name: choice})


def _shown(value: Value) -> Value:
    return plain(value, LONGEST) if isinstance(value, str) else value
