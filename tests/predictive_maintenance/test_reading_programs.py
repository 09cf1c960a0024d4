"""The same machines as many recorders write them: readings, times, units, machines, faults and lives are found, without a setting.

What a recorder does not tell is stated with its files; what they look like stands under `benchmarks/recorders`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.machine_programs import look
from benchmarks.recorders.all_recorders import RECORDERS
from benchmarks.recorders.writing import Recorder
from kits.core.errors import DataError
from tests.sampled import sampled

READ = [recorder for recorder in RECORDERS if not recorder.refusal]
REFUSED = [recorder for recorder in RECORDERS if recorder.refusal]


@pytest.mark.parametrize("recorder", sampled(READ, every=3), ids=lambda recorder: recorder.folder)
def test_all_is_found(recorder: Recorder, tmp_path: Path) -> None:
    found = look(recorder.write(tmp_path), recorder)
    said = "\n".join(f"{one.check}: {one.text} {one.evidence}" for one in found.findings)
    assert found.wrong(recorder) == [], said


@pytest.mark.parametrize("recorder", REFUSED, ids=lambda recorder: recorder.folder)
def test_what_cannot_be_read_is_told_with_the_remedy(recorder: Recorder, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=recorder.refusal) as caught:
        look(recorder.write(tmp_path), recorder)
    assert caught.value.where and caught.value.fix


def test_names_and_folders_are_told_apart() -> None:
    assert len({recorder.folder for recorder in RECORDERS}) == len(RECORDERS)
    assert len({recorder.name.lower() for recorder in RECORDERS}) == len(RECORDERS)
