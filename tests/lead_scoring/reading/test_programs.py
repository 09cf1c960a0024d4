"""The same leads as many programs write them: each lead, its outcome, its day and its columns are found, without a setting.

What a program does not tell is stated with its file; what each file looks like stands under `benchmarks/programs`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.lead_programs import look
from benchmarks.programs.all_programs import PROGRAMS
from benchmarks.programs.made import make_deals
from benchmarks.programs.writing import Program
from tests.sampled import sampled

DEALS = make_deals(80)


@pytest.mark.parametrize("program", sampled(PROGRAMS, every=3), ids=lambda program: program.file)
def test_all_is_found(program: Program, tmp_path: Path) -> None:
    found = look(program.write(tmp_path, DEALS), DEALS)
    said = "\n".join(f"{one.check}: {one.text}" for one in found.findings)
    assert found.wrong(program, DEALS) == [], said


def test_names_and_files_are_told_apart() -> None:
    assert len({program.file for program in PROGRAMS}) == len(PROGRAMS)
    assert len({program.name.lower() for program in PROGRAMS}) == len(PROGRAMS)
