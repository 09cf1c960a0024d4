"""What was said by hand becomes a dataset version; samples keep their splits.

The journal stays as it is: applying it twice gives the same version.
"""

from __future__ import annotations

from dataclasses import dataclass

from kits.core.dataset import Dataset, build, save
from kits.core.errors import DataError
from kits.toolchain.datasets import load_findings, save_findings
from kits.toolchain.importing import labels_of
from kits.toolchain.labelling.journal import Journal
from kits.toolchain.labelling.rounds import with_statements
from kits.toolchain.project import Project


@dataclass(frozen=True, slots=True)
class Applied:
    """The version, and how many of its labels changed.

    Attributes:
        absent: statements on samples that this version does not have.
    """

    dataset: Dataset
    changed: int
    absent: int


def apply(project: Project, journal: Journal) -> Applied:
    """Makes the version with all statements and uses it; without news it is the one there was.

    Raises:
        DataError: nothing was labelled yet, or the project has no data.
    """
    current = project.dataset()
    standing = journal.standing()
    if not standing.stated and not standing.withdrawn:
        raise DataError(
            "nobody has labelled anything here", where=str(journal.path), fix="kit label"
        )
    known = {item.sample.id: item.annotation for item in current.items}
    stated = with_statements(current, standing)
    changed = sum(known[item.sample.id] != item.annotation for item in stated.items)
    absent = sum(identity not in known for identity in standing.stated)
    if changed == 0:
        return Applied(current, 0, absent)
    header = current.header.model_copy(
        update={"labels": labels_of(stated.items), "parent": current.id, "note": "labelled by hand"}
    )
    dataset = build(header, stated.items, project.blobs)
    save(dataset, project.datasets_dir)
    save_findings(project, dataset.id, load_findings(project, current.id))
    project.use_dataset(dataset.id)
    return Applied(dataset, changed, absent)
