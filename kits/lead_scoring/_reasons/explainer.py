"""Reasons for a lead's score from the model's exact contributions, each one line that is true of the past.

The stated share is what became of such leads in training; the weight is the model's. Where the two disagree, the line
says so. What the team could change or ask for is `hints.py`'s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kits.core.prediction import Reason
from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring._reasons.hints import Hinter, Trial
from kits.lead_scoring._reasons.situation import (
    Situation,
    filled,
    percent_text,
    situation_of,
    worded,
    wording_of,
)
from kits.lead_scoring._reasons.spec import ReasonsSpec, Tally
from kits.lead_scoring._reasons.values import plain

LONGEST = 90
"""Characters of a reason: one line on a phone."""
FEW = 50
"""Below so many such leads they are counted out, not turned into a percentage."""
LEAST_WEIGHT = 0.02
"""Log-odds under which a column is no reason: two per cent of the odds."""
_BY_ITSELF = ("share", "few")
"""Lines whose share agrees with the weight."""
_WITH_REST = 0.5


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

    @property
    def is_new_gap(self) -> bool:
        """Whether no lead ever lacked it: the model was given what is typical, and nothing is known of such leads."""
        return self.situation.name == "missing" and not self.situation.tally.n


class Explainer:
    """Words for scores.

    Args:
        spec: learned with the model.
    """

    def __init__(self, spec: ReasonsSpec) -> None:
        self._spec = spec
        self._base = percent_text(spec.base.share, spec.wording)
        self._hinter = Hinter(spec)
        self._wordings = {
            name: wording_of(column, name, spec.wording) for name, column in spec.columns.items()
        }

    def reasons(
        self,
        lead: Lead,
        contributions: Mapping[str, float],
        limit: int = 3,
        *,
        chance: float | None = None,
    ) -> tuple[Reason, ...]:
        """Columns in words: those that speak with the score, strongest first, then at most one that speaks against it.

        The one against it is told where it is among the strongest. A column whose leads did not do what its weight
        says is told only where it weighs twice as much as another; one that every lead before had, and this one lacks,
        is no reason.

        Args:
            contributions: source column → log-odds; columns that may not be named are passed over.
            limit: reasons at the most.
            chance: the lead's probability, 0 to 1, which lies above the average or below it; None: the sum of
                contributions says which.
        """
        known = [
            self._sorted_out(lead, name, float(weight))
            for name, weight in contributions.items()
            if name in self._spec.columns and math.isfinite(weight) and abs(weight) >= LEAST_WEIGHT
        ]
        known = [one for one in known if not one.is_new_gap]
        known.sort(key=lambda one: (-one.pull, one.name))
        above = sum(contributions.values()) if chance is None else chance - self._spec.base.share
        chosen = _in_order(known, limit, side=1.0 if above >= 0 else -1.0)
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
        return self._hinter.trials(lead)

    def hints_of(
        self, now: float, trials: Sequence[Trial], scores: Sequence[float], limit: int = 2
    ) -> tuple[str, ...]:
        """Hints from the scores of `trials`, in their order; the largest difference first."""
        return self._hinter.hints(now, trials, scores, limit)

    def _sorted_out(self, lead: Lead, name: str, weight: float) -> _Candidate:
        column, wording = self._spec.columns[name], self._wordings[name]
        situation = situation_of(column, name, lead, wording, weight)
        kind = self._kind(situation.tally, weight)
        if column.kind == "given" and situation.name == "given":
            kind = self._of_content(kind)
        return _Candidate(name, weight, situation, kind)

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
            "for" if one.weight > 0 else "against",
        )

    def _of_content(self, kind: str) -> str:
        """Of a text that nearly all leads have it tells nothing that there is one: what it says was learned from."""
        content = kind.replace("same", "content")
        return content if content in self._spec.wording.lines else kind

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


def _in_order(known: Sequence[_Candidate], limit: int, side: float) -> list[_Candidate]:
    """Of candidates by their pull: those of one side, then the strongest of the other if it is among the first `limit`."""
    leading = [one for one in known if one.weight * side > 0]
    other = [one for one in known[:limit] if one.weight * side < 0][:1]
    if leading:
        leading = leading[: max(1, limit - len(other))]
    leading.sort(key=lambda one: (-abs(one.weight), one.name))
    return [*leading, *other][:limit]


def _shown(value: Value) -> Value:
    return plain(value, LONGEST) if isinstance(value, str) else value
