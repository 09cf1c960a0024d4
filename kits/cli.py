"""The `kit` command: composes the verbs. What they do is in `kits/toolchain/commands/`."""

from __future__ import annotations

from typing import Annotated

import typer

from kits import __version__
from kits.core import console
from kits.toolchain.commands import bundle, check, data, demo, doctor, model, project, publish


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kit {__version__}")
        raise typer.Exit


def make_app() -> typer.Typer:
    """The program with all its verbs."""
    app = typer.Typer(
        name="kit",
        help="From a folder of your own data to a model that acts, and keeps being right.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def root(
        version: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True)
        ] = False,
    ) -> None:
        """From a folder of your own data to a model that acts, and keeps being right."""

    for family in (project, data, check, model, bundle, publish, demo, doctor):
        family.register(app)
    return app


def main() -> None:
    """Entry point of the `kit` script."""
    console.run(make_app())
