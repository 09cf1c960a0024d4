"""`kit publish`, the bytes: brings a bundle, with its dataset version, to the hub.

Idempotent: what the hub has is not sent again, so an interrupted publish is simply repeated. What
makes a release of it is in `releasing/releases.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core import packed
from kits.core.bundle import Bundle, open_file
from kits.core.dataset import Dataset, to_bytes
from kits.core.errors import DataError
from kits.core.hub_api import PublishRequest, PublishResponse
from kits.core.kit import NoProgress, Progress
from kits.core.sample import digest_of
from kits.toolchain.hub_client import HubClient
from kits.toolchain.project import CONFIG_NAME, Project


@dataclass(frozen=True)
class Shipment:
    """Everything that belongs to one published bundle.

    Attributes:
        content: the bundle file's bytes.
        dataset: the version it was trained on; None when only the bundle is sent.
    """

    bundle: Bundle
    content: bytes
    dataset: Dataset | None
    project_yaml: str

    @property
    def blob(self) -> str:
        return digest_of(self.content)

    def media_types(self) -> dict[str, str]:
        """Digest → media type of the dataset's blobs."""
        items = self.dataset.items if self.dataset is not None else ()
        return {i.sample.digest: i.sample.media_type for i in items if i.sample.digest}


def prepare(project: Project, path: Path, *, with_data: bool = True) -> Shipment:
    """What would be sent.

    Raises:
        BundleError: the bundle is damaged.
        DataError: its dataset version is not in the project, or the bundle is another project's.
    """
    bundle = open_file(path)
    if bundle.manifest.project != project.config.name:
        raise DataError(
            f"this bundle belongs to the project {bundle.manifest.project!r}",
            where=str(path),
            fix="publish it from that project's folder",
        )
    dataset = project.dataset(bundle.manifest.dataset) if with_data else None
    text = (project.root / CONFIG_NAME).read_text(encoding="utf-8")
    return Shipment(bundle, path.read_bytes(), dataset, text)


def left_behind(project: Project, path: Path) -> str:
    """The newest run, where it came after this bundle was written and is of another model or other thresholds; empty: it is not.

    Raises:
        BundleError: the bundle is damaged.
    """
    try:
        newest = project.run_dir()
    except DataError:
        return ""  # the bundle came from elsewhere
    made, run = newest / "bundle.kwb", open_file(path).manifest.run
    later = made.is_file() and made.stat().st_mtime_ns > path.stat().st_mtime_ns
    return newest.name if later and newest.name != run else ""


def missing(client: HubClient, digests: Iterable[str]) -> list[str]:
    """Those that the hub does not have."""
    return client.missing([*digests])


def send(
    client: HubClient, shipment: Shipment, progress: Progress | None = None
) -> PublishResponse:
    """Puts what is missing, then announces the bundle.

    Raises:
        UnreachableError, UsageError, DataError: see `HubClient`.
    """
    shown = progress or NoProgress()
    kinds = shipment.media_types()
    lacking = missing(client, kinds)
    shown.begin("uploading", len(lacking) + 1)
    if shipment.dataset is not None:
        _put(client, shipment.dataset, lacking, kinds, shown)
        client.put_dataset(shipment.dataset.id, to_bytes(shipment.dataset))
    if not client.has_blob(shipment.blob):
        client.put_blob(shipment.blob, shipment.content)
    shown.advance()
    shown.end()
    return client.publish(request_for(shipment))


def _put(
    client: HubClient,
    dataset: Dataset,
    lacking: Sequence[str],
    kinds: Mapping[str, str],
    shown: Progress,
) -> None:
    """Puts blobs: small ones many at once, others one by one."""
    sizes = {item.sample.digest: item.sample.size for item in dataset.items}
    small = [digest for digest in lacking if 0 < sizes[digest] <= packed.SMALL]
    for kind in sorted({kinds[digest] for digest in small}):
        of_kind = [(digest, sizes[digest]) for digest in small if kinds[digest] == kind]
        for portion in packed.packs(of_kind):
            client.put_pack([dataset.blobs.get(digest) for digest in portion], kind)
            shown.advance(len(portion))
    for digest in sorted(set(lacking) - set(small)):
        client.put_blob(digest, dataset.blobs.get(digest), kinds[digest])
        shown.advance()


def request_for(shipment: Shipment) -> PublishRequest:
    """The announcement."""
    return PublishRequest(
        bundle=shipment.bundle.id,
        blob=shipment.blob,
        dataset=shipment.dataset.id if shipment.dataset is not None else "",
        project_yaml=shipment.project_yaml,
    )
