"""A visual-inspection bundle at work: picture → model → prediction. The device runs this file.

numpy, cv2 and the session it is given; no trainer, no dataset. The decision is the operating
point's, not this file's.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from kits.core.bundle import Bundle
from kits.core.errors import BundleError, DataError
from kits.core.operating_point import OperatingPoint
from kits.core.prediction import Box, Prediction
from kits.core.runtime import Array, Payload, Runtime, Session, SessionFactory, StageTimes
from kits.visual_inspection import _boxes, _images
from kits.visual_inspection._head import Head
from kits.visual_inspection._pieces import Piece, merge, pieces_of
from kits.visual_inspection._places import Places

GOOD = "good"
ANOMALY = "anomaly"


class DetectorSpec(BaseModel):
    """What a detector's runtime needs to know; part of the bundle's `config`.

    Attributes:
        width, height: of the model's input, pixels.
        rows, columns: of overlapping pieces that the picture is seen in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    approach: str = "detector"
    width: int
    height: int
    labels: tuple[str, ...]
    confidence: float
    iou: float
    max_boxes: int
    rows: int = 1
    columns: int = 1


class GoodPartsSpec(BaseModel):
    """What a good-parts runtime needs to know; part of the bundle's `config`.

    Attributes:
        side: pixels of one square tile.
        rows, columns: tiles of a picture.
        mean, scale: pixel value − mean, times scale, is the model's input.
        top_k: worst patches of a tile that make its score.
        unit: distance of a usual good part; scores are multiples of it.
        region_level: distance above which a patch is shown as part of an anomaly.
        head: set when reviewed defects take part in the score.
        places: set when parts lie alike in their pictures.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    approach: str = "good-parts"
    side: int
    rows: int
    columns: int
    mean: float = 127.0
    scale: float = 1 / 128
    top_k: int
    unit: float
    region_level: float
    head: Head | None = None
    places: Places | None = None

    def distances(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps of the tiles (rows·columns, h, w), by how unusual a distance is at its place."""
        if self.places is None:
            return maps
        whole = self.places.adjust(assemble(maps, self.rows, self.columns))
        return cut(whole, self.rows, self.columns)


def load(bundle: Bundle, sessions: SessionFactory, target: str = "cpu") -> Runtime:
    """The runtime of a bundle.

    Raises:
        BundleError: its config is not one of this kit, or the model is missing or does not fit.
    """
    approach = bundle.manifest.config.get("approach")
    if approach == "detector":
        spec = _reporting(bundle.config_as(DetectorSpec), bundle.operating_point)
        return DetectorRuntime(spec, sessions(bundle.artefact("model", target)))
    if approach == "good-parts":
        parts = bundle.config_as(GoodPartsSpec)
        return GoodPartsRuntime(parts, sessions(bundle.artefact("model", target)))
    raise BundleError(
        f"the bundle is for an approach this kit does not know: {approach!r}",
        where=bundle.id[:12],
        fix="update kitwright",
    )


def _reporting(spec: DetectorSpec, point: OperatingPoint) -> DetectorSpec:
    """Boxes that no band would act on or review are not reported, so nobody accepts them unread."""
    lowest = min(band.review_from for band in (point.default, *point.per_label.values()))
    return spec.model_copy(update={"confidence": min(max(spec.confidence, lowest), 0.99)})


class _PictureRuntime(ABC):
    """Decoding, encoding and timing, the same for both approaches."""

    def decode(self, content: bytes, media_type: str) -> Payload:
        """Encoded picture → height × width × 3. The content decides, not `media_type`.

        Raises:
            DataError: not a picture, damaged or too large.
        """
        return _images.decode(content, where=media_type)

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        """A frame as JPEG (PNG when tiny); bytes stay as they are."""
        if isinstance(payload, bytes):
            return payload, _images.media_type_of(payload) or "application/octet-stream"
        return _images.encode(_picture(payload))

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        """One prediction per picture, in order. Raises DataError for what is no picture."""
        return [self.predict_timed(payload)[0] for payload in payloads]

    @abstractmethod
    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        """One prediction with the time of each stage."""


@dataclass(frozen=True)
class DetectorRuntime(_PictureRuntime):
    """A detector with a raw head: letterbox, model, suppression."""

    spec: DetectorSpec
    session: Session

    def __post_init__(self) -> None:
        _expect_input(self.session, (1, 3, self.spec.height, self.spec.width))

    def with_confidence(self, confidence: float) -> DetectorRuntime:
        """The same model reporting boxes from another confidence on, as mAP needs it."""
        return replace(
            self, spec=self.spec.model_copy(update={"confidence": confidence, "max_boxes": 300})
        )

    def feeds(self, payload: Payload) -> list[tuple[Mapping[str, Array], _Seen]]:
        """Model inputs for a picture, one per piece, and how to get back from each."""
        image = _picture(payload)
        spec, name = self.spec, self.session.inputs()[0].name
        found: list[tuple[Mapping[str, Array], _Seen]] = []
        for piece in pieces_of(image.shape[1], image.shape[0], spec.rows, spec.columns):
            part = image if spec.rows * spec.columns == 1 else piece.of(image)
            fit = _images.Letterbox.of(part.shape[1], part.shape[0], spec.width, spec.height)
            found.append(({name: _images.blob(fit.apply(part), 1 / 255)}, _Seen(piece, fit)))
        return found

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        """One prediction; its score is the best class score anywhere in the picture."""
        started = time.perf_counter()
        feeds = self.feeds(payload)
        prepared = time.perf_counter()
        raw = [_floats(self.session.run(feed)[0])[0] for feed, _ in feeds]
        inferred = time.perf_counter()
        prediction = self._read(raw, [seen for _, seen in feeds])
        return prediction, _times(started, prepared, inferred)

    def _read(self, raw: Sequence[NDArray[np.float32]], seen: Sequence[_Seen]) -> Prediction:
        if raw[0].shape[0] != 4 + len(self.spec.labels):
            raise BundleError(
                f"the model gives {raw[0].shape[0]} rows, not {4 + len(self.spec.labels)}"
            )
        boxes, scores, classes = self._boxes(raw, seen)
        found = tuple(
            _box(corners, self.spec.labels[int(k)], float(score))
            for corners, score, k in zip(boxes, scores, classes)
        )
        best = found[0].confidence if found else max(float(one[4:].max()) for one in raw)
        return Prediction(score=best, label=found[0].label if found else GOOD, boxes=found)

    def _boxes(
        self, raw: Sequence[NDArray[np.float32]], seen: Sequence[_Seen]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
        """Boxes in pixels of the picture, scores and classes, best first."""
        spec = self.spec
        decoded = [
            _boxes.decode_head(
                one, confidence=spec.confidence, iou=spec.iou, max_boxes=spec.max_boxes
            )
            for one in raw
        ]
        placed = [one.to_picture(boxes) for one, (boxes, _, _) in zip(seen, decoded)]
        boxes = np.concatenate(placed)
        scores, classes = (np.concatenate([one[n] for one in decoded]) for n in (1, 2))
        if len(seen) == 1:
            return boxes, scores, classes
        piece = np.repeat(np.arange(len(seen)), [len(one) for one in placed])
        kept = merge(boxes, scores, classes, piece, spec.max_boxes)
        return boxes[kept], scores[kept], classes[kept]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A piece of the picture within the model's square."""

    piece: Piece
    fit: _images.Letterbox

    def to_picture(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.piece.to_picture(self.fit.to_picture(boxes))


@dataclass(frozen=True)
class GoodPartsRuntime(_PictureRuntime):
    """Distance to good parts, per patch; the worst patches make the score."""

    spec: GoodPartsSpec
    session: Session

    def __post_init__(self) -> None:
        _expect_input(self.session, (1, 3, self.spec.side, self.spec.side))

    def feeds(self, payload: Payload) -> list[Mapping[str, Array]]:
        """Model inputs for a picture, one per tile."""
        spec = self.spec
        name = self.session.inputs()[0].name
        tiles = _images.tiles_of(_picture(payload), spec.rows, spec.columns, spec.side)
        return [{name: _images.blob(tile, spec.scale, spec.mean)} for tile in tiles]

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        """One prediction; score 1 is a usual good part, or a probability when defects took part."""
        started = time.perf_counter()
        image = _picture(payload)
        feeds = self.feeds(image)
        prepared = time.perf_counter()
        outputs = [self.session.run(feed) for feed in feeds]
        inferred = time.perf_counter()
        maps = np.stack([_floats(out[0])[0] for out in outputs])
        pooled = np.stack([_floats(out[1])[0] for out in outputs])
        prediction = self._read(maps, pooled, image.shape[1], image.shape[0])
        return prediction, _times(started, prepared, inferred)

    def _read(
        self, maps: NDArray[np.float32], pooled: NDArray[np.float32], width: int, height: int
    ) -> Prediction:
        spec = self.spec
        maps = spec.distances(maps)
        per_tile = tile_scores(maps, spec.top_k) / spec.unit
        score = bank = float(per_tile.max())
        details = {"bank": bank}
        if spec.head is not None:
            score = spec.head.score(combine_pooled(pooled, per_tile), bank)
        whole = assemble(maps, spec.rows, spec.columns)
        boxes, peaks = _boxes.regions(whole, spec.region_level, width=width, height=height)
        found = tuple(
            _box(corners, ANOMALY, 1 - math.exp(-float(peak) / spec.region_level))
            for corners, peak in zip(boxes, peaks)
        )
        return Prediction(
            score=score, label=ANOMALY if found else GOOD, boxes=found, details=dict(details)
        )


def tile_scores(maps: NDArray[np.float32], top_k: int) -> NDArray[np.float64]:
    """Mean of the `top_k` largest distances of each map (n, rows, columns) → (n,)."""
    flat = maps.reshape(len(maps), -1).astype(np.float64)
    count = min(top_k, flat.shape[1])
    return np.asarray(np.partition(flat, -count, axis=1)[:, -count:].mean(axis=1))


def combine_pooled(
    pooled: NDArray[np.float32], per_tile: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pooled features of all tiles (n, features) → of the picture: those of its worst tile."""
    return np.asarray(pooled[int(per_tile.argmax())], np.float64)


def assemble(maps: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Maps of the tiles (rows·columns, h, w), row by row → one map (rows·h, columns·w)."""
    _, height, width = maps.shape
    grid = maps.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(grid.reshape(rows * height, columns * width))


def cut(whole: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """One map → maps of its tiles, row by row: the other way round than `assemble`."""
    height, width = whole.shape[0] // rows, whole.shape[1] // columns
    grid = whole.reshape(rows, height, columns, width).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(grid.reshape(rows * columns, height, width))


def _picture(payload: Payload) -> _images.Image:
    if isinstance(payload, bytes):
        return _images.decode(payload)
    if isinstance(payload, np.ndarray):
        return _images.as_colour(payload)
    raise DataError("this kit takes pictures, not records", fix="send an image")


def _floats(output: Array) -> NDArray[np.float32]:
    # an FP16 engine may answer in half precision
    return cast("NDArray[np.float32]", np.asarray(output, dtype=np.float32))


def _box(corners: NDArray[np.float32], label: str, confidence: float) -> Box:
    x0, y0, x1, y1 = (float(v) for v in corners)
    return Box(x0, y0, x1, y1, label, confidence)


def _times(started: float, prepared: float, inferred: float) -> StageTimes:
    ended = time.perf_counter()
    return StageTimes(
        1e3 * (prepared - started), 1e3 * (inferred - prepared), 1e3 * (ended - inferred)
    )


def _expect_input(session: Session, shape: tuple[int, ...]) -> None:
    found = session.inputs()[0].shape
    if len(found) != len(shape) or any(f not in (None, s) for f, s in zip(found, shape)):
        raise BundleError(f"the model takes {found}, the bundle's config says {shape}")
