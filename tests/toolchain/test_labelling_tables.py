"""A table of mails to label elsewhere, and back: what goes out, what comes in, what is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.labelling.desk import Desk
from kits.toolchain.labelling.tables import Row, read_table, write_table
from kits.toolchain.project import Project
from tests.toolchain.notes import (
    NOW,
    notes,
    notes_kit,
    truth,
)

__all__ = ["notes", "notes_kit"]


class TestTables:
    def table(self, notes: Project, n: int = 6) -> tuple[Desk, bytes]:
        desk = Desk(notes, "ada")
        known = {item.sample.id: item for item in desk.dataset.items}
        rows = [
            Row(
                known[one.sample_id],
                desk.look(desk.dataset.content(known[one.sample_id])),
                one.guess,
            )
            for one in desk.sit(n).order
        ]
        return desk, write_table(rows)

    def fill(self, table: bytes, label: Callable[[str], str], separator: str = ",") -> bytes:
        rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
        out = io.StringIO()
        writer = csv.DictWriter(out, rows[0].keys(), delimiter=separator)
        writer.writeheader()
        writer.writerows({**row, "label": label(row["text"])} for row in rows)
        return out.getvalue().encode()

    @pytest.mark.parametrize("separator", [",", ";"])
    def test_a_table_goes_out_and_its_labels_come_back(
        self, notes: Project, separator: str
    ) -> None:
        desk, table = self.table(notes)
        entries = list(
            read_table(self.fill(table, truth, separator), desk.dataset, {}, "office", lambda: NOW)
        )
        assert len(entries) == 6
        for entry in entries:
            item = next(i for i in desk.dataset.items if i.sample.id == entry.sample)
            assert entry.annotation.label == truth(desk.dataset.content(item).decode())
            assert entry.author == entry.annotation.author == "office"

    def test_what_is_known_already_is_no_news_and_empty_rows_say_nothing(
        self, notes: Project
    ) -> None:
        desk, table = self.table(notes)
        filled = self.fill(table, lambda text: "parcel" if "parcel" in text else "")
        first = list(read_table(filled, desk.dataset, {}, "office", lambda: NOW))
        assert 0 < len(first) < 6
        stated = {entry.sample: entry.annotation for entry in first}
        assert list(read_table(filled, desk.dataset, stated, "office", lambda: NOW)) == []

    def of_note(self, folder: Path, text: str) -> bytes:
        """The table of a project with one note."""
        root = folder / "p"
        (root / "notes").mkdir(parents=True)
        (root / "notes" / "a.txt").write_text(text)
        (root / "kit.yaml").write_text("kit: notes\nname: p\n")
        project = Project.open(root)
        import_data(project, root / "notes", ImportOptions())
        return self.table(project, 1)[1]

    def test_no_cell_is_a_formula(self, notes_kit: Path, tmp_path: Path) -> None:
        table = self.of_note(tmp_path, '=HYPERLINK("http://x")\n@SUM(A1)')
        row = next(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
        assert row["title"].startswith("'=") and row["text"].startswith("'@")

    def test_no_cell_is_a_formula_where_a_spreadsheet_splits_at_semicolons(
        self, notes_kit: Path, tmp_path: Path
    ) -> None:
        table = self.of_note(tmp_path, 'order 1; =1+1;"+2\n-cmd\n- item\nfrom -3 to +4')
        # without quotes, as Excel reads it after the comma of the first cell
        lines = table.decode("utf-8-sig").splitlines()
        cells = [cell.lstrip(' "') for line in lines for cell in line.split(";")]
        assert not [cell for cell in cells if cell.startswith(tuple("=+-@"))]
        assert "from -3 to +4" in table.decode()

    def test_a_label_that_begins_like_a_formula_comes_back_as_it_was(self, notes: Project) -> None:
        desk, table = self.table(notes, 1)
        for label in ("=sum", "'=sum", "-5", "+ offers", "'quoted"):
            filled = self.fill(table, lambda _text, label=label: label)
            [entry] = read_table(filled, desk.dataset, {}, "office", lambda: NOW)
            item = next(i for i in desk.dataset.items if i.sample.id == entry.sample)
            labelled = replace(item, annotation=replace(entry.annotation, label=label))
            again = write_table([Row(labelled, desk.look(desk.dataset.content(item)))])
            [read] = read_table(again, desk.dataset, {}, "office", lambda: NOW)
            assert read.annotation.label == label

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"sample,label\nf-unknown,parcel\n", "line 2"),
            (b"a,b\n1,2\n", "no columns"),
            (b"sample,label\n\xff\xfe,x\n", "not UTF-8"),
            (b"", "no columns"),
        ],
    )
    def test_a_table_that_does_not_fit_is_refused_by_line(
        self, notes: Project, content: bytes, words: str
    ) -> None:
        with pytest.raises(DataError, match=words):
            list(read_table(content, notes.dataset(), {}, "office", lambda: NOW))

    def test_a_label_that_cannot_be_kept_names_its_line(self, notes: Project) -> None:
        desk, table = self.table(notes)
        filled = self.fill(table, lambda _text: "x" * 99)
        with pytest.raises(DataError, match="line 2"):
            list(read_table(filled, desk.dataset, {}, "office", lambda: NOW))
