"""`crm app`: writes the app with which HubSpot tells of changes, for its own command line to upload."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from cloud_sync.commands.crm_secrets import NameArgument
from cloud_sync.commands.options import DATA, DataOption, JsonOption, QuietOption, counted, opened
from kits.core.console import Console
from kits.core.errors import ConfigError, UnreachableError, UsageError
from kits.core.files import write_atomically
from kits.core.settings import read_text

if TYPE_CHECKING:
    from cloud_sync.crm.connection.settings import CrmSettings
    from cloud_sync.crm.kinds.hubspot.app import HubSpotApp
    from cloud_sync.hub import Hub
    from cloud_sync.store.types import JsonObject

_AUTH = "npm install -g @hubspot/cli (Node.js 20 or newer), then hs account auth"
_INSTALL = (
    "in HubSpot: Development, Projects, {app}, the app of this name: tab Distribution, install it"
)
_CLIENT = "its tab Auth shows the client secret: cloud-sync crm secret {name} takes it (then --drop an older one)"
_NOTHING = (
    "no bundle is in force, so nothing is known of what scores look at, and no such field is told; once one is: cloud-sync crm app"
    " {name} again, and upload again"
)
_TOLD = "cloud-sync crm set {name} --unset options.events: it is told now, and asked no more"


def crm_app(
    name: NameArgument,
    out: Annotated[
        Path | None,
        typer.Option(help="Its folder; kitwright-NAME by default.", show_default=False),
    ] = None,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:  # fmt: skip
    """Write the app with which HubSpot tells of new and changed leads; again after a bundle learned from other fields."""
    from cloud_sync.crm.connection import adding
    from cloud_sync.crm.kinds.hubspot import app as hubspot_app

    with opened(data) as hub:
        wanted, settings, learned = _wanted(hub, name)
        notes = [
            *adding.warnings(hub.config.url, settings.url),
            *([] if learned else [_NOTHING.format(name=name)]),
        ]
    folder = out or Path(wanted.name)
    webhooks = _write(folder, wanted)
    off = hubspot_app.switched_off(webhooks)
    steps = [_AUTH, f"cd {folder}, then hs project upload", _INSTALL.format(app=wanted.name), _CLIENT.format(name=name)]  # fmt: skip
    if settings.options.get("events") == "poll":
        steps.append(_TOLD.format(name=name))
    text = (
        f"wrote {folder}: with it HubSpot tells of {wanted.thing} that are new, deleted, merged or restored, and of changes"
        f" of {counted(len(wanted.properties), 'field')}\n"
    )
    text += "".join(f"\n  {number}. {step}" for number, step in enumerate(steps, 1))
    console = Console(as_json, quiet)
    console.answer(text, {
        "name": name, "folder": str(folder), "app": wanted.name, "url": wanted.url, "properties": list(wanted.properties),
        "switched_off": list(off), "steps": list(steps), "warnings": list(notes),
    })  # fmt: skip
    if off:
        console.note(f"no longer told, and switched off, as HubSpot lets nothing be taken away: {', '.join(off)}")  # fmt: skip
    for note in notes:
        console.note(note)


def _wanted(hub: Hub, name: str) -> tuple[HubSpotApp, CrmSettings, bool]:
    """The app, the connection's settings, and whether it is known what scores look at."""
    from cloud_sync.crm.connection import connections
    from cloud_sync.crm.connection.opening import Opener
    from cloud_sync.crm.kinds.hubspot.app import UNTOLD, HubSpotApp
    from cloud_sync.crm.kinds.hubspot.client import HubSpot
    from cloud_sync.crm.kinds.incoming import INCOMING, own_fields, thing_of
    from cloud_sync.crm.scoring.models import LeadModels
    from cloud_sync.effects.targets import DeliveryError

    with hub.database.session() as session:
        row = connections.require(session, name)
    models = LeadModels(hub)
    crm = Opener(hub, models.learned)(row)
    if not isinstance(crm, HubSpot):
        raise UsageError(
            f"{name} is {row.settings['kind']}: apps of files are HubSpot's", where="NAME",
            fix="docs/how-to/connect-a-crm.md has the steps of each CRM",
        )  # fmt: skip
    settings = connections.settings_of(row)
    untold = own_fields(settings) | INCOMING["hubspot"].bookkeeping | UNTOLD
    try:
        properties = [one for one in crm.watched() if one not in untold]
    except DeliveryError as error:
        fix = error.fix or f"cloud-sync crm test {name} says what is wrong"
        raise UnreachableError(error.what, where=name, fix=fix) from error
    url = connections.webhook_url(hub, name)
    learned = settings.columns or (models.learned(row.project).columns if row.project else ())
    return HubSpotApp(name, url, thing_of(settings), properties), settings, bool(learned)


def _write(folder: Path, wanted: HubSpotApp) -> JsonObject:
    """Writes what is missing, and the webhooks in any case; these as they are now."""
    from cloud_sync.crm.kinds.hubspot import app as hubspot_app

    app = _there(folder / hubspot_app.APP)
    if app and app.get("uid") != wanted.name:
        raise UsageError(
            f"there is another app: {app.get('uid')}", where=str(folder / hubspot_app.APP),
            fix="--out with a folder of its own",
        )  # fmt: skip
    webhooks = wanted.webhooks(_there(folder / hubspot_app.WEBHOOKS))
    made = {hubspot_app.PROJECT: wanted.project(), hubspot_app.APP: wanted.app()}
    missing = {path: value for path, value in made.items() if not (folder / path).exists()}
    for path, value in {**missing, hubspot_app.WEBHOOKS: webhooks}.items():
        write_atomically(folder / path, json.dumps(value, indent=2).encode() + b"\n")
    return webhooks


def _there(path: Path) -> JsonObject:
    """Empty where there is none.

    Raises:
        ConfigError: it is no object of JSON; what a person wrote there would be lost.
    """
    from cloud_sync.store.types import JsonObject

    if not path.exists():
        return {}
    try:
        return TypeAdapter(JsonObject).validate_json(read_text(path))
    except ValidationError as error:
        said = error.errors(include_input=False, include_url=False)[0]["msg"]
        raise ConfigError(said, where=str(path), fix="mend it, or move the folder away") from None
