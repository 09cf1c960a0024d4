"""Builders for tests of cases: steps and windows as a device sends them, and a hub that takes them."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from pydantic import JsonValue
from sqlalchemy import select

from cloud_sync.effects.alerts import outbox_for
from cloud_sync.hub import Hub
from cloud_sync.intake.decode import FrameIn
from cloud_sync.intake.rows import Outcome, write_frames
from cloud_sync.store.models import Annotation, Blob, Bundle, Project
from kits.core.events import BlobRef, CaseBody, DecisionBody, Event, Stamp
from kits.core.frames import Frame
from kits.core.sample import digest_of
from kits.core.topics import ParsedTopic
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from tests.cloud_sync.fleet_builders import AT

BUNDLE = "c" * 64
PROJECT = "pumps"
ASSET = "pump-1"
CASE = "01kcase"


def hours(n: float) -> datetime:
    """So long after the tests' noon."""
    return AT + timedelta(hours=n)


def step(seq: int, transition: str, at_h: float = 0.0, **fields: object) -> Event:
    """A step of a case; the case and its asset unless told."""
    values: dict[str, object] = {
        "case_id": CASE, "asset": ASSET, "transition": transition, "level": "alarm", "score": 4.2,
        "label": "bearing", "reason": "BPFO 4.2 times its usual", "sample_id": f"w{seq}",
        "bundle": BUNDLE, "at": hours(at_h), "since": hours(min(at_h, 0.0)), **fields,
    }  # fmt: skip
    body = CaseBody.model_validate(values)
    return Event(seq=seq, klass="a", at=_stamp(body.at, seq), body=body)


def window_row(
    seq: int,
    name: str,
    at_h: float = 0.0,
    *,
    score: float = 4.2,
    content: bytes = b"",
    meta: dict[str, JsonValue] | None = None,
    asset: str = ASSET,
) -> Event:
    """A decision on a window of an asset, with or without its bytes."""
    blob = None
    if content:
        blob = BlobRef(digest=digest_of(content), size=len(content), media_type=MEDIA_TYPE)
    body = DecisionBody(
        sample_id=name, captured_at=hours(at_h), group=asset, media_type=MEDIA_TYPE, bundle=BUNDLE,
        verdict="act" if score >= 4 else "pass", score=score, label="bearing", blob=blob,
        prediction={"score": score, "label": "bearing"}, kept_for="act" if content else "",
        meta=meta or {},
    )  # fmt: skip
    return Event(seq=seq, klass="s", at=_stamp(body.captured_at, seq), body=body)


def _stamp(at: datetime, seq: int) -> Stamp:
    return Stamp(wall=at, mono_ns=seq * 1_000_000, boot="b1", trust="ntp")


def take(hub: Hub, *events: Event, device: str = "press-1", epoch: str = "epoch-1") -> Outcome:
    """Rows of one class, as the ingest writes them."""
    config, topic = hub.config, ParsedTopic("main", device, events[0].klass)
    with hub.database.transaction() as session:
        return write_frames(
            session,
            [FrameIn(topic, Frame(epoch=epoch, rows=events))],
            blob_limit=1 << 24,
            effects=outbox_for(config.notify, config.cmms, config.url),
        )


def know_project(hub: Hub) -> None:
    """A project of machines whose bundle the hub knows."""
    with hub.database.transaction() as session:
        session.add(Project(name=PROJECT, kit="predictive-maintenance"))
        session.add(Blob(digest=BUNDLE, size=1))
        session.flush()
        session.add(
            Bundle(
                id=BUNDLE, project=PROJECT, name=PROJECT, version=1, kit="predictive-maintenance",
                blob=BUNDLE, size=1, origin="publisher",
            )
        )  # fmt: skip


def outcomes(hub: Hub) -> dict[str, str]:
    """Sample → what was found at the machine, the newest word."""
    with hub.database.session() as session:
        rows = select(Annotation).where(Annotation.source == "outcome").order_by(Annotation.id)
        return {row.sample_id: row.label for row in session.scalars(rows)}


def vibration(seed: int = 0, *, fault: float = 1.0, seconds: float = 1.0) -> bytes:
    """A vibration window: shaft at 25 Hz, impacts at 90 Hz that ring at 3 kHz, and a slow channel."""
    rng = np.random.default_rng(seed)
    rate = 12_000.0
    time = np.arange(int(seconds * rate)) / rate
    ringing = np.exp(-800 * (time % (1 / 90))) * np.sin(2 * np.pi * 3000 * (time % (1 / 90)))
    signal = 0.4 * np.sin(2 * np.pi * 25 * time) + fault * ringing + rng.normal(0, 0.05, time.size)
    slow = (40 + 0.2 * np.arange(max(2, int(seconds * 4)))).astype(np.float32)
    slow[1] = np.nan
    window = Window(
        (
            Channel("drive end", "g", signal.astype(np.float32)),
            Channel("temperature", "°C", slow, 4.0),
        ),
        rate,
        AT,
        {"asset": ASSET, "speed_rpm": 1500.0},
    )
    return encode_window(window)
