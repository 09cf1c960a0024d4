"""A waveform per file, as test rigs for bearings and gears and microphones leave them."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Final

import numpy as np

from benchmarks.recorders.tracks import Floats, Track
from benchmarks.recorders.writing import Files, Recorder, dumps

_LENGTH: Final = 600
_CLASSES: Final[Mapping[str, float]] = {"normal": 0.1, "inner race": 0.8, "ball": 0.4}


def wave(seed: str, level: float, rate_hz: float) -> Floats:
    """Noise and a tone, rounded as text would be."""
    draw = np.random.default_rng(abs(hash_of(seed)))
    at = np.arange(_LENGTH) / rate_hz
    return np.round(
        level * np.sin(2 * np.pi * rate_hz / 23 * at) + draw.normal(0, 0.05, _LENGTH), 5
    )


def hash_of(text: str) -> int:
    """The same in each process, unlike `hash`."""
    return int.from_bytes(text.encode()[-6:], "big")


def track(
    values: Mapping[str, Floats],
    rate_hz: float,
    fault: str | None = None,
    life: float | None = None,
) -> Track:
    """A capture; its readings are timed by its rate."""
    seconds = {n: np.arange(v.size) / rate_hz for n, v in values.items()}
    faults = None if fault is None else (fault,) * _LENGTH
    return Track("", values, seconds, {}, faults, life, rate_hz)


def _wav(values: Floats, rate: int) -> bytes:
    body = np.round(values * 2**14).astype("<i2").tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(body),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        rate,
        2 * rate,
        2,
        16,
        b"data",
        len(body),
    )
    return head + body


def _mat(names: Mapping[str, Floats | float]) -> bytes:
    from scipy.io import savemat

    out = io.BytesIO()
    savemat(out, {n: np.atleast_2d(v).T for n, v in names.items()}, do_compression=True)
    return out.getvalue()


CWRU: Final = {"97": ("Normal_0", ""), "105": ("IR007_0", "fault"), "118": ("B007_0", "fault")}
"""Number of a recording → its folder, and its fault."""


def _cwru() -> Files:
    """Matlab files by number: two sensors and the speed in each."""
    return {
        f"12k/{label}.mat": _mat(
            {
                f"X{int(n):03d}_DE_time": wave(f"de{n}", 0.5, 12e3),
                f"X{int(n):03d}_FE_time": wave(f"fe{n}", 0.3, 12e3),
                f"X{int(n):03d}RPM": 1_796.0,
            }
        )
        for n, (label, _) in CWRU.items()
    }


def cwru_truth() -> list[Track]:
    """What is true of them."""
    return [
        track({"DE": wave(f"de{n}", 0.5, 12e3), "FE": wave(f"fe{n}", 0.3, 12e3)}, 12e3, fault)
        for n, (_, fault) in CWRU.items()
    ]


def _ims() -> Files:
    """Names are times, without a suffix; the rate stands in a text beside them."""
    files: dict[str, str | bytes] = {"Readme.txt": "Sampling rate set at 20 kHz. Bearing data.\n"}
    start = datetime(2004, 2, 12, 10, 32, 39)  # noqa: DTZ001
    for n in range(12):
        values = np.stack([wave(f"ims{n}{c}", 0.2 + n / 20, 20e3) for c in range(4)])
        name = (start + timedelta(minutes=10 * n)).strftime("%Y.%m.%d.%H.%M.%S")
        files[f"2nd_test/{name}"] = (
            "\n".join("\t".join(f"{v:.5f}" for v in row) for row in values.T) + "\n"
        )
    return files


def _ims_truth() -> list[Track]:
    start = datetime(2004, 2, 12, 10, 32, 39, tzinfo=timezone.utc).timestamp()
    found = [
        track({f"c{c}": wave(f"ims{n}{c}", 0.2 + n / 20, 20e3) for c in range(4)}, 20e3)
        for n in range(12)
    ]
    return [
        replace(one, seconds={c: start + 600 * n + at for c, at in one.seconds.items()})
        for n, one in enumerate(found)
    ]


def _pronostia() -> Files:
    """Hour, minute, second, microsecond, two accelerations; a folder per bearing, a file each ten seconds."""
    files = {}
    for bearing in ("Learning_set/Bearing1_1", "Learning_set/Bearing1_2"):
        for n in range(12):
            a, b = (wave(f"{bearing}{n}{c}", 0.2 + n / 20, 25_600) for c in "hv")
            lines = [
                f"9,{39 + (n * 10) // 60},{(n * 10) % 60},{i * 1e6 / 25_600:.1f},{x},{y}"
                for i, (x, y) in enumerate(zip(a, b))
            ]
            files[f"{bearing}/acc_{n + 1:05d}.csv"] = "\n".join(lines) + "\n"
    return files


def _pronostia_truth() -> list[Track]:
    return [
        track({c: wave(f"{bearing}{n}{c}", 0.2 + n / 20, 25_600) for c in "hv"}, 25_600, life=float(11 - n))
        for bearing in ("Learning_set/Bearing1_1", "Learning_set/Bearing1_2") for n in range(12)
    ]  # fmt: skip


def _xjtu() -> Files:
    """Names of two columns in each file; the rate stands in the folder's name."""
    files = {}
    for bearing in ("35Hz12kN/Bearing1_1", "35Hz12kN/Bearing1_2"):
        for n in range(12):
            a, b = (wave(f"{bearing}{n}{c}", 0.2 + n / 20, 25_600) for c in "hv")
            files[f"{bearing}/{n + 1}.csv"] = (
                "Horizontal_vibration_signals,Vertical_vibration_signals\n"
                + "".join(f"{x},{y}\n" for x, y in zip(a, b))
            )
    files["ReadMe.txt"] = "The sampling frequency is 25.6 kHz.\n"
    return files


def _xjtu_truth() -> list[Track]:
    return [
        track({c: wave(f"{bearing}{n}{c}", 0.2 + n / 20, 25_600) for c in "hv"}, 25_600, life=float(11 - n))
        for bearing in ("35Hz12kN/Bearing1_1", "35Hz12kN/Bearing1_2") for n in range(12)
    ]  # fmt: skip


def _sounds() -> Files:
    return {
        f"fan/id_0{n % 2}/{'abnormal' if n % 3 == 0 else 'normal'}/{n:08d}.wav": _wav(
            wave(f"wav{n}", 0.5, 16e3), 16_000
        )
        for n in range(12)
    }


def _sounds_truth() -> list[Track]:
    return [
        track(
            {"signal": np.round(wave(f"wav{n}", 0.5, 16e3) * 2**14) / 2**15},
            16e3,
            "fault" if n % 3 == 0 else "",
        )
        for n in range(12)
    ]


def _mafaulda() -> Files:
    """Folders of conditions; eight columns, no header; files named by the speed."""
    return {
        f"{label}/{speed}.csv": "\n".join(",".join(str(v) for v in row) for row in np.stack([wave(f"{label}{speed}{c}", level, 50e3) for c in range(8)]).T) + "\n"
        for label, level in (("normal", 0.1), ("imbalance/6g", 0.4), ("horizontal-misalignment/1.0mm", 0.6)) for speed in ("12.288", "13.1072")
    } | {"readme.md": "Sampling: 50 kHz\n"}  # fmt: skip


def _mafaulda_truth() -> list[Track]:
    return [
        track({f"c{c}": wave(f"{label}{speed}{c}", level, 50e3) for c in range(8)}, 50e3, "" if label == "normal" else "fault")
        for label, level in (("normal", 0.1), ("imbalance/6g", 0.4), ("horizontal-misalignment/1.0mm", 0.6)) for speed in ("12.288", "13.1072")
    ]  # fmt: skip


def _gearbox() -> Files:
    """SpectraQuest's gearbox at Kaggle: healthy and broken, by load."""
    return {
        f"{kind}30hz{load}.csv": "a1,a2,a3,a4\n" + "".join(",".join(str(v) for v in row) + "\n" for row in np.stack([wave(f"{kind}{load}{c}", 0.4, 30.0) for c in range(4)]).T)
        for kind in ("h", "b") for load in (0, 50)
    }  # fmt: skip


def _listed() -> Files:
    """A list of captures beside them, as labs keep it."""
    names = list(_CLASSES)
    files: dict[str, str | bytes] = {
        f"waves/rec{n:02d}.csv": "acc [g]\n"
        + "".join(f"{v}\n" for v in wave(f"l{n}", _CLASSES[names[n % 3]], 10e3))
        for n in range(6)
    }
    return files | {
        "meta.json": dumps(
            [
                {"file": f"rec{n:02d}.csv", "label": names[n % 3], "rate_hz": 10_000, "rpm": 1_500}
                for n in range(6)
            ]
        )
    }


def _listed_truth() -> list[Track]:
    return [
        track(
            {"acc": wave(f"l{n}", list(_CLASSES.values())[n % 3], 10e3)},
            10e3,
            "fault" if n % 3 else "",
        )
        for n in range(6)
    ]


RECORDERS: Final[tuple[Recorder, ...]] = (
    Recorder("CWRU, Matlab files", _cwru, cwru_truth, frozenset({"RPM"}), pieces=True),
    Recorder("IMS bearings", _ims, _ims_truth, pieces=True),
    Recorder("PRONOSTIA", _pronostia, _pronostia_truth, pieces=True),
    Recorder("XJTU-SY", _xjtu, _xjtu_truth, pieces=True),
    Recorder("MIMII, sounds by machine and condition", _sounds, _sounds_truth, pieces=True),
    Recorder("MaFaulDa", _mafaulda, _mafaulda_truth, pieces=True),
    Recorder(
        "SpectraQuest gearbox",
        _gearbox,
        list,
        pieces=True,
        refusal="nothing says how many readings a second",
    ),
    Recorder("Captures with a list of them", _listed, _listed_truth, pieces=True),
)
