"""Keys and tokens of the person who publishes: the signing key of a project, tokens by hub.

Both are files only their owner may read; neither is ever printed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from kits.core.blobs import write_atomically
from kits.core.errors import ConfigError, UsageError
from kits.core.signing import SigningKey
from kits.toolchain.project import Project

TOKEN_VARIABLE = "KITWRIGHT_HUB_TOKEN"  # noqa: S105  the variable's name


def signing_key(project: Project) -> tuple[SigningKey, bool]:
    """The project's key, made on first use.

    Returns:
        The key, and whether it is new.
    """
    path, name = project.keys_dir / "publish.pem", project.config.name
    if path.exists():
        return SigningKey.load(path, name), False
    key = SigningKey.create(path, name)
    ignore = project.keys_dir / ".gitignore"
    write_atomically(ignore, b"# a private key never belongs into a repository\n*\n")
    return key, True


def tokens_file() -> Path:
    """Where tokens are kept: `$XDG_CONFIG_HOME/kitwright/hubs.json`."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "kitwright" / "hubs.json"


def find_token(hub: str, given: str = "") -> str:
    """The token for a hub: given, else from the environment, else stored.

    Raises:
        UsageError: there is none.
    """
    token = given or os.environ.get(TOKEN_VARIABLE, "") or _stored().get(hub.rstrip("/"), "")
    if not token:
        raise UsageError(
            "no token for this hub",
            where=hub,
            fix=f"kit publish --hub {hub} --token T, or set {TOKEN_VARIABLE}; "
            "cloud-sync user add prints one",
        )
    return token


def store_token(hub: str, token: str) -> Path:
    """Keeps a token for the next time, in a file with mode 0600."""
    path = tokens_file()
    content = json.dumps({**_stored(), hub.rstrip("/"): token}, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    temporary.replace(path)
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
