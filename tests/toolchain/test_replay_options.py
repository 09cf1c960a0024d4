"""`kit replay --help` says whose bundles take an option, and a bundle of another kit refuses it."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
import typer.core
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.errors import UsageError
from kits.toolchain.project import Project
from kits.toolchain.training import Trained

GIVEN = {
    "--from": "2026-01-01", "--to": "2026-02-01", "--failures": "failed.csv", "--lead": "8h", "--horizon": "7d",
    "--timezone": "Europe/Berlin", "--planned-stop": "0", "--tune": "", "--minutes": "2", "--hourly": "30", "--per-month": "10", "--value": "500",
    "--contact": "20",
}  # fmt: skip
FOR_ALL = {
    "--bundle", "--report", "--format", "--project", "-C", "--json", "--quiet", "-q", "--help", "-h"
}  # fmt: skip


def helps() -> dict[str, str]:
    """Option of `kit replay` → its line of help."""
    command = typer.main.get_command(make_app())
    assert isinstance(command, typer.core.TyperGroup)
    options = [
        one for one in command.commands["replay"].params if isinstance(one, typer.core.TyperOption)
    ]
    return {name: one.help or "" for one in options for name in one.opts}


@pytest.mark.parametrize("option", GIVEN)
def test_an_option_of_some_kits_says_whose_and_others_refuse_it(
    option: str, trained: tuple[Project, Trained], dots_folder: Path
) -> None:
    assert helps()[option].partition(": ")[0] in ("Machines", "Mails", "Leads")
    words = ["replay", str(dots_folder), "-C", str(trained[0].root), option]
    done = CliRunner().invoke(make_app(), words + [GIVEN[option]] * bool(GIVEN[option]))
    assert isinstance(done.exception, UsageError) and option in str(done.exception)


def test_all_other_options_are_for_every_kit() -> None:
    assert set(helps()) - set(GIVEN) <= FOR_ALL
    assert not any(
        ": " in text for name, text in helps().items() if name in FOR_ALL - {"-C", "--project"}
    )
