"""The verbs about rollouts. They write rows; a running hub acts on them."""

from __future__ import annotations

from typing import Annotated

import typer

from cloud_sync.commands.options import (
    DATA,
    DataOption,
    JsonOption,
    LimitOption,
    QuietOption,
    family,
    note_rest,
    opened,
    operator,
    table,
)
from kits.core.console import Console

Number = Annotated[int, typer.Argument(help="Number of the rollout.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    rollout = family(app, "rollout", "Bundles on their way to devices.")
    rollout.command("list")(rollout_list)
    for verb in (start, status, pause, resume, abort):
        rollout.command(verb.__name__)(verb)


def start(
    bundle: Annotated[str, typer.Argument(help="Its id, or the first 8 or more digits.")],
    device: Annotated[str, typer.Option(help="One device.")] = "",
    group: Annotated[str, typer.Option(help="All devices of a group.")] = "",
    waves: Annotated[
        str,
        typer.Option(help="Cumulative devices or percentages: 1,20%,100%. Empty: as configured."),
    ] = "",
    canary: Annotated[
        str, typer.Option(help="The device that goes first; empty: one that is online.")
    ] = "",
    soak_min: Annotated[
        float | None, typer.Option(min=0, help="Minutes between two waves; else as configured.")
    ] = None,
    deadline_min: Annotated[
        float | None,
        typer.Option(help="Minutes, more than 0, that a device has to commit; else as configured."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, but change nothing.")] = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Bring an approved bundle to a device or, in waves, to a group."""
    from cloud_sync.fleet import bundles, rollouts

    console = Console(as_json, quiet)
    with opened(data) as hub, hub.database.transaction() as session:
        rollout = rollouts.start(
            session,
            bundles.find(session, bundle).id,
            device=device,
            group=group,
            plan=rollouts.plan_of(hub.config.rollout, waves, canary, soak_min, deadline_min),
            who=operator(),
        )
        answer = rollouts.as_json(session, rollout)
        order = [(d.wave + 1, d.device) for d in rollout.deployments]
        if dry_run:
            session.rollback()
    if dry_run:
        plan = table(order, ("wave", "device"))
        told = f"would go to {len(order)} devices:\n{plan}"
        console.answer(told, {**answer, "rollout": None, "id": None, "dry_run": True})
        return
    told = f"rollout {answer['id']} to {len(order)} devices in {order[-1][0]} waves"
    console.answer(told, answer)
    console.next(f"cloud-sync rollout status {answer['id']} --data {data}")


def rollout_list(
    limit: LimitOption = 20, data: DataOption = DATA, as_json: JsonOption = False
) -> None:
    """List rollouts, newest first: whom each is for, and how many of its devices have committed."""
    from sqlalchemy import select

    from cloud_sync.fleet import listing
    from cloud_sync.store.bulk import count_rows
    from cloud_sync.store.models import Rollout

    with opened(data) as hub, hub.database.session() as session:
        newest = select(Rollout).order_by(Rollout.id.desc())
        found = session.scalars(newest.limit(limit)).all()
        total = count_rows(session, newest)
        spread = listing.spread_of(session, [row.id for row in found])
    answer = listing.as_json(found, spread)
    rows = [
        (
            row.id, row.bundle[:12], listing.target_of(row), row.state,
            f"{row.wave + 1} of {len(spread[row.id].waves)}",
            f"{spread[row.id].committed} of {spread[row.id].total}",
            f"{row.created_at:%Y-%m-%d %H:%M} UTC", row.created_by,
        )
        for row in found
    ]  # fmt: skip
    console = Console(as_json)
    header = ("rollout", "bundle", "to", "state", "wave", "committed", "started", "by")
    console.answer(table(rows, header), answer)
    note_rest(console, len(found), total)
    if found:
        console.next(f"cloud-sync rollout status {found[0].id} --data {data}")


def status(number: Number, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Show a rollout: each device with its state, since when, and why."""
    from cloud_sync.fleet import rollouts, standings

    with opened(data) as hub, hub.database.session() as session:
        rollout = rollouts.find(session, number)
        answer = rollouts.as_json(session, rollout)
        rows = [
            (one.wave, one.device, one.state, f"{one.since:%d %b %H:%M} UTC", one.reason)
            for one in standings.of(session, rollout)
        ]
        text = f"rollout {number}: {rollout.state} {rollout.reason}".rstrip()
        if rollout.soak_until is not None:
            text += (
                f", wave {rollout.wave + 1} is watched until {rollout.soak_until:%d %b %H:%M} UTC"
            )
        text += f"\n{waits}" if (waits := standings.waits_for(session, rollout)) else ""
    columns = ("wave", "device", "state", "since", "reason")
    Console(as_json).answer(f"{text}\n{table(rows, columns)}", answer)


def pause(number: Number, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Let devices that have not begun wait."""
    _turn("pause", number, data, as_json)


def resume(number: Number, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Go on after a pause."""
    _turn("resume", number, data, as_json)


def abort(number: Number, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """End a rollout; who has not committed stays on what it runs."""
    _turn("abort", number, data, as_json)


def _turn(verb: str, number: int, data: DataOption, as_json: bool) -> None:
    from cloud_sync.fleet import rollouts

    turn = {"pause": rollouts.pause, "resume": rollouts.resume, "abort": rollouts.abort}[verb]
    with opened(data) as hub, hub.database.transaction() as session:
        answer = rollouts.as_json(session, turn(session, number, who=operator()))
    Console(as_json).answer(f"rollout {number} is {answer['state']}", answer)
