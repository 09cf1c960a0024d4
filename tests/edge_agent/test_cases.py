"""The desk: one open case per asset, by the words of ISA-18.2, over restarts and disk errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.alarms.book import MARK
from edge_agent.alarms.config import AlarmsConfig
from edge_agent.alarms.desk import CaseDesk
from edge_agent.alarms.memory import read_memory
from edge_agent.alarms.steps import Sight
from edge_agent.alarms.wishes import leave_wish, new_wish
from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.outbox import Outbox
from kits.core.alarm import AlarmRule
from kits.core.events import CaseBody
from kits.core.operating_point import Band, OperatingPoint
from tests.edge_agent.machine_parts import START
from tests.edge_agent.parts import rows_of

POINT = OperatingPoint(
    default=Band(act_at=10, review_from=5),
    alarm=AlarmRule(on_delay_s=10, off_delay_s=10),
    method="test",
    dataset="d",
    seed=0,
)


class Office:
    """A desk with a real outbox, without a writer: what is put is committed at once, or refused."""

    def __init__(self, folder: Path, **config: object) -> None:
        self.folder = folder
        self.config = AlarmsConfig.model_validate(config)
        self.outbox = Outbox(folder, Budgets.of(1 << 20))
        self.alerts: list[tuple[str, str]] = []
        self.refuses = False
        self.now = START
        self.desk = self.new_desk()

    def new_desk(self) -> CaseDesk:
        """As after a restart."""
        self.desk = CaseDesk(
            self.config, self.folder / "cases.json", self._put, lambda: self.outbox.mark(MARK),
            lambda name, severity, _text: self.alerts.append((name, severity)),
            now=lambda: self.now, keep_every_s=0,
        )  # fmt: skip
        return self.desk

    def _put(self, entry: Entry) -> bool:
        if not self.refuses:
            self.outbox.append([entry])
        return not self.refuses

    def see(self, second: float, score: float, asset: str = "pump-1") -> list[str]:
        at = START + timedelta(seconds=second)
        sight = Sight(asset, second, at, score, "worn", "it shakes", f"sample-{second:g}", "b")
        return [step.body.transition for step in self.desk.look(POINT, sight)]

    def see_all(self, scores: list[float], asset: str = "pump-1", every_s: float = 10) -> None:
        for number, score in enumerate(scores):
            self.see(number * every_s, score, asset)

    def told(self) -> list[CaseBody]:
        return [e.body for e in rows_of(self.outbox, "a") if isinstance(e.body, CaseBody)]

    def steps(self) -> list[tuple[str, str, str]]:
        return [(b.asset, b.transition, b.level) for b in self.told()]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_an_alarm_is_one_case_from_its_opening_to_its_return(office: Office) -> None:
    office.see_all([1, 12, 12, 12, 7, 7, 12, 12, 1, 1, 1])
    assert office.steps() == [
        ("pump-1", "opened", "alarm"), ("pump-1", "eased", "warn"),
        ("pump-1", "escalated", "alarm"), ("pump-1", "returned", "normal"),
    ]  # fmt: skip
    told = office.told()
    assert len({body.case_id for body in told}) == 1
    first = told[0]
    assert (first.label, first.reason, first.score) == ("worn", "it shakes", 12)
    assert (first.sample_id, first.at, first.since) == (
        "sample-20", START + timedelta(seconds=20), START + timedelta(seconds=10),
    )  # fmt: skip


def test_a_warning_opens_no_case_unless_it_is_asked_for(office: Office, tmp_path: Path) -> None:
    office.see_all([7] * 5)
    assert office.steps() == []
    eager = Office(tmp_path / "eager", open_at="warn")
    eager.see_all([7, 7, 7, 12, 12])
    assert [step for _, step, _ in eager.steps()] == ["opened", "escalated"]


def test_assets_have_cases_of_their_own(office: Office) -> None:
    for second in (0, 10, 20):
        office.see(second, 12, "pump-1")
        office.see(second, 12, "pump-2")
    assert [(a, s) for a, s, _ in office.steps()] == [("pump-1", "opened"), ("pump-2", "opened")]


def test_a_restart_neither_forgets_nor_repeats(office: Office) -> None:
    office.see_all([12, 12])
    case_id = office.told()[0].case_id
    office.desk.settle()
    office.new_desk()
    assert office.see(20, 12) == []
    office.new_desk()
    office.see(30, 1)
    office.desk.settle()
    office.new_desk()
    assert office.see(40, 1) == ["returned"]
    assert [(b.case_id, b.transition) for b in office.told()] == [
        (case_id, "opened"), (case_id, "returned"),
    ]  # fmt: skip


def test_a_step_the_outbox_did_not_take_is_told_later_and_once(office: Office) -> None:
    office.refuses = True
    office.see_all([12, 12])
    office.new_desk()
    office.refuses = False
    office.desk.settle()
    office.desk.settle()
    office.new_desk().settle()
    assert office.steps() == [("pump-1", "opened", "alarm")]
    assert read_memory(office.folder / "cases.json").untold == ()


def test_a_lost_file_of_cases_loses_no_later_step(office: Office) -> None:
    """Numbers go on behind those the outbox knows; else new steps would pass for old ones."""
    office.see_all([12, 12, 1, 1])
    (office.folder / "cases.json").write_text("{torn")
    office.new_desk()
    office.see(100, 12)
    office.see(110, 12)
    assert [step for _, step, _ in office.steps()] == ["opened", "returned", "opened"]
    assert (office.folder / "cases.json.damaged").exists()


def test_a_source_whose_clock_goes_back_delays_no_alarm(office: Office) -> None:
    office.see(7200, 1)
    office.see(0, 12)
    assert office.see(10, 12) == ["opened"]


def test_the_next_alarm_after_an_acknowledgement_is_to_be_seen_anew(office: Office) -> None:
    office.see_all([12, 12])
    assert office.desk.fulfil(new_wish("acknowledge", "pump-1", "eve", "on my way"))
    case = office.desk.assets()["pump-1"].case
    assert case is not None and case.state == "active, acknowledged"
    assert not office.desk.fulfil(new_wish("acknowledge", "pump-1", "eve"))
    office.see(20, 1)
    office.see(30, 1)
    office.see(40, 12)
    office.see(50, 12)
    case = office.desk.assets()["pump-1"].case
    assert case is not None and case.state == "active, unacknowledged"
    said = office.told()[1]
    assert (said.transition, said.who, said.note) == ("acknowledged", "eve", "on my way")


def test_a_closed_case_stays_closed_while_the_level_lasts(office: Office) -> None:
    office.see_all([12, 12])
    assert office.desk.fulfil(new_wish("close", "pump-1", "eve", "false alarm"))
    assert office.see(20, 12) == []
    office.see(30, 1)
    office.see(40, 1)
    office.see(50, 12)
    assert office.see(60, 12) == ["opened"]
    assert len({body.case_id for body in office.told()}) == 2


def test_a_case_that_stays_normal_is_closed_by_itself(tmp_path: Path) -> None:
    office = Office(tmp_path, close_after_h=1)
    office.see_all([12, 12, 1, 1])
    assert office.see(3000, 1) == []
    assert office.see(3700, 1) == ["closed"]
    assert office.told()[-1].note == "normal for 1 h, never acknowledged"


def test_a_shelved_asset_is_quiet_and_its_alarm_is_not_forgotten(office: Office) -> None:
    office.desk.fulfil(new_wish("shelve", "pump-1", "eve", "bearing is being changed", hours=1))
    office.see_all([12, 12, 12])
    assert office.steps() == []
    office.now += timedelta(hours=2)
    office.desk.settle()
    assert office.see(7200, 12) == ["opened"]
    assert office.alerts == [("shelved-pump-1", "warning"), ("shelved-pump-1", "info")]


def test_steps_of_a_shelved_case_are_recorded_without_an_action(office: Office) -> None:
    office.see_all([12, 12])
    office.desk.fulfil(new_wish("shelve", "pump-1", "eve", "known", hours=1))
    office.see(20, 1)
    at = START + timedelta(seconds=30)
    steps = office.desk.look(POINT, Sight("pump-1", 30, at, 1.0))
    assert [(step.body.transition, step.quiet) for step in steps] == [("returned", True)]
    assert office.desk.fulfil(new_wish("unshelve", "pump-1", "eve"))
    assert [step for _, step, _ in office.steps()] == [
        "opened", "shelved", "returned", "unshelved",
    ]  # fmt: skip


def test_nobody_shelves_for_longer_than_is_allowed(tmp_path: Path) -> None:
    office = Office(tmp_path, shelve_max_h=2)
    office.desk.fulfil(new_wish("shelve", "pump-1", "eve", "x", hours=100))
    shelf = office.desk.assets()["pump-1"].shelf
    assert shelf is not None and shelf.until == START + timedelta(hours=2)


def test_many_new_cases_are_one_flood_and_each_is_recorded(tmp_path: Path) -> None:
    office = Office(tmp_path, flood_cases=3)
    for number in range(6):
        office.see(0, 12, f"pump-{number}")
        office.see(10, 12, f"pump-{number}")
    assert len(office.told()) == 6
    assert [body.note[:18] for body in office.told()[2:]] == ["", "4 new cases within",
        "5 new cases within", "6 new cases within"]  # fmt: skip
    assert ("alarm-flood", "error") in office.alerts
    assert office.desk.floods == 1
    office.now += timedelta(hours=1)
    office.desk.settle()
    assert office.alerts[-1] == ("alarm-flood", "info")


def test_wishes_left_as_files_are_done_once(office: Office) -> None:
    office.see_all([12, 12])
    wish = new_wish("acknowledge", "pump-1", "eve")
    path = leave_wish(office.folder, wish)
    content = path.read_bytes()
    office.desk.take_wishes(office.folder)
    assert not path.exists()
    path.write_bytes(content)  # as after a kill before it was deleted
    office.new_desk().take_wishes(office.folder)
    assert [step for _, step, _ in office.steps()] == ["opened", "acknowledged"]


def test_a_file_that_is_no_wish_is_taken_away(office: Office) -> None:
    path = leave_wish(office.folder, new_wish("close", "pump-1", "eve"))
    path.write_text("no JSON")
    office.desk.take_wishes(office.folder)
    assert not path.exists()


def test_a_disk_that_takes_no_file_of_cases_keeps_no_row_back(
    office: Office, make_unwritable: Callable[[Path], None]
) -> None:
    office.see(0, 12)
    make_unwritable(office.folder / "cases.json")
    assert office.see(10, 12) == ["opened"]
    assert office.steps() == [("pump-1", "opened", "alarm")]
    assert ("cases-not-kept", "error") in office.alerts


@pytest.fixture
def make_unwritable() -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.unlink(missing_ok=True)
        path.mkdir()
        (path / "x").touch()

    return make


def test_assets_beyond_the_bound_are_counted(tmp_path: Path) -> None:
    office = Office(tmp_path, max_assets=1)
    office.see_all([12, 12], "pump-1")
    office.see_all([12, 12], "pump-2")
    assert [asset for asset, _, _ in office.steps()] == ["pump-1"]
    assert office.desk.figures.unwatched == 2
