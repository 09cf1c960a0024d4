"""File systems so small that a test can fill them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MakeDisk = Callable[[int], Path]
"""Makes a file system of so many MiB, which is gone after the test."""


@contextmanager
def small_disk(size_mib: int) -> Iterator[Path]:
    """Skips the test where mounting needs rights we do not have.

    Not below `tmp_path`: what a killed run leaves mounted there cannot be cleared up, and later runs would fail at it.
    """
    folder = Path(tempfile.mkdtemp(prefix="kitwright-small-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(folder)]
    try:
        if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small file system needs root")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()


def fill(folder: Path, name: str = "filler") -> Path:
    """Takes all the room that is left, and what was given back since the last time."""
    filler = folder / name
    with filler.open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler
