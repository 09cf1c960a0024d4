"""A dash in a list kept by hand, whose outcome otherwise says only who was won."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from tests.lead_scoring.reading.lead_files import Read, put, read, source, table

N = 120


def hand_kept(
    folder: Path, entry: Callable[[int], str], stated: dict[str, object] | None = None
) -> Read:
    """A list in order of time, three days apart; `entry` gives what stands under Auftrag."""
    rows = [[n + 1, date(2024, 1, 1) + timedelta(days=3 * n), n % 5, entry(n)] for n in range(N)]
    path = put(folder / "liste.csv", table(["Nr", "Datum", "Räume", "Auftrag"], rows, ";"))
    return read(path, stated)


def no_then_open(n: int) -> str:
    """A third is won, the others have a dash; the latest fifth is open."""
    return "" if n >= 0.8 * N else "ja" if n % 3 == 0 else "-"


def test_a_dash_is_lost_where_open_leads_have_no_entry_and_are_younger(tmp_path: Path) -> None:
    found = hand_kept(tmp_path, no_then_open)
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [32, 64, 24]
    assert "a dash in Auftrag (lost): 32 won, 64 lost, 24 open" in found.told("outcome")
    [asked] = [one for one in found.findings if one.check == "assumed"]
    assert asked.level == "warn" and 'model.source: {outcome: Auftrag, lost: ["-"]}' in asked.fix


def test_what_is_to_be_stated_is_what_was_assumed(tmp_path: Path) -> None:
    assumed = hand_kept(tmp_path, no_then_open)
    stated = hand_kept(tmp_path, no_then_open, source(outcome="Auftrag", lost=["-"]))
    assert stated.labels == assumed.labels and not stated.told("assumed")


def test_a_dash_beside_nothing_else_or_of_young_leads_is_named_and_not_lost(
    tmp_path: Path,
) -> None:
    def alone(n: int) -> str:
        return "ja" if n % 3 == 0 else "-"

    def of_open_ones(n: int) -> str:
        return "-" if n >= 0.7 * N else "ja" if n % 3 == 0 else ""

    for entry in (alone, of_open_ones):
        found = hand_kept(tmp_path, entry)
        assert not found.told("assumed")
        [told] = [one for one in found.findings if one.check == "lost-after"]
        line = 'if a dash means lost: model.source: {outcome: Auftrag, lost: ["-"]}'
        assert told.level == "warn" and line in told.fix


def test_an_age_that_is_stated_goes_before_a_dash(tmp_path: Path) -> None:
    found = hand_kept(tmp_path, no_then_open, source(lost_after_days=300))
    assert found.labels.count("lost") < 20 and not found.told("assumed")
