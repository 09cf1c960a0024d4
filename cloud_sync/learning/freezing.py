"""Freezing dataset versions: the project's newest version plus what people have reviewed since.

Reads what the next version is made of, and stores and audits what `extending.py` makes of it; reading and
storing versions is `datasets.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from cloud_sync.crm.outcomes.undecided import NOBODY, Undecided, parted, undecided
from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.fleet.devices import CRM_PREFIX
from cloud_sync.hub import Hub, audit
from cloud_sync.intake import provenance
from cloud_sync.learning import left_out
from cloud_sync.learning.damaged import DAMAGED, damaged
from cloud_sync.learning.datasets import (
    describe,
    discard,
    hold,
    in_words,
    newest,
    read,
    register,
)
from cloud_sync.learning.extending import Frozen, extend, relabelled
from cloud_sync.learning.held import held, held_for_s, matured
from cloud_sync.learning.reviewed import Reviewed, refused_samples, reviewed_samples
from cloud_sync.learning.sifting import Rule, rule_of, sifted
from cloud_sync.learning.states import news_beside
from cloud_sync.store.models import Project
from kits.core.dataset import Dataset, DatasetItem, to_bytes
from kits.core.errors import DataError
from kits.core.placing import BY_TIME
from kits.core.sample import Sample, key_of, utc_now

TRIES = 5
"""So often a version is made anew, because another one came or samples were erased while it was made."""
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class _Start:
    """What the next version is made of.

    Attributes:
        left_out: ids of reviewed samples that the last try left out.
        kit: the project's.
        open: leads among the reviewed of which nothing is decided.
    """

    base: Dataset
    reviewed: Sequence[Reviewed]
    refused: Mapping[str, int]
    dropped: Collection[str]
    left_out: Collection[str]
    kit: str = ""
    open: Undecided = NOBODY

    @property
    def has_news(self) -> bool:
        """Whether a next version would differ, as far as can be said without looking at pictures."""
        known = {item.sample.id: item for item in self.base.items}
        counting = news_beside(self.base, self.reviewed).reviewed
        fresh = {r.sample.id for r in counting} - known.keys() - set(self.left_out)
        return bool(self.dropped or fresh or relabelled(known, counting))


def freeze(hub: Hub, project: str, *, by: str, note: str = "", seed: int | None = None) -> Frozen:
    """Makes the next version of a project and stores it.

    The database is locked only to write the result, so ingest goes on meanwhile.

    Raises:
        NotFoundError: the hub does not know the project or has no version of it yet.
        ConflictError: its data changes faster than a version is made.
        DataError: nothing was reviewed since the newest version that can be added to it.
        UnreachableError: the storage cannot be used.
    """
    frozen = _settled(
        hub, project, lambda start: _next(hub, project, start, by=by, note=note, seed=seed)
    )
    if not frozen.changed:
        raise _nothing_new(frozen)
    return frozen


def current(hub: Hub, project: str, *, by: str, note: str) -> tuple[Dataset, Mapping[str, int]]:
    """The version to learn from now: the newest, or a new one when that is out of date; and what is left out of it.

    It is when people have said something since, or when some of it may not be learned from any
    more: a withdrawal must reach the next training without waiting for the next review.

    Raises:
        NotFoundError: the hub has no version of the project.
        ConflictError: its data changes faster than a version is made.
        UnreachableError: the storage cannot be used.
    """

    def make(start: _Start) -> tuple[Dataset, Mapping[str, int]] | None:
        if not start.has_news:
            return start.base, start.refused
        frozen = _next(hub, project, start, by=by, note=note)
        if frozen is None:
            return None
        return (frozen.dataset if frozen.changed else start.base), frozen.refused

    return _settled(hub, project, make)


def _settled(hub: Hub, project: str, make: Callable[[_Start], _Made | None]) -> _Made:
    """What comes of the project as it is; None: it changed meanwhile, and is looked at again."""
    for _ in range(TRIES):
        made = make(_start(hub, project))
        if made is not None:
            return made
    raise ConflictError(
        "the data of this project changes faster than a version of it is made",
        where=project,
        fix="try again when nobody publishes or erases",
    )


def _start(hub: Hub, project: str) -> _Start:
    with hub.database.session() as session:
        known = session.get(Project, project)
        if known is None:
            raise NotFoundError(f"no project {project!r}", fix="kit publish --hub URL")
        row = newest(session, project)
        if row is None:
            raise NotFoundError(
                f"the hub has no dataset of {project!r} to start from", fix="kit publish --hub URL"
            )
        kit, rule = known.kit, rule_of(known.kit_yaml)
        reviewed, sifted_out = sifted(reviewed_samples(session, project), rule)
        refused = refused_samples(session, project) | sifted_out
        without = left_out.noted(session, project)
    base = read(hub.storage, row.id)
    now = utc_now()
    reviewed, _ = held(base, reviewed, now.timestamp())
    reviewed = [*reviewed, *sifted(matured(base, reviewed, now.timestamp()), rule)[0]]
    with hub.database.session() as session:
        dropped = provenance.refused_among(session, [item.sample.id for item in base.items])
    stated = {item.sample.id for item in base.items if rule(item.sample.meta)}
    waiting = {item.sample.id for item in base.items if _waits(item)}
    if waiting:
        stated |= waiting & parted(hub, project)
    start = _Start(base, reviewed, refused, {*dropped, *stated}, without, kit)
    return _with_open(hub, project, start, now, rule)


def _with_open(hub: Hub, project: str, start: _Start, now: datetime, rule: Rule) -> _Start:
    """The same with the leads that are open beside decided ones, and without those that are not open any more and have no outcome.

    They are news only where what became of them so far is learned from: where outcomes are held. There all are open that are young, who
    became a lead anew, too. Elsewhere none is whose outcome is known already: an import has counted it, or another connection.
    """
    base, span_s = start.base, held_for_s(start.base)
    if not (span_s or (BY_TIME in base.header.split_rule and start.has_news)):
        return start
    stored = {item.sample.digest for item in base.items}
    younger_than = timedelta(seconds=span_s) if span_s else None
    decided = {} if span_s else _decided(start)

    def wanted(sample: Sample) -> bool:
        return not rule(sample.meta) and decided.get(key_of(sample), sample.id) == sample.id

    found = undecided(hub, project, younger_than, now, stored, wanted)
    reviewed = [*start.reviewed, *found.reviewed]
    known = {one.sample.id for one in reviewed}
    gone = {
        item.sample.id
        for item in (() if span_s else base.items)
        if item.sample.device.startswith(CRM_PREFIX)
        and _waits(item)
        and item.sample.id not in known
    }
    return replace(start, reviewed=reviewed, dropped={*start.dropped, *gone}, open=found)


def _decided(start: _Start) -> dict[str, str]:
    """Key → sample of those leads whose outcome is known."""
    said = [item.sample for item in start.base.items if not _waits(item)]
    said += [one.sample for one in start.reviewed if one.annotation.says]
    return {key: sample.id for sample in said if (key := key_of(sample))}


def _waits(item: DatasetItem) -> bool:
    return item.annotation is None or not item.annotation.says


def _next(
    hub: Hub, project: str, start: _Start, *, by: str, note: str, seed: int | None = None
) -> Frozen | None:
    """The next version; stored when it differs. What it had to leave out is noted either way.

    None: another version came meanwhile, or a sample of this one may not be learned from any more. Then nothing is
    stored: the other one's samples would be missing, or the erased one's words would stay.
    """
    torn = damaged(
        start.kit, start.reviewed, {item.sample.id for item in start.base.items}, hub.storage
    )
    whole = [one for one in start.reviewed if one.sample.id not in torn]
    made = extend(start.base, whole, hub.storage, note=note, seed=seed, dropped=start.dropped)
    refused = {**start.refused, **({DAMAGED: len(torn)} if torn else {})}
    frozen, version = replace(made, refused=refused), None
    if frozen.changed:
        hub.storage.put(to_bytes(frozen.dataset))
        version = describe(frozen.dataset, hub.storage)
    with hub.database.transaction() as session:
        hold(session, project)
        if not _holds(session, project, start, frozen.dataset):
            if version is not None:
                discard(session, version.id, version.size)
            return None
        left_out.note(session, project, {*frozen.left_out_ids, *torn})
        if version is not None:
            start.open.know(session)
            register(session, version, project, by=by)
            audit(
                session,
                by,
                "dataset.freeze",
                version.id,
                added=frozen.added,
                refused=sum(frozen.refused.values()),
                withdrawn=frozen.withdrawn,
                replaced=frozen.replaced,
            )
    return frozen


def _holds(session: Session, project: str, start: _Start, made: Dataset) -> bool:
    """Whether a version is still the next one, and all of it may be learned from."""
    row = newest(session, project)
    if row is None or row.id != start.base.id:
        return False
    if start.open.has_parted(session):
        return False
    return not provenance.refused_among(session, [item.sample.id for item in made.items])


def _nothing_new(frozen: Frozen) -> DataError:
    what = "nothing has been reviewed since the newest version"
    if frozen.left_out:
        what += (
            f" but {frozen.left_out} samples that cannot be added: their group or a sample that looks the same"
            " is in another split than they may join"
        )
    if frozen.refused:
        what += f" that may be learned from; refused: {in_words(frozen.refused)}"
    return DataError(what, fix="review samples first")
