"""A firm's knowledge base as passages that can be cited: built from a folder, kept as one JSON file of a bundle.

Responsible for cutting sections into passages of one to five sentences, merging duplicates, leaving out what speaks
to a program instead of a customer, and for a version that is the digest of all of it. `documents.py` reads the files,
`retrieval.py` finds passages.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kits.core.errors import BundleError, DataError
from kits.support_triage._drafting.documents import READERS, Section, read_sections
from kits.support_triage._drafting.sentences import normalised, split_sentences
from kits.support_triage._drafting.wordings import wordings

Vectors: TypeAlias = NDArray[np.float32]
Embed: TypeAlias = Callable[[Sequence[str]], Vectors]
"""Texts → one row each; rows need no unit length."""
LanguageOf: TypeAlias = Callable[[str], str]
"""Text → ISO 639-1 code, or empty."""

MAX_FILES, MAX_PASSAGES = 2_000, 20_000
SENTENCES, PASSAGE_CHARS, SENTENCE_CHARS = 5, 700, 600
_EMBED_BATCH = 64


class KnownPassage(BaseModel):
    """A piece of the knowledge base that is cited as a whole or by its sentences."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    source: str = Field(description="file and number of the passage in it, as `returns.md#2`")
    headings: tuple[str, ...] = Field((), description="titles above it, outermost first")
    sentences: tuple[str, ...] = Field(description="one to five, as they are cited")
    language: str = Field("", description="ISO 639-1 code; empty: unknown")
    also: tuple[str, ...] = Field((), description="sources that say the same")

    @property
    def text(self) -> str:
        return " ".join(self.sentences)

    @property
    def searched(self) -> str:
        """What is looked through: titles say what a passage is about."""
        return f"{' – '.join(self.headings)}\n{self.text}"


class Link(BaseModel):
    """How near a passage is to the mails of an intent, in its language."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    lift: float = Field(description="fit to the intent's mails above that to the others', 0 to 1")
    best: float = Field(
        ge=0, le=1, description="share of the intent's mails that it fits best of all"
    )


class Knowledge(BaseModel):
    """All passages, with their vectors where an encoder was there."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    version: str = Field(description="SHA-256 of the passages")
    passages: tuple[KnownPassage, ...] = Field(description="in the order of files and places")
    dimensions: int = Field(0, ge=0, le=8192, description="length of a vector; 0: no vectors")
    vectors: str = Field("", description="int8 of unit length times 127, row by row, in base64")
    links: dict[str, dict[str, Link]] = Field(
        default_factory=dict, description="intent → source of a passage → how near they are"
    )
    notes: tuple[str, ...] = Field((), description="what was left out or merged, and why")

    def matrix(self) -> Vectors:
        """One unit vector per passage; no columns where there are no vectors.

        Raises:
            BundleError: not as many numbers as passages need.
        """
        try:
            raw = np.frombuffer(base64.b64decode(self.vectors, validate=True), dtype=np.int8)
            rows = raw.reshape(len(self.passages), self.dimensions).astype(np.float32)
        except ValueError as error:
            raise BundleError(
                "the vectors of the knowledge base do not fit its passages"
            ) from error
        return unit_rows(rows)

    def to_json(self) -> str:
        """As it lies in a bundle."""
        return self.model_dump_json()

    @staticmethod
    def from_json(text: str | bytes) -> Knowledge:
        """The opposite of `to_json`.

        Raises:
            BundleError: not a knowledge base, or changed since it was built.
        """
        try:
            found = Knowledge.model_validate_json(text)
        except ValidationError as error:
            raise BundleError(
                "not a knowledge base", where=str(error.errors()[0]["loc"])
            ) from error
        if found.version != _digest(found.passages):
            raise BundleError(
                "the knowledge base is not what its version says", fix="build it again"
            )
        return found


def build_knowledge(
    folder: Path, *, embed: Embed | None = None, language_of: LanguageOf | None = None
) -> Knowledge:
    """The knowledge base of a folder of Markdown, HTML, PDF, CSV and text files.

    Args:
        embed: gives passages vectors; None: words alone find them.
        language_of: asked where neither file nor folder states a language.

    Raises:
        DataError: no such folder, or too much in it. A file that cannot be read is left out and told.
    """
    if not folder.is_dir():
        raise DataError(
            "there is no such folder of knowledge",
            where=str(folder),
            fix="create it, or name another",
        )
    notes: list[str] = []
    passages: dict[str, KnownPassage] = {}
    for passage in _all_passages(folder, language_of or guessed_language, notes):
        key = normalised(passage.text)
        first = passages.get(key)
        if first is None:
            passages[key] = passage
            if len(passages) > MAX_PASSAGES:
                raise DataError(
                    f"more than {MAX_PASSAGES} passages",
                    where=str(folder),
                    fix="leave some files out",
                )
            continue
        passages[key] = first.model_copy(update={"also": (*first.also, passage.source)})
        notes.append(f"{passage.source} says the same as {first.source}")
    kept = tuple(passages.values())
    dimensions, vectors = _embedded(kept, embed)
    return Knowledge(
        version=_digest(kept),
        passages=kept,
        dimensions=dimensions,
        vectors=vectors,
        notes=tuple(notes),
    )


def unit_rows(rows: Vectors) -> Vectors:
    """Rows of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Vectors = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


def guessed_language(text: str) -> str:
    """What py3langid takes the text for."""
    import py3langid

    return str(py3langid.classify(text[:2_000])[0])


def _all_passages(
    folder: Path, language_of: LanguageOf, notes: list[str]
) -> Iterator[KnownPassage]:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path.suffix.lower() in READERS
    )
    if len(files) > MAX_FILES:
        raise DataError(f"more than {MAX_FILES} files", where=str(folder), fix="leave some out")
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            sections = read_sections(name, path.read_bytes())
        except DataError as error:
            notes.append(f"{name} was left out: {error.what}")
            continue
        yield from _passages(name, sections, language_of, notes)


def _passages(
    name: str, sections: Iterable[Section], language_of: LanguageOf, notes: list[str]
) -> Iterator[KnownPassage]:
    number = 0
    for section in sections:
        language = section.language or language_of(section.text)
        sentences = split_sentences(section.text, language)
        for group in _groups([s for s in sentences if len(s) <= SENTENCE_CHARS]):
            number += 1
            source = f"{name}#{number}"
            spoken = wordings("injections").find(" ".join((*section.headings, *group)))
            if spoken:
                notes.append(f"{source} was left out: it speaks to a program ({spoken[0].words!r})")
                continue
            yield KnownPassage(
                source=source, headings=section.headings, sentences=tuple(group), language=language
            )
        notes.extend(
            f"{name}: a sentence of {len(s)} characters was left out"
            for s in sentences
            if len(s) > SENTENCE_CHARS
        )


def _groups(sentences: Sequence[str]) -> Iterator[list[str]]:
    """Sentences in a row, as many as a passage may have."""
    group: list[str] = []
    for sentence in sentences:
        chars = sum(map(len, group)) + len(sentence)
        if group and (len(group) == SENTENCES or chars > PASSAGE_CHARS):
            yield group
            group = []
        group.append(sentence)
    if group:
        yield group


def _embedded(passages: Sequence[KnownPassage], embed: Embed | None) -> tuple[int, str]:
    if embed is None or not passages:
        return 0, ""
    texts = [passage.searched for passage in passages]
    batches = [texts[at : at + _EMBED_BATCH] for at in range(0, len(texts), _EMBED_BATCH)]
    rows = np.concatenate([np.asarray(embed(batch), dtype=np.float32) for batch in batches])
    unit = unit_rows(rows)
    # each row uses the whole range of int8; lengths are restored when it is read
    scaled = np.round(unit / np.maximum(np.abs(unit).max(axis=1, keepdims=True), 1e-12) * 127)
    return rows.shape[1], base64.b64encode(scaled.astype(np.int8).tobytes()).decode()


def _digest(passages: Sequence[KnownPassage]) -> str:
    """SHA-256 of the passages as canonical JSON, one at a time: a device need not hold them all twice."""
    found = hashlib.sha256(b"[")
    for number, passage in enumerate(passages):
        dumped = passage.model_dump(mode="json")
        text = json.dumps(dumped, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        found.update(f"{',' if number else ''}{text}".encode())
    found.update(b"]")
    return found.hexdigest()
