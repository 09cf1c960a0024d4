"""From files to the answer of `kit replay`: reads the data, chooses how the bundle's kit is replayed, and says it.

Nothing is written but the page, and nothing becomes part of the project.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, JsonValue

from kits.core.blobs import BlobStore, FolderBlobStore
from kits.core.dataset import Dataset
from kits.core.errors import ConfigError, DataError, UsageError
from kits.core.kit import EvaluateTask, Kit, Progress
from kits.core.operating_point import Costs
from kits.core.ready import ReadyBundle
from kits.core.replay import Replay
from kits.toolchain.evaluation import MemoryBlobStore, leakage_note, read_outside
from kits.toolchain.grouping import as_grouped
from kits.toolchain.intake import stated_labels
from kits.toolchain.known_again import as_known
from kits.toolchain.project import Project
from kits.toolchain.replaying import (
    lead_page,
    lead_text,
    machine_page,
    machine_text,
    mail_page,
    mail_text,
    sample_page,
    sample_text,
)
from kits.toolchain.replaying.failures import refuse_unreadable
from kits.toolchain.replaying.figures import Terms
from kits.toolchain.replaying.leads import ReplayedLeads, replay_leads, without_learned
from kits.toolchain.replaying.machines import Replayed, ReplayOptions, replay_machines
from kits.toolchain.replaying.mails import ReplayedMails, replay_mails, replays_mails
from kits.toolchain.replaying.samples import ReplayedSamples, replay_samples
from kits.toolchain.replaying.text import Heading

_AFTER = "kit compile"


@dataclass(frozen=True)
class Answer:
    """What `kit replay` says.

    Attributes:
        line: the answer in one line.
        rows: what follows it, for people.
        document: the same for programs.
        html: a page that needs nothing else.
        next: the command to type next.
    """

    line: str
    rows: tuple[str, ...]
    document: Mapping[str, JsonValue]
    html: str
    next: str


def replay(  # noqa: PLR0913  (what a command may say)
    kit: Kit,
    ready: ReadyBundle,
    path: Path,
    *,
    costs: Costs,
    options: ReplayOptions,
    format: str = "auto",
    config: BaseModel | None = None,
    learned: Dataset | None = None,
    group_by: str = "",
    progress: Progress,
) -> Answer:
    """Recorded data through a bundle, and what would have come of it.

    Args:
        config: the kit's part of the project's `kit.yaml`; None: its defaults.
        learned: what the bundle learned from, to say when it is replayed on that.
        group_by: as in the project's `data`: pictures of one part prove less than as many parts.

    Raises:
        DataError: the data cannot be read, does not fit the bundle, or the period is empty.
        UsageError: an option that does not fit this data or kit.
    """
    alarms = ready.bundle.operating_point.alarm is not None and kit.replay is not None
    _refuse_strange(options, kit)
    if replays_mails(kit) or kit.ranking is not None or not alarms:
        _refuse_options(options, kit)
    elif options.failures is not None:
        refuse_unreadable(options.failures, options.zone)
    with _store(kit) as blobs:
        dataset, complaints = read_outside(
            kit,
            path,
            seed=ready.bundle.manifest.seed,
            format=format,
            config=config,
            learned=ready.bundle.manifest.config,
            recorded=True,
            blobs=blobs,
        )
        dataset = as_grouped(dataset, group_by)
        if learned is not None and kit.ranking is not None:
            dataset = as_known(dataset, learned)
        task = EvaluateTask(
            runtime=ready.runtime,
            operating_point=ready.bundle.operating_point,
            dataset=dataset,
            items=dataset.items,
            costs=costs,
            seed=ready.bundle.manifest.seed,
            progress=progress,
        )
        if learned is not None and kit.ranking is None:
            complaints = [*filter(None, [leakage_note(dataset.items, learned)]), *complaints]
        name = path.resolve().name or str(path)
        heading = Heading(
            kit.manifest.title, name, ready.id, dataset.id, task.seed, tuple(complaints)
        )
        if replays_mails(kit):
            known = _learned_labels(ready, learned)
            return _of_mails(replay_mails(kit, task, options.mail, known), heading, costs)
        if kit.ranking is not None:
            ids = {item.sample.id for item in learned.items} if learned is not None else set()
            ranked = without_learned(kit.ranking(task), ids)
            return _of_leads(replay_leads(ranked, options.lead, task.seed), heading, kit, costs)
        if not alarms or kit.replay is None:
            return _of_samples(replay_samples(kit, task, _labels(learned)), heading, kit, costs)
        return _of_machines(_over_time(kit.replay(task), path, task, options), heading)


def _labels(learned: Dataset | None) -> set[str]:
    """Everything stated on what the bundle learned from and was judged on."""
    items = learned.items if learned is not None else ()
    return {label for item in items for label in stated_labels(item.annotation)}


def _learned_labels(ready: ReadyBundle, learned: Dataset | None) -> dict[str, int]:
    """The bundle's labels, with the mails of each among those that it learned from; 0 where these are not here."""
    counts = Counter(
        label
        for item in (learned.items if learned is not None else ())
        if item.annotation
        for label in item.annotation.label.split("|")
    )
    return {label: counts[label] for label in ready.bundle.manifest.labels}


def _over_time(found: Replay, path: Path, task: EvaluateTask, options: ReplayOptions) -> Replayed:
    """Alarms of what is watched over time."""
    costs, point = task.costs, task.operating_point
    assert point is not None
    terms = Terms(
        costs=costs,
        horizon=0.0,
        needed=0.0,
        planned=costs.overkill if options.planned is None else options.planned,
        unit="s",
        seed=task.seed,
    )
    if not any(len(track.at_s) for track in found.tracks):
        raise DataError("no row of these recordings could be judged", where=str(path))
    return replay_machines(found, point, terms, options, task.progress)


@contextmanager
def _store(kit: Kit) -> Iterator[BlobStore]:
    """Where the samples' bytes are meanwhile: in memory those of rows of a table, others in a folder that goes again."""
    if kit.ranking is not None:
        yield MemoryBlobStore()
        return
    with tempfile.TemporaryDirectory(prefix="kit-replay-") as folder:
        yield FolderBlobStore(Path(folder))


def bundle_of(project: Path, given: str) -> tuple[Path, Project | None]:
    """The bundle's file, and the project; None outside of any.

    Raises:
        ConfigError: no project here, and no file is given.
        DataError: there is no such bundle.
    """
    try:
        opened = Project.open(project)
    except ConfigError:
        if given and Path(given).is_file():
            return Path(given), None
        raise
    return opened.bundle_path(given), opened


def learned_by(opened: Project | None, ready: ReadyBundle) -> Dataset | None:
    """The dataset version a bundle learned from; None when it is not here."""
    if opened is None:
        return None
    try:
        return opened.dataset(ready.bundle.manifest.dataset)
    except DataError:
        return None


def _refuse_strange(options: ReplayOptions, kit: Kit) -> None:
    """Options of another kind of work."""
    if options.mail.given and not replays_mails(kit):
        raise UsageError(
            f"--minutes and --hourly are for mails, and this bundle is one of {kit.name}",
            fix="leave them out",
        )
    if options.lead.given and kit.ranking is None:
        raise UsageError(
            "--per-month, --value and --contact are for what waits for people in the order of a score, and this "
            f"bundle is one of {kit.name}",
            fix="leave them out",
        )


def _refuse_options(options: ReplayOptions, kit: Kit) -> None:
    given = {
        "--from": options.from_date, "--to": options.to_date, "--failures": options.failures,
        "--horizon": options.horizon, "--lead": options.needed, "--tune": options.tune,
        "--planned-stop": options.planned is not None, "--timezone": options.zone,
    }  # fmt: skip
    for name, value in given.items():
        if value:
            raise UsageError(
                f"{name} is for bundles that watch machines over time, and this one of {kit.name}"
                " decides each sample by itself",
                fix=f"leave {name} out",
            )


def _of_machines(done: Replayed, heading: Heading) -> Answer:
    return Answer(
        machine_text.line(done),
        tuple(machine_text.rows(done, heading)),
        machine_text.document(done, heading),
        machine_page.page(done, heading),
        machine_text.next_command(done) or _AFTER,
    )


def _of_mails(done: ReplayedMails, heading: Heading, costs: Costs) -> Answer:
    return Answer(
        mail_text.line(done, costs),
        tuple(mail_text.rows(done, heading, costs)),
        mail_text.document(done, heading, costs),
        mail_page.page(done, heading, costs),
        "kit report --open",
    )


def _of_leads(done: ReplayedLeads, heading: Heading, kit: Kit, costs: Costs) -> Answer:
    words, currency = kit.manifest.words, costs.currency
    return Answer(
        lead_text.line(done, words, currency),
        tuple(lead_text.rows(done, heading, words, currency)),
        lead_text.document(done, heading, currency),
        lead_page.page(done, heading, words, currency),
        "kit report --open",
    )


def _of_samples(done: ReplayedSamples, heading: Heading, kit: Kit, costs: Costs) -> Answer:
    words = kit.manifest.words
    return Answer(
        sample_text.line(done, words, costs),
        tuple(sample_text.rows(done, heading, words, costs)),
        sample_text.document(done, heading, costs),
        sample_page.page(done, heading, words, costs),
        "kit report --open",
    )
