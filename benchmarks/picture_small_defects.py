"""How small a defect may be: made-up surfaces of several sizes, defects of a stated size and contrast, with tiles `auto` and by hand.

`python -m benchmarks.picture_small_defects [CASE …] [--contrast 6] [--seed 0] [--each 10] [--json FILE]`. A case is
SURFACE:WIDTH:SUFFIX:TILES[+defects],… as `cast:1600:jpg:auto,5x6,auto+defects`; without any, four of them, a quarter of an hour on two
idle cores. Surfaces, and what differs from part to part, stand in `benchmarks/pictures/surfaces.py`. Trained as `kit train` trains
and judged through the device's runtime at the threshold that `kit train` would choose. An escape is a defective part that passes.
`+defects`: the parts to learn from and to choose thresholds on have labelled defects of all sizes among them, with boxes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from benchmarks.machines_run import header, table
from benchmarks.pictures.surfaces import DEFECTS, Shot, shoot
from kits.core import dataset as versions
from kits.core.annotation import Annotation
from kits.core.blobs import FolderBlobStore
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split
from kits.core.kit import EvaluateTask, TrainTask
from kits.core.operating_point import Costs
from kits.core.prediction import Box
from kits.core.runtime import OnnxSession
from kits.core.sample import Sample, sample_id_for
from kits.core.stats import Estimate, auroc, auroc_estimate, proportion
from kits.visual_inspection import evaluate, export, train
from kits.visual_inspection.config import Config
from kits.visual_inspection.runtime import GoodPartsRuntime, GoodPartsSpec

CASES = (
    "brushed:640:png:auto,2x3",
    "cast:1600:jpg:auto,5x6,auto+defects",
    "board:1600:png:auto,5x6",
    "woven:4000:jpg:auto,3x3",
)
SIZES = (4, 8, 16, 32, 64)
GOOD: dict[Split, int] = {"train": 30, "val": 50, "test": 50}
LABELLED: dict[Split, int] = {"train": 30, "val": 15}
_TAKEN = datetime(2026, 11, 30, tzinfo=timezone.utc)
_MEDIA = {".jpg": "image/jpeg", ".png": "image/png"}


@dataclass(frozen=True)
class Judged:
    """One model's answers.

    Attributes:
        scores: of the good test parts under 0, of the defective ones under their size.
        verdicts: the same.
        dataset: its digest.
    """

    case: str
    tiles: str
    labelled: bool
    scores: dict[int, list[float]]
    verdicts: dict[int, list[str]]
    train_s: float
    latency_ms: float
    notes: tuple[str, ...]
    dataset: str

    def auroc(self, size: int) -> float:
        both = np.array(self.scores[0] + self.scores[size])
        return auroc(both, np.arange(len(both)) >= len(self.scores[0]))

    def auroc_of_all(self) -> Estimate:
        defects = [score for size in SIZES for score in self.scores[size]]
        both = np.array(self.scores[0] + defects)
        truth: NDArray[np.bool_] = np.arange(len(both)) >= len(self.scores[0])
        groups = [str(n) for n in range(len(both))]
        return auroc_estimate(both, truth, groups, seed=0, rounds=500)

    def escapes(self, sizes: Sequence[int]) -> Estimate:
        some = [verdict for size in sizes for verdict in self.verdicts[size]]
        return proportion(some.count("pass"), len(some))

    def overkill(self) -> Estimate:
        return proportion(self.verdicts[0].count("act"), len(self.verdicts[0]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("cases", nargs="*", default=CASES, metavar="CASE")
    parser.add_argument("--contrast", type=float, default=6.0, help="over the surface's noise")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=10, help="defective test parts of each size")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    judged = []
    print(header(f"small defects, contrast {options.contrast:g}, seed {options.seed}"))
    for case in options.cases:
        for one in _run(case, options.contrast, options.seed, options.each):
            judged.append(one)
            print(f"{one.case} {one.tiles}: {'; '.join(one.notes)}", flush=True)
            if options.json:
                options.json.write_text(json.dumps([_plain(each) for each in judged], indent=1))
    columns = (
        "parts",
        "tiles",
        *(f"AUROC {s} px" for s in SIZES),
        *(f"escapes {s}" for s in SIZES),
    )
    print("\n" + table(columns, [_by_size(one) for one in judged]))
    columns = ("parts", "tiles", "AUROC", "escapes", "overkill", "training s", "ms a picture")
    print(table(columns, [_whole(one) for one in judged]))


def _named(one: Judged) -> list[str]:
    return [one.case, one.tiles + (", labelled defects" if one.labelled else "")]


def _by_size(one: Judged) -> list[str]:
    escaped = [one.verdicts[size].count("pass") for size in SIZES]
    counts = [f"{n}/{len(one.verdicts[size])}" for n, size in zip(escaped, SIZES)]
    return [*_named(one), *(f"{one.auroc(size):.3f}" for size in SIZES), *counts]


def _whole(one: Judged) -> list[str]:
    figures = (one.auroc_of_all(), one.escapes(SIZES), one.overkill())
    texts = [figure.text() for figure in figures]
    return [*_named(one), *texts, f"{one.train_s:.0f}", f"{one.latency_ms:.0f}"]


def _plain(one: Judged) -> dict[str, JsonValue]:
    return {
        "case": one.case,
        "tiles": one.tiles,
        "labelled": one.labelled,
        "scores": {str(size): list(values) for size, values in one.scores.items()},
        "verdicts": {str(size): list(values) for size, values in one.verdicts.items()},
        "train_s": one.train_s,
        "latency_ms": one.latency_ms,
        "notes": list(one.notes),
        "dataset": one.dataset,
    }


def _run(case: str, contrast: float, seed: int, each: int) -> Iterator[Judged]:
    surface, width, suffix, ways = case.split(":")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        maker = _Maker(Path(folder), surface, int(width), f".{suffix}", contrast, seed)
        good, labelled = maker.parts(each), maker.labelled() if "+defects" in ways else []
        for number, way in enumerate(ways.split(",")):
            tiles, _, more = way.partition("+")
            data = maker.dataset([*good, *(labelled if more else [])])
            run = Path(folder) / f"run{number}"
            yield _judge(f"{surface} {width}", tiles, bool(more), data, run, seed)


@dataclass(frozen=True)
class _Maker:
    folder: Path
    surface: str
    width: int
    suffix: str
    contrast: float
    seed: int

    @property
    def store(self) -> FolderBlobStore:
        return FolderBlobStore(self.folder / "blobs")

    def parts(self, each: int) -> list[DatasetItem]:
        """Good parts of every split, and defective ones in test."""
        rng = np.random.default_rng(self.seed)
        items = [
            self._item(rng, split, f"{split}-{n}", "", 0)
            for split, count in GOOD.items()
            for n in range(count)
        ]
        for size in SIZES:
            for n in range(each):
                kind = DEFECTS[n % len(DEFECTS)]
                items.append(self._item(rng, "test", f"size{size}-{n}", kind, size))
        return items

    def labelled(self) -> list[DatasetItem]:
        """Defective parts to learn from, of all sizes and kinds in turn."""
        rng = np.random.default_rng(self.seed + 1)
        return [
            self._item(
                rng, split, f"{split}-defect{n}", DEFECTS[n % len(DEFECTS)], SIZES[n % len(SIZES)]
            )
            for split, count in LABELLED.items()
            for n in range(count)
        ]

    def _item(
        self, rng: np.random.Generator, split: Split, name: str, kind: str, size: int
    ) -> DatasetItem:
        shot = shoot(self.surface, self.width, rng, defect=kind, size=size, contrast=self.contrast)
        return stored(self.store, shot, self.suffix, split, name, size)

    def dataset(self, items: Sequence[DatasetItem]) -> Dataset:
        made = DatasetHeader(kit="visual-inspection", split_rule="given", seed=self.seed)
        return versions.build(made, items, self.store)


def stored(
    store: FolderBlobStore, shot: Shot, suffix: str, split: Split, name: str, size: int
) -> DatasetItem:
    """A picture as a project's sample, labelled; the size of its defects is noted beside its own."""
    content = shot.encoded(suffix)
    height, width = shot.image.shape[:2]
    sample = Sample(
        sample_id_for(content, name),
        _MEDIA[suffix],
        store.put(content),
        len(content),
        _TAKEN,
        source=name,
        meta={"width": width, "height": height, "size": size},
    )
    boxes = tuple(Box(*corners, shot.defect) for corners in shot.boxes)
    return DatasetItem(sample, Annotation(label=shot.defect or "good", boxes=boxes), split)


def _judge(case: str, tiles: str, labelled: bool, data: Dataset, run: Path, seed: int) -> Judged:
    grid: JsonValue = "auto" if tiles == "auto" else [int(n) for n in tiles.split("x")]
    config = Config.model_validate({"approach": "good-parts", "good_parts": {"tiles": grid}})
    run.mkdir()
    began = time.monotonic()
    outcome = train.train(TrainTask(data, config, Costs(), run, seed, device="cpu"))
    train_s = time.monotonic() - began
    exported = export.export(run, data, config)
    spec = GoodPartsSpec.model_validate(exported.config)
    runtime = GoodPartsRuntime(spec, OnnxSession(exported.models["model"], threads=2))
    task = EvaluateTask(runtime, None, data, data.of("val"), Costs(), seed)
    point = evaluate.choose_operating_point(task, config)
    scores: dict[int, list[float]] = {size: [] for size in (0, *SIZES)}
    verdicts: dict[int, list[str]] = {size: [] for size in (0, *SIZES)}
    spent = []
    for item in data.of("test"):
        prediction, times = runtime.predict_timed(
            runtime.decode(data.content(item), item.sample.media_type)
        )
        size = int(str(item.sample.meta["size"]))
        scores[size].append(prediction.score)
        verdicts[size].append(point.decide(prediction).verdict)
        spent.append(times.total_ms)
    shown = f"{spec.rows}×{spec.columns}" + (" (auto)" if tiles == "auto" else "")
    return Judged(
        case, shown, labelled, scores, verdicts, train_s, statistics.median(spent),
        outcome.notes, data.id,
    )  # fmt: skip


if __name__ == "__main__":
    main()
