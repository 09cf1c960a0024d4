"""Writes the generated pages of `docs/reference` from the programs themselves.

`python -m kits.toolchain.reference` writes, `--check` only says whether they are up to date. The
other programs are looked up by name, so the toolchain depends on none of them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

import typer
from pydantic import BaseModel, JsonValue

from kits.core import console
from kits.core.discovery import find_kits
from kits.core.errors import DataError, GateError
from kits.core.files import write_atomically
from kits.toolchain import reference_tables
from kits.toolchain.described import describe_keys
from kits.toolchain.project_config import ProjectConfig
from kits.toolchain.reference_alerts import render_alerts
from kits.toolchain.reference_environment import render_environment

PROGRAMS = (("kit", "kits.cli"), ("edge-agent", "edge_agent.cli"), ("cloud-sync", "cloud_sync.cli"))
CONFIGS = (
    ("agent.yaml", "edge_agent.config:AgentConfig", "the agent on the device"),
    ("hub.yaml", "cloud_sync.config:HubConfig", "the hub"),
)
_NOTE = "<!-- made by `make docs`; do not edit -->\n"


class Parameter(Protocol):
    """What is read of a command's parameter."""

    name: str | None
    opts: list[str]
    secondary_opts: list[str]
    required: bool
    multiple: bool
    hidden: bool
    param_type_name: str
    help: str | None
    default: Any


class Command(Protocol):
    """What is read of a command."""

    name: str | None
    help: str | None
    hidden: bool
    params: list[Parameter]


def render_cli() -> str:
    """`cli.md`."""
    parts = ["# Command line\n", _NOTE]
    parts.append(
        "Exit codes of all programs: 0 ok · 1 failed · 2 usage · 3 configuration or data · "
        "4 environment · 5 unreachable · 6 gate not met · 128 + its number: ended by a signal (130: Ctrl-C, 143: SIGTERM).\n\n"
        "Options follow the verb: `kit check -C DIR`. Some may come from the environment: "
        "[variables](environment.md).\n"
    )
    for program, module in PROGRAMS:
        parts.extend(_command(program, _root(module), level=2))
    return "\n".join(parts)


def render_config() -> str:
    """`config.md`."""
    parts = ["# Configuration files\n", _NOTE]
    parts.append("Unknown keys are errors. Defaults are shown as JSON.\n")
    parts += ["## `kit.yaml`: a project\n", _table(ProjectConfig)]
    for name, kit in find_kits().kits.items():
        if kit.package.startswith("kits."):
            parts.append(f"### `model` of the kit `{name}`\n")
            parts.append(_table(kit.config_model, "model."))
    for file, where, what in CONFIGS:
        module, _, attribute = where.partition(":")
        model = cast(type[BaseModel], getattr(importlib.import_module(module), attribute))
        parts += [f"## `{file}`: {what}\n", _table(model)]
    return "\n".join(parts)


def pages(root: Path) -> dict[Path, str]:
    """Path → content of the generated pages below the repository `root`."""
    folder = root / "docs" / "reference"
    tables = {folder / name: render() for name, render in reference_tables.PAGES.items()}
    return {
        folder / "cli.md": render_cli(),
        folder / "config.md": render_config(),
        folder / "alerts.md": render_alerts(),
        folder / "environment.md": render_environment(),
        **tables,
    }


def outdated(root: Path) -> list[Path]:
    """The pages whose files differ from what the programs say."""
    return [
        path
        for path, text in pages(root).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def _root(module: str) -> Command:
    loaded = importlib.import_module(module)
    make = getattr(loaded, "make_app", None)
    app: typer.Typer = make() if make else loaded.app
    return cast(Command, typer.main.get_command(app))


def _command(path: str, command: Command, level: int) -> Iterator[str]:
    """A command and its sub-commands, depth first."""
    if command.hidden:
        return
    yield f"{'#' * level} `{path}`\n"
    yield f"{(command.help or '').strip()}\n"
    rows = [row for parameter in command.params if (row := _parameter(parameter))]
    if rows:
        yield "| argument | meaning | default |\n|---|---|---|"
        yield "\n".join(rows) + "\n"
    children: dict[str, Command] = getattr(command, "commands", {})
    for name, child in children.items():
        yield from _command(f"{path} {name}", child, level=min(level + 1, 4))


def _parameter(parameter: Parameter) -> str:
    if parameter.name == "help" or getattr(parameter, "hidden", False):
        return ""
    if parameter.param_type_name == "argument":
        metavar = getattr(parameter, "metavar", None) or (parameter.name or "").upper()
        shown = f"{metavar}…" if getattr(parameter, "nargs", 1) == -1 else metavar
    else:
        shown = ", ".join([*parameter.opts, *parameter.secondary_opts])
    help_ = getattr(parameter, "help", None) or ""
    return f"| `{shown}` | {_cell(help_)} | {_cell(_default(parameter))} |"


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if value is None or value is False or value in ("", [], ()) or callable(value):
        return ""
    if type(value).__name__ == "Sentinel":
        return ""
    return f"`{value}`"


def _table(model: type[BaseModel], prefix: str = "") -> str:
    rows = [
        f"| `{row.key}` | {_cell(row.description)} | "
        + (f"`{_cell(row.default)}` |" if row.default else " |")
        for row in describe_keys(model, prefix)
    ]
    return "\n".join(["| key | meaning | default |", "|---|---|---|", *rows]) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: list[str]) -> None:
    """Writes the pages, or with `--check` says whether they are up to date.

    Raises:
        DataError: there is no docs folder.
        GateError: `--check`, and a page is out of date.
    """
    root = Path(__file__).parents[2]
    if not (root / "docs").is_dir():
        raise DataError("there is no docs folder beside the package", where=str(root))
    stale = [path.relative_to(root).as_posix() for path in outdated(root)]
    if "--check" in arguments and stale:
        raise GateError("the reference is out of date", where=", ".join(stale), fix="make docs")
    for path, text in pages(root).items():
        write_atomically(path, text.encode())
    console.Console().answer(f"{len(stale)} pages changed", list[JsonValue](stale))


if __name__ == "__main__":
    console.run(lambda: main(sys.argv[1:]))
