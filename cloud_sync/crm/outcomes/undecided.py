"""Leads that are still open, as samples without an outcome: how many there are beside decided ones tells how long outcomes take.

Where nobody closes leads, outcomes are held until all as old have had their time; the young ones that bought teach nothing without
those beside them that did not (so far). None of these is a row of `Sample` before it is decided; its sample will be called the same, so
that a version takes over what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.cases.labels import OUTCOME
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.outcomes.by_age import since
from cloud_sync.crm.outcomes.outcomes import (
    Kept,
    came_of,
    content_of,
    device_of,
    know_bytes,
    meta_of,
    sample_of,
)
from cloud_sync.crm.scoring.freshness import SWEPT
from cloud_sync.crm.scoring.scored import MEDIA_TYPE
from cloud_sync.crm.scoring.storing import OPEN
from cloud_sync.hub import Hub
from cloud_sync.learning.reviewed import Reviewed
from cloud_sync.store.models import Bundle, CrmConnection, CrmLead, LooseBlob, WithdrawnBundle
from cloud_sync.store.models.crm import ASKED
from kits.core.annotation import Annotation
from kits.core.sample import Sample, digest_of

PORTION = 500
"""Leads that are read, and whose bytes are stored, at once."""


@dataclass(frozen=True)
class Undecided:
    """Open leads of a project.

    Attributes:
        reviewed: their samples, each with the word that it is open.
        kept: bytes of those that are new, which no row knows yet.
        whose: id of a sample → connection and lead.
    """

    reviewed: tuple[Reviewed, ...]
    kept: tuple[Kept, ...]
    whose: dict[str, tuple[str, str]]

    def know(self, session: Session) -> None:
        """Rows for the bytes of those in a version that is registered now."""
        for first in range(0, len(self.kept), PORTION):
            know_bytes(session, self.kept[first : first + PORTION])

    def has_parted(self, session: Session) -> bool:
        """Whether one of them wants to be scored no more, or was erased, since they were read: their bytes go, then."""
        connections = {connection for connection, _ in self.whose.values()}
        gone = {(lead.connection, lead.object_id) for lead in _parted(session, sorted(connections))}
        names = {sample for sample, lead in self.whose.items() if lead in gone}
        digests = {one.sample.digest for one in self.reviewed if one.sample.id in names}
        lost = [one for one in self.kept if one.digest in digests]
        know_bytes(session, lost)
        session.add_all(LooseBlob(digest=one.digest) for one in lost)
        return bool(names)


NOBODY = Undecided((), (), {})


def undecided(
    hub: Hub,
    project: str,
    younger_than: timedelta | None,
    now: datetime,
    stored: Collection[str] = (),
    wanted: Callable[[Sample], bool] = lambda _: True,
) -> Undecided:
    """The open leads of a project that are so young, and were scored by a bundle that may be learned from.

    Args:
        younger_than: None: however old.
        stored: digests of bytes that the newest version has.
        wanted: whether a version may have it; of the others nothing is stored.

    Raises:
        UnreachableError: the storage cannot be used.
    """
    reviewed: list[Reviewed] = []
    kept: list[Kept] = []
    whose: dict[str, tuple[str, str]] = {}
    asked_since = None if younger_than is None else now - younger_than
    with hub.database.session() as session:
        mine = select(CrmConnection).where(CrmConnection.project == project)
        connections = session.scalars(mine.order_by(CrmConnection.name)).all()
    for connection in connections:
        settings = CrmSettings.model_validate(connection.settings)
        # what is known of a newer one may still be filled in: its bytes would be others then
        complete = now - timedelta(minutes=settings.complete_after_min)
        for leads in _portions(hub, connection.name, asked_since):
            young = [
                lead
                for lead in leads
                if _asked_at(lead) <= complete and _is_young(lead, connection, younger_than, now)
            ]
            new: list[bytes] = []
            for lead in young:
                content = content_of(lead)
                one = _sample(lead, content, settings)
                if not wanted(one.sample):
                    continue
                reviewed.append(one)
                whose[one.sample.id] = lead.connection, lead.object_id
                if one.sample.digest not in stored:
                    new.append(content)
                    kept.append(Kept(lead.object_id, one.sample.digest, one.sample.size))
            hub.storage.put_many(new)
    return Undecided(tuple(reviewed), tuple(kept), whose)


def parted(hub: Hub, project: str) -> set[str]:
    """What the samples of those leads are called that want to be scored no more; of these a version has no open one."""
    mine = select(CrmConnection.name).where(CrmConnection.project == project)
    with hub.database.session() as session:
        names = session.scalars(mine.order_by(CrmConnection.name)).all()
        return {sample_of(lead) for lead in _parted(session, names)}


def _parted(session: Session, connections: Sequence[str]) -> Iterator[CrmLead]:
    for connection in connections:
        objecting = CrmLead.connection == connection, CrmLead.opted_out.is_(True)
        yield from session.scalars(select(CrmLead).where(*objecting))


def _is_young(
    lead: CrmLead, connection: CrmConnection, days: timedelta | None, now: datetime
) -> bool:
    if days is None:
        return True
    asked_at = _asked_at(lead)
    met_late = lead.created_at > connection.created_at + SWEPT
    counted = since(came_of(lead), asked_at, met_late, days)
    return counted is not None and counted + days > now


def _asked_at(lead: CrmLead) -> datetime:
    return datetime.fromisoformat(str(lead.asked["at"]))


def _portions(
    hub: Hub, connection: str, asked_since: datetime | None
) -> Iterator[Sequence[CrmLead]]:
    last = ""
    while leads := _after(hub, connection, asked_since, last):
        yield leads
        last = leads[-1].object_id


def _after(hub: Hub, connection: str, asked_since: datetime | None, last: str) -> Sequence[CrmLead]:
    young = () if asked_since is None else (CrmLead.asked_at > asked_since,)
    mine = (
        *young, ASKED, CrmLead.connection == connection, CrmLead.state == OPEN, CrmLead.sample_id == "",
        CrmLead.opted_out.is_(False), CrmLead.object_id > last,
        CrmLead.asked_of.in_(select(Bundle.id)), CrmLead.asked_of.not_in(select(WithdrawnBundle.bundle)),
    )  # fmt: skip
    with hub.database.session() as session:
        query = select(CrmLead).where(*mine).order_by(CrmLead.object_id).limit(PORTION)
        return session.scalars(query).all()


def _sample(lead: CrmLead, content: bytes, settings: CrmSettings) -> Reviewed:
    name, asked_at = sample_of(lead), _asked_at(lead)
    device = device_of(lead.connection)
    sample = Sample(
        id=name, media_type=MEDIA_TYPE, digest=digest_of(content), size=len(content), captured_at=asked_at,
        source=f"{lead.connection}#{lead.object_id}", device=device, group=name, meta=meta_of(lead, settings),
    )  # fmt: skip
    return Reviewed(sample, Annotation(author=device, source=OUTCOME, at=asked_at), audited=False)
