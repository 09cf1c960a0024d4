"""Has a reply drafted: records from the firm's own systems, a writer if there is one, and the kit's check.

The kit says what it needs and what stands up; nothing here judges a sentence. Whatever fails on the way, there is
no draft, and the mail is a person's as it would be without us.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from edge_agent.log import failure, warn
from edge_agent.pulse import Pulse
from edge_agent.sources.base import Alerts, Settled
from kits.core.correspondence import Brief, Correspondent, Lookup, Record
from kits.core.prediction import Draft

_MAX_LOOKUPS = 20
_MAX_BODY = 100_000


class Lookups(Protocol):
    """The firm's own systems, as an order API."""

    def fetch(self, lookups: Sequence[Lookup]) -> Sequence[Record]:
        """A record for each lookup, in order, empty where there is none. Raises nothing."""


class Writer(Protocol):
    """Writes a proposal, from what a brief tells and nothing else."""

    def write(self, brief: Brief) -> str:
        """Its text; empty when it has none. Raises nothing."""


class Drafting:
    """Drafts replies with the bundle that decided.

    Args:
        lookups: None: no records.
        writer: None: from templates and passages alone.
        pulse: beats while the kit is at work, and rests while others are waited for, who have time-outs of their
            own: a kit that hangs is noticed.

    Attributes:
        counts: `drafted`, `nothing to say` and `failed`.
    """

    def __init__(
        self,
        alerts: Alerts,
        lookups: Lookups | None = None,
        writer: Writer | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self._alerts = alerts
        self._lookups = lookups
        self._writer = writer
        self._pulse = pulse or Pulse()
        self.counts: Counter[str] = Counter()

    def draft(self, settled: Settled) -> Draft | None:
        """A reply to a mail, or None."""
        try:
            draft = self._draft(settled)
        except Exception as error:  # noqa: BLE001  a kit's failure costs the draft, never the mail
            warn("draft_failed", error=failure(error))
            self._alerts("draft-failed", "warning", f"no draft: {type(error).__name__}")
            self.counts["failed"] += 1
            return None
        finally:
            self._pulse.rest()
        usable = draft is not None and draft.body.strip() and len(draft.body) <= _MAX_BODY
        self.counts["drafted" if usable else "nothing to say"] += 1
        return draft if usable else None

    def _draft(self, settled: Settled) -> Draft | None:
        ready, payload, prediction = settled.ready, settled.payload, settled.prediction
        if ready is None or payload is None or prediction is None:
            return None
        if prediction.draft is not None:
            return prediction.draft
        runtime = ready.runtime
        if not isinstance(runtime, Correspondent):
            return None
        self._pulse.beat()
        records: Sequence[Record] = ()
        if self._lookups is not None:
            records = self._fetched(runtime.lookups(payload, prediction)[:_MAX_LOOKUPS])
        brief = runtime.brief(payload, prediction) if self._writer is not None else None
        return runtime.draft(payload, prediction, records, self._written(brief))

    def _fetched(self, wanted: Sequence[Lookup]) -> Sequence[Record]:
        if self._lookups is None or not wanted:
            return ()
        self._pulse.rest()
        found = self._lookups.fetch(wanted)
        self._pulse.beat()
        return found

    def _written(self, brief: Brief | None) -> str:
        if self._writer is None or brief is None:
            return ""
        self._pulse.rest()
        text = self._writer.write(brief)
        self._pulse.beat()
        return text
