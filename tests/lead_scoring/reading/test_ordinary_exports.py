"""Exports of firms that rules for sets to learn from must leave alone: whose number an id is, counts, newsletters, test drives."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, table

N = 120
DAY = date(2024, 1, 1)


def export(path: Path, columns: dict[str, list[object]]) -> Path:
    """Leads with a date, a kind and a status beside some columns."""
    own: dict[str, list[object]] = {
        "Created": [DAY + timedelta(k) for k in range(N)],
        "Kind": ["ab"[k % 2] for k in range(N)],
        "Status": [("Won", "Lost", "Open")[k % 3] for k in range(N)],
    }
    whole = {**own, **columns}
    return put(path, table(list(whole), zip(*whole.values())))


def several(start: int, step: int, form: str = "{}") -> list[object]:
    return [form.format(start + k * step) for k in range(N)]


@pytest.mark.parametrize(
    ("columns", "first"),
    [
        ({"Customer No": several(9999, -7), "Inquiry ID": several(10, 3, "Q{}")}, "Q10"),
        ({"Customer Number": several(9999, -7), "Ref": several(10, 3, "R{}")}, "R10"),
        ({"Customer ID": several(9999, -7), "Inquiry ID": several(10, 3, "Q{}")}, "Q10"),
        ({"Nº cliente": several(9999, -7), "Nº presupuesto": several(10, 3, "P{}")}, "P10"),
        ({"Deal ID": several(1, 1), "Person ID": several(9999, -7)}, "1"),
        ({"ID": several(1, 1), "Partner ID": several(9999, -7)}, "1"),
        ({"Lead No": several(1, 1), "VAT number": several(9999, -7, "DE{}")}, "1"),
        # what counts rows gives way, and a deal's place to the number that a program gave to the deal
        ({"Row number": several(1, 1), "Customer ID": several(9999, -7)}, "9999"),
        ({"ID": several(1, 1), "UUID": several(9999, -7, "u{}")}, "u9999"),
        *(
            ({name: several(9999, -7)}, "9999")
            for name in ("N° affaire", "Réf. devis", "Numéro de dossier", "Nr oferty")
        ),
    ],
)
def test_the_id_is_the_leads_own_not_that_of_a_customer_who_may_come_again(
    tmp_path: Path, columns: dict[str, list[object]], first: str
) -> None:
    assert read(export(tmp_path / "e.csv", columns)).leads[0].id == first


@pytest.mark.parametrize(
    "name",
    [
        "Nº empleados",
        "Nº de visitas",
        "Employees #",
        "N° visites",
        "Numero addetti",
        "Numero camere",
        "Nr pracowników",
        "Número exterior",
    ],
)
def test_how_many_there_are_is_no_number_of_a_lead(tmp_path: Path, name: str) -> None:
    found = read(export(tmp_path / "e.csv", {name: several(9999, -7)}))
    assert found.leads[3].fields[name] == 9978.0
    assert found.told("no-id")


@pytest.mark.parametrize("name", ["N° GSM", "Nº celular", "Número celular", "Numero cellulare"])
def test_the_number_of_a_telephone_names_no_lead(tmp_path: Path, name: str) -> None:
    found = read(export(tmp_path / "e.csv", {name: several(310_000_000, 717, "0{}")}))
    assert found.told("no-id") and name not in found.leads[3].fields


def test_tables_that_are_called_alike_without_their_splits_keep_their_names(tmp_path: Path) -> None:
    export(tmp_path / "leads.csv", {"Lead ID": several(1000, 7)})
    for name, cells in {"test_drives": "ab", "drives": "cd"}.items():
        rows = [[1000 + 7 * k, cells[k % 2]] for k in range(N)]
        put(tmp_path / f"{name}.csv", table(["Lead ID", f"Model of {cells}"], rows))
    fields = read(tmp_path).leads[1].fields
    assert fields["test_drives.Model of ab"] == "b"
    assert fields["drives.Model of cd"] == "d"


def test_test_drives_are_called_so(tmp_path: Path) -> None:
    export(tmp_path / "leads.csv", {"Lead ID": several(1000, 7)})
    rows = [[1000 + 7 * k, "ab"[k % 2]] for k in range(N)]
    put(tmp_path / "Test drives.csv", table(["Lead ID", "Model"], rows))
    assert read(tmp_path).leads[1].fields["Test drives.Model"] == "b"


@pytest.mark.parametrize("name", ["Subscribe", "Respond", "Enroll", "Donate"])
def test_a_box_of_a_form_is_no_outcome_beside_a_status(tmp_path: Path, name: str) -> None:
    boxes: list[object] = [("Yes", "No")[k % 5 < 2] for k in range(N)]
    states: list[object] = [("Customer", "Unqualified", "New")[k % 3] for k in range(N)]
    found = read(export(tmp_path / "e.csv", {name: boxes, "Status": states}))
    assert found.labels == ["won", "lost", ""] * (N // 3)
    assert name in found.leads[0].fields


def test_who_was_admitted_has_not_enrolled_yet(tmp_path: Path) -> None:
    ends: list[object] = [("Enrolled", "Withdrawn", "Admitted")[k % 3] for k in range(N)]
    found = read(export(tmp_path / "e.csv", {"Status": ends}))
    assert found.labels == ["won", "lost", ""] * (N // 3)


@pytest.mark.parametrize("name", ["Paid YN", "Booked flag", "Deposit ind"])
def test_a_mark_is_no_outcome_beside_a_status_or_what_is_called_so(
    tmp_path: Path, name: str
) -> None:
    marks: list[object] = ["YN"[k % 5 < 2] for k in range(N)]
    states: list[object] = [("Customer", "Unqualified", "New")[k % 3] for k in range(N)]
    found = read(export(tmp_path / "a.csv", {name: marks, "Status": states}))
    assert found.labels == ["won", "lost", ""] * (N // 3)
    sold: list[object] = [("yes", "no")[k % 2] for k in range(N)]
    kinds: list[object] = ["new"] * N
    found = read(export(tmp_path / "b.csv", {name: marks, "Converted": sold, "Status": kinds}))
    assert found.labels == ["won", "lost"] * (N // 2)


def test_leads_beside_a_file_without_names_of_as_many_columns_are_leads(tmp_path: Path) -> None:
    export(tmp_path / "leads.csv", {"Company": several(1, 1, "Firm {}")})
    raw = "\n".join(";".join(str(k * n % 97) for n in range(N)) for k in range(11 * N))
    put(tmp_path / "raw.csv", raw + "\n")
    found = read(tmp_path)
    assert len(found.leads) == N


def test_a_name_above_a_column_of_its_own_is_no_value_of_a_lead(tmp_path: Path) -> None:
    export(tmp_path / "leads.csv", {"Lead ID": several(1000, 7)})
    put(
        tmp_path / "owners.csv",
        "\n".join(["Owner", *(["Ann", "Bob"][k % 2] for k in range(N - 1))]),
    )
    found = read(tmp_path)
    assert "owners" not in found.leads[0].fields
    assert "owners.csv" in found.told("file-passed-over")
