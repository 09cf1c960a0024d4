"""A hub filled with generated pictures and a week of plausible history, for looking at and testing.

People, devices, reviews and bytes go through the hub's own services; what only a device or a
retraining would write (samples, alerts, bundles, jobs) is put into the tables as those would.
`python -m tests.browser.seed DIR` makes one to look at.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.config import dump, parse
from cloud_sync.effects.outbox import effect_key
from cloud_sync.fleet.devices import add_device, enroll
from cloud_sync.hub import Hub
from cloud_sync.intake.decode import FrameIn
from cloud_sync.intake.rows import write_frames
from cloud_sync.learning import reviews
from cloud_sync.store.models import (
    Alert,
    Blob,
    Bundle,
    Dataset,
    Deployment,
    Device,
    Effect,
    EffectTarget,
    Epoch,
    Job,
    Person,
    Project,
    Release,
    Rollout,
    Sample,
    TufMetadata,
)  # fmt: skip
from cloud_sync.web.auth import ROLES, create_person
from kits.core.events import Event, GapBody, HealthBody, Stamp
from kits.core.frames import Frame
from kits.core.prediction import Box
from kits.core.releases import target_path
from kits.core.sample import digest_of, new_sample_id, utc_now
from kits.core.signing import SigningKey
from kits.core.topics import ParsedTopic
from tests.cloud_sync.tables import make_tables

PASSWORD = "four random words"
SIZE = (640, 480)
DEFECTS = ("scratch", "dent", "stain")
PROJECT = "housing-lid"
CHAMPION, CHALLENGER = digest_of(b"champion"), digest_of(b"challenger")
DEVICES = (("press-1", "line-a"), ("press-2", "line-a"), ("pack-1", "line-b"))


def part_image(rng: np.random.Generator, defect: str = "") -> tuple[bytes, tuple[Box, ...]]:
    """A brushed metal lid with four holes as JPEG, and where its defect is."""
    width, height = SIZE
    grain = rng.normal(0, 7, (height, 1)) + rng.normal(0, 4, (height, width))
    lid = 168 + grain + np.linspace(-14, 14, width)
    image = np.repeat(lid[..., None], 3, axis=2) * np.array([1.02, 1.0, 0.97])
    image[:40], image[-40:], image[:, :50], image[:, -50:] = 44, 44, 44, 44
    image = np.clip(image, 0, 255).astype(np.uint8)
    for x, y in ((110, 100), (530, 100), (110, 380), (530, 380)):
        cv2.circle(image, (x, y), 24, (38, 38, 40), -1, cv2.LINE_AA)
        cv2.circle(image, (x, y), 30, (205, 205, 205), 2, cv2.LINE_AA)
    cv2.circle(image, (320, 240), 92, (140, 140, 143), 3, cv2.LINE_AA)
    box = _draw_defect(image, rng, defect) if defect else ()
    return cv2.imencode(".jpg", cv2.GaussianBlur(image, (3, 3), 0))[1].tobytes(), box


def _draw_defect(image: np.ndarray, rng: np.random.Generator, defect: str) -> tuple[Box, ...]:
    x, y = int(rng.integers(180, 440)), int(rng.integers(90, 360))
    if defect == "scratch":
        dx, dy = int(rng.integers(50, 110)), int(rng.integers(-45, 45))
        cv2.line(image, (x, y), (x + dx, y + dy), (232, 232, 236), 2, cv2.LINE_AA)
        cv2.line(image, (x, y + 2), (x + dx, y + dy + 2), (92, 92, 95), 1, cv2.LINE_AA)
        corners = (x - 8, min(y, y + dy) - 8, x + dx + 8, max(y, y + dy) + 10)
    elif defect == "dent":
        r = int(rng.integers(18, 34))
        cv2.ellipse(image, (x, y), (r, int(r * 0.8)), 20, 0, 360, (128, 128, 131), -1, cv2.LINE_AA)
        cv2.ellipse(image, (x - 3, y - 4), (r, int(r * 0.8)), 20, 180, 320, (216, 216, 220), 3)
        corners = (x - r - 5, y - r - 5, x + r + 5, y + r + 5)
    else:
        r = int(rng.integers(20, 40))
        cv2.ellipse(image, (x, y), (r, r // 2), 140, 0, 360, (88, 120, 142), -1, cv2.LINE_AA)
        corners = (x - r - 4, y - r - 4, x + r + 4, y + r + 4)
    return (Box(*map(float, corners), defect, float(rng.uniform(0.62, 0.97))),)


def make_empty_hub(folder: Path) -> Hub:
    """A hub as after `cloud-sync init`, with one person per role."""
    config = parse({"broker": {"kind": "embedded", "port": 0}, "jobs": {"workers": 0}}, folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hub.yaml").write_text(dump(config))
    SigningKey.create(config.keys_dir / "hub.pem")
    hub = Hub.open(config)
    make_tables(hub.database)
    with hub.database.transaction() as session:
        for role in ROLES:
            create_person(session, role, PASSWORD, role, by="seed")
    return hub


def make_hub(folder: Path, *, now: datetime | None = None, samples: int = 160) -> Hub:
    """A filled hub in `folder`; everything is seeded but ids and times."""
    hub = make_empty_hub(folder)
    now = now or utc_now()
    rng = np.random.default_rng(7)
    with hub.database.transaction() as session:
        _devices(session, now)
        _learning(session, hub, now)
        session.flush()
        for index in range(samples):
            _sample(session, hub, rng, index, now)
        session.flush()
        _reviews(session, now)
        _alerts(session, now)
        session.flush()
        _ledger(session, now)
        _effects(session, now)
    return hub


def _devices(session: Session, now: datetime) -> None:
    for index, (name, group) in enumerate(DEVICES):
        token = add_device(session, name, site="plant-a", group=group, who="admin")
        device, _ = enroll(session, token, "x86_64, Debian 12, Python 3.11")
        away = index == 2
        device.online, device.running_bundle = not away, CHAMPION
        device.last_seen_at = now - timedelta(minutes=96 if away else index + 1)
        device.reported = {"agent": "0.1.0", "provider": "cpu", "bundle": CHAMPION}


def _learning(session: Session, hub: Hub, now: datetime) -> None:
    session.add(Project(name=PROJECT, kit="visual-inspection"))
    blob = hub.storage.put(b"a bundle's bytes")
    session.add(Blob(digest=blob, size=16))
    session.flush()
    old, new = digest_of(b"dataset 1"), digest_of(b"dataset 2")
    first = {
        "train": {"good": 120},
        "val": {"good": 15},
        "test": {"good": 15, "scratch": 6, "dent": 4},
    }
    second = {
        "train": {"good": 138, "scratch": 14, "dent": 9, "stain": 5}, "val": {"good": 18, "scratch": 3},
        "test": {"good": 20, "scratch": 8, "dent": 6, "stain": 2},
    }  # fmt: skip
    for id, parent, counts, note, age in (
        (old, "", first, "first good parts", 9), (new, old, second, "with a week of reviews", 1)
    ):  # fmt: skip
        n = sum(sum(split.values()) for split in counts.values())
        session.add(Dataset(id=id, project=PROJECT, parent=parent, n=n, counts=counts, note=note,
                            created_by="engineer", created_at=now - timedelta(days=age)))  # fmt: skip
    figures = {
        "image_auroc": {"value": 0.964, "low": 0.931, "high": 0.986, "n": 36},
        "escape_rate": {"value": 0.063, "low": 0.002, "high": 0.302, "n": 16},
        "overkill_rate": {"value": 0.05, "low": 0.001, "high": 0.249, "n": 20},
    }
    better = {
        "image_auroc": {"value": 0.991, "low": 0.972, "high": 0.999, "n": 36},
        "escape_rate": {"value": 0.0, "low": 0.0, "high": 0.206, "n": 16},
        "overkill_rate": {"value": 0.05, "low": 0.001, "high": 0.249, "n": 20},
    }
    compare = {
        "better": True, "reason": "costs 0.31 EUR less per sample, interval [0.09, 0.62]", "dataset": new,
        "split": "test", "n": 36, "seed": 0, "champion": figures, "challenger": better,
        "cost_difference": {"value": -0.31, "low": -0.62, "high": -0.09, "n": 36},
    }  # fmt: skip
    card = "# housing-lid v{v}\n\nTells scratched, dented and stained lids from good ones.\n"
    for version, id, origin, metrics in (
        (3, CHAMPION, "publisher", figures),
        (4, CHALLENGER, "hub", better),
    ):
        session.add(Bundle(
            id=id, project=PROJECT, name="housing-lid", version=version, kit="visual-inspection",
            blob=blob, size=8_412_000 + version, origin=origin, dataset=old if version == 3 else new,
            metrics=metrics, comparison=compare if version == 4 else {}, card=card.format(v=version),
            champion=version == 3, created_by="engineer" if version == 3 else "",
            approved_by="engineer" if version == 3 else "",
            approved_at=now - timedelta(days=8) if version == 3 else None,
            created_at=now - timedelta(days=8 if version == 3 else 0, hours=1),
        ))  # fmt: skip
    session.flush()
    target = target_path(PROJECT, 1)
    session.add(
        Release(target=target, project=PROJECT, release=1, bundle=CHAMPION, signed_by="engineer")
    )
    for role, version, days in (("root", 1, 340), ("targets", 3, 21), ("snapshot", 9, 29)):
        session.add(TufMetadata(
            role=role, version=version, content=b"", expires_at=now + timedelta(days=days),
            added_by="hub" if role == "snapshot" else "engineer",
        ))  # fmt: skip
    _rollouts(session, target, now)
    done = Job(kind="retraining", state="done", args={"project": PROJECT}, attempts=1,
               result={"dataset": new, "run": "r2", "bundle": CHALLENGER, "passed": True, "compare": compare},
               created_by="engineer", started_at=now - timedelta(minutes=75),
               finished_at=now - timedelta(minutes=61))  # fmt: skip
    session.add(done)
    session.flush()
    log = hub.config.jobs_dir / str(done.id)
    log.mkdir(parents=True)
    (log / "log.txt").write_text(
        "kit data import …\nkit train …\nkit compare …\nchallenger is better\n"
    )


def _rollouts(session: Session, target: str, now: datetime) -> None:
    """One of each kind: done, stopped by its first device, paused, and under way."""
    slow = "p95 latency 184 ms is above the declared 80 ms"
    table: tuple[tuple[str, str, str, float, tuple[tuple[str, str, str], ...]], ...] = (
        ("done", "line-a", "", 192, (("press-1", "committed", ""), ("press-2", "committed", ""))),
        (
            "failed", "line-a",
            f"the first wave failed: press-1 rolled_back: {slow}; 1 of 2 devices were not touched", 30,
            (("press-1", "rolled_back", slow),
             ("press-2", "failed", "not begun: the rollout was stopped")),
        ),
        ("paused", "line-b", "", 2, (("pack-1", "pending", ""),)),
        ("running", "line-a", "", 0.2, (("press-1", "building", ""), ("press-2", "pending", ""))),
    )  # fmt: skip
    for state, group, reason, hours, devices in table:
        begun, over = now - timedelta(hours=hours), state in ("done", "failed")
        rollout = Rollout(
            bundle=CHAMPION, group=group, release=1, target=target, state=state, reason=reason,
            created_by="engineer", created_at=begun, deadline_at=begun + timedelta(hours=1),
            finished_at=begun + timedelta(minutes=41) if over else None,
            paused_at=now - timedelta(minutes=50) if state == "paused" else None,
        )  # fmt: skip
        session.add(rollout)
        session.flush()
        for wave, (name, where, error) in enumerate(devices):
            at = begun + timedelta(minutes=3 + 4 * wave)
            session.add(Deployment(
                rollout_id=rollout.id, device=name, state=where, error=error, wave=wave,
                previous_bundle=CHAMPION, created_at=begun, updated_at=at,
                begun_at=None if where == "pending" else at, finished_at=at if over else None,
            ))  # fmt: skip


def _sample(
    session: Session, hub: Hub, rng: np.random.Generator, index: int, now: datetime
) -> None:
    kind = rng.choice(["good", *DEFECTS], p=[0.62, 0.18, 0.12, 0.08])
    defect = "" if kind == "good" else str(kind)
    content, boxes = part_image(rng, defect)
    missed = bool(defect) and rng.random() < 0.08
    false_alarm = not defect and rng.random() < 0.06
    score = float(np.clip(rng.normal(0.83 if defect and not missed else 0.16, 0.1), 0.01, 0.99))
    if false_alarm:
        score, boxes = 0.58, (Box(250.0, 190.0, 330.0, 260.0, "stain", 0.58),)
    verdict = "act" if score >= 0.66 else "review" if score >= 0.45 else "pass"
    # more by day than by night, as a two-shift line has it
    age = timedelta(hours=float(24 * rng.beta(1.3, 1.6)), seconds=index)
    at = now - age
    device = DEVICES[int(rng.integers(0, 3))][0]
    label = defect or ("stain" if false_alarm else "good")
    kept_for = "audit" if index % 3 == 0 else verdict
    stored = verdict != "pass" or index % 3 == 0
    digest = hub.storage.put(content) if stored else ""
    if stored and session.get(Blob, digest) is None:
        session.add(Blob(digest=digest, size=len(content), media_type="image/jpeg"))
    pre, infer, post = 2.1 + rng.random(), 17 + 4 * rng.random(), 0.9 + rng.random() / 2
    session.add(Sample(
        id=new_sample_id(at), device=device, epoch="e1", seq=index + 1, captured_at=at, received_at=at,
        project=PROJECT, bundle=CHAMPION, verdict=verdict, score=round(score, 4), label=label,
        reason=f"score {score:.3f} {'≥ 0.660' if verdict == 'act' else 'within the review band' if verdict == 'review' else '< 0.450'}",
        prediction={"score": round(score, 4), "label": label, "boxes": [
            {"x0": b.x0, "y0": b.y0, "x1": b.x1, "y1": b.y1, "label": b.label, "confidence": round(b.confidence, 3)}
            for b in (boxes if verdict != "pass" else ())]},
        latency_ms={"pre": pre, "infer": infer, "post": post, "total": pre + infer + post},
        actions={"reject": "done"} if verdict == "act" else {}, media_type="image/jpeg", blob=digest,
        blob_size=len(content) if stored else 0, blob_state="stored" if stored else "none",
        kept_for=kept_for if stored else "", source=f"camera-{device[-1]}/{index:05d}.jpg",
        group=f"lot-{index // 20:03d}", meta={"width": SIZE[0], "height": SIZE[1], "truth": str(kind)},
    ))  # fmt: skip


def _reviews(session: Session, now: datetime) -> None:
    person = session.scalar(select(Person).where(Person.login == "reviewer"))
    assert person is not None
    stored = select(Sample).where(Sample.blob_state == "stored").order_by(Sample.captured_at)
    for index, sample in enumerate(session.scalars(stored).all()):
        if index % 2:
            continue
        truth = str(sample.meta["truth"])
        right = (truth == "good") == (sample.verdict == "pass")
        choice: reviews.Choice = "accept" if right else "correct"
        at = min(now, sample.captured_at + timedelta(minutes=30))
        reviews.submit(session, person, sample.id, choice, label=truth if not right else "", now=at)


def _alerts(session: Session, now: datetime) -> None:
    rows = (
        ("pack-1", "camera_lost", "error", "camera-1 does not answer; trying again every 5 s", 98),
        ("press-2", "disk_low", "warning", "spool at 82 % of its budget", 210),
        (
            None,
            "drift",
            "info",
            "brightness of press-1 moved: 0.4 σ over 6 h (one false alarm a month)",
            340,
        ),
    )
    for index, (device, name, severity, text, minutes) in enumerate(rows):
        session.add(Alert(device=device, epoch="e1" if device else "", seq=900 + index, name=name,
                          severity=severity, text=text, at=now - timedelta(minutes=minutes)))  # fmt: skip
    assert session.get(Device, "pack-1") is not None


def _ledger(session: Session, now: datetime) -> None:
    """Rows as they came: one device complete, one that had to give up some, one that began anew."""
    over = "telemetry over its byte budget"
    gaps = {
        "pack-1": {940: gap(400, 930, 266, over), 941: gap(300, 305, 0, "disk full", 3, 1_350_000)}
    }
    here = {
        ("press-1", "1c6a"): range(1, 1201),
        ("pack-1", "77b2"): [n for n in range(1, 942) if not 400 <= n <= 930 or n % 2],
        ("press-2", "90ff"): range(1, 641),
        ("press-2", "d41e"): [*range(1, 180), *range(214, 260)],
    }
    for (device, epoch), numbers in here.items():
        told = gaps.get(device, {})
        for first in range(0, len(numbers), 200):
            rows = [row(n, told.get(n), now - timedelta(seconds=20 * (1200 - n))) for n in
                    numbers[first : first + 200]]  # fmt: skip
            for klass in ("t", "l"):
                some = tuple(one for one in rows if one.klass == klass)
                topic = ParsedTopic("plant-a", device, klass)
                frame = FrameIn(topic, Frame(epoch=epoch, rows=some))
                write_frames(session, [frame] if some else [], blob_limit=1)
    began = session.get_one(Epoch, ("press-2", "d41e"))
    began.missing_since = now - timedelta(minutes=12)


def gap(first: int, last: int, rows: int, reason: str, blobs: int = 0, size: int = 0) -> GapBody:
    """A declared loss."""
    return GapBody(
        klass="s" if blobs else "t", first_seq=first, last_seq=last, rows=rows, blobs=blobs,
        bytes=size or rows * 300, reason=reason,
    )  # fmt: skip


def row(number: int, body: GapBody | None, at: datetime) -> Event:
    """A row of telemetry, or one that declares a loss."""
    stamp = Stamp(wall=at, mono_ns=number * 20_000_000_000, boot="boot-1", trust="ntp")
    if body is not None:
        return Event(seq=number, klass="l", at=stamp, body=body)
    return Event(seq=number, klass="t", at=stamp, body=HealthBody(figures={"queue": 0.0}))


def _effects(session: Session, now: datetime) -> None:
    """Told, not told yet, and given up."""
    for index, (target, state, attempts, error) in enumerate((
        ("mail", "done", 1, ""), ("webhook", "done", 1, ""), ("webhook", "done", 2, ""),
        ("webhook", "waiting", 3, "answered with HTTP 503"),
        ("mail", "dead", 1, "no recipient was accepted (SMTP 550)"),
    )):  # fmt: skip
        alert = session.scalars(select(Alert).order_by(Alert.id)).all()[index % 2]
        body = {"name": alert.name, "severity": alert.severity, "text": alert.text, "where": "",
                "device": alert.device or "", "at": alert.at.isoformat()}  # fmt: skip
        session.add(Effect(
            key=effect_key(target, "alert.raised", str(index)), target=target, kind="alert.raised",
            body=body, state=state, attempts=attempts, error=error, created_at=alert.at,
            next_at=now + timedelta(seconds=40), done_at=alert.at if state == "done" else None,
        ))  # fmt: skip
    session.add(EffectTarget(name="webhook", failures=5, error="answered with HTTP 503",
                             open_until=now + timedelta(minutes=2),
                             last_ok_at=now - timedelta(hours=3)))  # fmt: skip
    session.add(EffectTarget(name="mail", last_ok_at=now - timedelta(minutes=98)))


if __name__ == "__main__":
    made = make_hub(Path(sys.argv[1]))
    made.close()
    print(f"sign in as one of {', '.join(ROLES)} with the password {PASSWORD!r}")  # noqa: T201  a script
