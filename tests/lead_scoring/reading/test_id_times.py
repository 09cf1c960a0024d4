"""Boards without a date of when a card was made: its id tells it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from kits.lead_scoring._reading.leads.id_times import time_of_id
from tests.lead_scoring.reading.lead_files import put, table
from tests.lead_scoring.reading.lead_files import read as read_leads
from tests.lead_scoring.reading.test_learned_roles import learned_from, moments, read

START = datetime(2025, 2, 3, 9, tzinfo=timezone.utc)
HEADER = ["Card ID", "Labels", "List Name"]


def made(n: int) -> datetime:
    return START + timedelta(days=n)


def card(n: int) -> str:
    """An id as the board gives it: seconds, then digits of no meaning."""
    return f"{int(made(n).timestamp()):08x}{random.Random(n).getrandbits(64):016x}"


def board(count: int, first: int = 0) -> str:
    rows = [[card(n), "fair", "Won" if n % 3 else "Lost"] for n in range(first, first + count)]
    return table(HEADER, rows)


def test_leads_are_dated_by_their_ids(tmp_path: Path) -> None:
    found = read_leads(put(tmp_path / "board.csv", board(40)))
    assert [lead.at for lead in found.leads] == [made(n) for n in range(40)]
    assert "the first eight digits of Card ID tell when each was made" in found.told("assumed")


def test_a_bundle_dates_one_lead_by_what_it_learned_of_many(tmp_path: Path) -> None:
    learned = learned_from(put(tmp_path / "board.csv", board(40)), "Labels")
    leads, _ = read(put(tmp_path / "new.csv", board(1, first=77)), learned)
    assert moments(leads) == [str(made(77))[:10]]


def test_a_date_of_the_leads_own_comes_first(tmp_path: Path) -> None:
    rows = [[card(n), f"2024-03-{n % 28 + 1:02d}", "Won" if n % 3 else "Lost"] for n in range(40)]
    found = read_leads(put(tmp_path / "board.csv", table(["id", "Created", "List Name"], rows)))
    assert {lead.at.year for lead in found.leads if lead.at} == {2024}
    assert "eight digits" not in found.told("assumed")


@pytest.mark.parametrize("digits", [22, 24, 32])
def test_ids_of_no_meaning_tell_no_time(tmp_path: Path, digits: int) -> None:
    draw = random.Random(digits)
    rows = [[f"{draw.getrandbits(4 * digits):0{digits}x}", "fair", "Won" if n % 3 else "Lost"] for n in range(60)]  # fmt: skip
    found = read_leads(put(tmp_path / "board.csv", table(HEADER, rows)))
    assert {lead.at for lead in found.leads} == {None}


def test_few_such_ids_are_not_believed(tmp_path: Path) -> None:
    found = read_leads(put(tmp_path / "board.csv", board(19)))
    assert {lead.at for lead in found.leads} == {None}


def test_a_person_may_name_the_ids(tmp_path: Path) -> None:
    stated = {"source": {"decided_at": "Card ID"}}
    found = read_leads(put(tmp_path / "board.csv", board(5)), stated)
    assert [lead.at for lead in found.leads] == [made(n) for n in range(5)]


def test_years_before_there_were_such_ids_are_none() -> None:
    assert time_of_id(f"{int(datetime(2001, 1, 1, tzinfo=timezone.utc).timestamp()):08x}{0:016x}") is None  # fmt: skip
