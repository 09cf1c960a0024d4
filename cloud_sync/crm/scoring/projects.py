"""The projects whose bundles score leads. Which bundle of one is in force is `models.py`."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.errors import NotFoundError
from cloud_sync.store.models import Project
from kits.core.errors import did_you_mean

KIT = "lead-scoring"


def projects(session: Session) -> list[str]:
    """Projects of leads that this hub knows."""
    return list(
        session.scalars(select(Project.name).where(Project.kit == KIT).order_by(Project.name))
    )


def require_project(session: Session, project: str) -> None:
    """That there is such a project of leads. Raises NotFoundError."""
    known = projects(session)
    if project not in known:
        fix = (
            did_you_mean(project, known)
            if known
            else "kit publish --hub URL, from a project of leads"
        )
        raise NotFoundError("no such project of leads", where=project, fix=fix)


def only_project(session: Session, wanted: str = "") -> str:
    """The project that is meant: the one named, or the only one there is.

    Raises:
        NotFoundError: none, another kit's, or several and none was named.
    """
    known = projects(session)
    if wanted:
        require_project(session, wanted)
        return wanted
    if len(known) == 1:
        return known[0]
    if not known:
        raise NotFoundError("no project of leads is here yet", fix="kit publish --hub URL")
    raise NotFoundError(
        "several projects score leads", where="project", fix=f"one of {', '.join(known)}"
    )
