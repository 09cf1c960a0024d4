"""Two accounts of one kind of CRM in a project: a number of both is one lead, unless somebody says otherwise."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from cloud_sync.config import load
from cloud_sync.hub import Hub
from cloud_sync.setup import doctor
from cloud_sync.store.models import CrmConnection
from tests.cloud_sync.crm.connection.test_commands import Run, added, data, run

__all__ = ["data", "run"]


def test_two_accounts_of_one_kind_in_a_project_are_told_that_their_numbers_are_one(
    run: Run, tmp_path: Path
) -> None:
    deals = ("--object", "deals")
    added(run, tmp_path, *deals)
    [said] = added(run, tmp_path, *deals, name="partners")["warnings"]
    assert "sales of the same project" in said
    assert "cloud-sync crm set partners options.id_column='records of partners'" in said
    run("set", "partners", "options.id_column=records of partners")
    [said] = added(run, tmp_path, *deals, name="third")["warnings"]
    assert "sales of the same project" in said, "partners has numbers of its own now"
    own = added(run, tmp_path, *deals, "--option", "id_column=Deal ID", name="fourth")
    assert own["warnings"] == []


def test_the_doctor_names_them_and_whatever_cannot_be_read_is_no_obstacle(
    run: Run, data: Path, tmp_path: Path
) -> None:
    for name in ("sales", "partners"):
        added(run, tmp_path, name=name)
    later = CrmConnection(name="later", kind="hubspot", settings={"kind": 7}, project="leads")
    with closing(Hub.open(load(data))) as hub, hub.database.transaction() as session:
        session.add(later)
    said = [one for one in doctor(data) if one.check == "leads of several accounts"]
    assert [(one.ok, one.found[:15]) for one in said] == [(True, "partners, sales")]
    assert "crm set sales options.id_column='records of sales'" in said[0].fix
    told = str(added(run, tmp_path, name="third")["warnings"])
    assert told.count("counts its records as third does") == 2
    for name in ("partners", "third"):
        run("set", name, f"options.id_column=records of {name}")
    assert not [one for one in doctor(data) if one.check == "leads of several accounts"]
