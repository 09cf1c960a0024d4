"""A Maildir on disk → its mails with folder and keywords. Nothing is moved or marked.

Knows Maildir++ (`.Billing.Open`), folders in folders, flags in file names, and dovecot's and Courier's keyword files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kits.core.mail import folders
from kits.support_triage._reading.imap_names import shown_name

MAX_DEPTH = 12
_KEYWORD_FILE = "dovecot-keywords"
_MAX_KEYWORDS_BYTES = 1 << 20
_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)$")


@dataclass(frozen=True, slots=True)
class MaildirMail:
    """One file of a Maildir.

    Attributes:
        source: its folder and unique name without flags, so that reading it does not rename it.
        folder: innermost folder, empty for the inbox.
        keywords: set by people or programs (IMAP keywords).
        trashed: marked as deleted.
    """

    path: Path
    source: str
    folder: str
    keywords: tuple[str, ...]
    trashed: bool


def is_maildir(path: Path) -> bool:
    """Whether a folder is a Maildir or holds some."""
    return next(_folders(path), None) is not None


def mails_of(path: Path) -> Iterator[MaildirMail]:
    """The mails of all folders, in a stable order."""
    found = list(_folders(path))
    base = _base(path, found)
    for folder in found:
        name = folder.relative_to(base).as_posix()
        keywords = _keyword_names(folder)
        files = [
            f
            for part in ("cur", "new")
            if (folder / part).is_dir()
            for f in (folder / part).iterdir()
        ]
        for file in sorted(files, key=lambda f: f.name):
            if file.is_file() and not file.name.startswith("."):
                yield _mail(file, name, keywords)


def _base(path: Path, found: list[Path]) -> Path:
    """The Maildir in which all others lie, where it is called as such (`Maildir`); else what was named."""
    outermost = next(iter(found), path)
    is_around = all(folder.is_relative_to(outermost) for folder in found)
    return outermost if is_around and folders.is_default(outermost.name) else path


def _mail(file: Path, folder: str, names: Mapping[str, str]) -> MaildirMail:
    found = _FLAGS.search(file.name)
    flags = found[1] if found else ""
    unique = re.split(r"[:;!]2,", file.name)[0]
    keywords = tuple(names[flag] for flag in flags if flag in names)
    shown = "" if folder == "." else folder
    return MaildirMail(
        file, f"{shown or 'INBOX'}/{unique}", _label_of(shown), keywords, trashed="T" in flags
    )


def _label_of(folder: str) -> str:
    """`.Billing.Open` → `Billing/Open`, `.R&APw-ckgabe` → `Rückgabe`; empty for the inbox."""
    parts = [part for piece in folder.split("/") for part in piece.strip(".").split(".") if part]
    if parts and parts[0].upper() == "INBOX":
        parts = parts[1:]
    return "/".join(map(shown_name, folders.without_periods(parts)))


def _folders(path: Path) -> Iterator[Path]:
    """Folders that hold `cur` or `new`, the outermost first."""
    for at, inner, _ in os.walk(path):
        here = Path(at)
        if ({"cur", "new"} & set(inner) and "tmp" in inner) or {"cur", "new"} <= set(inner):
            yield here
        depth = len(here.relative_to(path).parts)
        inner[:] = (
            sorted(n for n in inner if n not in ("cur", "new", "tmp")) if depth < MAX_DEPTH else []
        )


def _keyword_names(folder: Path) -> dict[str, str]:
    """Flag letter → keyword: `a` is the first line's of dovecot's file (`0 billing`)."""
    file = folder / _KEYWORD_FILE
    if not file.is_file() or file.stat().st_size > _MAX_KEYWORDS_BYTES:
        return {}
    names = {}
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        number, _, word = line.partition(" ")
        if number.isdigit() and int(number) < 26 and word.strip():
            names[chr(ord("a") + int(number))] = word.strip()
    return names
