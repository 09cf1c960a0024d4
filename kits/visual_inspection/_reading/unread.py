"""Files beside pictures that may be their labels, in a form that nobody reads: all good is not assumed then."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core.column_names import squeezed
from kits.core.errors import DataError
from kits.core.row_sources import open_rows
from kits.core.tables import BadRow, encoding_of
from kits.visual_inspection._reading.documents import files_under
from kits.visual_inspection._reading.finding_pictures import Beside, parts_of
from kits.visual_inspection._reading.serials import Serials

_BESIDE = (".txt", ".json", ".xml")
_TEXTS = (
    ".txt", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml", ".manifest", ".labels", ".lst", ".data", ".dat",
)  # fmt: skip
SPREADSHEETS = (".xlsx", ".xls", ".ods")
_CALLED = frozenset({"groundtruth", "gt", "annotation", "annotations"})
"""Names of files that say what pictures show, without signs between their words."""
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
        if longer := _called_after(files_under(path, [suffix]), pictures):
            return f"{len(longer)} files called after pictures may be labels ({longer[0].name})"
    names = _Names.of(pictures)
    for file in files_under(path, _TEXTS):
        if squeezed(file.stem) in _CALLED:
            return f"{file.relative_to(path)} may be labels, by its name"
        if file.stat().st_size <= _MAX_BYTES:
            content = file.read_bytes()
            text = content.decode(encoding_of(content[:_SNIFFED_BYTES]), errors="replace")
            if _speaks_of(text.splitlines(), names):
                return f"{file.relative_to(path)} names pictures and may be labels"
    return _sheets(path, names)


def _called_after(files: Sequence[Path], pictures: Sequence[Path]) -> list[Path]:
    """Files that are called as pictures with something behind it (`0001_anno.txt`), one each for half of them; else none."""
    stems = {picture.stem.lower() for picture in pictures}
    found = {_begins(file.stem.lower(), stems): file for file in files}
    found.pop("", None)
    return list(found.values()) if len(found) * 2 >= len(stems) else []


def _begins(name: str, stems: set[str]) -> str:
    """The picture's name that a file's begins with."""
    ends = (match.start() for match in re.finditer(r"[-_. (]", name))
    return next((name[:end] for end in sorted(ends, reverse=True) if name[:end] in stems), "")


def _sheets(path: Path, names: _Names) -> str:
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


@dataclass(frozen=True)
class _Names:
    """What pictures may be called: whole names, names without their ending where these are long enough to be no other number, serial numbers.

    Attributes:
        whole: with the ending.
        stems: → the whole name.
    """

    whole: frozenset[str]
    stems: Mapping[str, str]
    serials: Serials

    @classmethod
    def of(cls, pictures: Sequence[Path]) -> _Names:
        """The names of some pictures."""
        stems = {picture.stem.lower(): picture.name.lower() for picture in pictures}
        long = {stem: name for stem, name in stems.items() if len(stem) >= _LONG}
        whole = frozenset(picture.name.lower() for picture in pictures)
        return cls(whole, long, Serials(pictures))

    def meant(self, word: str) -> set[str]:
        """The whole names of the pictures that a word means."""
        if word in self.whole:
            return {word}
        if word in self.stems:
            return {self.stems[word]}
        return {picture.name.lower() for picture in self.serials.of(word)}


def _speaks_of(lines: Iterable[str], names: _Names) -> bool:
    """Whether lines name several pictures and say something of them: a list of names alone says nothing.

    By names without their endings and by serial numbers, which may be anything, half of the pictures must be named.
    """
    whole: set[str] = set()
    short: set[str] = set()
    alone = True
    for line in lines:
        words = [word[0] for text in _WORDS.findall(line) if (word := parts_of(text)[-1:])]
        named = {word: meant for word in words if (meant := names.meant(word))}
        whole |= named.keys() & names.whole
        short.update(*named.values())
        alone = alone and len(words) == len(named)
    pictures = len(names.whole)
    enough = len(whole) >= min(_LEAST, pictures) or len(short) >= max(_LEAST, pictures / 2)
    return not alone and enough
