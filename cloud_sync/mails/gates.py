"""The promise watched at the hub: audits that persons judged feed the bet against it; refuted, the gate is closed.

Devices watch their own audits; the hub knows those of all devices, and what is reviewed here. A gate that is
closed stays so until another bundle decides, or a person opens it and says why. What devices are told: `telling.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.hub import Hub, audit
from cloud_sync.mails import chain, truth
from cloud_sync.store.models import Annotation, Bundle, Device, MailGate, Sample
from cloud_sync.store.models.intake import AUDIT
from cloud_sync.store.models.mails import MAILS
from kits.core import bundle as bundles
from kits.core.errors import DataError, KitwrightError
from kits.core.events import MAX_WORDS
from kits.core.monitor import PromiseMonitor
from kits.core.operating_point import ErrorBound
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

ALERT = "mail-promise-broken"
HUB = "hub"
LATELY = timedelta(days=30)
"""A bundle that has decided nothing for so long is watched no more."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """When nothing of this is other than before, no bet is."""

    newest: int
    said: int
    audits: int


class GateWatch:
    """Looks at all promises again and again.

    Args:
        hub: whose mails.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._seen: _Seen | None = None
        self._without: set[str] = set()

    def step(self) -> int:
        """One look; how many gates it closed."""
        self._meet()
        with self._hub.database.session() as session:
            seen = _seen(session)
            gates = session.scalars(select(MailGate.bundle).order_by(MailGate.bundle)).all()
        closed = 0
        if seen != self._seen:
            for bundle in gates:
                with self._hub.database.transaction() as session:
                    closed += count_audits(session, self._hub.config.notify, bundle)
            self._seen = seen
        self._settle_alerts()
        return closed

    def _meet(self) -> None:
        """Bundles that decide mails and promise something get a gate."""
        with self._hub.database.session() as session:
            deciding = select(Sample.bundle).where(MAILS, Sample.captured_at >= utc_now() - LATELY)
            known = select(MailGate.bundle)
            new = session.scalars(
                select(Bundle).where(Bundle.id.in_(deciding), Bundle.id.not_in(known))
            ).all()
        for row in new:
            if row.id in self._without:
                continue
            bound = promise_of(self._hub, row)
            if bound is None:
                self._without.add(row.id)
                continue
            gate = MailGate(
                bundle=row.id, project=row.project, epsilon=bound.epsilon, delta=bound.delta
            )
            with self._hub.database.transaction() as session:
                if session.get(MailGate, row.id) is None:
                    session.add(gate)
            self._seen = None

    def _settle_alerts(self) -> None:
        """A bundle that no device runs any more breaks no promise."""
        with self._hub.database.transaction() as session:
            running = select(Device.running_bundle).where(Device.revoked_at.is_(None))
            gone = select(MailGate).where(
                MailGate.closed_at.is_not(None), MailGate.bundle.not_in(running)
            )
            for gate in session.scalars(gone):
                close_alert(session, ALERT, where=_place(gate))


def promise_of(hub: Hub, row: Bundle) -> ErrorBound | None:
    """What a bundle promises; None when it promises nothing, or cannot be read."""
    try:
        bound = bundles.open_bytes(hub.storage.get(row.blob)).operating_point.bound
    except KitwrightError as error:
        log.warning("event=promise_not_read bundle=%s error=%r", row.id[:12], error.what)
        return None
    # what was asked for is no promise where no mail may be decided by itself
    return bound if bound is not None and bound.accepted else None


def count_audits(session: Session, notify: NotifyConfig, bundle: str) -> bool:
    """Counts a bundle's judged audits anew, in the order in which they were judged; whether that closed its gate.

    Always from the beginning: a person may have corrected what was said. A gate that is closed stays closed.
    """
    gate = session.get_one(MailGate, bundle, with_for_update=True, populate_existing=True)
    judged, _ = truth.audited(session, bundle=bundle)
    monitor = PromiseMonitor(gate.epsilon, gate.delta)
    monitor = monitor.after_all(one.wrong for one in judged if one.first > gate.counted_from)
    gate.audits, gate.wrong, gate.evidence = monitor.seen, monitor.wrong, monitor.evidence
    gate.counted_to = max((one.newest for one in judged), default=0)
    if not monitor.broken or gate.closed_at is not None:
        return False
    _close(session, gate, HUB, monitor.text())
    text = f"{gate.project}: {monitor.text()}; every mail goes to a person until it is looked at"
    raise_alert(session, notify, ALERT, "error", text, where=_place(gate))
    return True


def close_gate(session: Session, bundle: str, *, who: str, why: str) -> MailGate:
    """A person closes a gate.

    Raises:
        NotFoundError: no gate of this bundle.
        DataError: no reason.
        ConflictError: it is closed.
    """
    gate = _held(session, bundle)
    if gate.closed_at is not None:
        raise ConflictError("this gate is closed already", where=bundle[:12], fix="nothing to do")
    _close(session, gate, who, _reason(why))
    return gate


def open_gate(session: Session, bundle: str, *, who: str, why: str) -> MailGate:
    """A person opens a gate; the bet begins anew with the next audits.

    Raises:
        NotFoundError: no gate of this bundle.
        DataError: no reason.
        ConflictError: it is open.
    """
    gate = _held(session, bundle)
    if gate.closed_at is None:
        raise ConflictError("this gate is open", where=bundle[:12], fix="nothing to do")
    why = _reason(why)
    gate.counted_from = session.scalar(select(func.max(Annotation.id))) or 0
    gate.closed_at, gate.audits, gate.wrong, gate.evidence = None, 0, 0, 1.0
    _say(session, gate, who, why, "gate.open")
    close_alert(session, ALERT, where=_place(gate))
    return gate


def listed(session: Session) -> Sequence[MailGate]:
    """All gates: those of bundles that devices run first, of these the closed ones."""
    runs = select(Device.running_bundle).where(Device.revoked_at.is_(None))
    order = MailGate.bundle.not_in(runs), MailGate.closed_at.is_(None), MailGate.project
    return session.scalars(select(MailGate).order_by(*order, MailGate.bundle)).all()


def running(session: Session) -> dict[str, int]:
    """Bundle → devices that run it."""
    query = select(Device.running_bundle, func.count()).where(Device.revoked_at.is_(None))
    return {row[0]: row[1] for row in session.execute(query.group_by(Device.running_bundle))}


def as_json(gate: MailGate) -> dict[str, JsonValue]:
    """For API and `--json`."""
    return {
        "bundle": gate.bundle, "project": gate.project, "closed": gate.closed_at is not None,
        "closed_at": gate.closed_at.isoformat() if gate.closed_at else None,
        "because": gate.because, "said_by": gate.said_by,
        "said_at": gate.said_at.isoformat() if gate.said_at else None,
        "epsilon": gate.epsilon, "delta": gate.delta, "audits": gate.audits, "wrong": gate.wrong,
        "evidence": gate.evidence, "given_up_at": 1.0 / gate.delta,
    }  # fmt: skip


def _held(session: Session, bundle: str) -> MailGate:
    query = select(MailGate.bundle).where(MailGate.bundle.startswith(bundle, autoescape=True))
    found = session.scalars(query.limit(2)).all() if len(bundle) >= 6 else []
    if len(found) != 1:
        raise NotFoundError(
            f"no gate of bundle {bundle[:12]!r}",
            fix="cloud-sync mails gates: a bundle has one once it decided mails and promises something",
        )
    return session.get_one(MailGate, found[0], with_for_update=True, populate_existing=True)


def _close(session: Session, gate: MailGate, who: str, why: str) -> None:
    gate.closed_at = utc_now()
    _say(session, gate, who, why, "gate.close")


def _say(session: Session, gate: MailGate, who: str, why: str, what: str) -> None:
    gate.because, gate.said_by, gate.said_at = why, who, utc_now()
    details: dict[str, JsonValue] = {"why": why, "audits": gate.audits, "wrong": gate.wrong}
    chain.record(session, who, what, gate.bundle, details)
    audit(session, who, f"mails.{what}", gate.bundle, why=why)


def _reason(why: str) -> str:
    why = " ".join(why.replace("\0", "\ufffd").split())
    if not why:
        raise DataError("say why, so that others know", where="why", fix="a sentence")
    return why[:MAX_WORDS]


def _place(gate: MailGate) -> str:
    return gate.bundle[:12]


def _seen(session: Session) -> _Seen:
    # counted too: what was said before the newest may be committed after it
    newest, said = session.execute(select(func.max(Annotation.id), func.count(Annotation.id))).one()
    audits = session.scalar(select(func.count()).select_from(Sample).where(AUDIT)) or 0
    return _Seen(newest or 0, said, audits)
