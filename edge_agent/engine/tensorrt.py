"""Sessions on TensorRT: an engine of `build.py`, executed with `execute_async_v3`."""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.engine.build import BuildSettings, build_engine, cache_key, flavour_version
from edge_agent.engine.cache import EngineCache
from edge_agent.engine.config import EngineConfig
from edge_agent.engine.cuda import Buffers, Cuda, contiguous, gpu_identity
from edge_agent.errors import EngineError, EngineMissingError, EngineUnfitError
from kits.core.runtime import Array, Session, TensorSpec
from kits.core.tensorrt import listener

_UNFIT = re.compile(r"Error Code [0-9]+: Serialization|engine plan file")
"""TensorRT's words about an engine of another version, GPU or platform, from 8.6 to 11."""
_REASON_CHARS = 300
Opener = Callable[[bytes, str], Session]
"""Engine and flavour → session; the part that needs the GPU."""


class TensorRtSession:
    """A `Session` for one engine; one call at a time, others wait.

    A candidate whose last sample in the shadow takes long may be asked by the line before it is through.

    Raises:
        EngineUnfitError: the engine does not fit this GPU or this version of TensorRT.
        EngineError: it cannot be opened now: no device memory, no CUDA runtime, no driver.
    """

    provider = "tensorrt"

    def __init__(self, engine: bytes, flavour: str = "tensorrt") -> None:
        trt: Any = importlib.import_module(flavour)
        self._trt = trt
        self._logger, errors = listener(trt)
        self._runtime = trt.Runtime(self._logger)
        self._engine = self._runtime.deserialize_cuda_engine(engine)
        if self._engine is None:
            raise _not_opened(errors)
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise EngineError(f"not enough device memory for the engine: {' '.join(errors[-1:])}")
        self._cuda = Cuda()
        self._buffers = Buffers(self._cuda)
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        mode = trt.TensorIOMode.INPUT
        self._inputs = [n for n in names if self._engine.get_tensor_mode(n) == mode]
        self._outputs = [n for n in names if n not in self._inputs]
        self._busy = threading.Lock()

    def inputs(self) -> tuple[TensorSpec, ...]:
        return tuple(
            TensorSpec(
                name,
                tuple(d if d >= 0 else None for d in self._engine.get_tensor_shape(name)),
                self._dtype(name).name,
            )
            for name in self._inputs
        )

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        with self._busy:
            return self._computed(feeds)

    def _computed(self, feeds: Mapping[str, Array]) -> list[Array]:
        for name in self._inputs:
            array = contiguous(feeds[name], self._dtype(name))
            if not self._context.set_input_shape(name, array.shape):
                raise EngineError(f"input {name} cannot have the shape {array.shape}")
            self._cuda.upload(self._buffer(name, array.nbytes), array)
        results = [self._result(name) for name in self._outputs]
        places = [self._buffer(name, a.nbytes) for name, a in zip(self._outputs, results)]
        if not self._context.execute_async_v3(self._cuda.stream):
            raise EngineError("TensorRT refused to execute")
        for place, array in zip(places, results):
            self._cuda.download(array, place)
        self._cuda.wait()
        return results

    def _result(self, name: str) -> Array:
        shape = tuple(self._context.get_tensor_shape(name))
        if any(d < 0 for d in shape):
            raise EngineError(f"output {name} has no fixed shape", fix="kit compile")
        return np.empty(shape, self._dtype(name))

    def _dtype(self, name: str) -> np.dtype[np.generic]:
        dtype: np.dtype[np.generic] = np.dtype(
            self._trt.nptype(self._engine.get_tensor_dtype(name))
        )
        return dtype

    def _buffer(self, name: str, size: int) -> int:
        pointer = self._buffers.at(name, size)
        self._context.set_tensor_address(name, pointer)
        return pointer


def _not_opened(errors: list[str]) -> EngineError:
    """Tells an engine that is of no use from a machine that cannot open it now."""
    for said in errors:
        if _UNFIT.search(said):
            what = f"the engine does not fit this GPU or this version of TensorRT: {said}"
            return EngineUnfitError(what[:_REASON_CHARS])
    said = errors[0] if errors else "TensorRT gives no reason"
    return EngineError(f"the engine cannot be opened: {said}"[:_REASON_CHARS])


class EngineFactory:
    """A `SessionFactory`: sessions on engines from the cache, or newly built.

    Raises EngineError when an engine cannot be built or opened. One whose file is of no use is
    removed and built anew; a build that failed is left alone for a while. An engine that cannot be
    opened for another reason stays: building it took minutes.

    Args:
        kept_only: an engine that is not kept is an EngineMissingError.
        opener: engine and flavour → session; needs the GPU.
    """

    def __init__(
        self,
        cache: EngineCache,
        settings: BuildSettings,
        *,
        kept_only: bool = False,
        opener: Opener = TensorRtSession,
    ) -> None:
        self._cache = cache
        self._settings = settings
        self._kept_only = kept_only
        self._opener = opener
        self._used: list[str] = []

    def __call__(self, model: bytes) -> Session:
        key = cache_key(model, self._settings, flavour_version(self._settings.flavour))
        self._used.append(key)
        try:
            return self._kept(key)
        except EngineMissingError:
            if self._kept_only:
                raise
        return self._built(key, model)

    def distrust(self, why: str) -> bool:
        """The engines given out compute something else than they should: they are removed.

        Returns:
            Whether all of them may be built once more.
        """
        again = [self._cache.distrust(key, why) for key in self._used]
        return all(again)

    def _kept(self, key: str) -> Session:
        engine = self._cache.get(key)
        if engine is None:
            raise EngineMissingError("no engine is kept here")
        try:
            return self._opener(engine, self._settings.flavour)
        except EngineUnfitError as error:
            self._cache.forget(key)
            raise EngineMissingError(f"the kept engine is of no use: {error.what}") from error

    def _built(self, key: str, model: bytes) -> Session:
        if reason := self._cache.recent_failure(key):
            raise EngineError(f"not built again so soon: {reason}")
        try:
            engine = build_engine(model, self._settings)
        except EngineError as error:
            self._cache.failed(key, error.what)
            raise
        self._cache.put(key, engine)
        try:
            return self._opener(engine, self._settings.flavour)
        except EngineUnfitError as error:
            self._cache.forget(key)
            self._cache.failed(key, error.what)
            raise


def tensorrt_factory(
    cache_dir: Path, config: EngineConfig, *, kept_only: bool = False
) -> EngineFactory:
    """Engines for this GPU.

    Raises:
        EngineError: the driver does not answer.
    """
    settings = BuildSettings(
        workspace_bytes=config.workspace_bytes,
        timeout_s=config.build_timeout_s,
        memory_bytes=config.build_memory_bytes,
        gpu=gpu_identity(),
    )
    cache = EngineCache(cache_dir, limit_bytes=config.cache_bytes, retry_s=config.build_retry_s)
    return EngineFactory(cache, settings, kept_only=kept_only)
