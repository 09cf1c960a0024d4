"""Near-identical pictures: a small perceptual hash, so that twins never stand in two splits.

The hash is the sign of low-frequency DCT coefficients (pHash, Zauner 2010), 64 bits; pictures
whose hashes differ in at most `MAX_BITS` bits count as the same when their small versions agree
too. Other media are compared by digest only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cloud_sync.errors import NotFoundError
from cloud_sync.learning.pictures import opencv, shrunk
from cloud_sync.store.storage import Storage
from kits.core.dataset import Dataset, Split
from kits.core.errors import DataError
from kits.core.sample import Sample

MAX_BITS = 3
MAX_MEAN_DIFFERENCE = 2.0
"""Grey levels (of 255), averaged over a 32×32 version."""
SIDE = 32


@dataclass
class Lookalikes:
    """Samples seen so far with their hashes and splits; of those with the same bytes the first one."""

    _digests: dict[str, Split] = field(default_factory=dict)
    _hashes: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(1024, np.uint64))
    _small: list[NDArray[np.uint8]] = field(default_factory=list)
    _splits: list[Split] = field(default_factory=list)
    _looked_at: tuple[str, NDArray[np.float32] | None] = ("", None)

    @classmethod
    def of(cls, dataset: Dataset, storage: Storage) -> Lookalikes:
        """All samples of a version; bytes that are gone are compared by digest only.

        Raises:
            UnreachableError: the storage cannot be used.
        """
        found = cls()
        for item in dataset.items:
            found.add(item.sample, item.split, storage)
        return found

    def add(self, sample: Sample, split: Split, storage: Storage) -> None:
        """Remembers a sample. Raises UnreachableError."""
        if sample.digest in self._digests:
            return
        self._digests[sample.digest] = split
        small = self._look_at(sample, storage)
        if small is None:
            return
        if len(self._small) == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
        self._hashes[len(self._small)] = perceptual_hash(small)
        self._small.append(small.astype(np.uint8))  # grey levels: whole numbers
        self._splits.append(split)

    def split_of(self, sample: Sample, storage: Storage) -> Split | None:
        """The split of the first sample that shows the same, or None. Raises UnreachableError."""
        same = self._digests.get(sample.digest)
        if same is not None or not self._small:
            return same
        small = self._look_at(sample, storage)
        if small is None:
            return None
        known = self._hashes[: len(self._small)]
        differing = np.bitwise_count(known ^ np.uint64(perceptual_hash(small)))
        for index in np.flatnonzero(differing <= MAX_BITS):
            difference = float(np.abs(self._small[index].astype(np.float32) - small).mean())
            if difference <= MAX_MEAN_DIFFERENCE:
                return self._splits[index]
        return None

    def _look_at(self, sample: Sample, storage: Storage) -> NDArray[np.float32] | None:
        """Its small version; one that is asked about and then added is read once."""
        if self._looked_at[0] != sample.digest:
            self._looked_at = sample.digest, _small_version(sample, storage)
        return self._looked_at[1]


def perceptual_hash(small: NDArray[np.float32]) -> int:
    """64 bits from a 32×32 grey picture."""
    cv2 = opencv()
    low = cv2.dct(small)[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _small_version(sample: Sample, storage: Storage) -> NDArray[np.float32] | None:
    if not sample.media_type.startswith("image/") or not sample.digest:
        return None
    try:
        content = storage.get(sample.digest)
    except (NotFoundError, DataError):
        return None  # one that cannot be reached now may be a twin: that is for the caller to know
    return small_grey(content)


def small_grey(content: bytes) -> NDArray[np.float32] | None:
    """A 32×32 grey version of an encoded picture, or None when it cannot be read."""
    mode = opencv().IMREAD_REDUCED_GRAYSCALE_2
    try:
        return shrunk(content, mode, lambda _width, _height: (SIDE, SIDE)).astype(np.float32)
    except DataError:
        return None
