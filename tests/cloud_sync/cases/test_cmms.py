"""Work orders in a maintenance system and what comes back, against pretended ones with real troubles."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cloud_sync.cases.keeper import CaseKeeper
from cloud_sync.cli import make_app
from cloud_sync.cmms.base import Cmms
from cloud_sync.cmms.poll import FAILURES_TOLD, CmmsPoll
from cloud_sync.cmms.settings import CmmsConfig
from cloud_sync.cmms.simulator import KEY, Simulator
from cloud_sync.cmms.simulators import simulator_app
from cloud_sync.cmms.start import cmms_of, cmms_targets
from cloud_sync.config import dump, parse, without_secrets
from cloud_sync.crm.simulator.serving import serve_app
from cloud_sync.effects.dispatcher import Dispatcher
from cloud_sync.effects.json_http import RefusedError, words_of
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, Case, Effect
from kits.core.addresses import free_port
from kits.core.errors import ConfigError
from kits.core.sample import utc_now
from tests.cloud_sync.cases.case_builders import CASE, hours, outcomes, step, window_row
from tests.cloud_sync.cases.case_builders import take as send
from tests.cloud_sync.fleet_builders import add_device, make_hub
from tests.waiting import wait_for

KINDS = ("odoo", "odoo-rpc", "erpnext")
CAUSES = {"BRG-OR": "outer_race", "NFF": "normal"}


def served(kind: str, simulator: Simulator) -> AbstractContextManager[str]:
    """A pretended system on a free port of loopback."""
    return serve_app(simulator_app(kind, simulator))


def settings(kind: str, url: str, **more: object) -> dict[str, object]:
    odoo = {"cause_field": "x_cause", "database": "works", "login": "hub"}
    return {
        "kind": kind.partition("-")[0], "url": url, "causes": CAUSES,
        "odoo": {**odoo, "api": "jsonrpc" if kind == "odoo-rpc" else "json2"},
        "erpnext": {"cause_field": "custom_cause"}, **more,
    }  # fmt: skip


@dataclass
class Scene:
    """A hub, its pretended system, and a clock the test turns."""

    hub: Hub
    simulator: Simulator
    cmms: Cmms
    dispatcher: Dispatcher
    now: list[object]

    def later(self, **span: float) -> None:
        self.now[0] += timedelta(**span)

    def deliver(self, times: int = 1) -> None:
        for _ in range(times):
            self.dispatcher.step()
            self.later(hours=1)

    def case(self) -> Case:
        with self.hub.database.session() as session:
            return session.get_one(Case, CASE)

    def poll(self) -> int:
        return CmmsPoll(self.hub, self.cmms).turn(hours(24))

    def enter(self, **fields: object) -> None:
        """The technician writes into the order."""
        [order] = self.simulator.orders.values()
        order.update(fields)

    def done(self, cause: str = "") -> None:
        if self.cmms.name == "odoo":
            self.enter(stage="Repaired", x_cause=cause or False, user_id=[5, "Ann Fitter"])
        else:
            self.enter(status="Closed", custom_cause=cause or None)


@contextmanager
def scene_of(kind: str, folder: Path, **more: object) -> Iterator[Scene]:
    simulator = Simulator()
    with (
        served(kind.partition("-")[0], simulator) as url,
        make_hub(folder, cmms=settings(kind, url, **more)) as hub,
    ):
        add_device(hub)
        environment = {"KITWRIGHT_CMMS_KEY": KEY}
        cmms = cmms_of(hub.config.cmms, environment)
        assert cmms is not None
        now: list[object] = [utc_now() + timedelta(minutes=1)]
        dispatcher = Dispatcher(
            hub, cmms_targets(hub, environment),
            now=lambda: now[0], rng=random.Random(1),
        )  # fmt: skip
        yield Scene(hub, simulator, cmms, dispatcher, now)


@pytest.fixture(params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with scene_of(request.param, tmp_path) as scene:
        yield scene


def test_a_case_becomes_one_order_and_what_was_found_comes_back_as_the_label(scene: Scene) -> None:
    send(scene.hub, window_row(11, "w2", 3))
    send(scene.hub, step(1, "opened", 1, level="warn"))
    scene.deliver()
    assert scene.simulator.orders == {}  # nobody is called for a warning
    send(
        scene.hub,
        step(2, "escalated", 3, reason="<b>BPFO</b>"),
        step(3, "returned", 5, level="normal"),
    )
    scene.deliver()
    [(ref, order)] = scene.simulator.orders.items()
    assert scene.case().order_ref == f"{scene.cmms.name}:{ref}"
    assert CASE in json.dumps(order)
    assert "&lt;b&gt;BPFO" in str(order["description"])
    assert len(scene.simulator.comments[ref]) == 1
    assert scene.poll() == 0  # nothing was entered yet
    scene.done("BRG-OR")
    assert scene.poll() == 1
    case = scene.case()
    assert (case.state, case.cause, case.cause_from) == ("closed", "outer_race", scene.cmms.name)
    assert case.closed_by.startswith(scene.cmms.name)
    assert outcomes(scene.hub) == {"w2": "outer_race"}
    assert scene.poll() == 0
    scene.deliver()
    assert len(scene.simulator.comments[ref]) == 1  # it is not told what it said itself


def test_taking_an_order_on_acknowledges_the_case(scene: Scene) -> None:
    send(scene.hub, step(1, "opened", 1))
    scene.deliver()
    scene.enter(stage="In Progress", status="Replied")
    assert scene.poll() == 1
    assert scene.case().state == "acknowledged"
    assert scene.poll() == 0


def test_an_answer_that_got_lost_makes_no_second_order(scene: Scene) -> None:
    send(scene.hub, step(1, "opened", 1))
    rpc = scene.hub.config.cmms.odoo.api == "jsonrpc" and scene.cmms.name == "odoo"
    asked = {"erpnext": 1, "odoo": 3 if rpc else 2}[scene.cmms.name]
    scene.simulator.troubles.extend(["ok"] * asked + ["lost"])
    scene.deliver()
    assert len(scene.simulator.orders) == 1  # made, but the hub does not know
    assert scene.case().order_ref == ""
    scene.deliver()
    assert len(scene.simulator.orders) == 1
    assert scene.case().order_ref.endswith(f":{next(iter(scene.simulator.orders))}")


@pytest.mark.parametrize("trouble", ["429", "500", "503", "silence"])
def test_troubles_of_a_server_are_waited_out(tmp_path: Path, trouble: str) -> None:
    patience = {"timeout_s": 1} if trouble == "silence" else {}
    with scene_of("erpnext", tmp_path, **patience) as scene:
        send(scene.hub, step(1, "opened", 1))
        scene.simulator.troubles.silence_s = 5.0  # the third attempt is over by then
        scene.simulator.troubles.extend([trouble, trouble])
        scene.deliver(3)
        assert len(scene.simulator.orders) == 1
        with scene.hub.database.session() as session:
            [effect] = session.scalars(select(Effect)).all()
        assert (effect.state, effect.attempts) == ("done", 3)


def test_what_it_can_never_take_is_given_up_and_told(tmp_path: Path) -> None:
    erpnext = {"reference_field": "no_such_field"}
    with scene_of("erpnext", tmp_path, erpnext=erpnext) as scene:
        send(scene.hub, step(1, "opened", 1))
        scene.deliver()
        with scene.hub.database.session() as session:
            [effect] = session.scalars(select(Effect)).all()
            assert session.scalars(select(Alert.name)).all() == ["notice-undeliverable"]
        assert (effect.state, effect.error[:22]) == ("dead", "answered with HTTP 417")


def test_a_cause_without_a_label_closes_the_case_and_is_told(scene: Scene) -> None:
    send(scene.hub, window_row(11, "w1", 1))
    send(scene.hub, step(1, "opened", 1))
    scene.deliver()
    scene.done("XYZ")
    assert scene.poll() == 1
    assert (scene.case().state, scene.case().cause) == ("closed", "")
    assert outcomes(scene.hub) == {}
    with scene.hub.database.session() as session:
        [alert] = session.scalars(select(Alert)).all()
    assert (alert.name, alert.where) == ("cmms-cause-unknown", "XYZ")
    scene.done("NFF")  # the technician corrects it
    assert scene.poll() == 1
    assert outcomes(scene.hub) == {"w1": "normal"}


def test_an_order_in_the_system_before_is_none_in_the_new_one(scene: Scene) -> None:
    send(scene.hub, step(1, "opened", 1))
    with scene.hub.database.transaction() as session:
        session.get_one(Case, CASE).order_ref = "before:ISS-7"
    assert scene.poll() == 0
    scene.deliver()
    assert len(scene.simulator.orders) == 1
    assert scene.case().order_ref.startswith(f"{scene.cmms.name}:")


def test_what_a_cmms_says_is_bounded_and_printable(scene: Scene) -> None:
    send(scene.hub, step(1, "opened", 1))
    scene.deliver()
    scene.done("X\0" + "y" * 5000)
    assert scene.poll() == 1
    with scene.hub.database.session() as session:
        [alert] = session.scalars(select(Alert)).all()
    assert alert.where.startswith("X yyy") and len(alert.where) <= 200


def test_a_dry_run_says_which_right_or_field_is_missing(scene: Scene) -> None:
    assert all(check.ok and not check.fix for check in scene.cmms.check())
    scene.simulator.rights.discard("create")
    missing = [check for check in scene.cmms.check() if not check.ok]
    assert [check.name for check in missing] == ["right to create"]
    assert missing[0].fix
    assert scene.simulator.orders == {}
    scene.simulator.key = "another"
    [check] = [check for check in scene.cmms.check() if not check.ok][:1]
    assert not check.ok and KEY not in check.found + check.fix


def test_a_silent_cmms_is_asked_less_often_and_told_of_until_it_answers(tmp_path: Path) -> None:
    with scene_of("odoo", tmp_path) as scene:
        send(scene.hub, step(1, "opened", 1))
        scene.deliver()
        poll = CmmsPoll(scene.hub, scene.cmms)
        scene.simulator.troubles.extend(["503"] * FAILURES_TOLD + ["429"])
        pauses = []
        for _ in range(FAILURES_TOLD):
            assert poll.turn(hours(24)) == 0
            pauses.append(poll.pause_s)
        assert pauses == sorted(pauses) and pauses[-1] > 10 * 60
        with scene.hub.database.session() as session:
            assert session.scalars(select(Alert.name)).all() == ["cmms-unreachable"]
        poll.turn(hours(24))
        scene.done("NFF")
        assert poll.turn(hours(24)) == 1
        assert poll.pause_s == scene.hub.config.cmms.poll_s
        with scene.hub.database.session() as session:
            assert session.scalars(select(Alert.seen_by)).all() == ["hub: over"]


def test_secrets_are_never_shown_and_addresses_with_secrets_are_refused(tmp_path: Path) -> None:
    config = CmmsConfig.model_validate(settings("odoo", "https://odoo.example"))
    cmms = cmms_of(config, {"KITWRIGHT_CMMS_KEY": "s3cr3t"})
    assert "s3cr3t" not in repr(cmms) + repr(vars(cmms))
    with pytest.raises(ConfigError, match="KITWRIGHT_CMMS_KEY"):
        cmms_of(config, {})
    for url in ("https://user:pass@odoo.example", "ftp://x", "https://"):
        with pytest.raises(ConfigError):
            parse({"cmms": {"kind": "odoo", "url": url}}, tmp_path)
    with pytest.raises(ConfigError, match=r"needs cmms\.url"):
        parse({"cmms": {"kind": "odoo"}}, tmp_path)
    hook = parse({"cmms": {"kind": "webhook", "url": "https://h.example/in/s3cr3t"}}, tmp_path)
    assert "s3cr3t" not in dump(without_secrets(hook))


def test_an_endless_or_wrong_answer_is_an_error_of_delivery() -> None:
    assert words_of(b'{"message": "a\\u0007b' + b"x" * 500 + b'"}')[:3] == "a b"
    assert words_of(b"<html>") == words_of(b"[1]") == words_of(b'{"message": 3}') == ""
    config = CmmsConfig.model_validate(settings("odoo", "http://127.0.0.1:1"))
    cmms = cmms_of(config, {"KITWRIGHT_CMMS_KEY": KEY})
    assert cmms is not None
    with pytest.raises(DeliveryError, match="no answer"):
        cmms.find("x")
    assert issubclass(RefusedError, DeliveryError)


def test_the_verb_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = Simulator()
    with served("odoo", simulator) as url, make_hub(tmp_path) as hub:
        config = parse({"cmms": settings("odoo", url)}, tmp_path)
        (hub.config.data_dir / "hub.yaml").write_text(dump(config))
        monkeypatch.setenv("KITWRIGHT_CMMS_KEY", KEY)
        run = CliRunner()
        done = run.invoke(make_app(), ["cmms", "test", "--data", str(tmp_path), "--json"])
        assert (done.exit_code, json.loads(done.stdout)["ok"]) == (0, True)
        simulator.rights = {"read"}
        done = run.invoke(make_app(), ["cmms", "test", "--data", str(tmp_path)])
        assert done.exit_code == 5
        assert "right to create" in done.stdout and "Equipment Manager" in done.stdout


def test_the_keeper_asks_labels_what_came_late_and_ends(tmp_path: Path) -> None:
    with scene_of("erpnext", tmp_path) as scene:
        send(scene.hub, step(1, "opened", 1))
        scene.deliver()
        scene.done("BRG-OR")
        poll = CmmsPoll(scene.hub, scene.cmms)
        with scene.hub.database.transaction() as session:
            # the poll asks for orders of the last half year
            case = session.get_one(Case, CASE)
            case.opened_at = case.since = utc_now() - timedelta(hours=1)
        keeper = CaseKeeper(scene.hub, poll)
        keeper.start()
        wait_for(lambda: scene.case().cause == "outer_race")
        keeper.stop()
        send(scene.hub, window_row(11, "w1", 1))
        keeper.look()
        assert outcomes(scene.hub) == {"w1": "outer_race"}


def test_the_simulator_is_a_program_to_try_things_with() -> None:
    port = free_port()
    code = "from cloud_sync.cli import main; main()"
    words = [sys.executable, "-c", code, "cmms", "simulate", "erpnext", "--port", str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            assert f"127.0.0.1:{port}" in program.stdout.readline()
            wait_for(lambda: listens(port))
            config = CmmsConfig.model_validate(settings("erpnext", f"http://127.0.0.1:{port}"))
            cmms = cmms_of(config, {"KITWRIGHT_CMMS_KEY": KEY})
            assert cmms is not None
            assert all(check.ok for check in cmms.check())
        finally:
            program.terminate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
