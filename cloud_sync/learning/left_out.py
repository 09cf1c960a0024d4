"""Reviewed samples that the newest try at a dataset version had to leave out.

They stay reviewed and are tried again with each version, but they are no news: a retraining for
them alone would learn nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from pydantic import JsonValue
from sqlalchemy.orm import Session

from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Setting


def noted(session: Session, project: str) -> frozenset[str]:
    """Their ids."""
    row = session.get(Setting, _key(project))
    found = row.value["samples"] if row else []
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset()


def note(session: Session, project: str, ids: Collection[str]) -> None:
    """Notes those of the newest try."""
    names: list[JsonValue] = [*sorted(ids)]
    insert_once(session, Setting, [{"key": _key(project), "value": {}}])
    session.get_one(Setting, _key(project), populate_existing=True).value = {"samples": names}


def _key(project: str) -> str:
    return f"left-out:{project}"
