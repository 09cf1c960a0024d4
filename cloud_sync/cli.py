"""The `cloud-sync` command: composes the verbs. What they do is in `cloud_sync/commands/`."""

from __future__ import annotations

import typer

from cloud_sync.commands import (
    broker,
    cases,
    crm,
    fleet,
    hub,
    intake,
    leads,
    learning,
    mails,
    moving,
    people,
    retention,
    rollouts,
    status,
)
from kits.core import console
from kits.program import make_program


def make_app() -> typer.Typer:
    """The program with all its verbs."""
    app = make_program(
        "cloud-sync", "The hub on the firm's own box: samples, reviews, retraining, rollouts."
    )
    every = (
        hub,
        status,
        moving,
        people,
        fleet,
        broker,
        rollouts,
        intake,
        cases,
        mails,
        crm,
        leads,
        retention,
        learning,
    )
    for verbs in every:
        verbs.register(app)
    return app


def main() -> None:
    """Entry point of the `cloud-sync` script."""
    console.run(make_app())
