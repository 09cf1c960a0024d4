"""Leads on the command line: the list, a lead, which bundle scores, forgetting."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_sync.cli import make_app
from cloud_sync.config import dump
from cloud_sync.crm.leads import leads
from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.sections import LeadsConfig
from cloud_sync.store.models import CrmLead
from cloud_sync.web.lead_views import fields_of
from kits.core.errors import UsageError
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    lead_bundle,
    lead_hub,
    release_bundle,
)
from tests.cloud_sync.fleet_builders import AT


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, leads={"exploration": 0}) as made:
        (tmp_path / "hub.yaml").write_text(dump(made.hub.config))
        made.crm.put("1", size=80, firstname="Ann\x1b[2J", lastname="Adler")
        for name, size in (("2", 40), ("3", "large")):
            made.crm.put(name, size=size)
        made.score("1", "2", "3")
        yield made


def run(here: LeadHub, *words: str, typed: str = "") -> str:
    answer = CliRunner().invoke(
        make_app(), ["leads", *words, "--data", str(here.hub.config.data_dir)], input=typed
    )
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return answer.output


def test_the_list_and_one_lead(here: LeadHub) -> None:
    lines = run(here, "list").splitlines()
    assert lines[1].split()[:3] == ["80", "hot", "Ann\ufffd[2J"] and "size is 80" in lines[1]
    assert "Adler  sales 1" in lines[1], "as `leads show` takes it"
    assert [one["id"] for one in json.loads(run(here, "list", "--json"))] == ["1", "2"]
    assert "size is not a number" in run(here, "list", "--state", "dead")
    told = json.loads(run(here, "show", SALES, "1", "--json"))
    assert told["fields"]["size"] == 80 and told["course"][0]["points"] == 80
    assert "ask for the budget" in run(here, "show", SALES, "1")
    assert told["confidence"] == 0.8 and "0.800 [0.750, 0.850] (80%)" in run(
        here, "show", SALES, "1"
    )
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "1")).confidence = None
    assert "[0.750, 0.850]\n" in run(here, "show", SALES, "1"), "scored before it was kept"
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "1")).state = "gone"
    assert "not there: it was deleted" in run(here, "show", SALES, "1")
    with pytest.raises(NotFoundError):
        run(here, "show", SALES, "9")


def test_a_lead_that_waits_to_be_scored_says_so_and_why(here: LeadHub) -> None:
    assert "scored again" not in run(here, "show", SALES, "1")
    with here.hub.database.transaction() as session:
        lead = session.get_one(CrmLead, (SALES, "1"))
        lead.due_at, lead.error = AT, "read: answered with HTTP 500"
    told = " ".join(run(here, "show", SALES, "1").split())
    assert "waits to be read and scored again. The last try failed: " in told and "HTTP 500" in told


def test_a_list_of_nobody_says_where_to_look_and_a_misspelt_crm_is_told(here: LeadHub) -> None:
    assert (
        run(here, "list", "--state", "won")
        .splitlines()[-1]
        .startswith("next: cloud-sync leads list --state all")
    )
    assert "leads show CONNECTION ID" in run(here, "list")
    with pytest.raises(NotFoundError, match="no such connection") as told:
        run(here, "list", "--connection", "saless")
    assert told.value.fix == "did you mean 'sales'?"


def test_the_course_tells_what_the_bundle_said_from_what_a_person_did(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        leads.override(session, SALES, "1", "cold", why="gone elsewhere", who="ann")
    here.crm.put("1", AT + timedelta(minutes=5), size=90)
    here.score("1")
    told = [line.partition("UTC")[2].strip() for line in run(here, "show", SALES, "1").splitlines()]
    assert [line for line in told if line] == [
        "90 hot",
        "80 cold, said ann: gone elsewhere",
        "80 hot",
    ]


def test_the_share_by_lot_is_told_as_it_is_in_force(here: LeadHub) -> None:
    assert "  0%" in run(here, "models"), "hub.yaml says none"
    config = here.hub.config
    lowered = config.model_copy(update={"leads": LeadsConfig(exploration=0.025)})
    (config.data_dir / "hub.yaml").write_text(dump(lowered))
    assert "2.5%" in run(here, "models")
    assert json.loads(run(here, "models", "--json"))[0]["by_lot"] == 0.025


def test_a_lead_without_a_score_is_told_as_that(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        leads.opt_out(session, SALES, "1", True, why="said so", who="ann")
    listed = run(here, "list", "--state", "opted-out").splitlines()[1]
    assert listed.split()[:3] == ["–", "opted", "out"]
    shown = run(here, "show", SALES, "1")
    assert "None" not in shown and re.search(
        r"UTC +no score, said ann: said so$", shown, re.MULTILINE
    )


def test_a_list_that_is_cut_short_says_so_and_a_probability_has_its_interval(
    here: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = run(here, "list", "--limit", "1").splitlines()
    assert cut[-2] == "the first 1 of 2: --limit shows more"
    assert "--limit" not in run(here, "list")
    with monkeypatch.context() as patch:
        patch.setattr("cloud_sync.crm.leads.hotlist.MAX_PAGE", 1)
        assert "the first 1 of 2: GET /v1/leads has all of them" in run(here, "list")
    assert len(json.loads(run(here, "list", "--limit", "1", "--json"))) == 1
    with here.hub.database.transaction() as session:
        lead = session.get_one(CrmLead, (SALES, "1"))
        lead.probability, lead.low, lead.high = 0.8, 0.7, 0.9
        lead.probability_when_new = 0.85
    assert re.search(
        r"probability +0\.800 \[0\.700, 0\.900\].*, 0\.850 when it came",
        run(here, "show", SALES, "1"),
    )


def test_which_bundle_scores_and_the_way_back(here: LeadHub) -> None:
    first = here.models.current(LEADS).id
    with pytest.raises(ConflictError):
        run(here, "back", LEADS)
    second = release_bundle(here.hub, lead_bundle(2, 2.0))
    here.models.look(LEADS)
    assert f"scored by {first[:12]} again" in run(here, "back", LEADS)
    [model] = json.loads(run(here, "models", "--json"))
    assert (model["bundle"], model["previous"], model["held"]) == (first, second, True)
    assert "held" in run(here, "models")
    for verb in ("back", "forward"):
        with pytest.raises(NotFoundError, match="no such project of leads") as caught:
            run(here, verb, LEADS[:-1])
        assert caught.value.fix == f"did you mean {LEADS!r}?"


def test_a_lead_is_erased_after_a_question(here: LeadHub) -> None:
    run(here, "erase", SALES, "1", typed="n\n")
    assert here.lead("1").fields["size"] == 80
    assert "erased: 0 events, 1 score, 0 samples; 0 dataset versions go on without it" in run(
        here, "erase", SALES, "1", typed="y\n"
    )
    assert here.lead("1").fields == {}
    told = json.loads(run(here, "erase", SALES, "2", "--yes", "--json"))
    assert told["scores"] == 1 and told["bytes_gone"]


@pytest.mark.parametrize(("erased", "others"), [("1", ["2"]), ("2", ["1"])])
def test_who_erases_a_lead_is_told_of_those_that_were_merged_with_it(
    here: LeadHub, erased: str, others: list[str]
) -> None:
    """Of the record that went into another one the hub keeps what it knew, under the older number."""
    with here.hub.database.transaction() as session:
        old = session.get_one(CrmLead, (SALES, "1"))
        old.state, old.merged_into = "gone", "2"
    said = run(here, "erase", SALES, erased, "--yes")
    assert f"cloud-sync leads erase {SALES} {' '.join(others)} --data" in said
    assert "merged" not in run(here, "erase", SALES, *others, "--yes"), "nothing is left"


def test_leads_of_a_file_are_erased_together(here: LeadHub, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("1\n\n 2 \n")
    said = run(here, "erase", SALES, "1", "--ids", str(ids), typed="y\n")
    assert f"Erase 2 leads of {SALES}?" in said and "2 scores" in said
    assert here.lead("1").fields == here.lead("2").fields == {}
    told = json.loads(run(here, "erase", SALES, "1", "2", "--yes", "--json"))
    assert [one["scores"] for one in told] == [1, 1], "what was said of the erasure"
    with pytest.raises(UsageError, match="no lead is named"):
        run(here, "erase", SALES, "--yes")


def test_no_value_of_a_lead_steers_a_terminal_or_turns_a_page(here: LeadHub) -> None:
    here.crm.put("9", size=60, **{"na\u202eme": "\x1b[2J\u202eevil"})
    here.score("9")
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "9")).dead = "write: \x1b[31m\u202e"
    told = run(here, "list", "--state", "dead")
    assert "write: " in told
    told += "".join(f"{name}{value}" for name, value in fields_of(here.lead("9")))
    assert "evil" in told and "\x1b" not in told and "\u202e" not in told
