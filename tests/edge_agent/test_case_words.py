"""What was done to a case at the hub reaches the desk once, survives restarts, and never hits another case."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.events import CaseBody
from kits.core.hub_api import CaseWord, Desired
from tests.edge_agent.test_cases import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    found = Office(tmp_path)
    found.see_all([12, 12])
    return found


def word(body: CaseBody, step: str = "closed", **changes: object) -> CaseWord:
    values = {
        "case_id": body.case_id, "asset": body.asset, "step": step, "who": "ada",
        "note": "at the hub: worn", "seen": (body.sample_id,), **changes,
    }  # fmt: skip
    return CaseWord.model_validate(values)


def test_a_case_closed_at_the_hub_is_closed_here_once_and_the_hub_is_told(office: Office) -> None:
    [opened] = office.told()
    for _ in range(3):
        office.desk.follow([word(opened)])
    told = office.told()
    assert [body.transition for body in told] == ["opened", "closed"]
    assert (told[1].case_id, told[1].who, told[1].note) == (
        opened.case_id, "ada", "at the hub: worn",
    )  # fmt: skip
    assert office.desk.assets()["pump-1"].case is None


def test_it_stays_closed_over_a_restart_and_a_full_outbox(office: Office) -> None:
    [opened] = office.told()
    office.refuses = True
    office.desk.follow([word(opened)])
    office.refuses = False
    office.new_desk().settle()
    office.desk.follow([word(opened)])
    assert [body.transition for body in office.told()] == ["opened", "closed"]


def test_an_alarm_that_lasts_opens_no_case_again_and_a_new_one_does(office: Office) -> None:
    office.desk.follow([word(office.told()[0])])
    assert office.see(20, 12) == []
    office.see(30, 1)
    office.see(40, 1)
    office.see(50, 12)
    assert office.see(60, 12) == ["opened"]


def test_who_took_it_on_at_the_hub_is_known_here(office: Office) -> None:
    [opened] = office.told()
    for _ in range(2):
        office.desk.follow([word(opened, "acknowledged")])
    assert [body.transition for body in office.told()] == ["opened", "acknowledged"]
    case = office.desk.assets()["pump-1"].case
    assert case is not None and case.acknowledged_by == "ada"


def test_who_did_not_know_that_it_became_worse_closes_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path, open_at="warn")
    office.see_all([7, 7, 12, 12])
    opened, escalated = office.told()
    stale = word(opened)
    office.desk.follow([stale])
    assert office.desk.assets()["pump-1"].case is not None
    office.desk.follow([word(opened, seen=(escalated.sample_id, opened.sample_id))])
    assert office.desk.assets()["pump-1"].case is None


@pytest.mark.parametrize(
    "changes",
    [
        {"case_id": "01another"}, {"asset": "pump-2"}, {"asset": "unheard-of"}, {"seen": ()},
        {"step": "burnt"},
    ],
)  # fmt: skip
def test_a_word_about_something_else_changes_nothing(
    office: Office, changes: dict[str, object]
) -> None:
    before = (office.folder / "cases.json").read_bytes()
    office.desk.follow([word(office.told()[0], **changes)])
    assert [body.transition for body in office.told()] == ["opened"]
    assert (office.folder / "cases.json").read_bytes() == before


def test_a_hub_that_says_nothing_of_cases_is_understood() -> None:
    assert Desired.model_validate_json(b'{"windows": []}').cases == ()
