"""A person changes a connection while a turn of its loops is under way: what was changed counts, for every lead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from pydantic import JsonValue

from cloud_sync.crm.connection import settling
from cloud_sync.crm.connection.changing import Edit, plan
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound.sweeping import Sweeping
from cloud_sync.crm.kinds.base import Crm, Record, ScoreWrite, WriteOutcome
from cloud_sync.crm.outbound import writeback
from cloud_sync.crm.outbound.writeback import WriteBack
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead, Project
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub
from tests.cloud_sync.crm.writing_builders import NAME, Scene, writing_scene

Then = Callable[[], None]


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    with writing_scene(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        yield made


def change(hub: Hub, name: str, **values: JsonValue) -> None:
    """As `crm set`."""
    edit = Edit({key.replace("__", "."): value for key, value in values.items()})
    settling.change(hub, name, lambda now, project: plan(now, project, edit, "test"), by="ann")


def once(then: Then) -> Then:
    """Does it the first time only."""
    left = [then]
    return lambda: left.pop()() if left else None


def after_each_write(monkeypatch: pytest.MonkeyPatch, then: Then) -> None:
    """It happens when the CRM has taken scores, and before that is noted."""
    before = writeback.write_parts

    def write(crm: Crm, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        found = before(crm, writes)
        then()
        return found

    monkeypatch.setattr(writeback, "write_parts", write)


def after_opening(hub: Hub, then: Then) -> Callable[[CrmConnection], Crm]:
    """It happens when the CRM was opened, and before anything is claimed."""
    opener = Opener(hub)

    def opened(row: CrmConnection) -> Crm:
        crm = opener(row)
        then()
        return crm

    return opened


def ours(scene: Scene, lead: str) -> str | None:
    return scene.portal.contacts[lead].get("ours")


def to_ours(scene: Scene) -> Then:
    """The scores go into another field, which is made as `crm set` makes it."""

    def now() -> None:
        change(scene.hub, NAME, fields__points="ours")
        Opener(scene.hub)(scene.connection()).make_fields()
        scene.now = utc_now()  # the change is of the machine's clock

    return once(now)


def test_scores_on_their_way_go_into_the_new_fields_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, points in (("1", 40), ("2", 70)):
        scene.score(name, points)
    after_each_write(monkeypatch, to_ours(scene))
    writer = scene.writer()
    assert [writer.step() for _ in range(3)] == [2, 2, 0]
    assert (ours(scene, "1"), ours(scene, "2")) == ("40", "70")
    assert scene.lead("1").write_at is None and scene.lead("1").written == 1


def test_a_writer_that_had_opened_the_crm_before_looks_again(scene: Scene) -> None:
    scene.score("1", 40)
    opener = after_opening(scene.hub, to_ours(scene))
    writer = WriteBack(scene.hub, opener, now=lambda: scene.now)
    assert [writer.step() for _ in range(3)] == [0, 1, 0]
    assert ours(scene, "1") == "40" and scene.shown("1") == ""


def test_a_lead_that_is_gone_is_not_written_into_new_fields(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.score("1", 40)
    move = to_ours(scene)

    def then() -> None:
        move()
        with scene.hub.database.transaction() as session:
            lead = session.get_one(CrmLead, (NAME, "1"))
            lead.state, lead.write_at = "gone", None

    after_each_write(monkeypatch, once(then))
    writer = scene.writer()
    assert [writer.step() for _ in range(2)] == [1, 0]
    lead = scene.lead("1")
    assert (lead.write_at, lead.write_lease_owner) == (None, "")


def test_another_setting_writes_nothing_twice(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.score("1", 40)
    after_each_write(monkeypatch, once(lambda: change(scene.hub, NAME, min_change=5)))
    writer = scene.writer()
    assert [writer.step() for _ in range(2)] == [1, 0]
    assert scene.portal.batches == [1]


def test_another_server_is_given_all_scores(scene: Scene) -> None:
    """A trial account may have the leads of the real one, by the same ids."""
    scene.score("1", 40)
    scene.writer().step()
    assert scene.lead("1").write_at is None
    change(scene.hub, NAME, url="https://eu.example/crm")
    assert scene.lead("1").write_at is not None


def test_leads_that_no_field_took_are_tried_again_when_the_fields_change(scene: Scene) -> None:
    for name, why in (("1", "write: no such field"), ("2", "size is not a number")):
        scene.score(name, 40, dead=why, write_attempts=7, write_error="no such field")
    assert scene.writer().step() == 0
    to_ours(scene)()
    assert scene.writer().step() == 1
    assert ours(scene, "1") == "40"
    assert (scene.lead("1").dead, scene.lead("2").dead) == ("", "size is not a number")


def while_read(there: LeadHub, then: Then) -> None:
    """It happens when the CRM has answered, and before what it said is stored."""
    read = there.crm.read

    def reads(names: Sequence[str]) -> list[Record]:
        found = read(names)
        then()
        return found

    there.crm.read = reads


def test_a_lead_on_its_way_is_read_by_the_new_settings_too(there: LeadHub) -> None:
    there.crm.put("1", size=50)
    while_read(there, once(lambda: change(there.hub, SALES, outcome__lost=["other"])))
    there.score("1")
    assert there.crm.asked == [("1",), ("1",)]
    lead = there.lead("1")
    assert (lead.points, lead.version, lead.due_at, lead.lease_owner) == (50, 1, None, "")


def test_scores_are_written_of_a_lead_that_was_scored_while_writing_began(there: LeadHub) -> None:
    change(there.hub, SALES, write=False)
    there.crm.put("1", size=50)
    while_read(there, once(lambda: change(there.hub, SALES, write=True)))
    there.score("1")
    assert there.lead("1").points == 50 and there.lead("1").write_at is not None


def test_what_another_projects_bundle_said_meanwhile_is_not_kept(there: LeadHub) -> None:
    with there.hub.database.transaction() as session:
        session.add(Project(name="partners", kit="lead-scoring", kit_yaml=""))
    there.crm.put("1", size=50)
    while_read(there, once(lambda: change(there.hub, SALES, project="partners")))
    there.score("1")
    lead = there.lead("1")
    assert (lead.points, lead.asked) == (None, {}) and lead.due_at is not None


def test_a_sweep_does_not_begin_by_outcomes_that_are_none_any_more(there: LeadHub) -> None:
    """A record that was decided before is one to be scored now: no page may leave it out."""
    with there.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        row.kind, row.settings = "hubspot", CrmSettings(kind="hubspot").model_dump(mode="json")
    asked: list[object] = []
    then = once(lambda: change(there.hub, SALES, outcome__won=["evangelist"]))

    def opener(row: CrmConnection) -> Crm:
        asked.append(row.settings["outcome"])
        then()
        return there.crm

    there.crm.put("1", size=50)
    sweeper = Sweeping(there.hub, opener, now=there.clock)
    assert [sweeper.serve(SALES)[0] for _ in range(2)] == [0, 1]
    assert asked[0] != asked[1]
