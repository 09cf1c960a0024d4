"""A release engineer in memory: signs what it is told to, also what no honest one would sign.

After python-tuf's RepositorySimulator: a test changes one thing and says what must come of it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, Key
from tuf.api.metadata import Metadata, Root, TargetFile, Targets

from kits.core import bundle as formats
from kits.core.hub_api import PublishRequest
from kits.core.releases import Release, target_path
from kits.core.sample import digest_of
from kits.toolchain.hub_client import HubClient


def new_key() -> CryptoSigner:
    """A key of nobody yet."""
    return CryptoSigner(Ed25519PrivateKey.generate())


@dataclass
class Engineer:
    """Keys and the newest metadata; `online` is the hub's public key."""

    online: Key
    root_keys: list[CryptoSigner] = field(default_factory=lambda: [new_key()])
    targets_keys: list[CryptoSigner] = field(default_factory=lambda: [new_key()])
    root_threshold: int = 1
    root: Root = field(init=False)
    targets: Targets = field(init=False)

    def __post_init__(self) -> None:
        self.root, self.targets = Root(), Targets()
        self.root.version = self.targets.version = 0  # nothing is signed yet

    def next_root(self) -> Root:
        """The next root with the keys held now; not signed."""
        new = Root(version=self.root.version + 1, expires=in_days(730), consistent_snapshot=True)
        for role, keys in (
            ("root", [one.public_key for one in self.root_keys]),
            ("targets", [one.public_key for one in self.targets_keys]),
            ("snapshot", [self.online]),
            ("timestamp", [self.online]),
        ):
            for key in keys:
                new.add_key(key, role)
        new.roles["root"].threshold = self.root_threshold
        return new

    def sign_root(self, *more: CryptoSigner, **changes: object) -> str:
        """Signs and keeps the next root; `more` are keys that signed the one before."""
        new = self.next_root()
        for name, value in changes.items():
            setattr(new, name, value)
        self.root = new
        return signed(new, *self.root_keys, *more)

    def release(self, content: bytes, **changes: object) -> str:
        """Signs and keeps targets with one more release, of the project of `content`."""
        manifest = formats.open_bytes(content).manifest
        numbers = [
            int(path.rpartition("/")[2].removesuffix(".kwb"))
            for path in self.targets.targets
            if path.startswith(f"{manifest.project}/")
        ]
        values = {
            "bundle": formats.bundle_id(content),
            "project": manifest.project,
            "kit": manifest.kit,
            "version": manifest.version,
            "release": max(numbers, default=0) + 1,
            **changes,
        }
        custom = Release.model_validate(values)
        path = target_path(custom.project, custom.release)
        target = TargetFile.from_data(path, content, ["sha256"])
        target.unrecognized_fields["custom"] = custom.as_custom()
        return self.sign_targets({path: target})

    def sign_targets(
        self, more: dict[str, TargetFile] | None = None, *keys: CryptoSigner, **changes: object
    ) -> str:
        """Signs and keeps the next targets, with `more` of them."""
        new = copy.deepcopy(self.targets)
        new.version += 1
        new.expires = in_days(365)
        new.targets.update(more or {})
        for name, value in changes.items():
            setattr(new, name, value)
        self.targets = new
        return signed(new, *(keys or self.targets_keys))


def signed(metadata: Root | Targets, *keys: CryptoSigner) -> str:
    """A metadata file as text."""
    wrapped = Metadata(metadata)
    for number, key in enumerate(keys):
        wrapped.sign(key, append=number > 0)
    return wrapped.to_bytes().decode()


def in_days(days: float) -> datetime:
    """A time of expiry."""
    return (datetime.now(timezone.utc) + timedelta(days=days)).replace(microsecond=0)


class Publisher:
    """An engineer who publishes to a hub that serves."""

    def __init__(self, url: str, token: str) -> None:
        self.client = HubClient(url, token)
        self.engineer: Engineer | None = None

    def publish(self, content: bytes) -> str:
        """Brings a bundle into the hub and releases it; its id. Twice: a second release of it."""
        bundle, blob = formats.bundle_id(content), digest_of(content)
        self.client.put_blob(blob, content)
        self.client.publish(PublishRequest(bundle=bundle, blob=blob))
        return self.release(content)

    def release(self, content: bytes) -> str:
        """Releases what the hub has; its id."""
        root = ""
        if self.engineer is None:
            online = self.client.online_key()
            self.engineer = Engineer(Key.from_dict(online.key_id, dict(online.key)))
            root = self.engineer.sign_root()
        self.client.send_metadata(root=root, targets=self.engineer.release(content))
        return formats.bundle_id(content)
