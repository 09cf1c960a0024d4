"""The verb `label`: labels by hand, the most telling samples first, in the terminal or on a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kits.core.console import Console, account_name
from kits.toolchain.commands.options import HERE, JsonOption, ProjectOption, QuietOption

if TYPE_CHECKING:
    from kits.toolchain.labelling.applying import Applied
    from kits.toolchain.labelling.desk import Desk


def register(app: typer.Typer) -> None:
    """Adds the verb to `app`."""
    app.command()(label)


def label(
    page: Annotated[bool, typer.Option("--page", help="On a local web page.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the page; 0 takes a free one.")
    ] = 0,
    author: Annotated[str, typer.Option(metavar="NAME", help="Who labels; your login.")] = "",
    per_round: Annotated[
        int, typer.Option("--round", min=1, max=1000, help="Samples before the curve is shown.")
    ] = 50,
    apply: Annotated[
        bool, typer.Option("--apply", help="Only make a dataset version of what was said.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write a round for labelling elsewhere.")
    ] = None,
    import_: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE.csv", help="Take such a file's labels in."),
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OLD=NEW", help="Another name for a label, or two made one; repeatable."
        ),
    ] = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Label samples by hand, the ones that teach most first; `--json` says how far it is."""
    from kits.toolchain.labelling.applying import apply as make_version
    from kits.toolchain.labelling.desk import Desk
    from kits.toolchain.labelling.wanted import next_command
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    desk = Desk(Project.open(project), author or account_name() or "unknown")
    if export is not None:
        _export(desk, export, per_round, console)
    elif import_ is not None:
        _import(desk, import_, console)
    elif rename:
        _rename(desk, rename, console)
    elif apply:
        _answer(make_version(desk.project, desk.journal), console)
    elif as_json and not page:
        console.answer("", desk.as_json(per_round))
        return
    else:
        _by_hand(desk, per_round, console, port if page else None)
    if export is not None:
        console.next(f"kit label --import {export}")
    else:
        console.next(next_command(desk.project, desk.project.dataset(), "kit train"))


def _by_hand(desk: Desk, per_round: int, console: Console, port: int | None) -> None:
    from kits.toolchain.labelling import terminal

    if port is None:
        terminal.require_terminal()
    with desk.journal.writing():
        if port is None:
            end = terminal.run(lambda: desk.sit(per_round), desk.finish)
        else:
            from kits.toolchain.labelling.page.server import serve

            def tell(text: str) -> None:
                # nobody can label at an address that was not said
                typer.echo(text, err=console.as_json or console.quiet)

            end = serve(desk, per_round, port, tell)
    console.answer(end.line, desk.as_json(per_round) if console.as_json else {})
    for row in end.rows:
        console.note(row)


def _answer(done: Applied, console: Console) -> None:
    absent = f"; {done.absent} statements are on samples it does not have" if done.absent else ""
    console.answer(
        f"dataset {done.dataset.id[:12]}: {done.changed} labels are new{absent}",
        {"dataset": done.dataset.id, "changed": done.changed, "absent": done.absent},
    )


def _export(desk: Desk, path: Path, n: int, console: Console) -> None:
    from kits.core.files import write_atomically
    from kits.toolchain.labelling.tables import Row, write_table

    sitting = desk.sit(n)
    rows = []
    while (task := sitting.task()) is not None:
        rows.append(Row(task.item, task.shown, task.guess.label))
        sitting.place += 1
    write_atomically(path, write_table(rows))
    console.answer(
        f"{len(rows)} samples written to {path}; fill in its column `label`",
        {"file": str(path), "n": len(rows)},
    )


def _import(desk: Desk, path: Path, console: Console) -> None:
    from kits.core.sample import utc_now
    from kits.toolchain.labelling.applying import apply as make_version
    from kits.toolchain.labelling.tables import read_table

    stated = desk.journal.standing().stated
    # the whole table is read before anything of it is kept: a wrong line changes nothing
    entries = list(read_table(path.read_bytes(), desk.dataset, stated, desk.author, utc_now))
    with desk.journal.writing():
        for entry in entries:
            desk.journal.append(entry)
    done = make_version(desk.project, desk.journal)
    console.answer(
        f"{len(entries)} labels taken in; dataset {done.dataset.id[:12]}",
        {"file": str(path), "taken": len(entries), "dataset": done.dataset.id},
    )


def _rename(desk: Desk, pairs: list[str], console: Console) -> None:
    from kits.core.sample import utc_now
    from kits.toolchain.labelling.applying import apply as make_version
    from kits.toolchain.labelling.renaming import names_of, renamed
    from kits.toolchain.labelling.rounds import with_statements

    names = names_of(pairs)
    with desk.journal.writing():
        known = with_statements(desk.dataset, desk.journal.standing())
        entries = list(renamed(known, names, desk.author, utc_now))
        for entry in entries:
            desk.journal.append(entry)
    done = make_version(desk.project, desk.journal) if entries else None
    dataset = done.dataset if done else desk.dataset
    console.answer(
        f"{len(entries)} with another label; dataset {dataset.id[:12]}",
        {"renamed": len(entries), "dataset": dataset.id},
    )
