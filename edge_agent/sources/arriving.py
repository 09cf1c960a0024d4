"""Files that arrive in a folder: which are new, which are whole, and which have been taken.

A file is whole once it ends as its kind of file does; one whose kind has no such end, once it has rested. What was there
before the first look is not new, and neither is one whose times are set after it was taken, as programs that copy do.
Shares of the network tell nobody of what comes, so the folder is looked at again and again.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from edge_agent.log import warn
from edge_agent.process import NO_ROOM
from edge_agent.sources.folder import MEDIA_TYPES
from kits.core.harmless import readable

DECIDED, MISSED = "decided", "missed"
"""Folders below the one that is looked at, for files that need not be looked at any more."""
_MOST_DEEP = 8
_MOST_BYTES = 256 << 20
"""As an import takes of a picture; what is larger cannot be read, which is the safe side's to decide."""
_PNG_END = b"IEND\xaeB`\x82"
_START_OF_SCAN = 0xDA
_TAIL, _BLOCK = 64, 512
_HEADERS = 4096
"""Before the pixels of a picture there may be profiles of so many bytes, the same in each of a camera."""


class Stamp(NamedTuple):
    """What tells a file from another one of the same name."""

    modified_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that is whole.

    Attributes:
        first_seen_mono: monotonic seconds of the look that found it.
        again: it was taken before, and only its times were set since, or more of it has come.
    """

    path: Path
    stamp: Stamp
    media_type: str
    content: bytes
    first_seen_mono: float
    again: bool = False


@dataclass(slots=True)
class _Known:
    """A file that was taken.

    Attributes:
        torn: bytes of one that had not come to its end, and that tell it from another one; 0: nobody can know.
    """

    stamp: Stamp
    digest: bytes = b""
    torn: int = 0

    def note(self, arrived: Arrived) -> None:
        self.digest = _digest(arrived.content)
        whole = ends(arrived.media_type, arrived.content)
        self.torn = 0 if whole or not _is_telling(arrived) else len(arrived.content)

    def is_of(self, content: bytes) -> bool:
        if not self.digest:
            return False
        if 0 < self.torn < len(content) and self.digest == _digest(content[: self.torn]):
            return True
        return self.digest == _digest(content)


@dataclass(slots=True)
class _Coming:
    stamp: Stamp
    first_seen_mono: float
    still_since_mono: float
    was_read: bool = False


class Arriving:
    """Looks at one folder.

    Args:
        settle_s: a file that does not show its end is whole after so long without a change.
        clock: monotonic seconds.

    Attributes:
        before: files that came while nobody looked, by the look that began anew.
        took_s: how long the last look took, without what was read, seconds.
        held_up: why a file could not be read at the last look although it may be sound; it is tried again.
    """

    def __init__(
        self, root: Path, settle_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = root
        self._settle_s = settle_s
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._coming: dict[str, _Coming] = {}
        self._began = False
        self._shut: set[str] = set()
        self._disk: int | None = None
        self._was_mounted = False
        self.before: Mapping[Path, Stamp] = {}
        self.took_s = 0.0
        self.held_up = ""

    def look(self) -> Iterator[Arrived]:
        """Files that have become whole since the last look, the oldest first.

        Raises:
            OSError: the folder cannot be looked at, or a share is mounted there no more.
        """
        now, self.held_up = self._clock(), ""
        self._look_at_disk()
        there = dict(self._there(str(self._root), 0))
        self.took_s = self._clock() - now
        self._known = {name: one for name, one in self._known.items() if name in there}
        fresh = {name: stamp for name, stamp in there.items() if self._is_fresh(name, stamp)}
        if not self._began:
            self.before = {Path(name): fresh[name] for name in sorted(fresh)}
            self._known |= {name: _Known(stamp) for name, stamp in fresh.items()}
            self._began, self._coming = True, {}
            return
        self._coming = {name: self._coming_of(name, stamp, now) for name, stamp in fresh.items()}
        for name in sorted(fresh, key=lambda name: (fresh[name], name)):
            arrived = self._whole(Path(name), self._coming[name], now)
            if arrived is not None:
                del self._coming[name]
                yield arrived
                taken = self._known.get(name)
                if (
                    taken is not None
                ):  # it stays; a large picture takes a while, which no decision waits for
                    taken.note(arrived)

    def _look_at_disk(self) -> None:
        """Behind a folder whose share is not mounted lies an empty one, and behind that all old files once it is again."""
        disk, is_mounted = self._root.stat().st_dev, self._root.is_mount()
        if self._was_mounted and not is_mounted:
            raise OSError(errno.ENOTCONN, "its share is not mounted")
        if self._disk is not None and disk != self._disk:
            self.begin_anew()
        self._disk, self._was_mounted = disk, is_mounted

    def begin_anew(self) -> None:
        """Nobody could look for a while: what came meanwhile is not new."""
        self._began = False

    def forget(self, path: Path) -> None:
        """A file is gone: another one of its name is new."""
        self._known.pop(str(path), None)

    def is_known(self, path: Path) -> bool:
        """Whether a file was taken or passed over, and the last look that succeeded found it."""
        return str(path) in self._known

    def _is_fresh(self, name: str, stamp: Stamp) -> bool:
        known = self._known.get(name)
        return known is None or known.stamp != stamp

    def _coming_of(self, name: str, stamp: Stamp, now: float) -> _Coming:
        before = self._coming.get(name)
        if before is None:
            return _Coming(stamp, now, now)
        return before if before.stamp == stamp else _Coming(stamp, before.first_seen_mono, now)

    def _whole(self, path: Path, coming: _Coming, now: float) -> Arrived | None:
        media_type = MEDIA_TYPES[path.suffix.lower()]
        rested = now - coming.still_since_mono >= self._settle_s
        if not rested and (coming.was_read or not _has_an_end(media_type)):
            return None
        coming.was_read = True
        if coming.stamp.size > _MOST_BYTES and not rested:
            return None
        try:
            content = b"" if coming.stamp.size > _MOST_BYTES else path.read_bytes()
        except OSError as error:
            if error.errno in NO_ROOM:
                coming.was_read, self.held_up = False, error.strerror or str(error)
                return None
            content = (
                b""  # the writer may hold it; when that lasts, it is a part that cannot be read
            )
        if not rested and (not ends(media_type, content) or _is_hollow(path, content)):
            return None
        known = self._known.get(str(path))
        again = known is not None and known.is_of(content)
        self._known[str(path)] = _Known(coming.stamp)
        return Arrived(path, coming.stamp, media_type, content, coming.first_seen_mono, again)

    def _below(self, folder: str, depth: int) -> Iterator[tuple[str, Stamp]]:
        try:
            yield from self._there(folder, depth)
        except (
            PermissionError
        ) as error:  # as `lost+found` of a disk: no reason to see nothing of the rest
            if folder not in self._shut:
                self._shut.add(folder)
                warn("folder_not_listed", folder=readable(folder), error=error.strerror)

    def _there(self, folder: str, depth: int) -> Iterator[tuple[str, Stamp]]:
        """Regular files of known kinds; not of hidden ones, of links, and of what was taken."""
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith((".", "~")):
                    continue
                try:
                    if entry.is_dir(follow_symlinks=False):
                        own = depth == 0 and entry.name in (DECIDED, MISSED)
                        if not own and depth < _MOST_DEEP:
                            yield from self._below(entry.path, depth + 1)
                        continue
                    suffix = os.path.splitext(entry.name)[1]  # noqa: PTH122  of thousands at each look
                    if suffix.lower() in MEDIA_TYPES and entry.is_file(follow_symlinks=False):
                        found = entry.stat(follow_symlinks=False)
                        yield entry.path, Stamp(found.st_mtime_ns, found.st_size)
                except FileNotFoundError:
                    continue  # gone meanwhile


def _is_hollow(path: Path, content: bytes) -> bool:
    """Whether a file has its whole length, and its end is not written yet: copies over SMB reserve the length first.

    What is not written takes no room on the disk. A BMP has no other end than its length.
    """
    if any(content[-_TAIL:]):
        return False
    try:
        found = path.stat()
    except OSError:
        return False  # gone: what was read counts
    return found.st_blocks * _BLOCK < found.st_size


def _is_telling(arrived: Arrived) -> bool:
    """Whether no other picture of the same camera begins like it: there are pixels, and not of one colour alone."""
    content = arrived.content
    if arrived.media_type == "image/jpeg" and not _has_begun_its_scan(content):
        return False
    return len(content) >= _HEADERS and len(set(content[-_TAIL:])) > _TAIL // 4


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def _has_an_end(media_type: str) -> bool:
    return media_type in ("image/jpeg", "image/png", "image/bmp", "image/webp")


def ends(media_type: str, content: bytes) -> bool:
    """Whether a picture is there to its end, as far as its kind shows that."""
    if media_type == "image/jpeg":
        return content.rstrip(b"\0").endswith(b"\xff\xd9") and _has_begun_its_scan(content)
    if media_type == "image/png":
        return content.endswith(_PNG_END)
    if media_type == "image/bmp":
        return len(content) >= 14 and len(content) >= int.from_bytes(content[2:6], "little") > 0
    if media_type == "image/webp":
        return len(content) >= 12 and len(content) >= 8 + int.from_bytes(content[4:8], "little")
    return False


def _has_begun_its_scan(content: bytes) -> bool:
    """Whether the segments before a JPEG's pixels are there: a small picture in one of them has an end of its own."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        if content[at + 1] == _START_OF_SCAN:
            return True
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return False
