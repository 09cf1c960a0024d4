"""Installing bundles: what is refused, what survives being killed, what goes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge_agent.config import EngineConfig, UpdateConfig
from edge_agent.engine.ladder import Ladder, Loaded
from edge_agent.errors import HubUnreachableError
from edge_agent.update.fetch import HubClient
from edge_agent.update.install import Installer
from edge_agent.update.probation import Tally, probation_complaint, shadow_complaint
from edge_agent.update.slots import Slots
from edge_agent.update.surroundings import Surroundings
from edge_agent.update.updater import Request, Updater, leave_request
from kits.core.bundle import open_bytes
from kits.core.errors import UsageError
from kits.core.hub_api import Desired, DesiredBundle, Reported
from kits.core.signing import SigningKey
from tests.edge_agent.parts import bundle_id_of, desired_for, make_bundle, wait_for

OLD, NEW = make_bundle(1), make_bundle(2, act_at=0.79)


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, only what is on disk goes on."""


class IdleLine:
    """A line whose samples the test counts by hand."""

    def __init__(self) -> None:
        self.active: Loaded | None = None
        self.tally = Tally()
        self.shadow: Tally | None = None

    def activate(self, loaded: Loaded) -> None:
        self.active, self.tally = loaded, Tally()

    def begin_shadow(self, loaded: Loaded) -> Tally:
        self.shadow = Tally()
        return self.shadow

    def end_shadow(self) -> None:
        self.shadow = None


class Shelf:
    """A hub that has bundles; `cut` bytes arrive before each connection breaks."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {bundle_id_of(c): c for c in contents}
        self.cut = 0

    def download(self, desired: DesiredBundle, target: Path) -> None:
        content = self.contents[desired.bundle]
        have = target.stat().st_size if target.exists() else 0
        end = have + self.cut if self.cut else len(content)
        with open(target, "ab") as file:
            file.write(content[have:end])
        if target.stat().st_size < desired.size:
            raise HubUnreachableError("cut off")


class Bench:
    """One device: what is on disk stays, the process may end."""

    def __init__(self, folder: Path, shelf: Shelf) -> None:
        self.folder = folder
        self.shelf = shelf
        self.key = SigningKey.create(folder / "hub.pem", "hub")
        self.reports: list[Reported] = []
        self.alerts: list[str] = []
        self.kill_at = ""
        self.config = UpdateConfig(shadow_samples=2, probation_samples=3)
        self.restart()

    def restart(self) -> None:
        def checkpoint(name: str) -> None:
            if name == self.kill_at:
                self.kill_at = ""
                raise Killed(name)

        self.line = IdleLine()
        self.slots = Slots(self.folder / "bundles")
        around = Surroundings(
            self.reports.append,
            lambda name, _severity, _text: self.alerts.append(name),
            trusted=(self.key.public,),
            hub=self.shelf,
            checkpoint=checkpoint,
        )
        ladder = Ladder(EngineConfig(providers=("cpu",), threads=1), self.folder / "engines")
        self.installer = Installer(self.slots, self.line, ladder.load, self.config, around)
        self.installer.start()

    def adopt(self, content: bytes) -> None:
        self.installer.adopt(open_bytes(content), content)

    def offer(self, content: bytes, **changes: object) -> None:
        self.installer.offer(desired_for(content, self.key, **changes))  # type: ignore[arg-type]

    def go_on(self, *, shadow: Callable[[Tally], None], live: Callable[[Tally], None]) -> None:
        """Steps until nothing is on its way, feeding samples as a line would."""
        for _ in range(40):
            if not self.installer.busy:
                return
            if self.line.shadow is not None:
                shadow(self.line.shadow)
            live(self.line.tally)
            self.installer.step()
        raise AssertionError("the installation never ended")

    def finish(self) -> None:
        def good(tally: Tally) -> None:
            tally.add(1.0, failed=False)

        self.go_on(shadow=good, live=good)

    @property
    def runs(self) -> str:
        return self.line.active.id if self.line.active is not None else ""

    @property
    def last(self) -> Reported:
        return self.reports[-1]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, Shelf(NEW))
    bench.adopt(OLD)
    return bench


def test_a_good_release_passes_every_state_and_is_committed(bench: Bench) -> None:
    bench.offer(NEW, release=5)
    bench.finish()
    states = [r.state for r in bench.reports if r.state]
    assert states == ["downloading", "verifying", "building", "shadow", "active", "committed"]
    assert bench.runs == bundle_id_of(NEW)
    assert bench.slots.state.previous == bundle_id_of(OLD)
    assert bench.slots.state.highest_release == 5
    assert bench.last.bundle == bundle_id_of(NEW)


def test_a_download_goes_on_where_it_was_cut(bench: Bench) -> None:
    bench.shelf.cut = len(NEW) // 3
    bench.offer(NEW)
    bench.installer.step()
    partial = bench.slots.partial(bundle_id_of(NEW))
    assert partial.stat().st_size == len(NEW) // 3
    bench.restart()
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


STEPS = (
    "entered downloading",
    "downloaded",
    "entered verifying",
    "verified",
    "entered building",
    "built",
    "entered shadow",
    "before switch",
    "switched",
    "before commit",
)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_ends_in_the_new_bundle(bench: Bench, step: str) -> None:
    bench.kill_at = step
    with pytest.raises(Killed):
        bench.offer(NEW)
        bench.finish()
    bench.restart()
    assert bench.runs in (bundle_id_of(OLD), bundle_id_of(NEW))
    bench.offer(NEW)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    assert bench.last.state == "committed"


def test_killed_while_going_back_it_ends_in_the_old_bundle(bench: Bench) -> None:
    bench.offer(NEW)
    bench.kill_at = "went back"

    def broken(tally: Tally) -> None:
        tally.add(1.0, failed=True)

    with pytest.raises(Killed):
        bench.go_on(shadow=lambda t: t.add(1.0, failed=False), live=broken)
    bench.restart()
    bench.finish()
    assert bench.runs == bundle_id_of(OLD)
    assert bench.last.state == "rolled_back"


def test_a_crash_loop_goes_back_by_itself(bench: Bench) -> None:
    bench.offer(NEW)
    while bench.slots.state.active == bundle_id_of(OLD):
        if bench.line.shadow is not None:
            bench.line.shadow.add(1.0, failed=False)
        bench.installer.step()
    for _ in range(3):
        bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    assert bench.last.state == "rolled_back"
    bench.offer(NEW)
    assert not bench.installer.busy


def refused(bench: Bench, reason: str) -> None:
    assert bench.runs == bundle_id_of(OLD)
    assert bench.last.state == "failed"
    assert reason in bench.last.error
    assert bench.last.bundle == bundle_id_of(OLD)
    assert "bundle-refused" in bench.alerts
    assert not bench.installer.busy


@pytest.mark.parametrize("position", [10, 1000, -300, -10])
def test_a_flipped_byte_is_refused(bench: Bench, position: int) -> None:
    damaged = bytearray(NEW)
    damaged[position] ^= 0x10
    bench.shelf.contents[bundle_id_of(NEW)] = bytes(damaged)
    bench.offer(NEW)
    bench.finish()
    refused(bench, "damaged" if position != -10 else "")
    assert not bench.slots.has(bundle_id_of(NEW))


def test_a_stranger_s_signature_is_refused_before_a_byte_is_fetched(
    bench: Bench, tmp_path: Path
) -> None:
    stranger = SigningKey.create(tmp_path / "stranger.pem", "stranger")
    bench.installer.offer(desired_for(NEW, stranger))
    refused(bench, "not trusted")
    assert not bench.slots.partial(bundle_id_of(NEW)).exists()


def test_a_statement_about_another_bundle_is_refused(bench: Bench) -> None:
    wish = desired_for(NEW, bench.key).bundle
    assert wish is not None
    other = desired_for(OLD, bench.key).bundle
    assert other is not None
    bench.installer.offer(Desired(bundle=wish.model_copy(update={"statement": other.statement})))
    refused(bench, "another bundle")


def test_an_old_release_is_refused_even_when_signed(bench: Bench) -> None:
    bench.offer(NEW, release=5)
    bench.finish()
    bench.restart()
    bench.offer(OLD, release=4, deployment=2)
    assert bench.last.state == "failed"
    assert "goes back" in bench.last.error
    assert bench.runs == bundle_id_of(NEW)
    bench.shelf.contents[bundle_id_of(OLD)] = OLD
    bench.offer(OLD, release=6, deployment=3)
    bench.finish()
    assert bench.runs == bundle_id_of(OLD)


def test_another_project_is_refused(bench: Bench) -> None:
    bench.offer(NEW, project="other")
    refused(bench, "project")


def test_a_bundle_that_computes_something_else_here_is_refused(bench: Bench) -> None:
    wrong = make_bundle(3, golden_score=0.9)
    bench.shelf.contents[bundle_id_of(wrong)] = wrong
    bench.offer(wrong)
    bench.finish()
    refused(bench, "golden")


def test_a_kit_that_is_not_installed_is_refused(bench: Bench) -> None:
    foreign = make_bundle(3, kit="no-such-kit")
    bench.shelf.contents[bundle_id_of(foreign)] = foreign
    bench.offer(foreign)
    bench.finish()
    refused(bench, "no kit")


def test_a_shadow_that_disagrees_refuses(bench: Bench) -> None:
    bench.offer(NEW)
    bench.go_on(
        shadow=lambda t: t.add(1.0, failed=False, agrees=False),
        live=lambda t: t.add(1.0, failed=False),
    )
    refused(bench, "another verdict")


def test_a_refused_deployment_is_not_tried_again_but_a_new_one_is(bench: Bench) -> None:
    bench.offer(NEW, project="other")
    count = len(bench.reports)
    bench.offer(NEW, project="other")
    assert len(bench.reports) == count
    bench.offer(NEW, release=2, deployment=2)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def test_what_runs_already_is_confirmed_once(bench: Bench) -> None:
    bench.offer(OLD, release=3, deployment=9)
    bench.offer(OLD, release=3, deployment=9)
    assert [(r.state, r.deployment) for r in bench.reports] == [("committed", 9)]


def test_an_older_wish_for_what_runs_is_no_step_back(bench: Bench) -> None:
    bench.offer(OLD, release=1, deployment=1)
    bench.offer(NEW, release=2, deployment=2)
    bench.go_on(shadow=lambda t: t.add(1.0, failed=False), live=lambda t: t.add(1.0, failed=True))
    assert bench.last.state == "rolled_back"
    bench.offer(OLD, release=1, deployment=1)
    assert (bench.last.state, bench.last.deployment) == ("rolled_back", 2)
    bench.restart()
    bench.offer(OLD, release=1, deployment=1)
    assert (bench.last.state, bench.last.deployment) == ("committed", 1)
    assert bench.slots.state.highest_release == 2


def test_rollback_by_hand_and_a_wish_left_for_the_agent(bench: Bench) -> None:
    updater = Updater(bench.installer, bench.slots.folder, None, 30)
    with pytest.raises(UsageError, match="no previous"):
        bench.installer.rollback()
    bench.slots.put(NEW, bundle_id_of(NEW))
    leave_request(bench.slots.folder, Request(kind="apply", bundle=bundle_id_of(NEW)))
    updater.turn()
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    leave_request(bench.slots.folder, Request(kind="rollback"))
    updater.turn()
    assert bench.runs == bundle_id_of(OLD)


def test_an_active_bundle_damaged_on_disk_falls_back(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    bench.slots.path(bundle_id_of(NEW)).write_bytes(NEW[:-1] + b"x")
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    assert "bundle-unusable" in bench.alerts


def test_complaints_are_functions_of_what_was_seen() -> None:
    config, tally = UpdateConfig(), Tally()
    assert shadow_complaint(tally, config) == ""
    for _ in range(20):
        tally.add(100.0, failed=False)
    assert probation_complaint(tally, config, 50.0) == ""
    assert "p95" in probation_complaint(tally, config, 20.0)
    for _ in range(5):
        tally.add(1.0, failed=True)
    assert "failed on 5 of 25" in probation_complaint(tally, config, None)


# -- over HTTP -----------------------------------------------------------------------------------


class RangeHub:
    """A hub on loopback that cuts its first answers and knows ranges."""

    def __init__(self, content: bytes) -> None:
        hub = self
        self.ranges: list[str] = []
        self.reported: list[bytes] = []
        self.cuts = 2

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range", "")
                hub.ranges.append(asked)
                start = int(asked[6:-1]) if asked else 0
                rest = content[start:]
                self.send_response(206 if asked else 200)
                self.send_header("Content-Length", str(len(rest)))
                self.end_headers()
                if hub.cuts:
                    hub.cuts -= 1
                    rest = rest[: len(rest) // 2]
                self.wfile.write(rest)
                self.close_connection = True

            def do_POST(self) -> None:
                hub.reported.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def range_hub() -> Iterator[RangeHub]:
    hub = RangeHub(NEW)
    yield hub
    hub.close()


def test_a_cut_download_asks_only_for_the_rest(
    range_hub: RangeHub, tmp_path: Path, bench: Bench
) -> None:
    client = HubClient(range_hub.url, "t", timeout_s=3)
    wish = desired_for(NEW, bench.key).bundle
    assert wish is not None
    target = tmp_path / "x.part"
    for _ in range(2):
        with pytest.raises(HubUnreachableError, match="cut off"):
            client.download(wish, target)
    client.download(wish, target)
    assert target.read_bytes() == NEW
    half = len(NEW) // 2
    assert range_hub.ranges[0] == ""
    assert range_hub.ranges[1] == f"bytes={half}-"
    client.download(wish, target)
    assert len(range_hub.ranges) == 3


def test_reports_reach_the_hub_in_order(range_hub: RangeHub, bench: Bench) -> None:
    updater = Updater(bench.installer, bench.slots.folder, HubClient(range_hub.url, "t"), 1e9)
    updater.queue_report(Reported(bundle="a"))
    updater.queue_report(Reported(bundle="b"))
    updater.start()
    wait_for(lambda: len(range_hub.reported) == 2)
    updater.close()
    assert [Reported.model_validate_json(r).bundle for r in range_hub.reported] == ["a", "b"]


def test_an_absent_hub_is_a_clear_error() -> None:
    with pytest.raises(HubUnreachableError, match="does not answer"):
        HubClient("http://127.0.0.1:9", "t", timeout_s=1).desired()
