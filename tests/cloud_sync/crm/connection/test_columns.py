"""Whether a CRM has what a bundle learned from: its columns, and values as the export had them."""

from __future__ import annotations

from pathlib import Path

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.trying import try_connection
from cloud_sync.effects.checks import Check
from cloud_sync.store.models import CrmConnection
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub
from tests.cloud_sync.fleet_builders import AT

HUB = "https://hub.example.org"


def test_columns_that_the_crm_does_not_have_are_named(tmp_path: Path) -> None:
    with lead_hub(tmp_path, public_url=HUB) as made:
        made.crm.put("1", size=10, city=None)
        with made.hub.database.transaction() as session:
            row = session.get_one(CrmConnection, SALES)
            row.settings = {**row.settings, "columns": ["size", "city", "budget"]}
        found = columns_check(made)
        assert (found.ok, found.found) == (False, "the CRM has no budget")
        made.crm.put("1", budget=3)
        found = columns_check(made)
        assert (found.ok, found.found) == (True, "empty in all 1 leads: city")
        made.crm.put("1", city="Bern")
        assert columns_check(made).found == "all 3 are there"


def test_a_column_whose_values_are_written_otherwise_than_in_the_export_is_named(
    tmp_path: Path,
) -> None:
    with lead_hub(tmp_path, public_url=HUB) as made:
        made.crm.put("1", size=10, city="BERN")
        made.crm.put("2", size=20, city="BASEL")
        assert not checks_called(made, "values")
        made.crm.put("3", size=30, city="CHUR")
        [found] = checks_called(made, "values")
        assert found.ok and "city (" in found.found and "export" in found.fix
        made.crm.put("3", size=30, city="Chur")
        assert not checks_called(made, "values")


def columns_check(made: LeadHub) -> Check:
    [found] = checks_called(made, "columns")
    return found


def checks_called(made: LeadHub, name: str) -> list[Check]:
    connection = connections.open_connection(made.hub, SALES)
    trial = try_connection(made.hub, connection, lambda _: made.crm, made.models, AT)
    return [check for check in trial.checks if check.name == name]
