"""The verb `tune`: thresholds by what the project says now, without training anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kits.toolchain.commands.model import SetOption, next_step
from kits.toolchain.commands.options import HERE, JsonOption, ProjectOption, QuietOption

if TYPE_CHECKING:
    from kits.core.console import Console
    from kits.core.stats import Estimate
    from kits.core.tuning import Change
    from kits.toolchain.tuning import Tuned


def register(app: typer.Typer) -> None:
    """Adds the verb to `app`."""
    app.command()(tune)


def tune(
    settings: SetOption = None,
    run: Annotated[
        str, typer.Option(metavar="ID", help="The model of this run; the newest by default.")
    ] = "",
    note: Annotated[str, typer.Option(help="A sentence to keep with the run.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")
    ] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Choose the thresholds by what kit.yaml says now, without training: capacity, costs, and what they change in money."""
    from kits.core.console import Console
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project
    from kits.toolchain.tuning import tune_project

    console = Console(as_json, quiet)
    opened = Project.open(project).with_settings(settings or ())
    tuned = tune_project(opened, run=run, note=note, dry=dry_run, progress=make_progress(console))
    console.answer(tuned.changes.headline, tuned.as_json())
    for key, (old, new) in tuned.set.items():
        console.note(f"{key}: {old} → {new}")
    for one in tuned.changes.figures:
        console.note(_row(one))
    for text in tuned.notes:
        console.note(f"note: {text}")
    _end(tuned, settings or (), console)


def _end(tuned: Tuned, settings: list[str] | tuple[str, ...], console: Console) -> None:
    import shlex

    from kits.toolchain.runs import read_run

    if tuned.bundle is None:
        words = ["kit", "tune", *(word for one in settings for word in ("--set", one))]
        console.note("nothing was written")
        console.next(shlex.join(words))
        return
    console.note(f"report: {tuned.bundle.parent / 'report.html'}")
    console.next(next_step(read_run(tuned.bundle.parent).warning))


def _row(one: Change) -> str:
    share = not one.unit
    before, after = (_text(figure, share=share) for figure in (one.before, one.after))
    apart = f"{_text(one.apart, share=share, sign='+')} {one.unit}".rstrip()
    return f"  {one.name:<17} {before} → {after}: {apart}"


def _text(one: Estimate, *, share: bool, sign: str = "") -> str:
    def figure(value: float) -> str:
        return f"{value:{sign}.1%}" if share else f"{value:{sign},.0f}"

    if one.low == one.high:
        return figure(one.value)
    return f"{figure(one.value)} [{figure(one.low)}, {figure(one.high)}]"
