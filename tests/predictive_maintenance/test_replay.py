"""`kit replay` and `kit predict` on the files of a historian: simulated pumps, the real command line."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kits import load_bundle
from kits.cli import make_app
from kits.core.errors import ConfigError, DataError, UsageError
from kits.core.kit import EvaluateTask
from kits.core.window import Window
from kits.predictive_maintenance._judging.tracks import replay
from kits.predictive_maintenance._learning.recordings import cut
from kits.predictive_maintenance._simulated.machines import (
    MONDAY,
    Event,
    Pump,
    inject,
    make_pump,
    pump_history,
    run_to_failure,
)
from kits.predictive_maintenance.runtime import MachineRuntime
from kits.toolchain.evaluation import read_outside
from kits.toolchain.project import Project

RATE_HZ = 0.05
HOUR = 3600.0
LATER = MONDAY + timedelta(days=14)


def kit(*words: str) -> str:
    done = CliRunner().invoke(make_app(), words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def write_table(path: Path, window: Window, started_at: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "asset", *(f"{c.name} [{c.unit}]" for c in window.channels)])
        for number, values in enumerate(zip(*(c.readings.tolist() for c in window.channels))):
            at = started_at + timedelta(seconds=number / RATE_HZ)
            readings = ("" if np.isnan(v) else f"{v:.4g}" for v in values)
            rows.writerow([at.isoformat(), window.attributes["asset"], *readings])


@dataclass(frozen=True)
class Shop:
    """A trained project of two pumps, four days of one of them with a worn bearing, and when it failed."""

    project: Path
    later: Path
    failures: Path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    root = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(3)
    for asset in ("pump-1", "pump-2"):
        pump = make_pump(rng, asset)
        week, _ = pump_history(rng, pump, hours=7 * 24, rate_hz=RATE_HZ)
        write_table(root / "week" / f"{asset}.csv", week, MONDAY)
        wear = (Event("bearing-wear", 20 * HOUR, 90 * HOUR),) if asset == "pump-2" else ()
        then = _days(rng, pump, wear)
        if asset == "pump-1":
            then = _stuck(rng, then)
        write_table(root / "later" / f"{asset}.csv", then, LATER)
    failed = (LATER + timedelta(hours=90)).isoformat()
    (root / "failures.csv").write_text(f"asset,time,what\npump-2,{failed},bearing wear\n")
    project = root / "project"
    kit("new", "predictive-maintenance", str(project), "--defaults", "--data", str(root / "week"))
    kit("train", "-C", str(project), "-q")
    return Shop(project, root / "later", root / "failures.csv")


def _days(rng: np.random.Generator, pump: Pump, events: Sequence[Event]) -> Window:
    window, _ = pump_history(rng, pump, hours=96, rate_hz=RATE_HZ, events=events, started_at=LATER)
    return window


def _stuck(rng: np.random.Generator, window: Window) -> Window:
    """The pressure stands still from hour 32 to hour 38, while the shop works."""
    first, last = round(32 * HOUR * RATE_HZ), round(38 * HOUR * RATE_HZ)
    spoilt = inject(cut(window, first, last), "stuck", rng, channel="pressure")
    channels = []
    for whole, piece in zip(window.channels, spoilt.channels):
        readings = whole.readings.copy()
        readings[first:last] = piece.readings
        channels.append(replace(whole, readings=readings))
    return replace(window, channels=tuple(channels))


def test_replay_says_what_last_month_would_have_been(shop: Shop, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "replay.html"
    out = kit(
        "replay", str(shop.later), "-C", str(shop.project), "--failures", str(shop.failures),
        "--lead", "4h", "--report", str(page),
    )  # fmt: skip
    lines = out.splitlines()
    assert lines[0].startswith("1 of 1 failure found in time, ")
    assert "per machine-month" in lines[0] and "cost avoided" in lines[0]
    assert any("pump-2" in line and "bearing wear, " in line for line in lines)
    assert any(line.startswith("  doing nothing: 1 unplanned stop for ") for line in lines)
    assert re.search(r"\(bundle [0-9a-f]{12}, dataset [0-9a-f]{12}, seed \d+\)$", out, re.MULTILINE)
    assert lines[-1].startswith("next: kit ")
    html = page.read_text()
    assert html.count("<svg") == 2
    assert "above the usual" in html


@pytest.mark.slow
def test_json_has_cases_with_evidence_and_the_dial(shop: Shop) -> None:
    out = kit(
        "replay", str(shop.later), "-C", str(shop.project), "--failures", str(shop.failures),
        "--tune", "--json",
    )  # fmt: skip
    document = json.loads(out)
    assert document["machines"] == ["pump-1", "pump-2"]
    case = next(c for c in document["cases"] if c["asset"] == "pump-2")
    assert case["outcome"] == "bearing wear"
    # a worn bearing warms and shakes
    assert case["label"] == "anomaly" and "above the usual" in case["evidence"]
    assert document["failures"][0]["outcome"] == "found"
    assert document["dial"] == "false_alarms_per_month"
    values = [row["value"] for row in document["tuned"]]
    assert values == sorted(values)
    assert [row["current"] for row in document["tuned"]].count(True) == 1
    current = next(row for row in document["tuned"] if row["current"])
    assert current["alarms"] == document["figures"]["alarms"]


def test_stuck_sensor_is_no_alarm_of_the_machine(shop: Shop) -> None:
    out = kit("replay", str(shop.later / "pump-1.csv"), "-C", str(shop.project), "--json")
    document = json.loads(out)
    assert 0.01 < document["sensor_fault_share"] < 0.15
    stuck = [c for c in document["cases"] if "2026-03-17T08" <= c["opened"] < "2026-03-17T15"]
    assert stuck == []


def test_replay_scores_are_what_the_device_predicts(shop: Shop) -> None:
    project = Project.open(shop.project)
    ready = load_bundle(project.bundle_path())
    runtime = ready.runtime
    assert isinstance(runtime, MachineRuntime)
    dataset, _ = read_outside(project.kit, shop.later / "pump-2.csv", seed=0, recorded=True)
    task = EvaluateTask(
        runtime, ready.bundle.operating_point, dataset, dataset.items, project.config.costs, 0
    )
    track = replay(task).tracks[0]
    rows = np.random.default_rng(1).integers(200, len(track.at_s), 60)
    judged = [r for r in rows.tolist() if np.isfinite(track.score[r]) and not track.doubtful[r]]
    assert len(judged) > 30
    for row in judged:
        prediction = track.predict(row)
        if "sensor_fault" not in prediction.details:
            assert track.score[row] == pytest.approx(prediction.score, abs=1e-3)


@pytest.mark.slow
def test_files_that_follow_each_other_are_one_course(shop: Shop, tmp_path: Path) -> None:
    whole = (shop.later / "pump-2.csv").read_text().splitlines()
    middle = len(whole) // 2
    (tmp_path / "days").mkdir()
    for name, rows in (("one", whole[1:middle]), ("two", whole[middle:])):
        (tmp_path / "days" / f"{name}.csv").write_text("\n".join([whole[0], *rows, ""]))
    given = ("-C", str(shop.project), "--failures", str(shop.failures), "--json")
    once, twice = (
        json.loads(kit("replay", str(path), *given))
        for path in (shop.later / "pump-2.csv", tmp_path / "days")
    )
    assert twice["machines"] == ["pump-2"]
    assert twice["figures"]["alarms"] == once["figures"]["alarms"]
    assert [c["opened"] for c in twice["cases"]] == [c["opened"] for c in once["cases"]]


def test_other_channels_say_which_ones_the_model_knows(shop: Shop, tmp_path: Path) -> None:
    text = (shop.later / "pump-1.csv").read_text().replace("pressure [bar]", "druck [bar]")
    (tmp_path / "other.csv").write_text(text)
    with pytest.raises(DataError, match="without pressure") as caught:
        kit("replay", str(tmp_path / "other.csv"), "-C", str(shop.project))
    assert "druck" in caught.value.fix


def test_without_bundle_it_says_how_to_get_one(shop: Shop, tmp_path: Path) -> None:
    kit("new", "predictive-maintenance", str(tmp_path / "empty"), "--defaults")
    with pytest.raises(DataError) as caught:
        kit("replay", str(shop.later), "-C", str(tmp_path / "empty"))
    assert caught.value.fix == "kit train"
    with pytest.raises(ConfigError, match="no project here"):
        kit("replay", str(shop.later), "-C", str(tmp_path))


def test_the_report_counts_no_money_by_recordings_but_names_the_replay(shop: Shop) -> None:
    (page,) = shop.project.glob("runs/*/report.html")
    (document,) = shop.project.glob("runs/*/report.json")
    html = page.read_text("utf-8")
    assert "kit replay FOLDER" in html
    assert "per 1,000" not in html and "Cost by threshold" not in html
    assert json.loads(document.read_text("utf-8"))["money"] is None


@pytest.mark.slow
def test_replay_of_what_was_learned_says_so(shop: Shop) -> None:
    out = kit("replay", str(shop.later.parent / "week"), "-C", str(shop.project), "--json")
    document = json.loads(out)
    assert any("in the training split" in note for note in document["notes"])
    assert document["figures"]["cost"] is None


def test_predict_takes_a_historians_table(shop: Shop, tmp_path: Path) -> None:
    given = ("predict", str(shop.later / "pump-2.csv"), "-C", str(shop.project))
    document = json.loads(kit(*given, "--json", "--save", str(tmp_path / "drawn")))
    names = [one["sample"] for one in document["predictions"]]
    assert names and all(name.startswith("pump-2.csv") for name in names)
    assert {one["verdict"] for one in document["predictions"]} <= {"act", "review", "pass"}
    pictures = list((tmp_path / "drawn").iterdir())
    assert len(pictures) == len(names)
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in pictures)


def test_predict_of_a_table_that_is_none_names_the_reason(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("hello\nworld\n")
    with pytest.raises(DataError, match="nothing could be read: "):
        kit("predict", str(tmp_path / "notes.csv"), "-C", str(shop.project))


def write_lives(path: Path, fleet: Sequence[Window]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["unit", "cycle", *(c.name for c in fleet[0].channels)])
        for number, life in enumerate(fleet, start=1):
            for cycle, values in enumerate(life.matrix().T.tolist(), start=1):
                rows.writerow([number, cycle, *(f"{v:.7g}" for v in values)])


@pytest.mark.slow
def test_lives_are_replayed_against_their_real_end(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    write_lives(tmp_path / "old" / "lives.csv", run_to_failure(rng, 12, mean_cycles=100))
    write_lives(tmp_path / "new" / "lives.csv", run_to_failure(rng, 6, mean_cycles=100))
    project = str(tmp_path / "fleet")
    kit("new", "predictive-maintenance", project, "--defaults", "--data", str(tmp_path / "old"))
    kit("train", "-C", project, "-q", "--set", "life.trees=20", "--set", "approach=remaining-life")
    given = ("replay", str(tmp_path / "new"), "-C", project, "--tune", "--lead", "2")
    document = json.loads(kit(*given, "--json"))
    assert document["unit"] == "cycles"
    assert document["figures"]["exposure_unit"] == "1,000 cycles"
    assert [failure["what"] for failure in document["failures"]] == ["end of life"] * 6
    assert document["figures"]["in_time"] >= 4
    leads = [failure["lead"] for failure in document["failures"] if failure["lead"] is not None]
    assert all(0 <= lead <= document["terms"]["horizon"] for lead in leads)
    assert document["dial"] == "alarm_lead_cycles"
    medians = [row["lead_median"] or 0.0 for row in document["tuned"]]
    assert medians[-1] > medians[0]
    with pytest.raises(UsageError, match="do not say when they began"):
        kit(*given, "--from", "2026-01-01")
