"""TDMS of National Instruments (LabVIEW, DAQExpress, FlexLogger) → a table.

A waveform says when it began and how fast it was taken: channels of one beginning and one rate stand after a column of their
times. Channels of several become as many blocks, as long as the longest.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from kits.core.errors import DataError, MachineError
from kits.core.kit import Finding
from kits.predictive_maintenance._reading.columns.names import is_unit, role_of, split_unit
from kits.predictive_maintenance._reading.formats.table import Column, Floats, Table, told_apart

SUFFIXES: Final = frozenset({".tdms"})
_FAST_HZ: Final = 100.0
"""From here on times count from the first reading: seconds since 1970 are too coarse for a waveform."""
_AGAIN: Final = "copy or save it again, or export a CSV"
_DAMAGE: Final = (
    OSError, ValueError, KeyError, IndexError, AttributeError, TypeError, EOFError, ArithmeticError, NotImplementedError,
    MemoryError, struct.error,
)  # fmt: skip
"""What the library makes of files that are none, or cut."""


@dataclass
class _Block:
    """Channels that were taken together.

    Attributes:
        step_s: from a reading to the next; 0: nothing says it.
        start_s: of the first reading, since 1970; None: nothing says it.
    """

    length: int
    step_s: float
    start_s: float | None
    channels: list[Any] = field(default_factory=list)

    @property
    def has_times(self) -> bool:
        """Whether something tells when its readings were taken."""
        return self.step_s > 0 or any(map(_is_time, self.channels))


def read_tdms(path: Path, most_cells: int, max_rows: int | None) -> Table:
    """Reads one file.

    Args:
        most_cells: readings of all channels.
        max_rows: only the first rows.

    Raises:
        DataError: damaged, too large, or without a channel with readings.
        MachineError: the library is missing.
    """
    try:
        from nptdms import TdmsFile
    except ImportError as error:
        raise MachineError("TDMS files need npTDMS", fix="pip install npTDMS") from error
    try:
        with _without_words() as said, TdmsFile.open(path) as file:
            channels = [one for group in file.groups() for one in group.channels() if len(one)]
            _refuse(channels, path, most_cells)
            table = _table(channels, max_rows)
    except _DAMAGE as error:
        line = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataError(
            f"a TDMS file that cannot be read: {line}", where=path.name, fix=_AGAIN
        ) from error
    if said:
        cut = Finding("table", "warn", "a file that is not whole: read as far as it goes")
        table = replace(table, findings=(*table.findings, cut))
    return table


@contextmanager
def _without_words() -> Iterator[list[str]]:
    """What the library would write on the screen by itself."""
    from nptdms.log import log_manager

    said: list[str] = []

    def take(record: logging.LogRecord) -> bool:
        said.append(record.getMessage())
        return False

    log_manager.console_handler.addFilter(take)
    try:
        yield said
    finally:
        log_manager.console_handler.removeFilter(take)


def _refuse(channels: Sequence[Any], path: Path, most_cells: int) -> None:
    readings = sum(len(one) for one in channels)
    if not any(_is_number(one) for one in channels):
        raise DataError(
            "no channel with readings in it",
            where=path.name,
            fix="save the channels themselves, not their properties alone",
        )
    # nothing is packed: each takes a byte and more
    if readings > 8 * path.stat().st_size:
        text = (
            f"a TDMS file that cannot be read: {readings:,} readings are more than it has room for"
        )
        raise DataError(text, where=path.name, fix=_AGAIN)
    if readings > most_cells:
        text = f"{readings:,} readings are more than {most_cells:,}"
        raise DataError(text, where=path.name, fix="cut the file")


def _table(channels: Sequence[Any], max_rows: int | None) -> Table:
    blocks = _blocks(channels)
    timed = [block for block in blocks if block.has_times]
    taken = timed or [max(blocks, key=lambda block: block.length * len(block.channels))]
    left = [one for block in blocks if block not in taken for one in block.channels]
    left += [one for block in taken for one in block.channels if not _is_readable(one)]
    starts = [block.start_s for block in taken if block.start_s is not None]
    rows = max(min(block.length, max_rows or block.length) for block in taken)
    columns = [
        _padded(column, rows)
        for block in taken
        for column in _columns(block, channels, min(starts, default=0.0), max_rows)
    ]
    return Table(told_apart(tuple(columns)), findings=_left_out(left))


def _blocks(channels: Sequence[Any]) -> list[_Block]:
    """Channels by beginning, rate and length; one that says neither goes with those of its length, if these are one block."""
    found: dict[tuple[int, float, float | None], _Block] = {}
    for one in channels:
        key = (len(one), *_waveform(one))
        found.setdefault(key, _Block(*key)).channels.append(one)
    for length in {len(one) for one in channels}:
        loose = found.get((length, 0.0, None))
        timed = [b for b in found.values() if b.length == length and b is not loose]
        if loose is not None and len(timed) == 1:
            timed[0].channels += loose.channels
            del found[length, 0.0, None]
    return list(found.values())


def _waveform(channel: Any) -> tuple[float, float | None]:
    """Seconds from a reading to the next, and when the first was taken."""
    told = channel.properties
    step, start = told.get("wf_increment"), told.get("wf_start_time")
    if not isinstance(step, float) or not np.isfinite(step) or step <= 0 or not _is_number(channel):
        return 0.0, None
    if not isinstance(start, np.datetime64) or start < np.datetime64("1970-01-01"):
        return step, None  # LabVIEW's zero is 1904
    offset = told.get("wf_start_offset", 0.0)
    seconds = float(start.astype("datetime64[us]").astype(np.int64)) / 1e6
    return step, seconds + (float(offset) if isinstance(offset, float | int) else 0.0)


def _columns(
    block: _Block, channels: Sequence[Any], first_s: float, max_rows: int | None
) -> Iterator[Column]:
    """Channels of a block, after their times."""
    rows = min(block.length, max_rows or block.length)
    times = [one for one in block.channels if _is_time(one)]
    if block.step_s > 0 and not times:
        start = block.start_s
        counted = start is None or block.step_s <= 1 / _FAST_HZ
        seconds = np.arange(rows) * block.step_s + (
            (start or first_s) - (first_s if counted else 0)
        )
        yield Column("time", "s" if counted else "", "number" if counted else "time", seconds)
    names = [one.name for one in channels]
    for one in [*times, *(c for c in block.channels if not _is_time(c) and _is_readable(c))]:
        name = one.name if names.count(one.name) == 1 else f"{one.group_name}/{one.name}"
        yield _column(name, one, rows)


def _column(header: str, channel: Any, rows: int) -> Column:
    name, unit = split_unit(header)
    values = np.asarray(channel[:rows])
    if values.dtype.kind == "M":
        micros = values.astype("datetime64[us]")
        seconds = np.where(np.isnat(micros), np.nan, micros.astype(np.int64) / 1e6)
        return Column(name, "", "time", seconds)
    if values.dtype.kind in "fiub":
        with np.errstate(invalid="ignore"):  # signals of what is no number
            return Column(name, _unit(channel) or unit, "number", values.astype(np.float64))
    texts = np.array([str(one).strip() for one in values], dtype=object)
    return Column(name, "", "text", texts)


def _unit(channel: Any) -> str:
    told = (channel.properties.get(name) for name in ("unit_string", "NI_UnitDescription"))
    return next((word for one in told if is_unit(word := str(one or "").strip())), "")


def _padded(column: Column, rows: int) -> Column:
    """As long as the longest: nothing behind its end."""
    values = column.values
    short = rows - values.size
    if not short:
        return column
    nothing: Floats = np.full(short, np.nan)
    ends = np.array([""] * short, dtype=object) if column.kind == "text" else nothing
    return Column(column.name, column.unit, column.kind, np.concatenate([values, ends]))


def _left_out(channels: Sequence[Any]) -> tuple[Finding, ...]:
    if not channels:
        return ()
    paths = tuple(f"{one.group_name}/{one.name}" for one in channels)
    text = "channels left out: nothing says when they were taken, or they hold neither numbers nor texts"
    return (Finding("columns-left-out", "warn", text, paths),)


def _is_number(channel: Any) -> bool:
    return channel.dtype is not None and channel.dtype.kind in "fiub"


def _is_readable(channel: Any) -> bool:
    return channel.dtype is not None and channel.dtype.kind in "fiubMOUS"


def _is_time(channel: Any) -> bool:
    if channel.dtype is not None and channel.dtype.kind == "M":
        return True
    return _is_readable(channel) and role_of(channel.name) == "time"
