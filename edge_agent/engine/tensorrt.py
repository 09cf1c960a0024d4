"""Sessions on TensorRT: an engine of `build.py`, executed with `execute_async_v3`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.config import EngineConfig
from edge_agent.engine.build import BuildSettings, build_engine, cache_key, flavour_version
from edge_agent.engine.cache import EngineCache
from edge_agent.engine.cuda import Cuda, contiguous, gpu_identity
from edge_agent.errors import EngineError, EngineMissingError
from kits.core.runtime import Array, Session, SessionFactory, TensorSpec

Opener = Callable[[bytes, str], Session]
"""Engine and flavour → session; the part that needs the GPU."""


class TensorRtSession:
    """A `Session` for one engine; not for several threads at once.

    Raises:
        EngineError: the engine does not fit this GPU or this version of TensorRT.
    """

    provider = "tensorrt"

    def __init__(self, engine: bytes, flavour: str = "tensorrt") -> None:
        trt: Any = importlib.import_module(flavour)
        self._trt = trt
        self._runtime = trt.Runtime(trt.Logger(trt.Logger.WARNING))
        self._engine = self._runtime.deserialize_cuda_engine(engine)
        if self._engine is None:
            raise EngineError("the engine does not fit this GPU or this version of TensorRT")
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise EngineError("not enough device memory for the engine")
        self._cuda = Cuda()
        self._buffers: dict[str, tuple[int, int]] = {}
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        mode = trt.TensorIOMode.INPUT
        self._inputs = [n for n in names if self._engine.get_tensor_mode(n) == mode]
        self._outputs = [n for n in names if n not in self._inputs]

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
        for name in self._inputs:
            array = contiguous(feeds[name], self._dtype(name))
            if not self._context.set_input_shape(name, array.shape):
                raise EngineError(f"input {name} cannot have the shape {array.shape}")
            self._cuda.upload(self._buffer(name, array.nbytes), array)
        results = [self._result(name) for name in self._outputs]
        for name, array in zip(self._outputs, results):
            self._buffer(name, array.nbytes)
        if not self._context.execute_async_v3(self._cuda.stream):
            raise EngineError("TensorRT refused to execute")
        for name, array in zip(self._outputs, results):
            self._cuda.download(array, self._buffers[name][0])
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
        pointer, room = self._buffers.get(name, (0, 0))
        if room < size:
            if pointer:
                self._cuda.free(pointer)
            pointer = self._cuda.allocate(size)
            self._buffers[name] = (pointer, size)
        self._context.set_tensor_address(name, pointer)
        return pointer


def tensorrt_factory(
    cache_dir: Path, config: EngineConfig, *, kept_only: bool = False
) -> SessionFactory:
    """Engines for this GPU, built where needed, kept and opened.

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
    return engine_factory(cache, settings, kept_only=kept_only)


def engine_factory(
    cache: EngineCache,
    settings: BuildSettings,
    *,
    kept_only: bool = False,
    opener: Opener = TensorRtSession,
) -> SessionFactory:
    """Sessions on engines from the cache, or newly built.

    Args:
        kept_only: an engine that is not kept is an EngineMissingError.
        opener: engine and flavour → session; needs the GPU.

    The factory raises EngineError when an engine cannot be built or opened. An engine that is
    damaged or foreign is removed and built anew; a build that failed is left alone for a while.
    """

    def make(model: bytes) -> Session:
        key = cache_key(model, settings, flavour_version(settings.flavour))
        try:
            return _kept(cache, key, settings, opener)
        except EngineMissingError:
            if kept_only:
                raise
        engine = _build(cache, key, model, settings)
        try:
            session = opener(engine, settings.flavour)
        except EngineError as error:
            cache.failed(key, error.what)
            raise
        cache.put(key, engine)
        return session

    return make


def _kept(cache: EngineCache, key: str, settings: BuildSettings, opener: Opener) -> Session:
    engine = cache.get(key)
    if engine is None:
        raise EngineMissingError("no engine is kept here")
    try:
        return opener(engine, settings.flavour)
    except EngineError as error:
        cache.forget(key)
        raise EngineMissingError(f"the kept engine is of no use: {error.what}") from error


def _build(cache: EngineCache, key: str, model: bytes, settings: BuildSettings) -> bytes:
    if reason := cache.recent_failure(key):
        raise EngineError(f"not built again so soon: {reason}")
    try:
        return build_engine(model, settings)
    except EngineError as error:
        cache.failed(key, error.what)
        raise
