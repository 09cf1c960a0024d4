"""Options of the verbs that talk to a hub as its release engineer, and what they open."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kits.toolchain.hub_client import HubClient
    from kits.toolchain.releasing.keys import KeyStore
    from kits.toolchain.releasing.roots import Desk

HubOption = Annotated[str, typer.Option("--hub", metavar="URL", help="The hub's address.")]
TokenOption = Annotated[
    str, typer.Option(help="API token; else KITWRIGHT_HUB_TOKEN, else the stored one.")
]
KeysOption = Annotated[
    Path | None,
    typer.Option("--keys", metavar="DIR", help="Your keys; ~/.config/kitwright/keys by default."),
]
FingerprintOption = Annotated[
    str,
    typer.Option(
        metavar="SHA256",
        help="Of the hub's own certificate authority: pinned and kept from then on.",
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before signing.")]


def open_keys(folder: Path | None) -> KeyStore:
    """The keys, with passphrases asked for at the terminal."""
    from kits.toolchain.releasing.keys import KeyStore
    from kits.toolchain.releasing.passphrase import from_terminal

    return KeyStore(folder, from_terminal())


@contextmanager
def open_client(hub: str, token: str, ca_fingerprint: str) -> Iterator[HubClient]:
    """The hub. Raises UsageError without a token."""
    from kits.toolchain.hub_client import HubClient
    from kits.toolchain.releasing.tokens import ca_file, find_token

    with HubClient(hub, find_token(hub, token), ca=ca_file(hub, ca_fingerprint)) as client:
        yield client


@contextmanager
def open_desk(hub: str, token: str, keys: Path | None, ca_fingerprint: str) -> Iterator[Desk]:
    """The hub, what is trusted of it, and the keys."""
    from kits.toolchain.releasing.roots import Desk
    from kits.toolchain.releasing.tokens import hub_folder
    from kits.toolchain.releasing.trust import TrustedCopy

    with open_client(hub, token, ca_fingerprint) as client:
        yield Desk(client, TrustedCopy(client, hub_folder(hub)), open_keys(keys))


def confirm(
    question: str, *, yes: bool, as_json: bool = False, first: str = "look at what is signed"
) -> None:
    """Asks before something that cannot be taken back. `first`: what a program that asks should do before `--yes`.

    Raises:
        UsageError: there is nobody to ask.
        typer.Abort: the person says no.
    """
    from kits.core.errors import UsageError

    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise UsageError("nobody is here to agree", fix=f"{first}, then add --yes")
    typer.confirm(question, abort=True, err=True)
