"""Files that survive a power cut: written whole or not at all, with the folder that names them.

The one place that knows the order (temporary file, fsync, rename, fsync of the folder) and that makes
private files private before a byte is in them. What is written is its callers' business.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP)
_TORN_S = 3600


def write_atomically(
    target: Path, content: bytes, *, private: bool = False, new: bool = False
) -> None:
    """Writes a file so that after a power cut it is either old or new, never half.

    The folder is created when missing.

    Args:
        private: only its owner may read it (0600), from its first byte on; a folder made for it is as private.
        new: it must not be there yet; of several writers one succeeds.

    Raises:
        FileExistsError: it is there, and `new` was said.
        OSError: disk full, no permission, with the file's name; what was there before is as it was.
    """
    make_folder(target.parent, 0o700 if private else 0o777)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    mode = 0o600 if private else 0o666  # as open() does: less what the umask forbids
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with naming(target):
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if new:
                _name_once(temporary, target)
            else:
                temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)  # a full disk must not keep the torn beginning
        raise
    sync(target.parent)


@contextmanager
def naming(target: Path) -> Iterator[None]:
    """Has an OSError that names no file, as that of a full disk, name this one: else nobody could say which."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(target)
        raise


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Makes a folder with its parents; a power cut afterwards does not take them away again.

    Args:
        mode: of the folder itself when it is made now, less what the umask forbids.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for path in missing:
        sync(path.parent)


def sync(path: Path) -> None:
    """Makes the bytes of a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep_torn(folder: Path) -> int:
    """Removes what writers left that were killed half-way long ago; how many files that were.

    Younger ones stay: another program may be writing here.
    """
    swept = 0
    for file in folder.glob(".*.tmp"):
        try:
            if time.time() - file.stat().st_mtime > _TORN_S:
                file.unlink()
                swept += 1
        except OSError:
            continue  # its writer has just finished, or the disk lets nothing go
    return swept


def _name_once(temporary: Path, target: Path) -> None:
    """As a rename that replaces nothing."""
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # a file system without links (a USB stick): two writers at once are not told apart
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        temporary.replace(target)
        return
    temporary.unlink()
