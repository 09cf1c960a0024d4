"""The few calls of CUDA that a TensorRT session needs, through ctypes; and what GPU this is.

Saves a dependency of hundreds of megabytes on a device that has `libcudart` from JetPack already.
Whatever a session takes of the GPU it gives back here.
"""

from __future__ import annotations

import ctypes
import re
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge_agent.errors import EngineError
from edge_agent.log import warn
from kits.core.runtime import Array

_NAMES = ("libcudart.so", "libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0")
_MULTIPROCESSORS: Final = 16
_CAPABILITY_MAJOR: Final = 75
_CAPABILITY_MINOR: Final = 76
_HOST_TO_DEVICE: Final = 1
_DEVICE_TO_HOST: Final = 2
_DRIVER = re.compile(r"Kernel Module(?: for \S+)?\s+([0-9][0-9.]*)")


class Cuda:
    """Copies and one stream; not for several threads at once.

    Args:
        library: the CUDA runtime; None: this machine's.

    Raises:
        EngineError: there is none, or the driver does not answer.
    """

    def __init__(self, library: Any = None) -> None:
        self._lib = library or _load_runtime()
        self._lib.cudaGetErrorString.restype = ctypes.c_char_p
        stream = ctypes.c_void_p()
        self._call("cudaStreamCreate", ctypes.byref(stream))
        self.stream = stream.value or 0

    def _call(self, name: str, *arguments: object) -> None:
        code = getattr(self._lib, name)(*arguments)
        if code != 0:
            text = self._lib.cudaGetErrorString(code)
            raise EngineError(f"{name}: {text.decode() if text else code}")

    def close(self) -> None:
        """Gives the stream back."""
        self._call("cudaStreamDestroy", ctypes.c_void_p(self.stream))

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


class Buffers:
    """Device memory by name, as long as somebody holds this object.

    The line drops a session between two samples, and only the last reference knows when the sample
    that was under way is through. So memory and stream go back with that reference, in its thread.
    """

    def __init__(self, cuda: Cuda) -> None:
        self._cuda = cuda
        self._held: dict[str, tuple[int, int]] = {}
        weakref.finalize(self, _give_back, cuda, self._held).atexit = False

    def at(self, name: str, size: int) -> int:
        """The address of at least `size` bytes; what was there may be lost."""
        pointer, room = self._held.get(name, (0, 0))
        if room < size:
            if pointer:
                del self._held[name]
                self._cuda.free(pointer)
            pointer = self._cuda.allocate(size)
            self._held[name] = (pointer, size)
        return pointer


def _give_back(cuda: Cuda, held: dict[str, tuple[int, int]]) -> None:
    try:
        for pointer, _size in held.values():
            cuda.free(pointer)
        cuda.close()
    except EngineError as error:  # a GPU that was reset has nothing left to take back
        warn("device_memory_not_freed", error=error.what)


def _load_runtime() -> ctypes.CDLL:
    for name in _NAMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise EngineError("no CUDA runtime (libcudart) on this machine", fix="install JetPack or CUDA")


def gpu_identity(*, driver: Any = None, runtime: Any = None, root: Path = Path("/")) -> str:
    """All of this machine that an engine depends on, besides TensorRT's version.

    GPU with its compute capability and number of multiprocessors, the kernel's driver, the CUDA
    level it offers, the CUDA runtime, the Jetson release.

    Args:
        driver, runtime: the CUDA libraries; None: this machine's.
        root: of the file system.

    Raises:
        EngineError: the driver does not answer, or there is no CUDA runtime.
    """
    driver, runtime = driver or _load_driver(), runtime or _load_runtime()
    device = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(device), 0):
        raise EngineError("the NVIDIA driver does not answer")
    name = ctypes.create_string_buffer(100)
    driver.cuDeviceGetName(name, 100, device)

    def attribute(number: int) -> int:
        return _number(driver.cuDeviceGetAttribute, number, device)

    major, minor = attribute(_CAPABILITY_MAJOR), attribute(_CAPABILITY_MINOR)
    parts = (
        f"{name.value.decode(errors='replace')} sm{major}{minor} x{attribute(_MULTIPROCESSORS)}",
        f"driver {kernel_driver(root) or 'unknown'}",
        f"cuda {_number(driver.cuDriverGetVersion)}",
        f"cudart {_number(runtime.cudaRuntimeGetVersion)}",
        _first_line(root / "etc" / "nv_tegra_release"),
    )
    return " ".join(part for part in parts if part)


def _number(call: Any, *arguments: object) -> int:
    value = ctypes.c_int()
    call(ctypes.byref(value), *arguments)
    return value.value


def kernel_driver(root: Path = Path("/")) -> str:
    """The version of NVIDIA's driver itself: an update of it may change what an engine computes.

    (`cuDriverGetVersion` is the CUDA level, which stays the same over many drivers.) Empty when
    nothing tells.
    """
    version = _first_line(root / "sys" / "module" / "nvidia" / "version")
    told = _DRIVER.search(_first_line(root / "proc" / "driver" / "nvidia" / "version"))
    return version or (told[1] if told else "") or _management_version()


def _management_version() -> str:
    """From NVIDIA's management library, where the kernel shows no module (WSL)."""
    text = ctypes.create_string_buffer(80)
    with suppress(OSError):
        library = ctypes.CDLL("libnvidia-ml.so.1")
        if library.nvmlInit_v2() == 0:
            library.nvmlSystemGetDriverVersion(text, len(text))
            library.nvmlShutdown()
    return text.value.decode(errors="replace")


def _first_line(path: Path) -> str:
    try:
        return path.read_text().partition("\n")[0].strip()
    except OSError:
        return ""


def _load_driver() -> ctypes.CDLL:
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise EngineError(f"no NVIDIA driver: {error}") from error


def contiguous(array: Array, dtype: np.dtype[np.generic]) -> Array:
    """The array as the device wants it."""
    return np.ascontiguousarray(array, dtype=dtype)
