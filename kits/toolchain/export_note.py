"""What a run keeps of an export beside its models, and the export made whole again from its bundle.

`kit compile` needs both: which models have a lower precision, and the files that are the kit's own.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from kits.core.bundle import (
    Bundle,
)
from kits.core.complaints import misfit
from kits.core.errors import BundleError, DataError
from kits.core.kit import Exported
from kits.toolchain.bundling import full_precision
from kits.toolchain.runs import NEWER_RUN

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


def read_export_note(run_dir: Path) -> ExportNote:
    """What the export said about quantisation; nothing when the run is older than that file.

    Raises:
        DataError: malformed, or written by a newer Kitwright.
    """
    path = run_dir / "export.json"
    try:
        return ExportNote.model_validate_json(path.read_bytes()) if path.exists() else ExportNote()
    except ValidationError as error:
        what, fix = misfit("what is kept of this export", error, NEWER_RUN)
        raise DataError(what, where=str(path), fix=fix) from error


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
