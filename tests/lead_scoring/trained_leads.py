"""Bundles trained on leads of a made-up firm, made once for all tests that look at one."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from kits.core.annotation import Annotation
from kits.core.bundle import BundleManifest
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split, build
from kits.core.discovery import get_kit
from kits.core.kit import TrainOutcome, TrainTask
from kits.core.operating_point import Band, Costs, OperatingPoint
from kits.core.ready import ReadyBundle
from kits.core.runtime import cpu_session
from kits.core.sample import Sample, sample_id_for, utc_now
from kits.lead_scoring._lead import Lead, Value, encode_lead
from kits.lead_scoring._simulated.firm import MadeLead, make_leads
from kits.lead_scoring.config import Config
from kits.lead_scoring.export import export
from kits.lead_scoring.runtime import LeadRuntime, load
from kits.lead_scoring.train import train
from kits.toolchain import bundling
from kits.toolchain.evaluation import MemoryBlobStore
from kits.toolchain.golden import choose_golden
from tests.lead_scoring.reading.lead_files import Read

SEED = 7
HOT, WARM = 0.3, 0.1


def splits_in_time(n: int) -> list[Split]:
    """The oldest 70 % are learned from, the latest 15 % judged."""
    return ["train" if row < 0.7 * n else "val" if row < 0.85 * n else "test" for row in range(n)]


def a_dataset(
    leads: Sequence[Lead],
    won: Sequence[bool | None],
    splits: Sequence[Split],
    metas: Sequence[Mapping[str, float]] = (),
) -> Dataset:
    """A version of leads in order of time; what is known of each besides, where it is more than its place."""
    blobs, items = MemoryBlobStore(), []
    for number, (lead, outcome, split) in enumerate(zip(leads, won, splits)):
        content = encode_lead(lead)
        source = f"leads.csv#{number}"
        sample = Sample(
            sample_id_for(content, source), "application/json", blobs.put(content), len(content),
            utc_now(), source, meta=dict(metas[number]) if metas else {"order": float(number)},
        )  # fmt: skip
        label = None if outcome is None else Annotation(label="won" if outcome else "lost")
        items.append(DatasetItem(sample, label, split))
    header = DatasetHeader(kit="lead-scoring", split_rule="by time", seed=SEED)
    return build(header, items, blobs)


def as_lead(made: MadeLead, **more: Value) -> Lead:
    """What is known of a made-up lead when its score is asked for."""
    return Lead(made.id, {**made.fields, **more}, made.at)


@cache
def firm(n: int, seed: int = SEED) -> Dataset:
    """So many leads of the made-up firm, in time."""
    made = list(make_leads(seed, n))
    won = [one.outcome == "won" for one in made]
    return a_dataset([as_lead(one) for one in made], won, splits_in_time(n))


def trained(dataset: Dataset, config: Config, folder: Path) -> TrainOutcome:
    """One training."""
    folder.mkdir(parents=True, exist_ok=True)
    return train(TrainTask(dataset, config, Costs(), folder, SEED, device="cpu"))


@cache
def outcome_of(n: int, approach: str = "mean") -> tuple[TrainOutcome, ReadyBundle, bytes]:
    """What training on the made-up firm tells, its bundle ready, and its bytes."""
    config = Config.model_validate({"approach": approach, "trees": 40, "learning_rate": 0.2})
    return bundle_of(firm(n), config)


def bundle_of(dataset: Dataset, config: Config) -> tuple[TrainOutcome, ReadyBundle, bytes]:
    """One training: what it tells, its bundle ready, and its bytes."""
    kit = get_kit("lead-scoring")
    with tempfile.TemporaryDirectory() as folder:
        told = trained(dataset, config, Path(folder))
        exported = export(Path(folder), dataset, config)
    manifest = BundleManifest(
        kit="lead-scoring", name="leads", project="leads", version=1, created_at=utc_now(),
        media_types=("application/json",), labels=exported.labels, artefacts=(),
        config=dict(exported.config), dataset=dataset.id, seed=SEED, run="run",
    )  # fmt: skip
    point = OperatingPoint(
        default=Band(act_at=HOT, review_from=WARM), action="write", method="a test's", dataset=dataset.id, seed=SEED
    )  # fmt: skip
    models = bundling.fp32_models(exported)
    bundle = bundling.in_memory(manifest, point, models, exported.files)
    ready = ReadyBundle(bundle, load(bundle, cpu_session))
    golden = choose_golden(ready, exported.golden or ())
    content = bundling.pack_bundle(
        kit, manifest, point, models, golden, counts=dataset.counts(), extra=exported.files
    )
    return told, ready, content


def runtime_of(n: int, approach: str = "mean") -> LeadRuntime:
    """The runtime of that bundle."""
    runtime = outcome_of(n, approach)[1].runtime
    assert isinstance(runtime, LeadRuntime)
    return runtime


def as_dataset(found: Read) -> Dataset:
    """What was read as a version of a dataset, split in time."""
    blobs, items = MemoryBlobStore(), []
    for raw, split in zip(found.samples, splits_in_time(len(found.samples))):
        sample = Sample(
            sample_id_for(raw.content, raw.source), raw.media_type, blobs.put(raw.content), len(raw.content),
            utc_now(), raw.source, meta={**raw.meta, "order": raw.order},
        )  # fmt: skip
        assert isinstance(raw.annotation, Annotation)
        items.append(DatasetItem(sample, raw.annotation, split))
    return build(DatasetHeader(kit="lead-scoring", split_rule="by time", seed=7), items, blobs)
