"""What the three command-line programs have in common: their help, `-h`, `--version`.

How a command answers and fails is in `kits.core.console`, which needs no typer.
"""

from __future__ import annotations

from typing import Annotated

import typer

from kits import __version__


def make_program(name: str, about: str) -> typer.Typer:
    """An app without verbs yet.

    Args:
        name: of the command.
        about: one sentence for `--help`.
    """
    app = typer.Typer(
        name=name,
        help=about,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    def print_version(wanted: bool) -> None:
        if wanted:
            typer.echo(f"{name} {__version__}")
            raise typer.Exit

    def root(version: bool = False) -> None:
        """Options of the program itself."""

    # built here and not as an annotation: typer reads annotations by name, outside this function
    option = typer.Option("--version", callback=print_version, is_eager=True)
    root.__annotations__["version"] = Annotated[bool, option]
    app.callback(help=about)(root)
    return app
