"""The book of open alerts: what flaps, what nobody ends, and what was open when the agent ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.alert_book import AGAIN_WITHIN_S, LASTING, PASSING, PASSING_CALM_S, AlertBook
from edge_agent.sync.entry import Entry
from edge_agent.update import trial
from kits.core.events import AlertBody
from tests.edge_agent.test_sender import Clock


class Told:
    """A book, its clock, and what the outbox got of it."""

    def __init__(self, kept: Path | None = None) -> None:
        self.rows: list[tuple[str, str]] = []
        self.clock = Clock()
        self.book = AlertBook(self._put, kept, clock=self.clock)

    def _put(self, entry: Entry) -> bool:
        assert isinstance(entry.body, AlertBody)
        self.rows.append((entry.body.name, entry.body.severity))
        return True

    def later(self, seconds: float) -> None:
        """Time goes by as it does for the watch: a look each second."""
        for _ in range(round(seconds)):
            self.clock.now += 1
            self.book.settle()


@pytest.mark.parametrize("third_end_s", [49, 61, 75])
def test_an_alert_that_flaps_and_ends_late_is_told_once_and_ends_nothing(third_end_s: int) -> None:
    told = Told()
    for pause_s, severity in [(0, "error"), (4, "info"), (16, "error"), (4, "info"), (21, "error")]:
        told.later(pause_s)
        told.book("hub-away", severity, "away")
    told.later(third_end_s - 45)
    for _ in range(60):  # a condition that is looked at each second
        told.book("hub-away", "info", "back")
        told.later(1)
    assert told.book.open() == {}
    severities = [severity for _, severity in told.rows]
    assert severities == ["error", "info"] * 3


@pytest.mark.parametrize("name", PASSING)
def test_what_is_raised_for_one_sample_each_is_over_after_some_calm(name: str) -> None:
    told = Told()
    for _ in range(3):
        told.book(name, "warning", "0010.png")
        told.later(PASSING_CALM_S - 10)
    assert name in told.book.open()
    told.later(10)
    assert told.book.open() == {}
    assert told.rows[-1] == (name, "info")
    assert told.rows.count((name, "info")) == 1


def test_what_was_open_at_the_end_is_open_at_the_start_and_its_end_is_told(tmp_path: Path) -> None:
    before = Told(tmp_path / "alerts.json")
    for name in ("hub-away", "source-lost", "action-gate"):
        before.book(name, "error", f"{name}!")
    before.book.settle()
    after = Told(tmp_path / "alerts.json")
    assert after.book.open() == before.book.open()
    after.book("hub-away", "info", "the hub is back")
    after.book("source-lost", "error", "still lost")
    assert after.rows == [("hub-away", "info"), ("source-lost", "error")]
    after.clock.now += 10 * AGAIN_WITHIN_S  # a start may take long; nobody looks meanwhile
    after.later(1)
    assert "action-gate" in after.book.open()
    after.later(AGAIN_WITHIN_S)
    assert after.book.open() == {"source-lost": "still lost"}
    assert after.rows[2:] == [("action-gate", "info")]
    assert Told(tmp_path / "alerts.json").book.open() == {"source-lost": "still lost"}


@pytest.mark.parametrize("name", trial._OVER)
def test_what_happened_to_a_bundle_stands_over_restarts_until_one_proves_itself(
    tmp_path: Path, name: str
) -> None:
    assert name in LASTING
    before = Told(tmp_path / "alerts.json")
    before.book(name, "error", "it crashed")
    before.book.settle()
    after = Told(tmp_path / "alerts.json")
    after.later(10 * AGAIN_WITHIN_S)
    assert (after.book.open(), after.rows) == ({name: "it crashed"}, [])
    after.book(name, "info", "a bundle has proved itself")
    assert after.rows == [(name, "info")]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff"])
def test_a_damaged_list_of_open_alerts_ends_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "alerts.json").write_bytes(content)
    told = Told(tmp_path / "alerts.json")
    told.book("source-lost", "error", "lost")
    told.book.settle()
    assert Told(tmp_path / "alerts.json").book.open() == {"source-lost": "lost"}


def test_open_alerts_that_the_disk_does_not_take_are_written_later(tmp_path: Path) -> None:
    kept = tmp_path / "folder" / "alerts.json"
    kept.parent.write_bytes(b"in the way")
    told = Told(kept)
    told.book("disk-full", "error", "full")
    told.later(3)
    kept.parent.unlink()
    told.later(1)
    assert Told(kept).book.open() == {"disk-full": "full"}


def test_names_without_end_are_not_remembered_for_ever() -> None:
    told = Told()
    for number in range(3_000):
        told.book(f"sensor-fault-{number}", "warning", "stuck")
        told.book(f"sensor-fault-{number}", "info", "well")
        told.clock.now += 1
    assert len(told.book._began) < 1_000
