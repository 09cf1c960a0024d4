"""A table beside mails or texts that names each file and its intent (`labels.csv`: `file`, `category`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kits.core.column_names import plain
from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.core.mail import folders
from kits.core.row_sources import RowSource
from kits.core.tables import BadRow, Row
from kits.support_triage._reading.fits import mean_words
from kits.support_triage._reading.label_columns import label_in
from kits.support_triage._reading.opening import opened, table_paths
from kits.support_triage._reading.role_names import SURE_LABELS
from kits.support_triage._reading.sidecar import Sidecar

_MOST_TABLES = 20
_ID = re.compile(r"<[^<>\s]{1,400}@[^<>\s]{1,400}>")
_LEAST = 0.5
"""A table of labels names so many of the files."""
_LEAST_WORDS = 6
"""On an average: what a row says is a text, and no remark."""
_FEWEST_FOLDERS = 2
_SHOWN = 8


@dataclass(frozen=True)
class ListedLabels:
    """What a table says of files.

    Attributes:
        labels: file, as `key_of` writes it → the cell with its intent, or intents.
        unlisted: files that it does not name.
    """

    table: str
    file_column: str
    label_column: str
    labels: Mapping[str, str]
    unlisted: tuple[str, ...]

    def of(self, name: str) -> str:
        """The cell of a file; empty where nothing is said of it."""
        return next((self.labels[key] for key in keys_of(name) if key in self.labels), "")

    def names_most(self, ids: Iterable[str]) -> bool:
        """Whether it names most of some mails by their Message-ID."""
        found = [bool(self.of(one)) for one in ids]
        return bool(found) and sum(found) >= _LEAST * len(found)

    def separators(self, stated: str) -> str:
        """What separates several intents in a cell: also a comma, where the parts stand alone in other cells."""
        cells = {cell.strip() for cell in self.labels.values()}
        parts = {part.strip() for cell in cells if "," in cell for part in cell.split(",")}
        return f"{stated}," if parts and parts <= cells else stated

    def finding(self) -> Finding:
        """What was taken for what."""
        told = f"labels of {self.table}: file={self.file_column}, label={self.label_column}"
        if not self.unlisted:
            return Finding("columns", "pass", told, (self.table,))
        return Finding(
            "columns", "warn", f"{told}; {len(self.unlisted)} files are not named in it and have no label",
            self.unlisted[:_SHOWN], "add a line for each of them",
        )  # fmt: skip


def listed_labels(path: Path, files: Sequence[Path], sidecar: Sidecar) -> ListedLabels | None:
    """The table that names most of the files, and says something of each; None where there is none.

    Args:
        files: mails or texts below `path`.
    """
    if not path.is_dir() or not files:
        return None
    own = set(files)
    tables = [file for file in table_paths(path, sidecar) if file not in own][: _MOST_TABLES + 1]
    if len(tables) > _MOST_TABLES:
        return None
    names = [file.relative_to(path).as_posix() for file in files]
    for file in tables:
        try:
            sources = opened(file, file.relative_to(path).as_posix(), sidecar).sources
        except (DataError, OSError):
            continue
        for source in sources:
            found = _in_table(source.name, source.rows, names, sidecar)
            if found is not None:
                return found
    return None


def listed_by_id(path: Path, sidecar: Sidecar) -> ListedLabels | None:
    """The table beside mailboxes that names mails by their Message-ID; None where there is none."""
    if not path.is_dir():
        return None
    for file in table_paths(path, sidecar)[:_MOST_TABLES]:
        try:
            sources = opened(file, file.relative_to(path).as_posix(), sidecar).sources
        except (DataError, OSError):
            continue
        for source in sources:
            columns = _of_ids(source.rows)
            rows = list(_rows(source.rows)) if columns else []
            for column in columns:
                found = _with_label(source.name, rows, source.rows.columns, column, sidecar)
                if found is not None:
                    return found
    return None


def _of_ids(source: RowSource) -> list[str]:
    """Columns that hold Message-IDs alone. A table without one is left at its first rows: it may be large."""
    left = dict.fromkeys(source.columns, False)
    for row in _rows(source):
        cells = {column: cell for column in left if (cell := row.get(column, "").strip())}
        for column, cell in cells.items():
            left[column] = True
            if not _ID.fullmatch(cell):
                del left[column]
        if not left:
            break
    return [column for column, filled in left.items() if filled]


def _rows(source: RowSource) -> Iterator[Row]:
    return (one[1] for one in source.rows() if not isinstance(one, BadRow))


def _with_label(
    name: str, rows: Sequence[Row], columns: Sequence[str], column: str, sidecar: Sidecar
) -> ListedLabels | None:
    free = {c: [cell for row in rows if (cell := row.get(c, "").strip())] for c in columns if c != column}  # fmt: skip
    stated = [c for c in sidecar.columns.label if c in free]
    label = stated[0] if stated else label_in(free, {column}, ())
    if not label:
        return None
    labels = {_written(row.get(column, "")): row.get(label, "").strip() for row in rows}
    return ListedLabels(name, column, label, labels, ())


def beside_folders(
    found: ListedLabels | None,
    places: Iterable[str],
    sidecar: Sidecar,
    named: Callable[[], bool] = lambda: True,
) -> tuple[ListedLabels | None, tuple[Finding, ...]]:
    """The table, or none where folders or keywords tell the intents: by what `mails.yaml` says, else by how the column is called, and told.

    Args:
        places: the folders that mails lie in, and keywords of some.
        named: whether the table names most of the mails; asked only where folders or keywords tell intents, too.
    """
    if found is None or found.label_column in sidecar.columns.label:
        return found, ()
    if sidecar.labels_from:
        return None, ()
    intents = {
        p
        for p in places
        if p and not (folders.is_default(p) or folders.own_kind(p) or folders.is_system(p))
    }
    if len(intents) < _FEWEST_FOLDERS:
        return found, ()
    sure = plain(found.label_column) in SURE_LABELS and named()
    text = f"folders or keywords tell intents, and so may the column {found.label_column} of {found.table}: "
    fix = "if not so: " + (
        "labels_from: folders, or keywords, in mails.yaml" if sure else f"columns: {{label: [{found.label_column}]}} in mails.yaml"
    )  # fmt: skip
    told = Finding("labels", "warn", text + ("the table counts" if sure else "they count"), (found.table,), f"{fix}, and import with --replace")  # fmt: skip
    return (found if sure else None), (told,)


def keys_of(name: str) -> tuple[str, str, str, str]:
    """What a list may call a file: its path or name, with its ending or without."""
    path = _written(name)
    last = path.rsplit("/", 1)[-1]
    return path, path.rpartition(".")[0] or path, last, last.rpartition(".")[0] or last


def _written(name: str) -> str:
    return name.strip().replace("\\", "/").removeprefix("./").lower()


def _are_texts(files: Sequence[str]) -> bool:
    return all(file.lower().endswith((".txt", ".text")) for file in files)


def _holds_texts(columns: Mapping[str, list[str]]) -> bool:
    """Whether each row has a text: then the rows are mails, and files called after them are attachments."""
    return any(all(cells) and mean_words(cells) > _LEAST_WORDS for cells in columns.values())


def _in_table(
    name: str, source: RowSource, files: Sequence[str], sidecar: Sidecar
) -> ListedLabels | None:
    rows = list(_rows(source))
    wanted = {key for file in files for key in keys_of(file)}
    columns = {c: [row.get(c, "").strip() for row in rows] for c in source.columns}
    named = {c: {_written(cell) for cell in cells} & wanted for c, cells in columns.items()}
    column = max(named, key=lambda c: len(named[c]), default="")
    if not column or len(named[column]) < max(2, _LEAST * len(files)):
        return None
    found = _with_label(name, rows, source.columns, column, sidecar)
    if found is None or (_are_texts(files) and _holds_texts(columns)):
        return None
    unlisted = tuple(file for file in files if not found.labels.keys() & set(keys_of(file)))
    return replace(found, unlisted=unlisted)
