"""A detector and defects that are small in large pictures: the whole picture at its size, or pieces of it (`model.detector.tiles`).

`python -m benchmarks.picture_small_boxes [--ways 320:1x1,320:3x4] [--surface brushed] [--width 1600] [--minutes 6] [--seed 0]`. A way is
IMAGE_SIZE:TILES; each has the same minutes of training from scratch, and the same pictures: made-up ones (`pictures/surfaces.py`)
with three pits or scratches of 12 or 20 pixels each. Judged through the device's runtime.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machines_run import header, table
from benchmarks.picture_small_defects import stored
from benchmarks.pictures.surfaces import shoot
from kits.core import dataset as versions
from kits.core.blobs import FolderBlobStore
from kits.core.dataset import Dataset, DatasetHeader, Split
from kits.core.kit import EvaluateTask, TrainTask
from kits.core.operating_point import Costs
from kits.core.runtime import OnnxSession
from kits.visual_inspection import evaluate, export, train
from kits.visual_inspection.config import Config
from kits.visual_inspection.runtime import DetectorRuntime, DetectorSpec

COUNTS: dict[Split, tuple[int, int]] = {"train": (100, 20), "val": (20, 20), "test": (40, 40)}
"""Defective and good pictures."""
_KINDS, _SIZES, _EACH = ("pit", "scratch"), (12, 20), 3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--ways", default="320:1x1,320:3x4")
    parser.add_argument("--surface", default="brushed")
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--contrast", type=float, default=6.0, help="over the surface's noise")
    parser.add_argument("--minutes", type=float, default=6.0, help="of training, each way")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        data = _pictures(Path(folder), options)
        rows = [
            _row(way, data, Path(folder) / f"run{n}", options)
            for n, way in enumerate(options.ways.split(","))
        ]
    print(header(f"{options.surface}, {options.width} px, {options.minutes:g} minutes each"))
    columns = ("size:tiles", "mAP50", "mAP50-95", "image AUROC", "escapes", "overkill", "ms", "s")
    print(table(columns, rows))


def _pictures(folder: Path, options: argparse.Namespace) -> Dataset:
    store, rng = FolderBlobStore(folder / "blobs"), np.random.default_rng(options.seed)
    items = []
    for split, (defective, good) in COUNTS.items():
        for n in range(defective + good):
            kind, size = _KINDS[n % 2] if n < defective else "", _SIZES[n // 2 % 2]
            shot = shoot(
                options.surface, options.width, rng,
                defect=kind, size=size, contrast=options.contrast, count=_EACH,
            )  # fmt: skip
            items.append(stored(store, shot, ".jpg", split, f"{split}-{n}", size))
    made = DatasetHeader(kit="visual-inspection", split_rule="given", seed=options.seed)
    return versions.build(made, items, store)


def _row(way: str, data: Dataset, run: Path, options: argparse.Namespace) -> list[str]:
    size, _, tiles = way.partition(":")
    settings = {
        "image_size": int(size),
        "tiles": [int(n) for n in tiles.split("x")],
        "time_limit_minutes": options.minutes,
    }
    config = Config.model_validate({"approach": "detector", "detector": settings})
    run.mkdir()
    began = time.monotonic()
    train.train(TrainTask(data, config, Costs(), run, options.seed, device="cpu"))
    spent = time.monotonic() - began
    exported = export.export(run, data, config)
    spec = DetectorSpec.model_validate(exported.config)
    runtime = DetectorRuntime(spec, OnnxSession(exported.models["model"], threads=2))
    task = EvaluateTask(runtime, None, data, data.of("val"), Costs(), options.seed)
    point = evaluate.choose_operating_point(task, config)
    task = EvaluateTask(runtime, point, data, data.of("test"), Costs(), options.seed)
    found = evaluate.evaluate(task).metrics
    pictures = [runtime.decode(data.content(item), "image/jpeg") for item in data.of("test")[:20]]
    latency = statistics.median(runtime.predict_timed(one)[1].total_ms for one in pictures)
    names = ("map50", "map50_95", "image_auroc", "escape_rate", "overkill_rate")
    return [way, *(found[name].text() for name in names), f"{latency:.0f}", f"{spent:.0f}"]


if __name__ == "__main__":
    main()
