"""One run of the main job on machine data, for the proofs `benchmarks/machines_*.py`: a project, a bundle, recordings.

Made by the commands a user types (`kit new`, `kit train`), judged through the device's runtime. What is measured
stands in the proofs; nothing is tuned here.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from kits.core.bundle import open_file
from kits.core.dataset import Dataset, Split
from kits.core.operating_point import OperatingPoint
from kits.core.ready import make_ready
from kits.core.stats import Estimate
from kits.predictive_maintenance._learning.recordings import Recording, load
from kits.predictive_maintenance.runtime import MachineRuntime
from kits.toolchain.demo.programs import Json, Programs
from kits.toolchain.project import Project


@dataclass(frozen=True)
class Run:
    """A trained project.

    Attributes:
        answer: of `kit train --json`.
    """

    project: Project
    runtime: MachineRuntime
    point: OperatingPoint
    answer: Json

    @property
    def dataset(self) -> Dataset:
        return self.project.dataset()

    def recordings(self, *splits: Split) -> list[Recording]:
        """Those of some splits, by asset and time."""
        dataset = self.dataset
        return load(dataset, [item for split in splits for item in dataset.of(split)])

    def words(self) -> str:
        """What a figure must not be printed without."""
        return f"dataset `{self.dataset.id[:12]}`, seed {self.answer['seed']}"


@contextmanager
def workplace(data: Path, statement: str = "") -> Iterator[tuple[Path, Path]]:
    """A folder to work in, and the data; copied there where a `machines.yaml` is to stand beside it."""
    with TemporaryDirectory() as name:
        root = Path(name)
        if statement:
            copy = root / data.name
            shutil.copytree(data, copy)
            (copy / "machines.yaml").write_text(statement)
            data = copy
        yield root, data


def new_project(root: Path, data: Path, name: str = "project") -> Path:
    """`kit new` on a folder of data."""
    place = root / name
    Programs(root / "logs").text(
        "kit", "new", "predictive-maintenance", str(place), "--defaults", "--data", str(data)
    )
    return place


def train(place: Path, settings: Sequence[str] = (), seed: int = 0) -> Run:
    """`kit train`, and the bundle it made."""
    words = [word for setting in settings for word in ("--set", setting)]
    programs = Programs(place.parent / "logs")
    answer = programs.json("kit", "train", "-C", str(place), "--json", "--seed", str(seed), *words)
    bundle = open_file(Path(str(answer["bundle"])))
    runtime = make_ready(bundle).runtime
    assert isinstance(runtime, MachineRuntime)
    return Run(Project.open(place), runtime, bundle.operating_point, answer)


def metrics(answer: Json) -> dict[str, Estimate]:
    """Figures of a command's answer, with their intervals."""
    found = answer["metrics"]
    assert isinstance(found, dict)
    return {name: Estimate.model_validate(value) for name, value in found.items()}


def header(title: str) -> str:
    """The first lines of a proof's answer: what, on what machine, when."""
    now = datetime.now(timezone.utc).date()
    return f"### {title}\n\n{platform.machine()}, Python {platform.python_version()}, {now}\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def figures_row(name: str, figures: Mapping[str, Estimate], wanted: Sequence[str]) -> list[str]:
    """One row of such a table: a figure that was not measured is a dash."""
    return [name, *(figures[w].text() if w in figures else "–" for w in wanted)]
