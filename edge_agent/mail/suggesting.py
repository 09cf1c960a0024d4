"""Has a language model suggest what a mail is about that goes to a person. It never decides.

The kit says what may be asked; the answer is one of the labels it told, or none. Verdict, label and score of the
decision are not touched here or by anybody who uses this. Whatever fails on the way, there is no suggestion. Time for
it is bounded over all mails, so that a model that answers slowly does not hold up a mailbox that has many.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_agent.log import warn
from edge_agent.pulse import Pulse
from edge_agent.sources.base import Settled
from kits.core.correspondence import Correspondent, Question
from kits.core.mail_remarks import MailRemarks

AT_ONCE_S = 60.0
SHARE = 0.2
"""Suggestions may take so many seconds at once, and such a share of the time in the long run."""
_MAX_NAME = 200


class Suggester(Protocol):
    """Suggests a label, from what a question tells and nothing else.

    Attributes:
        name: who it is, for the record.
    """

    name: str

    def suggest(self, question: Question) -> str:
        """One of the question's labels; empty when it has none. Raises nothing."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a language model said, and which."""

    label: str
    source: str

    @property
    def remarks(self) -> MailRemarks:
        """Beside the decision: in its row and in the record."""
        return MailRemarks(suggested=self.label, suggested_by=self.source)


class Suggesting:
    """Asks, with the bundle that decided.

    Args:
        suggester: None: nobody is asked.
        pulse: rests while the model is waited for, which has a time-out of its own; beats while the kit is at work.
        clock: monotonic seconds.

    Attributes:
        counts: `suggested`, `none`, `no time` and `failed` (a fault of the kit's; a model's are an alert of the model's client).
    """

    def __init__(
        self,
        suggester: Suggester | None = None,
        pulse: Pulse | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._suggester = suggester
        self._pulse = pulse or Pulse()
        self._clock = clock
        self._left_s = AT_ONCE_S
        self._counted_at = clock()
        self.counts: Counter[str] = Counter()

    def suggest(self, settled: Settled) -> Suggestion | None:
        """What the mail may be about; None when nobody is asked, or nothing was said."""
        if self._suggester is None:
            return None
        try:
            question = self._question(settled)
        except Exception as error:  # noqa: BLE001  a kit's failure costs the suggestion, never the mail
            warn("suggestion_failed", error=repr(error))
            self.counts["failed"] += 1
            return None
        finally:
            self._pulse.rest()
        if question is None:
            return None
        if not self._has_time():
            self.counts["no time"] += 1
            return None
        label = self._suggester.suggest(question)
        self._left_s -= self._clock() - self._counted_at
        known = label in question.labels
        self.counts["suggested" if known else "none"] += 1
        return Suggestion(label, self._suggester.name[:_MAX_NAME]) if known else None

    def _has_time(self) -> bool:
        now = self._clock()
        self._left_s = min(AT_ONCE_S, self._left_s + SHARE * (now - self._counted_at))
        self._counted_at = now
        return self._left_s > 0

    def _question(self, settled: Settled) -> Question | None:
        ready, payload, prediction = settled.ready, settled.payload, settled.prediction
        if ready is None or payload is None or prediction is None:
            return None
        runtime = ready.runtime
        if not isinstance(runtime, Correspondent):
            return None
        self._pulse.beat()
        return runtime.question(payload, prediction)
