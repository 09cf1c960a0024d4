"""New events carried on to their own tables: samples, annotations, alerts, cases, drafts, gaps, health.

Called by `rows.py` with rows the event table has just taken, in the same transaction.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from pydantic import JsonValue
from pydantic_core import from_json, to_json
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from cloud_sync.cases.arrival import Arrived, CaseWriter
from cloud_sync.cases.assets import Seen, note_watched
from cloud_sync.effects.outbox import EffectOutbox
from cloud_sync.intake.clock import MAX_BOOT_LENGTH, MAX_NS, ClockBook, believable, tick_of, to_time
from cloud_sync.intake.epochs import Key
from cloud_sync.mails.answers import take_answers
from cloud_sync.mails.drafts import Told, write_drafts
from cloud_sync.mails.filing import hold_mails, note_filed
from cloud_sync.store import models
from cloud_sync.store.bulk import (
    Value,
    Values,
    aware,
    in_portions,
    insert_fresh,
    sql_time,
)
from cloud_sync.store.models.mails import MEDIA_TYPE as MAIL
from kits.core.annotation import annotation_from_json, annotation_to_json
from kits.core.errors import DataError
from kits.core.events import (
    AlertBody,
    CaseBody,
    DecisionBody,
    DraftBody,
    ErasedBody,
    Event,
    GapBody,
    HealthBody,
    LabelBody,
)
from kits.core.sample import utc_now
from kits.core.window import MEDIA_TYPE as WINDOW

_SAMPLE = (
    "id", "device", "epoch", "seq", "captured_at", "claimed_at", "received_at", "trust", "boot",
    "tick_ns", "project", "bundle", "verdict", "score", "label", "reason", "prediction",
    "latency_ms", "actions", "media_type", "blob", "blob_size", "blob_state", "kept_for", "group",
    "source", "meta",
)  # fmt: skip


Stored = Mapping[str, int]
"""Digest → size of bytes that are here. Who reads samples trusts their sizes: a device may name any digest it knows,
of the bundle it runs too, and say that it is a small picture."""


class Carrier:
    """Sorts events into tables.

    Attributes:
        odd: reasons why a row stays an event only.
        unknown_bundle: decisions of bundles this hub does not know.
    """

    def __init__(
        self,
        session: Session,
        blob_limit: int,
        clocks: ClockBook,
        effects: EffectOutbox | None,
        received_ns: int,
    ) -> None:
        self._session = session
        self._blob_limit = blob_limit
        self._clocks = clocks
        self._effects = effects
        self._received_ns = received_ns
        self._to_sql = sql_time(session)
        self._received = self._to_sql(to_time(received_ns))
        self._alerts: list[tuple[models.Alert, str]] = []
        self.odd: list[str] = []
        self.unknown_bundle = 0

    def carry(self, fresh: Mapping[Key, Event]) -> None:
        """Writes the rows of all tables."""
        filed = _filed(fresh.values())
        drafted = {e.body.sample_id for e in fresh.values() if isinstance(e.body, DraftBody)}
        hold_mails(self._session, filed | drafted)
        self._samples(
            [(key, e, e.body) for key, e in fresh.items() if isinstance(e.body, DecisionBody)]
        )
        self._cases([(key, e, e.body) for key, e in fresh.items() if isinstance(e.body, CaseBody)])
        self._drafts(
            [(key, e, e.body) for key, e in fresh.items() if isinstance(e.body, DraftBody)]
        )
        answers = [(key[0], e.body) for key, e in fresh.items() if isinstance(e.body, ErasedBody)]
        self.odd += take_answers(self._session, answers)
        healths: dict[str, HealthBody] = {}
        for key, event in fresh.items():
            match event.body:
                case LabelBody():
                    self._label(key, event.body)
                case AlertBody():
                    self._alert(key, event, event.body)
                case GapBody():
                    self._gap(key, event.body)
                case HealthBody():
                    healths[key[0]] = event.body
        if healths:
            figures = [{"name": n, "figures": _finite(h)} for n, h in sorted(healths.items())]
            self._session.execute(update(models.Device), figures)
        self._session.flush()
        note_filed(self._session, filed)
        if self._effects is not None:
            self._effects.alerts(self._session, self._alerts)
        for key, event in fresh.items():
            if isinstance(event.body, AlertBody) and event.body.severity == "info":
                self._all_clear(key, event.body.name)

    def _samples(self, decisions: list[tuple[Key, Event, DecisionBody]]) -> None:
        if not decisions:
            return
        stored = _stored(self._session, {b.blob.digest for _, _, b in decisions if b.blob})
        projects = self._projects({body.bundle for _, _, body in decisions})
        self.unknown_bundle += sum(body.bundle not in projects for _, _, body in decisions)
        rows = [
            self._sample(key, event, body, stored, projects.get(body.bundle, ""))
            for key, event, body in decisions
        ]
        fresh = insert_fresh(self._session, models.Sample, _SAMPLE, rows, ("id",))
        seen: list[Seen] = []
        for (key, event, body), new in zip(decisions, fresh):
            if new and body.media_type == WINDOW and body.group:
                seen.append(Seen(key[0], body.group, aware(self._dated(key[0], event, body)[0])))
            if not new:
                self.odd.append("sample id taken")
                self._keep_whole(key, body)
        note_watched(self._session, seen)

    def _sample(
        self, key: Key, event: Event, body: DecisionBody, stored: Stored, project: str
    ) -> Values:
        blob, state = body.blob, "none"
        if blob is not None and blob.size > self._blob_limit:
            self.odd.append("blob too large")
        elif blob is not None and stored.get(blob.digest, blob.size) != blob.size:
            self.odd.append("blob size")
        elif blob is not None:
            state = "stored" if blob.digest in stored else "expected"
        captured, trust, tick = self._dated(key[0], event, body)
        claimed = self._to_sql(body.captured_at)
        known = claimed if captured is body.captured_at else self._to_sql(captured)
        return (
            body.sample_id, *key, known, claimed,
            self._received, trust, event.at.boot[:MAX_BOOT_LENGTH], tick, project, body.bundle,
            body.verdict, body.score, body.label, body.reason, _text(body.prediction),
            _text(body.latency_ms), _text(body.actions), body.media_type,
            blob.digest if blob else "", blob.size if blob else 0, state, body.kept_for,
            body.group, body.source, _text(body.meta),
        )  # fmt: skip

    def _dated(self, device: str, event: Event, body: DecisionBody) -> tuple[datetime, str, int]:
        """When it was captured as far as the hub can tell, the trust in it, and its tick."""
        tick = tick_of(event.at, body.captured_at)
        tick = tick if abs(tick) < MAX_NS else 0
        if believable(event.at, self._received_ns):
            return body.captured_at, "ntp", tick
        offset = self._clocks.offset(device, event.at.boot)
        trust = "none" if event.at.trust == "ntp" else event.at.trust
        if offset is None:
            return body.captured_at, trust, tick
        return to_time(offset + tick), trust, tick

    def _keep_whole(self, key: Key, body: DecisionBody) -> None:
        """No sample holds this decision, so the event keeps all of it."""
        device, epoch, seq = key
        self._session.execute(
            update(models.Event)
            .where(
                models.Event.device == device, models.Event.epoch == epoch, models.Event.seq == seq
            )
            .values(body=from_json(to_json(body, inf_nan_mode="null")))
        )

    def _cases(self, steps: list[tuple[Key, Event, CaseBody]]) -> None:
        if not steps:
            return
        projects = self._projects({body.bundle for _, _, body in steps})
        writer = CaseWriter(self._session)
        writer.write(
            [
                self._case_step(key, event, body, projects.get(body.bundle, ""))
                for key, event, body in steps
            ]
        )
        self.odd += writer.odd
        if self._effects is not None:
            self._session.flush()
            self._effects.cases(self._session, writer.written)

    def _case_step(self, key: Key, event: Event, body: CaseBody, project: str) -> Arrived:
        """Its times are moved by as much as the device's clock is known to be wrong."""
        at, since = aware(body.at), min(aware(body.since), aware(body.at))
        moved = self._moved(key, event, at)
        return Arrived(key, body, moved, _shifted(since, moved - at), project)

    def _drafts(self, told: list[tuple[Key, Event, DraftBody]]) -> None:
        if not told:
            return
        drafts = [Told(key, body, self._moved(key, e, aware(body.at))) for key, e, body in told]
        write_drafts(self._session, drafts)

    def _moved(self, key: Key, event: Event, at: datetime) -> datetime:
        """A time by the device's clock, moved by as much as that is known to be wrong."""
        offset = self._clocks.offset(key[0], event.at.boot)
        if offset is None or believable(event.at, self._received_ns):
            return at
        tick = tick_of(event.at, at)
        return to_time(offset + tick) if abs(tick) < MAX_NS else at

    def _label(self, key: Key, body: LabelBody) -> None:
        try:
            annotation = annotation_from_json(body.annotation)
        except DataError:
            self.odd.append("annotation")
            return
        stated: dict[str, JsonValue] = {**annotation_to_json(annotation), "source": "device"}
        self._session.add(
            models.Annotation(
                sample_id=body.sample_id,
                label=annotation.label,
                body=stated,
                author=annotation.author or f"device:{key[0]}",
                source="device",
                at=aware(annotation.at),
            )
        )

    def _alert(self, key: Key, event: Event, body: AlertBody) -> None:
        device, epoch, seq = key
        at = self._alert_time(device, event)
        alert = models.Alert(
            device=device, epoch=epoch, seq=seq, name=body.name, severity=body.severity,
            text=body.text, where=body.where, at=at,
        )  # fmt: skip
        self._session.add(alert)
        self._alerts.append((alert, f"{device}/{epoch}/{seq}"))

    def _alert_time(self, device: str, event: Event) -> datetime:
        offset = self._clocks.offset(device, event.at.boot)
        if offset is None or believable(event.at, self._received_ns):
            return aware(event.at.wall)
        return to_time(offset + event.at.mono_ns)

    def _all_clear(self, key: Key, name: str) -> None:
        """An "info" under an alert's name says that it is over: nobody needs to look any more."""
        device, epoch, seq = key
        self._session.execute(
            update(models.Alert)
            .where(
                models.Alert.device == device,
                models.Alert.name == name,
                models.Alert.seen_at.is_(None),
                or_(models.Alert.epoch != epoch, models.Alert.seq <= seq),
            )
            .values(seen_at=utc_now(), seen_by=f"{device}: over")
        )

    def _gap(self, key: Key, body: GapBody) -> None:
        if not 0 <= body.rows <= body.last_seq - body.first_seq + 1:
            self.odd.append("gap numbers")
            return
        device, epoch, seq = key
        gap = models.Gap(
            device=device, epoch=epoch, seq=seq, klass=body.klass, first_seq=body.first_seq,
            last_seq=body.last_seq, rows=body.rows, blobs=body.blobs, bytes=body.bytes,
            reason=body.reason,
        )  # fmt: skip
        self._session.add(gap)

    def _projects(self, bundles: set[str]) -> dict[str, str]:
        query = select(models.Bundle.id, models.Bundle.project)
        return {
            row[0]: row[1]
            for some in in_portions(bundles)
            for row in self._session.execute(query.where(models.Bundle.id.in_(some)))
        }


def _stored(session: Session, digests: Collection[str]) -> Stored:
    query = select(models.Blob.digest, models.Blob.size)
    return {
        digest: size
        for some in in_portions(digests)
        for digest, size in session.execute(query.where(models.Blob.digest.in_(some)))
    }


def _filed(events: Iterable[Event]) -> set[str]:
    """Samples of which a device may have said, now or before, what a person made of a mail."""
    found = set()
    for event in events:
        body = event.body
        if isinstance(body, LabelBody) or (
            isinstance(body, DecisionBody) and body.media_type == MAIL
        ):
            found.add(body.sample_id)
    return found


def _shifted(time: datetime, by: timedelta) -> datetime:
    try:
        return aware(time + by)
    except OverflowError:
        return time


def _finite(body: HealthBody) -> dict[str, float]:
    """Figures that JSON can hold."""
    return {name: value for name, value in body.figures.items() if math.isfinite(value)}


def _text(value: object) -> Value:
    if not value:
        return "{}"
    return to_json(value, inf_nan_mode="null").decode()
