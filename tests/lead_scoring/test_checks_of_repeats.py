"""Leads of a list that is carried on from month to month, as `kit check` sees them where they have no number."""

from __future__ import annotations

from pathlib import Path

from kits.lead_scoring._checking.repeats import states_left_open
from kits.lead_scoring.config import Config
from tests.lead_scoring.checked_leads import leads, only

HEADER = ["Firma", "Quelle", "Eingang", "Status"]
ENDED = [
    [f"Firma {n}", "ab"[n % 2], f"2025-0{1 + n // 28}-{1 + n % 28:02}", ("won", "lost")[n % 2]]
    for n in range(60)
]
OPEN = [[*row[:3], "open"] for row in ENDED[:30]]


def test_open_leads_that_are_earlier_states_of_decided_ones_are_told(tmp_path: Path) -> None:
    told = only(list(states_left_open(leads(tmp_path, HEADER, [*OPEN, *ENDED]), Config())))
    assert told.level == "warn" and told.text.startswith("30 open leads equal a decided one")
    assert "lost_after_days" in told.fix


def test_leads_that_little_is_known_of_or_that_came_on_another_day_are_no_states(
    tmp_path: Path,
) -> None:
    later = [[*row[:2], "2025-06-02", "open"] for row in ENDED[:30]]
    alike = [[*row[1:2], row[2][:8] + "01", row[3]] for row in [*OPEN, *ENDED]]
    assert not list(states_left_open(leads(tmp_path, HEADER, [*ENDED, *later]), Config()))
    assert not list(states_left_open(leads(tmp_path, HEADER[1:], alike), Config()))
