"""The oracle can fail: each kind of loss and of doubling in the hub's tables is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud_sync.config import load
from cloud_sync.hub import Hub
from cloud_sync.intake.decode import FrameIn
from cloud_sync.intake.rows import write_frames
from cloud_sync.store.models import Alert, Annotation, Device, Event, Gap, Sample
from kits.core.events import Body, EventClass, GapBody, Stamp
from kits.core.events import Event as Row
from kits.core.frames import Frame
from kits.core.sample import utc_now
from kits.core.topics import ParsedTopic
from tests.failure import driver, oracle
from tests.integration.hub import HubProcess

NAME, EPOCH = "dev-0", "epoch-1"
KLASSES: tuple[EventClass, ...] = ("a", "l", "s", "t")
GAP = GapBody(klass="t", first_seq=1, last_seq=4, rows=1, reason="over budget")


def row(seq: int, klass: EventClass, body: Body) -> Row:
    return Row(seq=seq, klass=klass, at=Stamp(wall=utc_now(), mono_ns=seq, boot="b"), body=body)


@pytest.fixture
def site(
    make_hub: Callable[..., HubProcess], tmp_path: Path
) -> Iterator[tuple[HubProcess, Hub, Path]]:
    """A hub with one row of each class and a gap, and what the device wrote down of them."""
    process = make_hub()
    hub = Hub.open(load(process.data))
    rows = [
        row(seq, klass, driver.body_of(klass, f"{NAME}.1.{seq}"))
        for seq, klass in enumerate(KLASSES, 1)
    ]
    with hub.database.transaction() as session:
        session.add(Device(name=NAME, site="main"))
        session.flush()
        for each in (*rows, row(5, "l", GAP)):
            frame = Frame(epoch=EPOCH, rows=(each,))
            topic = ParsedTopic("main", NAME, each.klass)
            write_frames(session, [FrameIn(topic, frame)], blob_limit=1)
    written = tmp_path / "oracle.txt"
    written.write_text(
        "".join(f"{EPOCH} {each.seq} {each.klass} {NAME}.1.{each.seq} 0\n" for each in rows)
    )
    yield process, hub, written
    hub.close()


def test_what_arrived_once_is_exact(site: tuple[HubProcess, Hub, Path]) -> None:
    process, _hub, written = site
    oracle.judge(process, NAME, written).assert_exact()


@pytest.mark.parametrize("table", [Alert, Annotation, Sample, Gap])
def test_a_row_that_its_own_table_has_twice_is_seen(
    site: tuple[HubProcess, Hub, Path], table: type
) -> None:
    process, hub, written = site
    with hub.database.transaction() as session:
        [found] = session.query(table).all()
        values = {
            column.key: getattr(found, column.key)
            for column in table.__mapper__.column_attrs
            if column.key != "id"
        }
        again = {"id": f"{NAME}.1.99"} if table is Sample else {}
        session.add(table(**values, **again))
    verdict = oracle.judge(process, NAME, written)
    assert verdict.twice == 1
    with pytest.raises(AssertionError):
        verdict.assert_exact()


def test_a_row_that_is_gone_is_seen(site: tuple[HubProcess, Hub, Path]) -> None:
    process, hub, written = site
    with hub.database.transaction() as session:
        session.delete(session.get_one(Event, (NAME, EPOCH, 2)))
    verdict = oracle.judge(process, NAME, written)
    assert (verdict.lost, verdict.holes) == (1, 1)
    assert verdict.twice == 2  # the annotation and the counter are without their event
