"""What a finished run says of itself: what was decided, what waits for the hub, what is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge_agent.alarms.book import MARK as OF_CASES

if TYPE_CHECKING:
    from edge_agent.agent import Agent


@dataclass(frozen=True)
class Summary:
    """What a finished run did.

    Attributes:
        waiting_known: whether the outbox could be read; if not, nobody knows what waits in it.
        lost_rows: the disk did not take them.
    """

    samples: int
    verdicts: dict[str, int]
    bundle: str
    provider: str
    synced: bool
    waiting_rows: int
    waiting_blobs: int
    waiting_known: bool
    lost_rows: int
    figures: dict[str, float] = field(default_factory=dict)

    def text(self) -> str:
        """In one line, for people."""
        verdicts = " · ".join(f"{n} {v}" for v, n in sorted(self.verdicts.items()))
        parts = [f"{self.samples} samples{': ' if verdicts else ''}{verdicts}"]
        if self.lost_rows:
            parts.append(f"{self.lost_rows} rows are lost: the disk did not take them")
        if self.synced:
            parts.append(f"the hub has everything{' else' if self.lost_rows else ''}")
        elif self.waiting_known or self.waiting_rows:
            waiting = f"{self.waiting_rows} rows and {self.waiting_blobs} blobs"
            parts.append(f"{waiting} wait for the hub")
        if not self.waiting_known:
            parts.append("the outbox could not be opened: what waits in it is not known")
        return "; ".join(parts)


def summary_of(agent: Agent, *, settled: bool) -> Summary:
    """Of an agent that has ended.

    Args:
        settled: nothing is known against the hub having everything.
    """
    figures, known = agent.outbox_state, agent.outbox.openings > 0
    active, blobs = agent.line.active, int(figures["outbox_blobs"])
    rows = int(figures["outbox_rows"]) + _comes_again(agent)
    unwritten = agent.writer.unwritten
    return Summary(
        samples=int(agent.samples),
        verdicts=dict(agent.line.verdicts),
        bundle=active.id if active is not None else "",
        provider=active.provider if active is not None else "",
        synced=settled and known and not (rows or blobs or unwritten),
        waiting_rows=rows,
        waiting_blobs=blobs,
        waiting_known=known,
        lost_rows=lost_rows(agent),
        figures=dict(figures),
    )


def lost_rows(agent: Agent) -> int:
    """Of an agent that has ended: rows that stand nowhere."""
    counts = agent.writer.figures
    never = counts.refused + counts.thinned + agent.alerts.untold
    return never + agent.writer.unwritten - _comes_again(agent)


def _comes_again(agent: Agent) -> int:
    """Rows that the outbox does not have, and their ledger does: the next start hands them in."""
    names = agent.writer.unwritten_marks()
    if agent.watching.desk.unwritable:
        names.pop(OF_CASES, None)
    return names.total()
