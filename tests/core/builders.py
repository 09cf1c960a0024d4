"""Small builders for samples, datasets and bundles in tests."""

from __future__ import annotations

from datetime import datetime, timezone

from kits.core.annotation import Annotation
from kits.core.bundle import Artefact, BundleManifest, GoldenSet, pack
from kits.core.dataset import DatasetItem
from kits.core.operating_point import Band, OperatingPoint
from kits.core.sample import Sample, digest_of

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def item(name: str, split: str = "train", group: str = "", label: str = "good") -> DatasetItem:
    content = name.encode()
    sample = Sample(name, "image/png", digest_of(content), len(content), AT, group=group)
    return DatasetItem(sample, Annotation(label=label, at=AT), split)


def bundle_bytes(version: int = 1, model: bytes = b"onnx") -> bytes:
    manifest = BundleManifest(
        kit="visual-inspection",
        name="line-1",
        project="line-1",
        version=version,
        created_at=AT,
        media_types=("image/png",),
        artefacts=(
            Artefact(
                role="model",
                path="models/model.onnx",
                precision="fp32",
                target="any",
                digest=digest_of(model),
            ),
        ),
        config={"approach": "good-parts"},
        dataset="d" * 64,
        seed=0,
        run="r1",
    )
    point = OperatingPoint(
        default=Band(act_at=0.9, review_from=0.7), method="test", dataset="d" * 64, seed=0
    )
    return pack(manifest, point, GoldenSet(), {"models/model.onnx": model, "card.md": b"# line-1"})
