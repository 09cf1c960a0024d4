"""The two files that a pretended CRM hands to `crm add`: its secrets, and its settings beside them.

Of several in one folder each has its own: the settings are named after the secrets, and those of one that runs stay.
"""

from __future__ import annotations

import json
from http.client import HTTP_PORT, HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from cloud_sync.crm.connection.secrets import Secrets, dump_secrets, parse_secrets
from cloud_sync.crm.simulator.simulator import drawn_secrets
from cloud_sync.crm.simulator.values import Fields
from cloud_sync.errors import ConflictError
from cloud_sync.pretended import PRIVATE
from kits.core.addresses import is_loopback
from kits.core.errors import ConfigError
from kits.core.files import write_atomically
from kits.core.settings import parse_yaml, read_text

_PATIENCE_S = 2.0
_SECRETS, _SETTINGS = "secrets", "settings"


def secrets_in(file: Path, kind: str) -> Secrets:
    """Its secrets, drawn where there is no such file. Raises ConfigError."""
    if file.exists():
        return parse_secrets(read_text(file), str(file))
    return drawn_secrets(kind)


def keep_secrets(file: Path, secrets: Secrets) -> None:
    """Writes those that were drawn, once the CRM answers: one that cannot begin leaves nothing behind."""
    if not file.exists():
        write_atomically(file, dump_secrets(secrets).encode(), private=True)


def settings_beside(secrets: Path) -> Path:
    """`a-secrets.json` → `a-settings.yaml`"""
    stem = secrets.stem
    named = (
        f"{stem.removesuffix(_SECRETS)}{_SETTINGS}"
        if stem.endswith(_SECRETS)
        else f"{stem}-{_SETTINGS}"
    )
    return secrets.with_name(f"{named}.yaml")


def check_settings(file: Path) -> None:
    """That settings may be written here.

    Raises:
        ConflictError: they are of a pretended CRM that runs.
        ConfigError: the file is of something else.
    """
    if not file.exists():
        return
    other = "--secrets-file OTHER-secrets.json: the settings go into OTHER-settings.yaml"
    url = parse_yaml(read_text(file), str(file)).get("url")
    place = _place_of(url) if isinstance(url, str) else None
    if place is None:
        raise ConfigError("these are no settings of a pretended CRM", where=str(file), fix=other)
    if _runs(*place):
        raise ConflictError(f"these are the settings of a pretended CRM that runs on {url}", where=str(file), fix=other)  # fmt: skip


def _place_of(url: str) -> tuple[str, int] | None:
    """Host and port on this machine; None: it is elsewhere."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or HTTP_PORT
    except ValueError:
        return None
    return (host, port) if is_loopback(host) else None


def _runs(host: str, port: int) -> bool:
    """Whether a pretended CRM answers there."""
    connection = HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", f"{PRIVATE}/figures")
        return isinstance(json.loads(connection.getresponse().read()), dict)
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()


def write_settings(file: Path, settings: Fields) -> str:
    """Writes them; where that made others of those that were there, what they said before, for people."""
    before = parse_yaml(read_text(file), str(file)) if file.exists() else dict(settings)
    write_atomically(file, yaml.safe_dump(settings).encode())
    changed = sorted(
        key for key in before.keys() | settings.keys() if before.get(key) != settings.get(key)
    )
    said = ", ".join(f"{key}: {before.get(key, '–')}" for key in changed)
    return f"{file} is written anew; it said before: {said}" if changed else ""
