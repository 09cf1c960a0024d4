"""The verbs about CRM connections: test, pause, resume, remove, dead leads, lost scores, gone leads; the others join in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sync.commands import crm_simulate
from cloud_sync.commands.crm_add import crm_add, crm_fields
from cloud_sync.commands.crm_app import crm_app
from cloud_sync.commands.crm_list import crm_list
from cloud_sync.commands.crm_secrets import NameArgument, crm_secret
from cloud_sync.commands.crm_set import crm_set, crm_show
from cloud_sync.commands.crm_sweep import crm_sweep
from cloud_sync.commands.options import (
    DATA,
    DataOption,
    JsonOption,
    counted,
    family,
    opened,
    operator,
    table,
)
from kits.core.console import Console
from kits.core.errors import UnreachableError, UsageError

if TYPE_CHECKING:
    from cloud_sync.crm.connection.trying import Trial


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    crm = family(app, "crm", "CRMs whose leads are scored: connections, tests, pretended ones.")
    crm.command("add")(crm_add)
    crm.command("list")(crm_list)
    crm.command("show")(crm_show)
    crm.command("set")(crm_set)
    crm.command("test")(crm_test)
    crm.command("fields")(crm_fields)
    crm.command("app")(crm_app)
    crm.command("secret")(crm_secret)
    crm.command("pause")(crm_pause)
    crm.command("resume")(crm_resume)
    crm.command("retry")(crm_retry)
    crm.command("rewrite")(crm_rewrite)
    crm.command("sweep")(crm_sweep)
    crm.command("gone")(crm_gone)
    crm.command("remove")(crm_remove)
    crm_simulate.join(crm)


def crm_test(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Try a connection and change nothing: address, signature, rights, and what would be written. Exit code 5 if not all."""
    from cloud_sync.crm.connection import connections
    from cloud_sync.crm.connection.opening import Opener
    from cloud_sync.crm.connection.trying import try_connection
    from cloud_sync.crm.scoring.models import LeadModels
    from kits.core.sample import utc_now

    console = Console(as_json)
    with opened(data) as hub:
        models = LeadModels(hub)
        opener = Opener(hub, models.learned)
        with hub.database.session() as session:
            row = connections.require(session, name)
        trial = try_connection(
            hub, connections.open_connection(hub, name), lambda _: opener(row), models, utc_now()
        )
    bad = [check for check in trial.checks if not check.ok]
    console.answer(
        _trial_text(name, trial),
        {
            "ok": not bad, "name": name, "checks": [asdict(check) for check in trial.checks],
            "would_write": list(trial.would),
        },
    )  # fmt: skip
    if bad:
        raise typer.Exit(UnreachableError.exit_code)
    console.next(f"cloud-sync crm list --data {data}")


def _trial_text(name: str, trial: Trial) -> str:
    bad = sum(not check.ok for check in trial.checks)
    head = f"{bad} of {len(trial.checks)} checks failed" if bad else f"{name} can do what it needs"
    rows = [("ok" if c.ok else "FIX", c.name, c.found, c.fix) for c in trial.checks]
    text = f"{head}\n\n{table(rows, ('', 'check', 'found', 'fix'))}"
    if trial.would:
        shown = [
            (one["lead"], one.get("points", "–"), one.get("band", "–"), _first(one)) for one in trial.would
        ]  # fmt: skip
        text += f"\n\nwould be written, and is not:\n{table(shown, ('lead', 'points', 'band', 'first reason'))}"
    return text


def _first(row: Mapping[str, object]) -> object:
    reasons = row.get("reasons")
    return reasons[0] if isinstance(reasons, list) and reasons else row.get("fault", "")


def crm_pause(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Stop reading from a CRM and writing to it; its messages are still taken."""
    _pause(name, data, as_json=as_json, paused=True)


def crm_resume(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Go on reading and writing."""
    _pause(name, data, as_json=as_json, paused=False)


def _pause(name: str, data: Path, *, as_json: bool, paused: bool) -> None:
    from cloud_sync.crm.connection import connections

    with opened(data) as hub:
        changed = connections.pause(hub, name, by=operator(), paused=paused)
    word = "paused" if paused else "in force"
    text = f"{name} is {word}" + ("" if changed else " already")
    console = Console(as_json)
    console.answer(text, {"name": name, "paused": paused, "changed": changed})
    if paused:
        console.next(f"cloud-sync crm resume {name} --data {data}")


def crm_retry(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Try the leads again that wait for a person, and at once a CRM that is left alone."""
    from cloud_sync.crm.client import breaker
    from cloud_sync.crm.connection import connections
    from cloud_sync.crm.leads.leads import retry_dead
    from kits.core.sample import utc_now

    with opened(data) as hub, hub.database.transaction() as session:
        connections.require(session, name)
        count = retry_dead(session, name, who=operator())
        rested = breaker.try_now(session, name, utc_now())
    console = Console(as_json)
    text = f"{counted(count, 'lead')} of {name} {'is' if count == 1 else 'are'} tried again"
    text += f"; {name} was left alone, and is asked at once" if rested else ""
    console.answer(text, {"name": name, "leads": count, "was_left_alone": rested})
    console.next(f"cloud-sync crm list --data {data}")


def crm_rewrite(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Have all scores written again, for a CRM that lost them: it was restored from a backup, or somebody emptied a field."""
    from cloud_sync.crm.connection.settling import write_all
    from kits.core.sample import utc_now

    with opened(data) as hub, hub.database.transaction() as session:
        count = write_all(session, name, utc_now(), by=operator())
    console = Console(as_json)
    text = f"scores of {counted(count, 'lead')} of {name}: written again"
    console.answer(text, {"name": name, "leads": count})
    console.next(f"cloud-sync crm list --data {data}")


def crm_gone(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Say that the leads a CRM does not show any more are gone indeed; they are held when there are suddenly many."""
    from cloud_sync.crm.inbound.hiding import believe
    from kits.core.sample import utc_now

    with opened(data) as hub, hub.database.transaction() as session:
        count = believe(session, name, utc_now(), by=operator())
    console = Console(as_json)
    text = f"{counted(count, 'lead')} of {name}: looked for once more, then gone"
    console.answer(text, {"name": name, "leads": count})
    console.next(f"cloud-sync crm list --data {data}")


def crm_remove(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Forget a connection with its secrets, events, leads and scores; the CRM keeps what was written there."""
    from cloud_sync.crm.connection import connections

    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nothing was removed: it must be meant", where=name, fix="--yes")
        typer.confirm(f"forget {name} with its leads and their scores?", abort=True)
    with opened(data) as hub:
        gone = connections.remove(hub, name, by=operator())
    rows = (("lead", "crm_lead"), ("event", "crm_event"), ("score", "crm_score"))
    text = f"removed {name}: {', '.join(counted(gone[key], word) for word, key in rows)}"
    console = Console(as_json)
    console.answer(text, {"name": name, **gone})
    if gone["kept_out"]:
        console.note(
            f"{gone['kept_out']} who objected or were erased stay out, if it is added again by this name"
        )
    console.note("take its webhook out of the CRM, too: its messages are refused from now on")
