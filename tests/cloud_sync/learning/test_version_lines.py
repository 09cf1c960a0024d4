"""Lines of a dataset version are counted as the dataset itself counts them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from cloud_sync.learning.version_lines import read_lines
from cloud_sync.store.storage import open_storage
from kits.core.annotation import Annotation
from kits.core.blobs import FolderBlobStore
from kits.core.dataset import DatasetHeader, build, to_bytes
from kits.core.prediction import Quantity
from tests.core.builders import item


def test_what_has_no_label_is_counted_as_the_dataset_counts_it(tmp_path: Path) -> None:
    urgent = Annotation(quantities=(Quantity("urgency", 3.0, "level"),))
    said = [Annotation(label="billing"), urgent, Annotation(), None]
    items = [replace(item(f"s{n}"), annotation=one) for n, one in enumerate(said)]
    header = DatasetHeader(kit="support-triage", labels=("billing",), split_rule="by group", seed=0)
    made = build(header, items, FolderBlobStore(tmp_path / "blobs"))
    storage = open_storage("", tmp_path / "hub")
    version = storage.put(to_bytes(made))
    counts = Counter(line.label for _, line in read_lines(storage, version).told())
    assert counts == made.counts()["train"] == {"billing": 1, "(none)": 3}
