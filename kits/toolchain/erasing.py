"""Erasing a person from a project: its samples in all dataset versions, their bytes, and what labels and runs say of them.

A version's id is the digest of its file, so one of which something is erased goes, and a successor goes on under its
own id; the old id leads to it. Bundles are signed and stay; the files that were imported are the user's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from kits.core.blobs import BlobStore
from kits.core.dataset import Dataset, DatasetItem, build, load, save
from kits.core.errors import DataError
from kits.core.files import write_atomically
from kits.core.record_keys import ADDRESS, id_in, spellings
from kits.core.sample import Sample, key_of
from kits.toolchain.datasets import findings_path
from kits.toolchain.labelling.journal import NAME, Journal
from kits.toolchain.project import Project

_NOTE = "without samples that were erased"
_MEDIA_TYPE = "application/json"
_REPORTS = ("report.html", "report.json")
_RESULTS = "evaluation.json"


@dataclass(frozen=True)
class Erased:
    """What was removed, or would be.

    Attributes:
        samples: source of each sample, once.
        versions: dataset versions that named one of them.
        runs: names of runs that said something of one of them.
        files: names of the files that were imported from; they are the user's, and not here.
    """

    samples: tuple[str, ...]
    versions: tuple[str, ...]
    runs: tuple[str, ...]
    files: tuple[str, ...]


def find(project: Project, who: str) -> Erased:
    """What is there of somebody. As `erase`, and changes nothing."""
    return _found(project, _versions_with(project, who), who)


def erase(project: Project, who: str) -> Erased:
    """Erases somebody. A try that was cut off is finished by the next one.

    Args:
        who: a sample's id, its source (`export.csv#4711`), its key (`HubSpot deals:4711`) or the id in it (`4711`),
            or an e-mail address that a cell holds.

    Raises:
        DataError: nobody of this name is in any version.
        UsageError: somebody labels in this project.
    """
    unfinished = _finish(project)
    found = _versions_with(project, who)
    if not found and unfinished:
        return Erased((), tuple(unfinished), (), ())
    told = _found(project, found, who)
    heirs = project.successors()
    for version, gone in found.items():
        old = project.dataset(version)
        kept = [item for item in old.items if item.sample.id not in gone]
        new = build(old.header.model_copy(update={"note": _NOTE}), kept, project.blobs)
        _take_age(save(new, project.datasets_dir), project.datasets_dir / f"{version}.jsonl")
        heirs[version] = new.id
    # from here on the old ones are as good as gone: whatever is cut off is finished by the next try
    project.keep_successors(heirs)
    _finish(project)
    return told


def _take_age(new: Path, old: Path) -> None:
    """Versions are told apart in the order they were made."""
    age = old.stat()
    os.utime(new, ns=(age.st_atime_ns, age.st_mtime_ns))


def _found(project: Project, found: Mapping[str, Mapping[str, DatasetItem]], who: str) -> Erased:
    if not found:
        raise DataError(
            "no sample of this name in any version",
            where=who,
            fix="the id in the CRM, or a source as `kit data diff` shows it; of addresses an import keeps none but as an id",
        )
    items = {name: item for gone in found.values() for name, item in gone.items()}
    sources = sorted({item.sample.source or name for name, item in items.items()})
    runs = sorted(path.parent.name for path in _runs_with(project, items.values()))
    files = sorted({source.rpartition("#")[0] for source in sources if "#" in source})
    return Erased(tuple(sources), tuple(found), tuple(dict.fromkeys(runs)), tuple(files))


def _versions_with(project: Project, who: str) -> dict[str, dict[str, DatasetItem]]:
    """Version → its samples of somebody, by id."""
    asked = _Asked(who.strip(), project.blobs)
    versions = {version: project.dataset(version).items for version in project.dataset_ids()}
    digests = {
        item.sample.digest
        for items in versions.values()
        for item in items
        if asked.is_meant(item.sample)
    } - {""}
    found: dict[str, dict[str, DatasetItem]] = {}
    for version, items in versions.items():
        mine = {
            i.sample.id: i for i in items if i.sample.digest in digests or asked.is_meant(i.sample)
        }
        if mine:
            found[version] = mine
    return found


class _Asked:
    """Whether a sample is somebody's."""

    def __init__(self, who: str, blobs: BlobStore) -> None:
        self._who = who
        self._ids = spellings(who)
        self._blobs = blobs
        self._said: dict[str, bool] = {}

    def is_meant(self, sample: Sample) -> bool:
        """By what it is called; an address also by what it says."""
        key = key_of(sample)
        if self._who in (sample.id, sample.source or sample.id, key or sample.id):
            return True
        if id_in(key) in self._ids:
            return True
        if ADDRESS not in self._who or sample.media_type != _MEDIA_TYPE or not sample.digest:
            return False
        if sample.digest not in self._said:
            texts = _texts(self._blobs.get(sample.digest))
            self._said[sample.digest] = self._who.casefold() in texts
        return self._said[sample.digest]


def _texts(content: bytes) -> set[str]:
    """All texts of a JSON document, without case."""
    try:
        left: list[JsonValue] = [json.loads(content)]
    except (ValueError, RecursionError):
        return set()
    texts: set[str] = set()
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str):
            texts.add(value.strip().casefold())
    return texts


def _finish(project: Project) -> list[str]:
    """Removes versions that have a successor, with the bytes that nobody else names; their ids."""
    heirs = project.successors()
    done = [version for version in project.dataset_ids() if version in heirs]
    for version in done:
        path = project.datasets_dir / f"{version}.jsonl"
        old, new = load(path, project.blobs), project.dataset(heirs[version])
        kept = {item.sample.id for item in new.items}
        gone = [item for item in old.items if item.sample.id not in kept]
        if project.current_dataset_id == version:
            project.use_dataset(new.id)
        Journal(project.root / NAME).forget({item.sample.id for item in gone})
        _clear_runs(project, gone)
        _move_findings(project, old, new, gone)
        for digest in {i.sample.digest for i in gone} - {i.sample.digest for i in new.items}:
            project.blobs.delete(digest)
    if done:
        project.blobs.clear_traces()
    for version in done:  # a try that is cut off before does all of it again
        (project.datasets_dir / f"{version}.jsonl").unlink()
    return done


def _move_findings(
    project: Project, old: Dataset, new: Dataset, gone: Iterable[DatasetItem]
) -> None:
    """What the import found goes on; an example that names somebody does not."""
    path = findings_path(project, old.id)
    if not path.exists():
        return
    names = _names_of(gone)
    findings: list[dict[str, JsonValue]] = json.loads(path.read_bytes())
    for finding in findings:
        evidence = finding.get("evidence")
        if isinstance(evidence, list):
            finding["evidence"] = [e for e in evidence if not any(n in str(e) for n in names)]
    write_atomically(findings_path(project, new.id), json.dumps(findings, indent=1).encode())
    path.unlink()


def _names_of(items: Iterable[DatasetItem]) -> set[str]:
    return {name for i in items for name in (i.sample.id, i.sample.source) if name}


def _runs_with(project: Project, items: Iterable[DatasetItem]) -> Iterator[Path]:
    """Files of runs that name one of them."""
    names = {json.dumps(name, ensure_ascii=False)[1:-1].encode() for name in _names_of(items)}
    for path in sorted(project.runs_dir.glob("*/*")):
        if path.name in (*_REPORTS, _RESULTS) and path.is_file():
            content = path.read_bytes()
            if any(name in content for name in names):
                yield path


def _clear_runs(project: Project, gone: Iterable[DatasetItem]) -> None:
    """Of figures the samples' own results go; reports go, and are built again by `kit report`."""
    items = list(gone)
    ids = {item.sample.id for item in items}
    for path in _runs_with(project, items):
        if path.name in _REPORTS:
            path.unlink()
            continue
        told = json.loads(path.read_bytes())
        told["results"] = [one for one in told["results"] if one["sample_id"] not in ids]
        write_atomically(path, json.dumps(told, ensure_ascii=False).encode())
