"""Events into tables, exactly once, inside the caller's transaction.

The event table decides what is new: its key (device, epoch, seq) takes each row once, and only
rows it took are carried on to samples, alerts, annotations and gaps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from pydantic import JsonValue
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from cloud_sync.intake.decode import FrameIn
from cloud_sync.store import models
from cloud_sync.store.db import insert_new, insert_once
from cloud_sync.store.types import Base
from kits.core.annotation import annotation_from_json, annotation_to_json
from kits.core.errors import DataError
from kits.core.events import AlertBody, DecisionBody, Event, GapBody, HealthBody, LabelBody
from kits.core.sample import utc_now

Key = tuple[str, str, int]
Row = dict[str, object]
MAX_ID_LENGTH = 64


@dataclass
class Outcome:
    """What one transaction did; counted after its commit.

    Attributes:
        rows: class → rows that were new.
        duplicates: rows that were there already.
        odd: reasons why a new row was kept as an event only.
        announced: (device, epoch, digest) of blobs announced by new *or repeated* rows.
        newest: latest wall time among the rows.
    """

    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    duplicates: int = 0
    odd: list[str] = field(default_factory=list)
    announced: list[tuple[str, str, str]] = field(default_factory=list)
    newest: datetime | None = None


def write_frames(session: Session, frames: Iterable[FrameIn], *, blob_limit: int) -> Outcome:
    """Stores the rows of many frames.

    Args:
        frames: of known devices only.
        blob_limit: blobs above this size are not expected, bytes.
    """
    outcome = Outcome()
    by_key: dict[Key, Event] = {}
    sent = 0
    for item in frames:
        for event in item.frame.rows:
            sent += 1
            by_key.setdefault((item.topic.device, item.frame.epoch, event.seq), event)
    if not by_key:
        return outcome
    fresh = _insert_events(session, by_key)
    outcome.duplicates = sent - len(fresh)
    outcome.newest = max(_aware(event.at.wall) for event in by_key.values())
    _note_epochs(session, by_key, fresh)
    _Writer(session, blob_limit, outcome).write({key: by_key[key] for key in fresh})
    _collect_announced(by_key, outcome)
    return outcome


def _insert_events(session: Session, by_key: Mapping[Key, Event]) -> list[Key]:
    rows = [
        {
            "device": device,
            "epoch": epoch,
            "seq": seq,
            "klass": event.klass,
            "kind": event.body.kind,
            "wall": _aware(event.at.wall),
            "body": event.body.model_dump(mode="json"),
        }
        for (device, epoch, seq), event in by_key.items()
    ]
    key = (models.Event.device, models.Event.epoch, models.Event.seq)
    fresh = insert_new(session, models.Event, rows, key)
    return [(str(device), str(epoch), int(seq)) for device, epoch, seq in fresh]


def _note_epochs(session: Session, by_key: Mapping[Key, Event], fresh: list[Key]) -> None:
    new: dict[tuple[str, str], int] = defaultdict(int)
    for device, epoch, _seq in fresh:
        new[device, epoch] += 1
    seen: dict[tuple[str, str], list[int]] = defaultdict(list)
    for device, epoch, seq in by_key:
        seen[device, epoch].append(seq)
    insert_once(
        session, models.Epoch, [{"device": device, "epoch": epoch} for device, epoch in seen]
    )
    for (device, epoch), seqs in seen.items():
        row = session.get_one(models.Epoch, (device, epoch))
        row.rows += new[device, epoch]
        row.duplicates += len(seqs) - new[device, epoch]
        row.highest_seq = max(row.highest_seq, *seqs)
        row.last_at = utc_now()


def _collect_announced(by_key: Mapping[Key, Event], outcome: Outcome) -> None:
    for (device, epoch, _seq), event in by_key.items():
        if isinstance(event.body, DecisionBody) and event.body.blob is not None:
            outcome.announced.append((device, epoch, event.body.blob.digest))


class _Writer:
    """Carries new events on to their own tables."""

    def __init__(self, session: Session, blob_limit: int, outcome: Outcome) -> None:
        self._session = session
        self._blob_limit = blob_limit
        self._outcome = outcome
        self._rows: dict[type[Base], list[Row]] = defaultdict(list)

    def write(self, fresh: Mapping[Key, Event]) -> None:
        """Sorts the events into rows and inserts them."""
        bodies = [e.body for e in fresh.values() if isinstance(e.body, DecisionBody)]
        stored = self._stored({body.blob.digest for body in bodies if body.blob})
        projects = self._projects({body.bundle for body in bodies})
        for key, event in fresh.items():
            self._outcome.rows[event.klass] += 1
            match event.body:
                case DecisionBody():
                    self._sample(key, event.body, stored, projects)
                case LabelBody():
                    self._label(key, event.body)
                case AlertBody():
                    self._alert(key, event, event.body)
                case GapBody():
                    self._gap(key, event.body)
                case HealthBody():
                    self._health(key, event.body)
        for table, rows in self._rows.items():
            taken = insert_once(self._session, table, rows)
            if table is models.Sample and taken != len(rows):
                self._outcome.odd += ["sample id taken"] * (len(rows) - taken)
        for key, event in fresh.items():
            if isinstance(event.body, AlertBody) and event.body.severity == "info":
                self._all_clear(key, event.body.name)

    def _sample(
        self, key: Key, body: DecisionBody, stored: set[str], projects: Mapping[str, str]
    ) -> None:
        if not 0 < len(body.sample_id) <= MAX_ID_LENGTH:
            self._outcome.odd.append("sample id")
            return
        blob = body.blob
        state = "none"
        if blob is not None:
            state = "stored" if blob.digest in stored else "expected"
            if blob.size > self._blob_limit:
                state = "none"
                self._outcome.odd.append("blob too large")
        self._rows[models.Sample].append(
            {
                "id": body.sample_id,
                **_keyed(key),
                **_plain(body),
                "group": body.group,
                "project": projects.get(body.bundle, ""),
                "blob": blob.digest if blob else "",
                "blob_size": blob.size if blob else 0,
                "blob_state": state,
            }
        )

    def _label(self, key: Key, body: LabelBody) -> None:
        try:
            annotation = annotation_from_json(body.annotation)
        except DataError:
            self._outcome.odd.append("annotation")
            return
        stated: dict[str, JsonValue] = {**annotation_to_json(annotation), "source": "device"}
        self._rows[models.Annotation].append(
            {
                "sample_id": body.sample_id[:MAX_ID_LENGTH],
                "label": annotation.label,
                "body": stated,
                "author": annotation.author or f"device:{key[0]}",
                "source": "device",
                "at": _aware(annotation.at),
            }
        )

    def _alert(self, key: Key, event: Event, body: AlertBody) -> None:
        self._rows[models.Alert].append(
            {
                **_keyed(key),
                "name": body.name,
                "severity": body.severity,
                "text": body.text,
                "where": body.where,
                "at": _aware(event.at.wall),
            }
        )

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
        self._rows[models.Gap].append({**_keyed(key), **body.model_dump(exclude={"kind"})})

    def _health(self, key: Key, body: HealthBody) -> None:
        device = self._session.get_one(models.Device, key[0])
        device.figures = dict(body.figures)

    def _stored(self, digests: set[str]) -> set[str]:
        query = select(models.Blob.digest).where(models.Blob.digest.in_(digests))
        return set(self._session.scalars(query)) if digests else set()

    def _projects(self, bundles: set[str]) -> dict[str, str]:
        query = select(models.Bundle.id, models.Bundle.project).where(models.Bundle.id.in_(bundles))
        return {row[0]: row[1] for row in self._session.execute(query)} if bundles else {}


_PLAIN = {
    "captured_at", "bundle", "verdict", "score", "label", "reason", "prediction", "latency_ms",
    "actions", "media_type", "kept_for", "source", "meta",
}  # fmt: skip


def _plain(body: DecisionBody) -> Row:
    return {**body.model_dump(include=_PLAIN), "captured_at": _aware(body.captured_at)}


def _keyed(key: Key) -> Row:
    return {"device": key[0], "epoch": key[1], "seq": key[2]}


def _aware(time: datetime) -> datetime:
    """Times on the wire are UTC; a sender that left the zone out means that."""
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
