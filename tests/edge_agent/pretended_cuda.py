"""CUDA's libraries as far as the agent calls them, without a GPU: counts what is taken and given back."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from edge_agent.engine.cuda import Buffers, Cuda
from edge_agent.engine.session import session_factory
from kits.core.runtime import Array, Session, TensorSpec


@dataclass
class PretendedGpu:
    """One GPU. `runtime` stands for libcudart, `driver` for libcuda."""

    room: int = 1 << 30
    multiprocessors: int = 8
    cudart: int = 12060
    held: dict[int, int] = field(default_factory=dict)
    streams: set[int] = field(default_factory=set)
    next_address: int = 0x1000

    @property
    def runtime(self) -> Any:
        return SimpleNamespace(
            cudaGetErrorString=lambda code: b"out of memory" if code == 2 else b"unknown",
            cudaStreamCreate=self._create_stream,
            cudaStreamDestroy=self._destroy_stream,
            cudaMalloc=self._allocate,
            cudaFree=self._free,
            cudaRuntimeGetVersion=lambda version: _write(version, self.cudart),
        )

    @property
    def driver(self) -> Any:
        attributes = {16: self.multiprocessors, 75: 8, 76: 7}
        return SimpleNamespace(
            cuInit=lambda _flags: 0,
            cuDeviceGet=lambda device, _number: _write(device, 0),
            cuDeviceGetName=_name,
            cuDeviceGetAttribute=lambda value, number, _device: _write(value, attributes[number]),
            cuDriverGetVersion=lambda version: _write(version, 12020),
        )

    def _create_stream(self, stream: Any) -> int:
        self.next_address += 1
        self.streams.add(self.next_address)
        return _write(stream, self.next_address)

    def _destroy_stream(self, stream: ctypes.c_void_p) -> int:
        self.streams.remove(stream.value or 0)
        return 0

    def _allocate(self, pointer: Any, size: ctypes.c_size_t) -> int:
        if sum(self.held.values()) + size.value > self.room:
            return 2
        self.next_address += 0x1000
        self.held[self.next_address] = size.value
        return _write(pointer, self.next_address)

    def _free(self, pointer: ctypes.c_void_p) -> int:
        del self.held[pointer.value or 0]
        return 0


def _write(place: Any, value: int) -> int:
    place._obj.value = value
    return 0


def _name(text: Any, _size: int, _device: object) -> int:
    text.value = b"Orin"
    return 0


class GpuSession:
    """A session that computes on the CPU, and holds memory of a GPU for it."""

    provider = "tensorrt"

    def __init__(self, gpu: PretendedGpu, model: bytes) -> None:
        self._session = session_factory("cpu", 1)(model)
        self._buffers = Buffers(Cuda(gpu.runtime))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return self._session.inputs()

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        for name, array in feeds.items():
            self._buffers.at(name, array.nbytes)
        return self._session.run(feeds)


def on(gpu: PretendedGpu) -> Any:
    """A session factory."""

    def make(model: bytes) -> Session:
        return GpuSession(gpu, model)

    return make
