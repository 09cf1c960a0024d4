"""Lists of pictures that say their split: `train.txt`, `val.txt` and `test.txt`, VOC's `ImageSets` too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from kits.core.dataset import SPLIT_WORDS, Split
from kits.visual_inspection._reading.documents import files_under
from kits.visual_inspection._reading.finding_pictures import PictureIndex

_MAX_BYTES = 64 << 20


def listed_splits(path: Path, pictures: Sequence[Path]) -> Mapping[Path, Split]:
    """Picture → its split; one in the lists of two has none."""
    lists = [
        file
        for file in files_under(path, [".txt"])
        if file.stem.lower() in SPLIT_WORDS and file.stat().st_size <= _MAX_BYTES
    ]
    index = PictureIndex(path, pictures) if lists else None
    found: dict[Path, set[Split]] = defaultdict(set)
    for file in lists:
        for line in file.read_text("utf-8-sig", errors="replace").splitlines():
            words = line.split()
            picture = index.find(words[0]) if words and index else None
            if picture is not None:
                found[picture].add(SPLIT_WORDS[file.stem.lower()])
    return {picture: next(iter(splits)) for picture, splits in found.items() if len(splits) == 1}
