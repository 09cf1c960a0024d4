"""The verb `status`: whether the running hub answers, and what waits there."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud_sync.commands.options import DATA, DataOption, JsonOption, counted
from kits.core.console import Console

if TYPE_CHECKING:
    from datetime import datetime

    from cloud_sync.crm.connection.health import Health
    from cloud_sync.effects.letters import TargetState
    from cloud_sync.standing import Standing

_NOT_WELL = 1
_LONGEST = 120
"""Characters of an alert's text that fit a line."""


def register(app: typer.Typer) -> None:
    """Adds the verb to `app`."""
    app.command()(status)


def status(
    brief: Annotated[
        bool, typer.Option("--brief", help="Only whether it answers, for health checks.")
    ] = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """What the running hub does, and what waits. Exit code 0: well, 1: its database or broker is silent, 5: no answer."""
    from cloud_sync.asking import ask
    from cloud_sync.config import load

    console, config = Console(as_json), load(data)
    ailment = ask(config)
    head = (
        f"not well: {ailment}; serving {config.url}"
        if ailment
        else f"serving {config.url}: database and broker answer"
    )
    answer: dict[str, Any] = {"url": config.url, "ailment": ailment}
    if brief or ailment:
        console.answer(head, answer)
    else:
        found = _look(config.database)
        console.answer("\n".join([head, *_lines(found)]), answer | _as_json(found))
    if ailment:
        raise typer.Exit(_NOT_WELL)
    if not brief:
        console.next(f"open {config.url}")


def _look(database: str) -> Standing:
    from cloud_sync.standing import look
    from cloud_sync.store.check import looking, require_tables
    from kits.core.sample import utc_now

    require_tables(database)
    with looking(database) as session:
        return look(session, utc_now())


def _lines(found: Standing) -> list[str]:
    """What waits, in words; kinds of work that this hub never had are left out."""
    named = {
        "devices": [_devices(found)] if found.devices or not found.crms else [],
        "crm": [_crm(one) for one in found.crms],
        "intake": _intake(found),
        "review": [f"{counted(found.samples, 'sample')} to judge"],
        "cases": [f"{found.cases} nobody has taken on"] if found.cases else [],
        "alerts": _alerts(found),
        "notices": [_receiver(one, found.at) for one in found.receivers],
        "jobs": [f"{found.jobs} under way"] if found.jobs else [],
        "rollouts": _rollouts(found),
    }
    return [
        f"  {'' if place else name:<9}{text}"
        for name, texts in named.items()
        for place, text in enumerate(texts)
    ]


def _devices(found: Standing) -> str:
    if not found.devices:
        return "none enrolled: cloud-sync device add NAME"
    said = f"{found.online} of {found.devices} connected"
    if not found.away:
        return said
    named = ", ".join(f"{one.name} ({_seen(one.last_seen_at)})" for one in found.away)
    rest = found.devices - found.online - len(found.away)
    return f"{said}; away: {named}{f' and {rest} more' if rest > 0 else ''}"


def _intake(found: Standing) -> list[str]:
    said = []
    if found.missing_rows:
        said.append(
            f"{counted(found.missing_rows, 'row')} missing: cloud-sync ledger says of which device"
        )
    if found.quarantined:
        said.append(
            f"{counted(found.quarantined, 'message')} could not be read: cloud-sync quarantine list"
        )
    return said or (["nothing is missing"] if found.devices else [])


def _alerts(found: Standing) -> list[str]:
    from kits.core.harmless import printable

    if not found.alerts:
        return ["none that nobody has acknowledged"]
    lines = [f"{found.alerts} nobody has acknowledged" + (", the newest" if found.alerts > len(found.newest) else "")]  # fmt: skip
    for one in found.newest:
        text = printable(" ".join(one.text.split()))
        where = f" ({one.device})" if one.device else ""
        lines.append(f"  {one.severity:<8} {one.name}{where}: {text[:_LONGEST]}")
    return lines


def _receiver(one: TargetState, now: datetime) -> str:
    said = f"{one.name}: {one.counts['waiting']} wait, {one.counts['dead']} given up"
    if one.counts["dead"]:
        said += f" (cloud-sync effect replay --target {one.name})"
    until = one.open_until
    return said + (f"; left alone until {_moment(until)}" if until and until > now else "")


def _crm(one: Health) -> str:
    return (
        f"{one.name} ({one.kind}): {one.state}; of {counted(one.leads, 'lead')} {one.due} to score, "
        f"{one.waiting} to write, {one.dead} for a person"
    )


def _rollouts(found: Standing) -> list[str]:
    running = [str(number) for number in found.rollouts if number not in set(found.paused)]
    said = [f"{', '.join(running)} running"] if running else []
    if found.paused:
        said.append(f"{', '.join(map(str, found.paused))} paused: cloud-sync rollout list")
    return said


def _seen(at: datetime | None) -> str:
    return f"last seen {_moment(at)}" if at is not None else "never seen"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def _as_json(found: Standing) -> dict[str, Any]:
    return {
        "devices": found.devices, "online": found.online,
        "away": [{"name": one.name, "last_seen_at": _iso(one.last_seen_at)} for one in found.away],
        "missing_rows": found.missing_rows, "quarantined": found.quarantined, "samples": found.samples,
        "cases": found.cases, "alerts": found.alerts,
        "newest": [asdict(one) | {"at": _iso(one.at)} for one in found.newest],
        "receivers": [
            {"name": one.name, **one.counts, "left_alone_until": _iso(one.open_until), "error": one.error}
            for one in found.receivers
        ],
        "crms": [one.as_json() for one in found.crms],
        "jobs": found.jobs, "rollouts": [*found.rollouts], "paused": [*found.paused],
    }  # fmt: skip


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
