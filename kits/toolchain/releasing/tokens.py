"""What this person's machine knows of each hub: the API token, the hub's certificate authority.

Files only their owner may read, under `$XDG_CONFIG_HOME/kitwright`; none is ever printed. Signing
keys are in `keys.py`, what is trusted of a hub's releases in `trust.py`.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from kits.core.errors import ConfigError, UsageError
from kits.core.files import write_atomically
from kits.core.sample import digest_of

TOKEN_VARIABLE = "KITWRIGHT_HUB_TOKEN"  # noqa: S105  the variable's name
NEW_TOKEN = "cloud-sync token add NAME --data DIR"  # noqa: S105  the command


def config_folder() -> Path:
    """`$XDG_CONFIG_HOME/kitwright`."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "kitwright"


def hub_folder(hub: str) -> Path:
    """Where what is known of one hub is kept; its name can be read and is unique."""
    address = hub.rstrip("/").lower()
    host = re.sub(r"[^a-z0-9.-]+", "-", urlsplit(address).netloc)[:60]
    return config_folder() / "hubs" / f"{host}-{digest_of(address.encode())[:8]}"


def ca_file(hub: str, fingerprint: str = "") -> Path | None:
    """The hub's certificate authority: kept from before, or fetched now by its fingerprint.

    Returns:
        the file; None: the system's authorities are asked.

    Raises:
        UnreachableError, UsageError: see `kits.core.tls.fetch_ca`.
    """
    path = hub_folder(hub) / "ca.pem"
    if fingerprint:
        from kits.core.tls import fetch_ca

        write_atomically(path, fetch_ca(hub, fingerprint))
    return path if path.exists() else None


def tokens_file() -> Path:
    """Where tokens are kept."""
    return config_folder() / "hubs.json"


def find_token(hub: str, given: str = "") -> str:
    """The token for a hub: given, else from the environment, else stored.

    Raises:
        UsageError: there is none, or what is there cannot be one.
    """
    token = given or os.environ.get(TOKEN_VARIABLE, "") or _stored().get(hub.rstrip("/"), "")
    token = token.strip()
    if not token:
        raise UsageError(
            "no token for this hub",
            where=hub,
            fix=f"give --token T, or set {TOKEN_VARIABLE}; on the hub: {NEW_TOKEN} prints one",
        )
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError(
            "not a token: it has line breaks, blanks or letters that none has",
            where=hub,
            fix=f"one token alone, in --token or {TOKEN_VARIABLE}; on the hub: {NEW_TOKEN} prints one",
        )
    return token


def store_token(hub: str, token: str) -> Path:
    """Keeps a token for the next time, in a file with mode 0600."""
    path = tokens_file()
    content = json.dumps({**_stored(), hub.rstrip("/"): token}, indent=1)
    write_atomically(path, content.encode(), private=True)
    return path


def _stored() -> dict[str, str]:
    path = tokens_file()
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise ConfigError("not a JSON file", where=str(path), fix="delete it") from None
    if not isinstance(value, dict):
        raise ConfigError("not a table of tokens", where=str(path), fix="delete it")
    return {str(hub): str(token) for hub, token in value.items()}
