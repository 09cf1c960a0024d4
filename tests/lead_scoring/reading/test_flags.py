"""Plain yes and no that say what became of a lead, and what says which of the others are still open."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, table


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


@pytest.mark.parametrize("name", ["closed_at", "archived"])
def test_who_is_called_lost_is_lost_whatever_tells_ends(tmp_path: Path, name: str) -> None:
    ends: dict[str, object] = {"closed_at": "2025-01-05", "archived": True}
    rows = [
        {"id": 900 + n, "status": ("Won", "Lost", "Lost")[n % 3], name: ends[name] if n % 3 < 2 else "", "staff": n % 7}
        for n in range(60)
    ]  # fmt: skip
    assert read(put(tmp_path / "a.json", rows)).labels[:3] == ["won", "lost", "lost"]


@pytest.mark.parametrize("name", ["closed_at", "Abschlussdatum"])
def test_of_those_not_won_who_has_no_date_of_the_end_is_open(tmp_path: Path, name: str) -> None:
    rows = [
        {"id": 900 + n, "is_won": n % 3 == 0, name: f"2025-01-{n % 28 + 1:02}" if n % 3 < 2 else None, "staff": n % 7}
        for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", rows))
    assert found.labels[:3] == ["won", "lost", ""]
    assert f"of those not won 20 are open, as {name} says" in found.told("outcome")


@pytest.mark.parametrize(
    ("name", "ended"),
    [
        ("closed_at", lambda n: n % 3 == 0),  # those won alone have it
        ("closed_at", lambda n: True),  # all have it: it was planned
        ("closed_at", lambda n: n % 2 == 0),  # not all who were won have it
        ("order_date", lambda n: n % 3 < 2),  # some may have bought before
    ],
)
def test_a_date_that_does_not_tell_ends_makes_nobody_open(
    tmp_path: Path, name: str, ended: object
) -> None:
    assert callable(ended)
    rows = [
        {"id": 900 + n, "is_won": n % 3 == 0, name: f"2025-01-{n % 28 + 1:02}" if ended(n) else None, "staff": n % 7}
        for n in range(60)
    ]  # fmt: skip
    assert read(put(tmp_path / "a.json", rows)).labels[:3] == ["won", "lost", "lost"]


@pytest.mark.parametrize(("share", "told"), [((0.5, 0.1), True), ((0.3, 0.3), False)])
def test_two_words_for_nothing_of_which_one_means_something_are_told(
    tmp_path: Path, share: tuple[float, float], told: bool
) -> None:
    lot = random.Random(3)
    rows = []
    for n in range(600):
        which = n % 3
        won = lot.random() < (*share, 0.2)[which]
        rows.append([f"L{n}", ("None", "Unknown", "Acme")[which], "won" if won else "lost"])
    found = read(put(tmp_path / "e.csv", table(["ID", "Competitor", "Status"], rows)))
    [*said] = [one for one in found.findings if one.check == "words-for-nothing"]
    assert bool(said) is told
    if said:
        assert said[0].evidence[0].endswith("of 200 with 'None', 9% of 200 with 'Unknown'")
