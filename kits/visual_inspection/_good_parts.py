"""Trains the good-parts model: embed, choose the bank, calibrate, let labelled defects in.

A matter of seconds. Writes `backbone.onnx`, `bank.npz` and `good_parts.json` into the run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError
from kits.core.files import write_atomically
from kits.core.kit import Progress, TrainOutcome, TrainTask
from kits.core.runtime import OnnxSession, Session
from kits.core.stats import Estimate, auroc, bootstrap
from kits.visual_inspection import _bank, _fusion, _images, _places
from kits.visual_inspection._approach import is_defect, is_good, kept_together
from kits.visual_inspection._backbone import load_backbone
from kits.visual_inspection._scale import Scale, narrow_defect, scale_of
from kits.visual_inspection.config import GoodPartsConfig
from kits.visual_inspection.runtime import GoodPartsSpec, assemble, cut, tile_scores

_REGION_QUANTILE = 0.9
_FAR, _ENOUGH, _NAMED = 6.0, 20, 10
_KEPT_BYTES = 1 << 30
"""Features of good parts that are kept in memory: 1,700 pictures of one tile, 190 of nine."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Embedded:
    """Features of one picture: (tiles, patches, features), the number of its group, and the picture itself where it is a good part."""

    features: Floats
    owner: int
    item: DatasetItem | None = None


def train_good_parts(task: TrainTask, config: GoodPartsConfig) -> TrainOutcome:
    """Learns from the training split.

    Raises:
        MachineError: no backbone weights on this machine.
    """
    train = task.dataset.of("train")
    good = [item for item in train if is_good(item)]
    defects = [item for item in train if is_defect(item)]
    backbone, licence = load_backbone(config.weights, config.image_size)
    (task.out_dir / "backbone.onnx").write_bytes(backbone)
    first = _images.decode(task.dataset.content(good[0]))
    height, width = first.shape[:2]
    scale = scale_of(config, height, width, narrow_defect(task.dataset))
    rows, columns = scale.rows, scale.columns
    embedder = _Embedder(OnnxSession(backbone), task.dataset, config.image_size, rows, columns)
    task.progress.begin("embedding pictures", len(good) + len(defects))
    bank, known = _fill_bank(embedder, good, config, task)
    spec, judged = _calibrate(bank, known, config, rows, columns)
    scores = np.array([one.scores.max() for one in judged])
    notes = [f"bank of {len(bank.patches)} patches from {len(good)} good parts"]
    notes += [_seen(scale, embedder, first), *_doubtful(known, scores)]
    if len(known) < len(good):
        notes.append(
            f"the unit of scores is measured on {len(known)} of them, drawn at random, to spare memory"
        )
    figures = {"good_parts": float(len(good)), "defects": float(len(defects))}
    if len(defects) >= config.min_defects:
        fused = _fuse(task, embedder, bank, spec, judged, defects)
        spec = spec.model_copy(update={"head": fused.head}) if fused.better else spec
        figures |= {"cv_auroc_fused": fused.auroc, "cv_auroc_bank": fused.bank_auroc}
        notes.append(_verdict(fused, len(defects)))
    elif defects:
        notes.append(
            f"{len(defects)} labelled defects are fewer than {config.min_defects}: they test the "
            "model but do not change its score"
        )
    task.progress.end()
    np.savez(task.out_dir / "bank.npz", **vars(bank))
    write_atomically(task.out_dir / "good_parts.json", spec.model_dump_json().encode())
    return TrainOutcome(figures, _baseline(task, good), (licence,), tuple(notes))


@dataclass(frozen=True)
class _Embedder:
    session: Session
    dataset: Dataset
    side: int
    rows: int
    columns: int

    def image(self, item: DatasetItem) -> _images.Image:
        return _images.decode(self.dataset.content(item), where=item.sample.source)

    def __call__(self, image: _images.Image) -> Floats:
        """(tiles, patches, features) of one picture."""
        found = []
        for tile in _images.tiles_of(image, self.rows, self.columns, self.side):
            feeds = {"picture": _images.blob(tile, 1 / 128, 127.0)}
            features = np.asarray(self.session.run(feeds)[0], dtype=np.float32)[0]
            found.append(features.reshape(features.shape[0], -1).T)
        return np.stack(found)


def _seen(scale: Scale, embedder: _Embedder, picture: _images.Image) -> str:
    """What of a picture the model sees, and what that costs."""
    spent = []
    for _ in range(3):
        began = time.perf_counter()
        embedder(picture)
        spent.append(time.perf_counter() - began)
    return f"{scale.text()}; about {1000 * min(spent):.0f} ms a picture on this machine"


def _fill_bank(
    embedder: _Embedder, good: Sequence[DatasetItem], config: GoodPartsConfig, task: TrainTask
) -> tuple[_bank.Bank, list[Embedded]]:
    """The bank, and the features of the good parts as they are (not their altered copies); of many parts, of some."""
    rng = np.random.default_rng(task.seed)
    turns = np.random.default_rng(task.seed).permutation(len(good))
    together = kept_together(task.dataset)
    numbers: dict[str, int] = {}
    known: list[Embedded] = []
    patches: list[Floats] = []
    owners: list[NDArray[np.intp]] = []
    share = config.max_patches // max(len(good) * (2 if config.augment else 1), 1)
    for turn, item in zip(turns, good):
        owner = numbers.setdefault(together(item), len(numbers))
        image = embedder.image(item)
        variants = [image, _altered(image, rng)] if config.augment else [image]
        for variant in variants:
            features = embedder(variant)
            if variant is image and turn < _KEPT_BYTES // features.nbytes:
                known.append(Embedded(features, owner, item))
            flat = features.reshape(-1, features.shape[-1])
            drawn = rng.permutation(len(flat))[: max(share, 16)]
            patches.append(flat[drawn])
            owners.append(np.full(len(drawn), owner, dtype=np.intp))
        task.progress.advance()
    bank = _bank.choose(
        np.concatenate(patches),
        np.concatenate(owners),
        config.bank_size,
        config.max_patches,
        task.seed,
    )
    return bank, known


def _altered(image: _images.Image, rng: np.random.Generator) -> _images.Image:
    """As a slightly different lamp and fixture would show it: ±4 % light, ±1 pixel, ±1 degree."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-1, 1)), 1.0)
    turn[:, 2] += rng.uniform(-1, 1, 2)
    moved = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(cv2.convertScaleAbs(moved, alpha=float(rng.uniform(0.96, 1.04))), np.uint8)


@dataclass(frozen=True)
class _Judged:
    """A picture by the bank without its own patches: distances per patch as the graph gives them, and scores of its tiles in units."""

    one: Embedded
    maps: Floats
    scores: NDArray[np.float64]


def _calibrate(
    bank: _bank.Bank, known: list[Embedded], config: GoodPartsConfig, rows: int, columns: int
) -> tuple[GoodPartsSpec, list[_Judged]]:
    """What is usual at each place, and units, from good parts; each judged without its own patches."""
    raw = [_map(bank, one, without=True) for one in known]
    whole = np.stack([assemble(maps, rows, columns) for maps in raw])
    places, adjusted = _places.of_good_parts(whole, [one.owner for one in known])
    scores = [tile_scores(cut(one, rows, columns), config.top_k) for one in adjusted]
    unit = float(np.median([one.max() for one in scores])) or 1.0
    level = float(np.quantile([one.max() for one in adjusted], _REGION_QUANTILE))
    spec = GoodPartsSpec(
        side=config.image_size,
        rows=rows,
        columns=columns,
        top_k=config.top_k,
        unit=unit,
        region_level=level or 1.0,
        places=places,
    )
    return spec, [_Judged(one, maps, tiles / unit) for one, maps, tiles in zip(known, raw, scores)]


def _doubtful(known: Sequence[Embedded], scores: NDArray[np.float64]) -> list[str]:
    """Good parts of training that look unlike the others: where some are defects, thresholds let such defects pass."""
    centre = float(np.median(scores))
    spread = 1.4826 * float(np.median(np.abs(scores - centre)))
    far = [n for n in np.argsort(-scores) if scores[n] > centre + _FAR * spread]
    names = [one.item.sample.source for n in far if (one := known[n]).item is not None]
    if not names or len(scores) < _ENOUGH:
        return []
    return [
        f"{len(names)} of {len(scores)} good training parts look unlike the others; a defect among good parts raises the threshold, so "
        f"look at them: {', '.join(names[:_NAMED])}{' …' if len(names) > _NAMED else ''}"
    ]


def _map(bank: _bank.Bank, one: Embedded, *, without: bool) -> Floats:
    side = math.isqrt(one.features.shape[1])
    owner = one.owner if without else -1
    return np.stack([bank.distances(tile, owner).reshape(side, side) for tile in one.features])


def _fuse(
    task: TrainTask,
    embedder: _Embedder,
    bank: _bank.Bank,
    spec: GoodPartsSpec,
    known: Sequence[_Judged],
    defects: Sequence[DatasetItem],
) -> _fusion.Fusion:
    pooled: list[NDArray[np.float64]] = []
    scores: list[float] = []
    for judged in (*known, *_defective(embedder, bank, spec, defects, task.progress)):
        worst = int(judged.scores.argmax())
        apart = judged.maps[worst].ravel()
        vector = _bank.pool(judged.one.features[worst], apart, bank.centre, spec.unit)
        pooled.append(vector.astype(np.float64))
        scores.append(float(judged.scores.max()))
    truth = np.arange(len(pooled)) >= len(known)
    items = [judged.one.item for judged in known if judged.one.item is not None]
    groups = [*map(kept_together(task.dataset), (*items, *defects))]
    return _fusion.fit(np.stack(pooled), np.array(scores), truth, groups, task.costs, task.seed)


def _defective(
    embedder: _Embedder,
    bank: _bank.Bank,
    spec: GoodPartsSpec,
    items: Sequence[DatasetItem],
    progress: Progress,
) -> Iterator[_Judged]:
    for item in items:
        one = Embedded(embedder(embedder.image(item)), -1)
        maps = _map(bank, one, without=False)
        yield _Judged(one, maps, tile_scores(spec.distances(maps), spec.top_k) / spec.unit)
        progress.advance()


def _verdict(fused: _fusion.Fusion, defects: int) -> str:
    figures = (
        f"cross-validated AUROC {fused.auroc:.3f} against {fused.bank_auroc:.3f}, expected cost "
        f"per part {fused.cost:.3f} against {fused.bank_cost:.3f} of the bank alone"
    )
    if fused.better:
        return f"{defects} labelled defects take part in the score: {figures}"
    return f"{defects} labelled defects did not improve the score, the bank decides: {figures}"


def _baseline(task: TrainTask, good: Sequence[DatasetItem]) -> dict[str, Estimate]:
    """Image AUROC on val of a mean picture of good parts: largest difference on 32×32 pixels."""
    items = [i for i in task.dataset.of("val") if is_good(i) or is_defect(i)]
    truth = np.array([is_defect(i) for i in items], dtype=bool)
    if not truth.any() or truth.all():
        return {}
    mean = np.mean([_small(task.dataset, item) for item in good[:200]], axis=0)
    scores = np.array([np.abs(_small(task.dataset, i) - mean).max() for i in items])
    groups = [i.sample.group or i.sample.id for i in items]
    found = bootstrap(lambda rows: auroc(scores[rows], truth[rows]), groups, seed=task.seed)
    return {"image_auroc": found}


def _small(dataset: Dataset, item: DatasetItem) -> NDArray[np.float64]:
    gray = cv2.cvtColor(_images.decode(dataset.content(item)), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA), np.float64)


def load_bank(run_dir: Path) -> _bank.Bank:
    """The bank a training left. Raises DataError when it is not there."""
    try:
        with np.load(run_dir / "bank.npz", allow_pickle=False) as stored:
            centre = stored["centre"]
            # a run of before distances were whitened has no matrix for it
            plain = np.eye(len(centre), dtype=np.float32)
            whiten = stored.get("whiten", plain)
            return _bank.Bank(stored["patches"], stored["owner"], centre, whiten)
    except (OSError, KeyError, ValueError) as error:
        raise DataError("the run has no patch bank", where=str(run_dir), fix="kit train") from error
