"""The verbs of `kit key` that change or show which keys count at a hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kits.toolchain.commands.hub_options import (
    FingerprintOption,
    HubOption,
    KeysOption,
    TokenOption,
    YesOption,
    confirm,
    open_desk,
    open_keys,
)
from kits.toolchain.commands.options import JsonOption, QuietOption

if TYPE_CHECKING:
    from pydantic import JsonValue

    from kits.core.console import Console
    from kits.toolchain.releasing.keys import KeyStore, PublicHalf
    from kits.toolchain.releasing.pending import Pending
    from kits.toolchain.releasing.roots import Desk
    from kits.toolchain.releasing.trust import Releases

RoleArgument = Annotated[str, typer.Argument(metavar="ROLE", help="root or targets.")]
ThresholdOption = Annotated[
    int, typer.Option(min=0, max=20, help="How many root keys must sign; 0: as it is.")
]


def add_verbs(family: typer.Typer) -> None:
    """Adds the verbs to `kit key`."""
    for verb in (add, remove, rotate, renew, send, status, trust, resend):
        family.command()(verb)


def add(
    role: RoleArgument,
    pub: Annotated[Path, typer.Argument(metavar="PUB", help="The other person's public half.")],
    hub: Annotated[str, typer.Option(metavar="URL", help="Change this hub's root now.")] = "",
    threshold: ThresholdOption = 0,
    token: TokenOption = "",
    keys: KeysOption = None,
    ca_fingerprint: FingerprintOption = "",
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let another person's key count. Without --hub it waits for the first root of a new hub."""
    from kits.core.console import Console
    from kits.core.errors import UsageError
    from kits.toolchain.releasing import roots
    from kits.toolchain.releasing.keys import read_public

    console = Console(as_json, quiet)
    store = open_keys(keys)
    half = read_public(pub)
    if half.role != role_of(role):
        raise UsageError(
            f"this is a {half.role} key", where=str(pub), fix="name a key of the other role"
        )
    store.add(half)
    if not hub:
        if threshold:
            store.require(threshold)
        told = f"{half.role} key {half.key_id[:8]} of {half.owner} will be in the first root"
        console.answer(told, key_as_json(store, half))
        return
    with open_desk(hub, token, keys, ca_fingerprint) as desk:
        found = desk.trusted.refresh()
        new = roots.change(desk, found, half.role, add=[half.for_metadata()], threshold=threshold)
        _sign_and_send(console, desk, new, yes=yes)


def remove(
    role: RoleArgument,
    key_id: Annotated[str, typer.Argument(help="Its id, or the first 8 or more digits.")],
    hub: HubOption,
    threshold: ThresholdOption = 0,
    token: TokenOption = "",
    keys: KeysOption = None,
    ca_fingerprint: FingerprintOption = "",
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let a key count no more: it was lost, stolen, or its owner left."""
    from kits.core.console import Console
    from kits.core.errors import UsageError
    from kits.toolchain.releasing import roots

    with open_desk(hub, token, keys, ca_fingerprint) as desk:
        found = desk.trusted.refresh()
        named = found.root.roles[role_of(role)].keyids
        gone = [one for one in named if len(key_id) >= 8 and one.startswith(key_id)]
        if len(gone) != 1:
            raise UsageError(
                f"the root names no such {role} key", where=key_id[:64], fix="kit key list"
            )
        new = roots.change(desk, found, role_of(role), remove=gone, threshold=threshold)
        _sign_and_send(Console(as_json, quiet), desk, new, yes=yes)


def rotate(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="root, targets or hub.")],
    hub: HubOption,
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Leave the new file unencrypted.")
    ] = False,
    token: TokenOption = "",
    keys: KeysOption = None,
    ca_fingerprint: FingerprintOption = "",
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Replace your root key, your targets key, or the hub's online key by a new one."""
    from kits.core.console import Console
    from kits.toolchain.releasing import roots

    with open_desk(hub, token, keys, ca_fingerprint) as desk:
        found = desk.trusted.refresh(expired_is_fine=True)
        # before a key is made: that the person agrees and can sign
        confirm(f"replace the {role} key of {hub}?", yes=yes, as_json=as_json)
        desk.keys.signers("root", found.root.roles["root"].keyids)
        if role == "hub":
            new = roots.change_online(desk, found)
        else:
            new = _own_key_replaced(desk, found, role_of(role), no_passphrase=no_passphrase)
        _sign_and_send(Console(as_json, quiet), desk, new, yes=True)


def _own_key_replaced(
    desk: Desk, found: Releases, role: Literal["root", "targets"], *, no_passphrase: bool
) -> Pending:
    from kits.toolchain.releasing import roots
    from kits.toolchain.releasing.key_making import make_keys

    old = desk.keys.own(role, found.root.roles[role].keyids)
    made = make_keys(desk.keys, no_passphrase=no_passphrase, roles=(role,))
    return roots.change(
        desk,
        found,
        role,
        add=[half.for_metadata() for half in made],
        remove=[half.key_id for half in old],
    )


def renew(
    role: RoleArgument,
    hub: HubOption,
    token: TokenOption = "",
    keys: KeysOption = None,
    ca_fingerprint: FingerprintOption = "",
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Sign the root (2 years) or the releases (1 year) again before they expire, or after."""
    from kits.core.console import Console
    from kits.toolchain.releasing import roots
    from kits.toolchain.releasing.pending import text_of

    console = Console(as_json, quiet)
    with open_desk(hub, token, keys, ca_fingerprint) as desk:
        found = desk.trusted.refresh(expired_is_fine=True)
        if role_of(role) == "root":
            _sign_and_send(console, desk, roots.renewed(desk, found), yes=yes)
            return
        confirm(f"sign the {len(found.targets.targets)} releases again?", yes=yes, as_json=as_json)
        targets = roots.resigned(desk, found, found.root)
        done = desk.client.send_metadata(targets=text_of(targets))
        desk.trusted.refresh()
    until = f"{targets.signed.expires:%Y-%m-%d}"
    console.answer(f"targets {done.targets} good until {until}", done.model_dump())


def send(
    file: Annotated[Path, typer.Argument(help="A root that was signed by enough holders.")],
    hub: HubOption,
    token: TokenOption = "",
    keys: KeysOption = None,
    ca_fingerprint: FingerprintOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Give a co-signed root to the hub. The very first root goes with `kit publish` instead."""
    from kits.core.console import Console
    from kits.toolchain.releasing import roots
    from kits.toolchain.releasing.pending import Pending

    console = Console(as_json, quiet)
    with open_desk(hub, token, keys, ca_fingerprint) as desk:
        pending = Pending.read(file)
        if pending.previous is None:
            pending.write(desk.pending)
            console.answer("kept for the first publish", {"kept": str(desk.pending)})
            console.next(f"kit publish --hub {hub}")
            return
        done = roots.send(desk, pending)
    console.answer(f"root {done.root} is in force", done.model_dump())


def status(
    hub: HubOption,
    token: TokenOption = "",
    keys: KeysOption = None,
    ca_fingerprint: FingerprintOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Verify the hub's metadata and show keys, releases and when each role expires."""
    from kits.core.console import Console
    from kits.toolchain.releasing.key_status import look

    console = Console(as_json, quiet)
    with open_desk(hub, token, keys, ca_fingerprint) as desk:
        found = look(desk)
    console.answer(found.text(), found.as_json())
    for line in found.advice(hub):
        console.next(line)


def trust(
    hub: HubOption,
    sha256: Annotated[
        str, typer.Option(help="Of the root, from a colleague's kit key status.")
    ] = "",
    moved_from: Annotated[
        str,
        typer.Option(
            help="In its place: the address by which this machine knew the hub before.",
            metavar="URL",
        ),
    ] = "",
    token: TokenOption = "",
    ca_fingerprint: FingerprintOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Trust a hub's root on this machine, after comparing its fingerprint with a colleague; or a hub that moved."""
    from kits.core.console import Console
    from kits.core.errors import UsageError
    from kits.toolchain.releasing.key_status import trust_root
    from kits.toolchain.releasing.tokens import hub_folder

    if bool(sha256) == bool(moved_from):
        raise UsageError("either a fingerprint or the hub's old address is needed", fix="--sha256 FINGERPRINT, or --moved-from URL")  # fmt: skip
    with open_desk(hub, token, None, ca_fingerprint) as desk:
        if moved_from:
            version = desk.trusted.follow(hub_folder(moved_from)).root.version
        else:
            version = trust_root(desk, sha256)
    Console(as_json, quiet).answer(f"root {version} of {hub} is trusted here", {"root": version})


def resend(
    hub: HubOption,
    token: TokenOption = "",
    ca_fingerprint: FingerprintOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Give a hub that was restored from a backup the newer releases it had lost."""
    from kits.core.console import Console
    from kits.toolchain.releasing import roots

    with open_desk(hub, token, None, ca_fingerprint) as desk:
        done = roots.resend(desk)
        desk.trusted.refresh()
    Console(as_json, quiet).answer(
        f"root {done.root}, targets {done.targets} are in force again", done.model_dump()
    )


def _sign_and_send(console: Console, desk: Desk, pending: Pending, *, yes: bool) -> None:
    from kits.toolchain.releasing import roots

    for line in pending.describe(desk.keys):
        console.note(line)
    confirm("sign this root?", yes=yes, as_json=console.as_json)
    pending.sign(desk.keys)
    done = roots.send(desk, pending)
    console.answer(f"root {done.root} and targets {done.targets} are in force", done.model_dump())
    console.next(f"kit key status --hub {desk.client.address}")


def role_of(word: str) -> Literal["root", "targets"]:
    """The role a person named. Raises UsageError."""
    from kits.core.errors import UsageError, did_you_mean

    if word == "root":
        return "root"
    if word == "targets":
        return "targets"
    raise UsageError(f"{word!r} is no role", fix=did_you_mean(word, ["root", "targets"]))


def key_as_json(store: KeyStore, half: PublicHalf) -> dict[str, JsonValue]:
    """A key for `--json`; `held`: how the private half lies here."""
    held = "public only"
    if store.holds(half):
        held = "encrypted" if store.is_encrypted(half) else "UNENCRYPTED"
    return {
        "role": half.role,
        "key_id": half.key_id,
        "owner": half.owner,
        "held": held,
        "created_at": half.created_at.isoformat(),
    }
