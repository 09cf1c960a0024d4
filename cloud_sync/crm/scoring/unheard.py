"""Leads that come without the field in which the bundle hears who is not to be scored: said until they have it again.

Who said so before stays out (`committing.py`); that nobody else is heard, a person has to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.store.models import CrmConnection

UNHEARD = "crm-objections-unheard"
OWN_WORD = "webhook"
"""A program of the firm's own: it says `opted_out` itself, and may leave out fields that are empty."""


def said_elsewhere(settings: CrmSettings) -> bool:
    """Whether who is not to be scored is said otherwise than in the bundle's own columns alone."""
    return bool(settings.opt_out) or settings.kind == OWN_WORD


def remedy(name: str) -> str:
    """What to do about it."""
    return (
        "show the field to the hub's user again, or name the one that says so: "
        f"cloud-sync crm set {name} opt_out=FIELD"
    )


def tell_deaf(session: Session, notify: NotifyConfig, project: str, columns: Sequence[str]) -> None:
    """Says that the bundle that scores now reads columns no more in which people objected; not where all say so elsewhere."""
    rows = session.scalars(select(CrmConnection).where(CrmConnection.project == project))
    deaf = [
        row.name for row in rows if not said_elsewhere(CrmSettings.model_validate(row.settings))
    ]
    if not deaf:
        return
    lacking = ",".join(columns)
    text = (
        f"the bundle that scores {project} now does not read {lacking}, in which people said that they are not to be scored: they "
        f"are scored again as their leads change; unless that is meant: cloud-sync crm set {min(deaf)} opt_out={lacking}"
    )
    raise_alert(session, notify, UNHEARD, "error", text, where=project)


def tell_unheard(
    session: Session, notify: NotifyConfig, name: str, unheard: Mapping[str, str]
) -> None:
    """Says it of a connection, or that it is over.

    Args:
        unheard: of leads that were just read, the field that some come without; empty where it is said elsewhere.
    """
    if not unheard:
        close_alert(session, UNHEARD, where=name)
        return
    lacking = ", ".join(sorted({*unheard.values()}))
    text = (
        f"leads of {name} come without {lacking}, which says who is not to be scored: who said so before stays out, "
        f"and nobody else is heard; {remedy(name)}"
    )
    raise_alert(session, notify, UNHEARD, "error", text, where=name)
