"""Files in which the label stands within the lines: fastText's `__label__refund where is my money`, Rasa's YAML of examples.

Told by their first bytes, not by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar

from pydantic import JsonValue
from yaml import YAMLError

from kits.core.errors import DataError
from kits.core.settings import load_yaml
from kits.core.tables import BadRow, Row, encoding_of
from kits.support_triage._reading.bot_examples import rasa_examples
from kits.support_triage._reading.listed_rows import ListedRows

MARK = "__label__"
"""What fastText puts before each label."""
SUFFIXES = frozenset({".train", ".valid", ".val", ".dev", ".test", ".ft"})
"""What files of fastText are called besides `.txt`."""
_YAML = frozenset({".yml", ".yaml"})
_MARKDOWN = ".md"
_HEADING = "## intent:"
_SNIFFED_BYTES = 64 << 10
_MAX_YAML_BYTES = 64 << 20
_MAX_LINE = 1 << 20


@dataclass(frozen=True)
class FastText:
    """Rows of a file of fastText; several labels of a line are joined by `|`."""

    path: Path
    encoding: str
    columns: ClassVar[tuple[str, ...]] = ("text", "label")
    form: ClassVar[str] = "fastText"
    numeric: ClassVar[frozenset[str]] = frozenset()
    cuts_rows: ClassVar[bool] = False

    def rows(self) -> Iterator[tuple[int, Row] | BadRow]:
        with self.path.open(encoding=self.encoding, errors="replace") as stream:
            lines = (line.strip() for line in iter(lambda: stream.readline(_MAX_LINE), ""))
            for number, line in enumerate(filter(None, lines), start=1):
                yield number, _row(line)

    def head(self, most: int) -> list[Row]:
        return [found[1] for found in islice(self.rows(), most) if not isinstance(found, BadRow)]


def is_fast_text(path: Path) -> bool:
    """Whether a file begins with a label of fastText."""
    return _start(path).lstrip(b"\xef\xbb\xbf \r\n").startswith(MARK.encode())


def open_fast_text(path: Path) -> FastText:
    return FastText(path, encoding_of(_start(path)))


def is_rasa(path: Path) -> bool:
    """Whether a file has Rasa's examples in it: in YAML, or in Markdown as older ones."""
    suffix = path.suffix.lower()
    if suffix == _MARKDOWN:
        return _HEADING.encode() in _start(path)
    return suffix in _YAML and b"nlu:" in (start := _start(path)) and b"examples:" in start


def open_rasa(path: Path) -> ListedRows:
    """The examples of a file.

    Raises:
        DataError: no YAML, or no examples with intents in it.
    """
    if path.stat().st_size > _MAX_YAML_BYTES:
        raise DataError("one YAML document of this size", where=path.name, fix="split it by intent")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if path.suffix.lower() == _MARKDOWN:
        rows = rasa_examples({"nlu": _sections(text)})
    else:
        try:
            rows = rasa_examples(load_yaml(text))
        except YAMLError as error:
            raise DataError(f"not YAML: {str(error).splitlines()[0]}", where=path.name) from error
    if not rows:
        raise DataError(
            "no examples with intents in it",
            where=path.name,
            fix="an entry for each intent under `nlu`, its texts under `examples`",
        )
    return ListedRows.of(rows, "Rasa's examples")


def _sections(text: str) -> list[JsonValue]:
    """The intents of a file in Markdown, each with its lines."""
    parts = text.split(_HEADING)[1:]
    named = (part.partition("\n") for part in parts)
    return [
        {"intent": name.strip(), "examples": lines.partition("\n## ")[0]}
        for name, _, lines in named
    ]


def _row(line: str) -> Row:
    words = line.split(" ")
    labels = []
    while words and words[0].startswith(MARK):
        labels.append(words.pop(0).removeprefix(MARK).rstrip(","))
    return {"text": " ".join(words).strip(), "label": "|".join(labels)}


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_SNIFFED_BYTES)
    except OSError:
        return b""
