"""Runs: recorded before they start, whatever becomes of them; the table is only a copy."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.ending import Stopped
from kits.core.errors import DataError, MachineError
from kits.core.stats import proportion
from kits.toolchain import run_table
from kits.toolchain.progress import LineProgress
from kits.toolchain.project import Project
from kits.toolchain.run_life import CUT_OFF
from kits.toolchain.runs import compare_runs, read_run
from kits.toolchain.tracking import list_runs, recorded_versions, start_run
from tests.toolchain.plugin import plugin, project

__all__ = ["plugin", "project"]


def test_a_finished_run_is_found_as_the_newest(project: Project) -> None:
    with start_run(project, "train", seed=5) as run:
        run.finish(figures={"loss": 0.5}, metrics={"escape_rate": proportion(1, 50)})
    with pytest.raises(ValueError), start_run(project, "train"):
        raise ValueError("no memory")
    record = read_run(project.run_dir())
    assert record.id == run.id and record.seed == 5
    assert record.metrics["escape_rate"].n == 50
    assert record.packages["kitwright"] and record.costs["escape"] == 100


def test_a_failed_run_keeps_its_folder_and_reason(project: Project) -> None:
    with pytest.raises(ValueError), start_run(project, "train") as run:
        raise ValueError("no memory")
    record = read_run(run.path)
    assert record.state == "failed" and record.error == "ValueError: no memory"
    with pytest.raises(DataError, match="no finished training"):
        project.run_dir()


@pytest.mark.parametrize(
    ("stop", "by"), [(KeyboardInterrupt(), "Ctrl-C"), (Stopped("SIGTERM"), "SIGTERM")]
)
def test_a_run_that_somebody_stopped_says_so_and_what_to_type_next(
    project: Project, stop: KeyboardInterrupt, by: str
) -> None:
    """It was `KeyboardInterrupt: `, below all that it was made from, and `kit evaluate` of a bundle that is not there."""
    with pytest.raises(KeyboardInterrupt), start_run(project, "train", seed=1) as run:
        raise stop
    listed = CliRunner().invoke(make_app(), ["runs", "list", "-C", str(project.root)]).stdout
    assert "failed" in listed and f"stopped by {by}" in listed
    words = ["runs", "show", run.record.id, "-C", str(project.root)]
    shown = CliRunner().invoke(make_app(), words).stdout
    assert shown.splitlines()[0].endswith(f": failed: stopped by {by}")
    assert shown.splitlines()[-1] == "next: kit train"


def test_a_run_whose_program_was_killed_is_not_said_to_go_on(
    plugin: Path, project: Project
) -> None:
    code = (
        "import sys, time; from pathlib import Path; from kits.toolchain.project import Project;"
        "from kits.toolchain.tracking import start_run;"
        "start_run(Project.open(Path(sys.argv[1])), 'train'); print('begun', flush=True); time.sleep(60)"
    )
    words = [sys.executable, "-c", code, str(project.root)]
    known = os.pathsep.join([str(plugin), *sys.path])
    env = {**os.environ, "PYTHONPATH": known}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as program:
        assert program.stdout is not None and program.stdout.readline() == "begun\n"
        (going_on,) = list_runs(project)
        program.kill()
    assert going_on.state == "running"
    (ended,) = list_runs(project)
    assert (ended.state, ended.error) == ("failed", CUT_OFF)
    assert [path.name for path in (project.runs_dir / ended.id).iterdir()] == ["run.json"]
    shown = (
        CliRunner().invoke(make_app(), ["runs", "show", ended.id, "-C", str(project.root)]).stdout
    )
    assert shown.splitlines()[0].endswith(f": failed: {CUT_OFF}")


def test_a_run_that_goes_on_is_said_to_by_everybody_who_looks(project: Project) -> None:
    with start_run(project, "train"):
        for _ in range(2):
            (one,) = list_runs(project)
            assert one.state == "running"
    (one,) = list_runs(project)
    assert one.state == "finished"
    assert [path.name for path in (project.runs_dir / one.id).iterdir()] == ["run.json"]


def test_the_table_is_filled_again_from_the_folders(project: Project) -> None:
    ids = []
    for _ in range(3):
        with start_run(project, "train") as run:
            ids.append(run.id)
    for file in (project.root / ".kit").glob("runs.sqlite*"):
        file.unlink()
    assert {r.id for r in list_runs(project)} == set(ids)
    assert next(r.id for r in list_runs(project)) == ids[-1]


def test_a_comparison_shows_only_what_differs(project: Project) -> None:
    with start_run(project, "train", seed=1) as one:
        pass
    with start_run(project.with_settings(["smallest_spread=2"]), "train", seed=1) as two:
        pass
    keys = [key for key, _, _ in compare_runs(read_run(one.path), read_run(two.path))]
    assert "config.smallest_spread" in keys and "seed" not in keys and "id" not in keys


def test_a_run_of_that_name_must_exist(project: Project) -> None:
    with pytest.raises(DataError, match="no run"):
        project.run_dir("2020")


def test_progress_in_a_log_is_a_line_per_stage_and_one_every_ten_seconds() -> None:
    now, out = [0.0], io.StringIO()
    progress = LineProgress(out, clock=lambda: now[0])
    progress.begin("training", 30)
    for _ in range(30):
        now[0] += 1
        progress.advance(loss=0.25)
    progress.end()
    lines = out.getvalue().splitlines()
    assert lines[0] == "training: 10/30 loss=0.25"
    assert lines[-1].startswith("training: 30, done in 30.0 s")
    assert len(lines) == 4


def test_a_stage_without_a_step_is_heard_of_all_the_same() -> None:
    out = io.StringIO()
    progress = LineProgress(out, every_s=0.02)
    progress.begin("reading", 0)
    until = time.monotonic() + 10
    while "reading: 0 after 0 s" not in out.getvalue() and time.monotonic() < until:
        time.sleep(0.01)
    progress.end()
    lines = out.getvalue().splitlines()
    assert lines[0] == "reading: 0 after 0 s" and lines[-1].startswith("reading: 0, done in ")


def test_a_run_ends_well_where_the_table_takes_nothing(project: Project) -> None:
    """A disk that was full for a moment ended a training with a traceback, once its model was there."""
    table = project.root / ".kit" / "runs.sqlite"
    with start_run(project, "train") as run:
        whole = table.read_bytes()
        for journal in table.parent.glob("runs.sqlite-*"):
            journal.unlink()
        table.write_bytes(b"what a bad disk leaves of it")
        run.finish(figures={"bundle_version": 7.0})
    assert recorded_versions(project) == [7]
    told = CliRunner().invoke(make_app(), ["runs", "list", "-C", str(project.root)])
    assert isinstance(told.exception, MachineError)
    assert "delete it: it is made anew" in told.exception.fix
    table.write_bytes(whole)  # as it was before the run ended
    [listed] = list_runs(project)
    assert (listed.id, listed.state) == (run.id, "finished")
    table.unlink()
    assert [one.id for one in list_runs(project)] == [run.id]


def test_nobody_is_told_to_delete_a_table_that_another_program_uses(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_run(project, "train") as run:
        run.finish()
    monkeypatch.setattr(run_table, "PATIENCE_S", 0.1)
    table = project.root / ".kit" / "runs.sqlite"
    with closing(sqlite3.connect(table, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with start_run(project, "train") as unlisted:
            unlisted.finish()
        with pytest.raises(MachineError) as told:
            list_runs(project)
    assert "delete" not in told.value.fix and "try again" in told.value.fix
    assert {one.id for one in list_runs(project)} == {run.id, unlisted.id}
