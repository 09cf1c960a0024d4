"""Verbs around projects: `list`, `new`, `update`, `config show`, `runs …`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from kits.core.console import Console
from kits.program import make_family
from kits.toolchain.commands.options import HERE, JsonOption, ProjectOption, QuietOption

_ERROR = 80
"""Signs of what went wrong in a line of `runs list`; `runs show` has all of it."""


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    app.command("list")(list_kits)
    app.command()(new)
    app.command()(update)
    config = make_family("The project's configuration.")
    config.command("show")(config_show)
    app.add_typer(config, name="config")
    runs = make_family("Runs: what was trained, from what, with which result.")
    runs.command("list")(runs_list)
    runs.command("show")(runs_show)
    runs.command("compare")(runs_compare)
    app.add_typer(runs, name="runs")


def list_kits(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Kits found on this machine, and what they need."""
    from kits.core.discovery import find_kits

    console = Console(as_json, quiet)
    found = find_kits()
    lines = [f"{len(found.kits)} kits" + (f", {len(found.broken)} broken" if found.broken else "")]
    for kit in found.kits.values():
        manifest = kit.manifest
        lines += [
            f"  {manifest.name} ({manifest.tier}): {manifest.task}",
            f"    needs: pip install 'kitwright[{','.join(manifest.extras)}]'; {manifest.hardware}",
            f"    reads: {', '.join(manifest.formats)}; measures: {', '.join(manifest.metrics)}",
        ]
    lines += [f"  {broken.name} is broken: {broken.reason}" for broken in found.broken]
    console.answer(
        "\n".join(lines),
        {
            "kits": [kit.manifest.model_dump(mode="json") for kit in found.kits.values()],
            "broken": [{"name": b.name, "reason": b.reason} for b in found.broken],
        },
    )
    console.next("kit new KIT DIR")


def new(
    kit: Annotated[str, typer.Argument(help="A kit of `kit list`, or plugin-kit for your own.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the project.")],
    data: Annotated[Path | None, typer.Option(help="Import this folder or file as well.")] = None,
    answer: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Answers a question; repeatable.")
    ] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing.")] = False,
    format_: Annotated[str, typer.Option("--format", help="Format of --data.")] = "auto",
    only: Annotated[
        Path | None, typer.Option(help="Text file with the training samples to take of --data.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a project, and import its data when given."""
    from kits.toolchain.scaffold import PLUGIN, parse_answers
    from kits.toolchain.scaffold import new as make

    console = Console(as_json, quiet)
    ask = not defaults and not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    if data is not None:
        _require_path(data)
    files = make(kit, folder, parse_answers(answer or []), ask=ask, tell=_tell)
    document: dict[str, object] = {"kit": kit, "folder": str(folder.resolve()), "files": files}
    text = f"made {folder} for {kit} ({len(files)} files)"
    if data is not None and kit != PLUGIN:
        from kits.core.errors import KitwrightError
        from kits.toolchain.commands.data import report_json, report_text
        from kits.toolchain.importing import ImportOptions, import_data
        from kits.toolchain.progress import make_progress
        from kits.toolchain.project import Project

        options = ImportOptions(format=format_, only=only)
        try:
            report = import_data(Project.open(folder), data, options, make_progress(console))
        except KitwrightError as error:
            # the same command again would only say that the folder is not empty
            made = f"the project is made: kit data import PATH -C {folder}"
            error.fix = f"{error.fix}; {made}" if error.fix else made
            raise
        document["data"] = report_json(report)
        text += "\n" + report_text(report)
    console.answer(text, document)  # type: ignore[arg-type]  # built from JSON values above
    if kit == PLUGIN:
        console.next(f"pip install -e {shlex.quote(str(folder))} && kit list")
    else:
        verb = "check" if data is not None else "data import PATH"
        console.next(f"cd {shlex.quote(str(folder))} && kit {verb}")


def _tell(text: str) -> None:
    typer.echo(f"error: {text}", err=True)


def _require_path(path: Path) -> None:
    from kits.core.errors import DataError

    if not path.exists():
        raise DataError("there is nothing here", where=str(path), fix="check the path of --data")


def update(
    project: ProjectOption = HERE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, change nothing.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Bring what the template has changed since `kit new`."""
    from kits.toolchain.project import Project
    from kits.toolchain.scaffold import update as bring

    console = Console(as_json, quiet)
    root = Project.open(project).root
    changes = bring(root, dry_run=dry_run)
    verb = "would change" if dry_run else "changed"
    lines = [f"{len(changes)} files {verb}" if changes else "nothing to update"]
    lines += [
        f"  {c.change:9} {c.path}"
        + (f"  (yours is kept; see {c.path}.new)" if c.change == "conflict" else "")
        for c in changes
    ]
    console.answer(
        "\n".join(lines),
        {"dry_run": dry_run, "changes": [{"path": c.path, "change": c.change} for c in changes]},
    )
    console.next("kit check")


def config_show(
    project: ProjectOption = HERE,
    describe: Annotated[
        bool, typer.Option("--describe", help="Every key with its default and meaning.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """The project's kit.yaml with all defaults."""
    import yaml

    from kits.toolchain.described import describe_keys
    from kits.toolchain.project import Project
    from kits.toolchain.project_config import ProjectConfig

    console = Console(as_json, quiet)
    opened = Project.open(project)
    if describe:
        rows = [*describe_keys(ProjectConfig), *describe_keys(type(opened.kit_config), "model.")]
        text = "\n".join(f"{r.key} (default {r.default}): {r.description}" for r in rows)
        console.answer(
            text, [{"key": r.key, "default": r.default, "description": r.description} for r in rows]
        )
        return
    value = opened.config.model_dump(mode="json")
    value["model"] = opened.kit_config.model_dump(mode="json")
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True).rstrip()
    console.answer(f"# {opened.root / 'kit.yaml'} with defaults\n{text}", value)


def runs_list(
    project: ProjectOption = HERE,
    kind: Annotated[str, typer.Option(help="Only runs of this kind (train, tune, …).")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Runs, newest first."""
    from kits.toolchain.project import Project
    from kits.toolchain.tracking import list_runs
    from kits.toolchain.worth import figure_text

    console = Console(as_json, quiet)
    opened = Project.open(project)
    records, currency = list_runs(opened, kind, limit), opened.config.costs.currency
    lines = [f"{len(records)} runs"]
    for run in records:
        took = f"{run.duration_s:.0f} s" if run.duration_s is not None else "-"
        first = list(run.metrics.items())[:3]
        figures = ", ".join(f"{name} {figure_text(name, one, currency)}" for name, one in first)
        told = figures or " ".join(run.error.split())[:_ERROR]
        lines.append(f"  {run.id}  {run.state:8} {took:>7}  data {run.dataset[:12]}  {told}")
    console.answer("\n".join(lines), [run.model_dump(mode="json") for run in records])
    console.next("kit runs show RUN" if records else "kit train")


def runs_show(
    run: Annotated[str, typer.Argument(help="First characters of its name; empty: newest.")] = "",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Everything a run was made from, and its figures."""
    import yaml

    from kits.toolchain.project import Project
    from kits.toolchain.run_life import look_at

    console = Console(as_json, quiet)
    record = look_at(Project.open(project).run_dir(run))
    value = record.model_dump(mode="json")
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True).rstrip()
    why = f": {record.error}" if record.error else ""
    console.answer(f"run {record.id}: {record.state}{why}\n{text}", value)
    # a run that made none has no bundle to judge
    console.next(f"kit evaluate --run {record.id}" if record.bundle else f"kit {record.kind}")


def runs_compare(
    first: Annotated[str, typer.Argument(help="A run.")],
    second: Annotated[str, typer.Argument(help="Another run.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """What differs between two runs: settings, data, packages, figures."""
    from kits.toolchain.project import Project
    from kits.toolchain.runs import compare_runs, read_run

    console = Console(as_json, quiet)
    opened = Project.open(project)
    one, two = (read_run(opened.run_dir(name)) for name in (first, second))
    rows = compare_runs(one, two)
    lines = [f"{len(rows)} differences between {one.id} and {two.id}"]
    lines += [f"  {key}: {before} -> {after}" for key, before, after in rows]
    if one.dataset != two.dataset:
        lines.append("figures of different dataset versions must not be compared; use kit compare")
    console.answer(
        "\n".join(lines),
        {
            "first": one.id,
            "second": two.id,
            "same_dataset": one.dataset == two.dataset,
            "differences": [{"key": k, "first": a, "second": b} for k, a, b in rows],
        },
    )
