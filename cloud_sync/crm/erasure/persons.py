"""Persons who are to be forgotten, and where their samples are: in the tables by outcomes, in dataset versions by imports.

Many are looked for at once: each version's file is read once, whoever is in it.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.scoring.scored import MEDIA_TYPE
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.learning.version_lines import read_lines
from cloud_sync.mails.versions import Told, untold
from cloud_sync.store.bulk import in_portions
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.models import Sample
from kits.core.sample import KEY


@dataclass
class Person:
    """A lead with what is of it.

    Attributes:
        key: by which an import knows it; empty: none.
        sample_id: of the sample that its outcome made or would make.
        samples: id → digest, here and in dataset versions.
        versions: so many name it.
    """

    connection: str
    object_id: str
    settings: CrmSettings
    key: str
    sample_id: str = ""
    samples: dict[str, str] = field(default_factory=dict)
    versions: int = 0


def find_own_samples(session: Session, people: Sequence[Person]) -> None:
    """Notes samples that outcomes made of them, also through another connection to the same CRM."""
    by_key, by_id = _by(people, "key"), _by(people, "sample_id")
    what = select(Sample.id, Sample.blob, Sample.meta)
    for some in in_portions(by_id):
        for row in session.execute(what.where(Sample.id.in_(some))):
            for one in by_id[row.id]:
                one.samples[row.id] = row.blob
    key = Sample.meta[KEY].as_string()
    for some in in_portions(by_key):
        same = what.where(Sample.media_type == MEDIA_TYPE, key.in_(some))
        for row in session.execute(same):
            for one in by_key[str(row.meta[KEY])]:
                one.samples[row.id] = row.blob


def find_in_versions(
    hub: Hub, people: Sequence[Person], known: set[str], told: Told = untold
) -> list[str]:
    """Notes samples that dataset versions have of them; which versions those are, of those whose file is here.

    Args:
        known: versions that were looked at; those that are looked at now are added.

    Raises:
        DataError: a version is damaged.
        UnreachableError: the storage cannot be used.
    """
    with hub.database.session() as session:
        there = session.scalars(select(DatasetRow.id).where(DatasetRow.successor == "")).all()
    by_key = _by(people, "key")
    by_id: dict[str, list[Person]] = defaultdict(list)
    for one in people:
        for name in {*one.samples, one.sample_id}:
            by_id[name].append(one)
    fresh = [version for version in there if version not in known]
    known |= set(fresh)
    found = []
    for number, version in enumerate(fresh, 1):
        with contextlib.suppress(NotFoundError):  # the file is gone, and nothing can be in it
            if _find_in(hub, version, by_key, by_id):
                found.append(version)
        told(number, len(fresh))
    return found


def keys_in(hub: Hub, version: str, keys: Iterable[str]) -> set[str]:
    """Which of these keys a version has.

    Raises:
        NotFoundError: its file is gone.
        DataError: it is damaged.
        UnreachableError: the storage cannot be used.
    """
    wanted = set(keys)
    lines = read_lines(hub.storage, version)
    return {one.key for _, one in lines.naming(wanted)} & wanted


def _find_in(
    hub: Hub, version: str, by_key: dict[str, list[Person]], by_id: dict[str, list[Person]]
) -> bool:
    lines = read_lines(hub.storage, version)
    met: dict[int, Person] = {}
    for _, line in lines.naming([*by_key, *by_id]):
        for one in (*by_key.get(line.key, ()), *by_id.get(line.id, ())):
            one.samples[line.id] = line.digest
            met[id(one)] = one
    for one in met.values():
        one.versions += 1
    return bool(met)


def _by(people: Sequence[Person], attribute: str) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = defaultdict(list)
    for one in people:
        if value := getattr(one, attribute):
            found[value].append(one)
    return found
