"""Condition monitoring on SKAB by its official protocol: learnt from the first 400 rows of each file, the rest judged.

`python -m benchmarks.machines_onsets --data FOLDER [--seed 0]`. An event counts as found only by a case that opens in it
(`_judging/onsets.py`); false onsets, delay and normal time in alarm stand beside. So do the largest |z| of a channel
with the same calibration and delays, alarms at random moments, and the leaderboard's figures by row.
"""

from __future__ import annotations

import argparse
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import Run, header, new_project, table, train, workplace
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Span
from kits.core.stats import bootstrap, proportion
from kits.predictive_maintenance import KIT
from kits.predictive_maintenance._device import tail as _tail
from kits.predictive_maintenance._device.regimes import rolling_median
from kits.predictive_maintenance._device.rows import rows_of
from kits.predictive_maintenance._device.trace import Trace
from kits.predictive_maintenance._judging import onsets as _onsets
from kits.predictive_maintenance._judging.onsets import Course, course_of
from kits.predictive_maintenance._learning.recordings import Recording, load
from kits.toolchain.evaluation import read_outside

Floats = NDArray[np.float64]
STATEMENT = "learn: {rows: 400}\n"
"""Of which 250 are learnt from and 150 calibrated on."""
PER_HOUR = 720.0
RATES = {"1 an hour": PER_HOUR, "6 a day": 180.0, "1 a day": 30.0, "1 a month": 1.0}
"""Stated false alarms in 30 days."""
CONTROLLED = "6 a day"
_SKIPPED = "anomaly-free"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with workplace(options.data, STATEMENT) as (root, data):
        run = train(new_project(root, data), [], options.seed)
        rest = list(after_learning(data, root / "one", options.seed))
        print(header("SKAB, official protocol, strict onsets"))
        rows = sum(one.readings for one in rest)
        print(f"{run.words()}; {len(rest)} recordings, {rows} rows\n")
        print(_answer(run, rest, options.seed))


def after_learning(data: Path, place: Path, seed: int) -> Iterator[Recording]:
    """All rows after the 400th of each file, also those that another file has learnt from: so the protocol has it."""
    for file in sorted(data.rglob("*.csv")):
        name = file.relative_to(data)
        if _SKIPPED in name.parts:
            continue
        shutil.rmtree(place, ignore_errors=True)
        (place / name).parent.mkdir(parents=True)
        shutil.copy(file, place / name)
        (place / "machines.yaml").write_text(STATEMENT)
        dataset, _ = read_outside(KIT, place, seed=seed)
        yield joined(load(dataset, dataset.items))


def joined(parts: Sequence[Recording]) -> Recording:
    """Stretches of one file as one recording: silences in it are not the protocol's."""
    first, place = parts[0], 0
    spans: list[Span] = []
    for part in parts:
        spans += [replace(s, start=s.start + place, end=s.end + place) for s in part.spans]
        place += part.readings
    channels = tuple(
        replace(c, readings=np.concatenate([p.window.channels[i].readings for p in parts]))
        for i, c in enumerate(first.window.channels)
    )
    return replace(first, window=replace(first.window, channels=channels), spans=tuple(spans))


def at_rate(point: OperatingPoint, per_month: float) -> OperatingPoint:
    """The same delays with the level for another tolerated rate."""
    band = Band(act_at=-math.log10(per_month), review_from=-math.log10(30 * per_month))
    return point.model_copy(update={"default": band})


def _answer(run: Run, rest: Sequence[Recording], seed: int) -> str:
    ours = [run.runtime.judge.trace(one.window) for one in rest]
    plain = list(_largest(run, rest))
    reached = 10**-run.point.default.act_at / 30
    rows = [
        _row(f"ours, defaults ({reached:.2g} a day carried)", _courses(ours, rest, run.point), seed)
    ]
    for said, rate in RATES.items():
        point = at_rate(run.point, rate)
        rows.append(_row(f"ours, {said} stated", _courses(ours, rest, point), seed))
        rows.append(_row(f"largest of z², {said} stated", _courses(plain, rest, point), seed))
    point = at_rate(run.point, RATES[CONTROLLED])
    control = _onsets.random_control(_courses(ours, rest, point), seed)
    hours = _onsets.tally(_courses(ours, rest, point)).normal_s / 3600
    rows.append([
        f"as many alarms as ours at {CONTROLLED}, at random moments", f"{control['event_recall']:.2f}",
        f"{control['false_onsets'] / hours:.2f}", "–", "–", "–", "–", "–",
    ])  # fmt: skip
    columns = [
        "",
        "found",
        "false onsets an hour",
        "delay s",
        "normal time in alarm",
        "F1 by row",
        "FAR",
        "MAR",
    ]
    return table(columns, rows)


def _courses(
    traces: Sequence[Trace], rest: Sequence[Recording], point: OperatingPoint
) -> list[Course]:
    return [course_of(t, one.faulty(), point, one.group) for t, one in zip(traces, rest)]


def _row(name: str, courses: Sequence[Course], seed: int) -> list[str]:
    counted = _onsets.tally(courses)
    found = proportion(sum(counted.found), len(counted.found))
    rate = _onsets.rate_per_day(counted.false_onsets, counted.normal_s)
    delays = np.array(counted.delays_s)
    delay = "–"
    if delays.size:
        delay = bootstrap(
            lambda i: float(np.median(delays[i])), [str(i) for i in range(delays.size)], seed=seed
        ).text(0)
    by_row = _onsets.point_wise(courses)
    return [
        name,
        f"{sum(counted.found)} of {len(counted.found)}: {found.text(2)}",
        f"{rate.value / 24:.2f} [{rate.low / 24:.2f}, {rate.high / 24:.2f}] ({counted.false_onsets})",
        delay,
        f"{counted.normal_alarm_s / counted.normal_s:.1%}",
        *(f"{by_row[key]:.3f}" for key in ("f1", "false_alarm_rate", "missed_alarm_rate")),
    ]


def _largest(run: Run, rest: Sequence[Recording]) -> Iterator[Trace]:
    """The largest squared deviation of a channel, median and tail as ours, from the same rows."""
    spec = run.runtime.spec.condition
    assert spec is not None
    pieces: dict[tuple[str, str], list[Floats]] = {}
    for split in ("train", "val"):
        for one in run.recordings(split):
            pieces.setdefault((one.asset, split), []).append(rows_of(one.window, spec.rows).values)
    for one in rest:
        learnt = np.vstack(pieces[one.asset, "train"])
        mean, spread = learnt.mean(axis=0), learnt.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)

        def index(
            values: Floats, mean: Floats = mean, spread: Floats = spread, width: int = spec.median
        ) -> Floats:
            return rolling_median((((values - mean) / spread) ** 2).max(axis=1), width)

        held = [index(part) for part in pieces[one.asset, "val"]]
        tail = _tail.fit(held, 1 / spec.rows.rate_hz, 2 * spec.median)
        made = rows_of(one.window, spec.rows)
        yield Trace(made.at_s, made.ends, tail.score(index(made.values)))


if __name__ == "__main__":
    main()
