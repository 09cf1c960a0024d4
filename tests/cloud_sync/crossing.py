"""Transactions that cross each other: the second begins before the first commits, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from tests.waiting import wait_for


def cross(
    hub: Hub, first: Callable[[Session], object], second: Callable[[], object]
) -> BaseException | None:
    """Commits `first` once `second` has ended, or waits for a lock of it; what `second` raised.

    Args:
        second: makes its own transactions.
    """
    with ThreadPoolExecutor(1) as pool:
        with hub.database.transaction() as session:
            first(session)
            session.flush()
            done = pool.submit(second)
            wait_for(lambda: done.done() or waits_for_a_lock(hub))
        return done.exception()


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
