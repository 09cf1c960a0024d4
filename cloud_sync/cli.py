"""The `cloud-sync` command: composes the verbs. What they do is in `cloud_sync/commands/`."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud_sync.commands import fleet, hub, learning, people
from kits import __version__
from kits.core import console


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cloud-sync {__version__}")
        raise typer.Exit


def make_app() -> typer.Typer:
    """The program with all its verbs."""
    app = typer.Typer(
        name="cloud-sync",
        help="The hub on the firm's own box: samples, reviews, retraining, rollouts.",
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
        """The hub on the firm's own box: samples, reviews, retraining, rollouts."""

    for verbs in (hub, people, fleet, learning):
        verbs.register(app)
    return app


def main() -> None:
    """Entry point of the `cloud-sync` script."""
    console.run(make_app())
