"""`kit predict`: files and folders through the same runtime as on the device.

It predicts and decides, and can draw; it writes nothing into the project and learns nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from kits.core.annotation import Annotation
from kits.core.errors import DataError, UsageError
from kits.core.kit import Kit
from kits.core.operating_point import Decision
from kits.core.prediction import Prediction, prediction_to_json
from kits.core.ready import ReadyBundle

Picture = Callable[[bytes, Prediction | None, Annotation | None], bytes]
"""What a kit's `evaluate.py` may offer as `picture`: a PNG of a sample with what was found."""

_MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
    ".eml": "message/rfc822",
    ".json": "application/json",
    ".cbor": "application/vnd.kitwright.window+cbor",
}


@dataclass(frozen=True, slots=True)
class Predicted:
    """One input with what the bundle says of it; `error` instead when it cannot be read."""

    path: Path
    prediction: Prediction | None = None
    decision: Decision | None = None
    error: str = ""

    def as_json(self) -> dict[str, JsonValue]:
        """Its entry in the answer of `kit predict --json`."""
        if self.prediction is None or self.decision is None:
            return {"path": str(self.path), "error": self.error}
        return {
            "path": str(self.path),
            "verdict": self.decision.verdict,
            "reason": self.decision.reason,
            "score": self.prediction.score,
            "label": self.prediction.label,
            "prediction": prediction_to_json(self.prediction),
        }


def media_type_of(path: Path) -> str:
    """The media type by the file's ending; `application/octet-stream` for others."""
    return _MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")


def find_inputs(given: Sequence[Path]) -> list[Path]:
    """Files as given, and the readable kinds of files below folders, sorted.

    Raises:
        UsageError: a path does not exist.
    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            below = (p for p in path.rglob("*") if p.is_file())
            found += sorted(p for p in below if p.suffix.lower() in _MEDIA_TYPES)
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError("no such file or folder", where=str(path))
    return found


def predict_files(ready: ReadyBundle, paths: Iterable[Path]) -> Iterator[Predicted]:
    """One result per file, in order; a file that cannot be read is a result with an error."""
    for path in paths:
        try:
            content = path.read_bytes()
            prediction = ready.predict_bytes(content, media_type_of(path))
        except DataError as error:
            yield Predicted(path, error=error.what)
        except OSError as error:
            yield Predicted(path, error=error.strerror or str(error))
        else:
            yield Predicted(path, prediction, ready.decide(prediction))


def refuse_if_all_failed(results: Sequence[Predicted]) -> None:
    """Raises DataError when not one input could be read."""
    if results and all(result.error for result in results):
        raise DataError(
            f"none of {len(results)} files could be read: {results[0].error}",
            where=str(results[0].path),
            fix="give files of a kind that the kit reads, see kit list",
        )
    if not results:
        raise DataError("no readable kind of file there", fix="give files, or a folder with files")


def picture_of(kit: Kit) -> Picture | None:
    """The kit's drawing function, or None when it has none."""
    found: Picture | None = getattr(kit.evaluate, "picture", None)
    return found


def save_pictures(kit: Kit, results: Iterable[Predicted], folder: Path) -> int:
    """Writes `<stem>.<verdict>.png` per input and returns how many.

    Raises:
        UsageError: the kit cannot draw.
    """
    picture = picture_of(kit)
    if picture is None:
        raise UsageError(f"the kit {kit.name!r} draws no pictures", fix="leave --save out")
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for result in results:
        if result.prediction is None or result.decision is None:
            continue
        name = f"{result.path.stem}.{result.decision.verdict}.png"
        if name in taken:
            name = f"{result.path.parent.name}-{len(taken)}-{name}"
        taken.add(name)
        content = picture(result.path.read_bytes(), result.prediction, None)
        (folder / name).write_bytes(content)
    return len(taken)
