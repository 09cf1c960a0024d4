"""Training before any data is there, for kits whose models may rest on what is known (`kits.core.kit.WithoutData`).

It gives the flow what takes the data's place: an empty dataset version, made inputs for golden samples, an
evaluation without figures. Whether a configuration can do without is the kit's to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from kits.core.dataset import Dataset, DatasetHeader, build, save
from kits.core.kit import Evaluation
from kits.core.kit_modules import WithoutData
from kits.toolchain.project import Project


def possible(project: Project, dataset: Dataset) -> bool:
    """Whether the project's kit makes a model from this dataset, although it is empty or lacks splits."""
    module = project.kit.train
    return isinstance(module, WithoutData) and module.needs_no_data(dataset, project.kit_config)


def dataset_of(project: Project) -> Dataset:
    """A version without samples. It is never made the current one.

    It names the project, so that two projects at one hub do not share it.
    """
    header = DatasetHeader(
        kit=project.kit.name,
        split_rule="no data",
        seed=project.config.data.seed,
        note=f"{project.config.name} before any data",
    )
    return build(header, (), project.blobs)


def keep(project: Project, dataset: Dataset) -> None:
    """Writes an empty version beside the others, once a run names it."""
    if not dataset.items:
        save(dataset, project.datasets_dir)


def examples(project: Project, dataset: Dataset, seed: int) -> Iterator[tuple[bytes, str]]:
    """Made inputs with their media types, where the kit has some."""
    module = project.kit.train
    if isinstance(module, WithoutData) and possible(project, dataset):
        yield from module.examples(project.kit_config, seed)


def unmeasured(dataset: Dataset, seed: int) -> Evaluation:
    """An evaluation that says that nothing was measured."""
    return Evaluation(
        kit=dataset.header.kit,
        dataset=dataset.id,
        split="test",
        n=0,
        seed=seed,
        metrics={},
        slices={},
        results=(),
        notes=("nothing was measured: there is no annotated data yet",),
    )
