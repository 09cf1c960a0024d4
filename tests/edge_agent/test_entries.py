"""Entries of which no row can be made, and a writer that nothing ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_agent.sync.entry import Entry
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.simulator import HubSimulator, SimulatedTransport
from edge_agent.sync.writer import Writer
from kits.core.events import DecisionBody, LabelBody
from tests.edge_agent.parts import decision, rows_of
from tests.edge_agent.test_outbox_faults import BUDGETS, FAST, TOPICS, alert, names
from tests.edge_agent.test_sender import Clock, turns
from tests.waiting import wait_for


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path, BUDGETS)


class Unprintable:
    """No JSON has it, and it has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_what_no_json_has_is_stored_as_text(outbox: Outbox) -> None:
    odd: dict[str, Any] = {
        "path": Path("caf\udce9"), "many": {1}, "bytes": b"\xff", "nothing": float("nan"), "o": print,
    }  # fmt: skip
    outbox.append([Entry(decision(1, source="line/caf\udce9.png", meta=odd), "s", float("nan"))])
    hub, clock = HubSimulator(), Clock()
    turns(Sender(outbox, SimulatedTransport(hub), TOPICS, clock=clock), clock, 5)
    [event] = hub.events()
    assert isinstance(event.body, DecisionBody)
    assert event.body.source == "line/caf\ufffd.png"
    assert event.body.meta["path"] == "caf\ufffd"
    assert event.body.meta["nothing"] is None


def test_an_entry_without_any_text_becomes_an_alert_and_takes_nobody_along(outbox: Outbox) -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    huge = LabelBody(sample_id="x", annotation={"text": "y" * 200_000})
    outbox.append(
        [Entry(decision(1, meta=endless), "s"), Entry(huge, "l"), Entry(decision(2), "s")]
    )
    assert names(outbox) == ["row-not-stored"] * 2
    assert [e.body.sample_id for e in rows_of(outbox, "s")] == ["sample-2"]  # type: ignore[union-attr]
    assert outbox.unstorable == 2


def test_an_entry_that_breaks_the_writer_becomes_an_alert_and_the_others_are_stored(
    outbox: Outbox,
) -> None:
    writer = Writer(outbox, queue=100, policy=FAST)
    bad = Entry(decision(5, meta={"x": Unprintable()}), "s")
    for number in range(5):
        writer.put(Entry(decision(number), "s"))
    writer.put(bad)
    writer.put(alert("kept"))
    writer.start()
    assert writer.flush(10)
    assert sorted(names(outbox)) == ["kept", "row-not-stored"]
    assert len(rows_of(outbox, "s")) == 5
    assert writer.alive
    assert writer.figures.unstorable == 1
    assert writer.close()
    outbox.close()


def test_a_writer_that_can_store_nothing_loses_nothing_and_ends_when_told(outbox: Outbox) -> None:
    writer = Writer(outbox, queue=100, policy=FAST)
    outbox.close()
    writer.start()
    writer.put(alert("waits"))
    wait_for(lambda: writer.figures.failures >= 3)
    assert writer.alive
    assert writer.stuck
    assert not writer.flush(0.05)
    assert writer.close()


def test_rows_are_not_blamed_for_what_stops_all_of_them(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no memory, say")

    writer = Writer(outbox, queue=100, policy=FAST)
    with monkeypatch.context() as patch:
        patch.setattr(outbox._store, "transact", broken)
        for number in range(4):
            writer.put(Entry(decision(number), "s"))
        writer.start()
        wait_for(lambda: writer.figures.failures >= 12)
    assert writer.flush(10)
    assert (len(rows_of(outbox, "s")), names(outbox)) == (4, [])
    writer.close()
    outbox.close()
