"""`kit replay` of pictures: verdicts and money, for a kit whose samples stand for themselves."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
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


@dataclass(frozen=True)
class Told:
    """What a replay of the labelled pictures says, to people, to programs and on its page."""

    lines: list[str]
    document: dict[str, Any]
    page: str


@pytest.fixture(scope="module")
def told(line: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Told:
    project, labelled = line
    page = tmp_path_factory.mktemp("told") / "replay.html"
    given = ("replay", str(labelled), "-C", str(project))
    document = json.loads(kit(*given, "--json", "--report", str(page)))
    return Told(kit(*given).splitlines(), document, page.read_text())


def test_replay_counts_verdicts_by_truth_and_weighs_them_in_money(told: Told) -> None:
    document = told.document
    assert document["samples"] == demo.LABELLED == sum(document["verdicts"].values())
    cost = document["cost"]
    defects = sum(
        sum(row.values()) for truth, row in document["by_truth"].items() if truth != "good"
    )
    assert cost["doing_nothing"] == pytest.approx(100 * defects)
    assert cost["avoided"]["value"] == pytest.approx(cost["doing_nothing"] - cost["with_bundle"])
    assert cost["avoided"]["value"] > cost["at_random"]["value"]
    assert "Verdicts" in told.page
    assert "avoided" in "".join(told.lines[1:]) and told.lines[-1].startswith("next: kit ")


def test_money_of_many_defects_is_told_for_parts_as_they_come(told: Told) -> None:
    """Three in four of the labelled pictures are defective, in production two in a hundred: what was avoided here says nothing of it."""
    first, cost = told.lines[0], told.document["cost"]
    assert "cost of 1,000 parts as they come" in first and "cost avoided" not in first
    assert "beside 500 without a model (have a person look at everything)" in first
    assert cost["positives"]["value"] > 0.7 and cost["prevalence"] == 0.02
    assert cost["without_model"]["pass everything"] == 2000
    assert cost["per_1000"]["low"] <= cost["per_1000"]["value"] < 2000


def dimmed(folder: Path, pictures: list[Path]) -> Path:
    """The pictures under another lamp."""
    folder.mkdir(parents=True)
    for picture in pictures:
        image = cv2.imread(str(picture))
        assert image is not None
        ramp = np.linspace(0.35, 1.25, image.shape[1])[None, :, None]
        cv2.imwrite(str(folder / picture.name), np.clip(image * ramp, 0, 255).astype(np.uint8))
    return folder


def good_parts(project: Path) -> list[Path]:
    return sorted((project.parent / "data" / "parts" / "good").iterdir())


@pytest.mark.slow
def test_good_parts_under_another_lamp_are_told_to_be_not_as_promised(
    line: tuple[Path, Path], tmp_path: Path
) -> None:
    project, _ = line
    dimmed(tmp_path / "good", good_parts(project))
    page = tmp_path / "replay.html"
    given = ("replay", str(tmp_path / "good"), "-C", str(project), "--format", "golden")
    lines = kit(*given, "--report", str(page)).splitlines()
    assert lines[0].startswith("not as promised: false acts 100.0 %")
    assert any(row.startswith("note: not as promised") and "light" in row for row in lines)
    assert "Not as promised" in page.read_text()
    as_they_were = kit("replay", str(good_parts(project)[0].parent), *given[2:])
    assert "not as promised" not in as_they_were, "these thresholds hold for them"


@pytest.mark.slow
def test_pictures_without_a_word_are_no_good_parts_when_replayed(
    line: tuple[Path, Path], tmp_path: Path
) -> None:
    project, _ = line
    folder = dimmed(tmp_path / "camera", good_parts(project))
    document = json.loads(kit("replay", str(folder), "-C", str(project), "--json"))
    assert set(document["by_truth"]) == {""} and document["cost"] is None
    assert any("--format golden" in note for note in document["notes"])
    (beyond,) = [one for one in document["beyond_promise"] if one.startswith("acted on")]
    assert "are the most to expect" in beyond


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


@pytest.mark.slow
def test_pictures_of_one_part_count_as_one_where_the_project_says_which_belong_together(
    line: tuple[Path, Path], tmp_path: Path
) -> None:
    """`good_0012.jpg` and `good_0017.jpg` are of part 001: eighty pictures of eight parts prove what eight parts do."""
    project, _ = line
    shutil.copytree(project, tmp_path / "project")
    config = tmp_path / "project" / "kit.yaml"
    text = config.read_text()
    assert 'group_by: ""' in text
    config.write_text(text.replace('group_by: ""', "group_by: '^good_(...)'"))
    folder = dimmed(tmp_path / "good", good_parts(project))
    highest = {}
    for name, where in (("alone", project), ("together", tmp_path / "project")):
        given = (str(folder), "--format", "golden", "-C", str(where), "--json")
        replayed = json.loads(kit("replay", *given))["rates"]["overkill_rate"]
        judged = json.loads(
            kit("evaluate", "--data", str(folder), "--format", "golden", *given[3:])
        )["metrics"]["overkill_rate"]
        assert replayed["low"] == judged["low"]
        highest[name] = judged["low"]
    assert highest["together"] < highest["alone"] - 0.1


def test_options_of_machines_are_refused_with_the_reason(line: tuple[Path, Path]) -> None:
    project, labelled = line
    with pytest.raises(UsageError, match="decides each sample by itself"):
        kit("replay", str(labelled), "-C", str(project), "--tune")
