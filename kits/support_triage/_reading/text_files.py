"""Folders of text files, one a text, whose folder is the intent: as public sets of mails, posts and notes come.

A file that begins with the header of a mail is one, byte for byte. Which folders are intents is `mailboxes.py`'s question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from kits.core.errors import DataError
from kits.core.mail.folders import is_default
from kits.core.mail.writing import write_message
from kits.core.tables import encoding_of
from kits.support_triage._reading.fits import SPLITS_SAID

_SUFFIX = re.compile(r"|\.|\.txt|\.text|\.[0-9]{1,8}|\.[0-9a-f]{32,40}", re.IGNORECASE)
"""None, that of a text, or a number or digest behind a mail's name on a server."""
_HEADER = re.compile(rb"(?:From .{1,300}\r?\n)?(?:[A-Za-z][A-Za-z0-9-]{0,60}:[^\r\n]{0,998}\r?\n(?:[ \t][^\r\n]{0,998}\r?\n){0,99}){2,99}")  # fmt: skip
_TELLS = re.compile(rb"^(?:from|subject|date|message-id|received|return-path):", re.IGNORECASE | re.MULTILINE)  # fmt: skip
_SNIFFED_BYTES = 16 << 10
_PIECE = re.compile(r"(?:part|fold|batch|chunk|shard|teil|split|subset|volume|vol|page|set)[ _-]?\d{1,4}", re.IGNORECASE)  # fmt: skip
"""A folder that holds a piece of a set, and so no intent: `part1`, `fold_3`."""
_CELLS = re.compile(rb"[,;\t|]")
_LOOKED = 20
_FEWEST_FOLDERS, _FEWEST_FILES = 2, 2
MAX_DEPTH = 6
MAX_FILES = 1_000_000


def loose_texts(path: Path) -> list[Path]:
    """All files that may be a text each, in whatever folder: for a table that names them."""
    return [file for file in _files(path) if file.suffix.lower() in (".txt", ".text")] if path.is_dir() else []  # fmt: skip


def text_files(path: Path) -> list[Path]:
    """The texts of a folder in a stable order; none where it is no folder of such.

    Texts are one a file where at least two folders that are no splits hold two or more of them each on an average.
    """
    if not path.is_dir():
        return []
    found = [file for file in _files(path) if _SUFFIX.fullmatch(file.suffix)]
    folders = Counter(folder_of(file.relative_to(path).parts) for file in found)
    folders.pop("", None)
    if len(folders) < _FEWEST_FOLDERS or folders.total() < _FEWEST_FILES * len(folders):
        return []
    texts = [file for file in found if _is_sorted(file.relative_to(path).parts)]
    return [] if _are_tables(texts) else texts


def _are_tables(files: Sequence[Path]) -> bool:
    """Whether most files begin with the same line of several cells: the names of columns."""
    looked = files[:: max(1, len(files) // _LOOKED)]
    firsts = Counter(_first_line(file) for file in looked)
    line, count = firsts.most_common(1)[0]
    return 2 * count > len(looked) and sum(bool(cell.strip()) for cell in _CELLS.split(line)) > 1


def _first_line(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.readline(_SNIFFED_BYTES)


def folder_of(parts: Sequence[str]) -> str:
    """The innermost folder that is neither a split nor a place where anything lies; empty: there is none."""
    inner = (part for part in reversed(parts[:-1]) if part.lower() not in SPLITS_SAID)
    return next((part for part in inner if not is_default(part) and not is_piece(part)), "")


def _is_sorted(parts: Sequence[str]) -> bool:
    """Whether a file lies in a folder of its own kind, or in a piece of the set: it is a text then, if without an intent."""
    return bool(folder_of(parts)) or any(map(is_piece, parts[:-1]))


def is_piece(folder: str) -> bool:
    """Whether a folder only holds a piece of a set."""
    return bool(_PIECE.fullmatch(folder))


def is_mail(content: bytes) -> bool:
    """Whether a file begins with the header of a mail."""
    header = _HEADER.match(content[:_SNIFFED_BYTES])
    return header is not None and len(_TELLS.findall(header[0])) >= 2


def as_mail(content: bytes, sender: str) -> bytes:
    """A text as a mail; a mail stays as it is."""
    if is_mail(content):
        return content
    text = content.decode(encoding_of(content[:_SNIFFED_BYTES]), errors="replace")
    return write_message(subject="", body=text.lstrip("\ufeff"), sender=sender)


def _files(path: Path) -> Iterator[Path]:
    """The files of a folder, in order.

    Raises:
        DataError: more than an import takes.
    """
    found = sorted(path.rglob("*"))
    if len(found) > MAX_FILES:
        raise DataError(
            f"{len(found)} files and folders are more than {MAX_FILES}",
            where=str(path),
            fix="import parts of the folder, one after the other",
        )
    for file in found:
        parts = file.relative_to(path).parts
        if len(parts) <= MAX_DEPTH and not any(part.startswith(".") for part in parts) and file.is_file():  # fmt: skip
            yield file
