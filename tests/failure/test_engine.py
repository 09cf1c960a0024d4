"""An engine build that dies, a cache that lies, a disk that is full: the line keeps deciding.

TensorRT's builder runs here without a GPU, as TensorRT-RTX; what it built cannot be executed here,
so the ladder must come down to the CPU, and say why.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from edge_agent.agent import Agent
from edge_agent.engine.build import BuildSettings, build_engine, cache_key, flavour_version
from edge_agent.engine.cache import EngineCache
from edge_agent.engine.config import EngineConfig, Provider
from edge_agent.engine.ladder import Ladder, Loaded
from edge_agent.engine.session import Probe, probe, session_factory
from edge_agent.engine.tensorrt import EngineFactory, TensorRtSession
from edge_agent.errors import EngineError
from kits.core.bundle import open_bytes
from kits.core.runtime import Session, SessionFactory
from tests.edge_agent.conftest import tiny_kit  # noqa: F401  a fixture
from tests.edge_agent.parts import agent_config, make_bundle, picture, tiny_onnx
from tests.failure.conftest import Record
from tests.needing import needing
from tests.small_disks import MakeDisk, fill
from tests.waiting import wait_for

RTX = BuildSettings(flavour="tensorrt_rtx", timeout_s=120)
needs_rtx = needing("tensorrt_rtx")


def key_of(model: bytes) -> str:
    return cache_key(model, RTX, flavour_version("tensorrt_rtx"))


def session_in_its_place(engine: bytes, flavour: str) -> Session:
    """Stands for the GPU: an engine that TensorRT built, answered for by the CPU."""
    assert len(engine) > 100
    assert flavour == "tensorrt_rtx"
    return session_factory("cpu", 1)(tiny_onnx())


def ladder_with_tensorrt(
    folder: Path,
    settings: BuildSettings,
    retry_s: float = 0,
    opener: Callable[[bytes, str], Session] = TensorRtSession,
) -> Ladder:
    """TensorRT → CPU, with the real builder and cache."""
    cache = EngineCache(folder, retry_s=retry_s)

    def factories(provider: Provider, *, kept_only: bool = False) -> SessionFactory:
        return (
            EngineFactory(cache, settings, kept_only=kept_only, opener=opener)
            if provider == "tensorrt"
            else session_factory(provider, 1)
        )

    return Ladder(
        EngineConfig(providers=("tensorrt", "cpu")),
        folder,
        prober=lambda p: Probe(p, usable=True),
        factories=factories,
    )


def load_with_tensorrt(folder: Path, settings: BuildSettings = RTX, retry_s: float = 0) -> Loaded:
    return ladder_with_tensorrt(folder, settings, retry_s).load(open_bytes(make_bundle()))


def builds_below(pid: int) -> list[psutil.Process]:
    """The engine builds that a process has started and that still run."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # ended since the list was made
            if "edge_agent.engine.build" in child.cmdline():
                found.append(child)
    return found


@pytest.fixture
def held_builds(monkeypatch: pytest.MonkeyPatch) -> list[psutil.Process]:
    """The builds that this process starts, each stopped at once: none is over before anybody looks."""
    held: list[psutil.Process] = []
    start = subprocess.Popen

    def started(command: list[str], **how: Any) -> subprocess.Popen[bytes]:
        process = start(command, **how)
        if "edge_agent.engine.build" in command:
            process.send_signal(signal.SIGSTOP)
            held.append(psutil.Process(process.pid))
        return process

    monkeypatch.setattr(subprocess, "Popen", started)
    return held


# -- retrained models ----------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["cpu", "openvino", "openvino-fp32"])
def test_a_retrained_model_with_the_same_graph_and_name_gives_new_outputs(
    tmp_path: Path, provider: Provider, record: Record
) -> None:
    if not probe(provider).usable:
        pytest.skip(probe(provider).reason)
    config = EngineConfig(providers=(provider,), threads=1)
    grey = np.full((4, 4), 200, np.uint8)
    scores = []
    for version, scale in enumerate((1.0, 0.5, 1.0, 0.75), start=1):
        content = make_bundle(version, scale=scale)
        loaded = Ladder(config, tmp_path).load(open_bytes(content))
        scores.append(loaded.ready.predict([grey])[0].score)
    assert scores == pytest.approx([200 / 255 * s for s in (1.0, 0.5, 1.0, 0.75)], rel=0.01)
    assert list(tmp_path.rglob("*")) == []
    record({"retrainings": len(scores), "old_outputs": 0})


@pytest.mark.slow
@needs_rtx
def test_a_retrained_model_gets_an_engine_of_its_own(tmp_path: Path, record: Record) -> None:
    cache = EngineCache(tmp_path)
    old, new = tiny_onnx(1.0), tiny_onnx(2.0)
    assert len(old) == len(new)
    for model in (old, new):
        assert cache.get(key_of(model)) is None
        cache.put(key_of(model), build_engine(model, RTX))
    engines = [cache.get(key_of(model)) for model in (old, new)]
    assert None not in engines
    assert engines[0] != engines[1]
    record({"engines": 2, "mistaken": 0})


def looping_agent(folder: Path) -> Agent:
    pictures = folder / "pictures"
    pictures.mkdir()
    (pictures / "0.png").write_bytes(picture(200, 32))
    (folder / "b.kwb").write_bytes(make_bundle())
    source = {"kind": "folder", "path": str(pictures), "loop": True, "rate_hz": 50}
    return Agent(agent_config(folder, pictures, bundle=str(folder / "b.kwb"), source=source))


@contextlib.contextmanager
def running(agent: Agent) -> Iterator[None]:
    runner = threading.Thread(target=agent.run)
    runner.start()
    try:
        yield
    finally:
        agent.stop()
        runner.join(30)


# -- the whole agent ------------------------------------------------------------------------------


@needs_rtx
def test_an_agent_whose_engine_fails_decides_on_the_cpu_and_says_so(
    tmp_path: Path, record: Record
) -> None:
    agent = looping_agent(tmp_path)
    agent.engines.ladder = ladder_with_tensorrt(tmp_path / "engines", RTX)
    with running(agent):
        told = "running on cpu; tensorrt: the engine cannot be opened"
        wait_for(lambda: told in agent.alerts.open().get("engine-downgrade", ""), 60)
        wait_for(lambda: agent.line.verdicts.total() >= 10)
    assert agent.line.active is not None
    assert agent.line.active.provider == "cpu"
    # what could not be opened was no fault of the engine, which took long to build: it stays
    assert EngineCache(tmp_path / "engines").get(key_of(tiny_onnx())) is not None
    record({"decisions": agent.line.verdicts.total(), "lost": agent.line.failures})


@needs_rtx
def test_a_start_without_a_kept_engine_decides_at_once_and_climbs_when_it_is_built(
    tmp_path: Path, record: Record, held_builds: list[psutil.Process]
) -> None:
    agent = looping_agent(tmp_path)
    agent.engines.ladder = ladder_with_tensorrt(
        tmp_path / "engines", RTX, opener=session_in_its_place
    )
    with running(agent):
        wait_for(lambda: bool(held_builds), 60)
        [build] = held_builds
        before = agent.line.verdicts.total()
        wait_for(lambda: agent.line.verdicts.total() >= before + 10)
        assert agent.line.active is not None
        assert agent.line.active.provider == "cpu"
        build.resume()
        wait_for(lambda: agent.line.active.provider == "tensorrt", 60)
        assert "engine-downgrade" not in agent.alerts.open()
    [kept] = (tmp_path / "engines").glob("*.engine")
    assert kept.stem == key_of(tiny_onnx())
    record({"decisions_while_building": 10, "decisions_lost": 0})


# -- builds that end badly -----------------------------------------------------------------------


@needs_rtx
def test_a_build_that_takes_too_much_memory_is_ended_and_the_line_goes_on(
    tmp_path: Path, record: Record
) -> None:
    hungry = BuildSettings(flavour="tensorrt_rtx", timeout_s=120, memory_bytes=20 << 20)
    loaded = load_with_tensorrt(tmp_path, hungry, retry_s=3600)
    assert loaded.provider == "cpu"
    assert "more than 20 MiB of memory" in loaded.downgrades[0]
    assert not builds_below(os.getpid())
    again = load_with_tensorrt(tmp_path, RTX, retry_s=3600)
    assert "not built again so soon" in again.downgrades[0]
    assert not list(tmp_path.glob("*.engine"))
    record({"builds_over_the_limit": 1, "lines_stopped": 0})


@needs_rtx
def test_a_build_that_takes_too_long_is_ended_and_the_line_goes_on(tmp_path: Path) -> None:
    slow = BuildSettings(flavour="tensorrt_rtx", timeout_s=0.01)
    loaded = load_with_tensorrt(tmp_path, slow)
    assert loaded.provider == "cpu"
    assert "longer than" in loaded.downgrades[0]
    assert not builds_below(os.getpid())
    assert not list(tmp_path.glob("*.engine"))


@needs_rtx
def test_a_build_that_is_killed_is_reported_and_tried_again_later(
    held_builds: list[psutil.Process],
) -> None:
    def kill_first() -> None:
        wait_for(lambda: bool(held_builds), 60)
        held_builds[0].kill()

    killer = threading.Thread(target=kill_first)
    killer.start()
    with pytest.raises(EngineError, match="killed by signal 9"):
        build_engine(tiny_onnx(), BuildSettings(flavour="tensorrt_rtx", timeout_s=120))
    killer.join()


_PARENT = """
from edge_agent.engine.build import BuildSettings, build_engine
from tests.edge_agent.parts import tiny_onnx
while True:  # a build may be over before anybody has looked at it
    build_engine(tiny_onnx(), BuildSettings(flavour="tensorrt_rtx", timeout_s=120))
"""


def hold_a_build(agent: int) -> psutil.Process:
    """One that is first to be killed where memory runs out, stopped in the middle."""
    found: list[psutil.Process] = []

    def looked() -> bool:
        for build in builds_below(agent):
            with contextlib.suppress(OSError, psutil.Error):  # it has ended meanwhile
                if Path(f"/proc/{build.pid}/oom_score_adj").read_text().strip() == "1000":
                    build.suspend()
                    found.append(build)
        return bool(found)

    wait_for(looked, 60)
    return found[0]


@needs_rtx
def test_a_build_gives_way_to_the_line_and_dies_with_the_agent() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT]) as agent:
        try:
            build = hold_a_build(agent.pid)
            assert build.nice() > psutil.Process(agent.pid).nice()
        finally:
            agent.kill()
    wait_for(lambda: not build.is_running() or build.status() == psutil.STATUS_ZOMBIE, 60)


# -- caches that lie -----------------------------------------------------------------------------


def truncated(stored: bytes) -> bytes:
    return stored[: len(stored) // 2]


def flipped(stored: bytes) -> bytes:
    return stored[:-1] + bytes([stored[-1] ^ 1])


@needs_rtx
@pytest.mark.parametrize("damage", [truncated, flipped, lambda _: b""])
def test_a_damaged_engine_is_removed_reported_and_built_anew(
    tmp_path: Path, damage: Callable[[bytes], bytes], record: Record
) -> None:
    cache, key = EngineCache(tmp_path), key_of(tiny_onnx())
    cache.put(key, b"an engine of another day")
    [path] = tmp_path.glob("*.engine")
    path.write_bytes(damage(path.read_bytes()))
    ladder = ladder_with_tensorrt(tmp_path, RTX, opener=session_in_its_place)
    started = ladder.load(open_bytes(make_bundle()), build=False)
    assert (started.provider, started.waits_for_engine) == ("cpu", True)
    assert "the kept engine was damaged" in started.downgrades[0]
    assert not path.exists()
    assert ladder.load(open_bytes(make_bundle())).provider == "tensorrt"
    assert b"another day" not in (cache.get(key) or b"another day")
    record({"damaged_engines": 1, "used": 0})


@needs_rtx
def test_an_engine_of_another_machine_is_removed_and_reported(tmp_path: Path) -> None:
    cache, key = EngineCache(tmp_path), key_of(tiny_onnx())
    cache.put(key, b"whole, but foreign" * 100)
    started = ladder_with_tensorrt(tmp_path, RTX).load(open_bytes(make_bundle()), build=False)
    assert (started.provider, started.waits_for_engine) == ("cpu", True)
    assert "does not fit this GPU or this version" in started.downgrades[0]
    assert cache.get(key) is None


# -- full disks ----------------------------------------------------------------------------------


@needs_rtx
def test_a_full_disk_costs_the_cache_and_nothing_else(make_disk: MakeDisk, record: Record) -> None:
    small_disk = make_disk(2)
    cache, model = EngineCache(small_disk / "engines"), tiny_onnx()
    (small_disk / "engines").mkdir()
    filler = fill(small_disk)
    engine = build_engine(model, RTX)
    assert not cache.put(key_of(model), engine)
    assert list((small_disk / "engines").iterdir()) == []
    cache.failed("another", "killed")
    assert load_with_tensorrt(small_disk / "engines").provider == "cpu"
    filler.unlink()
    assert cache.put(key_of(model), engine)
    assert cache.get(key_of(model)) == engine
    record({"full_disks": 1, "torn_engines": 0, "lines_stopped": 0})
