"""Verbs that make and judge a model: `train`, `evaluate`, `report`. What they do is in the toolchain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kits.toolchain.commands.options import HERE, JsonOption, ProjectOption, QuietOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kits.core.console import Console
    from kits.core.dataset import Dataset, DatasetItem
    from kits.core.kit import Finding
    from kits.toolchain.project import Project
    from kits.toolchain.project_config import Metric
    from kits.toolchain.training import Trained

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a setting for this run; repeatable."),
]


def next_step(warning: Finding | None) -> str:
    """What to do after a run: heed what it warned of, else go on to a device."""
    return warning.fix if warning else "kit compile"


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    app.command()(train)
    app.command()(evaluate)
    app.command()(report)


def train(
    settings: SetOption = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0, …")] = "auto",
    seed: Annotated[int | None, typer.Option(help="Repeats a run; data.seed by default.")] = None,
    note: Annotated[str, typer.Option(help="A sentence to keep with the run.")] = "",
    where: Annotated[str, typer.Option("--on", metavar="ADDRESS", help="Another machine.")] = "",
    mlflow: Annotated[str, typer.Option(metavar="URI", help="Also tell an MLflow server.")] = "",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Learn from the project's data: model, operating point, test figures, bundle, report."""
    from kits.core.console import Console
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project
    from kits.toolchain.training import train_project

    console = Console(as_json, quiet)
    opened = Project.open(project).with_settings(settings or ())
    if mlflow:
        from kits.toolchain.mlflow_export import need_mlflow

        need_mlflow(mlflow)
    trained = train_project(
        opened,
        device=device,
        seed=seed,
        note=note,
        where=where,
        progress=make_progress(console),
    )
    goal = opened.config.metric, opened.config.costs.currency
    if not as_json:  # whatever MLflow says; of JSON there is one document
        _tell(console, trained, *goal)
    if mlflow:
        from kits.toolchain.mlflow_export import export_run

        export_run(trained.run_dir, mlflow)
    if as_json:
        _tell(console, trained, *goal)


def _tell(console: Console, trained: Trained, wanted: Metric, currency: str) -> None:
    from kits.core.bundle import open_file
    from kits.toolchain.evaluation import headline
    from kits.toolchain.goal import standing
    from kits.toolchain.worth import figure_text

    line = headline(trained.metrics, trained.goal, trained.dataset, trained.seed, currency)
    warning = trained.warning
    console.answer(f"{warning.text}\n{line}" if warning else line, trained.as_json())
    if wanted.target is not None and trained.goal in trained.metrics:
        name, found = wanted.name or trained.goal, trained.metrics[trained.goal]
        if name == trained.goal:
            stands = f"{standing(name, wanted.target, found)}: {found.value:.4g}"
        else:
            stands = "nothing here to measure it on"
        console.note(f"target for {name}: {wanted.target:g}, {stands}")
    for name, estimate in trained.baseline.items():
        if name != trained.goal and name in trained.metrics:
            console.note(f"{name} {figure_text(name, trained.metrics[name], currency)}")
        console.note(f"without learning: {name} {figure_text(name, estimate, currency)}")
    for licence in trained.licences:
        console.note(f"licence: {licence.part} from {licence.source}: {licence.licence}")
    for text in (*trained.notes, *trained.details):
        if warning is None or text != warning.text:
            console.note(f"note: {text}")
    point = open_file(trained.bundle).operating_point
    if point.guarantee:
        console.note(f"thresholds: {point.guarantee}")
    elif point.bound is not None:
        console.note(f"thresholds: none: {point.method.partition('; ')[2]}")
    console.note(f"report: {trained.run_dir / 'report.html'}")
    console.next(next_step(warning))


def evaluate(
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Outside data, like what was imported.")
    ] = None,
    run: Annotated[str, typer.Option(metavar="ID", help="The bundle of this run.")] = "",
    bundle: Annotated[str, typer.Option(metavar="PATH", help="This bundle.")] = "",
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    data_format: Annotated[str, typer.Option("--format", help="Format of --data.")] = "auto",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Judge a bundle on a split of the data, or on data the project does not hold."""
    from kits import load_bundle
    from kits.core.console import Console
    from kits.core.dataset import SPLITS
    from kits.core.errors import UsageError, did_you_mean
    from kits.toolchain import evaluation
    from kits.toolchain.goal import goal_metric
    from kits.toolchain.grouping import as_grouped
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project
    from kits.toolchain.runs import warning_of
    from kits.toolchain.worth import figure_text

    console = Console(as_json, quiet)
    wanted = next((name for name in SPLITS if name == split), None)
    if wanted is None:
        raise UsageError(f"no split {split!r}", fix=did_you_mean(split, SPLITS))
    if run and bundle:
        raise UsageError("--run and --bundle both name the bundle", fix="give one of them")
    opened = Project.open(project)
    path = opened.run_dir(run) / "bundle.kwb" if run else opened.bundle_path(bundle)
    ready = load_bundle(path)
    seed, notes = ready.bundle.manifest.seed, list[str]()
    if data is None:
        dataset = opened.dataset()
        chosen, remark = evaluation.judged_split(dataset, wanted)
        items = dataset.of(chosen)
        notes += [remark] if remark else []
    else:
        dataset, notes = evaluation.read_outside(
            opened.kit,
            data,
            seed=seed,
            format=data_format,
            config=opened.kit_config,
            learned=ready.bundle.manifest.config,
        )
        dataset = as_grouped(dataset, opened.config.data.group_by)
        dataset = _as_known(opened, ready.bundle.manifest.dataset, dataset)
        items = dataset.items
        notes += _leakage(opened, ready.bundle.manifest.dataset, items)
    judged = evaluation.evaluate_ready(
        opened.kit,
        ready,
        dataset,
        items,
        costs=opened.config.costs,
        seed=seed,
        progress=make_progress(console),
    )
    document = evaluation.evaluation_json(judged, notes, ready.id)
    currency = opened.config.costs.currency
    goal = goal_metric(opened, judged.metrics)
    line = evaluation.headline(judged.metrics, goal, judged.dataset, judged.seed, currency)
    console.answer(line, document)
    for name, estimate in judged.metrics.items():
        console.note(f"  {name:<18} {figure_text(name, estimate, currency)}  n={estimate.n}")
    for text in (*judged.notes, *notes, *judged.details):
        console.note(f"note: {text}")
    warning = warning_of(opened.runs_dir, ready.bundle.manifest.run)
    if warning is not None:
        console.note(f"note: {warning.text}")
    console.next("kit report --open" if data is None else next_step(warning))


def _as_known(opened: Project, trained_on: str, dataset: Dataset) -> Dataset:
    """Outside data under the ids it was learned under, for kits that remember what they said of it before."""
    from kits.core.errors import DataError
    from kits.toolchain.known_again import as_known

    if not opened.kit.manifest.ranked:
        return dataset
    try:
        return as_known(dataset, opened.dataset(trained_on))
    except DataError:
        # the note on leakage says that the version is not here
        return dataset


def _leakage(opened: Project, trained_on: str, items: Sequence[DatasetItem]) -> list[str]:
    """The leakage note, or that it was not looked for; that ids of the training stand for others here."""
    from kits.core.errors import DataError
    from kits.toolchain.evaluation import leakage_note
    from kits.toolchain.known_again import counted_anew

    try:
        dataset = opened.dataset(trained_on)
    except DataError:
        return ["leakage was not checked: the dataset version of the training is not here"]
    if not opened.kit.manifest.ranked:
        return list(filter(None, [leakage_note(items, dataset)]))
    others = counted_anew(items, dataset)
    said = (
        f"{others} of these samples have an id that was learned from, and tell other things than it did: taken for others, as where "
        "each file counts its own from one"
    )
    return [*([said] if others else []), *filter(None, [leakage_note(items, dataset, named=True)])]


def report(
    run: Annotated[str, typer.Option(metavar="ID", help="The newest run by default.")] = "",
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    mlflow: Annotated[str, typer.Option(metavar="URI", help="Also tell an MLflow server.")] = "",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the report of a run again: one HTML file that needs nothing else, and its figures."""
    from kits.core.console import Console
    from kits.toolchain.project import Project
    from kits.toolchain.report.build import write_report
    from kits.toolchain.runs import read_run

    console = Console(as_json, quiet)
    opened = Project.open(project)
    folder = opened.run_dir(run)
    path = write_report(opened, folder)
    if mlflow:
        from kits.toolchain.mlflow_export import export_run, need_mlflow

        need_mlflow(mlflow)
        export_run(folder, mlflow)
    console.answer(
        str(path),
        {"run": folder.name, "html": str(path), "json": str(path.with_suffix(".json"))},
    )
    if show:
        typer.launch(path.resolve().as_uri())
    warning = read_run(folder).warning
    if warning is not None:
        console.note(f"note: {warning.text}")
    console.next(next_step(warning))
