"""Binary files of measuring programs: TDMS, HDF5 and Matlab from 7.3 on."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.recorders.captures import CWRU, cwru_truth, track, wave
from benchmarks.recorders.made import UNITS, Reading
from benchmarks.recorders.tracks import Floats, Track
from benchmarks.recorders.writing import Files, Recorder, Told, recorded

_TOLD: Final = Told(units=True)
_BENCH: Final = {f"{fault}/{n}": level for n in range(3) for fault, level in (("normal", 0.1), ("unbalance", 0.6))}  # fmt: skip
_RATE_HZ: Final = 25_600


def _values(made: Sequence[Reading], channel: str) -> Floats:
    return np.array([np.nan if (v := r.value(channel)) is None else v for r in made])


def _mat73(variables: Mapping[str, Floats | float]) -> bytes:
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w", userblock_size=512) as file:
        for name, value in variables.items():
            kept = file.create_dataset(name, data=np.atleast_2d(value))
            kept.attrs["MATLAB_class"] = np.bytes_("double")
        note = np.array([[ord(sign)] for sign in "bench 4"], np.uint16)
        file.create_dataset("note", data=note).attrs["MATLAB_class"] = np.bytes_("char")
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .".ljust(124) + b"\x00\x02IM"
    return head + out.getvalue()[len(head) :]


def _matlab() -> Files:
    """As large ones of CWRU would be: two sensors, the rate and the speed in each."""
    return {
        f"{label}/rec{n}.mat": _mat73(
            {"DE": wave(f"de{n}", 0.5, 12e3), "FE": wave(f"fe{n}", 0.3, 12e3), "Fs": 12e3, "RPM": 1_796.0}
        )
        for n, (label, _) in CWRU.items()
    }  # fmt: skip


def _tdms(*channels: tuple[str, Any, Mapping[str, Any]]) -> bytes:
    from nptdms import ChannelObject, TdmsWriter

    out = io.BytesIO()
    with TdmsWriter(out) as writer:
        writer.write_segment([ChannelObject("Log", *channel) for channel in channels])
    return out.getvalue()


def _waveforms() -> Files:
    """A measurement each; a waveform tells its beginning, its step and its unit."""
    start = np.datetime64("2025-11-03T22:00:00")
    form = {"wf_increment": 1 / _RATE_HZ, "wf_start_time": start, "unit_string": "g"}
    return {
        f"{name}.tdms": _tdms(*((axis, wave(name + axis, level, _RATE_HZ), form) for axis in "xy"))
        for name, level in _BENCH.items()
    }


def _waveforms_truth() -> list[Track]:
    return [
        track(
            {axis: wave(name + axis, level, _RATE_HZ) for axis in "xy"},
            _RATE_HZ,
            "" if name.startswith("normal") else "fault",
        )
        for name, level in _BENCH.items()
    ]


def _logged(made: Sequence[Reading]) -> bytes:
    """A log without waveforms: the times are a channel of their own."""
    times = np.array([np.datetime64(r.ms, "ms") for r in made]).astype("datetime64[us]")
    values = [(name, _values(made, name), {"unit_string": unit}) for name, unit in UNITS.items()]
    return _tdms(("Timestamp", times, {}), *values)


def _datasets(made: Sequence[Reading]) -> bytes:
    """A dataset for each channel."""
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        group = file.create_group("measurement")
        group.create_dataset("time", data=[r.seconds for r in made])
        for name, unit in UNITS.items():
            kept = group.create_dataset(name, data=_values(made, name), compression="gzip")
            kept.attrs["units"] = unit
        file.create_dataset("firmware", data=np.array([1.0, 4.0, 2.0]))
    return out.getvalue()


def _frame(made: Sequence[Reading]) -> bytes:
    """As `to_hdf` of pandas keeps a frame with an index of times in UTC."""
    import h5py

    out, names = io.BytesIO(), [name.encode() for name in UNITS]
    with h5py.File(out, "w") as file:
        frame = file.create_group("df")
        frame.create_dataset("axis0", data=names)
        index = frame.create_dataset("axis1", data=np.array([r.ms * 10**6 for r in made]))
        index.attrs["kind"], index.attrs["tz"] = np.bytes_("datetime64"), np.bytes_("UTC")
        frame.create_dataset("block0_items", data=names)
        matrix = np.stack([_values(made, name) for name in UNITS], axis=1)
        frame.create_dataset("block0_values", data=matrix)
    return out.getvalue()


RECORDERS: Final[tuple[Recorder, ...]] = (
    Recorder("Matlab 7.3", _matlab, cwru_truth, frozenset({"RPM"}), pieces=True),
    Recorder("National Instruments, TDMS of waveforms", _waveforms, _waveforms_truth, pieces=True),
    recorded("National Instruments, TDMS of a log", "log.tdms", _logged, _TOLD),
    recorded("HDF5, a dataset for each channel", "log.h5", _datasets, _TOLD),
    recorded("pandas, HDF5", "frame.h5", _frame),
)
