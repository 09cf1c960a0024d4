"""The copies that a job works on, of all bytes of a dataset version and twice: they go when it has ended, however it did.

A hub whose disk is full, or that is killed, ends jobs too: what they leave would keep the disk full. What people may look at
stays: log, runs, bundles.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.store.models import Job

COPIES = ("dataset", "project/.kit/blobs")
"""In a job's folder."""

log = logging.getLogger(__name__)


def clear_copies(hub: Hub) -> int:
    """Removes those of jobs that wait for nothing and nobody works on; of how many jobs."""
    found = [folder for folder in _folders(hub.config.jobs_dir) if _copies(folder)]
    if not found:
        return 0
    with hub.database.session() as session:
        at_work = set(session.scalars(select(Job.id).where(Job.state.in_(("queued", "running")))))
    ended = [folder for folder in found if int(folder.name) not in at_work]
    for folder in ended:
        clear_folder(folder)
        log.info("event=job_copies_cleared job=%s", folder.name)
    return len(ended)


def clear_folder(folder: Path) -> None:
    """Removes those of one job, which makes them anew when it is tried again."""
    for copy in _copies(folder):
        shutil.rmtree(copy, ignore_errors=True)


def _folders(jobs_dir: Path) -> list[Path]:
    return (
        [path for path in jobs_dir.iterdir() if path.name.isdecimal()] if jobs_dir.is_dir() else []
    )


def _copies(folder: Path) -> list[Path]:
    return [folder / name for name in COPIES if (folder / name).is_dir()]
