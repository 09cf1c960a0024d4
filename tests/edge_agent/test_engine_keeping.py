"""Which engines are kept: a good one through bad moments, a wrong one never, and not for ever anew.

The builder is TensorRT-RTX's; the session that would need a GPU is stood for by the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.engine.build import BuildSettings, build_engine, cache_key, flavour_version
from edge_agent.engine.cache import EngineCache
from edge_agent.engine.config import EngineConfig, Provider
from edge_agent.engine.ladder import Ladder, Loaded
from edge_agent.engine.session import Probe, session_factory
from edge_agent.engine.tensorrt import EngineFactory, TensorRtSession
from edge_agent.errors import EngineError, EngineUnfitError
from kits.core.bundle import open_bytes
from kits.core.runtime import Session, SessionFactory
from tests.edge_agent.parts import make_bundle, tiny_onnx
from tests.needing import needing

pytestmark = needing("tensorrt_rtx")
RTX = BuildSettings(flavour="tensorrt_rtx", timeout_s=120)
RIGHT, WRONG = 1.0, 0.5
Opener = Callable[[bytes, str], Session]


def key() -> str:
    return cache_key(tiny_onnx(), RTX, flavour_version("tensorrt_rtx"))


class Openings:
    """Sessions in place of the GPU's: each engine computes what its turn says."""

    def __init__(self, *turns: float | EngineError) -> None:
        self._turns = list(turns)
        self.opened: list[bytes] = []

    def __call__(self, engine: bytes, _flavour: str) -> Session:
        self.opened.append(engine)
        turn = self._turns.pop(0)
        if isinstance(turn, EngineError):
            raise turn
        return session_factory("cpu", 1)(tiny_onnx(turn))


def load(cache: EngineCache, opener: Opener, *, build: bool = True) -> Loaded:
    def factories(provider: Provider, *, kept_only: bool = False) -> SessionFactory:
        if provider == "cpu":
            return session_factory("cpu", 1)
        return EngineFactory(cache, RTX, kept_only=kept_only, opener=opener)

    ladder = Ladder(
        EngineConfig(providers=("tensorrt", "cpu")),
        cache.folder,
        prober=lambda provider: Probe(provider, usable=True),
        factories=factories,
    )
    return ladder.load(open_bytes(make_bundle()), build=build)


# -- what cannot be opened ------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["out of device memory", "no CUDA runtime (libcudart)"])
def test_an_engine_that_cannot_be_opened_now_is_kept_for_later(tmp_path: Path, reason: str) -> None:
    cache = EngineCache(tmp_path)
    assert load(cache, Openings(EngineError(reason))).downgrades == (f"tensorrt: {reason}",)
    kept = cache.get(key())
    assert kept is not None
    again = Openings(EngineError(reason), RIGHT)
    assert load(cache, again, build=False).provider == "cpu"
    assert load(cache, again, build=False).provider == "tensorrt"
    assert again.opened == [kept, kept]


def test_an_engine_that_fits_nothing_here_is_removed_and_not_built_again_at_once(
    tmp_path: Path,
) -> None:
    cache = EngineCache(tmp_path)
    loaded = load(cache, Openings(EngineUnfitError("another GPU")))
    assert loaded.downgrades == ("tensorrt: another GPU",)
    assert cache.get(key()) is None
    assert "not built again so soon" in load(cache, Openings()).downgrades[0]


def test_tensorrts_own_words_tell_a_bad_file_from_a_machine_without_a_gpu() -> None:
    engine = build_engine(tiny_onnx(), RTX)
    for damaged in (b"whole, but foreign" * 100, engine[: len(engine) // 2], engine[8:]):
        with pytest.raises(EngineUnfitError, match="Serialization"):
            TensorRtSession(damaged, "tensorrt_rtx")
    with pytest.raises(EngineError, match="cannot be opened") as caught:
        TensorRtSession(engine, "tensorrt_rtx")
    assert not isinstance(caught.value, EngineUnfitError)


# -- what computes something else -----------------------------------------------------------------


def test_a_wrong_engine_is_built_anew_and_the_right_one_serves(tmp_path: Path) -> None:
    cache, openings = EngineCache(tmp_path), Openings(WRONG, RIGHT)
    loaded = load(cache, openings)
    assert (loaded.provider, loaded.downgrades) == ("tensorrt", ())
    assert cache.get(key()) == openings.opened[1]


def test_a_kept_engine_that_became_wrong_is_built_anew_in_the_background(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path)
    cache.put(key(), b"of the last driver")
    started = load(cache, Openings(WRONG), build=False)
    assert (started.provider, started.waits_for_engine) == ("cpu", True)
    assert "golden samples differ" in started.downgrades[0]
    assert cache.get(key()) is None
    # models' bytes are kept for as long as an engine is to be built from them, and no longer
    models = {artefact.path for artefact in started.ready.bundle.manifest.artefacts}
    assert models <= set(started.ready.bundle.files)
    built = load(cache, Openings(RIGHT))
    assert built.provider == "tensorrt"
    assert not models & set(built.ready.bundle.files)
    assert built.ready.check_golden() == ()


@pytest.mark.slow
def test_engines_that_are_wrong_again_and_again_are_given_up_for_a_while(tmp_path: Path) -> None:
    cache, openings = EngineCache(tmp_path), Openings(WRONG, WRONG, WRONG, RIGHT)
    for built in (2, 3):
        loaded = load(cache, openings)
        assert loaded.provider == "cpu"
        assert "golden samples differ" in loaded.downgrades[0]
        assert len(openings.opened) == built
    loaded = load(cache, openings)
    assert "built 3 times and wrong each time" in loaded.downgrades[0]
    assert len(openings.opened) == 3
    assert not loaded.waits_for_engine
    # a day later it is tried again
    assert load(EngineCache(tmp_path, retry_s=0), openings).provider == "tensorrt"


def test_what_cannot_be_counted_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, openings = EngineCache(tmp_path), Openings(WRONG)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge_agent.engine.cache.write_atomically", full)
    assert load(cache, openings).provider == "cpu"
    assert len(openings.opened) == 1
