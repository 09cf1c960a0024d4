"""The machine kit on a device: from a window's bytes to its score, and the memory of an agent that does it all day.

`python -m benchmarks.machines_device [--windows 1200] [--only NAME] [--set model.envelope_bands=kurtogram]`. Four
bundles, trained on synthetic machines by the commands a user types (speed and memory do not depend on whose readings they
are): vibration with bearings at a steady speed and at one that changes, a table, remaining life. An `edge-agent` then
replays the windows without a hub, and its resident memory is read from the kernel.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from benchmarks.machines_run import Run, header, new_project, table, train, workplace
from kits.core.annotation import Annotation, annotation_to_json
from kits.core.prediction import Quantity
from kits.core.sample import utc_now
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from kits.predictive_maintenance._simulated.machines import pump_history, run_to_failure
from kits.toolchain.demo.programs import Programs

RATE_HZ, READINGS, CHANNELS, SPEED_RPM = 25_600.0, 4096, 4, 1770.0
DRIVE_READINGS = 8
"""Of the speed, in a window: 50 a second."""
ROWS = 60
PER_SECOND = 20.0
TIMED, ROUNDS = 50, 8
COLUMNS = (
    "window", "kB", "CPU ms", "p50 ms", "p99 ms", "agent MB, settled", "at the end", "peak"
)  # fmt: skip
SETTLED = 0.5
"""Share of an agent's windows after which its memory is read for the first time."""


@dataclass(frozen=True)
class Given:
    """One window to learn from.

    Attributes:
        part: `train` or `val`.
        life: cycles left at its end, or None.
    """

    window: Window
    part: str
    group: str
    life: float | None = None


@dataclass(frozen=True)
class Case:
    """What is measured: how to learn, and windows as a device gets them."""

    learn: Callable[[np.random.Generator], Iterator[Given]]
    seen: Callable[[np.random.Generator], list[Window]]
    settings: tuple[str, ...] = ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--windows", type=int, default=1200, help="that each agent is given, 20 a second"
    )
    parser.add_argument("--set", action="append", default=[], help="a key of kit.yaml, in all")
    parser.add_argument("--only", default="", help="part of a row's name: no other is measured")
    options = parser.parse_args()
    print(header("Machines on the device"))
    print(table(COLUMNS, []), end="")
    for name, case in CASES.items():
        if options.only not in name:
            continue
        with workplace(Path()) as (root, _):
            _write(case.learn(np.random.default_rng(0)), root / "data")
            run = train(new_project(root, root / "data"), (*case.settings, *options.set))
            contents = [encode_window(w) for w in case.seen(np.random.default_rng(1))]
            times = timed(run, contents)
            memory = resident(run, contents, root / "device", options.windows)
        print(_row(name, len(contents[0]), times, memory), flush=True)


def _row(name: str, size: int, times: Times, memory: tuple[float, float, float]) -> str:
    p50, p99 = np.quantile(times.wall_ms, [0.5, 0.99])
    figures = [f"{size / 1000:.1f}", f"{times.cpu_ms:.2f}", f"{p50:.2f}", f"{p99:.2f}"]
    return f"| {' | '.join([name, *figures, *(f'{mb:.0f}' for mb in memory)])} |"


def _shaking(rng: np.random.Generator) -> Window:
    channels = tuple(
        Channel(f"a{i}", "g", rng.standard_normal(READINGS).astype(np.float32))
        for i in range(CHANNELS)
    )
    return Window(channels, RATE_HZ, utc_now(), {"asset": "motor", "speed_rpm": SPEED_RPM})


def _running_up(rng: np.random.Generator) -> Window:
    """The same while the speed rises or falls by up to a tenth, with what a drive says of it."""
    window = _shaking(rng)
    course = SPEED_RPM * np.linspace(1, rng.uniform(0.9, 1.1), DRIVE_READINGS)
    rate_hz = DRIVE_READINGS * RATE_HZ / READINGS
    speed = Channel("speed", "rpm", course.astype(np.float32), rate_hz)
    return replace(window, channels=(*window.channels, speed))


def _vibration(
    made: Callable[[np.random.Generator], Window],
) -> Callable[[np.random.Generator], Iterator[Given]]:
    def learn(rng: np.random.Generator) -> Iterator[Given]:
        for number in range(300):
            part = "train" if number < 200 else "val"
            yield Given(made(rng), part, f"motor#{part}")

    return learn


def _pump(rng: np.random.Generator) -> Iterator[Given]:
    window, _ = pump_history(rng, hours=6)
    for part, (start, end) in {"train": (0, 4 * 3600), "val": (4 * 3600, 6 * 3600)}.items():
        yield Given(_cut(_eight(window), start, end), part, f"pump#{part}")


def _minutes(rng: np.random.Generator) -> list[Window]:
    window, _ = pump_history(rng, hours=1)
    return [_cut(_eight(window), i * ROWS, (i + 1) * ROWS) for i in range(TIMED)]


def _eight(window: Window) -> Window:
    """Eight channels, as an ordinary pump has with two more temperatures."""
    extra = tuple(
        replace(c, name=f"{c.name} 2") for c in window.channels[: max(8 - len(window.channels), 0)]
    )
    return replace(window, channels=(*window.channels, *extra)[:8])


def _cut(window: Window, start: int, end: int) -> Window:
    channels = tuple(replace(c, readings=c.readings[start:end]) for c in window.channels)
    return replace(window, channels=channels)


def _engines(rng: np.random.Generator) -> Iterator[Given]:
    for number, window in enumerate(run_to_failure(rng, 30)):
        part = "train" if number < 25 else "val"
        yield Given(window, part, str(window.attributes["asset"]), 0.0)


def _flying(rng: np.random.Generator) -> list[Window]:
    return [_cut(one, 0, 100 + i) for i, one in enumerate(run_to_failure(rng, TIMED))]


CASES: Mapping[str, Case] = {
    "4,096 readings × 4 channels at 25.6 kHz, a bearing": Case(
        _vibration(_shaking),
        lambda rng: [_shaking(rng) for _ in range(TIMED)],
        ("model.bearings=['6205']", "model.approach=condition"),
    ),
    "the same while the speed changes": Case(
        _vibration(_running_up),
        lambda rng: [_running_up(rng) for _ in range(TIMED)],
        ("model.bearings=['6205']", "model.approach=condition"),
    ),
    "60 rows × 8 channels": Case(_pump, _minutes, ("model.approach=condition",)),
    "a life of 100 to 149 cycles × 15 channels": Case(
        _engines, _flying, ("model.approach=remaining-life",)
    ),
}


def _write(given: Iterator[Given], folder: Path) -> None:
    """The format `windows` with its list."""
    lines = []
    for number, one in enumerate(given):
        name = f"{one.part}/{number:04}.cbor"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode_window(one.window))
        quantities = () if one.life is None else (Quantity("remaining_life", one.life, "cycles"),)
        note = Annotation(label="" if quantities else "normal", quantities=quantities)
        lines.append({"file": name, "group": one.group, "annotation": annotation_to_json(note)})
    (folder / "annotations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@dataclass(frozen=True)
class Times:
    """Milliseconds from bytes to prediction: of each window by the clock, and the mean of the processor's."""

    wall_ms: tuple[float, ...]
    cpu_ms: float


def timed(run: Run, contents: Sequence[bytes]) -> Times:
    """Each window `ROUNDS` times, after a first round that does not count."""
    spent: list[float] = []
    started = 0.0
    for number in range(ROUNDS + 1):
        if number == 1:
            started = time.process_time()
        for content in contents:
            began = time.perf_counter()
            run.runtime.predict([run.runtime.decode(content, MEDIA_TYPE)])
            if number:
                spent.append((time.perf_counter() - began) * 1000)
    return Times(tuple(spent), (time.process_time() - started) * 1000 / len(spent))


def resident(
    run: Run, contents: Sequence[bytes], folder: Path, count: int
) -> tuple[float, float, float]:
    """MB of an agent that replays the windows: when it has settled, at the end, and at most."""
    line = folder / "line"
    line.mkdir(parents=True)
    for number, content in enumerate(contents):
        (line / f"{number:04}.cbor").write_bytes(content)
    config = folder / "agent.yaml"
    config.write_text(yaml.safe_dump({
        "source": {"kind": "folder", "path": "line", "rate_hz": PER_SECOND, "loop": True},
        "selection": {"audit_rate": 0, "novelty": 0},
        "status": {"port": 0},
    }))  # fmt: skip
    Programs(folder / "logs").text(
        "edge-agent", "apply", str(run.answer["bundle"]), "--config", str(config)
    )
    program = Path(sys.executable).with_name("edge-agent")
    with (folder / "agent.log").open("wb") as log:
        agent = subprocess.Popen(
            [program, "run", "--max-samples", str(count), "--config", config],
            stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
        sizes = []
        while agent.poll() is None:
            sizes.append(_resident_mb(agent.pid))
            time.sleep(0.2)
    if agent.returncode:
        raise SystemExit((folder / "agent.log").read_text()[-2000:])
    known = [size for size in sizes if size]
    settled = known[int(SETTLED * len(known)) :]
    return settled[0], float(np.median(settled[-5:])), max(known)


def _resident_mb(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(x.split()[1]) / 1024 for x in text.splitlines() if x.startswith("VmRSS")), 0.0)


if __name__ == "__main__":
    main()
