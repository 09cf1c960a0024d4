"""Another name for a label, or one label of two: said anew of every sample that has it.

Statements are appended as if by hand, so the way back is to rename again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from kits.core.dataset import Dataset
from kits.core.errors import UsageError, did_you_mean
from kits.core.labelling import SEVERAL, labels_in
from kits.toolchain.labelling.journal import Entry
from kits.toolchain.labelling.work import clean_label


def names_of(pairs: Iterable[str]) -> dict[str, str]:
    """`OLD=NEW` as they are typed; the last `=` divides.

    Raises:
        UsageError: no such pair, a label that cannot be kept, or an old name that is given twice.
    """
    names: dict[str, str] = {}
    for pair in pairs:
        old, divides, new = pair.rpartition("=")
        old = old.strip()
        if not divides or not old:
            raise UsageError(
                f"{pair[:60]!r} is not OLD=NEW", where="--rename", fix="for example --rename refnd=refund"
            )  # fmt: skip
        if old in names:
            raise UsageError(f"{old[:60]!r} is renamed twice", where="--rename", fix="say one name")
        names[old] = clean_label(new)
    return names


def renamed(
    dataset: Dataset,
    names: Mapping[str, str],
    author: str,
    clock: Callable[[], datetime],
) -> Iterator[Entry]:
    """A statement for each sample whose label has another name now.

    Args:
        dataset: with all that was said by hand.
        names: old name → new one, of which several may be the same; a swap is one, too.

    Raises:
        UsageError: no sample has such a label; before anything is given.
    """
    labelled = [
        (item.sample.id, item.annotation) for item in dataset.items if item.annotation is not None
    ]
    used = {name for _, annotation in labelled for name in labels_in(annotation.label)}
    for name in names:
        if name not in used:
            raise UsageError(
                f"no sample has the label {name[:60]!r}",
                where="--rename",
                fix=did_you_mean(name, sorted(used)) or "kit label --json lists the labels",
            )
    for identity, annotation in labelled:
        parts = {names.get(name, name) for name in labels_in(annotation.label)}
        label = SEVERAL.join(sorted(parts))
        if label != annotation.label:
            at = clock()
            stated = replace(annotation, label=label, author=author, at=at)
            yield Entry(identity, "state", author, at, stated)
