"""Recorded inputs through the live pipeline, without hub, actions or outbox."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from edge_agent.actions.dispatcher import Dispatcher
from edge_agent.config import AgentConfig, FolderSourceConfig
from edge_agent.engine.ladder import Ladder
from edge_agent.line import Line
from edge_agent.log import warn
from edge_agent.selection import Selection
from edge_agent.sources.folder import FolderSource, readable
from edge_agent.sync.entry import Entry
from kits.core.bundle import Bundle
from kits.core.events import DecisionBody


def replay(config: AgentConfig, bundle: Bundle, path: Path) -> Iterator[DecisionBody]:
    """One decision per file below `path`, in sorted order.

    Raises:
        BundleError: the bundle does not run here.
        SourceError: there is nothing to replay.
    """
    decided: deque[DecisionBody] = deque()

    def put(entry: Entry) -> bool:
        if isinstance(entry.body, DecisionBody):
            decided.append(entry.body)
        return True

    def alert(name: str, severity: str, text: str) -> None:
        warn("alert", name=name, severity=severity, text=text)

    line = Line(config, Dispatcher((), alert), Selection(config.selection), put, alert)
    line.activate(Ladder(config.engine, config.state_dir / "engines").load(bundle))
    source = FolderSource(FolderSourceConfig(path=path, name=readable(path.name)), alert)
    try:
        for captured in source.samples():
            line.process(captured)
            while decided:
                yield decided.popleft()
    finally:
        line.close()
    yield from decided
