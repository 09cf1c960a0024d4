"""Plain yes and no that say what became of a lead, and what says which of the others are still open."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lead_scoring.lead_files import put, read


def test_a_win_that_is_neither_yes_nor_no_is_open(tmp_path: Path) -> None:
    """RD Station's."""
    rows = [{"id": 900 + n, "win": (True, False, None)[n % 3], "staff": n % 7} for n in range(60)]
    assert read(put(tmp_path / "a.json", rows)).labels[:3] == ["won", "lost", ""]


def test_of_those_not_won_who_is_not_archived_is_open(tmp_path: Path) -> None:
    """Axonaut's: whoever ended is put away."""
    rows = [
        {"id": 900 + n, "is_win": n % 3 == 0, "is_archived": n % 3 < 2, "staff": n % 7}
        for n in range(60)
    ]
    found = read(put(tmp_path / "a.json", rows))
    assert found.labels[:3] == ["won", "lost", ""]


def test_an_archive_in_which_those_won_are_not_says_nothing(tmp_path: Path) -> None:
    rows = [
        {"id": 900 + n, "won": n % 3 == 0, "archived": n % 5 == 0, "staff": n % 7}
        for n in range(60)
    ]
    assert read(put(tmp_path / "a.json", rows)).labels[:3] == ["won", "lost", "lost"]


@pytest.mark.parametrize(
    ("won", "lost", "still"),
    [("E_WIN", "F_LOST", "B_ACTIVE"), ("5_WON", "6_LOST", "1_NEW"), ("C2:WON", "C2:LOSE", "C2:NEW")],
)  # fmt: skip
def test_what_a_stage_is_sorted_by_is_no_part_of_its_word(
    tmp_path: Path, won: str, lost: str, still: str
) -> None:
    rows = [{"id": 900 + n, "status": (won, lost, still)[n % 3], "staff": n % 7} for n in range(60)]
    assert read(put(tmp_path / "a.json", rows)).labels[:3] == ["won", "lost", ""]
