"""What a person is asked about, and which table and date are taken, where a table to learn from says nothing of leads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.lead_scoring import data
from tests.lead_scoring.reading.lead_files import put, read, table


@pytest.mark.parametrize(
    "name, cells, line",
    [
        ("Loan_Status", "YN", 'model.source.outcome: Loan_Status, model.source.won: ["Y"]'),
        ("is_canceled", "10", 'model.source.outcome: is_canceled, model.source.won: ["1"]'),
        ("Churn Value", "10", 'model.source.outcome: Churn Value, model.source.won: ["1"]'),
        (
            "Attrition_Flag",
            ("Attrited Customer", "Existing one"),
            "model.source.outcome: Attrition_Flag, model.source.won: […], model.source.lost: […]",
        ),
    ],
)
def test_a_column_of_two_values_that_is_called_like_an_end_is_asked_about_before_others(
    tmp_path: Path, name: str, cells: Sequence[str], line: str
) -> None:
    header = ["id", "Gender", name, "previous_cancellations", "Married", "Marital_Status"]
    rows = [
        [k, "MF"[k % 2], cells[k % 2], k // 2 % 2, ("Yes", "No")[k // 3 % 2], "abc"[k % 3]]
        for k in range(40)
    ]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    [finding] = [one for one in found.findings if one.check == "outcome"]
    assert finding.evidence[0].startswith(name)
    assert f"if {name} tells it: {line}" in finding.fix


def test_accounts_that_other_tables_name_are_the_leads_where_they_say_who_left(
    tmp_path: Path,
) -> None:
    days = [f"2024-01-{1 + k % 28:02}" for k in range(60)]
    accounts = [[f"A-{k or 1}", days[k % 60], "ab"[k % 2], k % 3 == 0] for k in range(120)]
    tickets = [[f"T-{k}", f"A-{k % 40}", days[k], "low"] for k in range(60)]
    put(
        tmp_path / "accounts.csv",
        table(["account_id", "signup_date", "plan", "churn_flag"], accounts),
    )
    put(
        tmp_path / "tickets.csv",
        table(["ticket_id", "account_id", "submitted_at", "priority"], tickets),
    )
    found = read(tmp_path)
    assert {one.source.partition("#")[0] for one in found.samples} == {"accounts.csv"}
    [finding] = [one for one in found.findings if one.check == "outcome"]
    assert "if churn_flag tells it" in finding.fix


def test_a_date_that_lies_years_before_the_others_is_not_when_a_lead_came(tmp_path: Path) -> None:
    rows = [
        [k, f"{1990 + k % 20}-05-01", f"2024-01-{1 + k % 28:02}", f"2024-03-{1 + k % 28:02}", k % 2]
        for k in range(60)
    ]
    header = ["id", "earliest_line", "issue_d", "settled_d", "converted"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    [columns] = [one for one in found.findings if one.check == "columns"]
    assert "decided_at=issue_d" in columns.text
    assert any("but for earliest_line" in one.text for one in found.findings)


def test_where_nothing_speaks_for_one_of_several_columns_all_are_named(tmp_path: Path) -> None:
    header = ["ID", "Income", "Personal Loan", "Online", "CreditCard"]
    rows = [[k, 20 + k, k % 5 == 0, k % 2, k % 3 == 0] for k in range(40)]
    rows = [[int(cell) for cell in row] for row in rows]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    [finding] = [one for one in found.findings if one.check == "outcome"]
    assert "if CreditCard tells it, or Online, Personal Loan in its place: " in finding.fix


def test_offers_in_polish_are_feminine(tmp_path: Path) -> None:
    cells = ("przyjęta", "odrzucona", "brak odpowiedzi", "w trakcie")
    rows = [[f"Z/{k}", f"2024-01-{1 + k % 28:02}", cells[k % 4]] for k in range(40)]
    found = read(put(tmp_path / "e.csv", table(["Nr zapytania", "Data", "Status oferty"], rows)))
    labels = [one.annotation.label if one.annotation else "" for one in found.samples]
    assert labels[:4] == ["won", "lost", "lost", ""]


@pytest.mark.parametrize(
    "name, cells, line",
    [
        ("Recovery Status", ("Recovered", "Not Recovered"), "model.source.won: […]"),
        ("Gesamtstatus", ("Abgesagt", "Teilweise"), "model.source.won: […]"),
        ("Churn", ("Yes", "No"), 'model.source.won: ["Yes"]'),
    ],
)
def test_a_status_is_asked_about_though_not_of_a_person_nor_one_of_codes(
    tmp_path: Path, name: str, cells: Sequence[str], line: str
) -> None:
    header = ["id", "Status", name, "MaritalStatus", "country", "Lost Reason Category"]
    rows = [
        [
            k,
            1 + k % 2,
            cells[k % 2],
            ("Single", "Married")[k // 2 % 2],
            "ad"[k // 3 % 2],
            "bc"[k % 2],
        ]
        for k in range(40)
    ]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    [finding] = [one for one in found.findings if one.check == "outcome"]
    assert finding.evidence[0].startswith(name)
    assert f"if {name} tells it: model.source.outcome: {name}, {line}" in finding.fix


def test_who_left_is_asked_about_though_leads_to_score_lack_it(tmp_path: Path) -> None:
    rows = [[k, ("Yes", "No", "NA")[k % 3], ("Yes", "No")[k % 2]] for k in range(60)]
    found = read(put(tmp_path / "e.csv", table(["id", "Churn", "MadeCall"], rows)))
    [finding] = [one for one in found.findings if one.check == "outcome"]
    assert "if Churn tells it: " in finding.fix


def test_where_a_name_of_an_outcome_holds_other_words_the_other_columns_are_named_too(
    tmp_path: Path,
) -> None:
    rows = [[k, "abc"[k % 3], ("satisfied", "dissatisfied")[k % 2]] for k in range(60)]
    found = read(put(tmp_path / "e.csv", table(["id", "Class", "satisfaction"], rows)))
    [finding] = [one for one in found.findings if one.check == "outcome"]
    assert finding.evidence[1].startswith("satisfaction: ")


@pytest.mark.parametrize(
    "cells",
    [
        ("-1", "0"),
        ("Accettato", "Non accettato"),
        ("Aprovado", "Reprovado"),
        ("Angenommen", "Nicht angenommen"),
    ],
)
def test_a_yes_of_access_and_a_word_that_is_denied_are_known(
    tmp_path: Path, cells: Sequence[str]
) -> None:
    rows = [[k, cells[k % 2]] for k in range(40)]
    found = read(put(tmp_path / "e.csv", table(["id", "Esito"], rows)))
    labels = [one.annotation.label if one.annotation else "" for one in found.samples]
    assert labels[:2] == ["won", "lost"]


def test_a_list_of_a_program_with_drawn_lines_is_a_table(tmp_path: Path) -> None:
    rows = [
        f"|A{k:03}|{1 + k % 28:02}.01.2024|{('Auftrag ', 'Absage  ')[k % 2]}|" for k in range(40)
    ]
    lines = [
        "List of 26.11.2026      1",
        "",
        "-" * 26,
        "|Nr. |Datum     |Status  |",
        "-" * 26,
        *rows,
        "-" * 26,
    ]
    found = read(put(tmp_path / "list.txt", "\n".join(lines)))
    assert len(found.samples) == 40
    assert not [one for one in found.findings if one.check in ("bad-row", "notes")]


@pytest.mark.parametrize("kind", ["firebase", "pandas"])
def test_rows_that_are_named_by_their_ids_in_json_are_rows(tmp_path: Path, kind: str) -> None:
    rows = {f"-N{k}": {"source": "abc"[k % 3], "status": ("won", "lost")[k % 2]} for k in range(40)}
    columns = {
        name: {str(k): row[name] for k, row in enumerate(rows.values())}
        for name in ("source", "status")
    }
    found = read(put(tmp_path / "e.json", {"leads": rows} if kind == "firebase" else columns))
    assert len(found.samples) == 40
    labels = [one.annotation.label if one.annotation else "" for one in found.samples]
    assert labels[:2] == ["won", "lost"]


@pytest.mark.parametrize("cell", ["{y}-Q{q}", "Q{q} {y}", "Q{q}/{y}", "{q}. Quartal {y}"])
def test_quarters_are_told_as_dates_that_cannot_be_read(tmp_path: Path, cell: str) -> None:
    rows = [
        [k, cell.format(y=2020 + k % 5, q=1 + k % 4), ("won", "lost")[k % 2]] for k in range(60)
    ]
    found = read(put(tmp_path / "e.csv", table(["id", "created in", "Outcome"], rows)))
    [finding] = [one for one in found.findings if one.check == "unread-dates"]
    assert "of a quarter its first day" in finding.fix


def test_files_that_are_no_tables_are_named_with_what_to_do(tmp_path: Path) -> None:
    put(tmp_path / "backup.sql", "INSERT INTO leads VALUES (1);")
    with pytest.raises(
        DataError, match=r"backup\.sql is none: a database's dump: export its table as CSV"
    ):
        data.detect_format(tmp_path)


def test_rows_of_an_answer_in_json_ld_are_rows(tmp_path: Path) -> None:
    rows = [
        {"@id": f"/api/deals/{k}", "@type": "Deal", "id": k, "statut": ("GAGNEE", "PERDUE")[k % 2]}
        for k in range(40)
    ]
    answer = {"@context": "/api", "@id": "/api/deals", "@type": "hydra:Collection", "hydra:totalItems": 40,
              "hydra:member": rows, "hydra:view": {"@id": "/api/deals?page=1"}}  # fmt: skip
    found = read(put(tmp_path / "e.json", answer))
    labels = [one.annotation.label if one.annotation else "" for one in found.samples]
    assert (len(labels), labels[:2]) == (40, ["won", "lost"])


def test_a_chat_of_a_phone_is_no_table(tmp_path: Path) -> None:
    lines = [f"12.03.24, 10:{k:02} - {('Ann', 'Support')[k % 2]}: a, b and {k}" for k in range(20)]
    with pytest.raises(DataError, match="a chat of WhatsApp, no table"):
        read(put(tmp_path / "chat.txt", "\n".join(lines)))


@pytest.mark.parametrize(
    ("order", "said"), [(1, "id rises from lead to lead"), (7, "id has numbers so close that")]
)
def test_what_was_taken_for_time_is_told_as_it_is(tmp_path: Path, order: int, said: str) -> None:
    rows = [[10 + order * k % 40, f"2013-0{1 + k % 9}-01", k % 2] for k in range(40)]
    found = read(put(tmp_path / "e.csv", table(["id", "Dt_Customer", "Response"], rows)))
    assert f"no date tells when leads came; {said}" in found.told("assumed")


def test_a_record_of_many_fields_that_are_objects_is_one_row(tmp_path: Path) -> None:
    fields = {f"field {k}": {"type": "text", "value": f"v{k}"} for k in range(30)}
    line = json.dumps({"properties": fields | {"id": {"type": "text", "value": "a"}}})
    found = read(put(tmp_path / "e.jsonl", "\n".join([line] * 3)))
    assert len(found.samples) <= 3
