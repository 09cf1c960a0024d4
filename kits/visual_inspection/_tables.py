"""A table beside the pictures that says what each of them shows: a line per picture with its file and its class.

Boxes are not read here; a table of those is COCO's or YOLO's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kits.core.annotation import Annotation
from kits.core.dataset import SPLIT_WORDS
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.tables import BadRow, Row, open_table
from kits.visual_inspection._files import Reading
from kits.visual_inspection._labels import GOOD, is_good, tidy
from kits.visual_inspection._layout import Placed, layout_of

SUFFIXES = frozenset({".csv", ".tsv"})
_HALF = 0.5
_MOST_CLASSES = 60
_SHOWN = 20
_DEFECT = "defect"
_LABELS = (
    "label", "class", "classname", "class_name", "category", "defect", "defect_type", "defecttype", "type", "target", "result", "verdict",
    "status", "state", "quality", "anomaly", "is_defective", "defective", "is_defect", "klasse", "fehler", "fehlerart", "ergebnis", "defaut",
    "etat", "defecto", "estado", "difetto",
)  # fmt: skip
"""Names of the column with the class, the likeliest first."""
_OF_DEFECTS = (
    "defect",
    "defective",
    "anomaly",
    "is_defective",
    "is_defect",
    "fehler",
    "defaut",
    "defecto",
    "difetto",
)
"""Of these 1 or yes is a defect, and 0 or no is none."""
_OF_GOOD = ("good", "ok", "is_good", "is_ok", "passed", "pass")
_YES, _NO = (
    frozenset({"1", "1.0", "true", "yes", "ja", "oui", "si"}),
    frozenset({"0", "0.0", "false", "no", "nein", "non"}),
)
_SPLITS = ("split", "set", "subset", "partition")


@dataclass(frozen=True)
class Labels:
    """What a table says.

    Attributes:
        file: the table.
        by_name: file name, in lower case → its row.
        label, split: names of columns; `split` empty where there is none.
    """

    file: Path
    by_name: Mapping[str, Row]
    label: str
    split: str


def find_table(path: Path) -> Labels | None:
    """The table in or one level below a folder that names at least half of its pictures.

    Raises:
        DataError: it does, but no column tells a class.
    """
    tables = sorted(f for f in {*path.glob("*"), *path.glob("*/*")} if f.suffix.lower() in SUFFIXES)
    if not tables:
        return None
    placed = layout_of(path).placed
    whole, stems = ({_key(name) for name in names} for names in zip(*_names(placed)))
    for file in tables:
        columns, rows = _rows(file)
        for column in columns:
            by_name = {_key(row.get(column, "")): row for row in rows}
            sure = len(by_name.keys() & whole) >= _HALF * len(placed)
            if not sure and len(by_name.keys() & stems) < _HALF * len(placed):
                continue
            others = [one for one in columns if one != column]
            label = _label_column(rows, others)
            if label:
                return Labels(file, by_name, label, _split_column(others))
            if sure:  # numbers alone may be anything, such as times
                raise _unlabelled(file, others)
    return None


def _names(placed: Sequence[Placed]) -> list[tuple[str, str]]:
    """Of each picture its name and the same without its ending."""
    return [(one.file.name, one.file.stem) for one in placed]


def _rows(file: Path) -> tuple[tuple[str, ...], list[Row]]:
    """Columns and rows; none of a file that is no table: it may be anything that lies there."""
    try:
        table = open_table(file, named=True)
    except DataError:
        return (), []
    return table.columns, [one[1] for one in table.rows() if not isinstance(one, BadRow)]


def read_table(path: Path) -> Iterator[RawSample | Finding]:
    """Pictures with the class that a table states; one that it does not name is not annotated.

    Raises:
        DataError: no table names the pictures, or none of its columns tells a class.
    """
    found = find_table(path)
    if found is None:
        raise DataError(
            "no table that names the pictures",
            where=str(path),
            fix="a CSV with a line per picture: its file name, and its class under `label`",
        )
    layout = layout_of(path)
    reading, missing = Reading(path), []
    for one in layout.placed:
        picture = reading.open(one.file)
        if isinstance(picture, Finding):
            yield picture
            continue
        row = found.by_name.get(_key(one.file.name)) or found.by_name.get(_key(one.file.stem))
        label = _class(found, row) if row else ""
        if not label:
            missing.append(picture.name)
        split = SPLIT_WORDS.get((row or {}).get(found.split, "").strip().lower()) or one.split
        yield picture.sample(
            Annotation(label=label, author=found.file.name) if label else None, split=split
        )
    yield from reading.findings()
    yield from _told(found, layout.placed, missing)
    if layout.masks:
        yield next(iter(layout.findings()))


def _told(found: Labels, placed: Sequence[Placed], missing: Sequence[str]) -> Iterator[Finding]:
    counts = Counter(_class(found, row) for row in found.by_name.values())
    told = ", ".join(f"{label or '(none)'}: {n}" for label, n in counts.most_common(_SHOWN))
    yield Finding("columns", "pass", f"{found.file.name}: class by {found.label} ({told})")
    if missing:
        yield Finding(
            "image-without-label", "warn",
            f"{len(missing)} picture(s) are not in {found.file.name}, or have no class there: imported as not annotated",
            tuple(missing[:_SHOWN]), "add a line for each",
        )  # fmt: skip
    known = {_key(one.file.name) for one in placed} | {_key(one.file.stem) for one in placed}
    lost = sorted(name for name in found.by_name if name and name not in known)
    if lost:
        yield Finding(
            "label-without-image", "warn", f"{len(lost)} line(s) of {found.file.name} name no picture", tuple(lost[:_SHOWN]),
            "copy the pictures, or delete the lines",
        )  # fmt: skip


def _key(cell: str) -> str:
    return PurePosixPath(cell.strip().replace("\\", "/")).name.lower()


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _label_column(rows: Sequence[Row], others: Sequence[str]) -> str:
    """The column with the class: by its name, else the only one of few values with a word for good among them."""
    named = {_plain(column): column for column in others}
    for name in (*_LABELS, *_OF_GOOD):
        if name in named:
            return named[name]
    telling = [column for column in others if _tells_good(rows, column)]
    return telling[0] if len(telling) == 1 else ""


def _unlabelled(file: Path, others: Sequence[str]) -> DataError:
    return DataError(
        f"it names the pictures, but no column tells their class: {', '.join(others) or 'there is no other'}",
        where=file.name,
        fix="call the column with the class `label`, and good parts `good`",
    )


def _tells_good(rows: Sequence[Row], column: str) -> bool:
    values = {row.get(column, "") for row in rows}
    return 2 <= len(values) <= _MOST_CLASSES and any(map(is_good, values))


def _split_column(others: Sequence[str]) -> str:
    named = {_plain(column): column for column in others}
    return next((named[name] for name in _SPLITS if name in named), "")


def _class(found: Labels, row: Row) -> str:
    """The class of a row; of a plain yes or no by what the column asks.

    Raises:
        DataError: numbers of which nobody knows which one is good.
    """
    cell = row.get(found.label, "").strip()
    word, column = cell.lower(), _plain(found.label)
    if word not in _YES | _NO:
        return tidy(cell)
    if column in _OF_DEFECTS:
        return _DEFECT if word in _YES else GOOD
    if column in _OF_GOOD:
        return GOOD if word in _YES else _DEFECT
    raise DataError(
        f"{cell!r} may mean good or defective",
        where=f"{found.file.name}, column {found.label}",
        fix="call the column `defect` (1: defective) or `good` (1: good), or write the classes as words",
    )
