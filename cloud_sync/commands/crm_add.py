"""The verbs that connect a CRM: `crm add`, and `crm fields`, which makes the fields that scores are written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sync.commands.crm_secrets import FileOption, NameArgument, secrets_of_new
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
from kits.core.errors import UnreachableError, UsageError

if TYPE_CHECKING:
    from cloud_sync.crm.settings import CrmSettings
    from cloud_sync.effects.checks import Check
    from cloud_sync.hub import Hub

SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", help="YAML with further settings: fields, outcome, opt_out, …", readable=False),
]  # fmt: skip


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
    settings: SettingsOption = None,
    secrets_file: FileOption = None,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:  # fmt: skip
    """Connect a CRM; says what to enter there, step by step. Secrets: a file, the environment, or a prompt."""
    from cloud_sync.crm import adding, connections

    given: dict[str, object] = {
        "kind": kind, "url": url, "object": thing, "scheme": scheme, "write": write,
        "options": pairs_of(option or []), "allow": list(allow or []),
    }  # fmt: skip
    wanted = settings_from(given, settings)
    console = Console(as_json, quiet)
    with opened(data) as hub:
        secrets, drawn = secrets_of_new(name, wanted, secrets_file)
        connections.add(hub, name, wanted, project, secrets, by=operator())
        address = connections.webhook_url(hub, name)
        notes = [*adding.warnings(hub.config.url, wanted.url), *adding.shortcomings(wanted, name)]
        # the connection is there whatever comes of it: `crm fields` does it again
        made = make_fields(hub, name) if fields and wanted.write else ()
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


def pairs_of(words: Sequence[str], where: str = "--option") -> dict[str, str]:
    """`KEY=VALUE` as they are typed. Raises UsageError."""
    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise UsageError("not KEY=VALUE", where=where, fix="--option organization=00D…")
        found[key.strip()] = value.strip()
    return found


def settings_from(given: Mapping[str, object], path: Path | None) -> CrmSettings:
    """What the command line says goes before the file. Raises UsageError, ConfigError."""
    from cloud_sync.crm.adding import checked
    from kits.core.settings import parse_yaml, read_text

    raw = parse_yaml(read_text(path), str(path)) if path is not None else {}
    # `write` is on unless somebody says otherwise, here or there
    said = {key: value for key, value in given.items() if value not in ("", {}, [], True)}
    options, more = raw.get("options", {}), given["options"]
    if isinstance(options, Mapping) and isinstance(more, Mapping):
        said["options"] = {**options, **more}
    return checked({**raw, **said}, str(path or "the command line"))


def make_fields(hub: Hub, name: str) -> Sequence[Check]:
    """Creates them; what is there and what is missing, a CRM that does not answer included."""
    from cloud_sync.crm import connections
    from cloud_sync.crm.kinds import open_crm
    from cloud_sync.effects.checks import Check
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
        checks = make_fields(hub, name)
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
