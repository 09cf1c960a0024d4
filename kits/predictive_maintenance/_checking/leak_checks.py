"""Checks for leakage: columns that hold the answer, rows that resemble their neighbours, copies.

What would make the figures better than the model is. Refuses (level `fail`) what surely leaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.predictive_maintenance._checking.duplicates import near_duplicates
from kits.predictive_maintenance._checking.leaks import find_leaks
from kits.predictive_maintenance._checking.looks import Look
from kits.predictive_maintenance._reading.columns.names import NORMAL, role_of

_TELLING = {
    "life": "holds the remaining life", "change": "marks changes, known only afterwards",
    "after": "is known only after the event", "label": "is named like a label",
}  # fmt: skip
_ALIKE = 0.5
_FEWEST = 50
_SHOWN = 20


def check_leakage(dataset: Dataset, looks: list[Look]) -> Iterator[Finding]:
    """Findings on what gives the answer away."""
    yield from _columns(looks)
    yield from _neighbours(looks)
    yield from _copies(dataset)
    yield from _faults_in_learnt(looks)


def _columns(looks: list[Look]) -> Iterator[Finding]:
    """Columns kept out at import until a person confirms, and those that are in the data."""
    waiting = sorted({text for look in looks for text in look.leaks})
    names = {c.name for look in looks for c in look.channels}
    names |= {name for look in looks for name in look.attributes}
    by_name = [f"{n}: {_TELLING[r]}" for n in sorted(names) if (r := role_of(n) or "") in _TELLING]
    found, strong = _by_value(looks)
    inside = [
        *by_name,
        *(text for text in found if text.split(":")[0] not in {b.split(":")[0] for b in by_name}),
    ]
    if inside or waiting:
        columns = [text.split(":")[0] for text in (*inside, *waiting)]
        kept = f"; {len(waiting)} of them were kept out at import" if waiting else ""
        yield Finding(
            "leakage-columns",
            "fail",
            f"{len(columns)} column(s) give the answer away{kept}",
            (*inside, *waiting)[:_SHOWN],
            f"state `ignore: [{', '.join(columns)}]` in machines.yaml beside the data and import again "
            "with --replace; a column that is measured before the failure goes under `keep`",
        )
    elif strong:
        yield Finding(
            "leakage-columns", "warn", f"{len(strong)} channel(s) separate all failures alone",
            tuple(strong[:_SHOWN]),
            "make sure they are measured before the failure; else state them under `ignore`",
        )  # fmt: skip
    else:
        yield Finding("leakage-columns", "pass", "no column gives the answer away")


def _by_value(looks: list[Look]) -> tuple[list[str], list[str]]:
    """Flags and numbers that tell the label, among single rows."""
    rows = [look for look in looks if look.single and look.label]
    if len(rows) < _FEWEST:
        return [], []
    failed = np.array([look.label != NORMAL for look in rows])
    leaks = find_leaks(_table(rows), failed)
    return [x.text() for x in leaks if x.flag], [x.text() for x in leaks if not x.flag]


def _table(rows: Sequence[Look]) -> dict[str, NDArray[np.float64]]:
    columns: dict[str, NDArray[np.float64]] = {}
    codes: dict[tuple[str, str], float] = {}
    for index, look in enumerate(rows):
        values: dict[str, str | float] = {c.name: c.low for c in look.channels}
        for name, value in (values | dict(look.attributes)).items():
            column = columns.setdefault(name, np.full(len(rows), np.nan))
            column[index] = (
                codes.setdefault((name, value), float(len(codes)))
                if isinstance(value, str)
                else value
            )
    return columns


def _neighbours(looks: list[Look]) -> Iterator[Finding]:
    """Rows that resemble the row before them are windows of one recording, or a slow process."""
    rows = [
        (m[1], int(m[2]), look) for look in looks if look.single and (m := _row_number(look.source))
    ]
    if len(rows) < _FEWEST:
        return
    rows.sort(key=lambda row: (row[0], row[1]))
    table = np.column_stack(list(_table([look for _, _, look in rows]).values()))
    spread = np.nanstd(table, axis=0)
    table = table[:, spread > 0] / spread[spread > 0]
    if not table.size:
        return
    labels = np.array([look.label for _, _, look in rows])
    following = np.array([a[0] == b[0] and b[1] == a[1] + 1 for a, b in pairwise(rows)])
    following &= labels[1:] == labels[:-1]
    groups = [look.group for _, _, look in rows]
    apart = np.array([a != b for a, b in pairwise(groups)])
    if following.sum() < _FEWEST or not (following & apart).any():
        return
    near = float(np.nanmean(np.abs(np.diff(table, axis=0))[following]))
    shuffled = _within_labels(labels)
    far = float(np.nanmean(np.abs(table - table[shuffled])[labels == labels[shuffled]]))
    ratio = near / far if far > 0 else 1.0
    text = (
        f"rows that follow each other differ {ratio:.0%} as much as rows of one label do anywhere"
    )
    if ratio < _ALIKE:
        yield Finding(
            "neighbouring-rows", "warn", f"{text}: a split by row is judged on what it has seen", (),
            "state under `group` the column that names the machine, run or recording",
        )  # fmt: skip
    else:
        yield Finding("neighbouring-rows", "pass", text)


def _row_number(source: str) -> re.Match[str] | None:
    return re.fullmatch(r"(.*)#(\d+)", source)


def _within_labels(labels: NDArray[np.str_]) -> NDArray[np.intp]:
    """For each row another of its label, at random but always the same."""
    random = np.random.default_rng(0)
    partner = np.arange(labels.size)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        partner[own] = random.permutation(own)
    return partner


def _copies(dataset: Dataset) -> Iterator[Finding]:
    """The same stretch on both sides."""
    splits = {item.sample.id: item.split for item in dataset.items}
    names = {item.sample.id: item.sample.source for item in dataset.items}

    def contents() -> Iterator[tuple[str, bytes]]:
        for item in dataset.items:
            try:
                yield item.sample.id, dataset.content(item)
            except DataError:
                continue  # said by the check of damaged samples

    crossing = [
        f"{names[a]} ({splits[a]}) ~ {names[b]} ({splits[b]})"
        for a, b in near_duplicates(contents())
        if (splits[a] == "test") != (splits[b] == "test")
    ]
    if crossing:
        yield Finding(
            "copies", "fail", f"{len(crossing)} pair(s) of recordings share a stretch across the split",
            tuple(crossing[:_SHOWN]), "import with --replace: the import keeps copies together",
        )  # fmt: skip
    else:
        yield Finding("copies", "pass", "no stretch is in train and in test")


def _faults_in_learnt(looks: list[Look]) -> Iterator[Finding]:
    found = [
        look.source
        for look in looks
        if look.split != "test" and look.annotation is not None and look.annotation.spans
    ]
    if found:
        yield Finding(
            "faults-in-learnt-part",
            "warn",
            f"{len(found)} recording(s) to learn from hold labelled faults",
            tuple(found[:_SHOWN]),
            "shorten learn.rows or learn.share, so that only normal running is learnt from",
        )
