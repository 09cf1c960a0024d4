"""Tables with a row per picture: its file, and what it shows as a word, as yes or no, or as a column per class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kits.core.column_names import plain
from kits.core.dataset import SPLIT_WORDS, Split
from kits.core.errors import DataError
from kits.core.tables import Row
from kits.visual_inspection._reading.files import SUFFIXES as PICTURES
from kits.visual_inspection._reading.labels_tables import Table, column_of_pictures
from kits.visual_inspection._reading.stated import Stated
from kits.visual_inspection._words import DEFECT, GOOD, is_good, is_undecided, says_bad, tidy

_MOST_CLASSES = 60
_SHOWN = 20
_LABELS = (
    "label", "class", "classname", "class_name", "category", "defect", "defect_type", "defecttype", "type", "target", "result", "verdict",
    "status", "state", "quality", "anomaly", "is_defective", "defective", "is_defect", "klasse", "fehler", "fehlerart", "ergebnis", "befund",
    "urteil", "defaut", "resultat", "etat", "defecto", "resultado", "estado", "difetto", "esito", "wynik", "判定", "結果", "检测结果",
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
_MARKS = frozenset({"", "x", "✓", "✔", "●", "j", "y", "1", "ja", "yes", "oui", "si", "sí"})
_NO_KIND = frozenset(
    {"", "-", "–", "none", "keine", "keiner", "no", "n/a", "na", "aucun", "ninguno", "nessuno"}
)
_OF_KINDS = (
    "defect", "defekt", "defaut", "defecto", "defeito", "difetto", "fault", "error", "failure", "flaw", "fehler", "mangel", "ausschuss",
    "wada", "vada", "chyba", "hiba", "reject", "class", "klass", "categor", "kategor", "label", "kind", "type", "typ", "tipo", "reason",
    "grund",
)  # fmt: skip
"""How words begin that are in the name of a column with a kind: what was done about a defect is none."""
_PER_KIND = 3
"""Rows of a kind on average, at least; else it is a remark."""
_SPLITS = ("split", "set", "subset", "partition")


_NO_VIEWS = frozenset({
    "template", "reference", "ref", "golden", "master", "mask", "overlay", "heatmap", "map", "annotated", "result", "thumbnail", "thumb", "preview",
    "previous", "prev", "next", "before", "after", "segmentation", "vorlage", "referenz", "maske", "vorschau", "crop", "cropped", "roi", "patch",
    "depth", "diff", "difference", "edges", "drawing", "cad", "similar", "ausschnitt", "tiefe", "differenz", "zeichnung",
})  # fmt: skip
"""Words of columns of pictures that are of another part, or made of the one beside."""
_SIDES = frozenset({
    "top", "bottom", "front", "back", "rear", "side", "left", "right", "inside", "outside", "view", "cam", "camera", "picture", "image", "photo",
    "oben", "unten", "vorne", "vorn", "hinten", "seite", "links", "rechts", "vorderseite", "rueckseite", "innen", "aussen", "ansicht", "kamera",
    "bild", "foto",
})  # fmt: skip
"""Words of columns of pictures that show a part from one side."""


@dataclass(frozen=True)
class _Columns:
    """Where a table has what: the class in one column, or in a column per class that is 1.

    Attributes:
        finer: the column with the kind of a defect, beside one that says only good or bad.
    """

    picture: str
    label: str
    kinds: tuple[str, ...]
    split: str
    marks: bool = False
    finer: str = ""


def stated(table: Table, is_picture: Callable[[str], bool]) -> list[Stated] | None:
    """What a table states; None where it names no pictures, or no class.

    Raises:
        DataError: the classes are numbers of which nobody knows which one is good.
    """
    columns = _columns_of(table, column_of_pictures(table, is_picture))
    if columns is None:
        return None
    views = _views(table, columns.picture, is_picture)
    named = [row for row in table.rows if row.get(columns.picture, "").strip()]
    found = []
    for row in named:
        one = _stated(row, columns, table)
        found.append(replace(one, group=one.name) if views else one)
        found += [replace(one, name=row[view], group=one.name) for view in views if row[view].strip()]  # fmt: skip
    return found


def _views(table: Table, picture: str, is_picture: Callable[[str], bool]) -> tuple[str, ...]:
    """Further columns that name pictures of the same part: `image_top;image_side;verdict`.

    Not those of other parts or of none: a picture of a column of views stands nowhere else, and none is a template or an overlay. What is
    neither called as the first column nor as a side has no label by this table, and is told to have none.
    """
    found = []
    own = Counter(cell for row in table.rows for cell in set(row.values()) if cell)
    for column in (c for c in table.columns if c != picture and _is_view(c, picture)):
        cells = [cell for row in table.rows if (cell := row.get(column, "").strip())]
        files = [c for c in cells if Path(c).suffix.lower() in PICTURES and is_picture(c)]
        if cells and 2 * len(files) > len(cells) and all(own[cell] == 1 for cell in files):
            found.append(column)
    return tuple(found)


def _is_view(column: str, picture: str) -> bool:
    own, first = (
        {word.rstrip("0123456789") for word in plain(name).split("_")} - {""}
        for name in (column, picture)
    )
    verdict = any(is_good(w) or says_bad(w) or w in _OF_DEFECTS for w in own | first)
    return not verdict and not own & _NO_VIEWS and bool(own & (first | _SIDES) or not own)


def _columns_of(table: Table, picture: str) -> _Columns | None:
    """Where a table has what; None where it names no pictures, or no class."""
    others = [column for column in table.columns if column != picture]
    label = _label_column(table.rows, others)
    kinds = () if label else _kinds(table.rows, others)
    if not picture or not (label or kinds):
        return None
    marks = bool(label) and _holds_marks(table.rows, label)
    columns = _Columns(picture, label, kinds, _split_column(others), marks)
    return replace(columns, finer=_finer_column(table, columns, others))


def _stated(row: Row, columns: _Columns, table: Table) -> Stated:
    label = _class(row, columns, table.name)
    split: Split | None = SPLIT_WORDS.get(row.get(columns.split, "").strip().lower())
    unread = "" if label else f"{table.name} has no class for it"
    return Stated(
        row[columns.picture],
        label=label,
        split=split or _folder(table.file),
        base=table.file.parent,
        open=unread,
    )


def _folder(file: Path) -> Split | None:
    return SPLIT_WORDS.get(file.parent.name.lower())


def told(table: Table, stated: Sequence[Stated]) -> str:
    """Which columns of a table say what a picture shows, and how often which class is there, for people."""
    called = (stated[0].group or stated[0].name) if stated else ""
    picture = next((c for c in table.columns if stated and called in {row.get(c) for row in table.rows}), "")  # fmt: skip
    columns = _columns_of(table, picture)
    where = ""
    if columns is not None and columns.label:
        finer = f", its kind by {columns.finer!r}" if columns.finer else ""
        where = f"class by {columns.label!r}{finer}: "
    parts = len({one.group for one in stated if one.group})
    if parts:
        where = f"{parts} parts by {picture!r}, whose pictures stay together, {where}"
    counts = Counter(one.label for one in stated)
    return where + ", ".join(f"{label or '(none)'}: {n}" for label, n in counts.most_common(_SHOWN))


def _label_column(rows: Sequence[Row], others: Sequence[str]) -> str:
    """The column with the class: by its name and a word for good in it, by its name, or the only one of few values with such a word."""
    named = {plain(column): column for column in reversed(others)}
    called = [named[name] for name in map(plain, _LABELS) if name in named]
    telling = [column for column in others if _tells_good(rows, column)]
    if called:
        verdicts = (column for column in telling if _is_verdict(rows, column, called[0]))
        return next((column for column in called if column in telling), next(verdicts, called[0]))
    if len(telling) == 1:
        return telling[0]
    if marked := [column for column in others if _holds_marks(rows, column)]:
        return marked[0]
    if _kinds(rows, others):
        return ""
    return next((named[name] for name in _OF_GOOD if name in named), "")


def _is_verdict(rows: Sequence[Row], column: str, kind: str) -> bool:
    """Whether a column calls parts good, and none of those that have a kind of a defect: `Prüfergebnis` beside `Fehlerart`."""
    defects = (row for row in rows if row.get(kind, "").strip().lower() not in _NO_KIND)
    return not any(is_good(row.get(column, "")) for row in defects)


def _finer_column(table: Table, columns: _Columns, others: Sequence[str]) -> str:
    """A column that tells a kind where the class is bad, and nothing where it is good: `Befund;Fehlerart`, `n.i.O.;Kratzer`."""
    if not columns.label:
        return ""
    classes = [_class(row, columns, table.name) for row in table.rows]
    bad = {one for one in classes if one and not is_good(one)}
    if len(bad) != 1 or not any(map(is_good, classes)):
        return ""
    for column in others:
        words = plain(column).split("_")
        if column == columns.label or not any(word.startswith(_OF_KINDS) for word in words):
            continue
        kinds = [_kind(row, column) for row in table.rows]
        told = [kind for kind, one in zip(kinds, classes) if one in bad and kind]
        nowhere_else = all(one in bad for kind, one in zip(kinds, classes) if kind)
        if nowhere_else and len(set(told)) > 1 and len(told) >= _PER_KIND * len(set(told)):
            return column
    return ""


def _kind(row: Row, column: str) -> str:
    cell = row.get(column, "").strip()
    return "" if cell.lower() in _NO_KIND or is_good(cell) else tidy(cell)


def _holds_marks(rows: Sequence[Row], column: str) -> bool:
    """A column that is called as good or bad parts are, with a mark or nothing in each row: `n.i.O.`, `x`."""
    values = {row[column].strip().lower() for row in rows}
    return (
        (is_good(column) or says_bad(column))
        and "" in values
        and len(values - {""}) == 1
        and values <= _MARKS
    )


def _kinds(rows: Sequence[Row], others: Sequence[str]) -> tuple[str, ...]:
    """Columns of classes, each 0 or 1, one of them of good parts or each row with a 1."""
    flags = [c for c in others if {row.get(c, "").strip() for row in rows} <= {"0", "1"}]
    if len(flags) < 2 or len(flags) < len(others) - 1:
        return ()
    full = all(any(row[c].strip() == "1" for c in flags) for row in rows)
    return tuple(flags) if full or any(map(is_good, flags)) else ()


def unlabelled(table: Table, others: Sequence[str]) -> DataError:
    """A table names the pictures, and nobody knows what it says of them."""
    return DataError(
        f"it names the pictures, but no column tells their class: {', '.join(others)}",
        where=table.name,
        fix="call the column with the class `label`, and good parts `good`",
    )


def _tells_good(rows: Sequence[Row], column: str) -> bool:
    values = {row.get(column, "") for row in rows}
    return 2 <= len(values) <= _MOST_CLASSES and any(map(is_good, values))


def _split_column(others: Sequence[str]) -> str:
    named = {plain(column): column for column in others}
    return next((named[name] for name in _SPLITS if name in named), "")


def _class(row: Row, columns: _Columns, where: str) -> str:
    """The class of a row; of a plain yes or no by what the column asks.

    Raises:
        DataError: numbers of which nobody knows which one is good.
    """
    if columns.finer and (kind := _kind(row, columns.finer)):
        return kind
    if columns.kinds:
        ones = [tidy(kind) for kind in columns.kinds if row[kind].strip() == "1"]
        bad = [kind for kind in ones if kind != GOOD]
        return ",".join(bad) or (GOOD if ones else "")
    cell = row.get(columns.label, "").strip()
    if columns.marks:
        return GOOD if bool(cell) == is_good(columns.label) else DEFECT
    word, column = cell.lower(), plain(columns.label)
    if word not in _YES | _NO:
        return "" if is_undecided(cell) else tidy(cell)
    if column in _OF_DEFECTS:
        return DEFECT if word in _YES else GOOD
    if column in _OF_GOOD:
        return GOOD if word in _YES else DEFECT
    raise DataError(
        f"{cell!r} may mean good or defective",
        where=f"{where}, column {columns.label}",
        fix="call the column `defect` (1: defective) or `good` (1: good), or write the classes as words",
    )
