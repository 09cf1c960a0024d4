"""Leads in other files than one clean table: JSON, parquet, damaged ones, spreadsheets, huge cells."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.errors import DataError, UsageError
from kits.lead_scoring import data
from kits.lead_scoring._reading.files import bounds, parquet
from tests.lead_scoring.reading.lead_files import put, read, source, table

HEADER = ["Lead ID", "Created", "Land", "Umsatz", "Newsletter", "Converted"]
ROWS = [
    ["L1", "2025-01-02", "Österreich", "1200.5", "yes", "1"],
    ["L2", "2025-01-03", "Schweiz", "80", "no", "0"],
    ["L3", "2025-01-05", "Öland; \"Süd\"\nund Nord", "", "yes", "0"],
]  # fmt: skip


def test_new_leads_without_the_outcome_can_be_read(tmp_path: Path) -> None:
    path = put(tmp_path / "new.csv", table(HEADER[:-1], [row[:-1] for row in ROWS]))
    for stated in (source(), source(outcome="Converted")):
        found = read(path, stated)
        assert found.labels == ["", "", ""]
        assert found.levels("outcome") == {"warn"}


def test_json_lines_and_lists_and_parquet_are_read_like_csv(tmp_path: Path) -> None:
    objects = [dict(zip(HEADER, row)) for row in ROWS]
    lines = "\n".join(json.dumps(one) for one in objects)
    whole = read(put(tmp_path / "e.csv", table(HEADER, ROWS)))
    for path in (put(tmp_path / "e.jsonl", lines), put(tmp_path / "e.json", objects)):
        found = read(path)
        assert [s.content for s in found.samples] == [s.content for s in whole.samples]
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(objects), tmp_path / "e.parquet")
    found = read(tmp_path / "e.parquet")
    assert [s.content for s in found.samples] == [s.content for s in whole.samples]


def test_objects_in_parquet_are_a_column_for_each_entry(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    meta = [
        {"meta": {"lang": "en", "pages": n, "since": date(2024, 1, 2)}} for n in range(len(ROWS))
    ]
    rows = [dict(zip(HEADER, row)) | more for row, more in zip(ROWS, meta)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "e.parquet")
    fields = [json.loads(s.content)["fields"] for s in read(tmp_path / "e.parquet").samples]
    assert [one["meta.pages"] for one in fields] == list(range(len(ROWS)))
    assert {one["meta.lang"] for one in fields} == {"en"}


def test_a_text_that_comes_again_in_parquet_is_once_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    made = {"a": ["x" * 10_000] * 300, "b": [["v", None, "w"]] * 300, "c": [None, 1.5, 7.0] * 100}
    pq.write_table(pa.table(made), tmp_path / "e.parquet")
    found = parquet.parquet_columns(tmp_path / "e.parquet")
    assert len(set(map(id, found["a"]))) == 1
    assert (found["b"][0], found["c"][:3]) == ("v;;w", ["", "1.5", "7.0"])
    monkeypatch.setattr(parquet, "BOUNDS", replace(parquet.BOUNDS, text_bytes=1 << 20))
    with pytest.raises(DataError, match="its texts are more than 1 MiB") as error:
        read(tmp_path / "e.parquet")
    assert (error.value.where, error.value.fix) == ("e.parquet", bounds.FIX)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"{", b"[[[[", b"PK\x03\x04", b'[1, 2, "a"]', b"a,b\n"]
)
@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "parquet"])
def test_damaged_files_are_told_and_never_crash(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    with pytest.raises(DataError):
        read(put(tmp_path / f"e.{suffix}", content))


def test_a_damaged_file_in_a_folder_does_not_stop_the_others(tmp_path: Path) -> None:
    put(tmp_path / "leads.csv", table(HEADER, ROWS))
    put(tmp_path / "broken.json", b"{")
    put(tmp_path / "notes.md", "notes")
    found = read(tmp_path)
    assert len(found.leads) == 3 and "broken.json was passed over" in found.told("file-passed-over")


def test_ids_that_a_spreadsheet_shortened_in_a_csv_are_told(tmp_path: Path) -> None:
    rows = [[f"L{n}", "4,91E+11" if n else "+49 171 1", "1.5e-05", n % 2] for n in range(5)]
    found = read(put(tmp_path / "e.csv", table(["id", "phone", "share", "converted"], rows, ";")))
    (told,) = [f for f in found.findings if f.check == "lost-digits"]
    assert told.level == "warn" and told.evidence == ("phone: 4",)


def test_archives_are_named_with_what_to_do(tmp_path: Path) -> None:
    put(tmp_path / "leads.csv", table(HEADER, ROWS))
    put(tmp_path / "more.zip", b"PK\x03\x04")
    told = read(tmp_path).told("file-passed-over")
    assert "more.zip was passed over: it is packed: unpack it" in told


def test_leads_without_a_date_are_counted_and_stand_where_they_were_decided(tmp_path: Path) -> None:
    rows = [
        [
            n,
            "" if n % 4 == 0 else "2025-01-02",
            "2025-02-01" if n % 8 else "",
            "Won" if n % 2 else "Lost",
        ]
        for n in range(40)
    ]
    found = read(put(tmp_path / "e.csv", table(["id", "created_at", "closed_at", "status"], rows)))
    assert found.samples[4].order == datetime(2025, 2, 1, tzinfo=timezone.utc).timestamp()
    assert "5 of 40 leads with an outcome have no time: all leads are split by lot" in found.told(
        "undated"
    )


@pytest.mark.parametrize(
    "cell", [" " * 300_000 + "x", "a@" * 100_000, "1" * 300_000, "(" * 300_000, "1," * 150_000]
)
def test_huge_cells_cost_little(tmp_path: Path, cell: str) -> None:
    rows = [["a", cell, cell, cell, 1], ["b", "x", "y", "z", 0]]
    found = read(
        put(tmp_path / "e.csv", table(["id", "email", "status", "created_at", "converted"], rows))
    )
    assert len(found.leads) == 2
    assert all(
        len(value) <= 4000 for value in found.leads[0].fields.values() if isinstance(value, str)
    )


def test_formats_are_found_and_unknown_ones_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "e.csv", table(HEADER, ROWS))
    assert data.detect_format(path) == "csv"
    with pytest.raises(UsageError, match="unknown format 'hubpsot'") as error:
        read(path, format="hubpsot")
    assert "hubspot" in error.value.fix
    with pytest.raises(DataError, match="no table of leads"):
        data.detect_format(put(tmp_path / "mails" / "a.eml", "x").parent)


def test_the_same_export_gives_the_same_bytes(tmp_path: Path) -> None:
    path = put(tmp_path / "e.csv", table(HEADER, ROWS))
    assert [s.content for s in read(path).samples] == [s.content for s in read(path).samples]


def test_a_date_of_birth_is_not_when_a_lead_came(tmp_path: Path) -> None:
    rows = [[n, f"19{60 + n}-05-17", f"2025-02-{1 + n:02}", n % 2] for n in range(20)]
    path = put(tmp_path / "e.csv", table(["id", "dob", "trial", "converted"], rows))
    found = read(path)
    assert found.leads[0].at is not None and found.leads[0].at.date().isoformat() == "2025-02-01"
    assert "trial was taken for the moment" in found.told("assumed")
    assert not found.leads[0].fields


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"PK\x03\x04", "a damaged spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Office file without a sheet"),
        (b"\x1f\x8b\x08", "an archive"),
    ],
)
def test_what_is_no_text_but_called_csv_is_named(tmp_path: Path, start: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        read(put(tmp_path / "leads.csv", start + bytes(range(200)) * 20))
    assert refused.value.fix


def test_a_table_of_names_alone_leaves_a_project_and_says_how_to_go_on(tmp_path: Path) -> None:
    leads = put(tmp_path / "names.csv", "Lead ID;Created;Status\n")
    words = ["new", "lead-scoring", str(tmp_path / "p"), "--data", str(leads), "--defaults"]
    done = CliRunner().invoke(make_app(), words)
    assert isinstance(done.exception, DataError)
    assert "; the project is made: kit data import" in done.exception.fix


def test_columns_with_the_same_title_are_told_unless_the_second_is_empty(tmp_path: Path) -> None:
    rows = [["L1", "web", "fair", "", 1], ["L2", "fair", "web", "", 0]]
    names = ["id", "source", "source", "source", "converted"]
    found = read(put(tmp_path / "export.csv", table(names, rows)))
    [told] = [one for one in found.findings if one.check == "same-name"]
    assert told.level == "warn" and told.evidence == ("source_3",)
    assert "reasons call source_3 “source (3)”" in told.fix
    assert found.column("source") == ["web", "fair"] and found.column("source_3") == ["fair", "web"]


def test_leads_of_another_year_under_other_names_are_told_with_what_to_do(tmp_path: Path) -> None:
    rows = [[f"O{n}", "2023-05-01", ("Won", "Lost")[n % 2], n % 9] for n in range(40)]
    put(tmp_path / "a2023.csv", table(["No", "Came", "State", "Visits"], rows))
    later = [[f"N{n}", "2024-05-01", ("Won", "Lost")[n % 2], n % 9] for n in range(60)]
    put(tmp_path / "b2024.csv", table(["Lead ID", "Created", "Status", "Site visits"], later))
    found = read(tmp_path)
    [told] = [one for one in found.findings if one.check == "table-unrelated"]
    assert told.fix.startswith("if it lists further leads, name its columns as those of b2024.csv")


def test_an_older_crms_leads_with_ends_in_words_of_its_own_are_asked_to_be_renamed(
    tmp_path: Path,
) -> None:
    now = [[f"D{i}", "2025-03-10", "web", "Closed Won" if i % 3 else "Closed Lost"] for i in range(20)]  # fmt: skip
    put(tmp_path / "new.csv", table(["Deal ID", "Create date", "Source", "Stage"], now))
    old = [[i, "2023-03-10", "Order received", "2023-05-01"] for i in range(20)]
    put(tmp_path / "old.csv", table(["No", "Entered", "End", "Date closed"], old))
    (told,) = [one for one in read(tmp_path).findings if one.check == "table-unrelated"]
    assert told.fix.startswith("if it lists further leads, name its columns as those of new.csv")
