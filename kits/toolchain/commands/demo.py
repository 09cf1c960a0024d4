"""`kit demo`: the whole circle on this machine, on generated data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kits.toolchain.commands.options import JsonOption


def register(app: typer.Typer) -> None:
    """Adds the verb to `app`."""
    app.command("demo")(demo)


def demo(
    kit: Annotated[str, typer.Argument(help="which kit to show")] = "visual-inspection",
    folder: Annotated[Path, typer.Option("--dir", help="where everything is put")] = Path(
        "demo-run"
    ),
    seed: Annotated[int, typer.Option(help="seed of data and training")] = 7,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="leave hub and agent or CRM running, print the page's address"),
    ] = False,
    short: Annotated[
        bool,
        typer.Option(
            "--short",
            help="leave out what the kit shows beside the circle, e.g. the detector (needs extra yolo)",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the whole circle on this machine, on generated data.

    Scaffold, check, train, evaluate, compile; start a hub, enroll a device, run a line, review
    what it kept, retrain, and roll the better model out. Nothing leaves this machine.
    """
    from kits.toolchain.demo import run_demo

    run_demo(kit, folder, seed=seed, keep=keep, short=short, as_json=as_json)
