"""Recorded signals from files: CSV tables, WAV, NPY. Read in portions, whatever their size.

A file becomes signals and readings in the order of time; columns of a CSV table name channels, with the unit in
brackets. Standard library and numpy only. Windows of our own format are `sources/replay.py`'s business.
"""

from __future__ import annotations

import csv
import math
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.signals.config import SignalConfig
from edge_agent.signals.feed import Feed
from kits.core.errors import DataError

SUFFIXES = (".csv", ".tsv", ".wav", ".npy")
_TIMES = ("time", "timestamp", "datetime", "date", "ts", "t", "zeit", "zeitstempel")
_ASSETS = ("asset", "machine", "maschine", "anlage")
_ROWS = 256
_READINGS = 65_536
_MAX_COLUMNS = 512
_EARLIEST_S, _LATEST_S = -2.0e9, 1.0e11
"""1906 to the year 5138: a time beyond is none, and no calendar could name it."""
_MAX_LINE = 1 << 20
_AS_THEY_ARE = "kit replay and kit predict read a historian's files as they are"
_MISSING = ("", "nan", "na", "n/a", "#n/a", "null", "none", "bad", "-")


@dataclass(frozen=True)
class Recording:
    """One file.

    Attributes:
        signals: in the order of their numbers.
        chunks: puts readings into a feed, portion by portion, and yields the time it has reached, seconds
            since 1970 (since the start given, for a file that knows no time).
    """

    signals: tuple[SignalConfig, ...]
    chunks: Callable[[Feed, float], Iterator[float]]


def open_recording(path: Path, asset: str, *, rate_hz: float = 0.0, unit: str = "") -> Recording:
    """What a file holds.

    Args:
        asset: of files that name none.
        rate_hz: of files that do not say it.

    Raises:
        DataError: no recording, or its rate is not known.
        OSError: the disk does not give it.
    """
    suffix = path.suffix.lower()
    if suffix == ".wav":
        return _open_wave(path, asset, unit or "FS")
    if suffix == ".npy":
        return _open_array(path, asset, rate_hz, unit)
    return _open_table(path, asset, rate_hz)


# -- waveforms -----------------------------------------------------------------------------------


def _open_wave(path: Path, asset: str, unit: str) -> Recording:
    try:
        with wave.open(str(path), "rb") as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
    except (wave.Error, EOFError) as error:
        raise DataError(f"not a WAV file we can read: {error}", where=str(path)) from error
    names = ["signal"] if channels == 1 else [f"signal-{n + 1}" for n in range(channels)]

    def chunks(feed: Feed, start_s: float) -> Iterator[float]:
        done = 0
        with wave.open(str(path), "rb") as file:
            while content := file.readframes(_READINGS):
                block = _samples(content, width).reshape(-1, channels)
                yield from _put_block(feed, block, start_s + done / rate)
                done += len(block)

    return Recording(_waveforms(names, asset, unit, rate), chunks)


def _samples(content: bytes, width: int) -> NDArray[np.float32]:
    """PCM of 8 (unsigned), 16, 24 or 32 bits as parts of full scale."""
    if width == 1:
        return np.frombuffer(content, np.uint8).astype(np.float32) / np.float32(128) - np.float32(1)
    if width == 3:
        raw = np.frombuffer(content, np.uint8).reshape(-1, 3).astype(np.int32)
        whole = raw[:, 0] << 8 | raw[:, 1] << 16 | raw[:, 2] << 24
        return whole.astype(np.float32) / np.float32(2.0**31)
    kind: type[np.int16] | type[np.int32] = np.int16 if width == 2 else np.int32
    whole = np.frombuffer(content, np.dtype(kind).newbyteorder("<"))
    return whole.astype(np.float32) / np.float32(2.0 ** (8 * width - 1))


def _open_array(path: Path, asset: str, rate_hz: float, unit: str) -> Recording:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"not an NPY file we can read: {error}", where=str(path)) from error
    if (
        not isinstance(found, np.ndarray)
        or found.ndim not in (1, 2)
        or found.dtype.kind not in "iuf"
        or not found.size
    ):
        raise DataError("an array of another kind than (readings, channels)", where=str(path))
    if not rate_hz:
        raise DataError("its rate is not known", where=str(path), fix="set source.rate_hz")
    table = (
        found[:, None] if found.ndim == 1 else found if len(found) >= found.shape[1] else found.T
    )
    count = table.shape[1]
    if count > _MAX_COLUMNS:
        raise DataError(f"more than {_MAX_COLUMNS} channels", where=str(path))
    names = ["signal"] if count == 1 else [f"signal-{n + 1}" for n in range(count)]

    def chunks(feed: Feed, start_s: float) -> Iterator[float]:
        for at in range(0, len(table), _READINGS):
            block = np.asarray(table[at : at + _READINGS], np.float32)
            yield from _put_block(feed, block, start_s + at / rate_hz)

    return Recording(_waveforms(names, asset, unit, rate_hz), chunks)


def _waveforms(
    names: Sequence[str], asset: str, unit: str, rate_hz: float
) -> tuple[SignalConfig, ...]:
    return tuple(SignalConfig(name=n, unit=unit, asset=asset, rate_hz=rate_hz) for n in names)


def _put_block(feed: Feed, block: NDArray[np.float32], start_s: float) -> Iterator[float]:
    rate_hz = feed.ring.config.signals[0].rate_hz
    for number in range(block.shape[1]):
        feed.put_block(number, block[:, number], start_s, at_end=False)
    yield start_s + len(block) / rate_hz


# -- tables --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Columns:
    """What the columns of a table are; None: there is no such column."""

    time: int | None
    asset: int | None
    channels: tuple[int, ...]
    names: tuple[str, ...]
    decimal_comma: bool
    delimiter: str


def _open_table(path: Path, asset: str, rate_hz: float) -> Recording:
    columns = _columns(path)
    assets, step_s = _survey(path, columns, asset)
    rate_hz = rate_hz or (round(1 / step_s, 6) if step_s else 0.0)
    if columns.time is None and not rate_hz:
        raise DataError("no column of times, and its rate is not known", where=str(path),
                        fix=f"name a column 'time', or set source.rate_hz; {_AS_THEY_ARE}")  # fmt: skip
    signals: list[SignalConfig] = []
    numbers: dict[tuple[str, int], int] = {}
    for one in assets:
        for channel in columns.channels:
            name, unit = _name_and_unit(columns.names[channel])
            numbers[one, channel] = len(signals)
            signals.append(
                SignalConfig(name=(name or unit)[:64], unit=unit[:64], asset=one, rate_hz=rate_hz)
            )

    def chunks(feed: Feed, start_s: float) -> Iterator[float]:
        at_s = start_s
        for number, row in enumerate(_rows(path, columns)):
            known = _moment(row[columns.time]) if columns.time is not None else None
            if columns.time is not None and known is None:
                feed.figures.bad += 1
                continue
            at_s = known if known is not None else start_s + number / rate_hz
            whose = _asset(row, columns, asset)
            for channel in columns.channels:
                feed.put(numbers[whose, channel], _number(row[channel], columns), at_s)
            if number % _ROWS == _ROWS - 1:
                yield at_s
        yield at_s

    return Recording(tuple(signals), chunks)


def _columns(path: Path) -> _Columns:
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        head, first = file.readline(_MAX_LINE), file.readline(_MAX_LINE)
    delimiter = max("\t;,", key=head.count)
    names = [name.strip() for name in next(csv.reader([head], delimiter=delimiter), [])]
    row = next(csv.reader([first], delimiter=delimiter), [])
    if not 1 <= len(names) <= _MAX_COLUMNS or len(row) != len(names):
        raise DataError("not a table with a line of names", where=str(path))
    lower = [name.lower() for name in names]
    time = next((lower.index(name) for name in _TIMES if name in lower), None)
    asset = next((lower.index(name) for name in _ASSETS if name in lower), None)
    decimal_comma = delimiter == ";"
    probe = _Columns(time, asset, (), tuple(names), decimal_comma, delimiter)
    channels = tuple(
        n for n, cell in enumerate(row)
        if n not in (time, asset) and not (math.isnan(_number(cell, probe)) and not _missing(cell))
    )  # fmt: skip
    if not channels:
        raise DataError("a table without a column of numbers", where=str(path))
    return _Columns(time, asset, channels, tuple(names), decimal_comma, delimiter)


def _rows(path: Path, columns: _Columns) -> Iterator[list[str]]:
    """Rows of the right length; a bad one is passed over."""
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=columns.delimiter)
        next(reader, None)
        try:
            yield from (row for row in reader if len(row) == len(columns.names))
        except csv.Error as error:
            raise DataError(f"the table cannot be read on: {error}", where=str(path)) from error


def _survey(path: Path, columns: _Columns, asset: str) -> tuple[list[str], float]:
    """The assets in a table, and the usual time from row to row of one of them."""
    assets: dict[str, float | None] = {}
    steps: list[float] = []
    for row in _rows(path, columns):
        whose = _asset(row, columns, asset)
        if len(assets) >= _MAX_COLUMNS and whose not in assets:
            raise DataError(f"more than {_MAX_COLUMNS} assets", where=str(path))
        at_s = _moment(row[columns.time]) if columns.time is not None else None
        before_s = assets.get(whose)
        if at_s is not None and before_s is not None and at_s > before_s and len(steps) < 10_000:
            steps.append(at_s - before_s)
        assets[whose] = at_s if at_s is not None else before_s
    if not assets:
        raise DataError("a table without rows", where=str(path))
    if columns.time is not None and not any(at_s is not None for at_s in assets.values()):
        name, cell = columns.names[columns.time], row[columns.time]
        raise DataError(f"the column {name[:64]!r} holds no time that is read here: {cell[:32]!r}",
                        where=str(path), fix=f"write it as 2025-03-01T14:30:00; {_AS_THEY_ARE}")  # fmt: skip
    return list(assets), float(np.median(steps)) if steps else 0.0


def _asset(row: Sequence[str], columns: _Columns, asset: str) -> str:
    return (row[columns.asset].strip()[:200] or asset) if columns.asset is not None else asset


def _missing(cell: str) -> bool:
    return cell.strip().lower() in _MISSING


def _number(cell: str, columns: _Columns) -> float:
    text = cell.strip()
    if columns.decimal_comma:
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return math.nan


def _name_and_unit(column: str) -> tuple[str, str]:
    """`Druck [bar]` → (`Druck`, `bar`)."""
    # no pattern: a line may have a million signs, and brackets were looked for from each of them
    text = column.rstrip()
    inner = text[:-1] if text.endswith((")", "]")) else ""
    after = max(inner.rfind(")"), inner.rfind("]")) + 1
    opened = min((at for sign in "([" if (at := inner.find(sign, after)) >= 0), default=-1)
    return (inner[:opened].rstrip(), inner[opened + 1 :]) if opened >= 0 else (column, "")


def _moment(cell: str) -> float | None:
    """Seconds since 1970 of an ISO time or of seconds or milliseconds; None: it is none."""
    text = cell.strip()
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        seconds = number / 1000 if number > 1e11 else number
        return seconds if _EARLIEST_S < seconds < _LATEST_S else None
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=timezone.utc)).timestamp()
