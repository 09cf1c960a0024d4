"""The projects whose bundles score leads. Which bundle of one is in force is `models.py`."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.errors import NotFoundError
from cloud_sync.store.models import Project

KIT = "lead-scoring"


def projects(session: Session) -> list[str]:
    """Projects of leads that this hub knows."""
    return list(
        session.scalars(select(Project.name).where(Project.kit == KIT).order_by(Project.name))
    )


def only_project(session: Session, wanted: str = "") -> str:
    """The project that is meant: the one named, or the only one there is.

    Raises:
        NotFoundError: none, another kit's, or several and none was named.
    """
    known = projects(session)
    if wanted in known:
        return wanted
    if wanted:
        raise NotFoundError(
            "no such project of leads", where=wanted, fix=f"known: {', '.join(known)}"
        )
    if len(known) == 1:
        return known[0]
    if not known:
        raise NotFoundError("no project of leads is here yet", fix="kit publish --hub URL")
    raise NotFoundError(
        "several projects score leads", where="project", fix=f"one of {', '.join(known)}"
    )
