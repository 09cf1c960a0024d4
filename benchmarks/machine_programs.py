"""The same made-up machines as many programs and public data sets write them, read without a setting: what the kit finds of them.

Of each: readings that have the true value at the true time, channels that are none, machines, units, faults and remaining
life, for what the file tells of these. Files are written by what the makers say of their forms, not by real plants.

Usage: python -m benchmarks.machine_programs [NAME …] [--told] [--keep FOLDER]
NAME: part of a recorder's name; without any, all.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import header, table
from benchmarks.recorders.all_recorders import RECORDERS
from benchmarks.recorders.tracks import Floats, Track
from benchmarks.recorders.writing import Recorder
from kits.core.errors import KitwrightError
from kits.core.kit import Finding, RawSample
from kits.core.window import Channel, Window, decode_window
from kits.predictive_maintenance import data

_REFUSED = "refused"
_CLOSE = 1e-5
"""Readings travel as float32 …"""
_STEP = 1e-4
"""… and in steps of their channel's range."""


@dataclass(frozen=True)
class Found:
    """What was read of a recorder's files.

    Attributes:
        tracks: of machines, or of captures and rows.
        findings: what was told.
    """

    tracks: tuple[Track, ...]
    findings: tuple[Finding, ...]

    def wrong(self, recorder: Recorder) -> list[str]:
        """What is not as it is in truth, in words."""
        true = recorder.truth()
        if not self.tracks:
            return [_REFUSED]
        if len(self.tracks) != len(true):
            return [f"{len(self.tracks)} machines, captures or rows, {len(true)} in truth"]
        rows = recorder.pieces and not _differ(true)
        pairs = (
            zip(true, self.tracks) if rows else ((own, _likest(own, self.tracks)) for own in true)
        )
        said = [text for own, found in pairs for text in _differences(own, found, recorder)]
        return list(dict.fromkeys(said))


def look(path: Path, recorder: Recorder) -> Found:
    """Reads files as `kit data import` does, without a setting.

    Raises:
        KitwrightError: they are refused.
    """
    read = list(data.read(path, data.detect_format(path)))
    samples = [one for one in read if isinstance(one, RawSample)]
    groups: dict[str, list[RawSample]] = {}
    for sample in samples:
        key = sample.source if recorder.pieces else str(sample.meta["asset"])
        groups.setdefault(key, []).append(sample)
    findings = tuple(one for one in read if isinstance(one, Finding))
    return Found(tuple(_joined(name, own) for name, own in groups.items()), findings)


def _joined(name: str, samples: Sequence[RawSample]) -> Track:
    """The readings of one machine, which were cut in time, as one track."""
    values: dict[str, list[Floats]] = {}
    seconds: dict[str, list[Floats]] = {}
    units: dict[str, str] = {}
    faults: list[str] = []
    for sample in samples:
        window = decode_window(sample.content)
        start = _start(sample, window)
        for channel in window.channels:
            values.setdefault(channel.name, []).append(channel.readings.astype(np.float64))
            seconds.setdefault(channel.name, []).append(start + _offsets(channel, window))
            units[channel.name] = channel.unit
        faults += _faults(sample, max(c.readings.size for c in window.channels))
    life = next((q.value for s in samples if s.annotation for q in s.annotation.quantities), None)
    return Track(
        name,
        {n: np.concatenate(v) for n, v in values.items()},
        {n: np.concatenate(v) for n, v in seconds.items()},
        units,
        tuple(faults),
        life,
        decode_window(samples[0].content).rate_hz,
    )


def _start(sample: RawSample, window: Window) -> float:
    if window.started_at is not None:
        return window.started_at.timestamp()
    first = int(str(sample.meta.get("first_row", 0)))
    return first / window.rate_hz if window.rate_hz else float(first)


def _offsets(channel: Channel, window: Window) -> Floats:
    return np.arange(channel.readings.size) / (channel.rate_hz or window.rate_hz or 1.0)


def _faults(sample: RawSample, rows: int) -> list[str]:
    if sample.annotation is None:
        return [""] * rows
    label = sample.annotation.label
    found = ["" if label in ("normal", "") or sample.annotation.spans else "fault"] * rows
    for span in sample.annotation.spans:
        found[span.start : span.end] = ["fault"] * (span.end - span.start)
    return found


def _differ(true: Sequence[Track]) -> bool:
    """Captures are known by their waveforms; rows stand in the order of the file."""
    return all(next(iter(own.values.values())).size > 1 for own in true)


def _likest(own: Track, found: Sequence[Track]) -> Track:
    """The track that tells most of the first channel's readings."""
    name, values = next(iter(own.values.items()))
    best, most = found[0], -1
    for one in found:
        right = _best(own, name, one)[1]
        if right > most:
            best, most = one, right
        if most == values.size:
            break
    return best


def _best(own: Track, name: str, found: Track) -> tuple[str, int]:
    """The channel that tells most of the true readings, and how many it tells."""
    best, most = "", -1
    for other, values in found.values.items():
        right = _right(own.values[name], own.seconds[name], values, found.seconds[other])
        if right > most:
            best, most = other, right
        if most == own.values[name].size:
            break
    return best, max(most, 0)


def _right(true: Floats, at: Floats, found: Floats, when: Floats) -> int:
    """How many readings have the true value at the true time; missing ones are right where none is found."""
    present = np.isfinite(found)
    near = _nearest(at, when[present])
    step = float(np.median(np.diff(at))) if at.size > 1 else 1.0
    if not present.any():
        return int(np.isnan(true).sum())
    there = np.abs(when[present][near] - at) < 0.2 * step + 1e-6
    same = np.isclose(
        found[present][near],
        true,
        rtol=_CLOSE,
        atol=_STEP * float(np.nanmax(true) - np.nanmin(true)),
    )
    return int(np.sum(np.where(np.isnan(true), ~there, there & same)))


def _nearest(at: Floats, when: Floats) -> NDArray[np.intp]:
    if not when.size:
        return np.zeros(at.size, np.intp)
    order = np.argsort(when, kind="stable")
    right = np.clip(np.searchsorted(when[order], at), 1, max(1, when.size - 1))
    if when.size == 1:
        return np.zeros(at.size, np.intp)
    left = right - 1
    closer = np.abs(when[order][left] - at) <= np.abs(when[order][right] - at)
    nearest: NDArray[np.intp] = order[np.where(closer, left, right)]
    return nearest


def _differences(own: Track, found: Track, recorder: Recorder) -> Iterable[str]:
    best = {name: _best(own, name, found) for name in own.values}
    for name, (channel, right) in best.items():
        size = own.values[name].size
        extra = (
            int(np.isfinite(found.values[channel]).sum() - np.isfinite(own.values[name]).sum())
            if channel
            else 0
        )
        if right != size or extra:
            yield f"{name}: {right / size:.0%} of the readings right{f', {extra} too many' if extra > 0 else ''}"
        unit = own.units.get(name, "")
        if unit and channel and found.units[channel] != unit:
            yield f"{name} in {found.units[channel] or 'no unit'}, {unit} in truth"
    known = {channel for channel, _ in best.values()} | recorder.besides
    if besides := sorted(set(found.values) - known):
        yield f"no channels: {', '.join(besides)}"
    if own.name and own.name not in found.name:
        yield f"a machine called {found.name}"
    if own.faults is not None and found.faults != own.faults:
        yield f"faults at {_count(found.faults)} readings, {_count(own.faults)} in truth"
    if own.life is not None and found.life != own.life:
        yield "another remaining life"
    if own.rate_hz is not None and abs((found.rate_hz or 0) / own.rate_hz - 1) > 1e-3:
        yield f"{found.rate_hz:g} Hz, {own.rate_hz:g} in truth"


def _count(faults: tuple[str, ...] | None) -> int:
    return sum(bool(fault) for fault in faults or ())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME", help="part of a recorder's name")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the files")
    parser.add_argument("--told", action="store_true", help="print what the import tells of each")
    options = parser.parse_args()
    wanted = [
        r
        for r in RECORDERS
        if not options.names or any(n.lower() in r.name.lower() for n in options.names)
    ]
    print(header(f"Machines: {len(wanted)} recorders' files"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        lines = [_row(r, folder, options.told) for r in wanted]
    print(table(("recorder", "not as in truth"), lines))
    right, refused, rest = map(len, _sorted([line[1] for line in lines]))
    print(f"\n{right} of {len(lines)} as in truth, {refused} refused, {rest} read otherwise")


def _sorted(said: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """What is as in truth, what is refused, and what is read as something else."""
    refused = [text for text in said if text.startswith(_REFUSED)]
    return [t for t in said if not t], refused, [t for t in said if t and t not in refused]


def _row(recorder: Recorder, folder: Path, told: bool) -> list[str]:
    try:
        found = look(recorder.write(folder), recorder)
    except KitwrightError as error:
        expected = recorder.refusal and recorder.refusal in error.what
        return [recorder.name, "" if expected else f"{_REFUSED}: {error}"]
    if told:
        lines = [" | ".join((f"{f.check}: {f.text}", *f.evidence)) for f in found.findings]
        print(f"\n== {recorder.name}\n" + "\n".join(lines))
    return [recorder.name, "; ".join(found.wrong(recorder))]


if __name__ == "__main__":
    main()
