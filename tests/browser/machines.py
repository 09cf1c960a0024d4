"""Two machines in a hub: a week of scores, a bearing that fails, a case and its windows.

On top of `seed.py`, for looking at and testing: `python -m tests.browser.machines DIR` makes one to look at.
Scores, cases and windows go in as a device's rows, through the hub's own intake.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from cloud_sync.fleet.devices import add_device, enroll
from cloud_sync.hub import Hub
from cloud_sync.intake.decode import FrameIn
from cloud_sync.intake.rows import write_frames
from cloud_sync.store.models import Blob, Bundle, Project, Sample
from kits.core.bundle import open_bytes
from kits.core.events import BlobRef, CaseBody, DecisionBody, Event, Stamp
from kits.core.frames import Frame
from kits.core.operating_point import Verdict
from kits.core.sample import new_sample_id, utc_now
from kits.core.topics import ParsedTopic
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from tests.browser import seed
from tests.cloud_sync.fleet_builders import make_bundle

PROJECT, DEVICE = "pumps", "pump-house"
PUMP, FAN = "pump-1", "fan-2"
ORDERS = {"BPFO": 89.6, "BPFI": 135.4, "BSF": 58.9, "FTF": 9.95}
RATE = 12_000.0
ROWS_IN_FRAME = 200


def vibration(rng: np.random.Generator, fault: float, at: datetime) -> bytes:
    """Two accelerometers, one with a gap, and a slow temperature: an outer race that is struck."""
    time = np.arange(int(2 * RATE)) / RATE
    since = (time + rng.normal(0, 2e-5, time.size)) % (1 / ORDERS["BPFO"])
    ringing = np.exp(-700 * since) * np.sin(2 * np.pi * 3200 * since)
    shaft = 0.35 * np.sin(2 * np.pi * 25 * time) + 0.12 * np.sin(2 * np.pi * 50 * time + 1)
    near = shaft + fault * ringing + rng.normal(0, 0.06, time.size)
    far = 0.7 * shaft + 0.3 * fault * np.roll(ringing, 9) + rng.normal(0, 0.05, time.size)
    far[14_000:16_500] = np.nan
    warm = 52 + 6 * fault + 0.4 * np.sin(np.arange(20) / 3)
    channels = (
        Channel("drive end", "g", near.astype(np.float32)),
        Channel("fan end", "g", far.astype(np.float32)),
        Channel("bearing temperature", "°C", warm.astype(np.float32), 10.0),
    )
    attributes: dict[str, str | float] = {"asset": PUMP, "speed_rpm": 1500.0, "load": 0.82}
    return encode_window(Window(channels, RATE, at, attributes))


def add_machines(hub: Hub, now: datetime) -> dict[str, str]:
    """Fills `hub`; what a test needs to find its way: `case`, `window`, `calm`."""
    rng = np.random.default_rng(11)
    bundle = _learned(hub)
    with hub.database.transaction() as session:
        token = add_device(session, DEVICE, site="plant-a", group="utilities", who="admin")
        device, _ = enroll(session, token, "aarch64, Debian 12, Python 3.11")
        device.online, device.last_seen_at = True, now
    found: dict[str, str] = {}
    rows: list[Event] = []
    for asset in (PUMP, FAN):
        for hours in np.arange(-168, 0, 1 / 3):
            rows.append(_decision(hub, rng, bundle, asset, now, float(hours), len(rows) + 1, found))
    _send(hub, rows, "s")
    with hub.database.transaction() as session:
        for sample in session.query(Sample).where(Sample.device == DEVICE, Sample.blob != ""):
            sample.blob_state = "stored"
    _send(hub, list(_steps(now, bundle, found)), "a")
    found["case"] = "01kpump"
    return found


def _learned(hub: Hub) -> str:
    content = make_bundle(PROJECT)
    opened, blob = open_bytes(content), hub.storage.put(content)
    with hub.database.transaction() as session:
        session.add(Project(name=PROJECT, kit="predictive-maintenance"))
        session.add(Blob(digest=blob, size=len(content)))
        session.flush()
        session.add(
            Bundle(
                id=opened.id, project=PROJECT, name=PROJECT, version=1, kit="predictive-maintenance",
                blob=blob, size=len(content), origin="publisher", champion=True,
            )
        )  # fmt: skip
    return opened.id


def _decision(
    hub: Hub,
    rng: np.random.Generator,
    bundle: str,
    asset: str,
    now: datetime,
    hours: float,
    seq: int,
    found: dict[str, str],
) -> Event:
    at = now + timedelta(hours=hours)
    wear = max(0.0, (hours + 60) / 60) ** 1.5 if asset == PUMP else 0.0
    score = float(np.clip(0.09 + 0.9 * wear + rng.normal(0, 0.02 + 0.04 * wear), 0.01, 2))
    verdict: Verdict = "act" if score >= 0.5 else "review" if score >= 0.2 else "pass"
    name, blob, kept = new_sample_id(at), None, ""
    if asset == PUMP and (seq % 24 == 0 or hours > -0.4):
        content = vibration(rng, 1.6 * wear, at)
        digest = hub.storage.put(content)
        with hub.database.transaction() as session:
            session.merge(Blob(digest=digest, size=len(content), media_type=MEDIA_TYPE))
        blob = BlobRef(digest=digest, size=len(content), media_type=MEDIA_TYPE)
        kept = "audit" if verdict == "pass" else verdict
        found["window" if verdict == "act" else "calm"] = name
    if asset == PUMP and verdict == "act":
        found.setdefault("onset", name)
        found.setdefault("opened_h", str(hours))
    body = DecisionBody(
        sample_id=name, captured_at=at, source="opcua/vibration", group=asset, media_type=MEDIA_TYPE,
        bundle=bundle, verdict=verdict, score=score, blob=blob, kept_for=kept,
        label="outer_race" if verdict != "pass" else "normal",
        reason=f"score {score:.3f}", prediction=_prediction(score, wear),
        latency_ms={"pre": 1.1, "infer": 2.0, "post": 0.2, "total": 3.3},
    )  # fmt: skip
    return Event(
        seq=seq, klass="s", at=Stamp(wall=at, mono_ns=seq, boot="b", trust="ntp"), body=body
    )


def _prediction(score: float, wear: float) -> dict[str, JsonValue]:
    left = max(4.0, 120 * (1 - wear))
    return {
        "score": score, "label": "outer_race" if score >= 0.2 else "normal",
        "probabilities": {"normal": max(0.0, 1 - score), "outer_race": min(1.0, score), "imbalance": 0.04},
        "quantities": [
            {"name": "remaining_life", "value": left, "unit": "h", "low": 0.6 * left, "high": 1.7 * left, "confidence": 0.9}
        ],
        "reasons": [
            {"text": f"outer race frequency (BPFO, 89.6 Hz) stands {3 + 9 * wear:.1f} times above its usual level at drive end", "weight": 0.8},
            {"text": f"bearing temperature {6 * wear:.1f} °C above that of the same load", "weight": 0.3},
        ],
        "details": {"asset": PUMP, "orders": dict(ORDERS), "sensor_fault": []},
    }  # fmt: skip


def _steps(now: datetime, bundle: str, found: dict[str, str]) -> Iterator[Event]:
    opened = now + timedelta(hours=float(found["opened_h"]))
    table = (
        ("opened", opened - timedelta(hours=6), "warn", 0.31, found["calm"], "", ""),
        ("escalated", opened, "alarm", 0.62, found["onset"], "", ""),
        (
            "acknowledged",
            opened + timedelta(hours=1),
            "alarm",
            0.66,
            "",
            "ordered a bearing",
            "ann",
        ),
        ("escalated", now - timedelta(minutes=30), "alarm", 1.02, found["window"], "", ""),
    )
    for seq, (transition, at, level, score, sample, note, who) in enumerate(table, start=1):
        body = CaseBody.model_validate(
            {
                "case_id": "01kpump", "asset": PUMP, "transition": transition, "level": level,
                "score": score, "label": "outer_race", "sample_id": sample, "bundle": bundle,
                "reason": "BPFO 4.2 times its usual level at drive end", "at": at,
                "since": opened - timedelta(hours=7), "note": note, "who": who,
            }
        )  # fmt: skip
        yield Event(
            seq=seq, klass="a", at=Stamp(wall=at, mono_ns=seq, boot="b", trust="ntp"), body=body
        )


def _send(hub: Hub, rows: list[Event], klass: str) -> None:
    topic = ParsedTopic("plant-a", DEVICE, klass)
    for first in range(0, len(rows), ROWS_IN_FRAME):
        frame = Frame(epoch=f"e{klass}", rows=tuple(rows[first : first + ROWS_IN_FRAME]))
        with hub.database.transaction() as session:
            write_frames(session, [FrameIn(topic, frame)], blob_limit=1 << 24)


if __name__ == "__main__":
    made = seed.make_hub(Path(sys.argv[1]))
    add_machines(made, utc_now())
    made.close()
