"""From exported models, an operating point and golden samples to a bundle's bytes.

Equal inputs give equal bytes: names are fixed, times come from the run. It neither trains nor
measures; which samples are golden is said in `golden.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core.bundle import (
    Artefact,
    Bundle,
    BundleManifest,
    GoldenSample,
    GoldenSet,
    pack,
)
from kits.core.dataset import Dataset
from kits.core.errors import BundleError
from kits.core.kit import Exported, Kit
from kits.core.operating_point import Band, OperatingPoint
from kits.core.sample import digest_of
from kits.toolchain.card import write_card


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
        kit=kit.manifest,
        counts=counts,
        golden=len(golden),
        notes=notes,
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


def next_version(bundles_dir: Path, recorded: Iterable[int] = ()) -> int:
    """The version after the largest one in the folder and in the records."""
    found = [0, *recorded]
    for path in bundles_dir.glob("*.kwb"):
        parts = path.stem.rsplit("-", 2)
        if len(parts) == 3 and parts[1].isdigit():
            found.append(int(parts[1]))
    return max(found) + 1
