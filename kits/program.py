"""What the three command-line programs have in common: help, `-h`, `--version`, usage errors, families of verbs.

How a command answers and fails is in `kits.core.console`, which needs no typer.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from kits import __version__
from kits.core.errors import UsageError, did_you_mean

# newer typers carry click inside, older ones need it beside them: this is its error in both
_CLICK_ERROR = cast(type[Exception], typer.BadParameter.__mro__[2])


class _Family(TyperGroup):
    """Verbs that are named where a word is none of them: the one that is meant, else all."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb and what is left of the words; typer's complaint says which there are."""
        try:
            return super().resolve_command(ctx, args)
        except _CLICK_ERROR as error:
            if not args or args[0] in self.commands or args[0].startswith("-"):
                raise
            there = [name for name, verb in self.commands.items() if not verb.hidden]
            said = cast(typer.BadParameter, error)
            said.message = f"No such command {args[0]!r}; {did_you_mean(args[0], there)}"
            raise


class _Program(_Family):
    """A program whose usage errors are one JSON document too when `--json` was asked for."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs it. Raises UsageError: called wrongly, and `--json` is among the words."""
        name = prog_name or self.name
        if not standalone_mode or "--json" not in sys.argv:
            return super().main(
                args, name, complete_var, standalone_mode, windows_expand_args, **extra
            )
        try:
            code = super().main(args, name, complete_var, False, windows_expand_args, **extra)
        except _CLICK_ERROR as error:
            said = cast(typer.BadParameter, error)
            where = said.ctx.command_path if said.ctx else self.name or ""
            raise UsageError(said.format_message(), where=where, fix=f"{where} --help") from None
        except typer.Abort:
            typer.echo("Aborted.", err=True)
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


def make_program(name: str, about: str) -> typer.Typer:
    """An app without verbs yet.

    Args:
        name: of the command.
        about: one sentence for `--help`.
    """
    app = typer.Typer(
        name=name,
        cls=_Program,
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


def make_family(about: str) -> typer.Typer:
    """A group of verbs of a program, without verbs yet.

    Args:
        about: one sentence for `--help`.
    """
    return typer.Typer(cls=_Family, help=about, no_args_is_help=True, rich_markup_mode=None)
