"""The same tickets as many programs and data sets write them: text, subject, intent, day and sender are found, without a setting.

What a program does not tell is stated with its file; what each file looks like stands under `benchmarks/desks`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.desks.all_desks import DESKS
from benchmarks.desks.made import make_tickets
from benchmarks.desks.writing import Desk
from benchmarks.mail_programs import look
from tests.sampled import sampled


@pytest.mark.parametrize("desk", sampled(DESKS, every=3), ids=lambda desk: desk.path)
def test_all_is_found(desk: Desk, tmp_path: Path) -> None:
    tickets = make_tickets(30, desk.language)
    found = look(desk.write(tmp_path, tickets), tickets)
    said = "\n".join(f"{one.check}: {one.text}" for one in found.findings)
    assert found.wrong(desk, tickets) == [], said


def test_names_and_files_are_told_apart() -> None:
    assert len({desk.path for desk in DESKS}) == len(DESKS)
    assert len({desk.name.lower() for desk in DESKS}) == len(DESKS)
