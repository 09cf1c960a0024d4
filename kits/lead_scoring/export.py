"""A run's files → the bundle's models, arrays and config. Trees are ONNX for many leads, and arrays for contributions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from pydantic import BaseModel, JsonValue

from kits.core import belongings
from kits.core.dataset import Dataset
from kits.core.kit import Exported, left_by_training
from kits.core.runtime import Array
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._lead import LOST, MEDIA_TYPE, WON
from kits.lead_scoring._learning.boosting import to_onnx
from kits.lead_scoring._learning.golden import golden_leads
from kits.lead_scoring._models import trees
from kits.lead_scoring._spec import BACKTEST_FILE, TREES_ROLE, LeadSpec
from kits.lead_scoring._table import load_table
from kits.lead_scoring.config import Config
from kits.lead_scoring.train import SPEC_FILE

_SEEN = 5_000
"""Past leads, spread evenly, whose values the golden ones are made of: what many share, these do."""


def export(run_dir: Path, dataset: Dataset, config: BaseModel) -> Exported:
    """The deployable models of a run.

    Raises:
        DataError: the run holds no training of this kit.
    """
    assert isinstance(config, Config)
    spec = LeadSpec.model_validate_json(left_by_training(run_dir, SPEC_FILE))
    models: dict[str, bytes] = {}
    files = {BACKTEST_FILE: (run_dir / BACKTEST_FILE).read_bytes()}
    if spec.model.trees:
        stored = (run_dir / trees.FILE).read_bytes()
        files[trees.FILE] = stored
        width = len(Encoder(spec.encoder).labels)
        models[TREES_ROLE] = to_onnx(trees.trees_from_bytes(stored), width)
    if named := config.named():  # a hub that retrains has nothing else of the project
        root = run_dir.parents[1]
        paths = [root / name for name in named.values()]
        files[belongings.NAME] = belongings.pack_belongings(root, paths)
    items = (*dataset.of("train"), *dataset.of("val"))
    learned = load_table(dataset, items[:: -(-len(items) // _SEEN) or 1])
    golden = golden_leads(learned.leads, spec.encoder, dataset.header.seed)
    return Exported(
        models=models,
        config=cast(dict[str, JsonValue], spec.model_dump(mode="json")),
        labels=(LOST, WON),
        precisions=(),
        cpu_roles=tuple(models),
        files=files,
        golden=tuple((content, MEDIA_TYPE) for content in golden),
    )


def calibration_feeds(
    exported: Exported, role: str, contents: Iterable[bytes]
) -> Iterator[Mapping[str, Array]]:
    """None: trees compare numbers and have nothing that a lower precision makes faster."""
    del exported, role, contents
    return iter(())
