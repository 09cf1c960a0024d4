"""The updater stays awake: whatever takes long or fails, it asks, hears people and reports."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest

from edge_agent.update.background import beside
from edge_agent.update.fetch import HubClient
from edge_agent.update.records import Request, Signed
from edge_agent.update.requests import leave_bundle, leave_request
from edge_agent.update.slots import Slots
from edge_agent.update.updater import Updater
from kits.core.hub_api import Desired, DesiredBundle, Reported
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.edge_agent.update_bench import LOAD_LIMIT_S, NEW, OLD, Bench, Killed
from tests.failure.tuf_simulator import served
from tests.waiting import wait_for


@contextmanager
def updating(bench: Bench, poll_s: float = 0.05) -> Iterator[Updater]:
    """The device with its updater at work, at the served simulator."""
    woken: list[Updater] = []

    def wake() -> None:
        woken[0].wake()

    bench.background = beside(wake)
    bench.restart()
    with served(bench.hub) as url:
        client = HubClient(url, "t", timeout_s=5)
        updater = Updater(bench.installer, bench.slots, (client, bench.offers), poll_s)
        woken.append(updater)
        updater.start()
        try:
            yield updater
        finally:
            updater.close()


@pytest.fixture
def link(bench: Bench) -> Iterator[threading.Event]:
    """A link over which no byte of a bundle arrives until it is set."""
    bench.hub.hold = threading.Event()
    yield bench.hub.hold
    bench.hub.hold.set()


@pytest.fixture
def engine(bench: Bench) -> Iterator[threading.Event]:
    """An engine that is being built until it is set."""
    bench.building = built = threading.Event()
    yield built
    built.set()


def state_of(bench: Bench) -> str:
    job = bench.slots.state.job
    return job.state if job is not None else ""


def test_a_download_that_takes_hours_can_be_withdrawn(bench: Bench, link: threading.Event) -> None:
    bench.hub.publish(NEW)
    with updating(bench) as updater:
        wait_for(lambda: state_of(bench) == "downloading")
        updater.queue_report(Reported(bundle="still there"))
        wait_for(lambda: any(r.bundle == "still there" for r in bench.hub.reported))
        bench.hub.withdraw(1)
        wait_for(lambda: (bench.last.state, bench.last.deployment) == ("failed", 1))
        link.set()
        wait_for(lambda: bench.hub.sent_bytes > 0)
        bench.hub.publish(OLD, 2)
        wait_for(lambda: bench.last.deployment == 2)
    assert bench.runs == bundle_id_of(OLD)
    wait_for(lambda: not list(bench.slots.folder.glob("*.part")))


def test_a_build_that_takes_hours_is_reported_and_does_not_keep_a_person_waiting(
    bench: Bench, engine: threading.Event
) -> None:
    engine.set()
    bench.offer(NEW)
    bench.finish()
    engine.clear()
    bench.hub.publish(OLD, 2)
    with updating(bench) as updater:
        wait_for(lambda: state_of(bench) == "building")
        updater.queue_report(Reported(bundle="still there"))
        wait_for(lambda: any(r.bundle == "still there" for r in bench.hub.reported))
        leave_request(bench.slots.folder, Request(kind="rollback"))
        wait_for(lambda: bench.runs == bundle_id_of(OLD))
        engine.set()
    assert not bench.installer.busy


def test_what_was_built_for_something_else_is_not_used(
    bench: Bench, engine: threading.Event
) -> None:
    bench.hub.publish(NEW)
    with updating(bench):
        wait_for(lambda: state_of(bench) == "building")
        bench.hub.withdraw(1)
        wait_for(lambda: not bench.installer.busy)
        engine.set()
        bench.hub.publish(OLD, 2)
        wait_for(lambda: bench.last.deployment == 2)
    assert bench.runs == bundle_id_of(OLD)
    assert [r.state for r in bench.reports if r.deployment == 2] == ["committed"]


def hangs_over(bench: Bench, content: bytes) -> bool:
    """Whether its engine is being built: the state is said a moment before the building begins."""
    return state_of(bench) == "building" and (bundle_id_of(content), True) in bench.loads


def test_a_bundle_that_hangs_while_it_is_made_ready_is_refused_and_holds_no_other_up(
    bench: Bench, engine: threading.Event
) -> None:
    third = make_bundle(3, act_at=0.77)
    bench.hub.publish(NEW)
    with updating(bench):
        wait_for(lambda: hangs_over(bench, NEW))
        bench.building = None
        bench.seconds += LOAD_LIMIT_S + 1
        wait_for(lambda: (bench.last.state, bench.last.deployment) == ("failed", 1))
        assert "it hangs" in bench.last.error
        assert "bundle-refused" in bench.open_alerts
        bench.hub.publish(third, 2)
        wait_for(lambda: bench.line.shadow is not None)
    assert not engine.is_set(), "the first one still hangs"


def test_what_hangs_although_nobody_wants_it_any_more_holds_the_next_up_for_its_limit_only(
    bench: Bench, engine: threading.Event
) -> None:
    bench.hub.publish(NEW)
    with updating(bench):
        wait_for(lambda: hangs_over(bench, NEW))
        bench.building = None
        bench.hub.withdraw(1)
        wait_for(lambda: not bench.installer.busy)
        bench.hub.publish(make_bundle(3, act_at=0.77), 2)
        wait_for(lambda: state_of(bench) == "building")
        bench.seconds += LOAD_LIMIT_S + 1
        wait_for(lambda: bench.line.shadow is not None)
    assert not engine.is_set()


def test_a_message_of_the_broker_is_only_a_reason_to_ask(bench: Bench) -> None:
    """Whoever writes there could else have the real deployment refused, before it is made."""
    forged = Desired(
        bundle=DesiredBundle(
            bundle=bundle_id_of(NEW), size=1, path="@evil/", target="p/9.kwb", release=9,
            deployment=1,
        )
    )  # fmt: skip
    with updating(bench, poll_s=600) as updater:
        wait_for(lambda: bench.hub.asked.count("/v1/device/desired") == 1)
        updater.hint(forged.model_dump_json().encode())
        wait_for(lambda: bench.hub.asked.count("/v1/device/desired") == 2)
        assert bench.slots.state.refused == {}
        updater.hint(forged.model_dump_json().encode())  # repeated at each connection
        updater.hint(bench.hub.publish(NEW).model_dump_json().encode())
        wait_for(lambda: bench.line.shadow is not None)
        assert bench.hub.asked.count("/v1/device/desired") == 3


def test_a_request_that_cannot_be_read_holds_nothing_up(bench: Bench) -> None:
    request = bench.slots.folder / "request.json"
    request.symlink_to(request)  # reading it is an error of the file system
    bench.hub.publish(NEW)
    with updating(bench):
        wait_for(lambda: bench.line.shadow is not None)
        request.unlink()
        bench.slots.put(OLD, bundle_id_of(OLD))
        leave_request(bench.slots.folder, Request(kind="apply", bundle=bundle_id_of(NEW)))
        wait_for(lambda: not request.exists())


def test_a_wish_that_the_agent_dies_over_is_taken_up_again(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    leave_request(bench.slots.folder, Request(kind="rollback"))
    bench.kill_at = "before going back"
    with pytest.raises(Killed):
        Updater(bench.installer, bench.slots, None, 30).turn()
    bench.restart()
    assert bench.runs == bundle_id_of(NEW)
    Updater(bench.installer, bench.slots, None, 30).turn()
    assert bench.runs == bundle_id_of(OLD)
    assert not list(bench.slots.folder.glob("request*"))


def test_a_wish_that_the_agent_dies_of_is_given_up(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    leave_request(bench.slots.folder, Request(kind="rollback"))
    for _ in range(3):
        bench.kill_at = "before going back"
        with pytest.raises(Killed):
            Updater(bench.installer, bench.slots, None, 30).turn()
        bench.restart()
    Updater(bench.installer, bench.slots, None, 30).turn()
    assert bench.runs == bundle_id_of(NEW)
    assert not list(bench.slots.folder.glob("request*"))
    leave_request(bench.slots.folder, Request(kind="rollback"))
    Updater(bench.installer, bench.slots, None, 30).turn()
    assert bench.runs == bundle_id_of(OLD)


def test_what_is_allowed_is_not_forgotten_over_the_next_wish(bench: Bench) -> None:
    denied = [bundle_id_of(NEW), "e" * 64]
    bench.slots.save(denied=dict.fromkeys(denied, "it was slow"))
    bench.slots.put(NEW, bundle_id_of(NEW))
    for bundle in denied:
        leave_request(bench.slots.folder, Request(kind="allow", bundle=bundle))
    leave_request(bench.slots.folder, Request(kind="apply", bundle=bundle_id_of(NEW)))
    updater = Updater(bench.installer, bench.slots, None, 30)
    for _ in range(3):
        updater.turn()
    assert bench.slots.state.denied == {} and bench.installer.busy
    assert not list(bench.slots.folder.glob("request*"))


def test_a_bundle_that_was_put_stays_while_the_agent_deletes_what_nobody_needs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, third = Slots.put, make_bundle(3, act_at=0.78)

    def put_while_another_ends(slots: Slots, content: bytes, bundle: str) -> None:
        put(slots, content, bundle)
        bench.slots.clean()

    with monkeypatch.context() as patch:
        patch.setattr(Slots, "put", put_while_another_ends)
        leave_bundle(Slots(bench.state), NEW, bundle_id_of(NEW))
        leave_bundle(Slots(bench.state), third, bundle_id_of(third))
    bench.slots.clean()  # the agent has not seen the wish yet
    assert not bench.slots.has(bundle_id_of(NEW)), "only the newest wish counts"
    Updater(bench.installer, bench.slots, None, 30).turn()
    bench.finish()
    assert bench.runs == bundle_id_of(third)
    leave_request(bench.slots.folder, Request(kind="rollback"))
    bench.slots.clean()
    assert {path.stem for path in bench.slots.folder.glob("*.kwb")} == {
        bundle_id_of(OLD), bundle_id_of(third)
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["apply", "allow"])
def test_a_wish_that_the_disk_does_not_take_waits_for_room(
    bench: Bench, kind: Literal["apply", "allow"], monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "allow":
        bench.slots.save(denied={bundle_id_of(NEW): "it was slow"})
    bench.slots.put(NEW, bundle_id_of(NEW))
    leave_request(bench.slots.folder, Request(kind=kind, bundle=bundle_id_of(NEW)))
    with monkeypatch.context() as patch:
        for module in ("slots", "requests"):
            patch.setattr(f"edge_agent.update.{module}.write_atomically", no_room)
        Updater(bench.installer, bench.slots, None, 30).turn()
    assert not bench.installer.busy
    Updater(bench.installer, bench.slots, None, 30).turn()
    assert bench.installer.busy == (kind == "apply")
    assert bench.slots.state.denied == {}
    assert not list(bench.slots.folder.glob("request*"))


def no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_fault_of_one_part_is_counted_and_holds_no_other_up(bench: Bench) -> None:
    def broken(_target: str) -> Signed:
        raise ZeroDivisionError

    with updating(bench) as updater:
        trust, bench.offers._signed = bench.offers._signed, broken
        bench.hub.publish(NEW)
        wait_for(lambda: updater.failures > 0)
        bench.offers._signed = trust
        leave_request(bench.slots.folder, Request(kind="allow", bundle=bundle_id_of(NEW)))
        wait_for(lambda: not (bench.slots.folder / "request.json").exists())
        updater.queue_report(Reported(bundle="still there"))
        wait_for(lambda: any(r.bundle == "still there" for r in bench.hub.reported))
        wait_for(lambda: bench.line.shadow is not None)


def test_a_report_that_the_hub_will_never_take_holds_no_other_up(bench: Bench) -> None:
    bench.hub.not_understood = {"9.9"}
    with updating(bench) as updater:
        updater.queue_report(Reported(agent="9.9", bundle="from another time"))
        updater.queue_report(Reported(bundle="still there"))
        wait_for(lambda: any(r.bundle == "still there" for r in bench.hub.reported))
        assert updater.hub_reached


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_leaves_the_agent_may_read(bench: Bench) -> None:
    for folder in (bench.slots.folder, bench.state):
        os.chown(folder, 1234, 1234)
    before = os.umask(0o077)
    try:
        leave_request(bench.slots.folder, Request(kind="rollback"))
        bench.slots.put(NEW, bundle_id_of(NEW))
    finally:
        os.umask(before)
    for path in (bench.slots.folder / "request.json", bench.slots.path(bundle_id_of(NEW))):
        assert path.stat().st_uid == 1234
