"""One device on which bundles are installed, step by step, and killed where a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from edge_agent.engine.config import EngineConfig
from edge_agent.engine.ladder import Ladder, Loaded
from edge_agent.errors import EngineError, HubUnreachableError
from edge_agent.update.background import Start, at_once
from edge_agent.update.config import UpdateConfig
from edge_agent.update.download import Downloader
from edge_agent.update.hub_change import follow
from edge_agent.update.hub_metadata import HubMetadata
from edge_agent.update.install import Installer
from edge_agent.update.lives import Clocks, Lives
from edge_agent.update.offers import Offers
from edge_agent.update.probation import Tally
from edge_agent.update.slots import Slots
from edge_agent.update.standing import Standing
from edge_agent.update.surroundings import Surroundings
from edge_agent.update.time_floor import TimeFloor
from edge_agent.update.trust import Trust
from kits.core.bundle import Bundle, open_bytes
from kits.core.hub_api import Desired, Reported
from kits.core.prediction import Prediction
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.failure.tuf_simulator import Simulator

OLD, NEW = make_bundle(1), make_bundle(2, act_at=0.79)
QUICK = UpdateConfig(
    shadow_samples=2, probation_samples=3, probation_min_s=0, max_latency_factor=50
)
LOAD_LIMIT_S = 8000.0
GOOD = Prediction(score=0.4)
Feed = Callable[[Tally], None]


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, only what is on disk goes on."""


def feed_good(tally: Tally) -> None:
    """A model that works."""
    tally.add(1.0, GOOD)


def feed_failing(tally: Tally) -> None:
    """A model that raises, or says NaN."""
    tally.add(1.0, None)


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


class Bench:
    """One device: what is on disk stays, the process may end.

    Attributes:
        clock_error: of the device's clock against the simulator's true time.
        root, hub_id: from the enrolment.
        boot, seconds: what the device's lives are told apart by; no other clock is used.
        lame: ids of bundles that cannot be loaded now.
        building: while it is not set, an engine is being built; None: none has to be.
        stuck: why rows do not leave.
    """

    def __init__(self, folder: Path, config: UpdateConfig = QUICK) -> None:
        self.state = folder / "state"
        self.hub = Simulator()
        self.reports: list[Reported] = []
        self.alerts: list[str] = []
        self.open_alerts: dict[str, str] = {}
        self.kill_at = ""
        self.passed: list[str] = []
        self.config = config
        self.clock_error = timedelta()
        self.boot, self.seconds = "boot-1", 0.0
        self.background: Start = at_once
        self.ladder = Ladder(EngineConfig(providers=("cpu",), threads=1), self.state / "engines")
        self.lame: set[str] = set()
        self.loads: list[tuple[str, bool]] = []
        self.building: threading.Event | None = None
        self.stuck = ""
        self.root: dict[str, object] | None = self.hub.first_root
        self.hub_id = ""
        self.restart()

    def checkpoint(self, name: str) -> None:
        self.passed.append(name)
        if name == self.kill_at:
            self.kill_at = ""
            raise Killed(name)

    def alert(self, name: str, severity: str, text: str) -> None:
        if severity == "info":
            self.open_alerts.pop(name, None)
        else:
            self.alerts.append(name)
            self.open_alerts[name] = text

    def restart(self) -> None:
        self.line = IdleLine()
        self.slots = Slots(self.state)
        follow(self.slots, self.state, self.hub_id)
        lives = Lives(
            self.state / "lives.json", 600, Clocks(lambda: self.seconds, lambda: self.boot)
        )
        around = Surroundings(
            self.reports.append,
            self.alert,
            download=Downloader(self.hub, spare_bytes=0).download,
            draining=lambda: self.stuck,
            background=self.background,
            load_limit_s=LOAD_LIMIT_S,
            clock=lambda: self.seconds,
            checkpoint=self.checkpoint,
        )
        self.lives = lives
        self.installer = Installer(self.slots, self.line, self.load, self.config, lives, around)
        self.floor = TimeFloor(
            self.state / "time_floor.json", wall=lambda: self.hub.now + self.clock_error
        )
        trust = Trust(self.state / "tuf", self.root, HubMetadata(self.hub), self.floor)  # type: ignore[arg-type]
        look = Standing(self.slots, trust, self.alert, lambda: self.seconds).look
        self.offers = Offers(self.slots, self.installer, trust.signed, self.alert, look)
        self.installer.start()

    def load(self, bundle: Bundle, *, build: bool = True) -> Loaded:
        """As the ladder; what is in `lame` does not come up on this machine at the moment."""
        building = self.building if build else None  # before it is told that a load has begun
        self.loads.append((bundle.id, build))
        if building is not None:
            building.wait(60)
        if bundle.id in self.lame:
            raise EngineError("the GPU is busy")
        return self.ladder.load(bundle, build=build)

    def adopt(self, content: bytes) -> None:
        self.installer.adopt(open_bytes(content), content)

    def offer(self, content: bytes, release: int = 1, **changes: object) -> None:
        """The engineer signs a release, the hub wishes for it, the device hears of it."""
        self.hear(self.hub.publish(content, release, **changes))  # type: ignore[arg-type]

    def hear(self, desired: Desired) -> None:
        self.offers.consider(desired)

    def go_on(self, *, shadow: Feed, live: Feed) -> None:
        """Steps until nothing is on its way, feeding samples as a line would."""
        for _ in range(200):
            if not self.installer.busy:
                return
            if self.line.shadow is not None:
                shadow(self.line.shadow)
            live(self.line.tally)
            self.installer.step()
        raise AssertionError("the installation never ended")

    def step_until(self, state: str) -> None:
        """Steps, without any sample, until the installation has reached a state."""
        for _ in range(20):
            if self.slots.state.job is not None and self.slots.state.job.state == state:
                return
            self.installer.step()
        raise AssertionError(f"never {state}")

    def on_probation(self, content: bytes) -> None:
        """Steps until a new bundle, which was offered before, decides."""
        for _ in range(200):
            if self.runs == bundle_id_of(content):
                return
            if self.line.shadow is not None:
                feed_good(self.line.shadow)
            self.installer.step()
        raise AssertionError("it never came to decide")

    def finish(self) -> None:
        self.go_on(shadow=feed_good, live=feed_good)

    def try_once(self, desired: Desired) -> None:
        """Hears a wish and does all it can; a hub that does not answer is no error here."""
        try:
            self.hear(desired)
        except HubUnreachableError:
            return
        self.finish()

    @property
    def runs(self) -> str:
        return self.line.active.id if self.line.active is not None else ""

    @property
    def last(self) -> Reported:
        return self.reports[-1]


def assert_keeps_old(bench: Bench) -> None:
    """The old bundle decides, and would after a restart."""
    assert bench.runs == bundle_id_of(OLD)
    assert bench.slots.state.active == bundle_id_of(OLD)
    bench.lives.end()
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
