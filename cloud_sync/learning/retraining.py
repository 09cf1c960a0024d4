"""Retraining as a job: freeze, train, compile, and let the challenger meet the champion.

Runs the same `kit` verbs a person would type, in a folder of its own, so the hub needs no trainer.
A challenger that wins is registered and waits for a release engineer's signature; one that loses leaves its
reasons in the job's result. Whether it is time to retrain is asked in `planning.py`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.intake import provenance
from cloud_sync.learning import freezing
from cloud_sync.learning.champions import champion_of, published_of, register_challenger
from cloud_sync.learning.datasets import hold, in_its_place, in_words
from cloud_sync.learning.jobs import enqueue
from cloud_sync.learning.processes import (
    CancelledError,
    CommandError,
    Finished,
    kit_command,
    run_command,
)
from cloud_sync.learning.runner import JobContext
from cloud_sync.learning.sifting import config_of
from cloud_sync.store.models import Bundle as BundleRow
from cloud_sync.store.models import Job, Project
from kits.core import belongings
from kits.core import bundle as bundles
from kits.core.blobs import FolderBlobStore
from kits.core.dataset import FOLDER, SUCCESSORS, Dataset, to_bytes
from kits.core.errors import DataError, GateError, KitwrightError
from kits.core.kit_modules import NamesFiles

KIND = "retrain"
NOT_BETTER = GateError.exit_code
DEFAULT_THREADS = 2
_TAIL_CHARS = 2000


class OtherChampionError(KitwrightError):
    """The bundle that was beaten is not the one to beat any more."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a retraining starts from.

    Attributes:
        kit_yaml, belongings: as the project was published last; belongings: what its configuration names, packed, if any.
        champion, champion_id: bytes and name of the bundle to beat, which may be an earlier one.
        left_out: reason → samples.
    """

    project: str
    kit_yaml: str
    belongings: bytes | None
    dataset: Dataset
    champion: bytes
    champion_id: str
    last_version: int
    left_out: Mapping[str, int] = field(default_factory=dict)


def request(session: Session, project: str, *, by: str) -> Job:
    """Queues the retraining of a project; one at a time per project.

    Raises:
        NotFoundError: the hub does not know the project, or no bundle of it to beat.
        ConflictError: one is queued or running.
        DataError: the project came without its `kit.yaml`.
    """
    hold(session, project)
    row = session.get(Project, project)
    if row is None:
        raise NotFoundError(f"no project {project!r}", fix="kit publish --hub URL")
    if not row.kit_yaml:
        raise DataError(
            f"{project!r} was published without its kit.yaml", fix="kit publish --hub URL"
        )
    if champion_of(session, project) is None:
        raise NotFoundError(f"no bundle of {project!r} to beat", fix="kit publish --hub URL")
    args: dict[str, JsonValue] = {"project": project, "by": by}
    return enqueue(session, KIND, args, by=by, unique_key=f"{KIND}:{project}")


def retrain(context: JobContext) -> Mapping[str, JsonValue]:
    """The handler of `KIND` jobs.

    Raises:
        CommandError: a verb failed; its error is in the job's log.
        CancelledError: cancelled, or the worker stops.
        DataError: some of what it learned from was erased or withdrawn meanwhile.
    """
    project, by = str(context.args["project"]), str(context.args.get("by", ""))
    start = _prepare(context.hub, project, by)
    without = f"; left out: {in_words(start.left_out)}" if start.left_out else ""
    context.say(f"dataset {start.dataset.id[:12]} with {len(start.dataset.items)} samples{without}")
    root = _write_project(context, start)
    _kit(context, root, "data", "import", "../dataset", "--format", "kitwright", "--json")
    trained = _kit(context, root, "train", "--json")
    champion = _champion_file(root, start)
    _lay_beside(context.hub, root, start)
    compiled = _kit(context, root, "compile", "--precision", _precision(start.champion), "--json")
    challenger = root / str(compiled["path"])
    while True:
        compared = _kit(
            context, root, "compare", str(champion), str(challenger), "--json", fine=(0, NOT_BETTER)
        )
        try:
            return _conclude(context, start, trained, challenger, compared, by)
        except OtherChampionError as error:
            context.say(f"{error.what}: it has to beat that one")
        identity, content = _champion(context.hub, project)
        start = replace(start, champion=content, champion_id=identity)
        champion = _champion_file(root, start)
        _lay_beside(context.hub, root, start)


def _prepare(hub: Hub, project: str, by: str) -> Start:
    dataset, left_out = freezing.current(hub, project, by=by, note="for a retraining")
    identity, content = _champion(hub, project)
    with hub.database.session() as session:
        row = session.get_one(Project, project)
        last = session.scalar(
            select(func.max(BundleRow.version)).where(BundleRow.project == project)
        )
        newest = published_of(session, project)
    published = hub.storage.get(newest.blob) if newest is not None else content
    taken_along = bundles.open_bytes(published).files.get(belongings.NAME)
    return Start(
        project, row.kit_yaml, taken_along, dataset, content, identity, last or 1, left_out
    )


def _champion(hub: Hub, project: str) -> tuple[str, bytes]:
    """Name and bytes of the bundle to beat. Raises NotFoundError."""
    with hub.database.session() as session:
        row = champion_of(session, project)
    if row is None:
        raise NotFoundError(
            f"no project {project!r} with a bundle to beat", fix="kit publish a first one"
        )
    return row.id, hub.storage.get(row.blob)


def _write_project(context: JobContext, start: Start) -> Path:
    """The project's folder and, next to it, the dataset in our own format."""
    root, data = context.folder / "project", context.folder / "dataset"
    for folder in (root, data):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    (root / "kit.yaml").write_text(start.kit_yaml, encoding="utf-8")
    if start.belongings is not None:
        belongings.unpack_belongings(start.belongings, root)
    _refuse_strays(start.kit_yaml, root)
    (data / "manifest.jsonl").write_bytes(to_bytes(start.dataset))
    with FolderBlobStore(data / "blobs").at_once() as blobs:
        for item in start.dataset.items:
            if item.sample.digest:
                blobs.put(start.dataset.content(item))
    return root


def _refuse_strays(kit_yaml: str, root: Path) -> None:
    """What the configuration names becomes part of a bundle that many may fetch: the hub's own files must not.

    Raises:
        ConfigError: it names one outside of the project, or is wrong.
    """
    config = config_of(kit_yaml)
    if isinstance(config, NamesFiles):
        belongings.refuse_strays(config.named(), root)


def _champion_file(root: Path, start: Start) -> Path:
    """Puts the champion where the toolchain counts versions.

    It goes by the project's last version number rather than its own, so that the challenger gets
    the next free one.
    """
    bundle = bundles.open_bytes(start.champion)
    name = f"{bundle.manifest.name}-{start.last_version}-{bundle.id[:12]}{bundles.SUFFIX}"
    path = root / "bundles" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(start.champion)
    return path


def _lay_beside(hub: Hub, root: Path, start: Start) -> None:
    """Puts the champion's dataset version, or what goes on in its place, into the project: by it a comparison knows what the
    champion learned from."""
    version = bundles.open_bytes(start.champion).manifest.dataset
    with hub.database.session() as session:
        learned_from = in_its_place(session, version)
    if not learned_from:
        return
    folder = root / FOLDER
    if learned_from != start.dataset.id:
        try:
            content = hub.storage.get(learned_from)
        except NotFoundError:
            return  # its file is gone: the comparison says what it leaves out for that
        (folder / f"{learned_from}.jsonl").write_bytes(content)
    if version != learned_from:
        (folder / SUCCESSORS).write_text(json.dumps({version: learned_from}))


def _precision(champion: bytes) -> str:
    """Plain when the champion is plain: a comparison should differ in the data only."""
    artefacts = bundles.open_bytes(champion).manifest.artefacts
    return "fp32" if all(a.precision == "fp32" for a in artefacts) else "auto"


def _conclude(
    context: JobContext,
    start: Start,
    trained: Mapping[str, JsonValue],
    challenger: Path,
    compared: Mapping[str, JsonValue],
    by: str,
) -> Mapping[str, JsonValue]:
    passed = compared.get("better") is True
    content = challenger.read_bytes()
    identity = bundles.bundle_id(content)
    if passed:
        register_challenger(
            context.hub, content, start.project, compared, by=by,
            beaten=start.champion_id, unless=lambda session: _outdated(session, context, start),
        )  # fmt: skip
        context.say(f"bundle {identity[:12]} beat the champion; it waits for a signature")
    else:
        context.say(f"not better, nothing changes: {compared.get('reason', '')}")
    return {
        "project": start.project,
        "dataset": start.dataset.id,
        "left_out": dict(start.left_out),
        "run": trained.get("run"),
        "metrics": trained.get("metrics"),
        "bundle": identity,
        "compare": dict(compared),
        "passed": passed,
    }


def _outdated(session: Session, context: JobContext, start: Start) -> KitwrightError | None:
    """Why nothing comes of it after all: a training takes hours, in which much may be said.

    Raises:
        OtherChampionError: something may come of it yet, and its bytes stay.
    """
    if not context.holds(session):
        return CancelledError("cancelled", where=f"job {context.id}")
    names = [item.sample.id for item in start.dataset.items]
    if refused := provenance.refused_among(session, names):
        return DataError(
            f"some of what it learned from is not to be learned from any more: {in_words(Counter(refused.values()))}",
            where=f"job {context.id}",
            fix=f"cloud-sync retrain run {start.project}",
        )
    champion = champion_of(session, start.project)
    if champion is None or champion.id != start.champion_id:
        raise OtherChampionError("another bundle became the champion meanwhile")
    return None


def _kit(
    context: JobContext, root: Path, *arguments: str, fine: tuple[int, ...] = (0,)
) -> dict[str, JsonValue]:
    """Runs one verb and returns the JSON object it answers with."""
    config = context.hub.config.jobs
    done = run_command(
        [*kit_command(), *arguments],
        folder=context.folder,
        cwd=root,
        log=context.log,
        limit_s=config.timeout_h * 3600,
        still_wanted=context.still_wanted,
        threads=config.threads or min(DEFAULT_THREADS, os.cpu_count() or 1),
    )
    verb = " ".join(arguments[:2])
    answer = first_json(done.output)
    if done.exit_code not in fine:
        raise CommandError(_failure(verb, done, answer), where=f"job {context.id}")
    if answer is None:
        raise CommandError(f"`kit {verb}` gave no JSON answer", where=f"job {context.id}")
    return answer


def _failure(verb: str, done: Finished, answer: Mapping[str, JsonValue] | None) -> str:
    what = (answer or {}).get("what") or done.output[-_TAIL_CHARS:].strip() or "see the log"
    return f"`kit {verb}` ended with {done.exit_code}: {what}"


def first_json(output: str) -> dict[str, JsonValue] | None:
    """The first JSON object in a command's output (a failed gate appends its error)."""
    start = output.find("{")
    if start < 0:
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(output[start:])
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
