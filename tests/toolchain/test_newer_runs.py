"""What a newer Kitwright wrote into a project is named, or read as far as it is known; never a traceback, never nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kits.core.errors import ConfigError, DataError
from kits.toolchain.evaluation import load_evaluation
from kits.toolchain.export_note import ExportNote, read_export_note
from kits.toolchain.runs import Run, finished_runs
from kits.toolchain.scaffold import MEMORY, update

_EVALUATION = {"kit": "k", "dataset": "d", "split": "test", "n": 1, "seed": 0}
_PARTS = {"metrics": {}, "slices": {}, "results": [], "notes": []}


def _write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def _run(**more: object) -> dict[str, object]:
    begun = datetime(2026, 5, 4, tzinfo=UTC)
    run = Run(id="r", kind="train", state="finished", started_at=begun, project="p", kit="k")
    return {**run.model_dump(mode="json"), **more}


def test_a_run_of_a_newer_version_is_found(tmp_path: Path) -> None:
    _write(tmp_path / "r" / "run.json", _run(season="spring"))
    assert finished_runs(tmp_path, "train") == [tmp_path / "r"]


def test_a_record_that_is_no_run_is_passed_over(tmp_path: Path) -> None:
    _write(tmp_path / "r" / "run.json", _run(state="asleep"))
    assert finished_runs(tmp_path, "train") == []


def test_an_export_of_a_newer_version_says_so(tmp_path: Path) -> None:
    _write(tmp_path / "export.json", {"files": ["a.json"], "season": 1})
    with pytest.raises(DataError, match="'season', which this version") as told:
        read_export_note(tmp_path)
    assert "update Kitwright here" in told.value.fix and told.value.where.endswith("export.json")


def test_an_export_of_this_version_and_of_one_before_that_file_are_read(tmp_path: Path) -> None:
    assert read_export_note(tmp_path) == ExportNote()
    _write(tmp_path / "export.json", {"files": ["a.json"]})
    assert read_export_note(tmp_path).files == ("a.json",)


def test_an_evaluation_of_a_newer_version_says_so(tmp_path: Path) -> None:
    path = _write(tmp_path / "evaluation.json", {**_EVALUATION, **_PARTS, "season": 1})
    with pytest.raises(DataError, match="'season', which this version") as told:
        load_evaluation(path)
    assert "update Kitwright here" in told.value.fix


def test_an_evaluation_of_this_version_is_read_and_a_malformed_one_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "evaluation.json", {**_EVALUATION, **_PARTS})
    assert load_evaluation(path).n == 1
    with pytest.raises(DataError, match="malformed"):
        load_evaluation(_write(path, 5))


def test_a_project_of_a_newer_version_is_not_called_unreadable(tmp_path: Path) -> None:
    made = {"template": "lead-scoring", "version": "0.1.0", "answers": {}, "files": {}}
    _write(tmp_path / MEMORY, {**made, "season": 1})
    with pytest.raises(ConfigError, match="'season', which this version") as told:
        update(tmp_path, dry_run=True)
    assert told.value.fix == "update Kitwright here"
    _write(tmp_path / MEMORY, {**made, "files": 5})
    with pytest.raises(ConfigError, match="malformed: files") as told:
        update(tmp_path, dry_run=True)
    assert told.value.fix.startswith("put the file back")
