"""A Pipedrive whose tokens of a day come to their end: what can wait stops first, the firm's other programs have the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync.crm.connection import settling
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.used_up import USED_UP
from cloud_sync.crm.outbound.writeback import WriteBack
from tests.cloud_sync.crm.lead_builders import SALES
from tests.cloud_sync.crm.pipedrive_firm import THERE, Firm, pipedrive_firm

READ, WRITE = 10, 5
"""Tokens of a reading of many, and of one write."""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with pipedrive_firm(tmp_path) as made:
        yield made


def test_what_can_wait_stops_before_what_cannot_and_all_of_it_before_the_last_tokens(
    firm: Firm,
) -> None:
    before = {one: firm.held(one).written.times for one in firm.ids}

    def written() -> list[str]:
        return [one for one in firm.ids if firm.held(one).written.times > before[one]]

    day = 120
    firm.simulator.limit_day(day)
    settling.write_again(firm.hub, SALES)
    firm.go_on()
    batch = 20
    assert len(written()) == batch, "below a quarter nothing more is written of what can wait"
    assert firm.simulator.state.day.left == day - batch * WRITE
    assert USED_UP not in firm.alerts()
    waiting = next(one for one in firm.ids if one not in written())
    firm.tell(waiting)
    assert waiting in written()
    left = firm.simulator.state.day.left
    assert left == day - batch * WRITE - READ - WRITE == 5
    assert USED_UP in firm.alerts()
    firm.tell(next(one for one in firm.ids if one not in written()))
    assert firm.simulator.state.day.left == left, "the rest is the firm's other programs'"
    firm.simulator.state.day.renew()
    firm.writing = WriteBack(
        firm.hub, Opener(firm.hub), now=firm.clock
    )  # it has been a quarter of an hour
    firm.go_on()
    assert len(written()) == THERE
    assert USED_UP not in firm.alerts()
