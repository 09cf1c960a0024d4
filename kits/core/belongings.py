"""Files of a project that its configuration names, taken along in a bundle: where it is retrained, they are there.

One archive, stored and not packed, so that nothing grows beyond the bundle that was checked; names are relative and
stay inside the folder they are unpacked to. What the files mean is for the kit.

They are unpacked where commands run next, from bundles that nobody has signed yet: so only what is read as text or as a
document travels. A `.git` would tell git what to start, weights of a model may be a pickle.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from kits.core.bundle import lies_within_itself
from kits.core.errors import BundleError, ConfigError, DataError
from kits.core.files import write_atomically

NAME = "project.zip"
"""Path in a bundle."""
ENDINGS = frozenset({
    ".csv", ".htm", ".html", ".json", ".jsonl", ".markdown", ".md", ".pdf", ".tab", ".tsv", ".txt", ".yaml", ".yml",
})  # fmt: skip
"""Of files that travel."""
MAX_FILES = 5000
MAX_BYTES = 100 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack_belongings(root: Path, named: Iterable[Path]) -> bytes:
    """The named files, and those in the named folders, that lie in `root` and may travel; others cannot be taken along.

    The same files give the same bytes.

    Raises:
        DataError: too many, too large, or a file that is named itself and may not travel.
    """
    inside = root.resolve()
    found: set[Path] = set()
    for path in named:
        below = path.rglob("*") if path.is_dir() else (path,)
        real = {p.resolve() for p in below if p.is_file() and p.resolve().is_relative_to(inside)}
        fine = {p for p in real if _may_travel(PurePosixPath(p.relative_to(inside)))}
        if real and not fine and not path.is_dir():
            raise DataError(
                f"a bundle takes along no {path.suffix or 'such'} file",
                where=str(path),
                fix=f"save it as one of {', '.join(sorted(ENDINGS))}, outside hidden folders",
            )
        found |= fine
    if len(found) > MAX_FILES or sum(path.stat().st_size for path in found) > MAX_BYTES:
        raise DataError(
            f"more than {MAX_FILES} files or {MAX_BYTES >> 20} MiB are named by the configuration",
            where=str(root),
            fix="name a folder that holds nothing else",
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(found):
            name = path.relative_to(inside).as_posix()
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), path.read_bytes())
    return buffer.getvalue()


def unpack_belongings(content: bytes, root: Path) -> int:
    """Writes what `pack_belongings` took along below `root`; how many files that were.

    Raises:
        BundleError: no such archive, too much in it, or a name that leads out of the folder, is there already or may not travel.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise BundleError("the project's files in this bundle are packed", where=NAME)
            if len(entries) > MAX_FILES or lies_within_itself(
                archive, min(len(content), MAX_BYTES)
            ):
                raise BundleError("the project's files in this bundle are too many", where=NAME)
            files = {entry.filename: archive.read(entry) for entry in entries}
    except zipfile.BadZipFile as error:
        raise BundleError("the project's files in this bundle are damaged", where=NAME) from error
    for name in files:
        path = PurePosixPath(name)
        if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
            raise BundleError(f"{name!r} leads out of the project", where=NAME)
        if not _may_travel(path):
            raise BundleError(f"{name!r} is no file that a bundle may take along", where=NAME)
        if (root / path).exists():
            raise BundleError(f"{name!r} would take the place of the project's own", where=NAME)
    for name, bytes_ in files.items():
        write_atomically(root / PurePosixPath(name), bytes_)
    return len(files)


def refuse_strays(named: Mapping[str, str], root: Path) -> None:
    """Where others say what a project is called to read: nothing outside of its folder.

    Args:
        named: key → file or folder, as `NamesFiles.named` tells them.

    Raises:
        ConfigError: one leads out of `root`.
    """
    inside = root.resolve()
    for key, name in named.items():
        if not (root / Path(name).expanduser()).resolve().is_relative_to(inside):
            raise ConfigError(
                f"{name!r} lies outside of the project",
                where=f"model.{key}",
                fix="name a file or folder below the project's own, then publish again",
            )


def _may_travel(path: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and path.suffix.lower() in ENDINGS
