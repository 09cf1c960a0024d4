"""Stages and statuses are called as each firm likes: how a record ended its CRM says, where people named no values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Access, Crm
from cloud_sync.crm.kinds.table import open_crm, with_defaults
from cloud_sync.crm.simulator import Simulator, serve
from tests.cloud_sync.crm.org import SECRETS, Org
from tests.cloud_sync.crm.servers import crm_for, crm_server

ENDED = {"won": ("true", "true"), "lost": ("true", "false"), "": ("false", "false")}
"""Outcome → `hs_is_closed`, `hs_is_closed_won`."""


@pytest.fixture
def simulator() -> Simulator:
    return Simulator("hubspot", seed=5, limit=0, thing="deals")


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    with serve(simulator) as url:
        yield url


def crm_of(simulator: Simulator, url: str, outcome: dict[str, object]) -> Crm:
    settings = CrmSettings.model_validate({**simulator.connection(url), "outcome": outcome})
    return open_crm(Access("sales", with_defaults(settings), simulator.secrets.api))


def deals_of_another_pipeline(simulator: Simulator) -> dict[str, str]:
    """Number → how each ended."""
    found = {}
    for number, (outcome, (closed, won)) in enumerate(ENDED.items()):
        [held] = simulator.make(1, quiet=True)
        values = {"pipeline": "8899", "dealstage": f"10{number}", "hs_is_closed": closed, "hs_is_closed_won": won}  # fmt: skip
        simulator.records.set(held.object_id, {**values, "closedate": "2026-04-01T00:00:00Z"})
        found[held.object_id] = outcome
    return found


def test_a_deal_that_is_closed_in_another_pipeline_is_open_no_more(
    simulator: Simulator, url: str, searches_at_once: None
) -> None:
    crm, ended = crm_of(simulator, url, {}), deals_of_another_pipeline(simulator)
    records = {one.object_id: one for one in crm.read([*ended])}
    assert {name: one.outcome for name, one in records.items()} == ended
    months = [one.outcome_at.month if one.outcome_at else 0 for one in records.values()]
    assert months == [4, 4, 0]
    listed = crm.listed("", None).records
    assert {one.object_id: one.decided for one in listed} == {
        name: bool(outcome) for name, outcome in ended.items()
    }


def test_stages_that_people_named_are_the_only_ends(
    simulator: Simulator, url: str, searches_at_once: None
) -> None:
    """Such as where a closed stage is one that leads are brought back from."""
    ended = deals_of_another_pipeline(simulator)
    for said, outcomes in (
        ({"won": ["100"]}, ["won", "lost", ""]),
        ({"won": ["5"]}, ["", "lost", ""]),
        ({"lost": ["5"]}, ["won", "", ""]),
        ({"field": "hs_priority", "won": ["yes"]}, ["", "", ""]),
    ):
        crm = crm_of(simulator, url, said)
        assert [one.outcome for one in crm.read([*ended])] == outcomes, said
        listed = crm.listed("", None).records
        assert sum(one.decided for one in listed) == sum(map(bool, outcomes)), said


def test_a_lead_that_salesforce_has_converted_is_won_whatever_its_status_is_called() -> None:
    org = Org()
    org.fields["IsConverted"] = "boolean"
    won = org.lead(1, Status="Handed over", IsConverted=True, ConvertedDate="2026-04-01")
    still = org.lead(2, Status="Working", IsConverted=False)
    with crm_server(org.act) as server:
        org.instance = server.url
        crm = crm_for("salesforce", server, SECRETS, columns=["Company"])
        found = {one.object_id: one for one in crm.read([won, still])}
        assert {name: one.outcome for name, one in found.items()} == {won: "won", still: ""}
        assert found[won].outcome_at is not None and found[won].outcome_at.month == 4
        assert "IsConverted" not in found[won].fields
        assert {one.object_id: one.decided for one in crm.listed("", None).records} == {
            won: True,
            still: False,
        }
        named = crm_for(
            "salesforce", server, SECRETS, columns=["Company"], outcome={"won": ["Customer"]}
        )
        assert [one.outcome for one in named.read([won])] == [""]


@pytest.mark.parametrize(
    ("said", "outcomes"),
    [
        ({}, ("won", "lost", "")),
        ({"won": ["Signed"]}, ("won", "lost", "")),
        ({"won": ["Paid"]}, ("", "lost", "")),
        ({"lost": ["Withdrawn"]}, ("won", "", "")),
        ({"field": "Type", "won": ["Signed"]}, ("", "", "")),
    ],
)
def test_an_opportunity_is_won_or_lost_as_its_stage_is_whatever_that_is_called(
    said: dict[str, object], outcomes: tuple[str, ...]
) -> None:
    org = Org("Opportunity")
    org.fields |= {"StageName": "picklist", "CloseDate": "date", "Type": "picklist"}
    org.fields |= {"IsWon": "boolean", "IsClosed": "boolean"}
    ended = [
        org.lead(1, StageName="Signed", IsWon=True, IsClosed=True, CloseDate="2026-04-01"),
        org.lead(2, StageName="Dropped", IsWon=False, IsClosed=True, CloseDate="2026-04-01"),
        org.lead(3, StageName="Offered", IsWon=False, IsClosed=False, CloseDate="2026-09-01"),
    ]
    with crm_server(org.act) as server:
        org.instance = server.url
        crm = crm_for("salesforce", server, SECRETS, object="Opportunity", columns=["Name"], outcome=said)  # fmt: skip
        assert tuple(one.outcome for one in crm.read(ended)) == outcomes
        decided = {one.object_id: one.decided for one in crm.listed("", None).records}
        assert tuple(decided[name] for name in ended) == tuple(map(bool, outcomes))
        org.leads[ended[1]] |= {"StageName": "Offered", "IsClosed": False}
        [again] = crm.read([ended[1]])
        assert (again.outcome, again.outcome_at) == ("", None), "it was opened again"


def test_a_user_who_may_not_see_how_salesforce_calls_it_reads_the_stage_alone() -> None:
    org = Org("Opportunity")
    org.fields |= {"StageName": "picklist", "CloseDate": "date"}
    won = org.lead(1, StageName="Closed Won", CloseDate="2026-04-01")
    with crm_server(org.act) as server:
        org.instance = server.url
        crm = crm_for("salesforce", server, SECRETS, object="Opportunity", columns=["Name"])
        assert [one.outcome for one in crm.read([won])] == ["won"]
