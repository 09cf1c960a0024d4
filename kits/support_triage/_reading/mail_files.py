"""Files that hold one mail each: EML, those of Apple Mail, and Outlook's own."""

from __future__ import annotations

import re
from pathlib import Path

from kits.core.errors import DataError
from kits.support_triage._reading import outlook

MAX_MAILS = 5_000_000
_APPLE = ".emlx"
EML_SUFFIXES = frozenset({".eml", ".emlx", ".mail", outlook.SUFFIX})
_COUNT = re.compile(rb"\s{0,9}[0-9]{1,12}\s{0,9}")


def eml_files(path: Path) -> list[Path]:
    """The mails, one a file, in a stable order."""
    if path.is_file():
        return [path]
    found = [
        file for file in path.rglob("*") if file.suffix.lower() in EML_SUFFIXES and file.is_file()
    ]
    if len(found) > MAX_MAILS:
        raise DataError(
            f"{len(found)} mails are more than {MAX_MAILS}",
            where=str(path),
            fix="import parts of the folder, one after the other",
        )
    return sorted(found)


def opened(file: Path) -> tuple[bytes, tuple[str, ...]]:
    """The mail of a file that holds one, and the keywords that a program keeps beside it: Outlook's categories.

    Raises:
        OSError: it cannot be read.
        DataError: Outlook's, and damaged or no mail.
        MachineError: Outlook's, and a library is missing.
    """
    content, suffix = file.read_bytes(), file.suffix.lower()
    if suffix == outlook.SUFFIX:
        return outlook.as_eml(content), outlook.categories_of(content)
    return (_without_count(content) if suffix == _APPLE else content), ()


def _without_count(content: bytes) -> bytes:
    """Apple Mail writes a mail's length above it, and what it knows of it below."""
    count, _, rest = content.partition(b"\n")
    return rest[: int(count)] if _COUNT.fullmatch(count) else content
