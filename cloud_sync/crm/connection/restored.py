"""Connections in a hub that was made of a backup: they rest until a person goes on, and then trust nothing they noted.

Since the backup people have objected, were erased or said a band, and another hub may have written scores: a hub that went
on by itself would score again who objected, and write over what the other one does. Values of another version's tables:
the backup may be an earlier Kitwright's, so this names columns and knows no model.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

WHY = (
    "restored from a backup: what people said of leads since is forgotten. Stop the other hub, if it runs; say objections, "
    "erasures and bands again; then: cloud-sync crm resume {name}"
)
_TABLES = frozenset({"crm_connection", "crm_lead"})
_SCORED = "paused_at IS NULL AND project != ''"
_LEADS = """
UPDATE crm_lead
SET later_at = CASE WHEN state != 'gone' AND due_at IS NULL THEN :now ELSE later_at END,
    write_at = CASE WHEN state = 'open' THEN NULL ELSE write_at END,
    write_attempts = max(1, write_attempts)
WHERE connection = :name
"""
"""Each is read again, and what the CRM shows of it is not known, so that its score is written however little it moved."""
_CONNECTION = """
UPDATE crm_connection
SET paused_at = :now, error = :why,
    sweep = sweep + (sweep > 0), sweep_began_at = CASE WHEN sweep > 0 THEN :now END, sweep_ended_at = NULL,
    sweep_since = NULL, sweep_cursor = '', sweep_listed = 0, sweep_found = 0, sweep_until = NULL
WHERE name = :name
"""
"""A sweep of everything is under way; where there was none yet the first one begins anyway."""


def rest(database: Path, now: datetime) -> list[str]:
    """Pauses the connections of a restored hub whose leads are scored; their names.

    Once one goes on, its leads are read again, a sweep of everything looks for what no message told this hub, and scores
    are written whatever was noted of them.
    """
    at = now.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
    with closing(sqlite3.connect(database)) as tables, tables:
        found = tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not {name for (name,) in found} >= _TABLES:
            return []
        rows = tables.execute(f"SELECT name FROM crm_connection WHERE {_SCORED} ORDER BY name")  # noqa: S608  (a constant)
        names = [str(name) for (name,) in rows.fetchall()]
        for name in names:
            values = {"name": name, "now": at}
            tables.execute(_LEADS, values)
            tables.execute(_CONNECTION, {**values, "why": WHY.format(name=name)})
    return names
