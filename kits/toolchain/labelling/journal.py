"""The journal of labels: one line per statement, appended and never changed (but where somebody is erased).

It is safe at any moment, a kill at any line too: a torn last line is passed over and told of. It knows samples by their ids
only; which ones come next, and what becomes of the statements, is other files' work.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, cast

from kits.core.annotation import Annotation, annotation_from_json, annotation_to_json
from kits.core.errors import DataError, UsageError
from kits.core.files import write_atomically

NAME = "labels.jsonl"
Act = Literal["state", "skip", "undo"]
ACTS: tuple[Act, ...] = ("state", "skip", "undo")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.

    Attributes:
        act: `state` says what a sample is, `skip` that its author does not know, `undo` takes back what the
            same author said of it last.
        annotation: of `state` only.
    """

    sample: str
    act: Act
    author: str
    at: datetime
    annotation: Annotation | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds after all lines.

    Attributes:
        stated: sample → the newest statement that was not taken back.
        skipped: author → samples they passed over and nobody has stated since.
        withdrawn: sample → statements that were taken back; a version may hold one of them.
    """

    stated: dict[str, Annotation]
    skipped: dict[str, set[str]]
    withdrawn: dict[str, list[Annotation]]


class Journal:
    """The file of one project. One person writes at a time.

    Args:
        path: made with the first statement.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = 0
        """Lines that were no statements when it was last read."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keeps others from writing meanwhile.

        Raises:
            UsageError: somebody labels here already.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with (self.path.parent / f".{self.path.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UsageError(
                    "somebody is labelling in this project",
                    where=str(self.path),
                    fix="wait until they are done, or take samples along: kit label --export FILE.csv",
                ) from None
            yield

    def append(self, entry: Entry) -> None:
        """Writes one line; it is on the disk when this returns. Raises OSError when the disk does not take it."""
        line = json.dumps(_to_json(entry), ensure_ascii=False, sort_keys=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            # a line that a power cut tore must not swallow the next one
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            content = (("\n" if torn else "") + line + "\n").encode()
            if os.write(descriptor, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def entries(self) -> list[Entry]:
        """All lines in the order they were written; what is none is counted in `damaged`."""
        self.damaged = 0
        found = []
        lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
        for line in lines:
            if not line.strip():
                continue
            try:
                found.append(_from_json(json.loads(line)))
            except (ValueError, KeyError, TypeError, DataError):
                self.damaged += 1
        return found

    def forget(self, samples: Collection[str]) -> None:
        """Takes out all that was said of samples whose person was erased: the one change that lines suffer.

        Raises:
            UsageError: somebody labels here.
        """
        if not self.path.exists():
            return
        with self.writing():
            lines = self.path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if _sample_of(line) not in samples]
            if len(kept) < len(lines):
                write_atomically(self.path, b"".join(kept))

    def standing(self) -> Standing:
        """What holds now."""
        said: dict[str, list[Entry]] = {}
        withdrawn: dict[str, list[Annotation]] = {}
        for entry in self.entries():
            lines = said.setdefault(entry.sample, [])
            if entry.act != "undo":
                lines.append(entry)
                continue
            own = [place for place, line in enumerate(lines) if line.author == entry.author]
            if own and (stale := lines.pop(own[-1]).annotation):
                withdrawn.setdefault(entry.sample, []).append(stale)
        stated: dict[str, Annotation] = {}
        skipped: dict[str, set[str]] = {}
        for sample, lines in said.items():
            newest = next((line.annotation for line in reversed(lines) if line.annotation), None)
            if newest is not None:
                stated[sample] = newest
                continue
            for line in lines:
                skipped.setdefault(line.author, set()).add(sample)
        return Standing(stated, skipped, withdrawn)


def _sample_of(line: bytes) -> str:
    """Empty: it is no statement."""
    try:
        return _from_json(json.loads(line)).sample
    except (ValueError, KeyError, TypeError, DataError):
        return ""


def _to_json(entry: Entry) -> dict[str, object]:
    line: dict[str, object] = {
        "sample": entry.sample,
        "act": entry.act,
        "author": entry.author,
        "at": entry.at.isoformat(),
    }
    if entry.annotation is not None:
        line["annotation"] = annotation_to_json(entry.annotation)
    return line


def _from_json(value: object) -> Entry:
    if not isinstance(value, dict) or value["act"] not in ACTS:
        raise ValueError("not a statement")
    act = cast(Act, value["act"])
    stated = annotation_from_json(value["annotation"]) if act == "state" else None
    at = datetime.fromisoformat(value["at"])
    return Entry(str(value["sample"]), act, str(value["author"]), at, stated)
