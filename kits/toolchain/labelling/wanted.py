"""Whether labelling by hand is what comes next in a project. Says so, labels nothing."""

from __future__ import annotations

from kits.core.dataset import Dataset
from kits.core.labelling import WithLabelling
from kits.toolchain import without_data
from kits.toolchain.project import Project

_FEWEST_KINDS = 2
"""Of one kind alone nothing can be told apart."""


def wants_labels(project: Project, dataset: Dataset) -> bool:
    """Whether the kit can say what to label, and what is labelled is too little to learn from."""
    if not isinstance(project.kit.train, WithLabelling) or without_data.possible(project, dataset):
        return False
    said = {item.annotation.label for item in dataset.items if item.annotation}
    return len(said - {""}) < _FEWEST_KINDS


def next_command(project: Project, dataset: Dataset, otherwise: str) -> str:
    """`kit label` while labels are wanted, else the command given."""
    return "kit label" if wants_labels(project, dataset) else otherwise
