"""The six calls of the CUDA runtime that a TensorRT session needs, through ctypes.

Saves a dependency of hundreds of megabytes on a device that has `libcudart` from JetPack already.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Final

import numpy as np

from edge_agent.errors import EngineError
from kits.core.runtime import Array

_NAMES = ("libcudart.so", "libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0")
_CAPABILITY_MAJOR: Final = 75
_CAPABILITY_MINOR: Final = 76
_HOST_TO_DEVICE: Final = 1
_DEVICE_TO_HOST: Final = 2


class Cuda:
    """Device memory, copies and one stream."""

    def __init__(self) -> None:
        self._lib = _load()
        self._lib.cudaGetErrorString.restype = ctypes.c_char_p
        stream = ctypes.c_void_p()
        self._call("cudaStreamCreate", ctypes.byref(stream))
        self.stream = stream.value or 0

    def _call(self, name: str, *arguments: object) -> None:
        code = getattr(self._lib, name)(*arguments)
        if code != 0:
            text = self._lib.cudaGetErrorString(code)
            raise EngineError(f"{name}: {text.decode() if text else code}")

    def allocate(self, size: int) -> int:
        """Device memory of `size` bytes; returns its address."""
        pointer = ctypes.c_void_p()
        self._call("cudaMalloc", ctypes.byref(pointer), ctypes.c_size_t(size))
        return pointer.value or 0

    def free(self, pointer: int) -> None:
        """Gives device memory back."""
        self._call("cudaFree", ctypes.c_void_p(pointer))

    def upload(self, pointer: int, array: Array) -> None:
        """Copies a contiguous array to the device, in the stream."""
        self._copy(pointer, array.ctypes.data, array.nbytes, _HOST_TO_DEVICE)

    def download(self, array: Array, pointer: int) -> None:
        """Copies from the device into a contiguous array, in the stream."""
        self._copy(array.ctypes.data, pointer, array.nbytes, _DEVICE_TO_HOST)

    def _copy(self, target: int, source: int, size: int, kind: int) -> None:
        self._call(
            "cudaMemcpyAsync",
            ctypes.c_void_p(target),
            ctypes.c_void_p(source),
            ctypes.c_size_t(size),
            ctypes.c_int(kind),
            ctypes.c_void_p(self.stream),
        )

    def wait(self) -> None:
        """Until everything in the stream is done."""
        self._call("cudaStreamSynchronize", ctypes.c_void_p(self.stream))


def _load() -> ctypes.CDLL:
    for name in _NAMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise EngineError("no CUDA runtime (libcudart) on this machine", fix="install JetPack or CUDA")


def gpu_identity() -> str:
    """GPU, compute capability, driver and Jetson release; part of an engine's identity.

    Raises:
        EngineError: the driver does not answer.
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise EngineError(f"no NVIDIA driver: {error}") from error
    device = ctypes.c_int()
    name = ctypes.create_string_buffer(100)
    major, minor, version = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(device), 0):
        raise EngineError("the NVIDIA driver does not answer")
    driver.cuDeviceGetName(name, 100, device)
    driver.cuDeviceGetAttribute(ctypes.byref(major), _CAPABILITY_MAJOR, device)
    driver.cuDeviceGetAttribute(ctypes.byref(minor), _CAPABILITY_MINOR, device)
    driver.cuDriverGetVersion(ctypes.byref(version))
    release = Path("/etc/nv_tegra_release")
    jetson = release.read_text().splitlines()[0] if release.is_file() else ""
    gpu = f"{name.value.decode()} sm{major.value}{minor.value}"
    return f"{gpu} driver {version.value} {jetson}".strip()


def contiguous(array: Array, dtype: np.dtype[np.generic]) -> Array:
    """The array as the device wants it."""
    return np.ascontiguousarray(array, dtype=dtype)
