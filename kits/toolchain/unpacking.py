"""A zip of the user's data → the folder that it holds, for as long as it is read.

Data sets, labelling tools and large exports come so. Nothing is written beside it, and no more than the disk takes.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from kits.core.errors import DataError, KitwrightError, MachineError

MAX_FILES = 1_000_000
_FREE_AFTERWARDS = 512 << 20
"""Bytes of the disk that stay free."""
_ENCRYPTED, _IN_UTF8 = 0x1, 0x800
_SIDE_FILES = "__MACOSX/"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SETTINGS = frozenset({".yaml", ".yml", ".jsonl"})
BY_HAND = "unpack it, and name the folder"


def is_zip(path: Path) -> bool:
    """Whether a file is one by its name."""
    return path.suffix.lower() == ".zip" and path.is_file()


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder that a zip holds, gone afterwards; all else as it is.

    Raises:
        DataError: damaged, protected by a password, or with names that lie outside of it.
        MachineError: the disk has no room for it.
    """
    if not is_zip(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="kitwright-") as scratch:
        try:
            _unpack(path, Path(scratch))
            yield _inside(Path(scratch), path.stem)
        except KitwrightError as error:
            error.where = error.where.replace(scratch, str(path)) or str(path)
            error.what = error.what.replace(scratch, str(path))
            raise


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, path)
            _require_room(sum(one.file_size for one in members.values()), folder, path)
            for name, member in members.items():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        what = "one of its files is in the way of a folder"
        raise DataError(what, where=str(path), fix=BY_HAND) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise DataError(f"a damaged zip: {error}", where=str(path), fix=BY_HAND) from error


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Its files by their names, without what macOS puts beside them."""
    files = [one for one in archive.infolist() if not one.is_dir()]
    if len(files) > MAX_FILES:
        raise DataError(f"a zip of more than {MAX_FILES} files", where=str(path), fix=BY_HAND)
    if sum(one.compress_size for one in files) > path.stat().st_size:
        raise zipfile.BadZipFile("its files lie within each other")
    named = [(_name_of(one), one) for one in files]
    named = [(name, one) for name, one in named if not name.startswith(_SIDE_FILES)]
    for name, member in named:
        fault = _fault_of(name, member)
        if fault:
            raise DataError(f"{name!r} {fault}", where=str(path), fix=BY_HAND)
    twice = [name for name, count in Counter(name for name, _ in named).items() if count > 1]
    if twice:
        raise DataError(f"{twice[0]!r} is in it twice", where=str(path), fix=BY_HAND)
    return dict(named)


def _name_of(member: zipfile.ZipInfo) -> str:
    """macOS writes UTF-8 and does not say so."""
    name = member.filename
    if not member.flag_bits & _IN_UTF8 and not name.isascii():
        try:
            return name.encode("cp437").decode("utf-8")
        except UnicodeError:
            return name
    return name


def _fault_of(name: str, member: zipfile.ZipInfo) -> str:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0]:
        return "lies outside of the zip"
    if member.flag_bits & _ENCRYPTED:
        return "is protected by a password"
    return "" if member.compress_type in _METHODS else "is compressed in a way that is not read"


def _require_room(size: int, folder: Path, path: Path) -> None:
    free = shutil.disk_usage(folder).free
    if size + _FREE_AFTERWARDS > free:
        raise MachineError(
            f"unpacked it has {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free in {folder.parent}",
            where=str(path),
            fix="unpack it where there is room, and name the folder; or set TMPDIR to a folder there",
        )


def _inside(folder: Path, name: str) -> Path:
    """The folder, or the one in it that whoever packed it meant: of the zip's own name, or with settings in it.

    Another one's name may be a label: a zip with the folder `scratch` alone holds pictures of scratches.
    """
    found = list(folder.iterdir())
    if len(found) != 1 or not found[0].is_dir():
        return folder
    settings = any(file.suffix in _SETTINGS for file in found[0].iterdir())
    return found[0] if settings or found[0].name.lower() == name.lower() else folder
