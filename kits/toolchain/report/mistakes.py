"""The worst wrong verdicts of a run, with small pictures of what was seen."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from kits.core.dataset import Dataset
from kits.core.kit import ItemResult
from kits.core.prediction import prediction_from_json
from kits.toolchain.pairing import is_positive
from kits.toolchain.predict import picture_of
from kits.toolchain.report.facts import Facts

_PICTURES = 8
_PICTURE_PIXELS = 420


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong verdict as the report shows it; `dear`: no mere false act; `picture` is a data URI or empty."""

    kind: str
    truth: str
    verdict: str
    score: float
    cost: float
    source: str
    picture: str
    dear: bool


def worst_mistakes(facts: Facts) -> list[Mistake]:
    """Up to eight, the dearest first."""
    return [
        Mistake(
            kind=_kind(facts, result),
            truth=result.truth or "(none)",
            verdict=facts.project.kit.manifest.words.verdict(result.verdict),
            dear=facts.by_hand or is_positive(result.truth),
            score=result.score,
            cost=result.cost,
            source=_source(facts.dataset, result),
            picture=_picture(facts, result),
        )
        for result in facts.wrong(_PICTURES)
    ]


def _kind(facts: Facts, result: ItemResult) -> str:
    if facts.by_hand:
        said = prediction_from_json(dict(result.prediction)).label if result.prediction else ""
        return f"taken for {said or 'none'}"
    words = facts.project.kit.manifest.words
    return words.mistake("escape" if is_positive(result.truth) else "overkill")


def _source(dataset: Dataset | None, result: ItemResult) -> str:
    items = dataset.items if dataset else ()
    found = (i.sample.source for i in items if i.sample.id == result.sample_id)
    return next(found, "") or result.sample_id


def _picture(facts: Facts, result: ItemResult) -> str:
    """A small JPEG of the sample with what was found, as a data URI; empty when there is none."""
    draw = picture_of(facts.project.kit)
    if draw is None or facts.dataset is None:
        return ""
    item = next((i for i in facts.dataset.items if i.sample.id == result.sample_id), None)
    if item is None:
        return ""
    prediction = prediction_from_json(dict(result.prediction)) if result.prediction else None
    png = draw(facts.dataset.content(item), prediction, item.annotation)
    return f"data:image/jpeg;base64,{base64.b64encode(_shrunk(png)).decode()}"


def _shrunk(png: bytes) -> bytes:
    """The picture as a JPEG whose longer side is at most 420 pixels."""
    import cv2
    import numpy as np

    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    scale = min(1.0, _PICTURE_PIXELS / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 82])
    content: bytes = jpeg.tobytes()
    return content
