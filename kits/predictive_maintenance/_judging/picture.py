"""A recording as a picture: its channels over time with marked stretches, and the spectrum of waveforms.

For reports and `kit predict --save`; the hub draws its own. It only draws.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kits.core.annotation import Annotation
from kits.core.prediction import Prediction
from kits.core.window import Channel, Window, decode_window

Canvas = NDArray[np.uint8]
_WIDTH, _PANEL, _LEFT, _MARGIN, _HEAD = 960, 130, 120, 14, 30
_PANELS = 6
_WAVEFORM_HZ = 1000.0
_INK, _FAINT, _LINE, _MARK = (60, 60, 60), (225, 225, 225), (170, 95, 20), (200, 205, 250)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def picture(content: bytes, prediction: Prediction | None, annotation: Annotation | None) -> bytes:
    """PNG of a sensor window; marked stretches are shaded.

    Raises:
        DataError: the bytes are no sensor window.
    """
    window = decode_window(content)
    shown = window.channels[:_PANELS]
    canvas = np.full((_HEAD + _PANEL * len(shown) + _MARGIN, _WIDTH, 3), 255, np.uint8)
    _text(canvas, _headline(window, prediction, annotation), (_MARGIN, 20), 0.5)
    spans = annotation.spans if annotation is not None else ()
    for number, channel in enumerate(shown):
        top = _HEAD + number * _PANEL
        heard = window.rate_of(channel) >= _WAVEFORM_HZ
        right = (_WIDTH + _LEFT) // 2 if heard else _WIDTH - _MARGIN
        marks = [(s.start / channel.readings.size, s.end / channel.readings.size) for s in spans]
        seconds = channel.readings.size / (window.rate_of(channel) or 1.0)
        label = f"{channel.name} [{channel.unit}]" if channel.unit else channel.name
        unit = "s" if window.rate_of(channel) else "readings"
        _panel(canvas, (_LEFT, top, right), channel.readings, marks, label, f"{seconds:.3g} {unit}")
        if heard:
            spectrum, highest = _spectrum(channel, window.rate_of(channel))
            place = (right + _LEFT // 2, top, _WIDTH - _MARGIN)
            _panel(canvas, place, spectrum, [], "", f"{highest:.0f} Hz")
    _, png = cv2.imencode(".png", canvas)
    return bytes(png)


def _headline(window: Window, prediction: Prediction | None, annotation: Annotation | None) -> str:
    parts = [str(window.attributes.get("asset", ""))]
    if prediction is not None:
        parts.append(f"model: {prediction.label or '-'} (score {prediction.score:.2f})")
        parts += [f"{q.name} {q.value:.0f} {q.unit}" for q in prediction.quantities[:1]]
    if annotation is not None and annotation.label:
        parts.append(f"stated: {annotation.label}")
    return "   ".join(part for part in parts if part)


def _spectrum(channel: Channel, rate_hz: float) -> tuple[NDArray[np.float64], float]:
    known = np.nan_to_num(channel.readings.astype(np.float64))
    power = np.abs(np.fft.rfft((known - known.mean()) * np.hanning(known.size))) ** 2
    return np.sqrt(power), rate_hz / 2


def _panel(
    canvas: Canvas,
    place: tuple[int, int, int],
    values: NDArray[np.floating],
    marks: list[tuple[float, float]],
    label: str,
    span: str,
) -> None:
    left, top, right = place
    upper, lower = top + 6, top + _PANEL - 22
    for start, end in marks:
        x0, x1 = (round(left + share * (right - left)) for share in (start, end))
        cv2.rectangle(canvas, (x0, upper), (max(x1, x0 + 1), lower), _MARK, -1)
    cv2.rectangle(canvas, (left, upper), (right, lower), _FAINT, 1)
    known = values[np.isfinite(values)]
    if known.size:
        low, high = float(known.min()), float(known.max())
        if label:
            _text(canvas, label[:16], (4, upper + 12))
            _text(canvas, f"{high:.4g}", (4, upper + 34))
            _text(canvas, f"{low:.4g}", (4, lower))
        _course(canvas, (left, upper, right, lower), values, low, high)
    _text(canvas, span, (right - 62, lower + 14))


def _course(
    canvas: Canvas,
    box: tuple[int, int, int, int],
    values: NDArray[np.floating],
    low: float,
    high: float,
) -> None:
    """Highest and lowest reading of each column of pixels: no peak is lost by drawing."""
    left, upper, right, lower = box
    columns = right - left
    edges = np.linspace(0, values.size, columns + 1).astype(int)
    scale = (lower - upper) / ((high - low) or 1.0)
    before: tuple[int, int] | None = None
    for column in range(columns):
        piece = values[edges[column] : max(edges[column + 1], edges[column] + 1)]
        piece = piece[np.isfinite(piece)]
        if not piece.size:
            before = None
            continue
        x = left + column
        y0, y1 = (round(lower - (float(v) - low) * scale) for v in (piece.min(), piece.max()))
        if before is not None:
            cv2.line(canvas, before, (x, y0), _LINE, 1, cv2.LINE_AA)
        cv2.line(canvas, (x, y0), (x, y1), _LINE, 1)
        before = (x, y1)


def _text(canvas: Canvas, text: str, at: tuple[int, int], size: float = 0.38) -> None:
    plain = text.replace("²", "^2").replace("°", "deg ").encode("ascii", "replace").decode()
    cv2.putText(canvas, plain, at, _FONT, size, _INK, 1, cv2.LINE_AA)
