"""Which picture a labels file means: tools write paths of their own machine, addresses, names with a prefix, or no ending."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote

from kits.visual_inspection._reading.files import SUFFIXES

_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")
"""What Label Studio puts in front of the name of a file that is uploaded."""
_LOCAL = re.compile(r"^.*[?&]d=")
"""What it puts in front of the path of a file on its own machine."""


def parts_of(written: str) -> tuple[str, ...]:
    """The folders and the name in a path or an address, in lower case."""
    path = written.strip()
    if "?" in path:
        path = _LOCAL.sub("", path) if _LOCAL.match(path) else path.partition("?")[0]
        path = unquote(path)
    elif "://" in path:
        path = unquote(path)
    parts = path.replace("\\", "/").lower().split("/")
    return tuple(part for part in parts if part not in ("", ".", ".."))


class PictureIndex:
    """Pictures below a folder, found by what a labels file calls them.

    Args:
        files: all below `root`.
    """

    def __init__(self, root: Path, files: Iterable[Path]) -> None:
        self._root = root
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for file in files:
            self._by_name[file.name.lower()].append(file)
            self._by_stem[file.stem.lower()].append(file)

    def find(self, written: str, base: Path | None = None) -> Path | None:
        """The picture that is meant: of those with the name the one whose folders agree best; None where two do, or none.

        Args:
            written: a path, an address, a name, or a name without its ending.
            base: the folder of the labels file: of two that agree alike, the one below it is meant.
        """
        found = self.ranked(written, base)
        return found[0] if found else None

    def ranked(self, written: str, base: Path | None = None) -> tuple[Path, int] | None:
        """As `find`, with how many of the written folders agree."""
        parts = parts_of(written)
        candidates = self._named(parts[-1]) if parts else ()
        ranked = sorted(
            ((self._agree(file, parts, base), str(file), file) for file in candidates), reverse=True
        )
        if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
            return None
        return ranked[0][2], ranked[0][0][0]

    def _named(self, name: str) -> Sequence[Path]:
        given = unquote(name)
        for one in dict.fromkeys((name, given, _UPLOADED.sub("", name), _UPLOADED.sub("", given))):
            other = Path(one).stem if Path(one).suffix in SUFFIXES else ""
            found = self._by_name.get(one) or self._by_stem.get(one) or self._by_stem.get(other)
            if found:
                return found
        return ()

    def _agree(self, file: Path, parts: tuple[str, ...], base: Path | None) -> tuple[int, int]:
        own = tuple(part.lower() for part in file.relative_to(self._root).parts)
        shared = 0
        while shared < min(len(own), len(parts)) - 1 and own[-2 - shared] == parts[-2 - shared]:
            shared += 1
        depth = len(base.parts) if base is not None and file.is_relative_to(base) else 0
        return shared, depth


class Beside:
    """Files that lie beside pictures, or in a folder of their own, and are called as these: `0001.json`, `0001.jpg.json`."""

    def __init__(self, root: Path, suffix: str, pictures: Iterable[Path] = ()) -> None:
        """Indexes the files below a folder.

        Args:
            pictures: all; of several that have one file by their name it is that of the one that shares most folders with it.
        """
        self.root = root
        self._alike: dict[str, list[Path]] = defaultdict(list)
        for picture in pictures:
            self._alike[picture.stem.lower()].append(picture)
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for file in sorted(root.rglob(f"*{suffix}")):
            hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
            if file.is_file() and not hidden:
                self._by_name[file.stem.lower()].append(file)

    def of(self, picture: Path) -> Path | None:
        """The file of a picture; of several the one that shares most folders with it."""
        found = self._by_name.get(picture.name.lower()) or self._by_name.get(picture.stem.lower())
        if not found:
            return None
        best = max(found, key=lambda file: self._shared(picture, file))
        own = self._shared(picture, best)
        others = self._alike.get(picture.stem.lower(), ())
        return best if all(self._shared(other, best) <= own for other in others) else None

    def _shared(self, picture: Path, file: Path) -> int:
        own, its = (set(one.relative_to(self.root).parts[:-1]) for one in (picture, file))
        return len(own & its)

    def files(self) -> list[Path]:
        """All of them, sorted."""
        return sorted(file for files in self._by_name.values() for file in files)
