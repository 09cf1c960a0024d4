"""Brings a bundle's bytes to the device: by range, into a file that grows, durably.

A cut connection, a killed process and a power cut each keep what was stored. What the bytes are
worth is not judged here: the caller checks length and digest against what was signed.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import urllib3

from edge_agent.errors import HubUnreachableError, NoRoomError
from edge_agent.log import log
from edge_agent.update.answers import Requests
from kits.core.errors import BundleError
from kits.core.files import sync

_PIECE = 1 << 16
_SYNC_EVERY = 4 << 20
_SPARE_BYTES = 64 << 20
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-[0-9]{1,15}/(?:[0-9]{1,15}|\*)")

_GONE = (404, 410)

Stop = Callable[[], bool]
"""Whether nobody waits for a download any more."""


def never() -> bool:
    """Somebody does."""
    return False


class Downloader:
    """Downloads over one hub.

    Args:
        spare_bytes: left free on the disk for everything else.
    """

    def __init__(self, hub: Requests, *, spare_bytes: int = _SPARE_BYTES) -> None:
        self._hub = hub
        self._spare_bytes = spare_bytes
        self._grown: set[Path] = set()

    def download(self, path: str, target: Path, length: int, stop: Stop = never) -> None:
        """Fetches what `target` lacks of `length` bytes; call again to go on.

        Args:
            stop: asked after each piece; true: return with what has arrived.

        Raises:
            HubUnreachableError: the connection broke, or is too slow; what arrived is kept.
            BundleError: the hub does not have it: to wait would not bring it.
            NoRoomError: the disk has no room for the rest.
        """
        if target not in self._grown:
            _forget_unsynced(target)
            self._grown.add(target)
        have = target.stat().st_size if target.exists() else 0
        if have > length:
            discard(target)
            have = 0
        _check_room(target.parent, length - have + self._spare_bytes)
        if have < length:
            self._fetch(path, target, have, length, stop)

    def _fetch(self, path: str, target: Path, have: int, length: int, stop: Stop) -> None:
        headers = {"Range": f"bytes={have}-{length - 1}"} if have else {}
        response = self._hub.request("GET", path, headers=headers)
        try:
            begins_at = _begins_at(response, have)
            pieces = _after(_pieces(response, stop), have - begins_at)
            have = _grow(target, pieces, have, length)
        finally:
            # what is left unread must not be taken for the answer to the next request
            response.close()
            response.release_conn()
        if have < length and not stop():
            log("download_cut", have=have, length=length)
            raise HubUnreachableError("the download was cut off", where=path)


def discard(target: Path) -> None:
    """Removes a download, complete or not."""
    _synced_mark(target).unlink(missing_ok=True)
    target.unlink(missing_ok=True)


def _begins_at(response: urllib3.BaseHTTPResponse, have: int) -> int:
    """Where the answer begins in the file: at `have`, or at 0 when the hub ignored the range."""
    if response.status == 200:
        return 0
    matched = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status == 206 and have and matched and int(matched[1]) == have:
        return have
    if response.status in _GONE:
        raise BundleError(
            f"the hub does not have this bundle: it answers {response.status}",
            fix="kit publish it again, after a restore of the hub; then roll it out anew",
        )
    raise HubUnreachableError(
        f"the hub answered {response.status} to a request for bytes from {have}",
        fix="edge-agent enroll: this device's token is not valid" * (response.status == 401),
    )


def _pieces(response: urllib3.BaseHTTPResponse, stop: Stop) -> Iterator[bytes]:
    """The answer as it arrives; ends early, without a word, where the connection broke."""
    with suppress(urllib3.exceptions.HTTPError, OSError):
        # read1 gives what is there: waiting for full pieces would lose the last one at each cut
        while piece := response.read1(_PIECE, decode_content=False):
            yield piece
            if stop():
                return


def _after(pieces: Iterator[bytes], skip: int) -> Iterator[bytes]:
    for piece in pieces:
        rest = piece[skip:]
        skip = max(skip - len(piece), 0)
        if rest:
            yield rest


def _grow(target: Path, pieces: Iterator[bytes], have: int, length: int) -> int:
    """Appends until `length` and not a byte further; the size reached, all of it synced."""
    synced = have
    with open(target, "ab") as file:
        try:
            for piece in pieces:
                have += file.write(piece[: length - have])
                if have - synced >= _SYNC_EVERY:
                    _sync(file, target, have)
                    synced = have
                if have == length:
                    break
        finally:
            _sync(file, target, have)
    return have


def _sync(file: BinaryIO, target: Path, size: int) -> None:
    file.flush()
    os.fsync(file.fileno())
    # in place and of one length: whoever is killed here leaves the old mark or the new one. Not
    # synced itself: after a power cut an older mark only means to fetch a little more
    mark = os.open(_synced_mark(target), os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        os.pwrite(mark, b"%020d" % size, 0)
    finally:
        os.close(mark)


def _synced_mark(target: Path) -> Path:
    return target.with_suffix(".synced")


def _forget_unsynced(target: Path) -> None:
    """After a power cut a file may be as long as it was and hold zeros: cuts it to what is sure."""
    if not target.exists():
        # a mark without its file would vouch for the next one of that name
        if _synced_mark(target).exists():
            _synced_mark(target).unlink()
            sync(target.parent)
        return
    try:
        sure = int(_synced_mark(target).read_text())
    except (OSError, ValueError):
        sure = 0
    if target.stat().st_size > sure:
        os.truncate(target, sure)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoomError(f"the download needs {needed} bytes, {free} are free", where=str(folder))
