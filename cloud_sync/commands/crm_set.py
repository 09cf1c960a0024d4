"""The verbs about a connection's settings: `crm set` changes them, `crm show` says which are in force and where from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from cloud_sync.commands.crm_add import make_fields
from cloud_sync.commands.crm_options import (
    AllowOption,
    KindOption,
    OptionsOption,
    ProjectOption,
    SchemeOption,
    SettingsOption,
    ThingOption,
    UrlOption,
    WriteOption,
    pairs_of,
    said_by,
)
from cloud_sync.commands.crm_secrets import FileOption, NameArgument
from cloud_sync.commands.options import (
    DATA,
    DataOption,
    JsonOption,
    QuietOption,
    opened,
    operator,
    table,
)
from kits.core.console import Console
from kits.core.errors import UsageError

if TYPE_CHECKING:
    from cloud_sync.crm.connection.changing import Plan
    from cloud_sync.crm.connection.editing import Edit
    from cloud_sync.crm.connection.settings import CrmSettings
    from cloud_sync.effects.checks import Check
    from cloud_sync.hub import Hub

SHOWN = 60
"""Characters of a value; `--json` has all of it."""


def crm_set(
    name: NameArgument,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]…", help="min_change=5, outcome.lost=other,unqualified, …"),
    ] = None,
    kind: KindOption = "",
    project: ProjectOption = "",
    url: UrlOption = "",
    thing: ThingOption = "",
    scheme: SchemeOption = "",
    option: OptionsOption = None,
    allow: AllowOption = None,
    write: WriteOption = None,
    settings: SettingsOption = None,
    unset: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Back to what is usual; may be repeated.")
    ] = None,
    secrets_file: FileOption = None,
    same_secrets: Annotated[
        bool, typer.Option("--same-secrets", help="The secrets of its API may go to another server.")
    ] = False,
    fields: Annotated[
        bool, typer.Option("--fields/--no-fields", help="Create the fields scores are written to, if they change.")
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:  # fmt: skip
    """Change settings of a connection; its leads, secrets and history stay, and a running hub need not be started again."""
    from cloud_sync.crm.connection import adding, changing, settling

    said = said_by(kind, url, thing, scheme, allow, write)
    said |= {"project": project} if project else {}
    options = {f"options.{key}": value for key, value in pairs_of(option or []).items()}
    edit = _edit(pairs or [], {**said, **options}, settings, unset or [])
    api = _new_secrets(secrets_file)
    agreed = same_secrets or api is not None

    def plan_of(before: CrmSettings, project: str) -> Plan:
        found = changing.plan(before, project, edit, str(settings or "the command line"))
        adding.check_api_secrets(found.after, api or {})
        if not dry_run:
            changing.check_servers(found, name, agreed=agreed)
        return found

    console = Console(as_json, quiet)
    with opened(data) as hub:
        made: Sequence[Check] = ()
        if dry_run:
            plan = settling.planned(hub, name, plan_of)
        else:
            plan, made = _changed(hub, name, plan_of, api, fields=fields)
    notes = [*changing.notes(plan, name, agreed=agreed), *(f"{one.name}: {one.found}: {one.fix}" for one in made if not one.ok)]  # fmt: skip
    answer: dict[str, JsonValue] = {
        "name": name, "changed": [asdict(one) for one in plan.changes], "dry_run": dry_run,
        "notes": [*notes], "fields": [asdict(check) for check in made],
    }  # fmt: skip
    console.answer(_told(name, plan, dry_run=dry_run), answer)
    for note in notes:
        console.note(note)
    console.next(f"cloud-sync crm {'show' if dry_run else 'test'} {name} --data {data}")


def _changed(
    hub: Hub,
    name: str,
    plan_of: Callable[[CrmSettings, str], Plan],
    api: Mapping[str, str] | None,
    *,
    fields: bool,
) -> tuple[Plan, Sequence[Check]]:
    """Changes it. New fields are made before they count, so that no score goes into fields that are not there yet."""
    from cloud_sync.crm.connection import settling

    seen = settling.planned(hub, name, plan_of)
    early = fields and api is None and seen.writes_elsewhere  # new secrets count with the settings
    made = make_fields(hub, name, seen.after) if early else ()
    plan = settling.change(hub, name, plan_of, by=operator(), api=api)
    if fields and plan.writes_elsewhere and (not made or plan.after != seen.after):
        made = make_fields(hub, name)
    return plan, made


def _edit(
    pairs: Sequence[str], said: Mapping[str, object], path: Path | None, unset: Sequence[str]
) -> Edit:
    """What the command line says goes before the file."""
    from cloud_sync.crm.connection.editing import Edit
    from kits.core.settings import parse_yaml, read_text

    raw = parse_yaml(read_text(path), str(path)) if path is not None else {}
    edit = Edit({**raw, **said, **pairs_of(pairs, "KEY=VALUE")}, tuple(unset))
    if not (edit.values or edit.unset):
        fix = "cloud-sync crm set NAME min_change=5, or --settings FILE; cloud-sync crm show NAME says what there is"
        raise UsageError("nothing is to be changed", fix=fix)
    return edit


def _new_secrets(path: Path | None) -> Mapping[str, str] | None:
    """The secrets of its API in a file; None: there is no file."""
    from cloud_sync.crm.connection.secrets import given_secrets

    if path is None:
        return None
    found = given_secrets(path)
    if found.webhook or not found.api:
        fix = '{"api": {…}}; that of its messages: cloud-sync crm secret NAME'
        raise UsageError("here are only secrets of its API wanted", where=str(path), fix=fix)
    return found.api


def _told(name: str, plan: Plan, *, dry_run: bool) -> str:
    count = len(plan.changes)
    if not count:
        return f"{name} is so already"
    head = f"{name}: {count} setting{'s' if count > 1 else ''} {'would change' if dry_run else 'changed'}"
    return f"{head}\n\n{table([one.told for one in plan.changes], ('setting', 'before', 'after'))}"


def crm_show(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """All settings of a connection that are in force, and where each comes from; never a secret."""
    from cloud_sync.crm.connection import adding, connections, health, in_force
    from cloud_sync.crm.connection.changing import worded
    from cloud_sync.crm.kinds.incoming import is_told
    from cloud_sync.crm.scoring.models import LeadModels
    from kits.core.sample import utc_now

    console = Console(as_json)
    with opened(data) as hub:
        connection = connections.open_connection(hub, name)
        project = connection.project
        learned = LeadModels(hub).learned(project).columns if project else ()
        found = in_force.settings_in_force(connection.settings, learned)
        address = connections.webhook_url(hub, name)
        told = is_told(connection.settings, connection.secrets.webhook)
        with hub.database.session() as session:
            [state] = [one for one in health.connections(session, utc_now()) if one.name == name]
    held = in_force.secrets_held(connection.secrets)
    answer: dict[str, JsonValue] = {
        **state.as_json(), "address": address, "secrets": [*held],
        "settings": [asdict(one) for one in found],
    }  # fmt: skip
    head = f"{name}: {state.kind}, {f'scores by {project}' if project else 'only listened to'}, {state.state}"
    if state.open_until is not None:
        head += f" until {state.open_until:%H:%M:%S} UTC; at once: cloud-sync crm retry {name}"
    if state.error:
        head += f"\n{state.error}"
    rows = [(one.key, _short(worded(one.value)), one.source) for one in found]
    text = f"{head}\n\n{table(rows, ('setting', 'in force', 'said by'))}\n\n"
    text += f"messages come to {address}" if told else adding.asked_only(connection.settings)
    text += f"\nsecrets that are there: {', '.join(held) or 'none'}"
    console.answer(text, answer)
    console.next(f"cloud-sync crm set {name} KEY=VALUE --data {data}")


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
