"""Files of records that are no tables (JSON, MTConnect's XML, the line protocol of InfluxDB) → the text of one table.

With a tab between cells, so that it is read like any other export. Told apart by their first signs, not by the name.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.formats.json_rows import Row, names_of, rows_of
from kits.predictive_maintenance._reading.formats.text import decoded

SUFFIXES: Final = frozenset(
    {".json", ".jsonl", ".ndjson", ".xml", ".lp", ".line", ".out", ".log", ".data"}
)
MAX_BYTES: Final = 256 << 20
MAX_ROWS: Final = 20_000_000
_BREAKS = str.maketrans("\t\n\r", "   ")
_LINE = re.compile(
    r"((?:[^\\,\s]|\\.)+)((?:,(?:[^\\,=\s]|\\.)+=(?:[^\\,\s]|\\.)+)*) ((?:[^\\,=\s]|\\.)+=.+) (\d{10,19})"
)
_TAG = re.compile(r",((?:[^\\,=\s]|\\.)+)=((?:[^\\,\s]|\\.)+)")
_FIELD = re.compile(r'((?:[^\\,=\s]|\\.)+)=("(?:[^"\\]|\\.)*"|[^,]+),?')
_SAMPLE = re.compile(
    r'<(?:\w+:)?(\w+)\s([^<>]{0,4000}\btimestamp="[^"<>]*"[^<>]{0,4000})>([^<]*)</'
)
_PAIR = re.compile(r'([\w.-]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)')
_ONE = r'[\w.-]+=(?:"(?:[^"\\]|\\.)*"|[^\s"=]*)'
_PAIRS = re.compile(rf"{_ONE}(?:\s+{_ONE})+\s*")
"""`ts=2025-11-03T22:00:00Z temp=2.02`, as gateways log."""
_LIST = re.compile(r'\[\s*(?:[\[{]|(?:-?\d[\d.eE+-]*|null|"[^"\n]*")\s*,.{0,4000}\]\s*\n\s*\[)')
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_DEVICE = re.compile(r'<(?:\w+:)?DeviceStream\s[^>]*?\bname="([^"]*)"')


def text_of_records(path: Path, max_rows: int | None) -> bytes | None:
    """The records of a file as a table in UTF-8; None where it holds none, but may be a table.

    Args:
        max_rows: only the first, to find out what the file is.

    Raises:
        DataError: too large, damaged, or no records in it.
    """
    with path.open("rb") as stream:
        start, _ = decoded(stream.read(64 << 10), path.name)
    kind = _kind(start.decode(errors="replace"))
    if kind is None:
        return None
    told = path.stat()
    if told.st_size > MAX_BYTES:
        raise DataError(
            f"{told.st_size >> 20} MiB of records are more than {MAX_BYTES >> 20}",
            where=path.name,
            fix="export CSV",
        )
    text = _table(path, kind, told.st_size, told.st_mtime_ns)
    return text if max_rows is None else b"".join(islice(io.BytesIO(text), max_rows + 1))


def _kind(start: str) -> str | None:
    head = start.lstrip()
    if head[:1] == "{" or (head[:1] == "[" and bool(_LIST.match(head))):
        return "json"
    if head[:1] == "<":
        return "mtconnect" if "MTConnectStreams" in head else None
    lines = [line for line in start.splitlines()[:20] if line and not line.startswith("#")]
    whole = lines[:-1] if len(lines) > 1 else lines
    if whole and all(map(_LINE.fullmatch, whole)):
        return "lines"
    return "pairs" if whole and all(map(_PAIRS.fullmatch, whole)) else None


@lru_cache(maxsize=1)
def _table(path: Path, kind: str, size: int, changed_ns: int) -> bytes:
    """Finding out what a folder is opens a file several times; the last one stays as it was read."""
    del size, changed_ns  # another state of the file is another entry
    content, _ = decoded(path.read_bytes(), path.name)
    text = content.decode(errors="replace")
    found = {"json": _json, "mtconnect": _mtconnect, "lines": _line_protocol, "pairs": _pairs}[
        kind
    ](text, path.name)
    rows = list(islice(found, MAX_ROWS))
    if not rows:
        raise DataError(
            "no records in it",
            where=path.name,
            fix="a list of objects with a time and readings, or CSV",
        )
    return _written(rows)


def _written(rows: Sequence[Row]) -> bytes:
    names = names_of(rows)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(name.translate(_BREAKS) for name in names.values())
    for row in rows:
        writer.writerow(_cell(row.get(path)) for path in names)
    return out.getvalue().encode()


def _cell(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).translate(_BREAKS)


def _json(text: str, where: str) -> Iterator[Row]:
    """A document, or several one after the other: a line each, or as they come."""
    decoder, at = json.JSONDecoder(), len(text) - len(text.lstrip())
    seen = False
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except RecursionError as error:
            raise DataError(
                "nested too deep", where=where, fix="export one flat object for each reading"
            ) from error
        except ValueError as error:
            raise DataError(
                f"not JSON: {error}", where=where, fix="export it again: the file may be cut off"
            ) from error
        blank = _BETWEEN.match(text, end)
        several = seen or (blank is not None and blank.end() < len(text))
        yield from rows_of(value, several=several)
        seen = True
        at = blank.end() if blank is not None else end


def _line_protocol(text: str, where: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise DataError(
                "no line of InfluxDB's protocol",
                where=f"{where}, line {number}",
                fix="correct or delete the line: measurement,tag=value field=number time",
            )
        tags: Row = {(_unescaped(m[1]),): _unescaped(m[2]) for m in _TAG.finditer(match[2])}
        fields: Row = {(_unescaped(m[1]),): _field(m[2]) for m in _FIELD.finditer(match[3])}
        yield {("measurement",): _unescaped(match[1]), **tags, **fields, ("time",): match[4]}


def _pairs(text: str, where: str) -> Iterator[Row]:
    """Lines of names and values."""
    del where
    for line in text.splitlines():
        found: Row = {(m[1],): _field(m[2]) for m in _PAIR.finditer(line)}
        if found:
            yield found


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _field(text: str) -> str:
    """`12i` and `12u` are whole numbers, `t` and `F` are yes and no, texts stand in quotes."""
    if text.startswith('"'):
        return _unescaped(text[1:-1])
    return text[:-1] if re.fullmatch(r"-?\d+[iu]", text) else text


def _mtconnect(text: str, where: str) -> Iterator[Row]:
    """Samples, events and conditions of an agent's answer, device by device."""
    del where
    devices = [(m.start(), m[1]) for m in _DEVICE.finditer(text)]
    for match in _SAMPLE.finditer(text):
        told = dict(_ATTRIBUTE.findall(match[2]))
        device = next((name for start, name in reversed(devices) if start < match.start()), "")
        yield {
            ("device",): device,
            ("time",): told["timestamp"],
            ("item",): told.get("name") or told.get("dataItemId", match[1]),
            ("value",): match[3].strip(),
        }
