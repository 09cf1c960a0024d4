"""A no beside leads that may still be won says that they were not won so far; elsewhere it says lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from kits.lead_scoring._lead import decode_lead
from tests.lead_scoring.reading.lead_files import Read, put, read, source, table
from tests.lead_scoring.reading.test_learned_roles import learned_from
from tests.lead_scoring.reading.test_learned_roles import read as read_as

HEADER = ["user", "signup_at", "plan", "is_paying", "first_payment_at"]
FIRST, DAYS = date(2025, 1, 1), 300
Row = list[object]


def sign_ups(took: int = 20) -> list[Row]:
    """Two a day, every fifth of them pays after so many days and a few; a nought until then."""
    last = FIRST + timedelta(days=DAYS - 1)
    rows: list[Row] = []
    for n in range(2 * DAYS):
        came = FIRST + timedelta(days=n // 2)
        pays = came + timedelta(days=took + n % 13 if took else 0)
        paid = n % 5 == 0 and pays <= last
        rows.append([f"u{n}", came, ("free", "pro")[n % 2], int(paid), pays if paid else ""])
    return rows


def of(tmp_path: Path, rows: Sequence[Sequence[object]], **stated: object) -> Read:
    return read(put(tmp_path / "users.csv", table(HEADER, rows)), source(**stated))


def by_age(found: Read) -> dict[str, set[str]]:
    """`young` and `old` → labels of those that have not paid."""
    labels: dict[str, set[str]] = {"young": set(), "old": set()}
    for sample, label in zip(found.samples, found.labels):
        lead = decode_lead(sample.content)
        assert lead.at is not None
        age = (FIRST + timedelta(days=DAYS - 1) - lead.at.date()).days
        if label != "won":
            labels["young" if age < 90 else "old"].add(label)
    return labels


def test_a_nought_until_somebody_pays_is_open_until_the_lead_is_old(tmp_path: Path) -> None:
    found = of(tmp_path, sign_ups())
    assert by_age(found) == {"young": {""}, "old": {"lost"}}
    assert "open: 0: leads of the last days have it, too" in found.told("outcome")
    assert "not won within 90 days count as lost" in found.told("lost-after")


def stale(rows: list[Row]) -> list[Row]:
    """Users of the last two months are not in it."""
    return rows[: 2 * (DAYS - 60)]


def dated(rows: list[Row]) -> list[Row]:
    """Who does not pay has a day on which he said so."""
    return [[*row[:4], row[4] or row[1] + timedelta(days=30)] for row in rows]  # type: ignore[operator]


def words(rows: list[Row]) -> list[Row]:
    return [[*row[:3], "Won" if row[3] else "Lost", row[4]] for row in rows]


def some_open(rows: list[Row]) -> list[Row]:
    """Of some nobody says yes or no."""
    return [[*row[:3], "" if n % 10 == 3 else row[3], row[4]] for n, row in enumerate(rows)]


def undated(rows: list[Row]) -> list[Row]:
    """Many payments have no day."""
    return [[*row[:4], "" if n % 10 == 5 else row[4]] for n, row in enumerate(rows)]


@pytest.mark.parametrize("change", [stale, dated, words, some_open, undated])
def test_elsewhere_a_no_says_lost(tmp_path: Path, change: Callable[[list[Row]], list[Row]]) -> None:
    found = of(tmp_path, change(sign_ups()))
    assert "lost" in by_age(found)["young"] or change is stale
    assert "leads of the last days" not in found.told("outcome")


def test_where_it_is_decided_at_once_a_no_says_lost(tmp_path: Path) -> None:
    assert by_age(of(tmp_path, sign_ups(took=0)))["young"] == {"lost"}


def test_a_person_who_says_that_it_means_lost_is_believed(tmp_path: Path) -> None:
    found = of(tmp_path, sign_ups(), outcome="is_paying", won=["1"], lost=["0"])
    assert by_age(found) == {"young": {"lost"}, "old": {"lost"}}


def test_who_states_for_how_long_a_lead_is_open_says_that_it_is(tmp_path: Path) -> None:
    """As the warning advises."""
    found = of(tmp_path, sign_ups(), lost_after_days=90)
    assert by_age(found) == {"young": {""}, "old": {"lost"}}
    assert found.levels("lost-after") == {"pass"}


def test_a_later_table_of_a_few_reads_it_as_the_large_one(tmp_path: Path) -> None:
    learned = learned_from(put(tmp_path / "users.csv", table(HEADER, sign_ups())), "plan")
    few = put(tmp_path / "week.csv", table(HEADER, sign_ups()[-14:]))
    assert {one.annotation for one in read_as(few, learned)[0]} == {None}
    assert set(of(tmp_path, sign_ups()[-14:]).labels) == {"lost"}, "of so few nobody could tell"
