"""What a GPU is known by, and that whatever a session took of it comes back."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.engine import cuda
from edge_agent.engine.config import EngineConfig
from edge_agent.engine.cuda import Buffers, Cuda, gpu_identity, kernel_driver
from edge_agent.engine.ladder import Ladder
from edge_agent.engine.session import Probe, session_factory
from edge_agent.errors import EngineError
from edge_agent.update.records import Request
from edge_agent.update.requests import leave_request
from kits.core.bundle import open_bytes
from tests.edge_agent.parts import agent_config, bundle_id_of, make_bundle, picture, tiny_onnx
from tests.edge_agent.pretended_cuda import PretendedGpu, on
from tests.waiting import wait_for

PROC = "NVRM version: NVIDIA UNIX {}  Release Build  (builder@nvidia)  Tue Mar 4\nGCC version: 11"
SYS, DRIVER, JETSON = (
    "sys/module/nvidia/version",
    "proc/driver/nvidia/version",
    "etc/nv_tegra_release",
)


def machine(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / {"sys": SYS, "proc": DRIVER, "jetson": JETSON}[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"sys": "550.54.15\n"}, "550.54.15"),
        ({"proc": PROC.format("x86_64 Kernel Module  535.183.01")}, "535.183.01"),
        ({"proc": PROC.format("Open Kernel Module for aarch64  540.3.0")}, "540.3.0"),
        ({"sys": "550.54.15\n", "proc": "something else"}, "550.54.15"),
        ({"proc": "something else"}, ""),
        ({}, ""),
    ],
)
def test_the_drivers_own_version_is_read_from_the_kernel(
    tmp_path: Path, files: dict[str, str], version: str
) -> None:
    assert kernel_driver(machine(tmp_path, **files)) == (version or cuda._management_version())


def test_whatever_an_engine_depends_on_makes_another_identity(tmp_path: Path) -> None:
    old = machine(tmp_path / "old", sys="540.3.0", jetson="# R36 (release), REVISION: 3.0\nx")
    new = machine(tmp_path / "new", sys="540.4.0", jetson="# R36 (release), REVISION: 3.0\nx")

    def identity(gpu: PretendedGpu, root: Path = old) -> str:
        return gpu_identity(driver=gpu.driver, runtime=gpu.runtime, root=root)

    assert identity(PretendedGpu()) == (
        "Orin sm87 x8 driver 540.3.0 cuda 12020 cudart 12060 # R36 (release), REVISION: 3.0"
    )
    differing = {
        identity(PretendedGpu()),
        identity(PretendedGpu(multiprocessors=16)),
        identity(PretendedGpu(cudart=12080)),
        identity(PretendedGpu(), new),
    }
    assert len(differing) == 4


def test_buffers_grow_and_come_back_with_the_last_reference() -> None:
    gpu = PretendedGpu()
    buffers = Buffers(Cuda(gpu.runtime))
    first = buffers.at("x", 100)
    assert buffers.at("x", 80) == first
    assert buffers.at("x", 200) != first
    buffers.at("y", 50)
    assert sorted(gpu.held.values()) == [50, 200]
    del buffers
    assert (gpu.held, gpu.streams) == ({}, set())


def test_what_the_gpu_refuses_is_an_error_and_nothing_is_lost() -> None:
    gpu = PretendedGpu(room=100)
    buffers = Buffers(Cuda(gpu.runtime))
    buffers.at("x", 60)
    with pytest.raises(EngineError, match="cudaMalloc: out of memory"):
        buffers.at("y", 60)
    with pytest.raises(EngineError, match="out of memory"):
        buffers.at("x", 200)
    assert buffers.at("x", 100)
    del buffers
    assert (gpu.held, gpu.streams) == ({}, set())


def ladder_on(gpu: PretendedGpu, folder: Path, *, wrong: bool = False) -> Ladder:
    """TensorRT on a GPU that is not there, then the CPU."""

    def factories(provider: str, **_: object) -> object:
        if provider == "cpu":
            return session_factory("cpu", 1)
        make = on(gpu)
        return (lambda _model: make(tiny_onnx(0.5))) if wrong else make

    config = EngineConfig(providers=("tensorrt", "cpu"))
    prober = lambda provider: Probe(provider, usable=True)  # noqa: E731
    return Ladder(config, folder, prober=prober, factories=factories)  # type: ignore[arg-type]


def test_a_rung_that_was_left_holds_no_memory(tmp_path: Path) -> None:
    gpu = PretendedGpu()
    loaded = ladder_on(gpu, tmp_path, wrong=True).load(open_bytes(make_bundle()))
    assert loaded.provider == "cpu"
    assert (gpu.held, gpu.streams) == ({}, set())


def held_by(gpu: PretendedGpu, agent: Agent) -> str:
    """Whether what is held is in a cycle, which only the garbage collector finds, or in use."""
    before, active = len(gpu.streams), agent.line.active
    threads = sorted(thread.name for thread in threading.enumerate())
    gc.collect()
    return (
        f"{before} streams, {len(gpu.streams)} after a collection;"
        f" {active and (active.provider, active.downgrades)}; {threads}"
    )


def test_a_bundle_that_gave_way_holds_no_memory(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.png").write_bytes(picture(200, 32))
    (tmp_path / "b.kwb").write_bytes(make_bundle(1))
    source = {"kind": "folder", "path": str(tmp_path / "pictures"), "loop": True, "rate_hz": 100}
    agent = Agent(agent_config(tmp_path, tmp_path, bundle="b.kwb", source=source))
    gpu, new = PretendedGpu(), make_bundle(2, act_at=0.79)
    agent.engines.ladder = ladder_on(gpu, tmp_path / "engines")
    runner = threading.Thread(target=agent.run)
    runner.start()
    try:
        wait_for(lambda: agent.line.verdicts.total() >= 3)
        assert len(gpu.streams) == 1
        agent.slots.put(new, bundle_id_of(new))
        leave_request(agent.slots.folder, Request(kind="apply", bundle=bundle_id_of(new)))
        wait_for(lambda: agent.installer.committed == 1)
        wait_for(lambda: len(gpu.streams) == 1, otherwise=lambda: held_by(gpu, agent))
        assert agent.line.active is not None
        assert agent.line.active.id == bundle_id_of(new)
        assert agent.line.failures == 0
    finally:
        agent.stop()
        runner.join(30)
