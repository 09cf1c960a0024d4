"""A word that is no command of the three programs: the one that may be meant is named, else all that are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cloud_sync.cli import make_app as make_hub_app
from edge_agent.cli import app as agent_app
from kits.cli import make_app as make_kit_app

APPS = {"kit": make_kit_app(), "cloud-sync": make_hub_app(), "edge-agent": agent_app}


def families(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each group of commands of a program, with the names that its help shows."""
    yield path, [name for name, one in group.commands.items() if not one.hidden]
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from families(one, *path, name)


@pytest.mark.parametrize("program", APPS)
def test_a_word_that_is_close_to_nothing_is_answered_with_all_commands(program: str) -> None:
    app = APPS[program]
    for path, names in families(typer.main.get_command(app)):
        said = CliRunner().invoke(app, [*path, "qqqqq"])
        assert said.exit_code == 2
        assert f"'qqqqq'; known: {', '.join(sorted(names))}" in said.output, (program, path)


@pytest.mark.parametrize(
    ("program", "words", "meant"),
    [
        ("kit", ["trian"], "train"),
        ("kit", ["data", "imprt"], "import"),
        ("cloud-sync", ["crm", "tst"], "test"),
        ("edge-agent", ["mail", "gaet"], "gate"),
    ],
)
def test_of_a_misspelt_command_the_right_one_is_named(
    program: str, words: list[str], meant: str
) -> None:
    said = CliRunner().invoke(APPS[program], words)
    assert said.exit_code == 2 and f"did you mean {meant!r}?" in said.output


def test_a_misspelt_option_names_the_right_one() -> None:
    said = CliRunner().invoke(APPS["kit"], ["predict", "--jsn", "x"])
    assert said.exit_code == 2 and "--json" in said.output
