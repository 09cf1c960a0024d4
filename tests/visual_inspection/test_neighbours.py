"""Whether frames of a film that only have a number are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from kits.core.blobs import FolderBlobStore
from kits.core.dataset import DatasetItem
from kits.core.kit import Finding
from kits.toolchain.intake import UNKNOWN_TIME
from kits.visual_inspection import data
from kits.visual_inspection.config import Config
from kits.visual_inspection.demo import Part
from tests.visual_inspection.builders import dataset, item, picture

SPLITS = ("train", "train", "val", "test")


def shots(store: FolderBlobStore, parts: int, each: int) -> list[DatasetItem]:
    """Parts with so many pictures each, moved and relit, numbered from one to the last."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(parts):
        whole = picture(80, 64, seed=number)
        for shot in range(each):
            x, y = rng.integers(0, 8, 2)
            seen = cv2.convertScaleAbs(whole[y : y + 48, x : x + 64], alpha=rng.uniform(0.8, 1))
            name = f"IO/{number * each + shot}.jpg"
            split = SPLITS[shot % len(SPLITS)]
            one = item(store, name, Part(np.asarray(seen, np.uint8), "good", ()), split)
            found.append(replace(one, sample=replace(one.sample, captured_at=UNKNOWN_TIME)))
    return found


def told(store: FolderBlobStore, items: list[DatasetItem]) -> dict[str, Finding]:
    return {f.check: f for f in data.check(dataset(store, items), Config())}


def test_frames_that_follow_each_other_and_look_alike_are_told(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path)
    found = told(store, shots(store, 20, 4))["neighbours-alike"]
    assert found.level == "warn"
    assert "stand in two splits" in found.text
    assert found.evidence[0] == "IO/0.jpg ~ IO/1.jpg"
    within = [replace(one, split="train") for one in shots(store, 20, 4)]
    assert "two splits" not in told(store, within)["neighbours-alike"].text


def test_a_picture_of_each_part_or_parts_or_days_that_are_known_are_not_told(
    tmp_path: Path,
) -> None:
    store = FolderBlobStore(tmp_path)
    assert "neighbours-alike" not in told(store, shots(store, 80, 1))
    grouped = [
        replace(one, split="train", sample=replace(one.sample, group=f"P{number // 4}"))
        for number, one in enumerate(shots(store, 70, 4))
    ]
    assert "neighbours-alike" not in told(store, grouped)
    dated = [
        replace(
            one, sample=replace(one.sample, captured_at=datetime(2025, 3, 1 + n // 16, tzinfo=UTC))
        )
        for n, one in enumerate(shots(store, 20, 4))
    ]
    assert "neighbours-alike" not in told(store, dated)
