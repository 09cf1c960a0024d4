"""`kit replay` of pictures: verdicts and money, for a kit whose samples stand for themselves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.errors import UsageError
from kits.visual_inspection import demo


def kit(*words: str) -> str:
    done = CliRunner().invoke(make_app(), words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project trained on half of the demo's good parts, and its labelled pictures."""
    root = tmp_path_factory.mktemp("line")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "LINE", 1)  # its hundreds of pictures of a line are not looked at here
        demo.generate(root / "data", 2)
    for picture in sorted((root / "data" / "parts" / "good").iterdir())[::2]:
        picture.unlink()
    parts = str(root / "data" / "parts")
    kit("new", "visual-inspection", str(root / "project"), "--defaults", "--data", parts)
    kit("train", "-C", str(root / "project"), "-q")
    return root / "project", root / "data" / "labelled"


def test_replay_counts_verdicts_by_truth_and_weighs_them_in_money(
    line: tuple[Path, Path], tmp_path: Path
) -> None:
    project, labelled = line
    page = tmp_path / "replay.html"
    given = ("replay", str(labelled), "-C", str(project))
    document = json.loads(kit(*given, "--json", "--report", str(page)))
    assert document["samples"] == demo.LABELLED == sum(document["verdicts"].values())
    cost = document["cost"]
    defects = sum(
        sum(row.values()) for truth, row in document["by_truth"].items() if truth != "good"
    )
    assert cost["doing_nothing"] == pytest.approx(100 * defects)
    assert cost["avoided"]["value"] == pytest.approx(cost["doing_nothing"] - cost["with_bundle"])
    assert cost["avoided"]["value"] > cost["at_random"]["value"]
    assert "Verdicts" in page.read_text()
    lines = kit(*given).splitlines()
    assert "cost avoided" in lines[0] and lines[-1].startswith("next: kit ")


def test_pictures_that_nobody_labelled_are_counted_without_money(
    line: tuple[Path, Path], tmp_path: Path
) -> None:
    project, labelled = line
    shutil.copytree(labelled, tmp_path / "yolo")
    for file in (tmp_path / "yolo").rglob("*.txt"):
        if file.parent.name != "images":
            file.unlink()
    document = json.loads(kit("replay", str(tmp_path / "yolo"), "-C", str(project), "--json"))
    assert document["samples"] == demo.LABELLED
    assert document["cost"] is None
    assert any("no sample has a label" in note for note in document["notes"])


def test_options_of_machines_are_refused_with_the_reason(line: tuple[Path, Path]) -> None:
    project, labelled = line
    with pytest.raises(UsageError, match="decides each sample by itself"):
        kit("replay", str(labelled), "-C", str(project), "--tune")
