"""Exports with a row for each change of a lead's status, alone and beside a table of the leads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import Read, put, read, source, table
from tests.sheets import xlsx

BEGIN = datetime(2024, 3, 1, 9, tzinfo=timezone.utc)
LEADS = ["Lead ID", "Created at", "Source", "Visits"]


def lead(n: int) -> list[object]:
    return [f"L{n * 7}", BEGIN + timedelta(days=n), "web", n % 9]


def states(n: int) -> list[list[object]]:
    """When a lead changed, from what and to what; every third is still open."""
    steps = ["New", "Contacted", "Proposal", *([("Won", "Lost")[n % 2]] if n % 3 else [])]
    at = BEGIN + timedelta(days=n)
    pairs = zip(["", *steps], steps)
    return [[at + timedelta(days=4 * i), old, new] for i, (old, new) in enumerate(pairs)]


def in_one(folder: Path) -> Read:
    rows = [[*lead(n), *state] for n in range(60) for state in states(n)]
    rows.sort(key=lambda row: str(row[4]))
    header = [*LEADS, "Changed at", "Old status", "New status"]
    return read(put(folder / "changes.csv", table(header, rows)))


def beside(folder: Path, **stated: object) -> Read:
    put(folder / "leads.csv", table(LEADS, [lead(n) for n in range(60)]))
    rows = [[f"L{n * 7}", *state, "Ann"] for n in range(60) for state in states(n)]
    header = ["Lead ID", "Changed at", "Old status", "New status", "Changed by"]
    put(folder / "status_history.csv", table(header, rows[::-1]))
    return read(folder, source(**stated))


def test_rows_of_one_lead_are_its_states(tmp_path: Path) -> None:
    found = in_one(tmp_path)
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [20, 20, 20]
    assert "id=Lead ID, decided_at=Created at, outcome_at=Changed at" in found.told("columns")
    assert "by Changed at; Old status tells what was before a change: left out" in found.told("repeated-ids")  # fmt: skip
    assert found.by_id["L7"].fields == {"Source": "web", "Visits": 1.0}
    ended = {one.meta.get("outcome_at") for one, label in zip(found.samples, found.labels) if label}
    assert (BEGIN + timedelta(days=1 + 12)).timestamp() in ended


def test_the_last_state_says_what_became_of_a_lead(tmp_path: Path) -> None:
    found = beside(tmp_path)
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [20, 20, 20]
    assert "decided_at=Created at, outcome_at=(last change)" in found.told("columns")
    assert "220 states of 60 leads of leads.csv, joined by Lead ID: the last of each by Changed at" in found.told("outcomes-joined")  # fmt: skip
    assert found.leads[0].fields == {"Source": "web", "Visits": 0.0}


def test_a_table_of_states_is_the_leads_where_that_is_stated(tmp_path: Path) -> None:
    found = beside(tmp_path, tables=[{"file": "status_history.csv", "role": "leads"}])
    assert not found.told("outcomes-joined")


def test_rows_with_an_id_and_moments_of_their_own_stay_leads(tmp_path: Path) -> None:
    rows = [
        [f"L{n % 6}", BEGIN + timedelta(days=n), "web", ("Won", "Lost")[n % 2]] for n in range(60)
    ]
    found = read(
        put(tmp_path / "e.csv", table(["Lead ID", "Created at", "Source", "Status"], rows))
    )
    assert len(found.leads) == 60 and not found.told("repeated-ids")


def _sheets_of_months(folder: Path, name: str) -> Read:
    """A sheet each month, in which leads that are still open stand again."""
    header = [name, "Eingang", "Firma", "Quelle", "Status"]
    sheets: dict[str, list[list[object]]] = {f"Monat {m}": [header] for m in range(1, 6)}
    for n in range(90):
        came, ended = n // 30, n // 30 + n % 3
        for month in range(came, ended + 1):
            state = ("Gewonnen", "Verloren")[n % 2] if month == ended else "Offen"
            day = (BEGIN + timedelta(days=n)).date()
            row = [5000 + 3 * n, day, f"Firma {n}", ("Messe", "Web")[n % 2], state]
            sheets[f"Monat {month + 1}"].append(row)
    return read(xlsx(folder / "anfragen.xlsx", sheets))


@pytest.mark.parametrize("name", ["Nr", "Projekt-Nr."])
def test_leads_that_are_carried_on_from_month_to_month_are_there_once(
    tmp_path: Path, name: str
) -> None:
    found = _sheets_of_months(tmp_path, name)
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [45, 45, 0]
    assert f"90 rows repeat the id of another row ({name})" in found.told("repeated-ids")


def _numbered(folder: Path, names: list[str], cells: Callable[[int, int], list[object]]) -> int:
    """How many leads there are of 45 numbers with two rows of one day each."""
    rows = [
        [5000 + 3 * (n // 2), (BEGIN + timedelta(days=n // 2)).date(), *cells(n // 2, n % 2)]
        for n in range(90)
    ]
    return len(read(put(folder / "e.csv", table(["Nr", "Eingang", *names, "Status"], rows))).leads)


def test_an_offer_with_its_items_and_a_lead_with_its_contacts_are_one_lead(tmp_path: Path) -> None:
    names = ["Firma", "Ort", "Kanal", "Artikel"]
    ends = ("won", "lost")
    once = _numbered(tmp_path, names, lambda n, k: [f"F{n}", f"O{n % 9}", "Web", f"A{n % 7 + k}", ends[n % 2]])  # fmt: skip
    # some of the items are won, others of the same offer are lost
    each = _numbered(tmp_path, names, lambda n, k: [f"F{n}", f"O{n % 9}", "Web", f"A{n % 7 + k}", ends[n % 2 if n % 3 else k]])  # fmt: skip
    every = _numbered(tmp_path, names, lambda n, k: [f"F{n}", f"O{n % 9}", "Web", f"A{n % 7 + k}", ends[(n + k) % 2]])  # fmt: skip
    assert (once, each, every) == (45, 90, 90)


def test_the_number_of_an_event_is_no_lead_s(tmp_path: Path) -> None:
    names = ["Messe", "Halle", "Stand", "Firma"]
    leads = _numbered(tmp_path, names, lambda n, k: [f"Messe {n}", f"H{n % 9}", f"S{n % 8}", f"F{n} {k}", ("won", "lost")[k]])  # fmt: skip
    assert leads == 90


def test_visitors_of_a_fair_of_whom_some_are_still_open_are_leads_though_nothing_names_them(
    tmp_path: Path,
) -> None:
    names = ["Messe", "Halle", "Stand", "Interesse"]
    ends = ("Verloren", "Offen")
    leads = _numbered(tmp_path, names, lambda n, k: [f"Messe {n}", f"H{n % 9}", f"S{n % 8}", f"I{k}", "Gewonnen" if n < 2 else ends[(n + k) % 2]])  # fmt: skip
    assert leads == 90


@pytest.mark.parametrize("dated", ["Fecha", "Cuándo"])
def test_the_last_of_several_calls_says_what_became_of_an_answer_to_a_form(
    tmp_path: Path, dated: str
) -> None:
    forms = [[BEGIN + timedelta(days=n), f"a{n}@f{n}.es", "Curso A"] for n in range(60)]
    header = ["Marca temporal", "Dirección de correo electrónico", "¿Qué te interesa?"]
    put(tmp_path / "Respuestas.csv", table(header, forms))
    ends = ("Matriculado", "No interesado", "Volver a llamar")
    calls = [
        [f"a{n}@f{n}.es", BEGIN + timedelta(days=n + k), end]
        for n in range(60)
        for k, end in enumerate(("No contesta", ends[n % 3]), start=1)
    ]
    put(tmp_path / "llamadas.csv", table(["Correo", dated, "Resultado"], calls))
    found = read(tmp_path)
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [20, 20, 20]
    assert "120 states of 60 leads" in found.told("outcomes-joined")


def _as_it_went_on(folder: Path, later: Callable[[int], list[object]]) -> Read:
    """An open row and a decided one of each lead; `later` what the second says in two columns."""
    rows: list[list[object]] = []
    for n in range(40):
        row = [f"L{7 * n}", BEGIN + timedelta(days=n), ("Fair", "Web")[n % 2]]
        rows += [[*row, 1, "", "open"], [*row, *later(n), ("won", "lost")[n // 2 % 2]]]
    header = ["Lead ID", "Created at", "Source", "Calls", "Offer", "Status"]
    return read(put(folder / "e.csv", table(header, rows)))


def test_columns_that_are_written_as_a_lead_goes_on_are_named(tmp_path: Path) -> None:
    found = _as_it_went_on(tmp_path, lambda n: [1 + n % 2, "sent"])
    told = found.told("changed-later")
    assert "40 leads" in told and "Offer (100%), Calls (50%)" in told and "Source" not in told
    assert found.by_id["L7"].fields["Calls"] == 2.0


def test_corrections_of_a_few_leads_are_not_told(tmp_path: Path) -> None:
    found = _as_it_went_on(tmp_path, lambda n: [2 if n < 3 else 1, ""])
    assert found.told("repeated-ids") and not found.told("changed-later")
