"""Features of vibration windows: ours beside tsfresh, catch22 and tsfel, on the same windows in one run.

`python -m benchmarks.machines_features [--rounds 7] [--json FILE]`. One thread; all variants take turns within each
round, so that a change in the machine's speed hits all of them, and what is compared is the median of the rounds'
ratios. Libraries that are not installed are left out. The sets differ in what they compute, so this is the cost of
describing a window, not of a feature. Memory is that of a week of windows, one every ten seconds, in a fresh process.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

# before numpy is loaded: its threads are counted then
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["NUMBA_NUM_THREADS"] = "1"

import numpy as np

from kits.predictive_maintenance._signals.bearings import lookup
from kits.predictive_maintenance._signals.features import FeatureSpec, extract, names
from kits.predictive_maintenance._signals.spectrum import Floats

SAMPLES, RATE_HZ, SPEED_HZ = 4096, 25_600.0, 29.5
OURS = "ours"
SPEC = FeatureSpec(unit="g", rate_hz=RATE_HZ, bearings={"de": lookup("6205").orders})
WEEK_WINDOWS = 7 * 24 * 360
AT_ONCE = 64

WEEK = """
import numpy as np
from benchmarks.machines_features import AT_ONCE, RATE_HZ, SAMPLES, SPEC, SPEED_HZ, WEEK_WINDOWS
from kits.predictive_maintenance._signals.features import extract
def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
rng = np.random.default_rng(0)
windows = rng.standard_normal((AT_ONCE, SAMPLES)).astype(np.float32)
sizes = []
for number in range(WEEK_WINDOWS // AT_ONCE):
    extract(np.roll(windows, number, axis=1), RATE_HZ, SPEED_HZ, SPEC)
    if number in (WEEK_WINDOWS // AT_ONCE // 100, WEEK_WINDOWS // AT_ONCE - 1):
        sizes.append(resident())
print(*sizes)
"""


@dataclass(frozen=True)
class Variant:
    """One way to describe windows; slow ones are given fewer per round."""

    windows: int
    run: Callable[[Floats], int]
    """Returns the number of figures per window."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    figures = measure(options.rounds)
    figures["week_mb"] = week()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(table(figures))


def measure(rounds: int) -> dict[str, object]:
    """Milliseconds per window and ratios to ours, of every variant that is installed."""
    rng = np.random.default_rng(0)
    time_s = np.arange(SAMPLES) / RATE_HZ
    windows = rng.standard_normal((256, SAMPLES)).astype(np.float32)
    windows += np.sin(2 * np.pi * SPEED_HZ * time_s).astype(np.float32)
    found = variants()
    counts = {name: variant.run(windows[:2]) for name, variant in found.items()}
    spent: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(rounds):
        for name, variant in found.items():
            given = windows[: variant.windows]
            started = time.perf_counter()
            variant.run(given)
            spent[name].append((time.perf_counter() - started) / len(given) * 1000)
    ours = spent[OURS]
    milliseconds = {name: statistics.median(values) for name, values in spent.items()}
    ratios = {
        name: statistics.median(a / b for a, b in zip(values, ours))
        for name, values in spent.items()
    }
    return {
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "features": counts,
        "ms_per_window": milliseconds,
        "ratio": ratios,
        "channels_per_core": SAMPLES / RATE_HZ * 1000 / milliseconds[OURS],
    }


def variants() -> dict[str, Variant]:
    """Ours, and every library that is installed."""
    found = {OURS: Variant(256, lambda w: extract(w, RATE_HZ, SPEED_HZ, SPEC).shape[1])}
    if importlib.util.find_spec("tsfresh"):
        found |= _tsfresh()
    if importlib.util.find_spec("pycatch22"):
        found["catch22"] = Variant(16, _catch22)
    if importlib.util.find_spec("tsfel"):
        found |= {
            f"tsfel {domain}": _tsfel(domain) for domain in ("temporal", "statistical", "spectral")
        }
    return found


def _tsfresh() -> Mapping[str, Variant]:
    import pandas as pd
    from tsfresh import extract_features
    from tsfresh.feature_extraction import EfficientFCParameters, MinimalFCParameters

    def run(windows: Floats, parameters: object) -> int:
        long = pd.DataFrame(
            {
                "id": np.repeat(np.arange(len(windows)), SAMPLES),
                "t": np.tile(np.arange(SAMPLES), len(windows)),
                "v": windows.ravel(),
            }
        )
        found = extract_features(
            long,
            column_id="id",
            column_sort="t",
            default_fc_parameters=parameters,
            n_jobs=0,
            disable_progressbar=True,
        )
        return int(found.shape[1])

    return {
        "tsfresh Minimal": Variant(64, lambda w: run(w, MinimalFCParameters())),
        "tsfresh Efficient": Variant(2, lambda w: run(w, EfficientFCParameters())),
    }


def _catch22(windows: Floats) -> int:
    import pycatch22

    return [len(pycatch22.catch22_all(window.tolist())["values"]) for window in windows][-1]


def _tsfel(domain: str) -> Variant:
    import pandas as pd
    import tsfel

    settings = tsfel.get_features_by_domain(domain)

    def run(windows: Floats) -> int:
        frames = [pd.DataFrame(window) for window in windows]
        found = tsfel.time_series_features_extractor(
            settings, frames, fs=RATE_HZ, verbose=0, n_jobs=None
        )
        return int(found.shape[1])

    return Variant(8, run)


def week() -> dict[str, float]:
    """Resident memory after one hundredth of a week's windows and at its end, in MB."""
    answer = subprocess.run(
        [sys.executable, "-c", WEEK], capture_output=True, text=True, check=True
    ).stdout.split()
    return {"start": float(answer[0]), "end": float(answer[1])}


def table(figures: Mapping[str, object]) -> str:
    features, spent, ratio = (figures[key] for key in ("features", "ms_per_window", "ratio"))
    assert isinstance(features, dict)
    assert isinstance(spent, dict)
    assert isinstance(ratio, dict)
    rows = [f"### Windows of {SAMPLES} readings, one thread, numpy {figures['numpy']}", ""]
    rows += ["| set | figures | ms per window | times ours |", "|---|---|---|---|"]
    for name, milliseconds in spent.items():
        rows.append(f"| {name} | {features[name]} | {milliseconds:.3f} | {ratio[name]:.1f} |")
    memory = figures["week_mb"]
    assert isinstance(memory, dict)
    rows += [
        "",
        f"{len(names(SPEC))} figures of a channel at {RATE_HZ / 1000:g} kHz: "
        f"{figures['channels_per_core']:.0f} channels per core.",
        f"A week of windows ({WEEK_WINDOWS:,}): {memory['start']:.1f} MB resident after its first "
        f"hundredth, {memory['end']:.1f} MB at its end.",
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
