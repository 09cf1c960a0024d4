"""The verbs about the release engineer's own key files: `kit key …`; those about a hub: `key_hub.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kits.program import make_family
from kits.toolchain.commands import key_hub
from kits.toolchain.commands.hub_options import (
    KeysOption,
    YesOption,
    confirm,
    open_keys,
)
from kits.toolchain.commands.key_hub import key_as_json, role_of
from kits.toolchain.commands.options import JsonOption, QuietOption

if TYPE_CHECKING:
    from pydantic import JsonValue

    from kits.toolchain.releasing.keys import KeyStore, PublicHalf


def register(app: typer.Typer) -> None:
    """Adds the family to `app`."""
    family = make_family("Your signing keys: root says which keys count, targets signs releases.")
    for verb in (init, export, sign):
        family.command()(verb)
    family.command("list")(list_)
    key_hub.add_verbs(family)
    app.add_typer(family, name="key")


def init(
    threshold: Annotated[
        int, typer.Option(min=1, max=20, help="How many root keys must sign a root.")
    ] = 1,
    owner: Annotated[str, typer.Option(help="Whose keys; your login name by default.")] = "",
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Leave the files unencrypted.")
    ] = False,
    keys: KeysOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make your keys: one for root, one for targets, protected by a passphrase.

    The passphrase is asked for twice, or taken from KIT_KEY_PASSPHRASE.
    """
    from kits.core.console import Console
    from kits.toolchain.releasing.key_making import make_keys

    console = Console(as_json, quiet)
    store = open_keys(keys)
    made = make_keys(store, no_passphrase=no_passphrase, owner=owner)
    store.require(threshold)
    listed: JsonValue = [key_as_json(store, half) for half in made]
    told = ", ".join(f"{half.role} {half.key_id[:8]}" for half in made) or "there are keys already"
    console.answer(f"{told}: {store.folder}", {"folder": str(store.folder), "made": listed})
    if no_passphrase:
        console.note("the files are NOT encrypted: who copies them can release")
    if threshold > len(store.all("root")):
        console.next("kit key add root PUB    (the other holders' kit key export --public)")
    else:
        console.next("kit publish --hub URL")


def list_(keys: KeysOption = None, as_json: JsonOption = False) -> None:
    """Show the keys in the folder: role, id, owner, whether the private half is here."""
    from kits.core.console import Console

    store = open_keys(keys)
    rows = [key_as_json(store, half) for half in store.all()]
    lines = [
        f"{row['role']:8} {str(row['key_id'])[:8]}  {row['held']:12} {row['owner']}" for row in rows
    ]
    Console(as_json).answer("\n".join(lines) or f"no keys in {store.folder}", rows)


def export(
    public: Annotated[bool, typer.Option("--public", help="The public half.")] = False,
    role: Annotated[str, typer.Option(help="root or targets.")] = "root",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Else standard output.")] = None,
    keys: KeysOption = None,
) -> None:
    """Give out the public half of your newest key of a role, for `kit key add` elsewhere."""
    from kits.core.errors import UsageError

    if not public:
        raise UsageError(
            "private keys are not exported", fix="--public; to save them, copy the folder"
        )
    text = _own(open_keys(keys), role_of(role))[-1].model_dump_json(indent=1)
    if out is None:
        print(text)  # noqa: T201  the answer
    else:
        out.write_text(text + "\n", encoding="utf-8")


def sign(
    file: Annotated[Path, typer.Argument(help="A root that waits, from another holder.")],
    keys: KeysOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add your signature to a root that needs more than one; the file is changed in place."""
    from kits.core.console import Console
    from kits.toolchain.releasing.pending import Pending

    console = Console(as_json, quiet)
    store = open_keys(keys)
    pending = Pending.read(file)
    for line in pending.describe(store):
        console.note(line)
    confirm("sign this root?", yes=yes, as_json=as_json)
    signed: JsonValue = [*pending.sign(store)]
    pending.write(file)
    lacking = pending.lacking()
    console.answer(
        f"signed; still missing: {lacking}" if lacking else "signed; nothing is missing",
        {"signed_by": signed, "lacking": lacking},
    )
    console.next(f"kit key {'sign' if lacking else 'send'} {file}")


def _own(store: KeyStore, role: Literal["root", "targets"]) -> list[PublicHalf]:
    from kits.core.errors import ConfigError

    found = store.own(role)
    if not found:
        raise ConfigError(f"no {role} key of yours", where=str(store.folder), fix="kit key init")
    return found
