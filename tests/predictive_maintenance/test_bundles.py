"""Bundles learned from simulated machines: where their models run, in which precision, and what they refuse to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_agent.engine.config import EngineConfig, Provider
from edge_agent.engine.ladder import Ladder
from edge_agent.engine.session import probe, session_factory
from kits.core.bundle import open_file
from kits.core.openvino import OpenVinoSession
from kits.core.ready import make_ready
from kits.core.runtime import Array, Session, SessionFactory, TensorSpec, cpu_session
from kits.core.window import decode_window
from kits.toolchain import trt_check
from kits.toolchain.compile import compile_run
from kits.toolchain.project import Project
from kits.toolchain.training import Trained, train_project
from tests.predictive_maintenance.learned import (
    engine_project,
    pump_project,
    short_trainings,
    swing_project,
    window,
)

Made = tuple[Project, Trained]
needs_openvino = pytest.mark.skipif(
    not probe("openvino").usable, reason="needs the extra openvino on x86"
)


@pytest.fixture(scope="module")
def pumps(tmp_path_factory: pytest.TempPathFactory) -> Made:
    project = pump_project(tmp_path_factory.mktemp("condition") / "pumps")
    return project, train_project(project)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Made:
    project = engine_project(tmp_path_factory.mktemp("life") / "engines")
    return project, train_project(project)


@pytest.fixture(scope="module")
def drives(tmp_path_factory: pytest.TempPathFactory) -> Made:
    project = swing_project(tmp_path_factory.mktemp("network") / "drives")
    with short_trainings():
        return project, train_project(project)


def test_distances_go_to_fp16_for_a_gpu_through_the_gate(pumps: Made) -> None:
    made = compile_run(pumps[0], target="jetson-orin-nano", precision="fp16")
    assert made.precision == "fp16"
    assert made.judgements[0].accepted
    assert set(made.artefacts) == {"models/model.fp32.any.onnx", "models/model.fp16.tensorrt.onnx"}


@pytest.mark.skipif(not trt_check.available(), reason="tensorrt-rtx is not installed")
def test_tensorrts_parser_and_builder_take_the_distances(pumps: Made) -> None:
    made = compile_run(pumps[0], target="jetson-orin-nano")
    assert "TensorRT's parser and builder accept the models" in made.notes


@pytest.mark.parametrize(("target", "precision"), [("cpu", "int8"), ("openvino", "bf16")])
def test_a_precision_the_distances_do_not_have_is_said_and_fp32_ships(
    pumps: Made, target: str, precision: str
) -> None:
    made = compile_run(pumps[0], target=target, precision=precision)
    assert made.precision == "fp32"
    (refused,) = made.refused
    assert refused["precision"] == precision and "ship in FP32" in str(refused["reason"])


@needs_openvino
def test_distances_are_computed_in_fp32_where_a_processor_would_take_bf16(
    pumps: Made, tmp_path: Path
) -> None:
    computed: list[str] = []

    def factories(provider: Provider, *, kept_only: bool = False) -> SessionFactory:
        def make(model: bytes) -> Session:
            session = session_factory(provider, 1)(model)
            if isinstance(session, OpenVinoSession):
                computed.append(session.precision)
            return session

        return make

    config = EngineConfig(providers=("openvino", "openvino-fp32", "cpu"))
    loaded = Ladder(config, tmp_path, factories=factories).load(open_file(pumps[1].bundle))
    assert (loaded.provider, loaded.downgrades) == ("openvino-fp32", ())
    assert set(computed) == {"fp32"}


class Half:
    """A session whose sums end where FP16 ends, at 65,504: opposite infinities add up to no number."""

    provider = "tensorrt"

    def __init__(self, model: bytes) -> None:
        self._whole = cpu_session(model)

    def inputs(self) -> tuple[TensorSpec, ...]:
        return self._whole.inputs()

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        told = [np.asarray(output, np.float64) for output in self._whole.run(feeds)]
        return [np.where(np.abs(output) > 65_504, np.nan, output) for output in told]


def test_what_is_too_far_away_for_fp16_is_an_alarm_and_not_a_gap(pumps: Made) -> None:
    ready = make_ready(open_file(pumps[1].bundle), sessions=Half)
    for times in (1.0, 5.0, 50.0, 1e6):
        broken = window(5, 120)
        channels = tuple(
            c if c.name == "speed" else replace(c, readings=(c.readings * times).astype(np.float32))
            for c in broken.channels
        )
        prediction = ready.predict([replace(broken, channels=channels)])[0]
        assert "not_judged" not in prediction.details
        assert ready.decide(prediction).verdict == ("act" if times > 1 else "pass")


@pytest.mark.parametrize("precision", ["auto", "fp32", "fp16", "int8"])
def test_trees_stay_on_the_cpu_whatever_is_asked_for(engines: Made, precision: str) -> None:
    made = compile_run(engines[0], target="jetson-orin-nano", precision=precision)
    assert (made.precision, made.artefacts) == ("fp32", ("models/model.fp32.cpu.onnx",))
    assert "no engine is built on the device: its CPU does the work" in made.notes
    asked = [] if precision in ("auto", "fp32") else [precision]
    assert [refused["precision"] for refused in made.refused] == asked


def test_the_agent_builds_no_engine_for_trees_and_calls_that_no_step_down(
    engines: Made, tmp_path: Path
) -> None:
    loaded = Ladder(EngineConfig(), tmp_path).load(open_file(engines[1].bundle))
    assert (loaded.provider, loaded.downgrades) == ("cpu", ())


@pytest.mark.slow
def test_a_network_goes_to_fp16_for_a_gpu_through_the_gate(drives: Made) -> None:
    made = compile_run(drives[0], target="jetson-orin-nano", precision="fp16")
    assert made.precision == "fp16"
    assert set(made.artefacts) == {"models/model.fp32.any.onnx", "models/model.fp16.tensorrt.onnx"}
    refused = compile_run(drives[0], target="cpu", precision="int8").refused
    assert [one["precision"] for one in refused] == ["int8"]


@pytest.mark.skipif(not trt_check.available(), reason="tensorrt-rtx is not installed")
def test_tensorrts_parser_and_builder_take_the_network(drives: Made) -> None:
    made = compile_run(drives[0], target="jetson-orin-nano")
    assert "TensorRT's parser and builder accept the models" in made.notes


def test_a_bundle_with_a_network_says_a_life_with_its_interval(drives: Made) -> None:
    project, trained = drives
    ready = make_ready(open_file(trained.bundle))
    dataset = project.dataset()
    for item in dataset.of("test"):
        whole = decode_window(dataset.content(item))
        said = ready.predict([whole])[0].quantities[0]
        assert said.low is not None and said.high is not None
        assert 0 <= said.low <= said.value <= said.high <= 25
        assert ready.decide(ready.predict([whole])[0]).verdict == "act"


def test_readings_at_another_pace_than_learned_are_doubted_not_judged(pumps: Made) -> None:
    """A table of one reading per second says nothing of ten per second: a person has to look."""
    ready = make_ready(open_file(pumps[1].bundle))
    usual, fast, worn = ready.predict(
        [window(5, 120), window(5, 120, rate_hz=8.0), window(5, 120, rate_hz=8.0, worn=0.2)]
    )
    assert ready.decide(usual).verdict == "pass"
    for doubted in (fast, worn):
        assert ready.decide(doubted).verdict == "review"
        assert doubted.details["not_judged"] == "readings come at 8 Hz, the model learned from 1 Hz"
