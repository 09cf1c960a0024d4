"""The whole of machines: a pump, its sensors and its server, an agent, a broker, a hub, a maintenance system."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
import yaml

from kits.core.bundle import open_file
from kits.core.dataset import Dataset
from kits.core.window import Window, decode_window, encode_window
from kits.predictive_maintenance._simulated.sensors import SensorFault, inject
from kits.toolchain.demo.hub import Json
from kits.toolchain.project import Project
from kits.toolchain.scaffold import new
from kits.toolchain.training import train_project
from tests.integration.machines import PROJECT, RATE_HZ, Works, pump, source, works
from tests.integration.site import Line, Site
from tests.predictive_maintenance.learned import window
from tests.waiting import wait_for


def recorded(site: Site, line: Line, why: str) -> list[Json]:
    """What the hub has of raw signals kept for a reason."""
    return [row for row in site.samples(line) if row["kept_for"] == why]


@pytest.fixture(scope="session")
def pumps(kit_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    """A hub whose bundle has learned normal running of simulated pumps."""
    with works(tmp_path_factory.mktemp("works"), kit_folder) as made:
        yield made


@pytest.mark.slow
def test_a_leak_goes_from_the_machine_to_an_order_and_back_into_training(
    pumps: Works, tmp_path: Path
) -> None:
    with pump() as machine:
        line = pumps.line("leaking", tmp_path / "line", source=source(machine.server.url))
        line.start()
        wait_for(lambda: line.figure("captured") > 6, 60)
        assert pumps.cases(line) == [], "a pump that runs as usual has no case"
        machine.restart_server()
        began = line.figure_now("captured")
        wait_for(lambda: line.figure("captured") > began + 8, 60)
        machine.worn = 0.1
        case = pumps.case(line)
        wait_for(lambda: len(recorded(pumps.site, line, "act")) >= 2, 60)
        line.kill()
        pumps.site.kill()
        pumps.site.serve()
        line.start()
        wait_for(lambda: line.figure("captured") > 5, 60)
        wait_for(lambda: len(pumps.orders(case)) == 1)
        (number,) = pumps.orders(case)
        pumps.repaired(number, "LEAK")
        case = pumps.case(line, "closed")
        line.stop()
    assert (case["cause"], case["asset"], case["worst"]) == ("leak", "pump-1", "alarm")
    steps = steps_of(case)
    assert (steps[0], steps.count("opened"), steps[-1]) == ("opened", 1, "closed")
    assert len(pumps.orders(case)) == 1, "no second order, whoever died in between"

    before = min((pumps.sample(row) for row in recorded(pumps.site, line, "act")), key=_captured)
    window = decode_window(pumps.site.content(before))
    pressure = window.channels[[c.name for c in window.channels].index("pressure")].readings
    # the server's restart may lie in the minutes before: then some of them are missing, and say so
    known = pressure[np.isfinite(pressure)]
    assert known.size > 30
    assert float(known[:20].mean()) > 1.05 * float(known[-10:].mean()), "the minutes before"

    frozen = pumps.site.api.call("POST", "/v1/datasets/freeze", {"project": PROJECT})
    learned = _trained_on(pumps, str(frozen["id"]), tmp_path)
    leaks = [i.annotation for i in learned.items if i.annotation and i.annotation.label == "leak"]
    assert len(leaks) >= 2
    assert any(span.start > 0 for leak in leaks for span in leak.spans), (
        "what came before the onset is not called a leak"
    )


def steps_of(case: Json) -> list[str]:
    """The transitions of a case, in their order."""
    steps = case["steps"]
    assert isinstance(steps, list)
    return [str(step["transition"]) for step in steps if isinstance(step, dict)]


def _captured(row: Json) -> str:
    return str(row["captured_at"])


def _trained_on(pumps: Works, dataset: str, folder: Path) -> Dataset:
    """Downloads a version, imports it into a fresh project, and trains on it."""
    fresh = folder / "fresh"
    fresh.mkdir()
    shutil.copy(pumps.project.root / "kit.yaml", fresh)
    exported = pumps.download(dataset, folder / "export")
    programs = pumps.site.programs
    programs.text("kit", "data", "import", str(exported), "--format", "kitwright", "-C", str(fresh))
    told = programs.json("kit", "train", "-C", str(fresh), "--json")
    assert open_file(Path(str(told["bundle"]))).manifest.dataset == Project.open(fresh).dataset().id
    return Project.open(fresh).dataset()


NOW = datetime(2026, 3, 9, 8, tzinfo=timezone.utc)
"""Recordings are of one morning; only their order counts."""
NAMED: dict[str, tuple[SensorFault, str]] = {
    "stuck": ("stuck", "stuck"),
    "saturated": ("saturated", "clipped"),
    "unplugged": ("unplugged", "unplugged"),
    "spiky": ("spikes", "spikes"),
    "gappy": ("dropouts", "gaps"),
}
"""Asset → what its pressure sensor does, and what that must be called."""


def played(asset: str, after: Window, seed: int) -> list[Window]:
    """Two minutes as usual, then what befalls the asset, in windows of half a minute."""
    n = round(30 * RATE_HZ)
    usual = [window(seed + k, n, asset=asset, rate_hz=RATE_HZ) for k in range(4)]
    parts = [
        replace(after, channels=tuple(
            replace(c, readings=c.readings[at : at + n]) for c in after.channels
        ))
        for at in range(0, after.channels[0].readings.size, n)
    ]  # fmt: skip
    return [
        replace(one, started_at=NOW + timedelta(seconds=30 * k), attributes={"asset": asset})
        for k, one in enumerate([*usual, *parts])
    ]


def replayed(pumps: Works, name: str, folder: Path, windows: list[Window]) -> Line:
    """A device that has played recordings to their end, and a hub that has everything."""
    recordings = folder / "recordings"
    recordings.mkdir(parents=True)
    for number, one in enumerate(windows):
        path = recordings / f"{one.attributes['asset']}-{number:03}.cbor"
        path.write_bytes(encode_window(one))
    line = pumps.line(
        name, folder / "line", source={"kind": "replay", "path": str(recordings)},
        alarms={"audit_per_day": 0, "novel_per_day": 0, "rows_s": 0},
    )  # fmt: skip
    assert line.run()["synced"] is True
    return line


def predictions(pumps: Works, line: Line) -> dict[str, list[Json]]:
    """Asset → what was predicted for its windows, in their order."""
    found: dict[str, list[Json]] = {}
    for row in sorted(pumps.site.samples(line), key=lambda row: str(row["id"])):
        whole = pumps.sample(row)
        prediction, group = whole["prediction"], str(whole["group"])
        if isinstance(prediction, dict) and whole["score"] is not None:
            found.setdefault(group, []).append(prediction)
    return found


def details(prediction: Json) -> Json:
    """The details of a prediction; empty when there are none."""
    found = prediction.get("details", {})
    assert isinstance(found, dict)
    return found


def test_a_broken_sensor_is_named_and_is_no_machine_case(pumps: Works, tmp_path: Path) -> None:
    n, windows = round(120 * RATE_HZ), list[Window]()
    for seed, (asset, (fault, _)) in enumerate(NAMED.items(), start=1):
        after = window(500 + seed, n, asset=asset, rate_hz=RATE_HZ)
        spoilt = inject(after, fault, np.random.default_rng(seed), channel="pressure")
        windows += played(asset, spoilt, 600 + 10 * seed)
    sick = window(700, n, asset="leaking", worn=0.1, rate_hz=RATE_HZ)
    hidden = inject(sick, "stuck", np.random.default_rng(9), channel="current")
    windows += played("leaking", sick, 710) + played("both", hidden, 720)
    line = replayed(pumps, "sensors", tmp_path, windows)
    told = predictions(pumps, line)
    for asset, (_, name) in NAMED.items():
        assert [details(p).get("sensor_fault") for p in told[asset][:4]] == [None] * 4
        named = [details(p).get("sensor_fault") for p in told[asset][4:]]
        assert named.count([f"pressure: {name}"]) >= 3, asset
        assert all(found in (None, [f"pressure: {name}"]) for found in named), asset
    assert [case["asset"] for case in pumps.cases(line)] == ["leaking"], (
        "a broken sensor opens no case; the leak beside it does"
    )
    assert details(told["both"][-1])["sensor_fault"] == ["current: stuck"]


def test_a_way_of_running_that_is_known_is_quiet_and_a_new_one_is_doubted(
    pumps: Works, tmp_path: Path
) -> None:
    n, windows = round(120 * RATE_HZ), list[Window]()
    for asset, speed in (("known", 0.5), ("new", 0.75)):
        windows += played(asset, window(800, n, asset=asset, speed=speed, rate_hz=RATE_HZ), 810)
    line = replayed(pumps, "regimes", tmp_path, windows)
    told = predictions(pumps, line)
    assert pumps.cases(line) == []
    assert {p["label"] for p in told["known"]} == {"normal"}
    doubts = {str(details(p).get("not_judged")) for p in told["new"][4:]}
    assert doubts == {"an operating regime never seen before"}
    verdicts = [pumps.sample(row) for row in pumps.site.samples(line)]
    assert {row["verdict"] for row in verdicts if row["group"] == "known"} == {"pass"}
    assert "act" not in {row["verdict"] for row in verdicts}


def test_a_clock_that_steps_back_an_hour_opens_no_case_and_loses_no_later_one(
    pumps: Works, tmp_path: Path
) -> None:
    n = round(120 * RATE_HZ)
    before = played("clock", window(900, n, asset="clock", rate_hz=RATE_HZ), 910)
    after = played("clock", window(920, n, asset="clock", worn=0.1, rate_hz=RATE_HZ), 930)
    stepped = [
        replace(one, started_at=NOW + timedelta(seconds=30 * k) - timedelta(hours=1))
        for k, one in enumerate(after)
    ]
    line = replayed(pumps, "clock", tmp_path, before + stepped)
    (case,) = pumps.cases(line)
    assert (case["asset"], case["level"]) == ("clock", "alarm")


def simulated(asset: str, fault_at_s: float, speed: float = 20) -> dict[str, object]:
    """A source whose flow, pressure and current run as learned, until the pressure falls."""
    levels = {"flow": (400, 2), "pressure": (4, 0.02), "current": (9, 0.05), "speed": (2900, 2)}
    units = {"flow": "l/min", "pressure": "bar", "current": "A", "speed": "rpm"}
    return {
        "kind": "simulated", "asset": asset, "speed": speed, "fault_at_s": fault_at_s,
        "window_s": 5, "hop_s": 2, "grid_hz": RATE_HZ,
        "signals": [
            {"name": name, "unit": units[name], "rate_hz": RATE_HZ, "level": level, "noise": noise,
             "fault_gain": -400 if name == "pressure" else 0}
            for name, (level, noise) in levels.items()
        ],
    }  # fmt: skip


@pytest.mark.slow
def test_two_devices_have_a_case_each_and_hours_without_a_hub_lose_none(
    pumps: Works, tmp_path: Path
) -> None:
    """Hours of the machine: they are simulated at hundred times their speed."""
    names = ("north", "south")
    lines = [
        pumps.line(name, tmp_path / name, source=simulated(f"pump-{name}", 3600, speed=300))
        for name in names
    ]
    pumps.site.kill()
    for line in lines:
        line.start()
    wait_for(lambda: all(line.figure("captured") > 2_200 for line in lines), 90)
    pumps.site.serve()
    found = [pumps.case(line) for line in lines]
    assert [case["asset"] for case in found] == ["pump-north", "pump-south"]
    wait_for(lambda: all(line.figure("outbox_rows") < 50 for line in lines), 60)
    for line in lines:
        line.stop()
    assert [len(pumps.cases(line)) for line in lines] == [1, 1]
    wait_for(lambda: all(len(pumps.orders(case)) == 1 for case in found))
    seqs = [pumps.site.seqs(line) for line in lines]
    assert all(found == list(range(1, len(found) + 1)) for found in seqs), "no row is missing"


def _killed_often(pumps: Works, folder: Path, name: str, kills: int) -> None:
    """One alarm under kills of agent and hub in turn: one case, one order, every step once."""
    draw = random.Random(kills)
    line = pumps.line(name, folder, source=simulated(f"pump-{name}", 0, speed=20))
    line.start()
    for number in range(kills):
        wait_for(lambda: line.figure("captured") > 1, 60)
        line.kill() if number % 2 else pumps.site.kill()
        if number % 2:
            line.start()
        else:
            pumps.site.serve(wait=draw.random() < 0.5)
    pumps.site.serve()
    case = pumps.case(line)
    wait_for(lambda: len(pumps.orders(case)) == 1, 60)
    wait_for(lambda: line.figure("captured") > 1 and line.figure("outbox_rows") < 50, 60)
    line.stop()
    case = pumps.case(line)
    assert steps_of(case).count("opened") == 1
    assert len(pumps.orders(case)) == 1


@pytest.mark.slow
def test_two_hundred_kills_make_no_second_case(pumps: Works, tmp_path: Path) -> None:
    _killed_often(pumps, tmp_path / "line", "hundreds", 200)


def test_a_bundle_that_was_made_without_data_is_published_rolled_out_and_watches(
    pumps: Works, tmp_path: Path
) -> None:
    known = {"approach": "physics", "bearings": "6205", "speed_rpm": "1480"}
    new("predictive-maintenance", tmp_path / "fan", dict(known), ask=False)
    project = Project.open(tmp_path / "fan")
    bundle = pumps.publish(project, train_project(project).bundle)
    line = pumps.site.add_line("fan", tmp_path / "line", parts=0)
    values = yaml.safe_load(line.config.read_text())
    signal = {"name": "vibration", "unit": "g", "rate_hz": 12_800, "level": 0, "noise": 0.03}
    source = {"kind": "simulated", "asset": "fan", "speed": 4, "window_s": 1, "signals": [signal]}
    line.config.write_text(yaml.safe_dump({**values, "source": source}))
    rollout = pumps.site.api.roll_out(bundle, line.name)["rollout"]
    line.start()
    assert pumps.site.deployment(rollout)["state"] == "committed"
    wait_for(lambda: line.running() == bundle)
    assert "engine-downgrade" not in line.open_alerts()
    line.stop()
    rows = [row for row in pumps.site.samples(line) if row["bundle"] == bundle]
    assert rows
    assert {row["verdict"] for row in rows} == {"pass"}
    assert pumps.cases(line) == []
