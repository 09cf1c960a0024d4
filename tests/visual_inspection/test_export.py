"""`kit data export` of pictures: what a format cannot hold is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.visual_inspection.builders import encoded, picture, put
from tests.visual_inspection.test_replay import kit


@pytest.mark.parametrize(
    ("form", "left_out"), [("yolo", 2), ("folders", 0), ("kitwright", 0)]
)  # fmt: skip
def test_an_export_says_how_many_samples_are_in_it(
    tmp_path: Path, form: str, left_out: int
) -> None:
    """Of defects without a box YOLO would say that they are good."""
    for n in range(6):
        place = f"NG/{n}.png" if n < 2 else f"OK/{n}.png"
        put(tmp_path / "parts" / place, encoded(picture(seed=n), ".png"))
    project, out = str(tmp_path / "project"), str(tmp_path / "out")
    kit("new", "visual-inspection", project, "--defaults", "--data", str(tmp_path / "parts"))
    told = json.loads(kit("data", "export", out, "--format", form, "-C", project, "--json"))
    assert (told["n"], told["left_out"]) == (6 - left_out, left_out)
    pictures = list(Path(out).rglob("*.png"))
    assert form == "kitwright" or len(pictures) == told["n"]
    said = kit("data", "export", f"{out}-2", "--format", form, "-C", project)
    assert said.startswith(f"{told['n']} samples written to")
    assert ("2 left out" in said) == bool(left_out)
