"""Boosted trees as arrays: how they are kept in a bundle, and the log-odds they give. What each column adds is in
`contributions.py`; how trees are grown is not known here.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import BundleError
from kits.lead_scoring._features.encoder import Floats32

Floats = NDArray[np.float64]
Ints32 = NDArray[np.int32]
FILE = "trees.npz"
MAX_DEPTH = 6
_FIELDS = ("roots", "left", "right", "column", "limit", "missing_left", "value", "cover", "base")
_CHUNK = 2_048
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees, one after the other.

    Attributes:
        roots: (trees,) the node each tree begins with.
        left, right: (nodes,) children; −1 for a leaf.
        column: (nodes,) of the matrix.
        limit: (nodes,) less goes left.
        missing_left: (nodes,) where a lead goes whose column is missing.
        value: (nodes,) log-odds of a leaf.
        cover: (nodes,) weight of the leads learned from that came by.
        base: log-odds before any tree.
    """

    roots: Ints32
    left: Ints32
    right: Ints32
    column: Ints32
    limit: Floats32
    missing_left: NDArray[np.bool_]
    value: Floats32
    cover: Floats32
    base: float

    def margins(self, matrix: Floats32) -> Floats:
        """(rows,) log-odds, as the ONNX model gives them."""
        parts = [self._margins(matrix[n : n + _CHUNK]) for n in range(0, len(matrix), _CHUNK)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _margins(self, matrix: Floats32) -> Floats:
        at = np.broadcast_to(self.roots, (len(matrix), len(self.roots))).astype(np.intp)
        rows = np.arange(len(matrix))[:, None]
        for _ in range(self.depth):
            seen = matrix[rows, self.column[at]]
            goes_left = np.where(np.isnan(seen), self.missing_left[at], seen < self.limit[at])
            below = np.where(goes_left, self.left[at], self.right[at])
            at = np.where(below < 0, at, below)
        total: Floats = self.value[at].astype(np.float64).sum(axis=1) + self.base
        return total

    @cached_property
    def depth(self) -> int:
        """Splits on the longest way from a root to a leaf."""
        level, count = self.roots.astype(np.intp), 0
        while True:
            inner = level[self.left[level] >= 0]
            if not inner.size:
                return count
            level, count = (
                np.concatenate([self.left[inner], self.right[inner]]).astype(np.intp),
                count + 1,
            )

    def to_bytes(self) -> bytes:
        """The bundle's file; the same trees give the same bytes."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in _FIELDS:
                part = io.BytesIO()
                np.save(part, np.asarray(getattr(self, name)), allow_pickle=False)
                archive.writestr(
                    zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), part.getvalue()
                )
        return buffer.getvalue()


def trees_from_bytes(content: bytes) -> Trees:
    """The opposite of `Trees.to_bytes`.

    Raises:
        BundleError: it is not such a file, or its nodes do not make trees.
    """
    try:
        _refuse_large(content)
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            found = {name: stored[name] for name in _FIELDS}
        trees = Trees(
            roots=found["roots"].astype(np.int32),
            left=found["left"].astype(np.int32),
            right=found["right"].astype(np.int32),
            column=found["column"].astype(np.int32),
            limit=found["limit"].astype(np.float32),
            missing_left=found["missing_left"].astype(np.bool_),
            value=found["value"].astype(np.float32),
            cover=found["cover"].astype(np.float32),
            base=float(found["base"]),
        )
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError("not the trees of a lead-scoring bundle", where=FILE) from error
    _refuse_no_trees(trees)
    return trees


def _refuse_large(content: bytes) -> None:
    """Before anything is unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise ValueError("too large")


def _refuse_no_trees(trees: Trees) -> None:
    """A child stands behind its parent, so that no way through the nodes is endless."""
    nodes = len(trees.left)
    sizes = {len(getattr(trees, name)) for name in _FIELDS[1:-1]}
    inner = trees.left >= 0
    here = np.arange(nodes)[inner]
    fits = (
        sizes == {nodes}
        and bool(((trees.roots >= 0) & (trees.roots < nodes)).all())
        and bool(((trees.left[inner] > here) & (trees.left[inner] < nodes)).all())
        and bool(((trees.right[inner] > here) & (trees.right[inner] < nodes)).all())
        and bool((trees.column >= 0).all())
        and bool(np.isfinite(trees.value).all() and (trees.cover > 0).all())
    )
    if not fits or trees.depth > MAX_DEPTH:
        raise BundleError("the nodes of this bundle do not make trees", where=FILE)
