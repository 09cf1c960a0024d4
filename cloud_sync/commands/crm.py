"""The verbs about CRM connections: add, list, test, sweep, pause, resume, remove, try dead leads again."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sync.commands import crm_simulate
from cloud_sync.commands.crm_secrets import FileOption, NameArgument, crm_secret, secrets_of_new
from cloud_sync.commands.crm_sweep import crm_sweep
from cloud_sync.commands.options import (
    DATA,
    DataOption,
    JsonOption,
    QuietOption,
    family,
    opened,
    operator,
    table,
)
from kits.core.console import Console
from kits.core.errors import UnreachableError, UsageError

if TYPE_CHECKING:
    from cloud_sync.crm.base import Check
    from cloud_sync.crm.settings import CrmSettings
    from cloud_sync.crm.trying import Trial
    from cloud_sync.hub import Hub


def register(app: typer.Typer) -> None:
    """Adds the verbs to `app`."""
    crm = family(app, "crm", "CRMs whose leads are scored: connections, tests, pretended ones.")
    crm.command("add")(crm_add)
    crm.command("list")(crm_list)
    crm.command("test")(crm_test)
    crm.command("fields")(crm_fields)
    crm.command("secret")(crm_secret)
    crm.command("pause")(crm_pause)
    crm.command("resume")(crm_resume)
    crm.command("retry")(crm_retry)
    crm.command("sweep")(crm_sweep)
    crm.command("remove")(crm_remove)
    crm_simulate.join(crm)


def crm_add(
    name: Annotated[str, typer.Argument(help="A name for it, as it stands in the address.")],
    kind: Annotated[
        str, typer.Option(help="hubspot, salesforce, pipedrive, odoo, dynamics or webhook.")
    ] = "",
    project: Annotated[
        str, typer.Option(help="Whose bundle scores its leads; empty: it is only listened to.")
    ] = "",
    url: Annotated[str, typer.Option(help="Address of its API; empty: the public one.")] = "",
    thing: Annotated[
        str, typer.Option("--object", help="What a lead is there; empty: the kind's own.")
    ] = "",
    scheme: Annotated[str, typer.Option(help="How it signs; empty: the kind's own way.")] = "",
    option: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE, what only this kind needs; may be repeated.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="A network of your own it may be in (CIDR); may be repeated.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write/--no-write", help="Write scores back, or only show them here.")
    ] = True,
    fields: Annotated[
        bool, typer.Option("--fields/--no-fields", help="Create the fields scores are written to.")
    ] = True,
    settings: Annotated[
        Path | None, typer.Option(help="YAML with further settings: fields, outcome, opt_out, …", readable=False)
    ] = None,
    secrets_file: FileOption = None,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:  # fmt: skip
    """Connect a CRM; says what to enter there, step by step. Secrets: a file, the environment, or a prompt."""
    from cloud_sync.crm import adding, connections

    given: dict[str, object] = {
        "kind": kind, "url": url, "object": thing, "scheme": scheme, "write": write,
        "options": _pairs(option or []), "allow": list(allow or []),
    }  # fmt: skip
    wanted = _settings(given, settings)
    adding.check_incoming(wanted)
    console = Console(as_json, quiet)
    with opened(data) as hub:
        secrets, drawn = secrets_of_new(name, wanted, secrets_file)
        connections.add(hub, name, wanted, project, secrets, by=operator())
        address = connections.webhook_url(hub, name)
        notes = adding.warnings(hub.config.url, wanted.url)
        # the connection is there whatever comes of it: `crm fields` does it again
        made = _make_fields(hub, name) if fields and wanted.write else ()
    secret = secrets.webhook[0] if secrets.webhook else ""
    # one that a person brought is known to them: only a drawn one is shown, this once
    steps = adding.steps(wanted, address, secret if drawn else "SECRET")
    text = f"added {name}; its messages come to {address}\n"
    text += "".join(f"\n  {number}. {step}" for number, step in enumerate(steps, 1))
    console.answer(text, {
        "name": name, "kind": wanted.kind, "project": project, "url": address,
        "webhook_secret": secret if drawn else "", "steps": list(steps), "warnings": list(notes),
        "fields": [asdict(check) for check in made],
    })  # fmt: skip
    if drawn:
        console.note(f"\nsecret of its messages, shown this once: {secret}")
    for note in (*notes, *(f"{one.name}: {one.found}: {one.fix}" for one in made if not one.ok)):
        console.note(note)
    console.next(f"cloud-sync crm test {name} --data {data}")


def _pairs(words: list[str]) -> dict[str, str]:
    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise UsageError("not KEY=VALUE", where="--option", fix="--option organization=00D…")
        found[key.strip()] = value.strip()
    return found


def _settings(given: Mapping[str, object], path: Path | None) -> CrmSettings:
    """What the command line says goes before the file."""
    from cloud_sync.crm.settings import KINDS, CrmSettings
    from kits.core.errors import did_you_mean
    from kits.core.settings import parse_yaml, read_text, validate_settings

    raw = parse_yaml(read_text(path), str(path)) if path is not None else {}
    # `write` is on unless somebody says otherwise, here or there
    said = {key: value for key, value in given.items() if value not in ("", {}, [], True)}
    options = raw.get("options", {})
    if isinstance(options, Mapping) and given["options"]:
        said["options"] = {**options, **_as_mapping(given["options"])}
    merged = {**raw, **said}
    if merged.get("kind") not in KINDS:
        kind = str(merged.get("kind", ""))
        fix = did_you_mean(kind, KINDS) if kind else f"--kind {'|'.join(KINDS)}"
        raise UsageError("which kind of CRM it is must be said", where="--kind", fix=fix)
    return validate_settings(merged, CrmSettings, where=str(path or "the command line"))


def _as_mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


def _make_fields(hub: Hub, name: str) -> Sequence[Check]:
    """Creates them; what is there and what is missing, a CRM that does not answer included."""
    from cloud_sync.crm import connections
    from cloud_sync.crm.base import Check
    from cloud_sync.crm.kinds import open_crm
    from kits.core.errors import KitwrightError

    try:
        crm = open_crm(connections.access_of(hub, connections.open_connection(hub, name)))
        return crm.make_fields()
    except KitwrightError as error:
        fix = error.fix or f"cloud-sync crm fields {name}"
        return [Check("fields of scores", False, error.what, fix)]


def crm_fields(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Create the fields scores are written to, where they are missing. Exit code 5 if not all are there."""
    from cloud_sync.crm import connections

    console = Console(as_json)
    with opened(data) as hub:
        connections.open_connection(hub, name)
        checks = _make_fields(hub, name)
    bad = [check for check in checks if not check.ok]
    rows = [("ok" if c.ok else "FIX", c.name, c.found, c.fix) for c in checks]
    head = f"{len(bad)} fields are not there" if bad else "all fields are there"
    console.answer(
        f"{head}\n\n{table(rows, ('', 'check', 'found', 'fix'))}",
        {"ok": not bad, "name": name, "checks": [asdict(check) for check in checks]},
    )
    if bad:
        raise typer.Exit(UnreachableError.exit_code)
    console.next(f"cloud-sync crm test {name} --data {data}")


def crm_list(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """List connections, and what waits there."""
    from cloud_sync.crm.health import connections
    from kits.core.sample import utc_now

    console = Console(as_json)
    with opened(data) as hub, hub.database.session() as session:
        found = connections(session, utc_now())
    rows = [
        (
            one.name, one.kind, one.project or "–", one.state + (f": {one.error}" if one.error else ""),
            one.leads, one.due, one.waiting, one.dead, one.swept or "–",
            one.last_event_at.isoformat(timespec="minutes") if one.last_event_at else "never",
        )
        for one in found
    ]  # fmt: skip
    header = (
        "name",
        "kind",
        "project",
        "state",
        "leads",
        "due",
        "to write",
        "dead",
        "sweep",
        "last event",
    )
    console.answer(table(rows, header), [one.as_json() for one in found])
    if not found:
        console.next(f"cloud-sync crm add NAME --kind hubspot --project PROJECT --data {data}")
    elif any(one.dead for one in found):
        name = next(one.name for one in found if one.dead)
        console.next(f"cloud-sync crm retry {name} --data {data}")


def crm_test(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Try a connection and change nothing: address, signature, rights, and what would be written. Exit code 5 if not all."""
    from cloud_sync.crm import connections
    from cloud_sync.crm.models import LeadModels
    from cloud_sync.crm.opening import Opener
    from cloud_sync.crm.trying import try_connection
    from kits.core.sample import utc_now

    console = Console(as_json)
    with opened(data) as hub:
        models = LeadModels(hub)
        opener = Opener(hub, models.columns)
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
    console.next(f"cloud-sync serve --data {data}")


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
    from cloud_sync.crm import connections

    with opened(data) as hub:
        changed = connections.pause(hub, name, by=operator(), paused=paused)
    word = "paused" if paused else "in force"
    text = f"{name} is {word}" + ("" if changed else " already")
    console = Console(as_json)
    console.answer(text, {"name": name, "paused": paused, "changed": changed})
    if paused:
        console.next(f"cloud-sync crm resume {name} --data {data}")


def crm_retry(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Try the leads again that wait for a person."""
    from cloud_sync.crm.leads import retry_dead

    with opened(data) as hub, hub.database.transaction() as session:
        count = retry_dead(session, name, who=operator())
    console = Console(as_json)
    console.answer(f"{count} leads of {name} are tried again", {"name": name, "leads": count})
    console.next(f"cloud-sync crm list --data {data}")


def crm_remove(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
) -> None:
    """Forget a connection with its secrets, events, leads and scores; the CRM keeps what was written there."""
    from cloud_sync.crm import connections

    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nothing was removed: it must be meant", where=name, fix="--yes")
        typer.confirm(f"forget {name} with its leads and their scores?", abort=True)
    with opened(data) as hub:
        gone = connections.remove(hub, name, by=operator())
    text = f"removed {name}: {gone['crm_lead']} leads, {gone['crm_event']} events, {gone['crm_score']} scores"
    console = Console(as_json)
    console.answer(text, {"name": name, **gone})
    console.note("take its webhook out of the CRM, too: its messages are refused from now on")
