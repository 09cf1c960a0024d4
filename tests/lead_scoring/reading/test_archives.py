"""Lists of leads without a column for the outcome: who lies in an archive with a reason for having been lost was lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import Read, put, read, table

_ROWS = 60
_COLUMNS = ["Lead ID", "Created", "Source", "Region"]


def _rows(first: int, *more: object) -> list[list[object]]:
    return [
        [f"L{first + 3 * n}", f"2025-{1 + n % 12:02}-{1 + n % 27:02}", "web", "north", *more]
        for n in range(_ROWS)
    ]


def _read(folder: Path, files: Mapping[str, tuple[list[str], list[list[object]]]]) -> Read:
    for name, (more, rows) in files.items():
        put(folder / f"{name}.csv", table([*_COLUMNS, *more], rows))
    return read(folder)


@pytest.mark.parametrize("reason", ["Lost reason", "Absagegrund", "Motif de perte"])
@pytest.mark.parametrize("won", ["won", "Gewonnen"])
def test_an_archive_of_reasons_lists_lost_leads(tmp_path: Path, won: str, reason: str) -> None:
    found = _read(
        tmp_path,
        {
            "archive": ([reason], _rows(0, "price")),
            "open": ([], _rows(1_000)),
            won: ([], _rows(2_000)),
        },
    )
    assert Counter(found.labels) == {"lost": _ROWS, "won": _ROWS, "": _ROWS}
    assert {name for lead in found.leads for name in lead.fields} == {"Source", "Region"}
    assert f"lost: archive, all with {reason}" in found.told("outcome")


def test_an_archive_beside_won_leads_alone(tmp_path: Path) -> None:
    found = _read(
        tmp_path, {"archive": (["Lost reason"], _rows(0, "price")), "won": ([], _rows(2_000))}
    )
    assert Counter(found.labels) == {"lost": _ROWS, "won": _ROWS}


def test_open_leads_stay_open_though_each_has_a_reason_already(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        {
            "lost": (["Lost reason"], _rows(0, "price")),
            "open": (["Lost reason"], _rows(1_000, "too early")),
            "won": (["Lost reason"], _rows(2_000, "")),
        },
    )
    assert Counter(found.labels) == {"lost": _ROWS, "won": _ROWS, "": _ROWS}


def test_an_archive_of_which_some_have_a_reason_says_nothing_of_the_others(tmp_path: Path) -> None:
    some = [[*row[:-1], "price" if n % 2 else ""] for n, row in enumerate(_rows(0, ""))]
    found = _read(
        tmp_path,
        {"archive": (["Lost reason"], some), "open": ([], _rows(1_000)), "won": ([], _rows(2_000))},
    )
    assert "lost" not in found.labels
    assert "won" not in found.labels
    assert found.levels("outcome") == {"warn"}
