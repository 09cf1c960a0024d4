"""OpenVINO computes what onnxruntime computes, quietly, and gives way where it does not."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge_agent.engine.config import EngineConfig, Provider
from edge_agent.engine.ladder import Ladder
from edge_agent.engine.session import Probe, probe, session_factory
from kits.core.bundle import GoldenSet, open_bytes
from kits.core.errors import BundleError
from kits.core.openvino import OpenVinoSession
from kits.core.runtime import Array, OnnxSession, SessionFactory, TensorSpec
from tests.edge_agent.parts import make_bundle, naming_a_file, tiny_onnx

needs_openvino = pytest.mark.skipif(
    not probe("openvino").usable, reason="needs the extra openvino on x86"
)


def network(seed: int = 0) -> bytes:
    """A convolution and a sum over a batch of any size, random weights."""
    weights = np.random.default_rng(seed).normal(size=(8, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["map"]),
        helper.make_node("GlobalAveragePool", ["map"], ["pooled"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 16, 16])],
        [
            helper.make_tensor_value_info("map", TensorProto.FLOAT, ["n", 8, 16, 16]),
            helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["n", 8, 1, 1]),
        ],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def pictures(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 3, 16, 16), dtype=np.float32)


@needs_openvino
def test_it_computes_what_onnxruntime_computes_for_any_batch() -> None:
    ours = OpenVinoSession(network(), 1, full_precision=True)
    reference = OnnxSession(network(), threads=1)
    assert ours.inputs() == reference.inputs()
    assert ours.precision == "fp32"
    for count in (1, 4, 2):
        found, wanted = (s.run({"x": pictures(count)}) for s in (ours, reference))
        for one, two in zip(found, wanted):
            np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


@needs_openvino
def test_the_processors_own_precision_stays_close() -> None:
    ours = OpenVinoSession(network(), 1)
    assert ours.precision in ("fp32", "bf16", "fp16")
    [_, found] = ours.run({"x": pictures(1)})
    [_, wanted] = OnnxSession(network(), threads=1).run({"x": pictures(1)})
    np.testing.assert_allclose(found, wanted, rtol=0.03, atol=0.01)


@needs_openvino
def test_an_answer_outlives_the_next_call_and_another_model() -> None:
    one, two = OpenVinoSession(network(0), 1), OpenVinoSession(network(5), 1)
    [_, first] = one.run({"x": pictures(1)})
    kept = first.copy()
    [_, other] = two.run({"x": pictures(1)})
    one.run({"x": pictures(1, seed=9)})
    np.testing.assert_array_equal(first, kept)
    assert not np.allclose(first, other)


@needs_openvino
def test_callers_from_several_threads_get_their_own_answers() -> None:
    session = OpenVinoSession(network(), 1, full_precision=True)
    wanted = {seed: session.run({"x": pictures(1, seed)})[1] for seed in range(4)}
    wrong: list[int] = []

    def call(seed: int) -> None:
        for _ in range(25):
            if not np.array_equal(session.run({"x": pictures(1, seed)})[1], wanted[seed]):
                wrong.append(seed)

    threads = [threading.Thread(target=call, args=(seed,)) for seed in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@needs_openvino
def test_the_number_of_threads_is_what_was_asked_for() -> None:
    assert OpenVinoSession(network(), 1).threads == 1
    assert OpenVinoSession(network()).threads >= 1


@needs_openvino
@pytest.mark.parametrize("content", [b"", b"not a model", tiny_onnx()[:40]])
def test_what_is_no_model_is_a_clear_error(content: bytes) -> None:
    with pytest.raises(BundleError, match=r"not an ONNX model|OpenVINO cannot load the model"):
        OpenVinoSession(content)


@needs_openvino
def test_a_file_that_a_model_names_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="lie in other files"):
        OpenVinoSession(naming_a_file(tmp_path))


@needs_openvino
def test_a_wrong_shape_is_a_clear_error() -> None:
    with pytest.raises(BundleError, match="OpenVINO cannot run the model"):
        OpenVinoSession(network(), 1).run({"x": np.zeros((1, 3, 8, 8), np.float32)})


_QUIET = """
import sys
def hook(event, arguments):
    if event == "socket.connect":
        raise SystemExit(f"it calls {arguments[1]}")
sys.addaudithook(hook)
import numpy as np
from kits.core.openvino import OpenVinoSession
model = open(sys.argv[1], "rb").read()
OpenVinoSession(model, 1).run({"x": np.ones(1, np.float32)})
assert "openvino" in sys.modules
print(sorted(name for name in sys.modules if "telemetry" in name))
"""


@needs_openvino
def test_it_tells_nobody_that_it_was_used(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(tiny_onnx())
    command = [sys.executable, "-c", _QUIET, str(tmp_path / "m.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@needs_openvino
def test_the_ladder_runs_a_bundle_on_it(tmp_path: Path) -> None:
    config = EngineConfig(providers=("openvino-fp32", "cpu"), threads=1)
    loaded = Ladder(config, tmp_path).load(open_bytes(make_bundle()))
    assert (loaded.provider, loaded.downgrades) == ("openvino-fp32", ())


@pytest.mark.parametrize(
    ("wrong", "serves"),
    [({"openvino"}, "openvino-fp32"), ({"openvino", "openvino-fp32"}, "cpu")],
)
def test_golden_samples_decide_about_the_precision(
    tmp_path: Path, wrong: set[str], serves: str
) -> None:
    def factories(provider: Provider) -> SessionFactory:
        cpu = session_factory("cpu", 1)
        return (lambda _model: cpu(tiny_onnx(0.9))) if provider in wrong else cpu

    config = EngineConfig(providers=("openvino", "openvino-fp32", "cpu"))
    ladder = Ladder(config, tmp_path, prober=lambda p: Probe(p, usable=True), factories=factories)
    loaded = ladder.load(open_bytes(make_bundle()))
    assert loaded.provider == serves
    assert len(loaded.downgrades) == len(wrong)
    assert all("golden samples differ" in note for note in loaded.downgrades)


@pytest.mark.parametrize("providers", [("openvino", "openvino-fp32", "cpu"), ("openvino", "cpu")])
def test_a_bundle_that_bears_no_bf16_runs_in_fp32_which_is_no_step_down(
    tmp_path: Path, providers: tuple[Provider, ...]
) -> None:
    asked: list[Provider] = []

    def factories(provider: Provider) -> SessionFactory:
        asked.append(provider)
        return session_factory("cpu", 1)

    bundle = open_bytes(make_bundle())
    [model] = bundle.manifest.artefacts
    exact = model.model_copy(update={"full_precision": True})
    manifest = bundle.manifest.model_copy(update={"artefacts": (exact,)})
    config = EngineConfig(providers=providers)
    ladder = Ladder(config, tmp_path, prober=lambda p: Probe(p, usable=True), factories=factories)
    loaded = ladder.load(replace(bundle, manifest=manifest))
    assert (loaded.provider, loaded.downgrades) == ("openvino-fp32", ())
    assert asked == ["openvino-fp32"]


def test_without_golden_samples_no_lower_precision_is_trusted(tmp_path: Path) -> None:
    def factories(provider: Provider) -> SessionFactory:
        return session_factory("cpu", 1)

    config = EngineConfig(providers=("openvino", "openvino-fp32"))
    ladder = Ladder(config, tmp_path, prober=lambda p: Probe(p, usable=True), factories=factories)
    unproven = replace(open_bytes(make_bundle()), golden=GoldenSet())
    assert ladder.load(unproven).provider == "openvino-fp32"


@pytest.mark.parametrize(("slow", "serves"), [("openvino", "cpu"), ("cpu", "openvino")])
def test_a_bundle_with_int8_for_the_cpu_runs_where_it_is_faster(
    tmp_path: Path, slow: Provider, serves: Provider
) -> None:
    class Slow:
        provider = slow

        def inputs(self) -> tuple[TensorSpec, ...]:
            return session_factory("cpu", 1)(tiny_onnx()).inputs()

        def run(self, feeds: Mapping[str, Array]) -> list[Array]:
            time.sleep(0.02)
            return session_factory("cpu", 1)(tiny_onnx()).run(feeds)

    def factories(provider: Provider) -> SessionFactory:
        return (lambda _model: Slow()) if provider == slow else session_factory("cpu", 1)

    bundle = open_bytes(make_bundle())
    [fp32] = bundle.manifest.artefacts
    int8 = fp32.model_copy(update={"precision": "int8", "target": "cpu"})
    both = bundle.manifest.model_copy(update={"artefacts": (fp32, int8)})
    config = EngineConfig(providers=("openvino", "cpu"), threads=1)
    ladder = Ladder(config, tmp_path, prober=lambda p: Probe(p, usable=True), factories=factories)
    loaded = ladder.load(replace(bundle, manifest=both))
    assert (loaded.provider, loaded.downgrades) == (serves, ())
    assert ladder.load(bundle).provider == "openvino"


def test_the_probe_says_why_it_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert "not installed" in probe("openvino").reason
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert "only on x86" in probe("openvino-fp32").reason
