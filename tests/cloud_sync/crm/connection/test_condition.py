"""What a connection is said to be: whatever keeps scores from being made or written is not in order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_sync.crm.client import breaker
from cloud_sync.crm.connection import changing, health, settling
from cloud_sync.crm.connection.condition import CANNOT_SCORE, EARLIER, IN_ORDER, SCORES_WAIT
from cloud_sync.crm.connection.health import Health
from cloud_sync.crm.connection.secrets import Secrets, remove_secrets, write_secrets
from cloud_sync.crm.connection.unopened import UNOPENED
from cloud_sync.crm.kinds.base import WriteOutcome
from cloud_sync.crm.outbound import writing
from cloud_sync.crm.outbound.writeback import REFUSED, WriteBack
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_apis import asker, opened
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    lead_bundle,
    lead_hub,
    make_rule,
    release_bundle,
)
from tests.cloud_sync.crm.portal import SECRETS
from tests.cloud_sync.crm.scoring.test_models import of_another_version, withdraw
from tests.cloud_sync.crm.writing_builders import NAME, Scene, writing_scene

WRITES = "crm.objects.contacts.write"


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    """Scored by a project, and in order."""
    with writing_scene(tmp_path, database_url) as made:
        release_bundle(made.hub, lead_bundle())
        LeadModels(made.hub, make=make_rule).look(LEADS)
        with made.hub.database.transaction() as session:
            session.get_one(CrmConnection, NAME).project = LEADS
        assert said(made.hub).state == IN_ORDER
        yield made


def said(hub: Hub) -> Health:
    with hub.database.session() as session:
        [one] = health.connections(session, utc_now())
    return one


def refuse(scene: Scene, writer: WriteBack) -> None:
    """A CRM that is read, and takes no score: told after five times."""
    scene.portal.missing_scopes.add(WRITES)
    for _ in range(breaker.FAILURES):
        with scene.hub.database.transaction() as session:
            breaker.succeeded(session, NAME, scene.now)  # a read
        writer.step()
        scene.now += timedelta(hours=2)
    with scene.hub.database.transaction() as session:
        breaker.succeeded(session, NAME, scene.now)


def test_a_crm_that_takes_no_scores_is_not_in_order_until_it_does(scene: Scene) -> None:
    scene.score("1", 50)
    refuse(scene, scene.writer())
    assert said(scene.hub).state == SCORES_WAIT and "does not take scores" in said(scene.hub).error
    scene.portal.missing_scopes.clear()
    scene.settle(scene.writer(), 20, minutes=30)  # another process: the one that told has ended
    assert (said(scene.hub).state, said(scene.hub).error) == (IN_ORDER, "")
    assert REFUSED not in scene.alerts()


def test_scores_that_are_not_to_be_written_any_more_are_not_refused_either(scene: Scene) -> None:
    scene.score("1", 50)
    refuse(scene, scene.writer())
    settling.change(
        scene.hub,
        NAME,
        lambda before, project: changing.Plan(
            before, before.model_copy(update={"write": False}), project, project
        ),
        by="test",
    )
    assert said(scene.hub).state == IN_ORDER and REFUSED not in scene.alerts()


def test_scores_that_were_given_up_are_told_until_another_is_taken(scene: Scene) -> None:
    scene.score("1", 50)
    claim = writing.claim(
        scene.hub, scene.connection(), writing.Terms(1, 3, behind=True), "a", scene.now
    )
    note(scene, claim, [WriteOutcome("1", False, "no", retry=False)])
    assert said(scene.hub).error.startswith("1 score was given up, and")
    scene.score("2", 50)
    claim = writing.claim(
        scene.hub, scene.connection(), writing.Terms(2, 3, behind=True), "a", scene.now
    )
    refused = [WriteOutcome(one.object_id, False, "no", retry=False) for one in claim.writes]
    note(scene, claim, refused)
    assert (
        said(scene.hub).state == SCORES_WAIT and "2 scores were given up" in said(scene.hub).error
    )
    scene.now += timedelta(minutes=1)
    scene.score("3", 50)
    claim = writing.claim(
        scene.hub, scene.connection(), writing.Terms(2, 3, behind=True), "a", scene.now
    )
    note(scene, claim, [WriteOutcome("3", True)])
    assert said(scene.hub).state == IN_ORDER and said(scene.hub).dead == 2


def note(scene: Scene, claim: writing.Claim, outcomes: list[WriteOutcome]) -> None:
    with scene.hub.database.transaction() as session:
        writing.note(session, NAME, claim.writes, outcomes, "a", scene.now, random.Random(1))


def test_a_missing_secret_is_told_until_it_is_there(scene: Scene) -> None:
    writer = scene.writer()
    remove_secrets(scene.hub.config.keys_dir, NAME)
    writer.step()
    writer.step()
    assert said(scene.hub).state == CANNOT_SCORE and "secret" in said(scene.hub).error
    assert scene.alerts() == [UNOPENED]
    write_secrets(scene.hub.config.keys_dir, NAME, Secrets(api=SECRETS))
    scene.writer().step()
    assert said(scene.hub).state == IN_ORDER and scene.alerts() == []


def test_who_is_only_listened_to_needs_no_secret(scene: Scene) -> None:
    with scene.hub.database.transaction() as session:
        session.get_one(CrmConnection, NAME).project = ""
    remove_secrets(scene.hub.config.keys_dir, NAME)
    scene.writer().step()
    assert said(scene.hub).state == "not scored" and scene.alerts() == []


def test_without_a_bundle_nothing_can_be_scored(tmp_path: Path) -> None:
    with lead_hub(tmp_path) as here:
        assert (said(here.hub).state, said(here.hub).error[:22]) == (
            CANNOT_SCORE,
            "no bundle is in force ",
        )
        release_bundle(here.hub, lead_bundle(2, golden_score=0.9))
        here.scoring.step()
        assert said(here.hub).state == CANNOT_SCORE and "golden samples" in said(here.hub).error
        third = release_bundle(here.hub, lead_bundle(3))
        here.models.look(LEADS)
        assert said(here.hub).state == IN_ORDER
        with pytest.raises(Exception, match="malformed"):
            LeadModels(here.hub, make=of_another_version).current(LEADS)
        assert said(here.hub).state == CANNOT_SCORE and "malformed" in said(here.hub).error
        assert here.models.current(LEADS).id == third


def test_scores_of_an_earlier_bundle_are_told_until_a_newer_one_is_taken(tmp_path: Path) -> None:
    with opened(tmp_path) as (client, here):
        here.models.look(LEADS)
        first = here.models.current(LEADS).id
        second = release_bundle(here.hub, lead_bundle(2, golden_score=0.9))
        assert not here.models.look(LEADS)
        one = said(here.hub)
        assert one.state == EARLIER and "golden samples differ" in one.error
        assert one.error.startswith(f"{second[:12]} was refused, {first[:12]} scores on")
        page = client.get("/leads", headers=asker(here.hub)).text
        assert f"<strong>sales</strong> has scores of an earlier bundle: {second[:12]}" in page
        here.crm.put("1", size=50)
        here.score("1")
        assert here.lead("1").bundle == first
        withdraw(here.hub, second, champion=first)
        assert said(here.hub).state == IN_ORDER
        release_bundle(here.hub, lead_bundle(3, golden_score=0.9))
        here.models.look(LEADS)
        assert said(here.hub).state == EARLIER
        release_bundle(here.hub, lead_bundle(4))
        assert here.models.look(LEADS) and said(here.hub).state == IN_ORDER


def test_the_page_of_leads_and_the_api_tell_it(tmp_path: Path) -> None:
    with opened(tmp_path) as (client, here):
        who = asker(here.hub)
        [one] = client.get("/v1/leads/connections", headers=who).json()["connections"]
        assert one["state"] == CANNOT_SCORE and "no bundle" in one["error"]
        here.crm.put("1", size=50)
        here.due("1")
        assert "no bundle is in force" in client.get(f"/leads/{SALES}/1", headers=who).text
        page = client.get("/leads", headers=who).text
        assert "<strong>sales</strong> has no scores: no bundle is in force" in page
        here.models.look(LEADS)
        assert "has no scores" not in client.get("/leads", headers=who).text
