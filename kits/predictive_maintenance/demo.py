"""Demo data: the pumps of a press shop, a week of normal running to learn from, then two days of trouble.

Everything is drawn from a seed with the machines of `_simulated/machines.py`; nothing is downloaded, and nothing is
claimed from it. The two days hold faults that grow, sensors that fail, and a way of running that is new
but harmless: a person tells them apart in the review, and the retrained model learns it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from kits.core.story import DemoStory, ExtraStep
from kits.core.window import Channel, Window, encode_window
from kits.predictive_maintenance._device.trace import SENSOR_FAULT
from kits.predictive_maintenance._simulated.machines import (
    MONDAY,
    BearingFault,
    Event,
    Phase,
    Pump,
    SensorFault,
    bearing_capture,
    inject,
    make_motor,
    make_pump,
    pump_history,
    shifts,
)

STORY = DemoStory(
    learns_from="a week of normal running",
    data="history",
    sample="window",
    content="readings",
    harmless="normal",
    finds="with a fault",
    action="alarm",
    answers={"cost_escape": "5000", "cost_overkill": "150", "cost_review": "5"},
    source={"kind": "replay", "speed": 12_000},
    # two days pass in seconds: a person who looks at half of them stands for weeks of a few looks a day
    agent={"alarms": {"audit_per_day": 48, "close_after_h": 2}},
    extra=ExtraStep(
        title="learn the kinds of bearing faults",
        data="labelled",
        settings=(
            "model.approach=fault-class",
            'model.bearings=["6205"]',
            "model.faults.trees=40",
        ),
        outcome="the bearing's number tells the fault by a rule; synthetic motors prove the path, not quality",
    ),
)
RATE_HZ, WINDOW_S = 0.1, 900.0
HISTORY_HOURS, LINE_HOURS = 7 * 24, 41
HISTORY_STARTS = MONDAY + timedelta(days=3)
"""A Thursday: cut in time, the week has working days in each of its parts."""
LINE_STARTS = HISTORY_STARTS + timedelta(days=7, hours=5)
_HOUR_S = 3_600.0
_FLUSHING_S, _SENSOR_FAULT_S = 2_700.0, 2_700.0
_PLAIN_SEVERITY = 0.15
"""From here on a person at the machine notices."""
_TURNS_FROM_L_MIN = 20.0
_CAPTURE_HZ, _CAPTURE_S, _CAPTURES, _MOTORS = 12_800.0, 1.0, 3, 4
_CONDITIONS: tuple[BearingFault | None, ...] = (None, "outer", "inner", "ball")
Rng = np.random.Generator


@dataclass(frozen=True)
class _Plan:
    """What befalls a pump during the two days.

    Attributes:
        faults: each is repaired at its end.
        flushing: begins of three quarters of an hour with the valves wide open, hours.
        sensors: begin in hours, channel and fault, for three quarters of an hour each.
    """

    faults: tuple[Event, ...]
    flushing: tuple[float, ...]
    sensors: tuple[tuple[float, str, SensorFault], ...]


_PLANS: Mapping[str, _Plan] = {
    "pump-1": _Plan(
        (
            Event("cavitation", 8 * _HOUR_S, 9.5 * _HOUR_S),
            Event("seal-wear", 25 * _HOUR_S, 33 * _HOUR_S, growth=1),
            Event("cavitation", 37 * _HOUR_S, 38.5 * _HOUR_S),
        ),
        (1.5, 3.5, 6.75, 10.5, 13, 15.5, 25, 33.25, 35.5, 38.75, 40),
        ((5.5, "pressure", "stuck"), (34, "vibration", "spikes")),
    ),
    "pump-2": _Plan(
        (
            Event("clogged-inlet", 6 * _HOUR_S, 9 * _HOUR_S, growth=1),
            Event("cavitation", 26 * _HOUR_S, 27.5 * _HOUR_S),
            Event("clogged-inlet", 35 * _HOUR_S, 38 * _HOUR_S, growth=1),
        ),
        (2.5, 4.25, 5.25, 12, 14, 15.75, 30.5, 34, 39),
        ((10, "temperature", "unplugged"), (29, "flow", "dropouts")),
    ),
    "pump-3": _Plan(
        (
            Event("bearing-wear", 9 * _HOUR_S, 17 * _HOUR_S, growth=2),
            Event("clogged-inlet", 28 * _HOUR_S, 31 * _HOUR_S, growth=1),
            Event("cavitation", 34 * _HOUR_S, 35.5 * _HOUR_S),
        ),
        (3.5, 5, 7, 26, 31.5, 33.25, 35.75, 38, 39.5),
        ((2, "current", "dropouts"), (32.5, "temperature", "scale")),
    ),
}
"""Between hour 17 and hour 25 the shop is closed."""


def generate(folder: Path, seed: int) -> None:
    """Writes the files of `STORY` to `folder`.

    - `history/PUMP.csv`: a week of normal running, in the format `table`.
    - `line/NUMBER_PUMP.cbor`: two days in windows of a quarter of an hour, as a device would see them.
    - `truth.json`: file name of a window → `{"label": "normal" | FAULT | "sensor-fault"}`.
    - `labelled/`: captures of motors with and without bearing faults, in the format `captures`.
    """
    rng = np.random.default_rng(seed)
    truth: dict[str, dict[str, str]] = {}
    (folder / "line").mkdir(parents=True, exist_ok=True)
    for asset, plan in _PLANS.items():
        pump = make_pump(rng, asset)
        week, _ = pump_history(
            rng, pump, hours=HISTORY_HOURS, rate_hz=RATE_HZ, started_at=HISTORY_STARTS
        )
        _write_table(folder / "history" / f"{asset}.csv", week)
        for number, (window, label) in enumerate(_trouble(rng, pump, plan)):
            name = f"{number:04d}_{asset}.cbor"
            (folder / "line" / name).write_bytes(encode_window(window))
            truth[name] = {"label": label}
    (folder / "truth.json").write_text(json.dumps(dict(sorted(truth.items())), indent=1))
    _write_captures(folder / "labelled", rng)


def _trouble(rng: Rng, pump: Pump, plan: _Plan) -> Iterator[tuple[Window, str]]:
    """The two days of one pump, cut into windows, each with what a person would say of it."""
    phases = _with_flushing(shifts(rng, LINE_HOURS, LINE_STARTS), plan.flushing)
    recording, _ = pump_history(
        rng,
        pump,
        hours=LINE_HOURS,
        rate_hz=RATE_HZ,
        events=plan.faults,
        phases=phases,
        started_at=LINE_STARTS,
    )
    length = round(WINDOW_S * RATE_HZ)
    labels = _labels(recording, plan, length)
    for begin, channel, fault in plan.sensors:
        first = round(begin * _HOUR_S * RATE_HZ)
        stretch = slice(first, first + round(_SENSOR_FAULT_S * RATE_HZ))
        spoilt = inject(_cut(recording, stretch), fault, rng, channel=channel)
        whole, recording = recording, _pasted(recording, stretch, spoilt)
        for number in range(stretch.start // length, stretch.stop // length):
            inside = slice(number * length, (number + 1) * length)
            if not np.array_equal(_cut(whole, inside).matrix(), _cut(recording, inside).matrix()):
                labels[number] = SENSOR_FAULT
    for number, label in enumerate(labels):
        yield _cut(recording, slice(number * length, (number + 1) * length)), label


def _labels(recording: Window, plan: _Plan, length: int) -> list[str]:
    """Per window: the fault that is plain to see at its end, while the pump turns, else `normal`."""
    flow = recording.channels[0].readings
    ends_s = np.arange(length, flow.size + 1, length) / RATE_HZ - 1 / RATE_HZ
    labels = ["normal"] * ends_s.size
    for event in plan.faults:
        for number in np.flatnonzero(event.severities(ends_s) >= _PLAIN_SEVERITY):
            inside = flow[number * length : (number + 1) * length]
            if np.median(inside) > _TURNS_FROM_L_MIN:
                labels[number] = event.fault
    return labels


def _with_flushing(phases: Sequence[Phase], begins: Sequence[float]) -> list[Phase]:
    """The plan with stretches of flushing in it, after which it goes on as planned."""
    changed = list(phases)
    for begin_s in (begin * _HOUR_S for begin in begins):
        end_s = begin_s + _FLUSHING_S
        then = next(phase.regime for phase in reversed(changed) if phase.start_s <= end_s)
        kept = [phase for phase in changed if not begin_s <= phase.start_s <= end_s]
        flushing = [Phase(begin_s, "flushing"), Phase(end_s, then)]
        changed = sorted([*kept, *flushing], key=lambda phase: phase.start_s)
    return changed


def _cut(window: Window, stretch: slice) -> Window:
    channels = tuple(
        replace(channel, readings=channel.readings[stretch]) for channel in window.channels
    )
    if window.started_at is None:
        return replace(window, channels=channels)
    started_at = window.started_at + timedelta(seconds=stretch.start / window.rate_hz)
    return replace(window, channels=channels, started_at=started_at)


def _pasted(window: Window, stretch: slice, part: Window) -> Window:
    channels = []
    for whole, piece in zip(window.channels, part.channels):
        readings = whole.readings.copy()
        readings[stretch] = piece.readings
        channels.append(replace(whole, readings=readings))
    return replace(window, channels=tuple(channels))


def _write_table(path: Path, window: Window) -> None:
    """A historian's export of the week: time in UTC, asset, one column per channel with its unit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    step_s = 1 / window.rate_hz
    columns = [channel.readings.tolist() for channel in window.channels]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "asset", *(_header(channel) for channel in window.channels)])
        for number, values in enumerate(zip(*columns)):
            at = HISTORY_STARTS + timedelta(seconds=number * step_s)
            writer.writerow(
                [at.isoformat(), window.attributes["asset"], *(f"{value:.4g}" for value in values)]
            )


def _header(channel: Channel) -> str:
    return f"{channel.name} [{channel.unit}]"


def _write_captures(folder: Path, rng: Rng) -> None:
    """Some motors per condition, some captures of each; one motor has one bearing, well or not."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[object, ...]] = [("file", "class", "bearing", "speed_rpm", "rate_hz", "unit")]
    for fault in _CONDITIONS:
        for number in range(1, _MOTORS + 1):
            name = f"{fault or 'normal'}-{number}"
            motor = make_motor(rng, name)
            for capture in range(1, _CAPTURES + 1):
                speed_rpm = round(float(rng.uniform(1_440, 1_490)))
                window = bearing_capture(
                    rng,
                    motor,
                    seconds=_CAPTURE_S,
                    rate_hz=_CAPTURE_HZ,
                    speed_rpm=speed_rpm,
                    fault=fault,
                    severity=float(rng.uniform(0.3, 0.9)),
                )
                file = f"{name}_{capture}.npy"
                np.save(folder / file, window.channels[0].readings)
                rows.append((file, fault or "normal", name, speed_rpm, _CAPTURE_HZ, "g"))
    with (folder / "meta.csv").open("w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows(rows)
