"""Samples that are leads, as people know them: name and firm, band and points, in place of a picture and a verdict.

What a sample says of itself may be hostile: a band is one of ours, points are a number, and a lead is looked up only
for a sample that the hub itself made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from cloud_sync.crm.leads.leads import firm_of, title_of
from cloud_sync.crm.outcomes.outcomes import device_of
from cloud_sync.crm.scoring.scored import BANDS
from cloud_sync.learning.label_words import LEAD
from cloud_sync.store.models import CrmLead, Sample

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LeadSample:
    """A lead that became a sample.

    Attributes:
        title: what people call it, else its number.
        band: hot, warm or cold; empty: not said.
        points: None: no score.
        connection, object_id: of its page; empty where the hub does not know the lead any more.
    """

    title: str
    firm: str = ""
    band: str = ""
    points: int | None = None
    connection: str = ""
    object_id: str = ""


def lead_samples(session: Session, samples: Sequence[Sample]) -> dict[str, LeadSample]:
    """Sample → the lead it is of; those that are none are left out."""
    of_leads = [sample for sample in samples if sample.media_type == LEAD]
    known = _known(session, filter(None, map(_key, of_leads)))
    return {sample.id: _told(sample, known) for sample in of_leads}


def _key(sample: Sample) -> Key | None:
    connection, divided, name = sample.source.partition("#")
    return (connection, name) if divided and sample.device == device_of(connection) else None


def _known(session: Session, keys: Iterable[Key]) -> dict[Key, CrmLead]:
    wanted = list(keys)
    if not wanted:
        return {}
    columns = tuple_(CrmLead.connection, CrmLead.object_id)
    rows = session.scalars(select(CrmLead).where(columns.in_(wanted)))
    return {(row.connection, row.object_id): row for row in rows}


def _told(sample: Sample, known: Mapping[Key, CrmLead]) -> LeadSample:
    details = sample.prediction.get("details")
    details = details if isinstance(details, Mapping) else {}
    band, points = details.get("band"), details.get("points")
    said = LeadSample(
        "a lead",
        band=str(band) if band in BANDS else "",
        points=points if isinstance(points, int) and 0 < points < 100 else None,
    )
    key = _key(sample)
    if key is None:
        return said
    lead = known.get(key)
    if lead is None:
        return LeadSample(f"lead {key[1][:40]}", band=said.band, points=said.points)
    return LeadSample(title_of(lead), firm_of(lead), said.band, said.points, *key)
