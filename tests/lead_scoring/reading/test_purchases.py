"""Tables of events that say what each came to: what was spent up to the decision, in all and the latest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import Read, put, read, table


def _spent(folder: Path, cells: Sequence[str]) -> Read:
    """Leads of the tenth of March; the first has purchases of these amounts from the sixth on, one a day, others one each."""
    rows = [[f"L{i}", "2025-03-10", "Won" if i % 3 else "Lost"] for i in range(20)]
    put(folder / "leads.csv", table(["lead_id", "created_at", "status"], rows))
    own = [["L0", f"2025-03-{6 + n:02}", cell] for n, cell in enumerate(cells)]
    others = [[f"L{i}", "2025-03-02", cells[i % len(cells)]] for i in range(2, 12)]
    purchases = table(["lead_id", "date", "amount"], [*reversed(own), *others])
    put(folder / "purchases.csv", purchases)
    return read(folder)


@pytest.mark.parametrize(
    ("cells", "in_all", "latest"),
    [
        (["100", "250.5", "40", "", "999"], 390.5, 40.0),
        (["1.100,00 €", "250,50 €", "80,00 €", "999,00 €", "7,00 €"], 2429.5, 999.0),
        (["100", "-30", "-20", "5", "6"], 55.0, 5.0),
    ],
)
def test_what_was_spent_before_the_decision_counts_in_all_and_the_latest_of_it(
    tmp_path: Path, cells: list[str], in_all: float, latest: float
) -> None:
    found = _spent(tmp_path, cells)
    fields = found.by_id["L0"].fields
    assert fields["purchases: count"] == 4.0
    assert fields["purchases: amount in all"] == in_all
    assert fields["purchases: amount of the latest"] == latest
    nothing = found.by_id["L15"].fields
    assert nothing["purchases: amount in all"] == 0.0
    assert "purchases: amount of the latest" not in nothing


@pytest.mark.parametrize(
    "cells",
    [
        ["5 EUR", "6 USD", "7 EUR", "5 USD", "9 EUR"],
        ["much", "little", "none yet", "much", "much"],
        ["", "", "3", "", ""],
        ["1.200", "1.300", "1.450", "2.700", "1.900"],
    ],
)
def test_amounts_that_are_no_plain_numbers_of_most_rows_are_not_added(
    tmp_path: Path, cells: list[str]
) -> None:
    fields = _spent(tmp_path, cells).by_id["L2"].fields
    assert [name for name in fields if name.startswith("purchases: amount")] == []
    assert fields["purchases: count"] == 1.0
