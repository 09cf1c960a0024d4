"""What is worth doing now at the hub, for the person who asks: the list on the first page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.fleet.devices import CRM_SITE
from cloud_sync.learning.champions import outdated_among
from cloud_sync.store.models import (
    Bundle,
    Case,
    CrmConnection,
    CrmLead,
    Dataset,
    Device,
    Review,
)
from cloud_sync.store.models.cases import OPEN_ALARMS
from cloud_sync.store.models.crm import FOR_A_PERSON
from cloud_sync.web.auth import Identity

IN_USE = Device.revoked_at.is_(None) & (Device.site != CRM_SITE)
"""Devices of the line; a CRM stands among the devices too, but none can be away or roll anything out."""


def leads_alone(session: Session) -> bool:
    """Whether the hub only ever had leads: a CRM is connected, and no device was."""
    if session.scalar(select(CrmConnection.name).limit(1)) is None:
        return False
    return session.scalar(select(Device.name).where(Device.site != CRM_SITE).limit(1)) is None


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something worth doing now."""

    text: str
    verb: str
    path: str


def next_steps(session: Session, who: Identity, waiting: int, alerts: int) -> list[NextStep]:
    """What this person may do, the most urgent first.

    Args:
        waiting: samples that wait for their judgement.
        alerts: that nobody has acknowledged.
    """
    steps: list[NextStep] = []
    if waiting and who.may("reviewer"):
        steps.append(
            NextStep(
                _many(waiting, "sample waits", "samples wait") + " for your judgement",
                "Review",
                "/review",
            )
        )
    if alerts:
        steps.append(
            NextStep(
                _many(alerts, "alert", "alerts") + " nobody has acknowledged", "Look", "/alerts"
            )
        )
    cases = count_of(session, Case.id, OPEN_ALARMS)
    if cases:
        steps.insert(
            0,
            NextStep(_many(cases, "case", "cases") + " nobody has taken on", "Look", "/cases"),
        )
    newest = session.scalar(select(func.max(Dataset.created_at)))
    fresh = select(func.count()).select_from(Review).where(Review.annotation_id.is_not(None))
    count = session.scalar(fresh.where(Review.at > newest) if newest else fresh) or 0
    if count and who.may("engineer"):
        steps.append(
            NextStep(
                _many(count, "review is", "reviews are") + " newer than the last dataset version",
                "Freeze",
                "/datasets",
            )
        )
    unsigned = session.scalars(select(Bundle).where(Bundle.approved_at.is_(None))).all()
    unapproved = len(unsigned) - len(outdated_among(session, unsigned))
    if unapproved and who.may("engineer"):
        steps.append(
            NextStep(
                _many(unapproved, "bundle needs", "bundles need")
                + " a release engineer's signature",
                "Look",
                "/bundles",
            )
        )
    dead = count_of(session, CrmLead.object_id, FOR_A_PERSON)
    if dead:
        steps.append(
            NextStep(
                _many(dead, "lead is", "leads are") + " for a person", "Look", "/leads?state=dead"
            )
        )
    # leads of a CRM need no device
    devices = count_of(session, Device.name, IN_USE)
    if not devices and session.scalar(select(CrmConnection.name).limit(1)) is None:
        steps.append(NextStep("No device is enrolled yet", "Add one", "/devices"))
    return steps


def _many(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"


def count_of(session: Session, column: object, condition: object) -> int:
    """Rows that fulfil a condition."""
    query = select(func.count(column)).where(condition)  # type: ignore[arg-type]  # columns of any type
    return session.scalar(query) or 0
