"""What an XLS tells beside its values: percentages, errors, what is hidden; damaged ones, whatever their records claim."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kits.core.spreadsheets import excel_97
from tests.core.test_spreadsheets import HEADER, ROWS, read, rows, told
from tests.sheets import xls

xlwt = pytest.importorskip("xlwt")  # not on the device side


def test_an_old_xls_tells_percentages_errors_and_what_is_hidden(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    percent, own = xlwt.easyxf(num_format_str="0.00%"), xlwt.easyxf(num_format_str='0 "%"')
    sheet = book.add_sheet("Öffnungen")
    for column, name in enumerate(("id", "rate", "share", "count", "whole")):
        sheet.write(0, column, name)
    for row in (1, 2):
        sheet.write(row, 0, f"L{row}")
        sheet.write(row, 1, 0.125 * row, percent)
        sheet.write(row, 2, 12, own)
        sheet.write(row, 3, 0.5)
        sheet.write(row, 4, row, percent)
    sheet.write(3, 0, "L3")
    sheet.row(3).set_cell_error(3, 0x2A)
    sheet.row(2).hidden = True
    sheet.col(2).hidden = True
    book.save(str(tmp_path / "a.xls"))
    opened = read(tmp_path / "a.xls")
    first, second, last = rows(tmp_path / "a.xls")
    assert (first["rate"], second["rate"], first["whole"]) == ("12.5%", "25%", "100%")
    assert (first["share"], first["count"], last) == ("12", "0.5", {"id": "L3"})
    assert told(opened, "sheet-errors").endswith("| D4: #N/A")
    assert "1 row and 1 column are hidden" in told(opened, "sheet-hidden")


def test_an_xls_that_is_older_says_that_errors_cannot_be_told(tmp_path: Path) -> None:
    content = xls(tmp_path / "a.xls", {"S": [HEADER, *ROWS]}).read_bytes()
    # where the parts begin: the version of an Excel of 1995 in place of that of 1997
    older = content.replace(b"\x09\x08\x10\x00\x00\x06", b"\x09\x08\x10\x00\x00\x05")
    (tmp_path / "b.xls").write_bytes(older)
    assert "does not let an error such as #N/A" in told(read(tmp_path / "b.xls"), "sheet-old")


def test_whatever_records_claim_nothing_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = xls(tmp_path / "a.xls", {"S": [HEADER, *ROWS * 20], "T": [HEADER, *ROWS]})
    whole = excel_97._stream(made)
    assert excel_97.marks_of(made, lambda _: True).keys() == {"S", "T"}
    random_ = random.Random(1)
    for _ in range(500):
        damaged = bytearray(whole[: random_.choice((len(whole), random_.randrange(len(whole))))])
        for _ in range(random_.randrange(1, 30)):
            damaged[random_.randrange(len(damaged))] = random_.randrange(256)
        monkeypatch.setattr(excel_97, "_stream", lambda _, content=bytes(damaged): content)
        found = excel_97.marks_of(made, lambda _: True)
        assert all(
            row < 1 << 16 for one in found.values() for at in one.percents.values() for row in at
        )
