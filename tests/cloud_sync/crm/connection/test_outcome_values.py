"""Values that are said to mean won or lost and that the CRM's field has not: `crm test` tells it, nothing refuses it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.choices import check_outcome
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.connection.trying import try_connection
from cloud_sync.crm.kinds.base import Access, Chooses, Crm
from cloud_sync.crm.kinds.table import open_crm, with_defaults
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.store.models import CrmConnection
from tests.cloud_sync.crm.lead_builders import SALES, MemoryCrm, lead_hub
from tests.cloud_sync.fleet_builders import AT

FIELDS = {
    "hubspot": "hs_analytics_source", "salesforce": "LeadSource", "pipedrive": "Source", "odoo": "x_industry",
}  # fmt: skip
"""A choice of each pretended CRM."""


class Stages(MemoryCrm):
    """A CRM with one field of stages."""

    stages: Mapping[str, str] = {"closedwon": "Gewonnen", "closedlost": "Verloren", "open": ""}
    fault = ""

    def choices(self, field: str) -> Mapping[str, str]:
        if self.fault:
            raise DeliveryError(self.fault)
        return self.stages if field == "stage" else {}


def said(crm: Crm, **outcome: object) -> dict[str, tuple[str, str]]:
    settings = CrmSettings.model_validate({"kind": "webhook", "outcome": outcome})
    checks = list(check_outcome(crm, settings))
    assert all(check.ok for check in checks)  # people may add it later
    return {check.name: (check.found, check.fix) for check in checks}


def test_a_value_that_the_field_has_not_is_told_with_the_one_that_is_meant() -> None:
    told = said(Stages(), field="stage", won=("ClosedWon ",), lost=("foo", "closed_lost"))
    found, fix = told.pop("outcome.lost")
    assert (found, told) == ("stage has no 'foo', 'closed_lost'", {})
    assert "there are: closedwon (Gewonnen), closedlost (Verloren), open" in fix
    assert "closedlost (Verloren)?" in said(Stages(), field="stage", lost=("verloren",))["outcome.lost"][1]  # fmt: skip
    assert "closedlost (Verloren)?" in said(Stages(), field="stage", lost=("closed_lost",))["outcome.lost"][1]  # fmt: skip


def test_nothing_is_said_of_what_the_crm_does_not_tell() -> None:
    assert said(Stages(), field="note", lost=("foo",)) == {}
    assert said(MemoryCrm(), field="stage", lost=("foo",)) == {}
    assert said(Stages(), field="stage") == {}, "usual values need not be there"
    silent = Stages()
    silent.fault = "no right"
    assert said(silent, field="stage", lost=("foo",)) == {}, "the checks of its API tell it"


def test_crm_test_tells_it(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as made:
        outcome = {"field": "stage", "won": ["closedwon"], "lost": ["foo"]}
        with made.hub.database.transaction() as session:
            row = session.get_one(CrmConnection, SALES)
            row.settings = {**row.settings, "outcome": outcome}
        connection = connections.open_connection(made.hub, SALES)
        trial = try_connection(made.hub, connection, lambda _: Stages(), made.models, AT)
    [check] = [check for check in trial.checks if check.name == "outcome.lost"]
    assert check.ok and "'foo'" in check.found


@pytest.mark.parametrize("kind", FIELDS)
def test_each_kind_tells_the_choices_of_a_field(kind: str) -> None:
    simulator = Simulator(kind, seed=5, limit=0)
    simulator.make(1, quiet=True)
    with serve(simulator) as url:
        settings = with_defaults(CrmSettings.model_validate(simulator.connection(url)))
        crm = open_crm(Access("sales", settings, simulator.secrets.api))
        assert isinstance(crm, Chooses)
        assert len(crm.choices(FIELDS[kind])) > 2 and crm.choices("nowhere") == {}
