"""Scores get into the CRM: once per change, whatever the CRM, the network and the hub do meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from cloud_sync.crm import threads
from cloud_sync.crm.client import breaker
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.leads import leads
from cloud_sync.crm.outbound import writing
from cloud_sync.crm.outbound.writeback import REFUSED, WriteBack
from cloud_sync.store.models import CrmConnection, CrmLead
from tests.cloud_sync.crm.servers import Asked, Reply
from tests.cloud_sync.crm.writing_builders import NAME, Scene, writing_scene
from tests.waiting import wait_for

pytestmark = pytest.mark.postgresql_in_all


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    with writing_scene(tmp_path, database_url) as made:
        yield made


def test_scores_of_many_leads_go_in_few_requests(scene: Scene) -> None:
    scene.score_each({str(n): 10 + n % 80 for n in range(250)})
    writer = scene.writer()
    assert [writer.step() for _ in range(4)] == [100, 100, 50, 0]
    assert scene.portal.batches == [100, 100, 50]
    assert all(scene.shown(str(n)) == str(10 + n % 80) for n in range(250))
    lead = scene.lead("7")
    assert (lead.written, lead.wrote_points, lead.wrote_band) == (1, 17, "hot")
    assert lead.write_at is None and lead.wrote_at == scene.now


def test_of_many_changes_only_the_newest_score_is_written(scene: Scene) -> None:
    for points in (20, 55, 80):
        scene.score("1", points)
    writer = scene.writer()
    writer.step()
    assert scene.shown("1") == "80"
    assert scene.portal.batches == [1]
    assert scene.lead("1").written == 3
    assert writer.step() == 0


def test_a_small_change_is_not_written_but_another_band_is(scene: Scene) -> None:
    writer = scene.writer()
    scene.score("1", 50, "warm")
    writer.step()
    scene.score("1", 52, "warm")
    assert writer.step() == 0
    scene.score("1", 52, "hot")
    assert writer.step() == 1
    assert scene.portal.batches == [1, 1]
    assert scene.portal.contacts["1"]["kitwright_band"] == "hot"


def test_a_score_that_moved_and_came_back_before_it_was_written_is_not_written(
    scene: Scene,
) -> None:
    writer = scene.writer()
    scene.score("1", 50)
    writer.step()
    scene.score("1", 90)
    scene.score("1", 51)
    writer.step()
    assert scene.portal.batches == [1]
    assert scene.lead("1").write_at is None


def test_each_reason_is_a_line_with_a_sign_that_says_which_way_it_speaks(scene: Scene) -> None:
    scene.score("1", 50)
    scene.score("2", 50, reasons=["kept before reasons had a direction"])
    scene.writer().step()
    shown = {name: scene.portal.contacts[name]["kitwright_reasons"] for name in ("1", "2")}
    assert shown == {
        "1": "(+) asked for a demo\n(−) no phone number",
        "2": "kept before reasons had a direction",
    }


def test_what_a_person_says_of_the_band_is_what_the_crm_shows(scene: Scene) -> None:
    scene.score("1", 20, "cold", override={"band": "hot", "who": "ada", "why": "a friend"})
    scene.writer().step()
    assert scene.portal.contacts["1"]["kitwright_band"] == "hot"


def test_who_opts_out_has_no_score_in_the_crm_any_more(scene: Scene) -> None:
    writer = scene.writer()
    scene.score("1", 50)
    writer.step()
    scene.score("1", None, opted_out=True)
    writer.step()
    ours = [v for k, v in scene.portal.contacts["1"].items() if k.startswith("kitwright_")]
    assert ours and set(ours) == {""}
    lead = scene.lead("1")
    assert (lead.written, lead.wrote_points, lead.wrote_band) == (2, None, "")


def test_who_opts_out_after_an_answer_got_lost_has_no_score_in_the_crm_either(
    scene: Scene,
) -> None:
    scene.score("1", 50)
    scene.server.lose_answer()
    writer = scene.writer()
    assert writer.step() == 0 and scene.shown("1") == "50"  # the hub does not know
    scene.score("1", None, opted_out=True)
    scene.settle(writer, 3)
    assert scene.shown("1") == ""


def test_a_hub_that_dies_after_the_answer_writes_the_same_values_again(scene: Scene) -> None:
    scene.score("1", 50)
    claim = writing.claim(
        scene.hub, scene.connection(), writing.Terms(100, 3, 100), "dead-hub", scene.now
    )
    with scene.hub.database.session() as session:
        row = session.get_one(CrmConnection, NAME)
    Opener(scene.hub)(row).write(claim.writes)
    before = dict(scene.portal.contacts["1"])
    writer = scene.writer()
    assert writer.step() == 0  # its lease holds
    scene.now += writing.LEASE + timedelta(seconds=1)
    assert writer.step() == 1
    assert scene.portal.contacts["1"] == before
    assert scene.lead("1").written == 1


def test_two_hubs_share_the_work_and_write_nothing_twice(scene: Scene) -> None:
    scene.score_each({str(n): 50 for n in range(150)})
    first = writing.claim(scene.hub, scene.connection(), writing.Terms(100, 3, 100), "a", scene.now)
    second = writing.claim(
        scene.hub, scene.connection(), writing.Terms(100, 3, 100), "b", scene.now
    )
    names = [write.object_id for write in (*first.writes, *second.writes)]
    assert len(names) == len(set(names)) == 150


def test_a_lead_that_changes_while_it_is_written_is_written_again(scene: Scene) -> None:
    scene.score("1", 50)
    act = scene.portal.act

    def changing(asked: Any) -> Reply:
        if asked.path.endswith("batch/update") and scene.lead("1").version == 1:
            scene.score("1", 90)
        return act(asked)

    scene.server.act = changing
    writer = scene.writer()
    writer.step()
    assert scene.shown("1") == "50" and scene.lead("1").write_at is not None
    writer.step()
    assert scene.shown("1") == "90" and scene.lead("1").written == 2


def test_a_crm_that_is_down_for_an_hour_gets_the_newest_scores_once(scene: Scene) -> None:
    scene.server.troubles.extend([Reply({"message": "down"}, 503)] * 100_000)
    writer = scene.writer()
    for points in (10, 30, 60, 90):
        scene.score_each({str(n): points for n in range(150)})
        scene.settle(writer, 30)
    asked = len(scene.server.asked)
    assert 10 < asked < 60  # it was left alone
    assert scene.alerts() == [breaker.UNREACHABLE]
    scene.server.troubles.clear()
    scene.settle(writer, 20)
    assert scene.portal.batches == [1, 100, 49]  # one tries whether it is back
    assert all(scene.shown(str(n)) == "90" for n in range(150))
    assert scene.alerts() == []
    assert scene.connection().failures == 0


def test_a_lead_that_the_crm_has_no_more_is_not_tried_again(scene: Scene) -> None:
    scene.score("999", 50)
    scene.score("1", 50)
    writer = scene.writer()
    writer.step()
    assert (scene.lead("999").write_at, scene.lead("999").due_at) == (None, scene.now)  # it is read
    assert writer.step() == 0
    assert scene.shown("1") == "50"


def test_a_lead_that_is_there_and_takes_no_score_is_not_tried_for_ever(scene: Scene) -> None:
    """It was read after the CRM had said that there is no such lead."""
    scene.score("999", 50)
    writer = scene.writer()
    writer.step()
    scene.score("999", 50)
    writer.step()
    assert scene.lead("999").state == "gone"
    scene.score("999", 60)
    assert writer.step() == 0


def poison(scene: Scene, *leads: str) -> None:
    """The CRM refuses a batch as a whole because of these."""
    act = scene.portal.act

    def refusing(asked: Any) -> Reply:
        if asked.path.endswith("batch/update"):
            bad = {one["id"] for one in asked.body["inputs"]} & set(leads)
            if bad:
                return Reply({"message": f"{min(bad)}: odd", "category": "VALIDATION_ERROR"}, 400)
        return act(asked)

    scene.server.act = refusing


def test_one_lead_that_poisons_a_batch_is_found_and_the_others_are_written(scene: Scene) -> None:
    poison(scene, "37")
    scene.score_each({str(n): 50 for n in range(100)})
    writer = scene.writer()
    writer.step()
    assert len(scene.server.asked) <= 15
    assert [n for n in range(100) if scene.shown(str(n)) != "50"] == [37]
    dead = scene.lead("37")
    assert dead.dead.startswith(writing.DEAD) and "odd" in dead.dead
    assert scene.alerts() == ["crm-lead-dead"]
    assert writer.step() == 0
    with scene.hub.database.transaction() as session:  # as `crm retry` does
        session.execute(update(CrmLead).values(dead=""))
    scene.server.act = scene.portal.act
    writer.step()
    assert scene.shown("37") == "50"


def test_what_is_wrong_with_the_connection_makes_no_lead_dead(scene: Scene) -> None:
    """A property that somebody deleted: all are refused, and all are written once it is back."""
    kind = scene.portal.properties.pop("kitwright_band")
    scene.score_each({str(n): 50 for n in range(120)})
    writer = scene.writer()
    scene.settle(writer, 80)
    with scene.hub.database.session() as session:
        assert set(session.scalars(select(CrmLead.dead))) == {""}
    assert scene.alerts() == [breaker.UNREACHABLE]
    assert "does not exist" in scene.connection().error
    assert len(scene.server.asked) < 300
    scene.portal.properties["kitwright_band"] = kind
    scene.settle(writer, 60, minutes=10)
    assert all(scene.shown(str(n)) == "50" for n in range(120))


@pytest.mark.parametrize("refusals", range(1, 9))
def test_a_field_that_is_made_while_a_batch_goes_in_parts_has_no_lead_given_up(
    scene: Scene, refusals: int
) -> None:
    """Those refused alone before it was there say nothing of themselves."""
    kind = scene.portal.properties.pop("kitwright_band")
    left = [refusals]

    def act(asked: Asked) -> Reply:
        reply = scene.portal.act(asked)
        left[0] -= reply.status == 400
        if left[0] == 0:
            scene.portal.properties["kitwright_band"] = kind
        return reply

    scene.server.act = act
    scene.score_each({str(n): 50 for n in range(8)})
    scene.settle(scene.writer(), 10)
    assert [scene.shown(str(n)) for n in range(8)] == ["50"] * 8
    assert scene.alerts() == []


def test_a_missing_right_is_the_connections_fault_and_is_said(scene: Scene) -> None:
    scene.portal.missing_scopes.add("crm.objects.contacts.write")
    scene.score("1", 50)
    writer = scene.writer()
    scene.settle(writer, 20)
    assert "lacks crm.objects.contacts.write" in scene.connection().error
    assert scene.lead("1").dead == ""
    scene.portal.missing_scopes.clear()
    scene.settle(writer, 40, minutes=1)
    assert scene.shown("1") == "50"


def test_a_crm_that_is_read_but_takes_no_scores_is_left_alone_and_told_of(scene: Scene) -> None:
    """Reads that succeed meanwhile close the breaker: writes alone must not fail every second for ever."""
    scene.portal.missing_scopes.add("crm.objects.contacts.write")
    scene.score("1", 50)
    writer = scene.writer()
    pauses = []
    for _ in range(breaker.FAILURES + 1):
        with scene.hub.database.transaction() as session:
            breaker.succeeded(session, NAME, scene.now)  # a read
        pauses.append(writer.serve(NAME)[1])
        scene.now += timedelta(hours=2)
    assert pauses == sorted(pauses) and pauses[-1] >= 30
    assert REFUSED in scene.alerts()
    scene.portal.missing_scopes.clear()
    scene.settle(writer, 40, minutes=10)
    assert scene.shown("1") == "50"
    assert REFUSED not in scene.alerts()


def test_a_wait_that_the_crm_asks_for_is_kept(scene: Scene) -> None:
    scene.score("1", 50)
    scene.server.troubles.append(Reply({}, 429, {"retry-after": "120"}))
    writer = scene.writer()
    scene.settle(writer, 10, seconds=10)
    assert len(scene.server.asked) == 1
    assert scene.connection().open_until is not None


def test_a_connection_that_rests_or_only_listens_writes_nothing(scene: Scene) -> None:
    scene.score("1", 50)
    connections.pause(scene.hub, NAME, by="test", paused=True)
    assert scene.writer().step() == 0
    connections.pause(scene.hub, NAME, by="test", paused=False)
    with scene.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, NAME)
        row.settings = {**row.settings, "write": False}
    assert scene.writer().step() == 0
    assert scene.server.asked == []


def test_a_connection_without_its_secret_waits_for_a_person(scene: Scene) -> None:
    scene.score("1", 50)
    (scene.hub.config.keys_dir / "crm" / f"{NAME}.json").unlink()
    assert scene.writer().step() == 0
    assert scene.lead("1").write_at is not None


def test_the_loops_begin_with_a_connection_and_end_with_the_hub(scene: Scene) -> None:
    writer = WriteBack(scene.hub, Opener(scene.hub))
    writer.start()
    try:
        scene.score("1", 50)
        wait_for(lambda: scene.lead("1").written == 1)
    finally:
        writer.stop()
    assert scene.shown("1") == "50"


def test_a_lead_that_is_refused_alone_for_days_waits_for_a_person_told_once(scene: Scene) -> None:
    poison(scene, "37")
    scene.score("37", 50)
    writer = scene.writer()
    scene.settle(writer, 5, hours=1)
    assert scene.lead("37").dead == "" and "odd" in scene.lead("37").write_error
    with scene.hub.database.transaction() as session:  # as it is after three days
        session.get_one(CrmLead, (NAME, "37")).write_attempts = writing.MAX_REFUSALS - 2
    scene.settle(writer, 6, hours=1)
    assert scene.lead("37").dead.startswith(writing.DEAD) and "odd" in scene.lead("37").dead
    assert "crm-lead-dead" in scene.alerts()
    asked = len(scene.server.asked)
    scene.settle(writer, 24, hours=1)
    assert len(scene.server.asked) == asked
    scene.server.act = scene.portal.act
    with scene.hub.database.transaction() as session:
        assert leads.retry_dead(session, NAME, who="ada") == 1
    scene.settle(writer, 3, hours=1)
    assert scene.shown("37") == "50"


def test_a_crm_that_does_not_answer_does_not_keep_the_hub_from_ending(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it ends nobody takes messages; what was under way has a lease, and is written again."""
    monkeypatch.setattr(threads, "LEAVE_S", 0.1)
    asked, answer = threading.Event(), threading.Event()
    act = scene.portal.act

    def hangs(request: Any) -> Reply:
        asked.set()
        answer.wait()
        return act(request)

    scene.server.act = hangs
    scene.score("1", 50)
    writer = scene.writer()
    writer.start()
    assert asked.wait(10)
    writer.stop()
    answer.set()
    scene.server.act = act
    scene.now += writing.LEASE + timedelta(seconds=1)
    scene.settle(scene.writer(), 3)
    assert scene.shown("1") == "50"
