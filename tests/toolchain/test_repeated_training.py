"""Each kit gives the same bundle again in another process: what a figure is traced to can be had again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kits.core.bundle import BundleManifest, open_file
from kits.core.discovery import get_kit
from kits.core.story import DemoStory
from kits.toolchain.demo.programs import Programs

SEED = 3
KITS = ["lead-scoring", "predictive-maintenance", "support-triage", "visual-inspection"]


@pytest.mark.slow
@pytest.mark.parametrize("kit", KITS)
def test_the_same_data_and_seed_give_the_same_bundle_in_every_process(
    tmp_path: Path, kit: str
) -> None:
    demo = get_kit(kit).demo
    demo.generate(tmp_path / "data", SEED)
    one, other = (
        open_file(trained(tmp_path, kit, demo.STORY, hash_seed)) for hash_seed in ("1", "2")
    )
    assert told(one.manifest) == told(other.manifest)
    assert one.files.keys() == other.files.keys()
    differ = {name for name in one.files if one.files[name] != other.files[name]}
    assert differ <= {"manifest.json", "card.md"}  # both tell when and in which run it was made


def trained(folder: Path, kit: str, story: DemoStory, hash_seed: str) -> Path:
    """The bundle of a project that was made, filled and trained with the orders of sets that belong to a seed."""
    programs = Programs(folder / f"logs-{hash_seed}", env={"PYTHONHASHSEED": hash_seed})
    project = folder / hash_seed / "project"
    answers = [f"{key}={value}" for key, value in story.answers.items()]
    programs.text(
        *("kit", "new", kit, str(project), "--defaults", "--data", str(folder / "data" / story.data)),
        *("--answer", "name=line-1"),
        *(word for answer in answers for word in ("--answer", answer)),
    )  # fmt: skip
    for name in story.project:
        shutil.rmtree(project / name, ignore_errors=True)
        shutil.copytree(folder / "data" / name, project / name)
    made = programs.json("kit", "train", "-C", str(project), "--json", "--seed", str(SEED))
    return Path(str(made["bundle"]))


def told(manifest: BundleManifest) -> BundleManifest:
    """What a bundle says of itself, without the time and the run that made it."""
    return manifest.model_copy(update={"created_at": None, "run": ""})
