"""`kit predict`: files and folders through the same runtime as on the device.

What is no sample by itself, such as a table of readings, is made into samples by the kit's reader. It predicts
and decides, and can draw; it writes nothing into the project and learns nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from pydantic import BaseModel, JsonValue

from kits.core.annotation import Annotation
from kits.core.errors import DataError, UsageError
from kits.core.kit import Kit, RawSample
from kits.core.kit_modules import MakesSamples, StaysOpen, TellsTables
from kits.core.operating_point import Decision
from kits.core.prediction import Prediction, prediction_to_json
from kits.core.ready import ReadyBundle
from kits.core.sample import utc_now
from kits.toolchain.drafting import Records, with_draft
from kits.toolchain.evaluation import finite
from kits.toolchain.unpacking import BY_HAND, is_zip

Picture = Callable[[bytes, Prediction | None, Annotation | None], bytes]
"""What a kit's `evaluate.py` may offer as `picture`: a PNG of a sample with what was found."""

_PROBABILITY = "probability"
_MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jfif": "image/jpeg",
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
class Input:
    """One sample to predict.

    Attributes:
        path: the file, or the folder that the kit's reader made samples of.
        sample: the sample's name within it; empty where the file is the sample.
        content: None: the file's own bytes.
        error: why there is nothing to predict.
        left_out: no sample, but why the kit's reader made none of some rows or of a whole table.
    """

    path: Path
    media_type: str = ""
    sample: str = ""
    content: bytes | None = None
    error: str = ""
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Predicted:
    """One input with what the bundle says of it; `error` instead when it cannot be read.

    Attributes:
        sample: the sample's name, where a kit's reader made several of one path.
        content: the bytes that were judged, where they are not the file's.
    """

    path: Path
    prediction: Prediction | None = None
    decision: Decision | None = None
    error: str = ""
    sample: str = ""
    content: bytes | None = None

    @property
    def band(self) -> str:
        """Where a kit has bands, the sample's, or that it is of a person who does not want one; else empty."""
        details = self.prediction.details if self.prediction is not None else {}
        return "opted out" if details.get("opted_out") else str(details.get("band") or "")

    @property
    def score(self) -> float:
        """What a person reads: the probability where the kit gives one with its interval, else the score."""
        if self.prediction is None:
            return math.nan
        told = (one.value for one in self.prediction.quantities if one.name == _PROBABILITY)
        return next(told, self.prediction.score)

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"{self.path}: {self.sample}" if self.sample else str(self.path)

    def as_json(self) -> dict[str, JsonValue]:
        """Its entry in the answer of `kit predict --json`; what is no number is null.

        Where a kit has bands, `band` stands for `label`, which of two ends is likelier. What the operating point compared
        is `prediction.score`.
        """
        named: dict[str, JsonValue] = {"path": str(self.path)}
        if self.sample:
            named["sample"] = self.sample
        if self.prediction is None or self.decision is None:
            return {**named, "error": self.error}
        return {
            **named,
            "verdict": self.decision.verdict,
            "reason": self.decision.reason,
            "score": finite(self.score),
            "band": self.band or None,
            "label": None if self.band else self.prediction.label,
            "prediction": finite(prediction_to_json(self.prediction)),
        }


def media_type_of(path: Path) -> str:
    """The media type by the file's ending; `application/octet-stream` for others."""
    return _MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")


def moment_in(text: str) -> datetime | None:
    """The moment of `--as-of`: `now`, a day or a moment by ISO 8601; None: nothing is said.

    Raises:
        UsageError: it is none of these.
    """
    if not text:
        return None
    if text == "now":
        return utc_now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no moment", where="--as-of", fix="now, 2026-12-01 or 2026-12-01T09:00:00Z"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)


def find_inputs(given: Sequence[Path]) -> list[Path]:
    """Files as given, and the readable kinds of files below folders, sorted.

    Raises:
        UsageError: a path does not exist, or is a zip.
    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            below = (p for p in path.rglob("*") if p.is_file())
            found += sorted(p for p in below if p.suffix.lower() in _MEDIA_TYPES)
        elif is_zip(path):
            raise UsageError("a zip is not predicted as it is", where=str(path), fix=BY_HAND)
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError("no such file or folder", where=str(path), fix="check the path")
    return found


def inputs_of(
    kit: Kit,
    given: Sequence[Path],
    config: BaseModel | None = None,
    learned: Mapping[str, JsonValue] | None = None,
    as_of: datetime | None = None,
) -> Iterator[Input]:
    """What a device would be given: files of the kit's own media types as they are, all else by the kit's reader.

    A folder that holds files of its own media types is those files, but for those that are tables of many samples, and
    others of which the kit makes one sample each. One sample is in memory at a time.

    Args:
        config: the kit's part of the project's `kit.yaml`; None: its defaults.
        learned: `config` of the bundle that is to predict.
        as_of: when samples without an outcome were still open, where that says something of them; None: that is not said.

    Raises:
        UsageError: a path does not exist, or the kit's samples have no outcome that stays open.
    """
    opened = _opened(kit, as_of)
    config = config or kit.config_model()
    data = kit.data
    one = data.is_sample if isinstance(data, TellsTables) else lambda _: True
    for path in given:
        own = [p for p in find_inputs([path]) if media_type_of(p) in kit.manifest.media_types]
        samples = [file for file in own if one(file)]
        if samples:
            yield from (Input(file, media_type_of(file)) for file in samples)
            for file in _made_samples(kit, path):
                yield from _read_by_kit(kit, file, config, learned, opened)
        elif own:
            yield from _read_by_kit(kit, path, config, learned, opened)
        elif path.is_file() and _is_sample(path):
            yield Input(path, media_type_of(path))  # of another kit: the runtime says what is wrong
        else:
            yield from _read_by_kit(kit, path, config, learned, opened)


def _opened(kit: Kit, as_of: datetime | None) -> Callable[[RawSample], bytes]:
    """What becomes of the bytes of a sample that the kit's reader made."""
    data = kit.data
    if as_of is None:
        return lambda sample: sample.content
    if not isinstance(data, StaysOpen):
        raise UsageError(f"{kit.name} has no samples that stay open", where="--as-of", fix="leave it out")  # fmt: skip
    return lambda sample: (
        data.open_on(sample.content, as_of) if sample.annotation is None else sample.content
    )


def _made_samples(kit: Kit, folder: Path) -> list[Path]:
    """Files of a folder that are samples once the kit's reader has read them, as Outlook's mails are among others."""
    data = kit.data
    if not isinstance(data, MakesSamples) or not folder.is_dir():
        return []
    return sorted(p for p in folder.rglob("*") if p.is_file() and data.makes_sample(p))


def _is_sample(path: Path) -> bool:
    return path.suffix.lower() in _MEDIA_TYPES


def _read_by_kit(
    kit: Kit,
    path: Path,
    config: BaseModel,
    learned: Mapping[str, JsonValue] | None,
    opened: Callable[[RawSample], bytes],
) -> Iterator[Input]:
    """Samples that the kit's reader makes of a file or folder, and what it refuses."""
    try:
        for found in kit.read(path, kit.data.detect_format(path), config, learned):
            if isinstance(found, RawSample):
                yield Input(path, found.media_type, found.source, opened(found))
            elif found.level == "fail":
                yield Input(path, error=found.text)
            elif found.left_out or found.unread:
                yield Input(path, content=b"", left_out=found.text)
    except DataError as error:
        yield Input(path, error=told(error))


def band_or_verdict(row: Mapping[str, JsonValue]) -> str:
    """What a row's sample is counted as; empty: it could not be read."""
    return str(row.get("band") or row.get("verdict") or "")


def told(error: DataError) -> str:
    """An error in one line, with what to do about it."""
    return f"{error.what} ({error.fix})" if error.fix else error.what


def predict_inputs(
    ready: ReadyBundle,
    inputs: Iterable[Input],
    *,
    keep: bool = False,
    records: Records | None = None,
) -> Iterator[Predicted]:
    """One result per input, in order; what cannot be read is a result with an error.

    Args:
        keep: the bytes of samples that are no files stay, to be drawn.
        records: what replies may tell, where samples may be answered; None: nothing.
    """
    for given in inputs:
        if given.error:
            yield Predicted(given.path, error=given.error)
            continue
        try:
            content = given.path.read_bytes() if given.content is None else given.content
            payload = ready.runtime.decode(content, given.media_type)
            prediction = with_draft(ready.runtime, payload, ready.predict([payload])[0], records)
        except DataError as error:
            yield Predicted(given.path, error=told(error), sample=given.sample)
        except OSError as error:
            yield Predicted(given.path, error=error.strerror or str(error))
        else:
            kept = given.content if keep else None
            decision = ready.decide(prediction)
            yield Predicted(given.path, prediction, decision, "", given.sample, kept)


def refuse_if_all_failed(results: Sequence[Predicted], left_out: Sequence[str] = ()) -> None:
    """Raises DataError when not one input could be read.

    Args:
        left_out: why the kit's reader made no samples of some rows.
    """
    if results and all(result.error for result in results):
        raise none_readable(len(results), results[0].error, str(results[0].path))
    if not results and left_out:
        raise none_left(left_out)
    if not results:
        raise DataError("no readable kind of file there", fix="give files, or a folder with files")


def none_left(left_out: Sequence[str]) -> DataError:
    """The error where the kit's reader made no sample of any row."""
    return DataError(
        f"nothing to predict there: {'; '.join(left_out[:3])}",
        fix="give a table with rows that are none of these",
    )


def none_readable(count: int, first: str, path: str) -> DataError:
    """The error where nothing could be read.

    Args:
        first: why the first of them could not, with what to do about it where that is known.
        path: of the first.
    """
    return DataError(
        f"nothing could be read: {first}" if count == 1 else f"none of {count} could be read, the first: {first}",
        where=path,
        fix="mend that; or give files of a kind that the kit reads, see kit list",
    )  # fmt: skip


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
        stem = result.sample.replace("/", "_").replace("\\", "_") or result.path.stem
        name = f"{stem}.{result.decision.verdict}.png"
        if name in taken:
            name = f"{result.path.parent.name}-{len(taken)}-{name}"
        taken.add(name)
        content = result.path.read_bytes() if result.content is None else result.content
        (folder / name).write_bytes(picture(content, result.prediction, None))
    return len(taken)
