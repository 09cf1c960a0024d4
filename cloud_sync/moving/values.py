"""What SQLite has in a column, as PostgreSQL takes and gives it back in the text form of COPY.

SQLite keeps in a column whatever came; PostgreSQL keeps to its type. Each kind of column has a quick way for what the
hub itself writes, which refuses all else, and a careful way, which says what it made of a value, or why it is none.
Texts are exactly those that PostgreSQL would write, so that a row that was copied can be compared with what arrived.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TypeAlias

from pydantic import JsonValue
from pydantic_core import from_json
from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Integer, LargeBinary, String
from sqlalchemy.engine import Dialect

from cloud_sync.store.types import UtcDateTime

Raw: TypeAlias = str | int | float | bytes | None
Quick: TypeAlias = Callable[[Raw], str]
Careful: TypeAlias = Callable[[Raw], tuple[str, str]]

NULL = r"\N"
MARK = "\ufffd"
"""Stands for what no text can hold: NUL, half a character, bytes that are none."""
_CONTROL = re.compile(r"[\x08-\x0d]")
_CONTROLS = str.maketrans({"\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"})  # fmt: skip
_HALVES = re.compile("[\ud800-\udfff]")
_MARKED = "bytes that are no text became U+FFFD"
_STORED = len("2026-01-02 03:04:05.678901")
_WITHOUT_EXPONENT = 1e15


class Unfit(ValueError):  # noqa: N818  (said to nobody: the value is)
    """A value that the column cannot hold."""


class DamagedText(str):
    """A text whose bytes are no UTF-8; what cannot be read is marked."""

    __slots__ = ()


def read_text(raw: bytes) -> str:
    """SQLite's text; its driver would end at the first one that is damaged."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return DamagedText(raw.decode(errors="replace"))


@dataclass(frozen=True, slots=True)
class Conversion:
    """How the values of one column are written.

    Attributes:
        quick: for what the hub writes; raises ValueError, TypeError or AttributeError for anything else.
        careful: the text, and what was changed about it, empty for nothing; raises Unfit.
    """

    name: str
    quick: Quick
    careful: Careful


def conversion(column: Column[object], dialect: Dialect) -> Conversion:
    """That of a column of the hub.

    Args:
        dialect: of PostgreSQL: some numbers are as wide as the database likes.
    """
    declared = column.type
    if isinstance(declared, Integer):
        wide = isinstance(declared.dialect_impl(dialect), BigInteger)
        quick, careful = _integers(64 if wide else 32)
    else:
        quick, careful = next(how for kind, how in _KINDS if isinstance(declared, kind))
    return Conversion(column.name, *_or_null(quick, careful, nullable=bool(column.nullable)))


def _or_null(quick: Quick, careful: Careful, *, nullable: bool) -> tuple[Quick, Careful]:
    if not nullable:
        return quick, careful
    return (
        lambda value: NULL if value is None else quick(value),
        lambda value: (NULL, "") if value is None else careful(value),
    )


def _escape(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", r"\\")
    return text.translate(_CONTROLS) if _CONTROL.search(text) else text


# -- text ----------------------------------------------------------------------------------------


def _text(value: Raw) -> str:
    if type(value) is not str or "\0" in value:
        raise ValueError
    return _escape(value)


def _careful_text(value: Raw) -> tuple[str, str]:
    if isinstance(value, bytes):
        value = DamagedText(value.decode(errors="replace"))
    if not isinstance(value, str):
        raise Unfit(_is_none(value, "text"))
    why = _MARKED if isinstance(value, DamagedText) else ""
    if "\0" in value:
        why = "NUL, which no text of PostgreSQL holds, became U+FFFD"
    return _escape(value.replace("\0", MARK)), why


def _document(value: Raw) -> str:
    if type(value) is not str:
        raise ValueError
    from_json(value, allow_inf_nan=False)
    if "\\u0000" in value or "\0" in value:
        raise ValueError
    return _escape(value)


def _careful_document(value: Raw) -> tuple[str, str]:
    """SQLite takes a bare number for one, whatever it is declared as."""
    if isinstance(value, bytes):
        value = DamagedText(value.decode(errors="replace"))
    try:
        read = json.loads(value if isinstance(value, str) else json.dumps(value))
    except (ValueError, RecursionError):
        raise Unfit(_is_none(value, "JSON")) from None
    changes = {_MARKED} if isinstance(value, DamagedText) else set()
    mended = _mend(read, changes)
    if not changes and type(value) is str:
        return _escape(value), ""
    return _escape(json.dumps(mended)), ", ".join(sorted(changes))


def _mend(value: JsonValue, changes: set[str]) -> JsonValue:
    if isinstance(value, str):
        mended = _HALVES.sub(MARK, value.replace("\0", MARK))
        if mended != value:
            changes.add("NUL or half a character, which PostgreSQL cannot read, became U+FFFD")
        return mended
    if isinstance(value, float) and not math.isfinite(value):
        changes.add("a number without an end became null")
        return None
    if isinstance(value, list):
        return [_mend(one, changes) for one in value]
    if isinstance(value, dict):
        return {str(_mend(key, changes)): _mend(one, changes) for key, one in value.items()}
    return value


# -- numbers -------------------------------------------------------------------------------------


def _integers(bits: int) -> tuple[Quick, Careful]:
    least, most = -(1 << bits - 1), (1 << bits - 1) - 1

    def quick(value: Raw) -> str:
        if type(value) is not int or not least <= value <= most:
            raise ValueError
        return str(value)

    def careful(value: Raw) -> tuple[str, str]:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int):
            raise Unfit(_is_none(value, "whole number"))
        if not least <= value <= most:
            raise Unfit(f"{value} is beyond {bits} bits")
        return str(value), ""

    return quick, careful


def _number(value: Raw) -> str:
    """As PostgreSQL writes it: the shortest that gives the same number again."""
    if type(value) is not float:
        raise ValueError
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    if "e" in text:
        return text
    if abs(value) < _WITHOUT_EXPONENT:
        return text.removesuffix(".0")
    digits = text.lstrip("-").removesuffix(".0").replace(".", "")
    first, rest = digits[0], digits[1:].rstrip("0")
    return f"{'-' * (value < 0)}{first}{'.' * bool(rest)}{rest}e+15"


def _careful_number(value: Raw) -> tuple[str, str]:
    if not isinstance(value, int | float):
        raise Unfit(_is_none(value, "number"))
    return _number(float(value)), ""


def _truth(value: Raw) -> str:
    if type(value) is not int or value not in (0, 1):
        raise ValueError
    return "t" if value else "f"


def _careful_truth(value: Raw) -> tuple[str, str]:
    if not isinstance(value, int | float):
        raise Unfit(_is_none(value, "yes or no"))
    return "t" if value else "f", "" if value in (0, 1) else f"{value} became true"


# -- times and bytes -----------------------------------------------------------------------------


def _time(value: Raw) -> str:
    if type(value) is not str or len(value) != _STORED or value[10] != " " or value[19] != ".":
        raise ValueError
    datetime.fromisoformat(value)
    return f"{value[:26].rstrip('0').rstrip('.')}+00"


def _careful_time(value: Raw) -> tuple[str, str]:
    if not isinstance(value, str):
        raise Unfit(_is_none(value, "time"))
    try:
        read = datetime.fromisoformat(value)
        if read.tzinfo is not None:
            read = read.astimezone(timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise Unfit(_is_none(value, "time")) from None
    return _time(read.isoformat(" ", "microseconds")), ""


def _bytes(value: Raw) -> str:
    if type(value) is not bytes:
        raise ValueError
    return rf"\\x{value.hex()}"


def _careful_bytes(value: Raw) -> tuple[str, str]:
    if isinstance(value, str):
        return rf"\\x{value.encode().hex()}", "a text became its bytes"
    if not isinstance(value, bytes):
        raise Unfit(_is_none(value, "bytes"))
    return _bytes(value), ""


def _is_none(value: Raw, kind: str) -> str:
    if value is None:
        return f"nothing, where a {kind} must be"
    return f"{value!r:.60} is no {kind}"


_KINDS: tuple[tuple[type, tuple[Quick, Careful]], ...] = (
    (UtcDateTime, (_time, _careful_time)),
    (JSON, (_document, _careful_document)),
    (Boolean, (_truth, _careful_truth)),
    (LargeBinary, (_bytes, _careful_bytes)),
    (Float, (_number, _careful_number)),  # all numbers with a point are double
    (String, (_text, _careful_text)),
)
"""Types of the hub's columns beside whole numbers."""
