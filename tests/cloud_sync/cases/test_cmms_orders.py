"""Whose an order is, that it is there, and what people there change later: in numbers, words and codes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.cases.closing import Finding, close
from cloud_sync.cmms.inbound import take as take_message
from cloud_sync.cmms.poll import CmmsPoll
from cloud_sync.cmms.start import cmms_of
from cloud_sync.effects.alerts import outbox_for
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.store.models import Alert, Case, Effect
from kits.core.sample import utc_now
from tests.cloud_sync.cases.case_builders import CASE, hours, outcomes, step, window_row
from tests.cloud_sync.cases.case_builders import take as send
from tests.cloud_sync.cases.test_cmms import KEY, KINDS, Scene, scene_of
from tests.cloud_sync.cases.test_cmms_again import rises_again


@pytest.fixture(params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with scene_of(request.param, tmp_path) as scene:
        yield scene


def found_here(scene: Scene, cause: str) -> None:
    """A person closes the case on its page."""
    config = scene.hub.config
    with scene.hub.database.transaction() as session:
        effects = outbox_for(config.notify, config.cmms, config.url)
        close(session, effects, CASE, Finding(cause, "ann"))


def states_of_effects(scene: Scene) -> list[str]:
    with scene.hub.database.session() as session:
        return [effect.state for effect in session.scalars(select(Effect))]


def test_an_order_of_another_is_not_taken_for_the_one_with_the_same_number(scene: Scene) -> None:
    """Who tried a pretended system first, or another database, has its numbers with the cases."""
    send(scene.hub, window_row(11, "w1", 1))
    send(scene.hub, step(1, "opened", 1))
    scene.deliver()
    own = dict.fromkeys(("name", "subject", "description"), "the coffee machine leaks")
    scene.enter(**own, custom_kitwright_case=None)
    scene.done("NFF")
    assert scene.poll() == 0
    assert (scene.case().state, outcomes(scene.hub)) == ("open", {})
    [ref] = scene.simulator.orders
    send(scene.hub, step(2, "escalated", 3))
    scene.deliver()
    assert scene.simulator.comments[ref] == []
    assert len(scene.simulator.orders) == 2, "the case has its order here, too"
    assert scene.case().order_ref.endswith(f":{[*scene.simulator.orders][1]}")


def test_two_cases_with_one_number_get_the_answer_of_their_own_order(scene: Scene) -> None:
    send(scene.hub, step(1, "opened", 1), step(2, "opened", 1, case_id="02kcase", asset="pump-2"))
    scene.deliver()
    with scene.hub.database.transaction() as session:
        first, second = session.get_one(Case, CASE), session.get_one(Case, "02kcase")
        first.order_ref = second.order_ref
    for order in scene.simulator.orders.values():
        order.update({"stage": "Repaired", "status": "Closed"})
    assert scene.poll() == 1
    assert scene.case().state == "open"


def test_an_order_with_another_title_is_known_by_its_description(tmp_path: Path) -> None:
    with scene_of("odoo", tmp_path) as scene:
        send(scene.hub, step(1, "opened", 1))
        scene.deliver()
        scene.enter(name="Pumpe 1: Lager wechseln")
        scene.done("BRG-OR")
        assert (scene.poll(), scene.case().cause) == (1, "outer_race")


@pytest.mark.parametrize("title", ["", "Pumpe 1: Lager wechseln"])
def test_an_order_made_before_there_was_a_field_for_the_id_closes_its_case(
    tmp_path: Path, title: str
) -> None:
    with scene_of("odoo", tmp_path) as scene:
        send(scene.hub, step(1, "opened", 1))
        scene.deliver()
        scene.enter(**({"name": title} if title else {}))
        scene.done("BRG-OR")
        before = scene.hub.config.cmms
        odoo = before.odoo.model_copy(update={"reference_field": "x_case"})
        cmms = cmms_of(before.model_copy(update={"odoo": odoo}), {"KITWRIGHT_CMMS_KEY": KEY})
        assert cmms is not None
        assert CmmsPoll(scene.hub, cmms).turn(hours(24)) == 1
        assert scene.case().cause == "outer_race"


def test_a_case_whose_order_was_deleted_gets_another_when_it_gets_worse(scene: Scene) -> None:
    send(scene.hub, step(1, "opened", 1))
    scene.deliver()
    scene.simulator.orders.clear()
    send(scene.hub, step(2, "returned", 3, level="normal"))
    scene.deliver()
    assert scene.simulator.orders == {}, "that it is well again calls nobody"
    send(scene.hub, step(3, "escalated", 5))
    scene.deliver()
    assert states_of_effects(scene) == ["done"] * 3
    [ref] = scene.simulator.orders
    assert scene.case().order_ref.endswith(f":{ref}")


def test_an_answer_without_a_list_is_no_missing_order(tmp_path: Path) -> None:
    with scene_of("erpnext", tmp_path) as scene:
        scene.simulator.troubles.extend(["hollow"])
        with pytest.raises(DeliveryError, match="without a list"):
            scene.cmms.find(CASE)


def test_who_gave_the_wrong_code_may_give_another_one(scene: Scene) -> None:
    send(scene.hub, window_row(11, "w1", 1))
    send(scene.hub, step(1, "opened", 1))
    scene.deliver()
    scene.done("NFF")
    assert (scene.poll(), outcomes(scene.hub)) == (1, {"w1": "normal"})
    scene.done("brg-or ")
    assert (scene.poll(), outcomes(scene.hub)) == (1, {"w1": "outer_race"})
    assert scene.poll() == 0
    found_here(scene, "outer_race")  # a person confirms it: nothing is said against that
    scene.done("NFF")
    assert scene.poll() == 0
    assert (scene.case().cause, outcomes(scene.hub)) == ("outer_race", {"w1": "outer_race"})


def test_who_took_an_order_on_has_not_seen_that_it_got_worse_since(scene: Scene) -> None:
    send(scene.hub, step(1, "opened", 1))
    scene.deliver()
    scene.enter(stage="In Progress", status="Replied")
    assert (scene.poll(), scene.case().state) == (1, "acknowledged")
    rises_again(scene, 2)
    scene.deliver()
    assert (scene.poll(), scene.case().state) == (0, "open")
    scene.done("NFF")
    assert (scene.poll(), scene.case().state) == (1, "closed")
    rises_again(scene, 3)
    scene.deliver()
    [_first, second] = scene.simulator.orders
    scene.simulator.orders[second].update({"stage": "In Progress", "status": "Replied"})
    assert (scene.poll(), scene.case().state) == (1, "acknowledged")


def test_a_code_without_a_label_is_told_once_and_rests_when_a_person_has_seen_it(
    scene: Scene,
) -> None:
    send(scene.hub, step(1, "opened", 1))
    scene.deliver()
    scene.done("OTHER")
    for _ in range(3):
        scene.poll()
        with scene.hub.database.transaction() as session:
            [alert] = session.scalars(select(Alert)).all()
            alert.seen_at, alert.seen_by = utc_now(), "ann"


def test_a_case_that_was_closed_while_the_system_was_away_calls_nobody(tmp_path: Path) -> None:
    """Retries come in an order of chance: the closing, which makes no order, went before the opening."""
    with scene_of("erpnext", tmp_path) as scene:
        scene.simulator.troubles.lasting = "503"
        send(scene.hub, step(1, "opened", 1))
        scene.deliver()
        found_here(scene, "normal")
        scene.simulator.troubles.lasting = "ok"
        scene.deliver(30)
        assert states_of_effects(scene) == ["done"] * 2
        assert scene.simulator.orders == {}


def test_what_comes_late_says_what_is_otherwise_by_now(scene: Scene) -> None:
    """Retries come in an order of chance: 'returned, level normal' stood below the alarm that came after it."""
    scene.simulator.troubles.lasting = "503"
    send(scene.hub, step(1, "opened", 1), step(2, "returned", 2, level="normal"))
    scene.deliver()
    scene.simulator.troubles.lasting = "ok"
    with scene.hub.database.transaction() as session:
        late = session.scalars(select(Effect).where(Effect.kind == "case.returned")).one()
        late.next_at += timedelta(days=1)
    scene.deliver(5)
    [(ref, order)] = scene.simulator.orders.items()
    assert "Since then the score is back to normal" in str(order["description"])
    send(scene.hub, step(3, "escalated", 3))
    scene.deliver(30)
    [risen, returned] = scene.simulator.comments[ref]
    assert risen.startswith("Case escalated") and "Since then" not in risen
    assert returned.startswith("Case returned") and returned.endswith("it has risen again.")


def test_a_message_names_a_further_order_of_a_case_as_the_hub_named_it(tmp_path: Path) -> None:
    with scene_of("erpnext", tmp_path) as scene:
        send(scene.hub, step(1, "opened", 1))
        scene.deliver()
        scene.done("NFF")
        scene.poll()
        rises_again(scene, 2)
        scene.deliver()
        name = [*scene.simulator.orders.values()][1]["custom_kitwright_case"]
        assert name == f"{CASE}-2"
        said = f'{{"case": "{name}", "state": "done", "cause": "BRG-OR"}}'.encode()
        with scene.hub.database.transaction() as session:
            assert take_message(session, scene.hub, "erpnext", "m1", said)
        assert scene.case().cause == "outer_race"


@pytest.mark.parametrize(
    ("kind", "key", "another"),
    [
        ("odoo", "acknowledged_stages", "In Progress"),
        ("erpnext", "acknowledged", "Replied"),
        ("erpnext", "done", "Resolved"),
    ],
)
def test_a_stage_that_is_not_there_is_told_with_those_that_are(
    kind: str, key: str, another: str, tmp_path: Path
) -> None:
    with scene_of(kind, tmp_path, **{kind: {key: ["Repariert"]}}) as scene:
        [wrong] = [check for check in scene.cmms.check() if not check.ok]
        assert wrong.name == f"{kind}.{key}: Repariert"
        assert another in wrong.fix


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("odoo", {"acknowledged_stages": ["in progress"]}),
        ("erpnext", {"acknowledged": ["replied"]}),
    ],
)
def test_a_stage_is_met_however_its_capitals_are_typed(
    kind: str, names: dict[str, object], tmp_path: Path
) -> None:
    with scene_of(kind, tmp_path, **{kind: names}) as scene:
        send(scene.hub, step(1, "opened", 1))
        scene.deliver()
        scene.enter(stage="In Progress", status="Replied")
        assert (scene.poll(), scene.case().state) == (1, "acknowledged")
        assert all(check.ok for check in scene.cmms.check())
