"""HubSpot's deals in several pipelines: stages of one's own have numbers, and HubSpot itself says which deals are closed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud_sync.crm.base import Access, Crm
from cloud_sync.crm.kinds import open_crm, with_defaults
from cloud_sync.crm.settings import CrmSettings
from cloud_sync.crm.simulator import Simulator, serve

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
    crm, ended = crm_of(simulator, url, {"won": ["100"]}), deals_of_another_pipeline(simulator)
    assert [one.outcome for one in crm.read([*ended])] == ["won", "", ""]
    assert sum(one.decided for one in crm.listed("", None).records) == 1
