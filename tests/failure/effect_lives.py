"""Many short lives of a hub that crashes at a named point: `python -m tests.failure.effect_lives`.

One process without threads imports everything once; each life is a fork of it that opens the
database anew, takes frames, dispatches effects, and ends with `os._exit` at its point. What a
device was told (acknowledgements) is appended to a file, as is what the database says is committed.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event

from cloud_sync.config import load
from cloud_sync.effects.dispatcher import Dispatcher
from cloud_sync.effects.webhook import Webhook
from cloud_sync.fleet.broker import BrokerAddress
from cloud_sync.hub import Hub
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.link import Message, MqttLink
from kits.core.events import AlertBody, Event, Stamp
from kits.core.frames import Frame, decode_ack, encode_frame
from kits.core.sample import utc_now
from kits.core.topics import DeviceTopics
from tests.cloud_sync.receivers import SECRET

POINTS = ("inserted", "committed", "acknowledged", "claimed", "delivered", "noted", "none")
CRASHED = 77
LEASE_OVER = timedelta(minutes=10)


class Link(MqttLink):
    """Writes acknowledgements to a file, as a device would note them; dies on request."""

    def __init__(self, hub: Hub, acks: Path, point: str) -> None:
        super().__init__(BrokerAddress("127.0.0.1", 1), "lives", hub.metrics, subscribe=False)
        self._acks = acks
        self._point = point

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        crash_at("committed", self._point)
        ack = decode_ack(payload)
        with self._acks.open("a") as file:
            for first, last in ack.ranges:
                file.writelines(f"{seq}\n" for seq in range(first, last + 1))
        return True

    def acknowledge(self, message: Message) -> None:
        pass


class Crashing(Dispatcher):
    """Dies after it has claimed, delivered, or noted that it has, at the delivery it is told."""

    point = ""
    deliveries = 1

    def _deliver(self, target, claimed):  # type: ignore[no-untyped-def]
        self.deliveries -= 1
        if self.deliveries > 0:
            target.deliver(claimed)
            super()._succeeded(target, claimed)
            return True
        crash_at("claimed", self.point)
        return super()._deliver(target, claimed)

    def _succeeded(self, target, claimed):  # type: ignore[no-untyped-def]
        crash_at("delivered", self.point)
        super()._succeeded(target, claimed)
        crash_at("noted", self.point)


def crash_at(here: str, point: str) -> None:
    """Ends the process at once when this is the point: no clean-up, no flush, no rollback."""
    if here == point:
        os._exit(CRASHED)


def life(hub: Hub, folder: Path, number: int, point: str, pending: list[int]) -> None:
    """One life: takes what the device still has, then tells the receiver what is due."""
    link = Link(hub, folder / "acks", point)
    ingest = Ingest(hub, link)
    if point == "inserted":
        event.listen(hub.database.engine, "commit", lambda _c: os._exit(CRASHED))
    topic = DeviceTopics("main", "press-1").frames("a")
    frame = Frame(epoch="epoch-1", rows=tuple(alert(seq) for seq in pending))
    ingest.process([Message(topic, encode_frame(frame), 1, 1, 0)])
    crash_at("acknowledged", point)
    now = utc_now() + number * LEASE_OVER
    dispatcher = Crashing(
        hub, [Webhook(hub.config.notify.webhook, [SECRET])],
        now=lambda: now, rng=random.Random(number),
    )  # fmt: skip
    dispatcher.point, dispatcher.deliveries = point, 1 + number % 3
    while dispatcher.step():
        pass
    os._exit(0)


def alert(seq: int) -> Event:
    """Row `seq` of the device."""
    body = AlertBody(name=f"alert-{seq}", severity="error", text=f"number {seq}")
    return Event(
        seq=seq, klass="a", body=body,
        at=Stamp(wall=utc_now(), mono_ns=seq, boot="boot", trust="ntp"),
    )  # fmt: skip


def acknowledged(folder: Path) -> set[int]:
    """What the device was told is safe."""
    file = folder / "acks"
    return {int(line) for line in file.read_text().split()} if file.exists() else set()


def main(folder: Path, rows: int, seed: int) -> None:
    """Lives until every row is acknowledged and told of; prints how often it crashed where."""
    points = _points(random.Random(seed))
    hub = Hub.open(load(folder))
    crashes = dict.fromkeys(POINTS, 0)
    made = number = 0
    while True:
        told = acknowledged(folder)
        made = min(rows, made + 1)
        pending = [seq for seq in range(1, made + 1) if seq not in told][:50]
        number += 1
        over = made == rows and not pending
        point = "none" if over else next(points)
        child = os.fork()
        if child == 0:
            try:
                life(hub, folder, number, point, pending or [1])
            except BaseException as error:  # noqa: BLE001  (nothing may run on in a fork)
                sys.stderr.write(f"{error!r}\n")
                os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status not in (0, CRASHED):
            raise SystemExit(f"life {number} ended with {status} at {point}")
        crashes[point] += status == CRASHED
        if over:
            break
    sys.stdout.write(json.dumps({"lives": number, **crashes}) + "\n")


def _points(draw: random.Random) -> Iterator[str]:
    """Every point once, in an order that is drawn anew, again and again."""
    while True:
        yield from draw.sample(POINTS[:-1], len(POINTS) - 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
