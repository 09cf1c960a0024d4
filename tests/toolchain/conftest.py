"""A project of the dots kit, trained once for all tests of the toolchain that need a bundle."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kits.core.dataset import DatasetHeader, DatasetItem, build, save
from kits.core.sample import Sample, sample_id_for, utc_now
from kits.toolchain.project import Project
from kits.toolchain.releasing.key_making import make_keys
from kits.toolchain.releasing.roots import Desk
from kits.toolchain.training import Trained, train_project
from tests.quick_disk import no_waiting_for_the_disk  # noqa: F401  a fixture
from tests.third_party import installed, register

from .running_hub import RunningHub

KIT_YAML = """\
kit: dots
name: dots-line
problem: Bright dots get to the customer and cost 100 EUR each.
metric: {name: image_auroc, target: 0.9}
costs: {escape: 100, overkill: 2, review: 0.5, prevalence: 0.05}
"""


@pytest.fixture(scope="session")
def dots_kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Installs the dots kit for this process and its children, as pip would: by entry point."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(Path(__file__).parent / "dots_kit", site / "dots_kit")
    register(site, "dots_kit", "dots")
    with installed(site):
        yield site


@pytest.fixture(scope="session")
def dots_folder(dots_kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures by split and label."""
    from dots_kit import demo

    folder = tmp_path_factory.mktemp("pictures")
    demo.generate(folder, seed=3)
    return folder


def make_project(root: Path, pictures: Path, *, splits: tuple[str, ...] = ()) -> Project:
    """A project with the pictures as its current dataset version."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "kit.yaml").write_text(KIT_YAML)
    project = Project.open(root)
    items = []
    for raw in project.kit.data.read(pictures, "folders"):
        if splits and raw.split not in splits:
            continue
        name = raw.source
        sample = Sample(
            sample_id_for(raw.content, name),
            raw.media_type,
            project.blobs.put(raw.content),
            len(raw.content),
            utc_now(),
            source=name,
        )
        items.append(DatasetItem(sample, raw.annotation, raw.split))
    header = DatasetHeader(kit="dots", labels=("defect", "good"), split_rule="folders", seed=0)
    dataset = build(header, items, project.blobs)
    save(dataset, project.datasets_dir)
    project.use_dataset(dataset.id)
    return project


@pytest.fixture(scope="session")
def trained(dots_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Trained]:
    """A project with one finished training. Tests must not change it."""
    project = make_project(tmp_path_factory.mktemp("project"), dots_folder)
    return project, train_project(project, seed=1)


@pytest.fixture
def own_project(trained: tuple[Project, Trained], tmp_path: Path) -> Project:
    """A copy of the trained project that a test may change."""
    shutil.copytree(trained[0].root, tmp_path / "copy")
    return Project.open(tmp_path / "copy")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub without any release."""
    running = RunningHub(tmp_path / "served")
    yield running
    running.stop()


@pytest.fixture
def desk(hub: RunningHub, tmp_path: Path) -> Desk:
    """An engineer at that hub, with keys that need no passphrase."""
    made = hub.desk(tmp_path / "ada")
    make_keys(made.keys, no_passphrase=True, owner="ada")
    return made
