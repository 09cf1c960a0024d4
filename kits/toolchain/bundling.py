"""From exported models, an operating point and golden samples to a bundle's bytes.

Equal inputs give equal bytes: names are fixed, times come from the run. It neither trains nor
measures. The golden references are always those of the FP32 models; `golden_tolerance` says how
far another precision may be off, and only samples whose verdict holds within that distance are
taken, so that a device can test verdict and score whatever executes the model there.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kits.core.bundle import (
    Artefact,
    Bundle,
    BundleManifest,
    GoldenSample,
    GoldenSet,
    pack,
)
from kits.core.dataset import Dataset, Split
from kits.core.errors import BundleError, DataError
from kits.core.kit import Exported, Kit
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Prediction, prediction_to_json
from kits.core.ready import ReadyBundle
from kits.core.sample import digest_of
from kits.toolchain.card import write_card

GOLDEN_TOLERANCE = {"fp32": 1e-3, "fp16": 2e-2, "int8": 1e-1}
"""Largest difference of the score, relative to the larger of 1 and the score, by precision."""
MAX_GOLDEN = 20
_MAX_GOLDEN_BYTES = 24 << 20
_RESERVED = frozenset(
    {
        "models",
        "golden",
        "provenance",
        "manifest.json",
        "operating_point.json",
        "card.md",
        "kit.yaml",
    }
)
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
"""Paths that mean the same wherever a bundle is unpacked."""
_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/bmp": ".bmp",
    "message/rfc822": ".eml",
    "application/json": ".json",
    "application/vnd.kitwright.window+cbor": ".cbor",
}


@dataclass(frozen=True, slots=True)
class Built:
    """One model file for the bundle."""

    role: str
    precision: str
    target: str
    content: bytes
    full_precision: bool = False

    @property
    def path(self) -> str:
        return f"models/{self.role}.{self.precision}.{self.target}.onnx"

    def artefact(self) -> Artefact:
        """Its line in the manifest."""
        return Artefact(
            role=self.role,
            path=self.path,
            precision=self.precision,
            target=self.target,
            digest=digest_of(self.content),
            full_precision=self.full_precision,
        )


class ExportNote(BaseModel):
    """`export.json` of a run: what quantisation needs and the bundle does not hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quantize_roles: tuple[str, ...] = ()
    quantize_exclude: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ("bf16", "fp16", "int8")
    dynamic_roles: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def export_note(exported: Exported) -> ExportNote:
    """What is kept of an export beside its models.

    Raises:
        BundleError: a file would take the place of one that every bundle has.
    """
    for path in exported.files:
        if path in _RESERVED or path.split("/", 1)[0] in _RESERVED or not _PLAIN.fullmatch(path):
            raise BundleError(
                f"a kit cannot put {path!r} into a bundle",
                fix="use a plain relative path outside " + ", ".join(sorted(_RESERVED)),
            )
    return ExportNote(
        quantize_roles=exported.quantize_roles,
        quantize_exclude=exported.quantize_exclude,
        precisions=exported.precisions,
        dynamic_roles=exported.dynamic_roles,
        files=tuple(sorted(exported.files)),
    )


def fp32_models(exported: Exported) -> tuple[Built, ...]:
    """The exported models as artefacts for any machine, or for CPUs where nothing else executes them.

    Those whose graphs do not bear BF16 say so: no file tells a processor, which would take it.
    """
    exact = "bf16" not in exported.precisions
    return tuple(
        Built(role, "fp32", "cpu" if role in exported.cpu_roles else "any", model, exact)
        for role, model in sorted(exported.models.items())
    )


def full_precision(bundle: Bundle) -> tuple[Built, ...]:
    """The FP32 models of a bundle: always in it, the last rung of every ladder."""
    return tuple(
        Built(a.role, a.precision, a.target, bundle.files[a.path], a.full_precision)
        for a in bundle.manifest.artefacts
        if a.precision == "fp32"
    )


def undecided(dataset: Dataset, seed: int) -> OperatingPoint:
    """A place holder that reviews everything, until the kit has chosen on the `val` split."""
    band = Band(act_at=1e300, review_from=-1e300)
    return OperatingPoint(default=band, method="not chosen yet", dataset=dataset.id, seed=seed)


def in_memory(
    manifest: BundleManifest,
    point: OperatingPoint,
    models: Iterable[Built],
    files: Mapping[str, bytes] | None = None,
) -> Bundle:
    """A bundle that was never packed: enough to load the kit's runtime from.

    Args:
        files: the kit's own, beside the models.
    """
    built = tuple(models)
    whole = manifest.model_copy(update={"artefacts": tuple(b.artefact() for b in built)})
    content = {**(files or {}), **{b.path: b.content for b in built}}
    return Bundle("", whole, point, GoldenSet(), content)


def pack_bundle(
    kit: Kit,
    manifest: BundleManifest,
    point: OperatingPoint,
    models: Iterable[Built],
    golden: Sequence[tuple[GoldenSample, bytes]],
    *,
    counts: Mapping[str, Mapping[str, int]],
    notes: Sequence[str] = (),
    extra: Mapping[str, bytes] | None = None,
) -> bytes:
    """The bytes of a bundle, with card and kit manifest.

    Raises:
        BundleError: a threshold is not a finite number.
    """
    _refuse_endless(point)
    built = tuple(models)
    whole = manifest.model_copy(update={"artefacts": tuple(b.artefact() for b in built)})
    card = write_card(
        whole,
        point,
        task=kit.manifest.task,
        counts=counts,
        golden=len(golden),
        notes=notes,
        ranked=kit.manifest.ranked,
    )
    files = {
        **{b.path: b.content for b in built},
        **{sample.path: content for sample, content in golden},
        "kit.yaml": (kit.root / "kit.yaml").read_bytes(),
        "card.md": card.encode(),
        **(extra or {}),
    }
    return pack(whole, point, GoldenSet(samples=tuple(s for s, _ in golden)), files)


def _refuse_endless(point: OperatingPoint) -> None:
    for name, band in {"all": point.default, **point.per_label}.items():
        if not all(abs(edge) < float("inf") for edge in (band.act_at, band.review_from)):
            raise BundleError(
                "no threshold could be set: too few samples in the validation split",
                where=f"operating point for {name}",
                fix="add good samples, or ask for a less strict false-alarm rate",
            )


def choose_golden(
    ready: ReadyBundle,
    given: Iterable[tuple[bytes, str]],
    made: Iterable[tuple[bytes, str]] = (),
    *,
    tolerance: float = GOLDEN_TOLERANCE["fp32"],
) -> list[tuple[GoldenSample, bytes]]:
    """Up to 20 inputs, spread over the verdicts, with reference outputs.

    A sample whose verdict would change within the tolerance is left out: it would make a good
    device look broken. Samples far from every threshold come first, so that they also serve
    lower precisions.

    Args:
        given: inputs with their media types, as `candidates` gives samples.
        made: such inputs that take their place where none of them serves.
    """
    found = _choose_golden(ready, given, tolerance)
    return found or _choose_golden(ready, made, tolerance)


def _choose_golden(
    ready: ReadyBundle, candidates: Iterable[tuple[bytes, str]], tolerance: float
) -> list[tuple[GoldenSample, bytes]]:
    clear: dict[str, list[tuple[GoldenSample, bytes]]] = {}
    close: dict[str, list[tuple[GoldenSample, bytes]]] = {}
    for content, media_type in candidates:
        try:
            prediction = ready.predict_bytes(content, media_type)
        except DataError:
            continue
        point = ready.bundle.operating_point
        if not verdict_holds(point, prediction, 2 * tolerance):
            continue
        sample = _golden_sample(content, media_type, prediction, ready, tolerance)
        place = clear if verdict_holds(point, prediction, GOLDEN_TOLERANCE["int8"]) else close
        place.setdefault(sample.verdict, []).append((sample, content))
    ordered = {v: clear.get(v, []) + close.get(v, []) for v in {*clear, *close}}
    return sorted(_spread(ordered), key=lambda pair: pair[0].path)


def candidates(dataset: Dataset) -> Iterator[tuple[bytes, str]]:
    """Samples of val, then train, at most 100 of each; a fixed selection for a version."""
    splits: tuple[Split, ...] = ("val", "train")
    for split in splits:
        items = sorted(dataset.of(split), key=lambda i: i.sample.digest)
        for item in items[:100]:
            if item.sample.digest:
                yield dataset.content(item), item.sample.media_type


def _golden_sample(
    content: bytes, media_type: str, prediction: Prediction, ready: ReadyBundle, tolerance: float
) -> GoldenSample:
    suffix = _SUFFIXES.get(media_type, ".bin")
    return GoldenSample(
        path=f"golden/{digest_of(content)[:16]}{suffix}",
        media_type=media_type,
        prediction=prediction_to_json(prediction),
        verdict=ready.decide(prediction).verdict,
        tolerance=tolerance,
    )


def _spread(
    by_verdict: Mapping[str, list[tuple[GoldenSample, bytes]]],
) -> list[tuple[GoldenSample, bytes]]:
    """Takes from each verdict in turn until 20 samples or the byte limit are reached."""
    queues = [list(by_verdict[verdict]) for verdict in sorted(by_verdict)]
    taken: dict[str, tuple[GoldenSample, bytes]] = {}
    size = 0
    while any(queues) and len(taken) < MAX_GOLDEN:
        for queue in queues:
            if not queue or len(taken) >= MAX_GOLDEN:
                continue
            sample, content = queue.pop(0)
            if size + len(content) <= _MAX_GOLDEN_BYTES:
                taken.setdefault(sample.path, (sample, content))
                size += len(content)
    return list(taken.values())


def verdict_holds(point: OperatingPoint, prediction: Prediction, tolerance: float) -> bool:
    """Whether the verdict is the same when score and confidences move by the tolerance."""
    verdicts = set()
    for sign in (-1.0, 0.0, 1.0):
        boxes = tuple(
            dataclasses.replace(b, confidence=b.confidence + sign * tolerance)
            for b in prediction.boxes
        )
        score = prediction.score + sign * tolerance * max(1.0, abs(prediction.score))
        moved = dataclasses.replace(prediction, score=score, boxes=boxes)
        verdicts.add(point.decide(moved).verdict)
    return len(verdicts) == 1


def read_export_note(run_dir: Path) -> ExportNote:
    """What the export said about quantisation; nothing when the run is older than that file."""
    path = run_dir / "export.json"
    return ExportNote.model_validate_json(path.read_bytes()) if path.exists() else ExportNote()


def exported_again(bundle: Bundle, note: ExportNote) -> Exported:
    """The `Exported` that a run's FP32 bundle was made from."""
    return Exported(
        models={built.role: built.content for built in full_precision(bundle)},
        config=bundle.manifest.config,
        labels=bundle.manifest.labels,
        quantize_roles=note.quantize_roles,
        quantize_exclude=note.quantize_exclude,
        precisions=note.precisions,
        dynamic_roles=note.dynamic_roles,
        files=own_files(bundle, note),
    )


def own_files(bundle: Bundle, note: ExportNote) -> dict[str, bytes]:
    """The kit's own files in a run's bundle.

    Raises:
        BundleError: one that the run's export named is not in it.
    """
    absent = [path for path in note.files if path not in bundle.files]
    if absent:
        raise BundleError(
            f"the run's bundle lacks {absent[0]}", where=bundle.id[:12], fix="kit train"
        )
    return {path: bundle.files[path] for path in note.files}


def next_version(bundles_dir: Path, recorded: Iterable[int] = ()) -> int:
    """The version after the largest one in the folder and in the records."""
    found = [0, *recorded]
    for path in bundles_dir.glob("*.kwb"):
        parts = path.stem.rsplit("-", 2)
        if len(parts) == 3 and parts[1].isdigit():
            found.append(int(parts[1]))
    return max(found) + 1
