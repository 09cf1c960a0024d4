"""Which bundle scores a project's leads: the hub is the device of these bundles.

The bundle of the project's highest release in force takes effect once its golden samples have passed here; one that
does not pass is refused and told. The one before is kept for the way back. Loading is `loaded.py`, scoring `loop.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.leads import lots
from cloud_sync.crm.outcomes import pace
from cloud_sync.crm.scoring import cutting
from cloud_sync.crm.scoring.learned import Learned, learned_by
from cloud_sync.crm.scoring.loaded import LoadedBundles, make_for_leads
from cloud_sync.crm.scoring.payloads import objecting
from cloud_sync.crm.scoring.projects import KIT, only_project, require_project
from cloud_sync.crm.scoring.rescoring import read_decided
from cloud_sync.crm.scoring.scored import LeadScore
from cloud_sync.crm.scoring.unheard import UNHEARD, tell_deaf
from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.fleet.withdrawals import only_withdrawn
from cloud_sync.hub import Hub, audit
from cloud_sync.learning.champions import close_outdated
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Bundle as BundleRow
from cloud_sync.store.models import LeadModel, Project
from cloud_sync.store.remembered import Remembered
from kits.core.bundle import Bundle
from kits.core.errors import BundleError, KitwrightError
from kits.core.ready import ReadyBundle
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

REFUSED = "crm-bundle-refused"
REMEMBERED_S = 1.0
"""What is in force is looked up again after so long; a change by this process is seen at once."""
_MOST_NAMES = 64
_NOTED = 20
"""So many refusals are remembered for a project."""


@dataclass(frozen=True, slots=True)
class _Ears:
    """Columns in which a bundle hears objections and the one before did not, and the other way round."""

    more: tuple[str, ...] = ()
    fewer: tuple[str, ...] = ()


class LeadModels:
    """The bundles in force, by project. Safe for several threads.

    Args:
        hub: where bundles are.
        make: joins a bundle with its kit's runtime.
    """

    def __init__(self, hub: Hub, *, make: Callable[[Bundle], ReadyBundle] = make_for_leads) -> None:
        self._hub = hub
        self._loaded = LoadedBundles(hub, make)
        self._cuts: dict[str, cutting.Cut | None] = {}
        self._in_force: Remembered[str, tuple[str, str]] = Remembered(
            hub.database, (LeadModel, Project), seconds=REMEMBERED_S, most=_MOST_NAMES
        )

    def placed(self, project: str, score: LeadScore) -> LeadScore:
        """A live score with its place among the project's latest leads, as `serving` found it last."""
        cut = self._cuts.get(project)
        return cut.applied(score) if cut is not None else score

    def at_hand(self, wanted: str) -> tuple[str, ReadyBundle] | None:
        """As `serving`, without a query; None: that is to be asked."""
        known = self._in_force.get(wanted)
        ready = self._loaded.at_hand(known[1]) if known is not None else None
        return (known[0], ready) if known is not None and ready is not None else None

    def serving(self, wanted: str) -> tuple[str, ReadyBundle]:
        """The project that is meant and the bundle that scores its leads now.

        Args:
            wanted: its name; empty: the only one there is.

        Raises:
            As `only_project` and `current`.
        """
        version = self._in_force.version
        with self._hub.database.session() as session:
            project = only_project(session, wanted)
        ready = self.current(project)
        with self._hub.database.session() as session:
            self._cuts[project] = cutting.in_force(session, project, ready.id)
        self._in_force.keep(wanted, (project, ready.id), version)
        return project, ready

    def current(self, project: str) -> ReadyBundle:
        """The bundle that scores a project's leads now.

        Raises:
            NotFoundError: no such project of leads, or no bundle of it is in force.
            BundleError: it cannot be loaded here.
            UnreachableError: the storage cannot be used.
        """
        with self._hub.database.session() as session:
            row = session.get(LeadModel, project)
        if row is None or not row.bundle:
            self.look(project)
            with self._hub.database.session() as session:
                row = session.get(LeadModel, project)
        if row is None or not row.bundle:
            with self._hub.database.session() as session:
                raise _none_yet(session, project)
        return self._at_work(project, row.bundle)

    def _at_work(self, project: str, bundle_id: str) -> ReadyBundle:
        """The bundle in force; one that cannot be loaded is told, as leads wait for it. Raises as `current`."""
        fresh, where = self._loaded.at_hand(bundle_id) is None, bundle_id[:12]
        try:
            ready = self._loaded.get(bundle_id)
        except BundleError as error:
            text = f"{project}: the bundle in force cannot be loaded, its leads wait: {error.what}"
            with self._hub.database.transaction() as session:
                raise_alert(
                    session, self._hub.config.notify, REFUSED, "error", text[:500], where=where
                )
            raise
        if fresh:
            with self._hub.database.transaction() as session:
                close_alert(session, REFUSED, where=where)
        return ready

    def learned(self, project: str) -> Learned:
        """What the project's bundle looks at; nothing where none is in force.

        Raises:
            UnreachableError: the storage cannot be used.
        """
        try:
            return learned_by(self.current(project))
        except (NotFoundError, BundleError):
            return Learned()

    def look(self, project: str) -> bool:
        """Lets a newer release take effect, if its golden samples pass here; whether one did."""
        with self._hub.database.session() as session:
            newest, row = released(session, project), session.get(LeadModel, project)
            held = row is not None and row.held
            refused = row.refused if row is not None else {}
            current = row.bundle if row is not None else ""
            gone = bool(current) and current in set(session.scalars(only_withdrawn()))
        if newest == current or (held and not gone) or (newest and newest in refused):
            return False
        complaint = self._complaint(newest) if newest else ""
        fine = bool(newest) and not complaint
        drawn = lots.stated(self._loaded.get(newest)) if fine else {}
        ears = self._ears(newest, current) if fine else _Ears()
        return self._take(project, newest, complaint, (current, held), drawn, ears)

    def _ears(self, bundle_id: str, before: str) -> _Ears:
        """In which columns a bundle hears objections and the one before does not, and the other way round."""
        now, then = self._hears(bundle_id), self._hears(before)
        return _Ears(tuple(sorted(now - then)), tuple(sorted(then - now)))

    def _hears(self, bundle_id: str) -> set[str]:
        try:
            return set(objecting(self._loaded.get(bundle_id)) or ()) if bundle_id else set()
        except KitwrightError:
            return set()  # what cannot be loaded any more is as good as none

    def _complaint(self, bundle_id: str) -> str:
        """Why a bundle may not take effect; empty: it may."""
        try:
            found = self._loaded.get(bundle_id).check_golden()
        except BundleError as error:
            return error.what
        return f"golden samples differ: {'; '.join(found[:3])}" if found else ""

    def _take(
        self,
        project: str,
        bundle_id: str,
        complaint: str,
        before: tuple[str, bool],
        drawn: Mapping[str, JsonValue],
        ears: _Ears,
    ) -> bool:
        """Whether it took effect.

        Args:
            before: what was in force when it was looked, and whether a person held it.
            ears: where it hears objections, beside the one before.
        """
        seen, held = before
        with self._hub.database.transaction() as session:
            insert_once(session, LeadModel, [{"project": project}])
            row = session.get_one(LeadModel, project, with_for_update=True)
            if row.bundle != seen or row.held != held or released(session, project) != bundle_id:
                return False  # another process was first, or a person said something else meanwhile
            if complaint:
                known = list(row.refused.items())[-_NOTED:]
                row.refused = {**dict(known), bundle_id: complaint[:500]}
                raise_alert(
                    session, self._hub.config.notify, REFUSED, "error",
                    f"{project}: bundle {bundle_id[:12]} does not score leads: {complaint}"[:500],
                    where=project,
                )  # fmt: skip
                return False
            _switch(session, row, bundle_id, by="hub")
            self._listen(session, project, ears)
            row.lots = {name: row.lots[name] for name in (row.previous,) if name in row.lots}
            row.lots |= {bundle_id: dict(drawn)} if bundle_id else {}
            row.held = False
            for where in filter(None, (project, seen[:12])):
                close_alert(session, REFUSED, where=where)
            audit(session, "hub", "leads.bundle", bundle_id, project=project, before=seen)
        log.info("event=lead_bundle_in_force project=%s bundle=%s", project, bundle_id[:12])
        return True

    def _listen(self, session: Session, project: str, ears: _Ears) -> None:
        """Another bundle hears otherwise who objects: decided leads are read, or it is told what is heard no more."""
        if ears.more:
            read_decided(session, project, utc_now())
        if ears.fewer:
            tell_deaf(session, self._hub.config.notify, project, ears.fewer)
        else:
            close_alert(session, UNHEARD, where=project)

    def back(self, project: str, *, by: str) -> str:
        """Goes back to the bundle before, and holds it until `forward`; its id.

        Raises:
            NotFoundError: no bundle was ever in force.
            ConflictError: there is none before, or it was withdrawn.
        """
        with self._hub.database.session() as session:
            seen = session.get(LeadModel, project)
        # with no transaction open: a storage may be slow
        ears = self._ears(seen.previous, seen.bundle) if seen is not None else _Ears()
        with self._hub.database.transaction() as session:
            row = _row(session, project)
            if not row.previous:
                raise ConflictError(
                    "no bundle was in force before this one",
                    where=project,
                    fix="kit approve another one",
                )
            if row.previous in set(session.scalars(only_withdrawn())):
                raise ConflictError(
                    "the bundle before was withdrawn",
                    where=row.previous[:12],
                    fix="kit approve another one",
                )
            _switch(session, row, row.previous, by=by)
            self._listen(session, project, ears)
            row.held = True
            audit(session, by, "leads.back", row.bundle, project=project)
            session.flush()
            close_outdated(session, project)  # what beat the other one was never compared with this
            return row.bundle

    def forward(self, project: str, *, by: str) -> bool:
        """Takes the newest release again, also one that was refused before; whether it changed.

        Raises:
            NotFoundError: no bundle was ever in force.
        """
        with self._hub.database.transaction() as session:
            row = _row(session, project)
            row.held, row.refused = False, {}
            audit(session, by, "leads.forward", project)
        return self.look(project)


def in_force(session: Session, project: str) -> LeadModel | None:
    """What the table says."""
    return session.get(LeadModel, project)


def released(session: Session, project: str) -> str:
    """The bundle of the project's highest release in force; empty: none."""
    query = select(BundleRow.id).where(
        BundleRow.project == project, BundleRow.kit == KIT, BundleRow.champion,
        BundleRow.id.not_in(only_withdrawn()),
    )  # fmt: skip
    return session.scalar(query.limit(1)) or ""


def model_json(row: LeadModel, most: float | None) -> dict[str, JsonValue]:
    """For API and `--json`; `most` as `lots.lots` has it."""
    return {
        "project": row.project, "bundle": row.bundle, "previous": row.previous, "held": row.held,
        "refused": row.refused, "by": row.by, "at": row.at.isoformat(),
        "bands": cutting.shown(row.cut, row.bundle), "by_lot": lots.share_of(row, most),
    }  # fmt: skip


def _switch(session: Session, row: LeadModel, bundle_id: str, *, by: str) -> None:
    before = row.bundle or row.previous
    # one that was withdrawn and is released again has none to go back to but itself
    row.previous, row.bundle = "" if before == bundle_id else before, bundle_id
    row.by, row.at = by, utc_now()
    pace.begin_anew(session, row.project)


def _row(session: Session, project: str) -> LeadModel:
    row = session.get(LeadModel, project, with_for_update=True)
    if row is None or not row.bundle:
        raise _none_yet(session, project)
    return row


def _none_yet(session: Session, project: str) -> NotFoundError:
    """What to say where none scores a project's leads. Raises NotFoundError: there is no such project."""
    require_project(session, project)
    row = session.get(LeadModel, project)
    if row is not None and row.previous:
        return NotFoundError(
            "no bundle of this project is in force any more", where=project,
            fix=f"kit publish --hub URL; or kit release {row.previous[:12]} --hub URL, which was the last",
        )  # fmt: skip
    return NotFoundError(
        "no bundle scores the leads of this project yet", where=project,
        fix="kit publish --hub URL, and sign its release",
    )  # fmt: skip


def try_look(models: LeadModels, project: str) -> bool:
    """As `LeadModels.look`; a storage that is away is no reason to stop scoring with what is loaded."""
    try:
        return models.look(project)
    except KitwrightError as error:
        log.warning("event=lead_bundle_not_taken project=%s error=%r", project, error.what)
        return False
