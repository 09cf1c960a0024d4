"""Arrays as files of a bundle: numpy's own format, never pickle, with types and sizes checked before use.

Reading copies nothing: arrays lie in the bundle's bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import BundleError

MAX_CLASSES = 5_000
_TYPES = frozenset({"float32", "float16", "uint64"})


def to_bytes(array: NDArray[np.generic]) -> bytes:
    """The array in numpy's format, little-endian, rows first."""
    buffer = io.BytesIO()
    kept = np.ascontiguousarray(array)
    np.lib.format.write_array(buffer, kept.astype(kept.dtype.newbyteorder("<")), allow_pickle=False)
    return buffer.getvalue()


def from_files(
    files: Mapping[str, bytes], path: str, shape: tuple[int | None, ...], dtype: str
) -> NDArray[np.generic]:
    """An array out of a bundle's files.

    Args:
        shape: expected sizes; None: any.

    Raises:
        BundleError: absent, damaged, or of another type or shape.
    """
    content = files.get(path)
    if content is None:
        raise BundleError(f"the bundle lacks {path}", fix="kit train")
    try:
        array = _read(content)
    except (ValueError, EOFError) as error:
        raise BundleError(f"{path} is no array: {error}", fix="kit train") from error
    fits = len(array.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if array.dtype.name != dtype or not fits:
        raise BundleError(
            f"{path} is {array.dtype.name} {array.shape}, not {dtype} {shape}", fix="kit train"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise BundleError(f"{path} holds what is no number", fix="kit train")
    return array


def floats(
    files: Mapping[str, bytes], path: str, shape: tuple[int | None, ...]
) -> NDArray[np.float32]:
    """As `from_files` for single precision."""
    return from_files(files, path, shape, "float32").astype(np.float32, copy=False)


def halves(
    files: Mapping[str, bytes], path: str, shape: tuple[int | None, ...]
) -> NDArray[np.float16]:
    """As `from_files` for half precision."""
    return from_files(files, path, shape, "float16").astype(np.float16, copy=False)


def hashes(files: Mapping[str, bytes], path: str) -> NDArray[np.uint64]:
    """As `from_files` for a row of 64-bit numbers."""
    return from_files(files, path, (None,), "uint64").astype(np.uint64, copy=False)


def _read(content: bytes) -> NDArray[np.generic]:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"version {version} of the format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if fortran or dtype.name not in _TYPES:
        raise ValueError(f"type {dtype.name}")
    count = int(np.prod(shape, dtype=np.int64))
    if min(shape, default=0) < 0 or count * dtype.itemsize != len(content) - stream.tell():
        raise ValueError("size and content do not fit")
    return np.frombuffer(content, dtype, count, stream.tell()).reshape(shape)
