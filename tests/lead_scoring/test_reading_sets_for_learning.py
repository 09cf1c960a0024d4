"""Tables as they are published to learn from: parts without outcomes, and examples of answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.lead_scoring.lead_files import Read, put, read, source, table

HEADER = ["id", "Vehicle_Age", "Damage", "Premium", "Vintage", "Channel", "Region", "Licence", "Insured", "Response"]  # fmt: skip
N, OPEN = 60, 30


def _rows(first: int, n: int) -> list[list[object]]:
    return [
        [k, f"{k % 3} years", "Yes" if k % 2 else "No", 2630 + k, k % 300, f"C{k % 4}", f"R{k % 5}", 1, k % 3, int(k % 7 == 0)]
        for k in range(first, first + n)
    ]  # fmt: skip


def _a_competition(
    folder: Path,
    answers: Sequence[object] = (),
    name: str = "sample_submission.csv",
    **stated: object,
) -> Read:
    """Leads to learn from, and others to score beside them, without their outcome."""
    put(folder / "train.csv", table(HEADER, _rows(1, N)))
    put(folder / "test.csv", table(HEADER[:-1], [row[:-1] for row in _rows(N + 1, OPEN)]))
    if answers:
        rows = [[N + 1 + k, answer] for k, answer in enumerate(answers)]
        put(folder / name, table(["id", "Response"], rows))
    return read(folder, source(**stated))


def test_a_part_without_outcomes_is_to_be_scored_and_judges_nothing(tmp_path: Path) -> None:
    found = _a_competition(tmp_path)
    assert {one.split for one in found.samples} == {None}
    assert found.labels.count("") == OPEN
    assert found.told("split-open").startswith(f"none of the {OPEN} leads that the data calls test")


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("sample_submission.csv", [0] * OPEN),
        ("sample_submission.csv", [k % 2 for k in range(OPEN)]),
        ("answers.csv", [0] * OPEN),
        ("SampleSubmission.csv", [0.5] * OPEN),
    ],
)
def test_an_example_of_answers_tells_no_outcomes(
    tmp_path: Path, name: str, answers: list[float]
) -> None:
    found = _a_competition(tmp_path, answers, name)
    assert found.labels.count("") == OPEN
    assert f"{name} was passed over" in found.told("example-answers")


@pytest.mark.parametrize(
    ("name", "answers", "stated"),
    [
        ("test_labels.csv", [int(k % 7 == 3) for k in range(OPEN)], {}),
        ("bought.csv", [1] * (OPEN // 2), {}),
        ("sample_submission.csv", [0] * OPEN, {"tables": [{"file": "*submission.csv", "role": "accounts"}]}),
    ],
)  # fmt: skip
def test_true_outcomes_in_a_table_of_their_own_count(
    tmp_path: Path, name: str, answers: list[int], stated: dict[str, object]
) -> None:
    found = _a_competition(tmp_path, answers, name, **stated)
    assert found.labels.count("") == OPEN - len(answers)
    assert not found.told("example-answers")


def test_a_column_of_any_name_that_speaks_of_training_and_test_says_the_split(
    tmp_path: Path,
) -> None:
    rows = [[k, "test" if k % 3 == 0 else "train", k % 2] for k in range(30)]
    found = read(put(tmp_path / "e.csv", table(["no", "ORIGIN", "converted"], rows)))
    assert [one.split for one in found.samples] == [row[1] for row in rows]
    by_rail = [[k, "train" if k % 3 else "bus", k % 2] for k in range(30)]
    found = read(put(tmp_path / "f.csv", table(["no", "came by", "converted"], by_rail)))
    assert {one.split for one in found.samples} == {None}
