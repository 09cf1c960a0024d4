"""Whatever a device sends can at worst be refused and counted: nobody else waits for it."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sqlalchemy import select, text, update

from cloud_sync.fleet import devices
from cloud_sync.hub import Hub
from cloud_sync.intake.answers import LOGGED_A_MINUTE
from cloud_sync.intake.decode import Refused, decode
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.ledger import accounts
from cloud_sync.intake.parts import Parts
from cloud_sync.store import models
from kits.core.events import Event, HealthBody
from kits.core.sample import utc_now
from kits.core.topics import DeviceTopics
from tests.cloud_sync.fleet_builders import (
    add_device,
    alert,
    decision,
    event,
    frame_bytes,
    label,
    make_hub,
)
from tests.cloud_sync.intake.intake_builders import (
    SilentLink,
    changed_frame,
    count,
    frame_message,
    message,
    refused,
)

BOMB = zstandard.ZstdCompressor().compress(b"\0" * (9 << 20))


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        yield hub


def far_away() -> Event:
    """A row whose number no database holds."""
    return decision(1).model_copy(update={"seq": 1 << 63})


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("kw/v1/main/press-1/up/s", b"garbage", "frame"),
        ("kw/v1/main/press-1/up/s", b"", "frame"),
        ("kw/v1/main/press-1/up/s", BOMB, "frame"),
        ("kw/v1/main/press-1/up/s", b"x" * 300_000, "too large"),
        ("kw/v1/main/press-1/up/a", frame_bytes(decision(1)), "class"),
        ("kw/v1/main/press-1/up/s", frame_bytes(far_away()), "frame"),
        ("kw/v1/main/press-1/up/f/" + "a" * 64 + "/0", b"short", "chunk"),
        ("kw/v1/main/press-1/st/online", b"maybe", "status"),
        ("kw/v1/main/press-1/st/reported", b"[]", "status"),
        ("kw/v1/main/press-1/st/reported", b"{" * 70_000, "too large"),
        ("kw/v1/main/PRESS/up/s", b"", "topic"),
        ("kw/v1/main/press-1/up/x", b"", "topic"),
    ],
)
def test_hostile_messages_are_refused_with_a_reason(
    topic: str, payload: bytes, reason: str
) -> None:
    result = decode(topic, payload)
    assert isinstance(result, Refused)
    assert result.reason == reason


def test_a_hostile_message_does_not_hold_up_the_others(hub: Hub) -> None:
    add_device(hub)
    link = SilentLink(hub)
    Ingest(hub, link).process(
        [message(b"garbage", 1), message(frame_bytes(decision(1)), 2), message(b"\xff", 3)]
    )
    assert link.acknowledged == [1, 2, 3]
    assert count(hub, models.Event) == 1
    assert refused(hub, "frame") == 2


def test_unknown_revoked_and_foreign_devices_are_ignored(hub: Hub) -> None:
    add_device(hub)
    add_device(hub, "press-2")
    with hub.database.transaction() as session:
        devices.revoke(session, "press-2", who="test")
    link = SilentLink(hub)
    Ingest(hub, link).process(
        [
            message(frame_bytes(decision(1)), device="press-2"),
            message(frame_bytes(decision(1)), device="stranger"),
            message(frame_bytes(decision(1)), topic="kw/v1/other-site/press-1/up/s"),
        ]
    )
    assert count(hub, models.Event) == 0
    assert refused(hub, "unknown device") == 3


def test_a_row_of_a_newer_agent_is_kept_and_the_others_go_on(hub: Hub) -> None:
    add_device(hub)
    unknown = {"kind": "hologram", "depth": 3}
    payload = changed_frame(
        [decision(1), decision(2), decision(3)], lambda rows: rows[1].update(body=unknown)
    )
    link = SilentLink(hub)
    Ingest(hub, link).process([message(payload)])
    assert (count(hub, models.Event), count(hub, models.Sample)) == (3, 2)
    with hub.database.session() as session:
        kept = session.scalars(select(models.Event).where(models.Event.seq == 2)).one()
        assert kept.kind == "unreadable"
        assert "hologram" in str(kept.body["raw"])
        assert accounts(session)[0].complete
        [told] = session.scalars(select(models.Alert)).all()
        assert (told.name, told.device) == ("unreadable-row", "press-1")
        assert "'hologram' found using 'kind' does not match" in told.text
    assert refused(hub, "unreadable row") == 1


def test_rows_that_are_not_understood_are_told_of_once_and_understood_ones_never(hub: Hub) -> None:
    add_device(hub)
    ingest = Ingest(hub, SilentLink(hub))
    newer = [
        changed_frame([decision(n)], lambda rows: rows[0].update(body={"kind": "hologram"}))
        for n in (1, 2)
    ]
    ingest.process([message(frame_bytes(decision(3)))])
    assert count(hub, models.Alert) == 0
    ingest.process([message(newer[0]), message(newer[1], 2)])
    ingest.process([message(newer[0])])
    assert (count(hub, models.Alert), count(hub, models.Event)) == (1, 3)
    with hub.database.transaction() as session:
        session.execute(update(models.Alert).values(seen_at=utc_now(), seen_by="ann"))
    ingest.process([message(newer[1])])
    assert count(hub, models.Alert) == 1, "the same row says nothing new"


def test_a_message_nobody_can_read_is_kept_told_of_once_and_bounded(tmp_path: Path) -> None:
    with make_hub(tmp_path, limits={"quarantine_bytes": 5000}) as hub:
        add_device(hub)
        ingest = Ingest(hub, SilentLink(hub))
        for _ in range(3):
            ingest.process([message(b"garbage" * 100), message(frame_bytes(decision(1)), 2)])
        with hub.database.session() as session:
            kept = session.scalars(select(models.Quarantine)).one()
            assert (kept.device, kept.reason, kept.times) == ("press-1", "frame", 3)
            assert kept.payload == b"garbage" * 100
            [told] = session.scalars(select(models.Alert)).all()
            assert (told.name, told.device) == ("unreadable-message", "press-1")
        for number in range(20):
            ingest.process([message(bytes([number]) * 1000)])
        with hub.database.session() as session:
            sizes = session.scalars(select(models.Quarantine.size)).all()
        assert sum(sizes) <= 5000
        assert hub.metrics.quarantined._value.get() == 23


def test_what_strangers_send_is_not_kept(hub: Hub) -> None:
    add_device(hub)
    Ingest(hub, SilentLink(hub)).process([message(b"garbage", device="stranger")])
    assert count(hub, models.Quarantine) == 0


def test_text_that_a_database_cannot_hold_is_no_poison(hub: Hub) -> None:
    add_device(hub)
    nasty = decision(1, "s1", source="a\x00b", meta={"odd": float("nan"), "nul": "\x00"})
    link = SilentLink(hub)
    Ingest(hub, link).process([message(frame_bytes(nasty, decision(2)))])
    assert link.acknowledged == [1]
    assert count(hub, models.Sample) == 2


Change = Callable[[dict[str, Any]], object]
YEAR_ONE = "0001-01-01T00:00:00+10:00"
LAST_HOUR = "9999-12-31T23:30:00-10:00"


def health(seq: int) -> Event:
    return event(seq, "t", HealthBody(figures={"queue": 1.0}))


def labelled(seq: int) -> Event:
    return label(seq, f"s{seq}")


def deep(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


POISON: dict[str, tuple[Callable[[int], Event], Change]] = {
    "a label in the year 1": (
        labelled,
        lambda row: row["body"]["annotation"].update(at=YEAR_ONE),
    ),
    "written in the year 1": (health, lambda row: row["at"].update(wall=YEAR_ONE)),
    "written in the last hour": (alert, lambda row: row["at"].update(wall=LAST_HOUR)),
    "captured in the year 1": (decision, lambda row: row["body"].update(captured_at=YEAR_ONE)),
    "a bundle's id without end": (
        decision,
        lambda row: row["body"].update(bundle=secrets.token_hex(3000)),
    ),
    "a sample without an id": (decision, lambda row: row["body"].update(sample_id="")),
    "a sample whose id is no part of an address": (
        decision,
        lambda row: row["body"].update(sample_id="../x"),
    ),
    "an alert's name without end": (
        alert,
        lambda row: row["body"].update(name=secrets.token_hex(30_000)),
    ),
    "a score beyond all numbers": (decision, lambda row: row["body"].update(score=math.inf)),
    "figures beyond all numbers": (
        health,
        lambda row: row["body"].update(figures={"queue": math.inf, "disk": math.nan}),
    ),
    "deeply nested": (decision, lambda row: row["body"].update(meta={"m": deep(150)})),
    "a clock beyond all numbers": (health, lambda row: row["at"].update(mono_ns=1 << 80)),
    "quantities beyond all numbers": (
        labelled,
        lambda row: row["body"]["annotation"].update(
            quantities=[{"name": "rul", "value": math.nan, "unit": "h"}]
        ),
    ),
}


@pytest.mark.parametrize("case", POISON)
def test_a_poisoned_row_costs_at_most_itself(hub: Hub, case: str) -> None:
    make, change = POISON[case]
    add_device(hub)
    add_device(hub, "press-2")
    rows = [make(seq) for seq in (1, 2, 3)]
    poisoned = changed_frame(rows, lambda raw: change(raw[1]))
    topic = DeviceTopics("main", "press-1").frames(rows[0].klass)
    link = SilentLink(hub)
    Ingest(hub, link).process(
        [
            frame_message(decision(1, "a"), mid=1, device="press-2"),
            message(poisoned, 2, topic),
            frame_message(decision(2, "b"), mid=3, device="press-2"),
        ]
    )
    assert sorted(link.acknowledged) == [1, 2, 3]
    assert (link.told(), link.told("press-2")) == ({1, 2, 3}, {1, 2})
    with hub.database.session() as session:
        assert [account.complete for account in accounts(session)] == [True, True]
        assert all(event.wall.year >= 1970 for event in session.scalars(select(models.Event)))


def refuse_samples(hub: Hub, name: str) -> None:
    """As if the table could not take a sample of this name, for a reason nobody thought of."""
    if hub.database.engine.dialect.name == "sqlite":
        made = [
            f"CREATE TRIGGER odd BEFORE INSERT ON sample WHEN NEW.source = '{name}' "
            "BEGIN SELECT RAISE(ABORT, 'no such thing'); END"
        ]
    else:
        made = [
            "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'no such thing'; END $$",
            "CREATE TRIGGER odd BEFORE INSERT ON sample FOR EACH ROW "
            f"WHEN (NEW.source = '{name}') EXECUTE FUNCTION odd()",
        ]
    with hub.database.transaction() as session:
        for statement in made:
            session.execute(text(statement))


def test_a_row_that_no_table_takes_is_kept_as_it_came(hub: Hub) -> None:
    add_device(hub)
    add_device(hub, "press-2")
    refuse_samples(hub, "odd")
    link = SilentLink(hub)
    batch = [frame_message(decision(n, f"a{n}"), mid=n, device="press-2") for n in range(1, 8)]
    rows = [decision(1), decision(2, source="odd"), decision(3)]
    Ingest(hub, link).process([*batch, frame_message(*rows, mid=8)])
    assert sorted(link.acknowledged) == list(range(1, 9))
    assert (link.told(), link.told("press-2")) == ({1, 2, 3}, set(range(1, 8)))
    assert (count(hub, models.Event), count(hub, models.Sample)) == (10, 9)
    with hub.database.session() as session:
        kept = session.scalars(select(models.Event).where(models.Event.kind == "unreadable")).one()
        assert (kept.device, kept.seq) == ("press-1", 2)
        assert '"source":"odd"' in str(kept.body["raw"])
        [told] = session.scalars(select(models.Alert)).all()  # and of press-2 nothing
        assert (told.name, told.device) == ("unreadable-row", "press-1")
    assert refused(hub, "unreadable row") == 1


def test_a_message_that_breaks_every_transaction_is_kept_for_a_person(hub: Hub) -> None:
    """Not a frame: there is no row that could be kept instead."""
    add_device(hub)
    link = SilentLink(hub)
    status = DeviceTopics("main", "press-1").reported
    reported = message(b'{"agent_version": "' + b"9" * 100 + b'"}', 1, status)
    with hub.database.transaction() as session:
        device = session.get_one(models.Device, "press-1")
        device.reported = {}
    ingest = Ingest(hub, link)
    refuse_reports(hub)
    ingest.process([reported, frame_message(decision(1), mid=2)])
    assert sorted(link.acknowledged) == [1, 2]
    assert link.told() == {1}
    assert count(hub, models.Quarantine) == refused(hub, "database") == 1


def refuse_reports(hub: Hub) -> None:
    if hub.database.engine.dialect.name == "sqlite":
        made = (
            "CREATE TRIGGER odd BEFORE UPDATE OF reported ON device "
            "BEGIN SELECT RAISE(ABORT, 'no such thing'); END"
        )
    else:
        made = "ALTER TABLE device ADD CONSTRAINT odd CHECK (length(reported::text) < 20)"
    with hub.database.transaction() as session:
        session.execute(text(made))


def test_more_pictures_than_a_statement_has_places_are_announced(hub: Hub) -> None:
    add_device(hub)
    announced = [("press-1", "epoch-1", f"{number:064x}") for number in range(70_000)]
    with hub.database.session() as session:
        assert Parts(hub).states(session, announced) == []


def test_what_was_refused_does_not_stand_in_the_log(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    add_device(hub)
    refuse_samples(hub, "secret recipe")
    Ingest(hub, SilentLink(hub)).process([frame_message(decision(1, source="secret recipe"))])
    assert "no such thing" in caplog.text
    assert "secret recipe" not in caplog.text


def test_a_device_that_says_nonsense_writes_few_lines_of_log(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    """Each message had its line: 300 a second, from a device that is broken or somebody else's."""
    add_device(hub)
    ingest = Ingest(hub, SilentLink(hub))
    for mid in range(LOGGED_A_MINUTE + 5):
        ingest.process([message(b"nonsense", mid)])
    lines = [line for line in caplog.messages if "event=refused" in line]
    assert len(lines) == LOGGED_A_MINUTE
    assert refused(hub, "frame") == LOGGED_A_MINUTE + 5
