"""Small projects learned from simulated machines, for tests that need a real bundle. Truth is known, figures mean nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetHeader, DatasetItem, Split, build, save
from kits.core.prediction import Quantity, Span
from kits.core.sample import Sample, digest_of, sample_id_for, utc_now
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from kits.predictive_maintenance._simulated.machines import MONDAY
from kits.toolchain.project import Project

KIT_YAML = """\
kit: predictive-maintenance
name: {name}
problem: A pump stops without notice.
costs: {{escape: 5000, overkill: 150, review: 5, prevalence: 0.01}}
model: {model}
"""
LEVELS: Mapping[str, tuple[str, float, float]] = {
    "flow": ("l/min", 400.0, 4.0),
    "pressure": ("bar", 4.0, 0.04),
    "current": ("A", 9.0, 0.09),
}
"""Channel → unit, level, spread: what one pump gives when it runs as usual."""


def readings(
    rng: np.random.Generator, n: int, *, opening: float = 1.0, worn: float = 0.0
) -> dict[str, np.ndarray]:
    """Readings that hang together: a wider valve gives more flow, less pressure, more current.

    Args:
        worn: a leak, in shares of the flow that is lost; the pressure falls and the current does not.
    """
    demand = opening + 0.03 * np.cumsum(rng.normal(0, 0.05, n)).clip(-1, 1)
    noise = rng.normal(0, 1, (3, n))
    return {
        "flow": 400 * demand * (1 - worn) + 2 * noise[0],
        "pressure": 4 * (1.5 - 0.5 * demand) * (1 - worn) + 0.02 * noise[1],
        "current": 9 * (0.6 + 0.4 * demand) + 0.05 * noise[2],
    }


def window(
    seed: int, n: int, *, asset: str = "pump-1", opening: float = 1.0, worn: float = 0.0
) -> Window:
    """A stretch of one pump at 1 Hz."""
    rng = np.random.default_rng(seed)
    told = readings(rng, n, opening=opening, worn=worn)
    channels = tuple(
        Channel(name, LEVELS[name][0], values.astype(np.float32)) for name, values in told.items()
    )
    return Window(channels, 1.0, MONDAY + timedelta(hours=seed), {"asset": asset})


def project_with(
    folder: Path, items: list[tuple[Window, Annotation, Split]], model: str, name: str = "pumps"
) -> Project:
    """A project whose dataset version holds these windows."""
    folder.mkdir(parents=True)
    (folder / "kit.yaml").write_text(KIT_YAML.format(name=name, model=model))
    project = Project.open(folder)
    made = []
    for number, (recorded, annotation, split) in enumerate(items):
        content = encode_window(recorded)
        project.blobs.put(content)
        asset = str(recorded.attributes["asset"])
        sample = Sample(
            id=sample_id_for(content, f"{number}.cbor"),
            media_type=MEDIA_TYPE,
            digest=digest_of(content),
            size=len(content),
            source=f"{number}.cbor",
            group=f"{asset}/{number}",
            captured_at=recorded.started_at or utc_now(),
            meta={"asset": asset},
        )
        made.append(DatasetItem(sample, annotation, split))
    header = DatasetHeader(kit=project.kit.name, split_rule="as made", seed=0)
    dataset = build(header, made, project.blobs)
    save(dataset, project.datasets_dir)
    project.use_dataset(dataset.id)
    return project


def pump_project(folder: Path, **changes: str) -> Project:
    """Normal running to learn from, and a day with a leak to judge by."""
    normal = Annotation("normal")
    leak = replace(window(90, 1_200), channels=window(90, 1_200).channels)
    broken = window(91, 600, worn=0.1)
    joined = tuple(
        replace(a, readings=np.concatenate([a.readings[:600], b.readings]))
        for a, b in zip(leak.channels, broken.channels)
    )
    leak = replace(leak, channels=joined)
    marked = Annotation("leak", spans=(Span(600, 1_200, "leak", ""),))
    items: list[tuple[Window, Annotation, Split]] = [
        *((window(seed, 1_800), normal, "train") for seed in range(3)),
        *((window(seed, 1_200), normal, "val") for seed in (10, 11)),
        (window(20, 1_200), normal, "test"),
        (leak, marked, "test"),
    ]
    settings = ", ".join(f"{key}: {value}" for key, value in {"approach": "condition", **changes}.items())
    return project_with(folder, items, f"{{{settings}}}")


def engine_project(folder: Path) -> Project:
    """Lives that end in failure: 12 units whose temperature climbs, for trees of remaining life."""
    items: list[tuple[Window, Annotation, Split]] = []
    for unit in range(12):
        rng = np.random.default_rng(unit)
        life = int(rng.integers(60, 110))
        wear = np.linspace(0, 1, life) ** 2
        told = {"temperature": 80 + 20 * wear, "vibration": 1 + 3 * wear}
        channels = tuple(
            Channel(name, "", (values + rng.normal(0, 0.3, life)).astype(np.float32))
            for name, values in told.items()
        )
        recorded = Window(channels, 0.0, None, {"asset": f"engine-{unit}"})
        ended = Annotation("worn", quantities=(Quantity("remaining_life", 0.0, "cycles"),))
        split: Split = "train" if unit < 8 else "val" if unit < 10 else "test"
        items.append((recorded, ended, split))
    return project_with(
        folder, items, "{approach: remaining-life, life: {trees: 20, window: 10}}", name="engines"
    )
