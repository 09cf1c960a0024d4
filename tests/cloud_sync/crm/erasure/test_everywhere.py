"""Every place that holds something of a lead, filled with a word of it, is searched for that word after it was erased."""

from __future__ import annotations

import logging
import random
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.client import breaker
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.erasure.erasing import clear_late, forget_again
from cloud_sync.crm.erasure.forgetting import erase_command, forget
from cloud_sync.crm.leads import leads
from cloud_sync.crm.scoring.committing import tell_dead
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.learning.datasets import newest, read
from cloud_sync.learning.freezing import freeze
from cloud_sync.store.models import Alert, CrmConnection, CrmEvent, CrmLead, Effect, Job
from cloud_sync.store.types import Base
from kits.core.sample import key_of
from kits.toolchain.erasing import erase
from kits.toolchain.project import Project
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, LeadHub, lead_hub
from tests.cloud_sync.crm.outcomes.test_lead_states import FIRMS, bring, is_of, project, send
from tests.cloud_sync.crm.outcomes.test_outcomes import won
from tests.cloud_sync.fleet_builders import AT

__all__ = ["project"]
SECRET = "Ann-Example-asked"
FIRM = FIRMS[0]
WHO = FIRM.asked
NOTIFY = {"webhook": {"url": "http://127.0.0.1:9/", "severities": ["warning", "error", "info"]}}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path / "hub", notify=NOTIFY) as made:
        is_of(made, FIRM)
        yield made


@pytest.fixture
def on_both(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    """The same on SQLite, and on PostgreSQL."""
    with lead_hub(tmp_path / "hub", database_url, notify=NOTIFY) as made:
        is_of(made, FIRM)
        yield made


def fill(here: LeadHub) -> None:
    """A lead with a past in every table: an event, scores, a fault, a person's word, an outcome, what the CRM said."""
    here.crm.put(WHO, size=40, person=SECRET)
    here.score(WHO)
    with here.hub.database.transaction() as session:
        leads.override(session, SALES, WHO, "hot", why=f"{SECRET} called me", who="rita")
        session.add(
            CrmEvent(
                connection=SALES, event_id="e1", object_id=WHO, what="changed", at=AT,
                body={"person": SECRET},
            )
        )  # fmt: skip
    won(here, WHO, person=SECRET)
    with here.hub.database.transaction() as session:
        lead = session.get_one(CrmLead, (SALES, WHO), with_for_update=True)
        lead.dead = lead.error = lead.write_error = f"read: {SECRET} is no value"
        session.flush()
        tell_dead(session, here.hub.config.notify, SALES)
        words = RefusedError(f"answered with HTTP 400: {SECRET}", status=400)
        for _ in range(breaker.FAILURES):
            breaker.failed(
                session, here.hub.config.notify, SALES, words, here.clock(), random.Random(0)
            )
        job = Job(kind="train", args={"project": LEADS}, state="done")
        session.add(job)
        session.flush()
        folder = here.hub.config.jobs_dir / str(job.id) / "dataset"
    folder.mkdir(parents=True)
    (folder / "leads.jsonl").write_text(SECRET)


def rows_with(here: LeadHub, text: str) -> list[str]:
    """Tables with a row that holds a text anywhere."""
    with here.hub.database.session() as session:
        return [
            table.name
            for table in Base.metadata.sorted_tables
            if any(text in str(tuple(row)) for row in session.execute(select(table)))
        ]


def files_with(folder: Path, text: str) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and text.encode() in p.read_bytes()]


def test_an_erased_lead_is_nowhere_in_the_hub(
    on_both: LeadHub, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    here = on_both
    caplog.set_level(logging.DEBUG)
    send(here, bring(project, FIRM, "may.csv"))
    fill(here)
    freeze(here.hub, LEADS, by="test")
    folder = here.hub.config.data_dir
    known = rows_with(here, SECRET)
    assert (
        {"crm_lead", "crm_event", "crm_score", "crm_connection", "audit_log", "sample"}
        >= set(known)
        >= {"crm_lead", "crm_event", "crm_score", "crm_connection", "audit_log"}
    )
    assert files_with(folder, SECRET)

    done = forget(here.hub, SALES, WHO, by="ada")
    assert (done.samples, done.versions, done.bytes_gone) == (2, 2, True)
    assert rows_with(here, SECRET) == [] and files_with(folder, SECRET) == []
    with here.hub.database.session() as session:
        row = newest(session, LEADS)
        assert row is not None
        told = [alert.text for alert in session.scalars(select(Alert))]
        effects = session.scalars(select(Effect)).all()
        assert session.get_one(CrmConnection, SALES).error == "answered with HTTP 400"
    items = read(here.hub.storage, row.id).items
    assert len(items) == 30 and shlex.split(done.command)[-1] not in {
        key_of(i.sample) for i in items
    }
    assert len(told) == 2 and len(effects) == 2, "they were told of, without a word of the lead"
    assert SECRET not in caplog.text


def test_who_erases_is_told_what_removes_the_lead_where_it_was_imported(
    here: LeadHub, project: Project
) -> None:
    send(here, bring(project, FIRM, "may.csv"))
    fill(here)
    done = forget(here.hub, SALES, WHO, by="ada")
    assert done.projects == (LEADS,)
    assert done.command == "kit data erase 'HubSpot deals:90210'"
    told = erase(project, shlex.split(done.command)[-1])
    assert told.samples == ("may.csv#90210",)
    assert len(project.dataset().items) == 30


def test_the_command_is_safe_in_a_shell_whatever_the_id_is() -> None:
    command = erase_command(CrmSettings(kind="webhook"), "1; rm -rf ~")
    assert shlex.split(command) == ["kit", "data", "erase", "1; rm -rf ~"]


def test_a_project_that_is_published_later_does_not_bring_a_lead_back(
    here: LeadHub, project: Project
) -> None:
    send(here, bring(project, FIRM, "may.csv"))
    fill(here)
    forget(here.hub, SALES, WHO, by="ada")
    known = set[str]()
    assert forget_again(here.hub, known) == 0
    assert known and forget_again(here.hub, known) == 0
    send(here, bring(project, FIRM, "june.csv", size=77))
    assert forget_again(here.hub, known) == 1
    assert forget_again(here.hub, known) == forget_again(here.hub, set()) == 0
    with here.hub.database.session() as session:
        row = newest(session, LEADS)
    assert row is not None and row.n == 30


def test_a_job_that_ran_when_a_lead_was_erased_leaves_nothing(
    here: LeadHub, project: Project
) -> None:
    send(here, bring(project, FIRM, "may.csv"))
    fill(here)
    with here.hub.database.transaction() as session:
        [job] = session.scalars(select(Job))
        job.state = "running"
    forget(here.hub, SALES, WHO, by="ada")
    assert files_with(here.hub.config.jobs_dir, SECRET)
    with here.hub.database.transaction() as session:
        session.get_one(Job, job.id).state = "done"
    clear_late(here.hub)
    assert not files_with(here.hub.config.jobs_dir, SECRET)


def test_an_imported_lead_that_was_never_scored_is_erased_from_versions(
    here: LeadHub, project: Project
) -> None:
    send(here, bring(project, FIRM, "may.csv"))
    here.due(WHO)
    done = forget(here.hub, SALES, WHO, by="ada")
    assert (done.samples, done.versions) == (1, 1)
    here.clock.tick(60)
    assert forget(here.hub, SALES, WHO, by="ada").versions == 0


def test_a_sample_of_another_connection_to_the_same_crm_goes_too(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        session.add(
            CrmConnection(name="other", kind=row.kind, settings=row.settings, project=LEADS)
        )
    here.crm.put(WHO, size=40, person=SECRET)
    here.due(WHO, connection="other")
    here.drain()
    here.crm.put(WHO, AT + timedelta(hours=1), outcome="won")
    here.due(WHO, connection="other")
    here.drain()
    here.due(WHO)
    assert forget(here.hub, SALES, WHO, by="ada").samples == 1
    assert rows_with(here, SECRET) == ["crm_lead"], "the other connection's lead is erased there"
    assert forget(here.hub, "other", WHO, by="ada").samples == 1
    assert rows_with(here, SECRET) == []
