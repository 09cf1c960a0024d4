"""The `kit` command: composes the verbs. What they do is in `kits/toolchain/commands/`."""

from __future__ import annotations

import os

import typer

from kits.core import console
from kits.program import make_program
from kits.toolchain.commands import (
    bundle,
    check,
    data,
    demo,
    doctor,
    key,
    label,
    model,
    predict,
    project,
    publish,
    replay,
    tune,
)


def make_app() -> typer.Typer:
    """The program with all its verbs."""
    app = make_program(
        "kit", "From a folder of your own data to a model that acts, and keeps being right."
    )
    for family in (
        project,
        data,
        label,
        check,
        model,
        tune,
        replay,
        bundle,
        predict,
        publish,
        key,
        demo,
        doctor,
    ):
        family.register(app)
    return app


def main() -> None:
    """Entry point of the `kit` script."""
    # processes that it starts import nothing from the folder somebody is in: that may be a stranger's project
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    console.run(make_app())


if __name__ == "__main__":  # where no script was installed beside the interpreter
    main()
