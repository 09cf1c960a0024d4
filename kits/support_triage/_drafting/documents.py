"""A firm's help pages as sections: Markdown, HTML, PDF, CSV of questions and answers, plain text.

Responsible for reading one file into headings and plain text, within bounds. Cutting into passages, merging and
indexing is `knowledge.py`'s business. Nothing that a file refers to is fetched; scripts and hidden parts are dropped.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from kits.core.errors import DataError
from kits.support_triage._drafting.help_html import html_sections

MAX_FILE_BYTES = 8 << 20
MAX_PDF_PAGES = 500
MAX_SECTION_CHARS = 20_000

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_IMAGE = re.compile(r"!\[[^\]\n]{0,400}\](?:\([^)\n]{0,2000}\)|\[[^\]\n]{0,200}\])")
_LINK = re.compile(
    r"(?<!!)\[([^\]\n]{1,200})\]\(\s{0,4}<?([^)\s>]{1,2000})(?:[\s>][^)\n]{0,400})?\)"
)
_REFERENCE = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:\s", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)([^*_~\n]{1,400}?)(?<=\S)\1(?!\w)")
_COMMENT = re.compile(r"<!--[^>]{0,4000}-->")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,400}>")
_FRONT = re.compile(r"\A---\n.{0,4000}?\n---\n", re.DOTALL)
_CSV_NAMES: Mapping[str, tuple[str, ...]] = {
    "question": (
        "question",
        "q",
        "title",
        "frage",
        "pregunta",
        "domanda",
        "pergunta",
        "vraag",
        "titel",
    ),
    "answer": (
        "answer",
        "a",
        "text",
        "reply",
        "antwort",
        "réponse",
        "reponse",
        "respuesta",
        "risposta",
    ),
    "language": ("language", "lang", "sprache", "langue", "idioma"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading path and the plain text below it; `language` only where the file states it."""

    headings: tuple[str, ...]
    text: str
    language: str = ""


def read_sections(name: str, content: bytes) -> tuple[Section, ...]:
    """The sections of one file; none for a kind of file that is not read.

    Raises:
        DataError: too large, not UTF-8, or a PDF that cannot be read.
    """
    reader = READERS.get(PurePosixPath(name).suffix.lower())
    if reader is None:
        return ()
    if len(content) > MAX_FILE_BYTES:
        raise DataError(
            f"larger than {MAX_FILE_BYTES >> 20} MB", where=name, fix="split it, or leave it out"
        )
    try:
        sections = list(reader(content))
    except UnicodeDecodeError as error:
        raise DataError("not UTF-8 text", where=name, fix="save it as UTF-8") from error
    except RecursionError as error:
        raise DataError(
            "nested too deep", where=name, fix="simplify it, or leave it out"
        ) from error
    stated = _stated_language(name)
    return tuple(
        Section(part.headings, part.text[:MAX_SECTION_CHARS], part.language or stated)
        for part in sections
        if part.text.strip()
    )


def _stated_language(name: str) -> str:
    """Of `de/returns.md` and `returns.de.md`."""
    path = PurePosixPath(name)
    hints = (*path.parts[:-1], path.stem.rpartition(".")[2] if "." in path.stem else "")
    return next((h for h in reversed(hints) if len(h) == 2 and h.isalpha() and h.islower()), "")


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def _markdown(content: bytes) -> Iterator[Section]:
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False
    for line in _FRONT.sub("", _text(content)).split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
            continue
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            lines += [] if fenced else [line]
            continue
        yield Section(tuple(title for _, title in path), _plain("\n".join(lines)))
        lines = []
        level = len(heading[1])
        path = [
            *((at, title) for at, title in path if at < level),
            (level, _plain(line[heading.end() :].rstrip(" \t#"))),
        ]
    yield Section(tuple(title for _, title in path), _plain("\n".join(lines)))


def _plain(markdown: str) -> str:
    """Markdown without its marks. Images go; of a link the text stays, and its address where it says more."""
    text = _COMMENT.sub("", _IMAGE.sub("", markdown))
    text = "\n".join(line for line in text.split("\n") if not _REFERENCE.match(line))
    text = _LINK.sub(
        lambda found: found[1] if found[1] in found[2] else f"{found[1]} ({found[2]})", text
    )
    text = _TAG.sub("", text).replace("`", "")
    return _EMPHASIS.sub(r"\2", text).strip()


def _plain_text(content: bytes) -> Iterator[Section]:
    yield Section((), _text(content).strip())


def _csv(content: bytes) -> Iterator[Section]:
    text = _text(content)
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=separator)
    columns = {
        role: next((c for c in rows.fieldnames or () if c.strip().lower() in names), "")
        for role, names in _CSV_NAMES.items()
    }
    if not columns["question"] or not columns["answer"]:
        raise DataError(
            "a CSV of questions needs the columns question and answer",
            where=f"columns: {head[:200]}",
            fix="rename its columns",
        )
    for row in rows:
        question, answer = (row.get(columns[role]) or "" for role in ("question", "answer"))
        language = (row.get(columns["language"]) or "").strip().lower()[:2]
        yield Section((question.strip(),), _plain(answer), language)


def _pdf(content: bytes) -> Iterator[Section]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        for number, page in enumerate(reader.pages[:MAX_PDF_PAGES], start=1):
            yield Section((f"page {number}",), page.extract_text().strip())
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
    ) as error:
        # pypdf meets a damaged file with any of these
        raise DataError(
            f"the PDF cannot be read: {error}", fix="print it to a new PDF, or save it as text"
        ) from error


def _html(content: bytes) -> Iterator[Section]:
    for headings, text, language in html_sections(_text(content)):
        yield Section(headings, text, language)


READERS: Mapping[str, Callable[[bytes], Iterator[Section]]] = {
    ".md": _markdown,
    ".markdown": _markdown,
    ".html": _html,
    ".htm": _html,
    ".csv": _csv,
    ".pdf": _pdf,
    ".txt": _plain_text,
}
"""By the ending of a file's name."""
