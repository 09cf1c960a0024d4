"""The verbs that connect a CRM: `crm add`, and `crm fields`, which makes the fields that scores are written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from cloud_sync.commands.crm_secrets import FileOption, NameArgument, numbered, secrets_of_new
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
from kits.core.errors import UnreachableError

if TYPE_CHECKING:
    from cloud_sync.crm.connection.settings import CrmSettings
    from cloud_sync.effects.checks import Check
    from cloud_sync.hub import Hub


def crm_add(
    name: Annotated[str, typer.Argument(help="A name for it, as it stands in the address.")],
    kind: KindOption = "",
    project: ProjectOption = "",
    url: UrlOption = "",
    thing: ThingOption = "",
    scheme: SchemeOption = "",
    option: OptionsOption = None,
    allow: AllowOption = None,
    write: WriteOption = None,
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
    from cloud_sync.crm.connection import adding, connections, reaching
    from cloud_sync.crm.kinds.incoming import is_told

    said = said_by(kind, url, thing, scheme, allow, write)
    wanted = settings_from({**said, "options": pairs_of(option or [])}, settings)
    console = Console(as_json, quiet)
    with opened(data) as hub:
        secrets, drawn = secrets_of_new(name, wanted, secrets_file)
        connections.add(hub, name, wanted, project, secrets, by=operator())
        address = connections.webhook_url(hub, name)
        told = is_told(wanted, secrets.webhook)
        notes = [
            *(adding.warnings(hub.config.url, wanted.url) if told else ()), *reaching.shut(wanted, name),
            *adding.shortcomings(wanted, name), *_alike(hub, name),
        ]  # fmt: skip
        # the connection is there whatever comes of it: `crm fields` does it again
        made = make_fields(hub, name) if fields and wanted.write else ()
    secret = secrets.webhook[0] if secrets.webhook else ""
    # one that a person brought is known to them: only a drawn one is shown, this once
    shown = secret if drawn else "SECRET"
    steps = adding.steps(name, wanted, address, shown if told else "")
    hears = f"its messages come to {address}" if told else adding.asked_only(wanted)
    text = f"added {name}; {hears}{numbered(steps)}"
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


def _alike(hub: Hub, name: str) -> list[str]:
    """That leads of another account may be taken for those of this one, for people."""
    from cloud_sync.crm.outcomes.keyless import alike

    with hub.database.session() as session:
        others = [one for names in alike(session) if name in names for one in names if one != name]
    return [
        f"{one} of the same project counts its records as {name} does, so number 17 of both is one lead, learned from once and"
        f" erased for both; unless that is so: cloud-sync crm set {name} options.id_column='records of {name}'"
        for one in others
    ]


def settings_from(given: Mapping[str, object], path: Path | None) -> CrmSettings:
    """What the command line says goes before the file. Raises UsageError, ConfigError."""
    from cloud_sync.crm.connection.adding import checked
    from kits.core.settings import parse_yaml, read_text

    raw = parse_yaml(read_text(path), str(path)) if path is not None else {}
    options, more = raw.get("options", {}), given["options"]
    both = {**options, **more} if isinstance(options, Mapping) and isinstance(more, Mapping) else {}
    return checked({**raw, **given, "options": both or options}, str(path or "the command line"))


def make_fields(hub: Hub, name: str, settings: CrmSettings | None = None) -> Sequence[Check]:
    """Creates them; what is there and what is missing, a CRM that does not answer included.

    Args:
        settings: that are to count soon; None: those that do, and the scores that waited for the fields are written.
    """
    from cloud_sync.crm.connection import connections, settling
    from cloud_sync.crm.kinds.table import open_crm
    from cloud_sync.effects.checks import Check
    from kits.core.errors import KitwrightError

    try:
        connection = connections.open_connection(hub, name)
        wanted = replace(connection, settings=settings or connection.settings)
        checks = open_crm(connections.access_of(hub, wanted)).make_fields()
    except KitwrightError as error:
        fix = error.fix or f"cloud-sync crm fields {name}"
        return [Check("fields of scores", False, error.what, fix)]
    if settings is None and all(check.ok for check in checks):
        settling.write_what_waits(hub, name)
    return checks


def _failing(hub: Hub, name: str) -> set[str]:
    """Names of the checks that fail; none where the CRM does not say. Raises as `open_connection`."""
    from cloud_sync.crm.connection import connections
    from cloud_sync.crm.kinds.table import open_crm
    from kits.core.errors import KitwrightError

    connection = connections.open_connection(hub, name)
    try:
        checks = open_crm(connections.access_of(hub, connection)).check()
    except KitwrightError:
        return set()
    return {one.name for one in checks if not one.ok}


def crm_fields(name: NameArgument, data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Create the fields scores are written to, where they are missing; then all scores are written, as a new field is empty.

    Exit code 5 if not all are there.
    """
    from cloud_sync.crm.connection import settling

    console = Console(as_json)
    with opened(data) as hub:
        failing = _failing(hub, name)
        checks = make_fields(hub, name)
        bad = [check for check in checks if not check.ok]
        mended = failing.intersection(check.name for check in checks) if not bad else ()
        again = settling.write_again(hub, name) if mended else 0
    rows = [("ok" if c.ok else "FIX", c.name, c.found, c.fix) for c in checks]
    head = f"{len(bad)} fields are not there" if bad else "all fields are there"
    console.answer(
        f"{head}\n\n{table(rows, ('', 'check', 'found', 'fix'))}",
        {"ok": not bad, "name": name, "checks": [asdict(check) for check in checks], "written_again": again},
    )  # fmt: skip
    if again:
        console.note(f"new fields are empty: the scores of all {again:,} leads are written again")
    if bad:
        raise typer.Exit(UnreachableError.exit_code)
    console.next(f"cloud-sync crm test {name} --data {data}")
