"""A table for labelling elsewhere, and back: CSV with one sample a row.

Cells that a spreadsheet would take for a formula are written as text. What comes back is read by column names;
only `sample` and `label` count, as they went out; the text is not taken over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError, UsageError
from kits.core.harmless import printable
from kits.core.labelling import SEVERAL, labels_in
from kits.core.showing import MAX_TEXT, Shown
from kits.toolchain.labelling.journal import Entry
from kits.toolchain.labelling.work import clean_label
from kits.toolchain.spreadsheet_cells import marked_cell, shown_cell, unmarked

COLUMNS = ("sample", "title", "text", "guess", "label")
MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """A sample on its way out."""

    item: DatasetItem
    shown: Shown
    guess: str = ""


def write_table(rows: Iterable[Row]) -> bytes:
    """The table, UTF-8 with the mark that spreadsheets look for."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        shown = row.shown
        writer.writerow(
            [
                marked_cell(row.item.sample.id),
                shown_cell(printable(shown.title)),
                shown_cell(printable(shown.text[:MAX_TEXT])),
                shown_cell(printable(row.guess)),
                marked_cell(row.item.annotation.label if row.item.annotation else ""),
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def read_table(
    content: bytes,
    dataset: Dataset,
    stated: Mapping[str, Annotation],
    author: str,
    clock: Callable[[], datetime],
) -> Iterator[Entry]:
    """The rows that say something new. Rows without a label are passed over.

    Args:
        stated: what holds already; the same again is no news.

    Raises:
        DataError: no such table, an unknown sample or a label that cannot be kept; the message names the line.
    """
    known = {item.sample.id: item.annotation for item in dataset.items}
    for number, row in enumerate(_rows(content), start=2):
        sample, label = (unmarked((row.get(name) or "").strip()) for name in ("sample", "label"))
        if not label:
            continue
        if sample not in known:
            raise DataError(
                f"line {number} names sample {sample[:40]!r}, which this dataset version does not have",
                fix="export the table again, and keep its column `sample`",
            )
        try:
            text = SEVERAL.join(sorted({clean_label(part) for part in labels_in(label)}))
        except UsageError as error:
            raise DataError(f"line {number}: {error.what}", fix=error.fix) from None
        before = stated.get(sample) or known[sample]
        if before is None or before.label != text:
            at = clock()
            said = Annotation(text, author=author, source="review", at=at)
            yield Entry(sample, "state", author, at, said)


def _rows(content: bytes) -> Iterator[dict[str, str | None]]:
    if len(content) > MAX_BYTES:
        raise DataError(f"a table of more than {MAX_BYTES >> 20} MiB is not read")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"byte {error.start} is not UTF-8", fix="save the table as CSV in UTF-8"
        ) from None
    # spreadsheets of half of Europe write semicolons
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in head else ",")
    if not {"sample", "label"} <= set(reader.fieldnames or ()):
        raise DataError(
            "this table has no columns `sample` and `label`",
            fix="kit label --export FILE.csv makes one to fill in",
        )
    try:
        yield from reader
    except csv.Error as error:
        raise DataError(f"line {reader.line_num} cannot be read: {error}") from None
