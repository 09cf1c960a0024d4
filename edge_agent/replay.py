"""Recorded inputs through the live pipeline, without hub, actions or outbox: decisions and steps of cases."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from edge_agent.actions.dispatcher import Dispatcher
from edge_agent.alarms.desk import CaseDesk
from edge_agent.alarms.watching import Watching
from edge_agent.config import AgentConfig
from edge_agent.engine.ladder import Ladder
from edge_agent.errors import SourceError
from edge_agent.line import Line
from edge_agent.log import warn
from edge_agent.selection import Selection
from edge_agent.sources.base import Alerts, Source
from edge_agent.sources.config import FolderSourceConfig
from edge_agent.sources.folder import FolderSource
from edge_agent.sources.machine_config import ReplaySourceConfig
from edge_agent.sources.replay import ReplaySource
from edge_agent.sync.entry import Entry
from kits.core.bundle import Bundle
from kits.core.events import CaseBody, DecisionBody
from kits.core.harmless import readable
from kits.core.window import MEDIA_TYPE


def replay(config: AgentConfig, bundle: Bundle, path: Path) -> Iterator[DecisionBody | CaseBody]:
    """One decision per file or window below `path`, and the steps of the cases they cause.

    Raises:
        BundleError: the bundle does not run here.
        SourceError: there is nothing to replay, or not one sample came of it.
    """
    told: deque[DecisionBody | CaseBody] = deque()
    marked = count = 0

    def put(entry: Entry) -> bool:
        nonlocal marked
        if isinstance(entry.body, DecisionBody | CaseBody):
            told.append(entry.body)
        marked = entry.mark[1] if entry.mark is not None else marked
        return True

    def alert(name: str, severity: str, text: str) -> None:
        if severity != "info":
            warn("alert", name=name, severity=severity, text=text)

    selection = Selection(config.selection)
    every_window = config.alarms.model_copy(update={"rows_s": 0.0})
    desk = CaseDesk(every_window, None, put, lambda: marked, alert)
    watching = Watching(every_window, desk, selection, alert)
    line = Line(config, Dispatcher((), alert), selection, put, alert, watching)
    line.activate(Ladder(config.engine, config.state_dir / "engines").load(bundle))
    source = _source(config, bundle, path, alert)
    try:
        for captured in source.samples():
            count += 1
            line.process(captured)
            while told:
                yield told.popleft()
    finally:
        line.close()
    yield from told
    if not count:
        raise SourceError(
            "not one sample came of it: nothing was decided",
            where=str(path),
            fix="what was wrong with a file is told above; else recordings are shorter than source.window_s",
        )


def _source(config: AgentConfig, bundle: Bundle, path: Path, alert: Alerts) -> Source:
    """Files of samples are taken as they are; recorded signals are cut as `agent.yaml` says."""
    if MEDIA_TYPE not in bundle.manifest.media_types:
        return FolderSource(FolderSourceConfig(path=path, name=readable(path.name)), alert)
    given = config.source
    common = (
        {key: getattr(given, key) for key in type(given).model_fields
         if key in ReplaySourceConfig.model_fields and key not in ("kind", "path", "name")}
    )  # fmt: skip
    common |= {"loop": False, "speed": 0.0}
    return ReplaySource(
        ReplaySourceConfig(**common, path=path, name=readable(path.name)), alert, as_recorded=True
    )
