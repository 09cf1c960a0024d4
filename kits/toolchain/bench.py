"""`kit bench`: how fast and how large a bundle is on this machine.

Measured in a fresh process that imports nothing but the device side, so that memory and cold
start are those of a device. Precisions that are both in the bundle are measured in turns. It
says nothing of other machines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from kits.core.errors import DataError, MachineError
from kits.core.openvino import OpenVinoSession
from kits.core.runtime import Session, SessionFactory
from kits.toolchain.providers import provider_sessions

_STAGES = ("pre", "infer", "post", "total")
_WARM_UP = 3
_PACKAGES = Path(__file__).parents[2]


@dataclass(frozen=True)
class Bench:
    """Figures of one bundle; `stages[precision][stage]` holds p50, p95, p99 in milliseconds."""

    bundle: str
    n: int
    threads: int
    providers: tuple[str, ...]
    stages: dict[str, dict[str, dict[str, float]]]
    throughput_per_s: dict[str, float]
    rss_mib: float
    cold_start_ms: float

    def as_json(self) -> dict[str, JsonValue]:
        """The answer of `kit bench --json`."""
        document: dict[str, JsonValue] = json.loads(json.dumps(self.__dict__))
        return document


def bench(
    bundle: Path,
    *,
    inputs: Sequence[Path] = (),
    seconds: float = 5.0,
    threads: int = 0,
    provider: str = "cpu",
) -> Bench:
    """Measures a bundle in a process of its own.

    Args:
        inputs: files to predict; the bundle's golden samples by default.
        seconds: how long to measure, after warming up.
        threads: 0 leaves the choice to what executes the model.
        provider: one of `providers.PROVIDERS`.

    Raises:
        UsageError: unknown provider.
        BundleError: it is no bundle, or a damaged one.
        DataError: the bundle has no golden samples and no inputs were given.
        MachineError: the provider is not here, or the measuring process failed.
    """
    from kits.core.bundle import open_file  # not above: the child's cold start counts its imports

    # what is not here or no bundle is refused before a process is started
    provider_sessions(provider)
    open_file(bundle)
    order = {
        "bundle": str(bundle.resolve()),
        "inputs": [str(path.resolve()) for path in inputs],
        "seconds": seconds,
        "threads": threads,
        "provider": provider,
    }
    command = [sys.executable, "-m", "kits.toolchain.bench", json.dumps(order)]
    # in the folder of our own packages: a module in the one that somebody is in is none of ours
    done = subprocess.run(  # noqa: S603  our own module in our own interpreter
        command, capture_output=True, text=True, timeout=seconds + 300, check=False, cwd=_PACKAGES
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode == 3:
        raise DataError(lines[-1], where=str(bundle), fix="kit bench --input FOLDER")
    if done.returncode != 0 or not lines:
        tail = done.stderr.strip().splitlines()[-1:] or ["no output"]
        raise MachineError(f"the measuring process failed: {tail[0]}", where=str(bundle))
    return _result(json.loads(lines[-1]))


def _result(value: dict[str, JsonValue]) -> Bench:
    fields = {**value, "providers": tuple(value["providers"])}  # type: ignore[arg-type]  # made by _measure below
    return Bench(**fields)  # type: ignore[arg-type]


def _measure(
    bundle: Path, inputs: Sequence[Path], seconds: float, threads: int, provider: str
) -> Bench:
    """Runs in the fresh process."""
    began = time.perf_counter()
    from kits.core.bundle import open_file
    from kits.core.ready import make_ready

    sessions: list[Session] = []

    opened = open_file(bundle)

    def collecting(name: str) -> SessionFactory:
        make = provider_sessions(name, threads, full_precision=opened.full_precision)

        def factory(model: bytes) -> Session:
            sessions.append(make(model))
            return sessions[-1]

        return factory

    samples = [(opened.files[g.path], g.media_type) for g in opened.golden.samples]
    if inputs:
        from kits.toolchain.predict import media_type_of

        samples = [(path.read_bytes(), media_type_of(path)) for path in inputs]
    if not samples:
        raise DataError(
            "the bundle has no golden samples to measure with", fix="compile it anew: kit compile"
        )
    target = "cpu" if provider == "cpu" else "openvino"
    chosen = make_ready(opened, sessions=collecting(provider), target=target)
    chosen.predict_bytes(*samples[0])
    cold_ms = (time.perf_counter() - began) * 1000
    rss = _rss_mib()
    providers = tuple(dict.fromkeys(session.provider for session in sessions))
    first = _precision(opened.manifest.artefacts, target)
    computed = [s.precision for s in sessions if isinstance(s, OpenVinoSession)]
    runtimes = {computed[0] if computed else first: chosen.runtime}
    if "fp32" not in runtimes:
        # asking for a target that no artefact was made for gives those for any machine: FP32
        full = collecting("cpu" if provider == "cpu" else "openvino-fp32")
        runtimes["fp32"] = make_ready(opened, sessions=full, target="any").runtime
    payloads = [chosen.runtime.decode(content, media) for content, media in samples]
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in runtimes}
    deadline = time.perf_counter() + seconds
    turn = 0
    while turn < _WARM_UP + 1 or time.perf_counter() < deadline:
        payload = payloads[turn % len(payloads)]
        for name, runtime in runtimes.items():
            _, times = runtime.predict_timed(payload)
            if turn >= _WARM_UP:
                taken[name].append((times.pre_ms, times.infer_ms, times.post_ms))
        turn += 1
    stages = {name: _quantiles(rows) for name, rows in taken.items()}
    per_s = {name: 1000.0 / float(np.mean(np.sum(rows, axis=1))) for name, rows in taken.items()}
    n = turn - _WARM_UP
    return Bench(opened.id, n, threads, providers, stages, per_s, rss, cold_ms)


def _precision(artefacts: Sequence[object], target: str) -> str:
    made_for = [a for a in artefacts if getattr(a, "target", "") == target]
    return str(getattr(made_for[0], "precision", "fp32")) if made_for else "fp32"


def _quantiles(rows: Sequence[tuple[float, float, float]]) -> dict[str, dict[str, float]]:
    table = np.asarray(rows)
    columns = [table[:, 0], table[:, 1], table[:, 2], table.sum(axis=1)]
    return {
        stage: {f"p{q}": float(np.percentile(column, q)) for q in (50, 95, 99)}
        for stage, column in zip(_STAGES, columns)
    }


def _rss_mib() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def _main(order: str) -> int:
    asked = json.loads(order)
    try:
        result = _measure(
            Path(asked["bundle"]),
            [Path(path) for path in asked["inputs"]],
            asked["seconds"],
            asked["threads"],
            asked["provider"],
        )
    except DataError as error:
        sys.stdout.write(f"{error.what}\n")
        return 3
    sys.stdout.write(json.dumps(result.__dict__) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
