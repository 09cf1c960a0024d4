"""Cells that a person says mean won and lost, without saying of which column."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, source, table


@pytest.mark.parametrize(
    ("columns", "stated", "labels", "told"),
    [
        (
            {"Ergebnis": ["Mitglied", "kein Interesse", "offen"]},
            {"won": ["Mitglied"], "lost": ["kein Interesse"]},
            ["won", "lost", ""],
            "",
        ),
        (
            {"Status": ["Won", "Lost", "Renewed"], "Kind": ["A", "B", "C"]},
            {"won": ["Renewed", "Won"]},
            ["won", "lost", "won"],
            "",
        ),
        (
            {"Status": ["Won", "Lost", "Lost"], "Result": ["Member", "Guest", "Guest"]},
            {"won": ["Member"], "lost": ["Guest"]},
            ["won", "lost", "lost"],
            "",
        ),
        (
            {"Status": ["Won", "Lost", "Open"]},
            {"won": ["Mitglied"]},
            ["won", "lost", ""],
            "no cell of Status is 'Mitglied', as model.source.won or lost says",
        ),
        (
            {"Status": ["Won", "Lost", "Open"], "A": ["x", "y", "y"], "B": ["y", "x", "y"]},
            {"won": ["x"]},
            ["won", "lost", ""],
            "no cell of Status is 'x', as model.source.won or lost says",
        ),
        (
            {
                "lifecyclestage": ["customer", "other", "lead"],
                "hs_lead_status": ["", "UNQUALIFIED", "Bad timing"],
                "object": ["7", "8", "9"],
                "createdate": ["2025-01-01", "2025-01-02", "2025-01-03"],
            },
            {"lost": ["Bad timing"]},
            ["won", "", "lost"],
            "",
        ),
    ],
)
def test_stated_cells_count_where_no_column_is_stated(
    tmp_path: Path,
    columns: dict[str, list[str]],
    stated: dict[str, object],
    labels: list[str],
    told: str,
) -> None:
    rows = [[f"L{n}", *cells] for n, cells in enumerate(zip(*columns.values()))]
    path = put(tmp_path / "e.csv", table(["id", *columns], rows))
    found = read(path, source(**stated))
    assert found.labels == labels
    assert [one.text for one in found.findings if one.check == "stated-cells"] == [told] * bool(
        told
    )
