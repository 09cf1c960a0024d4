"""The watch over machines, put together from `agent.yaml`: desk, recordings, courses."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.alarms.book import MARK
from edge_agent.alarms.courses import Courses
from edge_agent.alarms.desk import CaseDesk
from edge_agent.alarms.recordings import Recordings
from edge_agent.alarms.watching import Watching
from edge_agent.config import AgentConfig
from edge_agent.selection import Selection
from edge_agent.sources.base import Alerts, Source
from edge_agent.sync.entry import Entry


def open_watching(
    config: AgentConfig,
    source: Source,
    selection: Selection,
    *,
    put: Callable[[Entry], bool],
    mark: Callable[[str], int | None],
    alerts: Alerts,
) -> Watching:
    """The watch, with what its files remember.

    Args:
        source: may keep some of the past, for recordings around alarms.
        put: takes entries for the outbox.
        mark: the outbox's mark of a name; None: it is out of reach.
    """
    desk = CaseDesk(config.alarms, config.cases_path, put, lambda: mark(MARK), alerts)
    ring = getattr(source, "ring", None)  # cameras and folders keep nothing of the past
    recordings = Recordings(ring) if ring is not None else None
    courses = Courses(config.courses_path, config.alarms.max_assets)
    return Watching(config.alarms, desk, selection, alerts, recordings, courses)
