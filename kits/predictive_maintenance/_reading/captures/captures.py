"""The format `captures`: a file per waveform (WAV, Parquet, CSV, NumPy), one sample per file.

Opens files and turns columns into channels in their unit. What is known of each capture beside its
waveform is worked out in `_reading/captures/plan.py`; a row per cycle in `_reading/captures/per_cycle.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.window import Channel, Window
from kits.predictive_maintenance._reading.captures.file_lists import list_of
from kits.predictive_maintenance._reading.captures.lives import DATED_S, Capture
from kits.predictive_maintenance._reading.captures.per_cycle import find_cycles, read_cycles
from kits.predictive_maintenance._reading.captures.plan import plan
from kits.predictive_maintenance._reading.columns.names import role_of
from kits.predictive_maintenance._reading.events import find_events
from kits.predictive_maintenance._reading.files import WAVES, data_files, rate_beside, rate_in
from kits.predictive_maintenance._reading.formats.cut_lines import CUT_SHORT, say_shorter
from kits.predictive_maintenance._reading.formats.table import Column, Table
from kits.predictive_maintenance._reading.formats.tables import SUFFIXES, read_table
from kits.predictive_maintenance._reading.formats.wav import read_wav
from kits.predictive_maintenance._reading.joining.paired import aligned
from kits.predictive_maintenance._reading.notes import Notes, refused
from kits.predictive_maintenance._reading.recording import MAX_PIECE_READINGS, Recording, moment
from kits.predictive_maintenance._reading.sidecar import Sidecar, unit_of
from kits.predictive_maintenance._reading.times.times import read_times

_FIX_RATE = (
    "state rate_hz in machines.yaml, or a column rate_hz in meta.csv; also read from names: "
    "bearing_25.6kHz.csv"
)
_FIX_NO_RATE = f"{_FIX_RATE}. If they are no waveforms, but rows in time that say no time: format: table; rows that stand each for itself: format: snapshots"


def read(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Waveforms as samples.

    Raises:
        DataError: no file there, or nothing says how fast they were recorded.
    """
    if path.is_dir() and find_cycles(path):
        yield from read_cycles(path, sidecar)
        return
    files = data_files(path, {*SUFFIXES, *WAVES, ""})
    if not files:
        raise DataError(
            "no captures here", where=str(path), fix="looked for .wav .csv .parquet .npy"
        )
    notes = Notes()
    events = find_events(path, sidecar)
    if events is not None:
        notes.say("labels", f"times of faults taken from {events.source.name}")
        files = [file for file in files if file != events.source]
    listed = list_of(files, path)
    files = [file for file in files if file != listed]
    opener = _Opener(path, sidecar, notes)
    rows: dict[str, int] = {}
    for capture in plan(files, path, sidecar, notes, events, listed):
        try:
            table, rate_hz = opener.open(capture)
        except DataError as error:
            yield refused(capture.name, error)
            continue
        if rate_hz is None:
            raise DataError(
                "nothing says how many readings a second these are",
                where=capture.name,
                fix=_FIX_NO_RATE,
            )
        if capture.file.suffix.lower() not in WAVES:  # the header of these says how long they are
            rows[capture.name] = table[0].values.size
        yield from _pieces(capture, table, rate_hz, sidecar)
    say_shorter(rows, notes)
    yield from notes.findings()


class _Opener:
    """Opens captures of one import; what holds for all of them is found once."""

    def __init__(self, root: Path, sidecar: Sidecar, notes: Notes) -> None:
        self._sidecar = sidecar
        self._notes = notes
        self._root = root
        self._beside: tuple[float, str] | None = None
        if sidecar.rate_hz is None and root.is_dir():
            self._beside = rate_beside(root)

    def open(self, capture: Capture) -> tuple[tuple[Column, ...], float | None]:
        """Channels of a file, and their rate when something says it.

        Raises:
            DataError: the file cannot be read.
        """
        if capture.file.suffix.lower() in WAVES:
            return self._sound(capture)
        table = read_table(capture.file, sheet=self._sidecar.sheet)
        self._notes.table(table, capture.name)
        table = aligned(table, self._sidecar.time, self._notes, capture.name)
        columns, own = _channels(table, self._sidecar)
        said = [c for c in columns if role_of(c.name) == "label" and np.ptp(c.values) == 0]
        if said:
            columns = tuple(c for c in columns if all(c is not one for one in said))
            text = "a label that holds for all of a capture is no channel, and not read"
            self._notes.warn("labels", text, f"{capture.name}: {said[0].name}",
                             "write it into meta.csv, with the columns file and label")  # fmt: skip
        if not columns:
            raise DataError(
                "no column of readings",
                where=capture.name,
                fix="export at least one column of numbers",
            )
        return columns, self._rate(capture, own)

    def _sound(self, capture: Capture) -> tuple[tuple[Column, ...], float]:
        sound = read_wav(capture.file)
        if sound.share < 1:
            said = f"{capture.name}: {int(100 * sound.share)} % of its readings are there"
            self._notes.warn(CUT_SHORT, "a WAV file is shorter than its header says, and read to its end", said,
                             "copy it again; nothing to do if the recorder was switched off")  # fmt: skip
        several = len(sound.samples) > 1
        columns = tuple(
            Column(f"ch{i + 1}" if several else "signal", "FS", "number", row)
            for i, row in enumerate(sound.samples)
        )
        return columns, self._sidecar.rate_hz or sound.rate_hz

    def _rate(self, capture: Capture, own: float | None) -> float | None:
        """Stated, listed, from the file's own times, from names, from a text beside the data."""
        stated = self._sidecar.rate_hz or capture.rate_hz
        if stated:
            return stated
        if own:
            self._notes.say("rate", f"rate from the times in the files: {own:.6g} Hz")
            return own
        full = self._root.resolve()
        words = (
            *reversed(Path(capture.name).with_suffix("").parts),
            full.name if full.is_dir() else "",
        )
        for word in words:
            rate_hz = rate_in(word)
            if rate_hz:
                self._notes.warn(
                    "rate",
                    f"rate from the names of files or folders: {rate_hz:g} Hz",
                    word,
                    _FIX_RATE,
                )
                return rate_hz
        if self._beside is not None:
            rate_hz, source = self._beside
            self._notes.warn("rate", f"rate from the text {source}: {rate_hz:g} Hz", "", _FIX_RATE)
            return rate_hz
        return None


def _channels(table: Table, sidecar: Sidecar) -> tuple[tuple[Column, ...], float | None]:
    """Columns with readings, and the rate that a time in the file gives."""
    clock, rate_hz = _clock(table)
    numbers = [
        c
        for c in table.columns
        if c.kind == "number" and c.name not in clock and c.name not in sidecar.ignore
        and not (role_of(c.name) == "id" or not c.name)
    ]  # fmt: skip
    if not clock:
        time = next((c for c in table.columns if _is_time(c, sidecar)), None)
        times = read_times(time, sidecar.time) if time is not None else None
        if time is not None and times is not None and table.rows > 1:
            numbers = [c for c in numbers if c is not time]
            length = float(times.seconds[-1] - times.seconds[0])
            rate_hz = (table.rows - 1) / length if length > 0 else None
    return tuple(numbers), rate_hz


def _is_time(column: Column, sidecar: Sidecar) -> bool:
    if sidecar.time.column:
        return column.name == sidecar.time.column
    return column.kind == "time" or role_of(column.name) == "time"


def _clock(table: Table) -> tuple[set[str], float | None]:
    """Hour, minute, second, microsecond as the first four columns, as some loggers write."""
    first = table.columns[:4]
    if table.header or len(table.columns) < 5 or any(c.kind != "number" for c in first):
        return set(), None
    tops = (24, 60, 60, 1_000_001)
    if any(c.values.min() < 0 or c.values.max() >= top for c, top in zip(first, tops)):
        return set(), None
    if any(np.any(c.values % 1 != 0) for c in first[:3]):
        return set(), None
    hour, minute, second, micro = (c.values for c in first)
    seconds = hour * 3600 + minute * 60 + second + micro * 1e-6
    length = float(seconds[-1] - seconds[0])
    if length <= 0 or np.any(np.diff(seconds) < 0) or table.rows < 3:
        return set(), None
    return {c.name for c in first}, (table.rows - 1) / length


def _pieces(
    capture: Capture, columns: tuple[Column, ...], rate_hz: float, sidecar: Sidecar
) -> Iterator[RawSample | Finding]:
    attributes = dict(capture.attributes)
    if isinstance(sidecar.speed, float):
        attributes["speed_rpm"] = sidecar.speed
    if sidecar.mains_hz:
        attributes["mains_hz"] = sidecar.mains_hz
    rows = columns[0].values.size
    longest = max(2, MAX_PIECE_READINGS // len(columns))
    for number, start in enumerate(range(0, rows, longest)):
        end = min(rows, start + longest)
        channels = tuple(
            Channel(
                c.name,
                unit_of(c, sidecar, capture.unit),
                (c.values[start:end] * _factor(c, capture, sidecar)).astype(np.float32),
            )
            for c in columns
        )
        started = moment(capture.stamp_s) if capture.stamp_s and capture.stamp_s > DATED_S else None
        recording = Recording(
            asset=capture.asset,
            source=f"{capture.name}{f'@{number + 1}' if number else ''}",
            window=Window(channels, rate_hz, started, attributes),
            label=capture.label,
            life=capture.life,
            author="import",
            group=capture.group,
            split=capture.split,
            note="assumed normal: the data names no faults" if capture.role else "",
            meta={"position": capture.position} if capture.position is not None else {},
        )
        try:
            yield recording.sample()
        except DataError as error:
            yield refused(recording.source, error)


def _factor(column: Column, capture: Capture, sidecar: Sidecar) -> float:
    stated = sidecar.scale.get(column.name, sidecar.scale.get("*"))
    if stated is not None:
        return stated
    return capture.scale if capture.scale is not None else 1.0
