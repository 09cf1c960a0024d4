"""Transactions that cross each other: the second begins before the first commits, on a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from tests.cloud_sync.fleet_builders import wait_for


def cross(
    hub: Hub, first: Callable[[Session], object], second: Callable[[], object]
) -> BaseException | None:
    """Commits `first` once `second` has ended, or waits for a lock of it; what `second` raised.

    Args:
        second: makes its own transactions.
    """
    faults: list[BaseException] = []

    def work() -> None:
        try:
            second()
        except BaseException as error:  # noqa: BLE001  (handed back)
            faults.append(error)

    worker = threading.Thread(target=work)
    with hub.database.transaction() as session:
        first(session)
        session.flush()
        worker.start()
        wait_for(lambda: not worker.is_alive() or waits_for_a_lock(hub))
    worker.join()
    return faults[0] if faults else None


def waits_for_a_lock(hub: Hub) -> bool:
    query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with hub.database.session() as session:
        return bool(session.scalar(query))


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, act: Callable[[], object]
) -> None:
    """Acts once, when `module.name` has done its work and nobody knows of it yet."""
    plain, acts = getattr(module, name), [act]

    def slow(*args: Any, **named: Any) -> Any:
        done = plain(*args, **named)
        if acts:
            acts.pop()()
        return done

    monkeypatch.setattr(module, name, slow)
