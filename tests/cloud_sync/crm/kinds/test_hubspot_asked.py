"""HubSpot with a service key, which sends no messages: it is asked what changed, and that comes to rest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from cloud_sync.crm.client.window import OVERLAP
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound.hiding import MAX_MISSED
from cloud_sync.crm.inbound.polling import Polling
from cloud_sync.crm.inbound.sweeping import Sweeping
from cloud_sync.crm.kinds.base import Access, Crm
from cloud_sync.crm.kinds.table import open_crm, with_defaults
from cloud_sync.crm.leads import leads
from cloud_sync.crm.outbound.writeback import WriteBack
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.crm.simulator.values import Held
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmEvent, CrmLead
from tests.cloud_sync.crm.lead_builders import LEADS, Clock, lead_bundle, make_rule, release_bundle
from tests.cloud_sync.crm.servers import LOOPBACK, Asked, Reply, crm_for, crm_server
from tests.cloud_sync.fleet_builders import make_hub
from tests.waiting import wait_for

pytestmark = pytest.mark.postgresql_in_all

NAME = "sales"
DAY_S = 86_400.0


@dataclass
class Scene:
    """A hub that asks a pretended HubSpot, and its loops, a turn at a time."""

    hub: Hub
    simulator: Simulator
    clock: Clock
    polling: Polling
    sweeping: Sweeping
    scoring: LeadScoring
    writing: WriteBack

    def lead(self, size: int) -> Held:
        return self.simulator.add({**self.simulator.world.lead(), "size": size}, quiet=True)

    def told(self) -> bool:
        """Asks until nothing more comes; whether a lead has news."""
        while True:
            _, pause_s = self.polling.serve(NAME)
            if pause_s > 1:
                break
        with self.hub.database.session() as session:
            due = select(CrmLead.object_id).where(CrmLead.due_at.is_not(None))
            return bool(session.scalars(due).all())

    def rest(self) -> None:
        """Scores and writes until nothing is left to do."""
        for loop in (self.scoring, self.writing):
            while loop.step():
                pass

    def sweep(self) -> int:
        """Until the sweep is over; how many records were listed."""
        listed = 0
        while found := self.sweeping.serve(NAME)[0]:
            listed += found
            self.clock.tick(1)
        return listed

    def state(self, held: Held) -> str:
        with self.hub.database.session() as session:
            return session.get_one(CrmLead, (NAME, held.object_id)).state


@pytest.fixture
def scene(tmp_path: Path, database_url: str, searches_at_once: None) -> Iterator[Scene]:
    simulator, clock = Simulator("hubspot", seed=3, limit=0), Clock()
    with serve(simulator) as url, make_hub(tmp_path, database_url=database_url) as hub:
        release_bundle(hub, lead_bundle())
        settings = CrmSettings(
            kind="hubspot", url=url, allow=LOOPBACK, rate_per_10s=5000, options={"events": "poll"}
        )
        connections.add(hub, NAME, settings, LEADS, Secrets(api=simulator.secrets.api), by="test")
        opener, models = Opener(hub), LeadModels(hub, make=make_rule)
        models.look(LEADS)
        Opener(hub)(row_of(hub)).make_fields()
        yield Scene(
            hub, simulator, clock, Polling(hub, opener, now=clock), Sweeping(hub, opener, now=clock),
            LeadScoring(hub, models, opener, now=clock), WriteBack(hub, opener, now=clock),
        )  # fmt: skip


def row_of(hub: Hub) -> connections.CrmConnection:
    with hub.database.session() as session:
        return connections.require(session, NAME)


def test_our_own_score_comes_back_once_and_there_the_circle_ends(scene: Scene) -> None:
    assert not scene.told()
    held = scene.lead(70)
    wait_for(scene.told)
    scene.rest()
    assert held.fields["kitwright_score"] == "70"
    wait_for(scene.told)  # what was written is a change, as any other
    scene.rest()
    time.sleep(1.1)  # its clock tells seconds, and only those that are over are asked for
    assert not scene.told()
    assert (held.written.times, held.written.same) == (1, 0)
    scene.simulator.records.set(held.object_id, {"size": 20})
    wait_for(scene.told)
    scene.rest()
    assert (held.fields["kitwright_score"], held.written.times) == ("20", 2)


def test_what_was_archived_is_no_event_and_is_noticed_by_the_next_sweep(scene: Scene) -> None:
    kept, archived = scene.lead(70), scene.lead(40)
    assert scene.sweep() == 2
    scene.rest()
    wait_for(scene.told)
    scene.rest()
    scene.simulator.records.remove(archived.object_id)
    scene.told()
    with scene.hub.database.session() as session:
        assert {event.what for event in session.scalars(select(CrmEvent))} <= {"created", "changed"}
    assert scene.state(archived) == "open"
    scene.clock.tick(DAY_S)
    assert scene.sweep() == 1
    for _ in range(MAX_MISSED + 1):
        scene.rest()
        scene.clock.tick(200)
    assert (scene.state(kept), scene.state(archived)) == ("open", "gone")


def test_what_people_said_of_two_records_holds_for_the_one_that_hubspot_makes_of_them(
    scene: Scene,
) -> None:
    """It has another number than both, and no message says so."""
    scene.told()
    kept, other, third = scene.lead(70), scene.lead(40), scene.lead(20)
    wait_for(scene.told)
    scene.rest()
    with scene.hub.database.transaction() as session:
        leads.opt_out(session, NAME, kept.object_id, True, why="asked by phone", who="ada")
    scene.rest()
    scene.simulator.records.join(other.object_id, kept.object_id)
    made = next(held for held in scene.simulator.records if held.made_of)
    wait_for(lambda: scene.told() and known(scene, made) is not None)
    scene.clock.tick(60)
    scene.rest()
    assert [scene.state(held) for held in (kept, other, third)] == ["gone", "gone", "open"]
    lead = known(scene, made)
    assert lead is not None and lead.opted_out and lead.points is None
    assert made.fields.get("kitwright_score") in (None, "")
    with scene.hub.database.transaction() as session:
        leads.opt_out(session, NAME, made.object_id, False, why="asked again", who="ada")
        session.execute(delete(CrmEvent))  # as they are in time
    scene.simulator.records.set(made.object_id, {"size": 30})
    wait_for(scene.told)
    scene.clock.tick(60)
    scene.rest()
    assert made.fields["kitwright_score"] == "30", "what was said since counts"


def test_an_objection_that_was_taken_back_stays_so_when_its_record_is_merged_again(
    scene: Scene,
) -> None:
    """HubSpot names those of the merge before, too."""
    scene.told()
    kept, other, third = scene.lead(70), scene.lead(40), scene.lead(20)
    wait_for(scene.told)
    scene.rest()
    with scene.hub.database.transaction() as session:
        leads.opt_out(session, NAME, kept.object_id, True, why="asked by phone", who="ada")
    made = joined(scene, other, kept)
    lead = known(scene, made)
    assert lead is not None and lead.opted_out
    with scene.hub.database.transaction() as session:
        leads.opt_out(session, NAME, made.object_id, False, why="asked again", who="ada")
    last = joined(scene, third, made)
    assert set(last.made_of) == {one.object_id for one in (kept, other, third, made)}
    assert [scene.state(one) for one in (kept, other, third, made)] == ["gone"] * 4
    lead = known(scene, last)
    assert lead is not None and not lead.opted_out and last.fields["kitwright_score"] == "70"


def test_a_record_of_two_is_written_once_for_that(scene: Scene) -> None:
    """They stand in it for ever, and events are kept for a while."""
    scene.told()
    kept, other = scene.lead(70), scene.lead(40)
    wait_for(scene.told)
    scene.rest()
    made = joined(scene, other, kept)
    times = made.written.times
    with scene.hub.database.transaction() as session:
        session.execute(delete(CrmEvent))
    scene.simulator.records.set(made.object_id, {"jobtitle": "Buyer"})
    wait_for(scene.told)
    scene.rest()
    assert times and made.written.times == times


def joined(scene: Scene, lost: Held, kept: Held) -> Held:
    """The record that HubSpot makes of two, once the hub knows it and has looked after it."""
    scene.simulator.records.join(lost.object_id, kept.object_id)
    made = next(held for held in scene.simulator.records if lost.object_id in held.made_of[-2:])
    wait_for(lambda: scene.told() and known(scene, made) is not None)
    scene.clock.tick(60)
    scene.rest()
    return made


def known(scene: Scene, held: Held) -> CrmLead | None:
    with scene.hub.database.session() as session:
        return session.get(CrmLead, (NAME, held.object_id))


def crm_of(simulator: Simulator, url: str) -> Crm:
    settings = CrmSettings.model_validate(
        {**simulator.connection(url), "options": {"events": "poll"}}
    )
    return open_crm(Access(NAME, with_defaults(settings), simulator.secrets.api))


def test_pages_are_walked_by_id_and_each_kind_has_its_own_time_of_change(
    searches_at_once: None,
) -> None:
    for thing in ("contacts", "deals"):
        simulator = Simulator("hubspot", seed=5, limit=0, thing=thing)
        with serve(simulator) as url:
            crm = crm_of(simulator, url)
            begin = crm.changed_since("").cursor
            ids = [held.object_id for held in simulator.make(450, quiet=True)]
            pages: list[list[str]] = []
            # until the second in which the last was made is over there
            wait_for(
                lambda crm=crm, begin=begin, ids=ids, pages=pages: ids == walked(crm, begin, pages)
            )  # type: ignore[misc]  # bound now
        assert [len(page) for page in pages] == [200, 200, 50]


def walked(crm: Crm, begin: str, pages: list[list[str]]) -> list[str]:
    """Ids of all that was changed since, and of the pages they came in."""
    pages.clear()
    cursor, more = begin, True
    while more:
        page = crm.changed_since(cursor)
        pages.append([event.object_id for event in page.events])
        cursor, more = page.cursor, page.more
    return [name for names in pages for name in names]


def test_half_an_hour_of_an_import_is_not_walked_again_while_new_leads_wait(
    searches_at_once: None,
) -> None:
    """HubSpot has no long transactions, and 50,000 records are 250 searches of which it allows few."""
    at = datetime.now(timezone.utc).replace(microsecond=0)

    def act(asked: Asked) -> Reply:
        return Reply({"results": []}, headers={"date": format_datetime(at, usegmt=True)})

    with crm_server(act) as server:
        crm = crm_for("hubspot", server, {"token": "x"}, options={"events": "poll"})
        cursor = crm.changed_since("").cursor
        for _ in range(24):
            at += timedelta(seconds=30)
            crm.check()  # the difference to our clock is learned from any answer
            cursor = crm.changed_since(cursor).cursor
        asked = [one.body["filterGroups"][0]["filters"] for one in server.asked if one.path.endswith("/search")]  # fmt: skip
    spans = [int(until["value"]) - int(since["value"]) for since, until in asked]
    assert len(spans) == 24 and max(spans) <= 1000 * (OVERLAP.total_seconds() + 31)


def test_searches_stay_below_the_limit_that_holds_for_them_alone() -> None:
    """HubSpot takes five a second of one account, and no header says what is left."""
    simulator = Simulator("hubspot", seed=5)
    simulator.make(3, quiet=True)
    with serve(simulator) as url:
        crm = crm_of(simulator, url)
        begin = crm.changed_since("").cursor
        time.sleep(1.1)  # a span of a second
        for _ in range(4):
            crm.listed("", None)
            crm.changed_since(begin)
        searches = [line for line in simulator.troubles.requests if line.split()[1].endswith("/search")]  # fmt: skip
    assert (len(searches), simulator.vendor.searches.refused) == (8, 0)  # type: ignore[attr-defined]  # HubSpot's


def test_a_sweep_lists_everything_where_changes_are_asked_for(scene: Scene) -> None:
    held = scene.lead(70)
    scene.sweep()
    scene.rest()
    held.modified_at -= timedelta(days=2)
    scene.clock.tick(DAY_S)
    assert scene.sweep() == 1
