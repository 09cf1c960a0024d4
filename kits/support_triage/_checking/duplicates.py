"""Mails that say the same: equal once numbers and addresses are masked, or almost the same words in a row.

Cost grows with the number of words, not with the square of the mails: equal texts meet under one key, similar ones by
MinHash (Broder 1997) in bands, and each candidate pair is then compared for real.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.support_triage._checking.texts import key_of, masked_words
from kits.support_triage._mail.reading import read_mail

SIMILAR = 0.8
"""Share of runs of words that two mails have in common (Jaccard)."""
RUN = 3
LEAST_WORDS = 12
"""Shorter mails are compared as a whole only: two questions of six words are alike by chance."""
_HASHES, _BANDS = 48, 12
_MAX_BUCKET = 40
_MAX_RUNS = 4_000
_PRIME = (1 << 31) - 1

Runs = NDArray[np.uint32]


def near_duplicates(contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Pairs of ids whose mails say the same; unreadable ones are skipped.

    Of many equal ones each is paired with the first, which is enough to keep them together.
    """

    def texts() -> Iterator[tuple[str, str]]:
        for sample_id, content in contents:
            try:
                yield sample_id, read_mail(content).text
            except DataError:
                continue

    return similar_texts(texts())


def similar_texts(texts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same for texts that were read already."""
    first: dict[bytes, str] = {}
    pairs: set[tuple[str, str]] = set()
    long: list[str] = []
    runs: list[Runs] = []
    for sample_id, text in texts:
        words = masked_words(text)
        if not words:
            continue
        original = first.setdefault(key_of(words), sample_id)
        if original != sample_id:
            pairs.add(_ordered(original, sample_id))
        elif len(words) >= LEAST_WORDS:
            long.append(sample_id)
            runs.append(_runs(words))
    compared: set[tuple[int, int]] = set()
    for one, two in _candidates(runs):
        if (one, two) not in compared:
            compared.add((one, two))
            if _jaccard(runs[one], runs[two]) >= SIMILAR:
                pairs.add(_ordered(long[one], long[two]))
    return sorted(pairs)


def _candidates(runs: list[Runs]) -> Iterator[tuple[int, int]]:
    """Rows that agree in a band of their least hashes; of a crowd only the first ones are compared."""
    if not runs:
        return
    least = np.stack([_least_hashes(one) for one in runs])
    rows = _HASHES // _BANDS
    for band in range(_BANDS):
        part = np.ascontiguousarray(least[:, band * rows : (band + 1) * rows])
        keys = part.view(np.dtype((np.void, part.dtype.itemsize * rows)))[:, 0]
        _, group, size = np.unique(keys, return_inverse=True, return_counts=True)
        order = np.argsort(group, kind="stable")
        ends = np.cumsum(size)
        for end, count in zip(ends[size > 1].tolist(), size[size > 1].tolist()):
            crowd = order[end - count : end][:_MAX_BUCKET].tolist()
            for place, one in enumerate(crowd):
                for two in crowd[place + 1 :]:
                    yield one, two


def _ordered(one: str, two: str) -> tuple[str, str]:
    return (one, two) if one < two else (two, one)


def _runs(words: list[str]) -> Runs:
    """Hashes of all runs of `RUN` words, sorted, each once."""
    joined = (" ".join(words[at : at + RUN]) for at in range(min(len(words) - RUN + 1, _MAX_RUNS)))
    hashed = np.fromiter((zlib.crc32(run.encode()) for run in joined), np.uint32)
    return np.unique(hashed)


def _coefficients() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    rng = np.random.default_rng(20_190_911)
    return (
        rng.integers(1, _PRIME, _HASHES, dtype=np.uint64)[:, None],
        rng.integers(0, _PRIME, _HASHES, dtype=np.uint64)[:, None],
    )


_FACTORS, _SHIFTS = _coefficients()


def _least_hashes(runs: Runs) -> NDArray[np.uint32]:
    """MinHash: the least of each of `_HASHES` permutations, shape (_HASHES,)."""
    hashed = (_FACTORS * (runs.astype(np.uint64) % _PRIME) + _SHIFTS) % _PRIME
    least: NDArray[np.uint32] = hashed.min(axis=1).astype(np.uint32)
    return least


def _jaccard(one: Runs, two: Runs) -> float:
    shared = np.intersect1d(one, two, assume_unique=True).size
    return float(shared / (one.size + two.size - shared))
