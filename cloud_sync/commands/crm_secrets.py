"""Secrets of CRM connections on the command line: asked for where they are missing, and changed by `crm secret`.

They come from a file, from the environment or from a prompt, never from an argument, which every program on the machine
could read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sync.commands.options import DATA, DataOption, JsonOption, QuietOption, opened, operator
from kits.core.console import Console
from kits.core.errors import UsageError
from kits.core.sample import utc_now

if TYPE_CHECKING:
    from cloud_sync.crm.connection.secrets import Secrets
    from cloud_sync.crm.connection.settings import CrmSettings

VARIABLE = "KITWRIGHT_CRM_NAME_SECRET"
"""Where a secret may come from: NAME is the connection's, SECRET is webhook, token, …"""
NameArgument = Annotated[str, typer.Argument(help="The connection's name.")]
FileOption = Annotated[
    Path | None,
    typer.Option(
        help='JSON that nobody else may read: {"webhook": ["…"], "api": {"token": "…"}}.',
        readable=False,
    ),
]


def secrets_of_new(name: str, settings: CrmSettings, path: Path | None) -> tuple[Secrets, bool]:
    """Its secrets, and whether that of its messages was drawn."""
    from cloud_sync.crm.connection import adding
    from cloud_sync.crm.connection.secrets import Secrets, check_name, given_secrets
    from cloud_sync.crm.kinds.incoming import INCOMING, is_told

    check_name(name)
    found = given_secrets(path) if path is not None else Secrets()
    webhook, api = found.webhook, dict(found.api)
    for one in adding.needed(settings, api):
        value = _asked(name, one.name, one.what)
        if value:
            api[one.name] = value
    drawn = False
    if not webhook and (value := _of_environment(name, "webhook")):
        webhook = (value,)
    if not webhook and is_told(settings):
        drawn = adding.is_drawn(settings)
        prompt = INCOMING[settings.kind].secret
        webhook = (adding.draw(settings) if drawn else _asked(name, "webhook", prompt),)
    for secret in webhook:
        adding.check_webhook_secret(settings, secret)
    adding.check_api_secrets(settings, api)
    return Secrets(webhook, api), drawn


def numbered(steps: Sequence[str]) -> str:
    """What a person does in the CRM, below a sentence; nothing where there is nothing to do."""
    lines = "".join(f"\n  {number}. {step}" for number, step in enumerate(steps, 1))
    return f"\n{lines}" if lines else ""


def _variable(name: str, secret: str) -> str:
    words = {"NAME": name, "SECRET": secret}
    made = "_".join(words.get(word, word) for word in VARIABLE.split("_"))
    return made.upper().replace("-", "_")


def _of_environment(name: str, secret: str) -> str:
    return os.environ.get(_variable(name, secret), "").strip()


def _asked(name: str, secret: str, what: str) -> str:
    """From the environment, or from a person."""
    value = _of_environment(name, secret)
    if value:
        return value
    if not sys.stdin.isatty():
        raise UsageError(
            f"a secret is missing: {what}", where=secret,
            fix=f"export {_variable(name, secret)}=…, or --secrets-file FILE, or type it at a terminal",
        )  # fmt: skip
    return str(typer.prompt(what, hide_input=True)).strip()


def crm_secret(
    name: NameArgument,
    drop: Annotated[bool, typer.Option("--drop", help="Take messages of the newest secret only.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Give the newest one up again: the CRM never got it.")] = False,
    api: Annotated[str, typer.Option(help="Change this secret of its API instead, such as token.")] = "",
    anew: Annotated[bool, typer.Option("--anew", help="Write all of its secrets again: their file here is damaged or lost.")] = False,
    secrets_file: FileOption = None,
    data: DataOption = DATA,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:  # fmt: skip
    """Change the secret of its messages: first add the new one, both are taken; then --drop the old one."""
    from cloud_sync.crm.client import breaker
    from cloud_sync.crm.connection import adding, connections, secrets
    from cloud_sync.crm.connection.settings import CrmSettings
    from cloud_sync.crm.inbound.inbox import UNARMED, taken_again
    from cloud_sync.crm.kinds.incoming import INCOMING
    from cloud_sync.hub import audit

    said = {"--drop": drop, "--back": back, "--api": bool(api), "--anew": anew}
    if sum(said.values()) > 1:
        named = " and ".join(option for option, given in said.items() if given)
        raise UsageError("only one of these at a time", where=named, fix="one after the other")
    console = Console(as_json, quiet)
    with opened(data) as hub:
        with hub.database.session() as session:
            settings = CrmSettings.model_validate(connections.require(session, name).settings)
        keys, shown, first = hub.config.keys_dir, "", False
        if anew:
            found, drawn = secrets_of_new(name, settings, secrets_file)
            secrets.write_secrets(keys, name, found)
            shown = found.webhook[0] if drawn else ""
            text = f"the secrets of {name} are written anew"
        elif back:
            secrets.take_back_webhook_secret(keys, name)
            text = f"{name} takes messages of the secret before only"
        elif drop:
            secrets.drop_webhook_secret(keys, name)
            text = f"{name} takes messages of the newest secret only"
        elif api:
            value = _new_api_secret(name, settings, api, secrets_file)
            secrets.keep_api_secret(keys, name, api, value)
            text = f"the secret {api} of {name} is changed"
        else:
            first = not secrets.read_secrets(keys, name).webhook
            shown = _add_webhook_secret(keys, name, settings, secrets_file)
            text = f"{name} takes messages of the new secret{' from now on' if first else ', and still of the one before'}"
        address = connections.webhook_url(hub, name)
        with hub.database.transaction() as session:
            if api or anew:
                breaker.look_again(connections.require(session, name), utc_now())
            if first or (anew and found.webhook):
                taken_again(session, name, UNARMED, settings.sweep_h, utc_now)
            more = {**({"given_up": True} if back else {}), **({"anew": True} if anew else {})}
            audit(session, operator(), "crm secret", name, api=api, dropped=drop, **more)
    steps = adding.steps(name, settings, address, shown or "SECRET") if shown or first else []
    console.answer(text + numbered(steps if first else ()), {"name": name, "webhook_secret": shown, "steps": [*steps]})  # fmt: skip
    if shown:
        console.note(f"new secret, shown this once: {shown} ({INCOMING[settings.kind].secret})")
    if not (drop or back or api or anew):
        verb = f"test {name}" if first else f"secret {name} --drop"
        console.next(f"cloud-sync crm {verb} --data {data}")


def _add_webhook_secret(keys: Path, name: str, settings: CrmSettings, path: Path | None) -> str:
    """Takes one more secret of its messages; it, if it was drawn."""
    from cloud_sync.crm.connection import adding, secrets

    new = _new_webhook_secret(name, settings, path)
    shown = "" if new else adding.draw(settings)
    adding.check_webhook_secret(settings, new or shown)
    secrets.add_webhook_secret(keys, name, new or shown)
    return shown


def _new_webhook_secret(name: str, settings: CrmSettings, path: Path | None) -> str:
    """Empty: it is to be drawn."""
    from cloud_sync.crm.connection import adding
    from cloud_sync.crm.connection.secrets import given_secrets
    from cloud_sync.crm.kinds.incoming import INCOMING

    if path is not None:
        given = given_secrets(path).webhook
        if not given:
            raise UsageError("no secret of messages in this file", where=str(path), fix='"webhook": ["…"]')  # fmt: skip
        return given[0]
    value = _of_environment(name, "webhook")
    if value or adding.is_drawn(settings):
        return value
    return _asked(name, "webhook", INCOMING[settings.kind].secret)


def _new_api_secret(name: str, settings: CrmSettings, key: str, path: Path | None) -> str:
    from cloud_sync.crm.connection import adding
    from cloud_sync.crm.connection.secrets import given_secrets
    from cloud_sync.crm.kinds.table import kind_of
    from kits.core.errors import did_you_mean

    known = {one.name: one.what for one in kind_of(settings.kind).secrets}
    if key not in known:
        raise UsageError(f"no secret {key!r}", where="--api", fix=did_you_mean(key, known))
    if path is not None:
        value = given_secrets(path).api.get(key, "")
        if not value:
            raise UsageError(
                f"no secret {key!r} in this file", where=str(path), fix=f"a line {key}: VALUE"
            )
    else:
        value = _asked(name, key, known[key])
    adding.check_api_secrets(settings, {key: value})
    return value
