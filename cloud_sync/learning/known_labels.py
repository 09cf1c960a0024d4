"""The labels a project has: what a person may choose from, and how one that is typed is spelled.

A telephone writes `Normal` where the data say `normal`; kept as it was typed, it would be a class of its own, and a false
alarm a fault.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.store.bulk import in_portions
from cloud_sync.store.models import Annotation, Dataset, Sample
from kits.core.dataset import NO_LABEL
from kits.core.labelling import labels_in, parts_spelled_as

LATELY = 2000
"""Statements that are looked through for classes that no dataset has yet."""


def counted_labels(session: Session, project: str) -> dict[str, int]:
    """Label → how often the newest dataset version has it, and it was stated lately; `good` ones among them."""
    counts: dict[str, int] = {}
    newest = session.scalar(
        select(Dataset).where(Dataset.project == project).order_by(Dataset.created_at.desc())
    )
    for split in (newest.counts if newest else {}).values():
        for label, n in split.items() if isinstance(split, Mapping) else ():
            counts[label] = counts.get(label, 0) + (n if isinstance(n, int) else 0)
    for label in _said_lately(session, project):
        counts[label] = counts.get(label, 0) + 1
    return counts


def as_known(
    session: Session, project: str, labels: Collection[str], words: Collection[str] = ()
) -> dict[str, str]:
    """Typed labels as the project spells them, where capitals and what stands between words are all that differs.

    Args:
        labels: each may be several with `|` between.
        words: labels that are known whatever the project has.

    Returns:
        Label → the same in the project's spelling; itself where the project has none.
    """
    if all(part in words for label in labels for part in labels_in(label)):
        return {label: label for label in labels}
    counts = {**dict.fromkeys(words, 0), **counted_labels(session, project)}
    known = sorted(counts.keys() - {"", NO_LABEL}, key=lambda name: (-counts[name], name))
    return {label: parts_spelled_as(label, known) for label in labels}


def _said_lately(session: Session, project: str) -> list[str]:
    """The labels of a project among the newest statements of all.

    Statements are read first, and whose they are is looked up by name alone: a condition on the project has SQLite go
    through all samples of it, in one query with the statements once for each of these.
    """
    newest = select(Annotation.sample_id, Annotation.label).order_by(Annotation.id.desc())
    said = [(row[0], row[1]) for row in session.execute(newest.limit(LATELY))]
    projects: dict[str, str] = {}
    for names in in_portions({name for name, _ in said}):
        asked = select(Sample.id, Sample.project).where(Sample.id.in_(names))
        projects |= {row[0]: row[1] for row in session.execute(asked)}
    return [label for name, label in said if projects.get(name) == project]
