"""The hub's online key: it signs snapshot and timestamp, and the time, never a release.

One file is in force, `hub.pem`; while the key is being changed a second one waits beside it,
`hub-next.pem`, until a new root names it. Which of the two signs is decided by the root, so power
may go between any two steps of the change.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from kits.core.errors import ConfigError
from kits.core.files import sweep_torn
from kits.core.signing import SigningKey

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, Key

CURRENT = "hub.pem"
NEXT = "hub-next.pem"


class OnlineKeys:
    """The key files of a hub.

    Args:
        folder: readable by the hub only.

    Raises:
        ConfigError: there is no key.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        sweep_torn(folder)  # half-written keys are keys too
        if not (folder / CURRENT).exists():
            raise ConfigError(
                "the hub's signing key is missing",
                where=str(folder / CURRENT),
                fix="cloud-sync restore, or cloud-sync init in a new folder",
            )

    def signers(self) -> list[CryptoSigner]:
        """The key in force, then the one that waits, if there is one. Raises ConfigError."""
        paths = [self._folder / name for name in (CURRENT, NEXT)]
        return [SigningKey.load(path).signer() for path in paths if path.exists()]

    def public_keys(self) -> list[Key]:
        """Their public halves, in the same order."""
        return [signer.public_key for signer in self.signers()]

    def signer(self, allowed: Collection[str]) -> CryptoSigner:
        """The one whose key id is `allowed`.

        Raises:
            ConfigError: neither is.
        """
        for signer in self.signers():
            if signer.public_key.keyid in allowed:
                return signer
        raise ConfigError(
            "the trusted root names another online key than this hub has",
            where=str(self._folder),
            fix="kit key rotate hub --hub URL, or restore the hub's keys",
        )

    def prepare(self) -> Key:
        """The key a new root should name: made now unless one waits already."""
        path = self._folder / NEXT
        if not path.exists():
            SigningKey.create(path)
        return SigningKey.load(path).signer().public_key

    def settle(self, allowed: Collection[str]) -> None:
        """Once a root with the waiting key is in force, that key takes the other's place."""
        path = self._folder / NEXT
        if path.exists() and SigningKey.load(path).signer().public_key.keyid in allowed:
            path.replace(self._folder / CURRENT)
