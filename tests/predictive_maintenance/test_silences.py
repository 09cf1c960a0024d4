"""A fault that goes on while nothing is recorded is one fault: in the figures, and in the money."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from tests.predictive_maintenance.reading import (
    by_split,
    put,
    read_all,
    stamps,
    table,
    wave,
)

ROWS, FAULT, SILENCE = 3000, (2400, 2700), (2500, 2600)


def kit(*words: str) -> str:
    done = CliRunner().invoke(make_app(), words)
    assert done.exit_code == 0, done.output
    return done.stdout


def press(folder: Path, listed: str) -> Path:
    """A machine of two channels, a reading a minute, silent for a part of its fault."""
    rng, times = np.random.default_rng(0), stamps(ROWS, 60)
    load = np.cumsum(rng.normal(0, 0.1, ROWS)).clip(-5, 5)
    columns = [20 + load + rng.normal(0, 0.2, ROWS), 50 + 2 * load + rng.normal(0, 0.2, ROWS)]
    columns[0][slice(*FAULT)] += 8
    kept = [i for i in range(ROWS) if not SILENCE[0] <= i < SILENCE[1]]
    rows = [[times[i] for i in kept], *([f"{c[i]:.3f}" for i in kept] for c in columns)]
    put(folder / "press.csv", table(("time", "oil [bar]", "heat [°C]"), *rows))
    first, last = (times[i] for i in FAULT)
    put(folder / "faults.csv", f"start,end,machine,fault\n{first},{last},press,{listed}\n")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("silences")
    press(root / "data", "leak")
    made = str(root / "project")
    kit("new", "predictive-maintenance", made, "--defaults", "--data", str(root / "data"))
    (root / "told.txt").write_text(kit("train", "-C", made))
    return root


def test_a_fault_that_a_silence_cuts_in_two_is_judged_as_one(project: Path) -> None:
    told = json.loads(kit("evaluate", "-C", str(project / "project"), "--json", "-q"))
    recall = told["metrics"]["event_recall"]
    assert (recall["value"], recall["n"]) == (1.0, 1)


def test_a_fault_that_a_silence_cuts_in_two_costs_one_stop(project: Path) -> None:
    words = ("replay", str(project / "data"), "-C", str(project / "project"), "--json", "-q")
    figures = json.loads(kit(*words))["figures"]
    assert (figures["failures"], figures["in_time"]) == (1, 1)


def test_a_promise_of_a_part_of_the_year_says_of_which(project: Path) -> None:
    told = (project / "told.txt").read_text()
    assert (
        "only 2024-03-01 to 2024-03-02 is known, so in other seasons they may come more often"
        in told
    )


def test_the_time_before_a_stop_does_not_go_on_with_that_before_the_stop_before(
    tmp_path: Path,
) -> None:
    times = stamps(1000, 3600)
    put(tmp_path / "press.csv", table(("time", "v"), times, wave(1000)))
    lines = [f"{times[a]},{times[a + 30]},press,leak" for a in (800, 850)]
    put(tmp_path / "faults.csv", "\n".join(["start,end,machine,fault", *lines]) + "\n")
    put(tmp_path / "machines.yaml", "labels: {before_h: 48}\n")
    samples, _ = read_all(tmp_path)
    judged = [s.annotation for s in by_split(samples)["test"]]
    spans = [(span.start, span.end) for note in judged if note for span in note.spans]
    assert len(spans) == 2
    assert spans[1][0] == 1, "a row after the stop belongs to neither"
