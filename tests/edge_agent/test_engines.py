"""What is said about the engine is about what decides; a climb begins a new count of latencies.

The rung above the CPU computes on the CPU too: what matters is which one may be used when.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.actions.dispatcher import Dispatcher, make_actions
from edge_agent.alert_book import AlertBook
from edge_agent.engine.config import EngineConfig, Provider
from edge_agent.engine.ladder import Ladder
from edge_agent.engine.session import Probe, session_factory
from edge_agent.engines import Engines
from edge_agent.errors import EngineError, EngineMissingError
from edge_agent.line import Line
from edge_agent.selection import Selection
from edge_agent.update.config import UpdateConfig
from edge_agent.update.probation import Tally
from kits.core.bundle import open_bytes
from kits.core.runtime import Session, SessionFactory
from tests.edge_agent.parts import agent_config, bundle_id_of, make_bundle
from tests.edge_agent.update_bench import GOOD, NEW, OLD, Bench
from tests.waiting import wait_for

SLOW_MS = 60.0


class Gpu:
    """The rung above the CPU.

    Attributes:
        failure: why it cannot be used now, or empty.
        kept: whether the engines are kept, or would have to be built.
    """

    def __init__(self) -> None:
        self.failure = ""
        self.kept = True

    def __call__(self, provider: Provider, *, kept_only: bool = False) -> SessionFactory:
        cpu = session_factory("cpu", 1)

        def make(model: bytes) -> Session:
            if self.failure:
                raise EngineError(self.failure)
            if kept_only and not self.kept:
                raise EngineMissingError("no engine is kept here")
            return cpu(model)

        return cpu if provider == "cpu" else make

    def ladder(self, folder: Path) -> Ladder:
        config = EngineConfig(providers=("tensorrt", "cpu"), threads=1)
        return Ladder(config, folder, prober=lambda p: Probe(p, usable=True), factories=self)


class Site:
    """Engines and a line, without a source."""

    def __init__(self, folder: Path) -> None:
        config = agent_config(folder, folder)
        self.gpu = Gpu()
        self.alerts = AlertBook(lambda _entry: True)
        self.line = Line(
            config,
            Dispatcher(make_actions([], folder), self.alerts),
            Selection(config.selection),
            lambda _entry: True,
            self.alerts,
        )
        self.engines = Engines(
            self.gpu.ladder(folder / "engines"), self.line, self.alerts, lambda: None
        )


def test_a_candidate_that_never_decides_says_nothing_of_what_does(tmp_path: Path) -> None:
    site = Site(tmp_path)
    good, other = open_bytes(OLD), open_bytes(NEW)
    site.line.activate(site.engines.load(good))
    site.gpu.failure = "out of device memory"
    lower = site.engines.load(other)
    site.engines.look()
    assert "engine-downgrade" not in site.alerts.open()
    site.line.activate(lower)
    site.engines.look()
    assert site.alerts.open()["engine-downgrade"].startswith("running on cpu; tensorrt: out of")
    site.gpu.failure = ""
    better = site.engines.load(good)
    site.engines.look()
    assert "engine-downgrade" in site.alerts.open()
    site.line.activate(better)
    site.engines.look()
    assert "engine-downgrade" not in site.alerts.open()


def test_a_climb_forgets_the_latencies_of_the_lower_rung_and_nothing_else(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.gpu.kept = False
    site.line.activate(site.engines.load(open_bytes(OLD), build=False))
    for _ in range(5):
        site.line.tally.add(SLOW_MS, GOOD)
    site.engines.look()
    wait_for(lambda: not site.line.tally.latencies_ms)
    assert site.line.active is not None
    assert site.line.active.provider == "tensorrt"
    assert site.line.tally.n == 5


# -- latency on probation ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "declared_ms"), [("", None), ("", 20.0), ("no driver", None), ("no driver", 20.0)]
)
def test_a_restart_on_probation_that_lands_on_a_lower_rung_denies_no_bundle(
    tmp_path: Path, failure: str, declared_ms: float | None
) -> None:
    bench, gpu, new = device(tmp_path, declared_ms)
    gpu.kept, gpu.failure = False, failure
    bench.lives.end()
    bench.restart()
    assert bench.line.active is not None
    assert bench.line.active.provider == "cpu"
    assert feed_slow(bench) == bundle_id_of(new)
    assert bench.slots.state.denied == {}


def test_a_restart_on_the_same_rung_forgives_no_slow_bundle(tmp_path: Path) -> None:
    bench, _gpu, new = device(tmp_path, None)
    bench.lives.end()
    bench.restart()
    assert feed_slow(bench) == bundle_id_of(OLD)
    assert "too slow" in bench.slots.state.denied[bundle_id_of(new)]


def device(folder: Path, declared_ms: float | None) -> tuple[Bench, Gpu, bytes]:
    """A bundle on probation that was fast on the higher rung in the shadow."""
    bench, gpu = Bench(folder, UpdateConfig(probation_min_s=0, shadow_samples=20)), Gpu()
    bench.ladder = gpu.ladder(folder / "engines")
    bench.adopt(OLD)
    new = make_bundle(2, act_at=0.79, latency_limit_ms=declared_ms)
    bench.offer(new)
    bench.step_until("shadow")
    shadow: Tally | None = bench.line.shadow
    assert shadow is not None
    for _ in range(20):
        shadow.add(5.0, GOOD)
    bench.installer.step()
    assert bench.runs == bundle_id_of(new)
    return bench, gpu, new


def feed_slow(bench: Bench) -> str:
    """Some slow parts; what runs afterwards."""
    for _ in range(20):
        bench.line.tally.add(SLOW_MS, GOOD)
    bench.installer.step()
    return bench.runs
