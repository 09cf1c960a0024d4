"""Small projects learned from simulated machines, for tests that need a real bundle. Truth is known, figures mean nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetHeader, DatasetItem, Split, build, save
from kits.core.prediction import Quantity, Span
from kits.core.sample import Sample, digest_of, sample_id_for, utc_now
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from kits.predictive_maintenance._learning import network
from kits.predictive_maintenance._simulated.machines import MONDAY
from kits.toolchain.project import Project

KIT_YAML = """\
kit: predictive-maintenance
name: {name}
problem: A pump stops without notice.
costs: {{escape: 5000, overkill: 150, review: 5, prevalence: 0.01}}
model: {model}
"""
UNITS: Mapping[str, str] = {"flow": "l/min", "pressure": "bar", "current": "A", "speed": "rpm"}


def readings(
    rng: np.random.Generator,
    n: int,
    *,
    opening: float = 1.0,
    worn: float = 0.0,
    speed: float = 1.0,
) -> dict[str, NDArray[np.float64]]:
    """Readings that hang together: a wider valve gives more flow, less pressure, more current.

    Args:
        worn: a leak, in shares of flow and pressure that are lost; the current stays.
        speed: of the shaft, a share of the rated one.
    """
    demand = opening + 0.03 * np.cumsum(rng.normal(0, 0.05, n)).clip(-1, 1)
    noise = rng.normal(0, 1, (4, n))
    return {
        "flow": 400 * speed * demand * (1 - worn) + 2 * noise[0],
        "pressure": 4 * speed**2 * (1.5 - 0.5 * demand) * (1 - worn) + 0.02 * noise[1],
        "current": 9 * speed**2 * (0.6 + 0.4 * demand) + 0.05 * noise[2],
        "speed": 2_900 * speed + 2 * noise[3],
    }


def window(
    seed: int,
    n: int,
    *,
    asset: str = "pump-1",
    opening: float = 1.0,
    worn: float = 0.0,
    speed: float = 1.0,
    rate_hz: float = 1.0,
) -> Window:
    """A stretch of one pump."""
    rng = np.random.default_rng(seed)
    told = readings(rng, n, opening=opening, worn=worn, speed=speed)
    channels = tuple(
        Channel(name, UNITS[name], values.astype(np.float32)) for name, values in told.items()
    )
    return Window(channels, rate_hz, MONDAY + timedelta(hours=seed), {"asset": asset})


def joined(*parts: Window) -> Window:
    """Stretches one after the other, as one recording that begins with the first."""
    columns = zip(*(part.channels for part in parts))
    channels = tuple(
        replace(same[0], readings=np.concatenate([c.readings for c in same])) for same in columns
    )
    return replace(parts[0], channels=channels)


def project_with(
    folder: Path, items: Sequence[tuple[Window, Annotation, Split]], model: str, name: str = "pumps"
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


Item = tuple[Window, Annotation, Split]


def normal_running(rate_hz: float = 1.0) -> list[Item]:
    """Nothing but normal running at full and at half speed, in all three splits."""
    plan: list[tuple[Split, tuple[int, ...]]] = [
        ("train", (0, 1, 2)), ("val", (10, 11)), ("test", (20,)),
    ]  # fmt: skip
    return [
        (
            joined(
                *(
                    window(100 * seed + part, 600, speed=speed, rate_hz=rate_hz)
                    for part, speed in enumerate((1.0, 0.5, 1.0))
                )
            ),
            Annotation("normal"),
            split,
        )
        for split, seeds in plan
        for seed in seeds
    ]


def pump_project(folder: Path) -> Project:
    """Normal running to learn from, and a leak to judge by."""
    leak = joined(window(90, 600), window(91, 600, worn=0.1))
    marked = Annotation("leak", spans=(Span(600, 1_200, "leak", ""),))
    return project_with(
        folder, [*normal_running(), (leak, marked, "test")], "{approach: condition}"
    )


def engine_project(folder: Path) -> Project:
    """Lives that end in failure: 12 units whose temperature climbs, for trees of remaining life."""
    items: list[Item] = []
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


SWING_CAP = 60.0
QUICK_STEPS = 300
"""Half of what a small fleet gets: enough for a network to win by far where the shape tells the life."""


@contextmanager
def short_trainings(steps: int = QUICK_STEPS) -> Iterator[None]:
    """Networks of small fleets train for fewer steps: their figures are a little worse, and all else is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "_LEAST_STEPS", steps)
        yield


def faster_swing(rng: np.random.Generator, left: NDArray[np.float64]) -> NDArray[np.float64]:
    """A swing that grows faster, not wider: level, spread and extremes of a window tell little of it.

    Args:
        left: life, of which the last 60 readings are told.
    """
    wear = 1 - np.minimum(left, SWING_CAP) / SWING_CAP
    turns = 1 / 16 + (1 / 5 - 1 / 16) * wear
    swing = np.sin(rng.uniform(0, 2 * np.pi) + np.cumsum(2 * np.pi * turns))
    return np.asarray(swing + rng.normal(0, 0.05, left.size))


def swing_project(folder: Path) -> Project:
    """Lives that a network tells better than trees: 26 units whose current swings ever faster."""
    rng, items = np.random.default_rng(4), list[Item]()
    for unit in range(26):
        left = np.arange(int(rng.integers(70, 130)) - 1, -1, -1.0)
        channels = (
            Channel("current", "A", faster_swing(rng, left).astype(np.float32)),
            Channel("noise", "", rng.normal(0, 1, left.size).astype(np.float32)),
        )
        recorded = Window(channels, 0.0, None, {"asset": f"drive-{unit}"})
        ended = Annotation("worn", quantities=(Quantity("remaining_life", 0.0, "cycles"),))
        split: Split = "train" if unit < 20 else "val" if unit < 23 else "test"
        items.append((recorded, ended, split))
    model = "{approach: remaining-life, life: {trees: 20, depth: 3, window: 12, cap: 60}}"
    return project_with(folder, items, model, name="drives")
