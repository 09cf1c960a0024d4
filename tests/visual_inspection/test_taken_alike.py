"""Whether it is told that defects were taken in another way than good parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kits.core.annotation import Annotation
from kits.core.blobs import FolderBlobStore
from kits.core.dataset import DatasetItem
from kits.core.kit import Finding
from kits.core.sample import Sample
from kits.visual_inspection import _taken_alike
from tests.visual_inspection.builders import dataset

LINE, DESK = (192, 144), (240, 180)


def part(
    number: int, label: str, size: tuple[int, int] = LINE, kind: str = "jpeg", day: int = 1
) -> DatasetItem:
    meta = {"width": size[0], "height": size[1]}
    at = datetime(2025, 3, day, tzinfo=UTC)
    digest = f"{number:064x}"
    return DatasetItem(
        Sample(f"s{label}{number}", f"image/{kind}", digest, 9, at, meta=meta),
        Annotation(label=label),
        "train",
    )


def told(tmp_path: Path, items: list[DatasetItem]) -> dict[str, Finding]:
    found = _taken_alike.check(dataset(FolderBlobStore(tmp_path), items))
    return {one.check: one for one in found}


GOOD = [part(n, "good", day=1 + n % 5) for n in range(40)]


@pytest.mark.parametrize(
    ("bad", "said", "evidence"),
    [
        ({"size": DESK}, "12 in size differ", "240×180: 12"),
        ({"kind": "png"}, "12 in format differ", "image/png: 12"),
        ({"day": 20}, "12 in day differ", "2025-03-20: 12"),
    ],
)
def test_defects_that_were_taken_in_another_way_are_told(
    tmp_path: Path, bad: dict[str, object], said: str, evidence: str
) -> None:
    items = [*GOOD, *(part(100 + n, "NOK", **{"day": 1 + n % 5} | bad) for n in range(12))]
    found = told(tmp_path, items)["taken-alike"]
    assert found.level == "warn"
    assert said in found.text
    assert found.evidence == (evidence,)


def test_one_good_part_of_the_other_way_does_not_hide_it(tmp_path: Path) -> None:
    items = [*GOOD, part(99, "good", DESK), *(part(100 + n, "NOK", DESK) for n in range(12))]
    assert told(tmp_path, items)["taken-alike"].level == "warn"


def test_defects_as_good_parts_are_or_cut_out_or_few_are_not_told(tmp_path: Path) -> None:
    alike = [part(100 + n, "NOK", day=1 + n % 5) for n in range(12)]
    cut = [part(100 + n, "NOK", (50 + n, 60), day=1 + n % 5) for n in range(12)]
    assert told(tmp_path, GOOD + alike)["taken-alike"].level == "pass"
    assert told(tmp_path, GOOD + cut)["taken-alike"].level == "pass"
    assert told(tmp_path, GOOD + [replace(one, annotation=None) for one in alike]) == {}
    assert told(tmp_path, GOOD) == {}


def test_each_day_with_few_parts_of_either_kind_is_not_told(tmp_path: Path) -> None:
    good = [part(n, "good", day=1 + n % 28) for n in range(56)]
    bad = [part(100 + n, "NOK", day=1 + n % 28) for n in range(28)]
    assert told(tmp_path, good + bad)["taken-alike"].level == "pass"
