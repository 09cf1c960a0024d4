"""Two accounts of one kind of CRM in a project: a number of both is one lead, unless somebody says otherwise."""

from __future__ import annotations

from pathlib import Path

from tests.cloud_sync.test_crm_commands import Run, added, data, run

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
