"""Files beside pictures that may be their labels, in a form that nobody reads: all good is not assumed then."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from kits.core.errors import DataError
from kits.core.row_sources import open_rows
from kits.core.tables import BadRow, encoding_of
from kits.visual_inspection._reading.documents import files_under
from kits.visual_inspection._reading.finding_pictures import Beside, parts_of

_BESIDE = (".txt", ".json", ".xml")
_TEXTS = (
    ".txt", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml", ".manifest", ".labels", ".lst", ".data", ".dat",
)  # fmt: skip
SPREADSHEETS = (".xlsx", ".xls", ".ods")
_MAX_BYTES = 256 << 20
_SNIFFED_BYTES = 64 << 10
_LEAST, _LONG = 5, 3
_WORDS = re.compile(r"[^\s,;:\"'|<>()=\[\]{}]+")


def unread_labels(path: Path, pictures: Sequence[Path]) -> str:
    """What may be labels, in words; empty if nothing may be."""
    for suffix in _BESIDE:
        beside = Beside(path, suffix)
        found = [file for picture in pictures if (file := beside.of(picture)) is not None]
        if found and len(found) * 2 >= len(pictures):
            return f"{len(found)} files with the names of pictures may be labels ({found[0].name})"
    names = _names(pictures)
    for file in files_under(path, _TEXTS):
        if file.stat().st_size <= _MAX_BYTES:
            content = file.read_bytes()
            text = content.decode(encoding_of(content[:_SNIFFED_BYTES]), errors="replace")
            if _speaks_of(text.splitlines(), names):
                return f"{file.relative_to(path)} names pictures and may be labels"
    return _sheets(path, names)


def _sheets(path: Path, names: Mapping[str, str]) -> str:
    for file in files_under(path, SPREADSHEETS):
        name = str(file.relative_to(path))
        try:
            sources = open_rows(file, name, named=True).sources
        except DataError as error:
            return f"{name} may be labels, and cannot be read ({error.what})"
        for source in sources:
            rows = [one[1] for one in source.rows.rows() if not isinstance(one, BadRow)]
            if _speaks_of([" ".join(row.values()) for row in rows], names):
                return f"{source.name} names pictures and may be labels"
    return ""


def _names(pictures: Sequence[Path]) -> Mapping[str, str]:
    """Whole names and, where they are long enough to be no other number, names without their ending → the whole name."""
    names = {picture.name.lower(): picture.name.lower() for picture in pictures}
    stems = {picture.stem.lower(): picture.name.lower() for picture in pictures}
    return names | {stem: name for stem, name in stems.items() if len(stem) >= _LONG}


def _speaks_of(lines: Iterable[str], names: Mapping[str, str]) -> bool:
    """Whether lines name several pictures and say something of them: a list of names alone says nothing.

    By names without their endings, which may be anything, half of the pictures must be named.
    """
    whole: set[str] = set()
    short: set[str] = set()
    alone = True
    for line in lines:
        words = [word[0] for text in _WORDS.findall(line) if (word := parts_of(text)[-1:])]
        named = {word for word in words if word in names}
        whole |= {word for word in named if names[word] == word}
        short |= {names[word] for word in named}
        alone = alone and len(words) == len(named)
    pictures = len(set(names.values()))
    enough = len(whole) >= min(_LEAST, pictures) or len(short) >= max(_LEAST, pictures / 2)
    return not alone and enough
