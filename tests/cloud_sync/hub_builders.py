"""Builders for tests of the hub: a hub in a folder, people, samples, a project with a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import cv2
import numpy as np
from fastapi.testclient import TestClient

from cloud_sync.app import create_app
from cloud_sync.config import parse
from cloud_sync.hub import Hub
from cloud_sync.learning.datasets import describe, register
from cloud_sync.store.models import Blob, Bundle, Device, Project, Sample
from cloud_sync.web.auth import create_person, issue_token
from kits.core.annotation import Annotation
from kits.core.dataset import DatasetHeader, DatasetItem, Split, build, to_bytes
from kits.core.sample import Sample as CoreSample
from kits.core.sample import digest_of
from kits.core.signing import SigningKey
from tests.cloud_sync.tables import make_tables

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
PASSWORD = "four random words here"
PROJECT = "line-1"
BUNDLE = "b" * 64
"""The bundle that decided the samples; `know_bundle` makes it one of the hub's."""


@contextmanager
def open_hub(folder: Path, **settings: object) -> Iterator[tuple[TestClient, Hub]]:
    """A hub's application on a real SQLite file, with a project and a device."""
    config = parse({"listen": {"port": 0}, **settings}, folder)
    SigningKey.create(config.keys_dir / "hub.pem")
    # without the lifespan: these tests need no broker, no ingest and no worker beside their own
    app = create_app(config)
    hub = app.state.hub
    make_tables(hub.database)
    with hub.database.transaction() as session:
        session.add(Project(name=PROJECT, kit="visual-inspection", kit_yaml=""))
        session.add(Device(name="press-1", site="north"))
    client = TestClient(app)
    try:
        yield client, hub
    finally:
        client.close()
        hub.close()


def add_person(hub: Hub, login: str, role: str, password: str = "") -> dict[str, str]:
    """A person with an API token; returns the headers that carry it."""
    with hub.database.transaction() as session:
        create_person(session, login, password, role, by="test")
        _, secret = issue_token(session, login, "test", by="test")
    return {"Authorization": f"Bearer {secret}"}


def know_bundle(
    hub: Hub, bundle: str = BUNDLE, *, kit: str = "visual-inspection", version: int = 1
) -> None:
    """A bundle the hub knows, never rolled out: what it decided may be learned from."""
    with hub.database.transaction() as session:
        session.add(Blob(digest=bundle, size=1))
        session.flush()
        session.add(
            Bundle(
                id=bundle, project=PROJECT, name=PROJECT, version=version, kit=kit,
                blob=bundle, size=1, origin="publisher",
            )
        )  # fmt: skip


def picture(seed: int, side: int = 64) -> bytes:
    """A PNG with blobs at random places."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(0, 255, (6, 6)).astype(np.float32)
    image = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
    done, packed = cv2.imencode(".png", np.clip(image, 0, 255).astype(np.uint8))
    assert done
    content: bytes = packed.tobytes()
    return content


def add_sample(
    hub: Hub,
    name: str,
    *,
    verdict: str = "act",
    kept_for: str = "act",
    score: float | None = 0.9,
    content: bytes | None = None,
    group: str = "",
    bundle: str = BUNDLE,
    at: datetime = NOON,
    label: str = "scratch",
    media_type: str = "image/png",
    meta: dict[str, str] | None = None,
) -> str:
    """A stored sample as a device would have sent it."""
    content = (
        content if content is not None else picture(int.from_bytes(name.encode(), "big") % 2**32)
    )
    digest = put_blob(hub, content)
    boxes = [{"x0": 1, "y0": 2, "x1": 9, "y1": 8, "label": label, "confidence": score}]
    with hub.database.transaction() as session:
        session.add(
            Sample(
                id=name,
                device="press-1",
                epoch="e",
                seq=1,
                captured_at=at,
                project=PROJECT,
                bundle=bundle,
                verdict=verdict,
                score=score,
                label=label,
                media_type=media_type,
                meta=meta or {},
                prediction={"score": score, "label": label, "boxes": boxes}
                if score is not None
                else {},
                blob=digest,
                blob_size=len(content),
                blob_state="stored",
                kept_for=kept_for,
                group=group,
            )
        )
    return name


def put_blob(hub: Hub, content: bytes) -> str:
    """Stores bytes with their row, as an upload does; the digest."""
    digest = hub.storage.put(content)
    with hub.database.transaction() as session:
        if session.get(Blob, digest) is None:
            session.add(Blob(digest=digest, size=len(content)))
    return digest


def add_dataset(hub: Hub, splits: dict[str, Split], group: str = "") -> str:
    """The project's first version: one picture per name; `name` is also its group by default."""
    items = []
    for number, (name, split) in enumerate(splits.items()):
        content = picture(10_000 + number)
        put_blob(hub, content)
        sample = CoreSample(
            name,
            "image/png",
            digest_of(content),
            len(content),
            NOON - timedelta(days=30),
            group=group or f"part-{name}",
        )
        items.append(DatasetItem(sample, Annotation("good", at=NOON - timedelta(days=30)), split))
    header = DatasetHeader(
        kit="visual-inspection", labels=("scratch",), split_rule="by group", seed=0
    )
    dataset = build(header, items, hub.storage)
    hub.storage.put(to_bytes(dataset))
    version = describe(dataset, hub.storage)
    with hub.database.transaction() as session:
        register(session, version, PROJECT, by="test")
    return dataset.id
