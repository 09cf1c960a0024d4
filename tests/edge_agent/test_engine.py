"""The ladder and the engine builder, up to the edge that needs a GPU."""

from __future__ import annotations

import importlib
import importlib.util
import os
import time
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from edge_agent.engine.build import BuildSettings, build_engine, build_here, cache_key
from edge_agent.engine.cache import EngineCache
from edge_agent.engine.config import EngineConfig, Provider
from edge_agent.engine.ladder import Ladder
from edge_agent.engine.session import Probe, probe, session_factory
from edge_agent.engine.tensorrt import EngineFactory, tensorrt_factory
from edge_agent.errors import EngineError, GoldenMismatchError
from kits.core.bundle import open_bytes
from kits.core.runtime import SessionFactory
from tests.edge_agent.parts import make_bundle, naming_a_file, tiny_onnx
from tests.needing import needing

needs_rtx = needing("tensorrt_rtx")


def everything_usable(provider: Provider) -> Probe:
    return Probe(provider, usable=True)


def broken_gpu(provider: Provider) -> SessionFactory:
    def make(_model: bytes) -> object:
        raise EngineError("out of device memory")

    return session_factory("cpu", 1) if provider == "cpu" else make  # type: ignore[return-value]


def test_a_rung_that_fails_is_reported_and_the_next_one_serves(tmp_path: Path) -> None:
    ladder = Ladder(EngineConfig(), tmp_path, prober=everything_usable, factories=broken_gpu)
    loaded = ladder.load(open_bytes(make_bundle()))
    assert loaded.provider == "cpu"
    assert loaded.downgrades == tuple(
        f"{rung}: out of device memory" for rung in get_args(Provider) if rung != "cpu"
    )


def test_a_rung_that_computes_something_else_is_left(tmp_path: Path) -> None:
    def wrong_on_cuda(provider: Provider) -> SessionFactory:
        cpu = session_factory("cpu", 1)
        return cpu if provider == "cpu" else lambda _model: cpu(tiny_onnx(0.5))

    config = EngineConfig(providers=("cuda", "cpu"))
    ladder = Ladder(config, tmp_path, prober=everything_usable, factories=wrong_on_cuda)
    loaded = ladder.load(open_bytes(make_bundle()))
    assert loaded.provider == "cpu"
    assert "golden" in loaded.downgrades[0]
    only_wrong = EngineConfig(providers=("cuda",))
    ladder = Ladder(only_wrong, tmp_path, prober=everything_usable, factories=wrong_on_cuda)
    with pytest.raises(GoldenMismatchError):
        ladder.load(open_bytes(make_bundle()))


def test_a_rung_that_cannot_execute_is_left(tmp_path: Path) -> None:
    """A GPU's libraries may load and then fail at the first call."""
    other_input = tiny_onnx().replace(b"\x01x", b"\x01z")

    def factories(provider: Provider) -> SessionFactory:
        cpu = session_factory("cpu", 1)
        return cpu if provider == "cpu" else lambda _model: cpu(other_input)

    config = EngineConfig(providers=("cuda", "cpu"))
    ladder = Ladder(config, tmp_path, prober=everything_usable, factories=factories)
    loaded = ladder.load(open_bytes(make_bundle()))
    assert loaded.provider == "cpu"
    assert "onnxruntime cannot run the model" in loaded.downgrades[0]


def test_nothing_usable_is_an_error_with_the_reasons(tmp_path: Path) -> None:
    def nothing(provider: Provider) -> Probe:
        return Probe(provider, usable=False, reason="no driver")

    with pytest.raises(EngineError, match="nothing here") as caught:
        Ladder(EngineConfig(), tmp_path, prober=nothing).load(open_bytes(make_bundle()))
    assert "no driver" in str(caught.value)


def test_the_probe_always_finds_the_cpu() -> None:
    assert probe("cpu").usable
    for provider in ("cuda", "tensorrt"):
        found = probe(provider)  # type: ignore[arg-type]
        assert found.usable or found.reason


def test_the_key_follows_the_weights_and_not_the_name() -> None:
    settings = BuildSettings()
    keys = {
        cache_key(tiny_onnx(1.0), settings, "10.3"),
        cache_key(tiny_onnx(2.0), settings, "10.3"),
        cache_key(tiny_onnx(1.0), settings, "11.0"),
        cache_key(tiny_onnx(1.0), BuildSettings(gpu="Orin sm87"), "10.3"),
    }
    assert len(keys) == 4


@needs_rtx
def test_a_model_the_parser_refuses_is_a_clear_error() -> None:
    with pytest.raises(EngineError, match="TensorRT refuses the model"):
        build_engine(b"not a model", BuildSettings(flavour="tensorrt_rtx", timeout_s=120))


@needs_rtx
def test_a_file_that_a_model_names_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trt = importlib.import_module("tensorrt_rtx")
    with pytest.raises(EngineError, match="lie in other files"):
        build_here(trt, naming_a_file(tmp_path), 1 << 28)


def test_a_missing_tensorrt_is_named(tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorrt") is not None:
        pytest.skip("TensorRT is here")
    with pytest.raises(EngineError, match="No module named 'tensorrt'"):
        build_engine(tiny_onnx(), BuildSettings())
    with pytest.raises(EngineError, match="not installed"):
        EngineFactory(EngineCache(tmp_path), BuildSettings())(tiny_onnx())


def test_engines_are_kept_by_content_and_the_oldest_go(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path / "engines", limit_bytes=300)
    assert cache.get("a") is None
    for number, key in enumerate(("a", "b")):
        assert cache.put(key, key.encode() * 100)
        os.utime(tmp_path / "engines" / f"{key}.engine", (number, number))
    assert cache.get("a") == b"a" * 100
    assert cache.put("c", b"c" * 100)
    assert [cache.get(key) is not None for key in "abc"] == [True, False, True]
    assert cache.put("large", b"l" * 1000)
    assert cache.get("large") is not None


def test_a_failed_build_is_left_alone_for_a_while(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path, retry_s=3600)
    assert cache.recent_failure("a") == ""
    cache.failed("a", "out of memory")
    assert cache.recent_failure("a") == "out of memory"
    for age_s in (7200, -7200):
        then = time.time() - age_s
        os.utime(tmp_path / "a.failed", (then, then))
        assert cache.recent_failure("a") == ""
    cache.failed("a", "out of memory")
    cache.put("a", b"engine")
    assert cache.recent_failure("a") == ""


@pytest.mark.gpu
def test_an_engine_computes_what_the_cpu_computes(tmp_path: Path) -> None:
    importlib.import_module("tensorrt")
    session = tensorrt_factory(tmp_path, EngineConfig())(tiny_onnx(3.0))
    [result] = session.run({"x": np.array([0.5], np.float32)})
    assert session.provider == "tensorrt"
    assert result[0] == pytest.approx(1.5)
