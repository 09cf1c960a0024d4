"""Twelve weeks of a shop's mails in a hub: two bundles, audits, drafts, a promise that was broken.

On top of `seed.py`, for looking at and testing. Rows go in as a device's, through the hub's own intake.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import update

from cloud_sync.fleet.devices import add_device, enroll
from cloud_sync.hub import Hub
from cloud_sync.intake.decode import FrameIn
from cloud_sync.intake.rows import write_frames
from cloud_sync.mails.gates import GateWatch
from cloud_sync.store.models import Device
from kits.core.events import BlobRef, DecisionBody, DraftBody, Event, LabelBody, Stamp
from kits.core.frames import Frame
from kits.core.mail_remarks import MailRemarks, write_remarks
from kits.core.sample import digest_of
from kits.core.topics import ParsedTopic
from tests.cloud_sync.fleet_builders import put_blob
from tests.cloud_sync.mails.mail_builders import ANN, MAIL, know_bundle, letter

DEVICE = "mail-server"
INTENTS = ("order-status", "returns", "billing", "change-address")
COSTS = "costs: {currency: EUR, review: 0.6, escape: 5.0}"
_PER_WEEK = 90


def add_mails(hub: Hub, now: datetime) -> dict[str, str]:
    """Fills `hub`; what a test needs: `hers`, a mail of Ann's, and `bundle`, whose gate is closed."""
    rng = random.Random(5)
    first, second = know_bundle(hub, 1, kit_yaml=COSTS), know_bundle(hub, 2)
    with hub.database.transaction() as session:
        enroll(session, add_device(session, DEVICE, site="main", who="seed"), "mail server")
    rows: list[Event] = []
    for week in range(12):
        bundle, wrong = (first, 0.012) if week > 2 else (second, 0.35)
        for n in range(_PER_WEEK):
            at = now - timedelta(days=7 * week, hours=rng.uniform(0.5, 150), minutes=1)
            rows += _mail(rng, f"m{week}-{n}", at, bundle, wrong)
    hers = letter(ANN)
    put_blob(hub, hers)
    blob = BlobRef(digest=digest_of(hers), size=len(hers), media_type=MAIL)
    rows.append(_row(_decision("hers", now - timedelta(hours=1), second, "act", blob=blob), now))
    _take(hub, rows)
    with hub.database.transaction() as session:
        running = update(Device).where(Device.name == DEVICE)
        session.execute(running.values(running_bundle=second))
    GateWatch(hub).step()
    return {"hers": "hers", "bundle": second}


def _mail(rng: random.Random, name: str, at: datetime, bundle: str, wrong: float) -> list[Event]:
    label = rng.choice(INTENTS)
    acts = rng.random() < 0.8
    audit = acts and rng.random() < 0.25
    body = _decision(name, at, bundle, "act" if acts and not audit else "review", label=label)
    if audit:
        body = body.model_copy(
            update={"kept_for": "audit", "meta": write_remarks({}, MailRemarks(audit=True))}
        )
    rows = [_row(body, at)]
    if audit and rng.random() < 0.9:
        truth = rng.choice(INTENTS) if rng.random() < wrong else label
        stated = {"label": truth, "author": "mailbox", "at": (at + timedelta(hours=2)).isoformat()}
        rows.append(_row(LabelBody(sample_id=name, annotation=stated), at))
    if body.verdict == "act" and rng.random() < 0.7:
        fate = rng.choices(("accepted", "edited", "discarded"), (6, 3, 1))[0]
        rows.append(
            _row(
                DraftBody(
                    sample_id=name, fate=fate, intent=label, bundle=bundle,
                    at=at + timedelta(hours=rng.lognormvariate(0.3, 0.7)),
                    changed_share=rng.uniform(0.05, 0.5) if fate == "edited" else 0.0,
                ),
                at,
            )
        )  # fmt: skip
    return rows


def _decision(
    name: str,
    at: datetime,
    bundle: str,
    verdict: str,
    *,
    label: str = "order-status",
    blob: BlobRef | None = None,
) -> DecisionBody:
    return DecisionBody.model_validate(
        {
            "sample_id": name, "captured_at": at, "media_type": MAIL, "bundle": bundle,
            "verdict": verdict, "score": 0.97, "label": label, "source": "mailbox", "blob": blob,
            "prediction": {"score": 0.97, "label": label},
        }
    )  # fmt: skip


def _row(body: DecisionBody | LabelBody | DraftBody, at: datetime) -> Event:
    klass = "s" if isinstance(body, DecisionBody) else "l"
    stamp = Stamp(wall=at, mono_ns=1_000_000, boot="b1", trust="ntp")
    return Event(seq=1, klass=klass, at=stamp, body=body)


def _take(hub: Hub, rows: list[Event]) -> None:
    numbered = [row.model_copy(update={"seq": n}) for n, row in enumerate(rows, 1)]
    for klass in ("s", "l"):
        mine = [row for row in numbered if row.klass == klass]
        frames = [
            FrameIn(ParsedTopic("main", DEVICE, klass), Frame(epoch="e1", rows=tuple(mine[n : n + 200])))
            for n in range(0, len(mine), 200)
        ]  # fmt: skip
        with hub.database.transaction() as session:
            write_frames(session, frames, blob_limit=1 << 24)
