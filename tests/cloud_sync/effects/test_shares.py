"""The notices that wait are bounded, and nobody has all of the room."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.event import listen

from cloud_sync.effects import letters
from cloud_sync.effects.alerts import raise_alert
from cloud_sync.store.models import Alert, Effect
from tests.cloud_sync.effects.effect_builders import Scene, full_hub
from tests.cloud_sync.fleet_builders import add_device, make_hub
from tests.cloud_sync.receivers import Receiver


def test_the_outbox_is_bounded_and_tells_that_it_gave_up(tmp_path: Path) -> None:
    with full_hub(tmp_path, 30) as hub:
        scene = Scene(hub, Receiver())
        for number in range(12):
            add_device(hub, f"press-{number}")
            scene.alerts(1, 2, 3, device=f"press-{number}")
        with hub.database.session() as session:
            dead = select(func.count()).where(Effect.state == "dead", Effect.target == "webhook")
            told = select(Alert).where(Alert.device.is_(None))
            [alarm] = session.scalars(told)
            assert (alarm.name, alarm.where) == ("notice-undeliverable", "webhook")
            assert "given up" in alarm.text
            assert session.scalar(dead) == 9
            # the hub's own find room: who is slow hears of it too
            for target in ("mail", "webhook"):
                names = [e.body["name"] for e in letters.newest(session, target=target)]
                assert names.count(alarm.name) == 1
        for number in range(5):
            with hub.database.transaction() as session:
                raise_alert(session, hub.config.notify, f"own-{number}", "error", "x")
        assert scene.states() == {"waiting": 31, "dead": 9 + 3}  # one of them for the mail server


def test_a_device_that_raises_alerts_without_end_costs_no_other_device_a_notice(
    tmp_path: Path, database_url: str
) -> None:
    notify = {"webhook": {"url": "http://127.0.0.1:1/"}, "max_waiting": 30}
    with make_hub(tmp_path, database_url=database_url, notify=notify) as hub:
        scene = Scene(hub, Receiver())
        for name in ("press-1", "press-2"):
            add_device(hub, name)
        scene.alerts(*range(1, 30))
        scene.alerts(*range(30, 60))
        assert scene.states() == {"waiting": 3 + 1, "dead": 56}
        scene.alerts(1, 2, device="press-2")
        assert scene.states() == {"waiting": 3 + 1 + 2, "dead": 56}
        with hub.database.session() as session:
            [alarm] = session.scalars(select(Alert).where(Alert.name == "notice-undeliverable"))
            assert (alarm.device, alarm.where) == ("press-1", "webhook")
            assert alarm.text.startswith("3 notices of press-1 wait for webhook")
            [told] = [e for e in letters.newest(session) if e.body["name"] == alarm.name]
            assert told.state == "waiting"


def test_a_long_backlog_of_alerts_is_counted_once_per_transaction(tmp_path: Path) -> None:
    with full_hub(tmp_path, 500) as hub:
        add_device(hub)
        scene = Scene(hub, Receiver())
        counts: list[str] = []
        listen(
            hub.database.engine, "before_cursor_execute",
            lambda _c, _cursor, text, *_: counts.append(text) if "count(*)" in text else None,
        )  # fmt: skip
        scene.alerts(*range(1, 41))
        assert len(counts) == 1
        scene.alerts(*range(41, 81))
        assert len(counts) == 3  # one more for each receiver the second transaction writes to
        assert scene.states() == {"waiting": 52, "dead": 30}  # two of them: the alarm of it
