"""A hub whose receiver and clock a test holds in its hand."""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from cloud_sync.effects.alerts import outbox_for
from cloud_sync.effects.dispatcher import Dispatcher
from cloud_sync.effects.webhook import Webhook
from cloud_sync.hub import Hub
from cloud_sync.intake.rows import write_frames
from cloud_sync.store.models import Effect
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import alert, frame_in, make_hub
from tests.cloud_sync.receivers import SECRET, Receiver


class Scene:
    """A hub, a receiver and a dispatcher whose clock the test turns."""

    def __init__(self, hub: Hub, receiver: Receiver) -> None:
        self.hub = hub
        self.receiver = receiver
        self.now = utc_now() + timedelta(minutes=1)  # later than what is written
        self.dispatcher = self.another()

    def another(self) -> Dispatcher:
        """A dispatcher of another process."""
        webhook = Webhook(self.hub.config.notify.webhook, [SECRET])
        return Dispatcher(self.hub, [webhook], now=lambda: self.now, rng=random.Random(1))

    def alerts(self, *seqs: int, severity: str = "error", device: str = "press-1") -> None:
        """Rows of a device, as the ingest writes them."""
        events = [alert(seq, severity) for seq in seqs]
        with self.hub.database.transaction() as session:
            write_frames(
                session, [frame_in(*events, device=device, klass="a")], blob_limit=1,
                effects=outbox_for(self.hub.config.notify),
            )  # fmt: skip

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def states(self) -> dict[str, int]:
        with self.hub.database.session() as session:
            grouped = select(Effect.state, func.count()).group_by(Effect.state)
            return {row[0]: row[1] for row in session.execute(grouped)}

    def effect(self) -> Effect:
        with self.hub.database.session() as session:
            return session.scalars(select(Effect)).one()


def full_hub(folder: Path, max_waiting: int) -> AbstractContextManager[Hub]:
    """A hub whose webhook nobody takes from, and that has a mail server besides."""
    notify = {
        "webhook": {"url": "http://127.0.0.1:1/"},
        "mail": {"host": "127.0.0.1", "to": ["crew@works"], "severities": ["warning"]},
        "max_waiting": max_waiting,
    }
    return make_hub(folder, notify=notify)
