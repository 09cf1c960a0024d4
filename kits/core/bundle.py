"""Bundles: the one deployable file. Model, kit manifest, operating point, golden samples, card.

A zip with stored entries in sorted order and fixed time stamps, so that the same content gives the
same bytes. The zip comment carries the SHA-256 of everything before it: that digest is the
bundle's id, and one flipped byte anywhere is found on opening. Signing and rollout are elsewhere.
"""

from __future__ import annotations

import hmac
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from kits.core.complaints import misfit
from kits.core.errors import BundleError
from kits.core.files import write_atomically
from kits.core.onnx_wire import refuse_parted
from kits.core.operating_point import OperatingPoint
from kits.core.sample import digest_of
from kits.core.stats import Estimate

if TYPE_CHECKING:
    from zipfile import ZipFile

SUFFIX = ".kwb"
MAX_BUNDLE_BYTES = 1 << 30
NAME_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$"
"""Of projects and bundles: names become parts of paths and topics."""
_MARK = b"kitwright-sha256:"
_COMMENT_BYTES = len(_MARK) + 64
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED = 1

Spec = TypeVar("Spec", bound=BaseModel)


_NEWER = "update Kitwright here before bundles of a newer one come, or make the bundle anew with this version"


class Artefact(BaseModel):
    """One model file in the bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    role: str = Field(description="what the runtime asks for: `model`, `backbone`, …")
    path: str
    precision: str = Field(description="fp32, fp16 or int8")
    target: str = Field(description="any, cpu, tensorrt")
    digest: str
    full_precision: bool = Field(
        False,
        description="computed in FP32 also where a processor has BF16, which it does not bear",
    )


class LicenceNote(BaseModel):
    """Where a part of the bundle comes from and under which licence."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    part: str
    source: str
    licence: str


class _Format(BaseModel):
    """What is read of any `manifest.json`, whichever version wrote it."""

    format: int = 1


class BundleManifest(BaseModel):
    """`manifest.json`: what the bundle is and what it came from."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    format: int = 1
    kit: str
    name: str = Field(pattern=NAME_PATTERN)
    project: str = Field(pattern=NAME_PATTERN)
    version: int = Field(ge=1, description="counts up per project")
    created_at: datetime
    media_types: tuple[str, ...]
    labels: tuple[str, ...] = ()
    artefacts: tuple[Artefact, ...]
    config: dict[str, JsonValue] = Field(description="what the kit's runtime needs to know")
    dataset: str = Field(description="id of the dataset version it was trained on")
    seed: int
    run: str
    revision: str = Field("", description="git revision of the project, when it has one")
    packages: dict[str, str] = Field(default_factory=dict)
    metrics: dict[str, Estimate] = Field(default_factory=dict)
    latency_limit_ms: float | None = None
    licences: tuple[LicenceNote, ...] = ()


class GoldenSample(BaseModel):
    """An input with the outputs it must give on every machine, within `tolerance`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    path: str
    media_type: str
    prediction: dict[str, JsonValue]
    verdict: str
    tolerance: float = 1e-3


class GoldenSet(BaseModel):
    """`golden/reference.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    samples: tuple[GoldenSample, ...] = ()


@dataclass(frozen=True)
class Bundle:
    """An opened bundle; every byte has been checked against `id`."""

    id: str
    manifest: BundleManifest
    operating_point: OperatingPoint
    golden: GoldenSet
    files: Mapping[str, bytes]

    @property
    def card(self) -> str:
        """The README of the bundle, in Markdown."""
        return self.files["card.md"].decode()

    @property
    def full_precision(self) -> bool:
        """Whether a model of it must be computed in the precision that its file has."""
        return any(artefact.full_precision for artefact in self.manifest.artefacts)

    def config_as(self, model: type[Spec]) -> Spec:
        """What the kit's runtime needs to know, as the kit's own model.

        Raises:
            BundleError: it does not fit the model, or was made by a version of Kitwright that writes more into it.
        """
        try:
            return model.model_validate(self.manifest.config)
        except ValidationError as error:
            what, fix = misfit("the bundle's config", error, _NEWER)
            raise BundleError(what, where=self.id[:12], fix=fix) from error

    def without_models(self) -> Bundle:
        """The same without what a runtime has loaded: for who decides for months. It can still prove itself."""
        golden = (sample.path for sample in self.golden.samples)
        kept = {path: self.files[path] for path in golden if path in self.files}
        return replace(self, files=kept)

    def artefact(self, role: str, target: str = "cpu") -> bytes:
        """ONNX bytes for a role: the one made for `target`, else the one for any machine.

        Raises:
            BundleError: the bundle has no such artefact.
        """
        candidates = [a for a in self.manifest.artefacts if a.role == role]
        for wanted in (target, "any"):
            for artefact in candidates:
                if artefact.target == wanted:
                    return self.files[artefact.path]
        raise BundleError(
            f"the bundle has no {role!r} for {target!r}",
            where=self.id[:12],
            fix=f"kit compile --target {target}",
        )


def pack(
    manifest: BundleManifest,
    operating_point: OperatingPoint,
    golden: GoldenSet,
    files: Mapping[str, bytes],
) -> bytes:
    """The bytes of a bundle. `files` holds models, golden inputs, `kit.yaml` and `card.md`."""
    import zipfile

    everything = {
        **files,
        "manifest.json": _json(manifest),
        "operating_point.json": _json(operating_point),
        "golden/reference.json": _json(golden),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(everything):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, everything[name])
        archive.comment = _MARK + b"0" * 64
    body = buffer.getvalue()[:-_COMMENT_BYTES]
    return body + _MARK + digest_of(body).encode()


def _json(model: BaseModel) -> bytes:
    return model.model_dump_json(indent=1).encode()


def bundle_id(content: bytes) -> str:
    """The id of a bundle's bytes, after checking that they are whole.

    Raises:
        BundleError: not a bundle, truncated, or changed.
    """
    body, comment = content[:-_COMMENT_BYTES], content[-_COMMENT_BYTES:]
    if not body.startswith(b"PK") or not comment.startswith(_MARK):
        raise BundleError("not a bundle, or cut off", fix="copy or download the file again")
    digest = digest_of(body)
    if not hmac.compare_digest(digest.encode(), comment[len(_MARK) :]):
        raise BundleError(
            "the bundle was changed or damaged: its digest does not fit",
            fix="copy or download the file again",
        )
    return digest


def open_bytes(content: bytes, *, where: str = "") -> Bundle:
    """Opens a bundle from its bytes.

    Raises:
        BundleError: damaged, malformed, with a model that is not whole, or made by a newer Kitwright.
    """
    import zipfile

    try:
        identity = bundle_id(content)
    except BundleError as error:
        raise BundleError(error.what, where=where, fix=error.fix) from None
    try:
        files = _files(content)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
        # the digest fits, so whoever made it did so: a packer other than `pack`
        raise BundleError(f"the bundle is malformed: {error}", where=where) from error
    found = _part(files, "manifest.json", _Format, where).format
    if found != 1:
        raise BundleError(
            f"bundle format {found} is newer than this program", where=where, fix=_NEWER
        )
    bundle = Bundle(
        identity,
        _part(files, "manifest.json", BundleManifest, where),
        _part(files, "operating_point.json", OperatingPoint, where),
        _part(files, "golden/reference.json", GoldenSet, where),
        files,
    )
    for artefact in bundle.manifest.artefacts:
        refuse_parted(files.get(artefact.path, b""), where=where, any_format=True)
    return bundle


def _part(files: Mapping[str, bytes], name: str, model: type[Spec], where: str) -> Spec:
    try:
        return model.model_validate_json(files[name])
    except KeyError:
        raise BundleError(f"the bundle is malformed: {name} is missing", where=where) from None
    except ValidationError as error:
        what, fix = misfit(f"the bundle's {name}", error, _NEWER)
        raise BundleError(what, where=where, fix=fix) from error


def _files(content: bytes) -> dict[str, bytes]:
    """The entries by name. Only stored ones: nothing grows beyond the file that was checked."""
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & _ENCRYPTED:
                raise zipfile.BadZipFile(f"{entry.filename} is compressed or encrypted")
        if lies_within_itself(archive, len(content)):
            raise zipfile.BadZipFile("its files lie within each other")
        return {name: archive.read(name) for name in archive.namelist()}


def lies_within_itself(archive: ZipFile, size: int) -> bool:
    """Whether stored files hold each other: some thousand of them would be as many times the archive."""
    names = archive.namelist()
    return len(set(names)) < len(names) or sum(e.file_size for e in archive.infolist()) > size


def open_file(path: Path) -> Bundle:
    """Opens a bundle file.

    Raises:
        BundleError: absent, unreadable, too large, damaged or malformed.
    """
    try:
        if path.stat().st_size > MAX_BUNDLE_BYTES:
            raise BundleError(f"larger than {MAX_BUNDLE_BYTES} bytes", where=str(path))
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise BundleError("no such bundle", where=str(path), fix="kit compile") from None
    except OSError as error:
        raise BundleError(
            f"the bundle cannot be read: {error.strerror}", where=str(path)
        ) from error
    return open_bytes(content, where=str(path))


def write(content: bytes, folder: Path) -> Path:
    """Writes packed bytes to `<folder>/<name>-<version>-<id>.kwb`."""
    bundle = open_bytes(content)
    name = f"{bundle.manifest.name}-{bundle.manifest.version}-{bundle.id[:12]}{SUFFIX}"
    path = folder / name
    write_atomically(path, content)
    return path
