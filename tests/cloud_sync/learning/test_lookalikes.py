"""Twins among pictures: the first one that shows the same is found, and no picture is read twice for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from obstore.store import MemoryStore

from cloud_sync.learning import lookalikes
from cloud_sync.learning.lookalikes import MAX_BITS, MAX_MEAN_DIFFERENCE, Lookalikes
from cloud_sync.store.storage import Storage
from kits.core.dataset import Split
from kits.core.sample import Sample, utc_now

SPLITS: tuple[Split, ...] = ("train", "val", "test")


class Shelf(Storage):
    """Pictures in memory; counts how often each is read."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.read: Counter[str] = Counter()

    def show(self, pixels: NDArray[np.uint8]) -> Sample:
        content = cv2.imencode(".png", pixels)[1].tobytes()
        digest = self.put(content)
        return Sample(digest[:26], "image/png", digest, len(content), utc_now())

    def get(self, digest: str) -> bytes:
        self.read[digest] += 1
        return super().get(digest)


def drawn(rng: np.random.Generator, parents: int, each: int) -> list[NDArray[np.uint8]]:
    """Pictures that are all different; some differ from another one by next to nothing, some a little more."""
    found = []
    for _ in range(parents):
        coarse = rng.integers(0, 255, (8, 8)).astype(np.uint8)
        parent = cv2.resize(coarse, (64, 64)).astype(int)
        for strength in rng.integers(1, 24, each):
            noise = rng.integers(-strength, strength + 1, parent.shape)
            found.append(np.clip(parent + noise, 0, 255).astype(np.uint8))
    return [found[place] for place in rng.permutation(len(found))]


@dataclass(frozen=True)
class Seen:
    """A picture as it is compared, one with each."""

    small: NDArray[np.float32]
    hash: int
    split: Split

    @classmethod
    def of(cls, sample: Sample, split: Split, shelf: Shelf) -> Seen:
        small = lookalikes._small_version(sample, shelf)
        assert small is not None
        return cls(small, lookalikes.perceptual_hash(small), split)

    def shows(self, other: Seen) -> bool:
        near = (self.hash ^ other.hash).bit_count() <= MAX_BITS
        return near and float(np.abs(self.small - other.small).mean()) <= MAX_MEAN_DIFFERENCE


@pytest.mark.parametrize("seed", [0, 1])
def test_the_first_that_shows_the_same_is_found_as_by_comparing_with_each(seed: int) -> None:
    rng, shelf, alike = np.random.default_rng(seed), Shelf(), Lookalikes()
    seen: list[Seen] = []
    found: Counter[Split | None] = Counter()
    for number, pixels in enumerate(drawn(rng, 60, 5)):
        sample, split = shelf.show(pixels), SPLITS[number % 3]
        told = alike.split_of(sample, shelf)
        new = Seen.of(sample, split, shelf)
        assert told == next((one.split for one in seen if one.shows(new)), None)
        found[told] += 1
        alike.add(sample, split, shelf)
        seen.append(new)
    assert min(found[split] for split in (*SPLITS, None)) > 5


def test_hashes_beyond_the_room_for_them_are_found_too() -> None:
    rng, shelf, alike = np.random.default_rng(0), Shelf(), Lookalikes()
    alike._hashes = alike._hashes[:2]
    samples = [shelf.show(rng.integers(0, 255, (64, 64)).astype(np.uint8)) for _ in range(7)]
    for sample in samples:
        alike.add(sample, "test", shelf)
    alike._digests.clear()
    assert [alike.split_of(sample, shelf) for sample in samples] == ["test"] * 7


def test_a_picture_is_read_once_to_be_placed_and_its_copies_never() -> None:
    rng, shelf, alike = np.random.default_rng(0), Shelf(), Lookalikes()
    samples = [shelf.show(rng.integers(0, 255, (64, 64)).astype(np.uint8)) for _ in range(3)]
    for sample in (*samples, *samples):
        alike.split_of(sample, shelf)
        alike.add(sample, "train", shelf)
    assert set(shelf.read.values()) == {1} and len(shelf.read) == 3
