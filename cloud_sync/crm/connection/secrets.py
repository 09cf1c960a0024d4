"""The secrets of CRM connections: `keys/crm/NAME.json` of the hub's data, which only the hub can read (0600).

A backup of the hub carries them with its other keys; they are never in the database, in a log or in an error. What a
secret is used for is the business of `inbound/schemes/` (messages that come in) and of each CRM's file (its API).
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloud_sync.errors import ConflictError
from cloud_sync.store.holding import locked
from kits.core.complaints import plain
from kits.core.errors import ConfigError, UsageError
from kits.core.files import make_folder, write_atomically
from kits.core.settings import read_text

MAX_WEBHOOK_SECRETS = 2
"""The one in force and the one before it, while the CRM's side is being changed."""
MAX_SECRET = 4096
_FOLDER = "crm"
_LOCK = ".lock"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Coming:
    """Secrets of an API that count once the connection has other settings, so that neither old nor new ones go astray.

    Attributes:
        settings: a digest of those.
    """

    settings: str
    api: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a connection must not tell anybody.

    Attributes:
        webhook: what its messages are signed with, as the CRM shows it; the newest first, two at most.
        api: what its API is used with, by name (`token`, `client_id`, `client_secret`, `refresh_token`, …).
        there: they were found; False: there is no file, and nobody may be known by anything else instead.
        coming: those that take the place of `api` together with other settings; None: nobody changes them.
    """

    webhook: tuple[str, ...] = field(default=(), repr=False)
    api: Mapping[str, str] = field(default_factory=dict, repr=False)
    there: bool = True
    coming: Coming | None = None


class _ComingFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    settings: str
    api: dict[str, str] = Field(max_length=20)


class _SecretsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    webhook: tuple[str, ...] = Field((), max_length=MAX_WEBHOOK_SECRETS)
    api: dict[str, str] = Field(default_factory=dict, max_length=20)
    coming: _ComingFile | None = None


def check_name(name: str) -> str:
    """A name that may stand in an address and name a file.

    Raises:
        UsageError: it may not.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            "not a name for a connection",
            where=name[:60],
            fix="small letters, digits, - and _, 40 at most: hubspot-sales",
        )
    return name


def secrets_path(keys_dir: Path, name: str) -> Path:
    """Where its secrets are. Raises UsageError."""
    return keys_dir / _FOLDER / f"{check_name(name)}.json"


def secrets_files(keys_dir: Path) -> list[Path]:
    """The files of all connections."""
    return sorted((keys_dir / _FOLDER).glob("*.json"))


def read_secrets(keys_dir: Path, name: str) -> Secrets:
    """Its secrets; none where there is no file.

    Raises:
        ConfigError: the file is damaged. What it holds is not told.
    """
    path = secrets_path(keys_dir, name)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Secrets(there=False)
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, type(error).__name__, _anew(name)) from error
    return parse_secrets(text, str(path), mended_by=_anew(name))


def _anew(name: str) -> str:
    return f"cloud-sync crm secret {name} --anew writes all of them again"


def given_secrets(path: Path) -> Secrets:
    """Secrets in a file that a person names.

    Raises:
        ConfigError: no such file, others may read it, or it says something else.
        OSError: this account may not read it.
    """
    text = read_text(path)
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) and mode & 0o077:  # a pipe is nobody else's
        raise ConfigError("others may read these secrets", where=str(path), fix=f"chmod 600 {path}")
    return parse_secrets(text, str(path))


def parse_secrets(text: str, where: str, mended_by: str = "") -> Secrets:
    """Secrets from JSON: `{"webhook": ["…"], "api": {"token": "…"}}`.

    Args:
        mended_by: what to do about it; empty: write the file as it should be.

    Raises:
        ConfigError: it says something else. What it holds is not told.
    """
    try:
        found = _SecretsFile.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        where_in = ".".join(map(str, fault["loc"]))
        what = f"{where_in}: {plain(fault)}" if where_in else "no JSON"
        raise _damaged(Path(where), what, mended_by) from None
    coming = Coming(found.coming.settings, found.coming.api) if found.coming else None
    secrets = Secrets(found.webhook, found.api, coming=coming)
    for one in (*secrets.webhook, *secrets.api.values(), *(coming.api.values() if coming else ())):
        _check_secret(one, where)
    return secrets


def _damaged(path: Path, what: str, fix: str) -> ConfigError:
    fix = fix or 'JSON: {"webhook": ["SECRET"], "api": {"token": "…"}}'
    return ConfigError(f"the secrets of a connection cannot be read: {what}", where=str(path), fix=fix)  # fmt: skip


def _check_secret(secret: str, where: str) -> None:
    odd = not secret.isprintable() or secret != secret.strip()
    # keys in PEM have lines; nothing else has
    if not secret or len(secret) > MAX_SECRET or (odd and "-----BEGIN" not in secret):
        raise ConfigError(
            "not a secret: empty, too long, or with spaces around it", where=where,
            fix="copy it again from the CRM",
        )  # fmt: skip


def dump_secrets(secrets: Secrets) -> str:
    """The opposite of `parse_secrets`."""
    told: dict[str, object] = {"webhook": list(secrets.webhook), "api": dict(secrets.api)}
    if secrets.coming is not None:
        told["coming"] = {"settings": secrets.coming.settings, "api": dict(secrets.coming.api)}
    return json.dumps(told, indent=1)


def write_secrets(keys_dir: Path, name: str, secrets: Secrets) -> None:
    """Keeps them, in place of those before.

    Raises:
        ConfigError: one of them is no secret, or there are too many.
        OSError: disk full, no permission; what was there stays.
    """
    with _changing(keys_dir, name):
        _write(keys_dir, name, secrets)


def remove_secrets(keys_dir: Path, name: str) -> None:
    """Forgets them. Raises OSError."""
    with _changing(keys_dir, name):
        secrets_path(keys_dir, name).unlink(missing_ok=True)


@contextmanager
def _changing(keys_dir: Path, name: str) -> Iterator[None]:
    """One at a time: a person and the running hub change different secrets of one file."""
    folder = secrets_path(keys_dir, name).parent
    make_folder(folder, 0o700)
    with locked(folder / _LOCK):
        yield


def _write(keys_dir: Path, name: str, secrets: Secrets) -> None:
    path = secrets_path(keys_dir, name)
    content = dump_secrets(secrets)
    parse_secrets(content, str(path))
    write_atomically(path, content.encode(), private=True)


def keep_api_secret(keys_dir: Path, name: str, key: str, value: str) -> None:
    """Replaces a secret of its API: a CRM that gives a new refresh token takes the old one back.

    Raises:
        ConfigError: it is no secret.
        OSError: it cannot be written.
    """
    with _changing(keys_dir, name):
        secrets = read_secrets(keys_dir, name)
        _write(keys_dir, name, replace(secrets, api={**secrets.api, key: value}))


def announce_api_secrets(keys_dir: Path, name: str, coming: Coming | None) -> None:
    """All secrets of its API as they are to be with other settings; None: they stay. Raises as `keep_api_secret`."""
    with _changing(keys_dir, name):
        secrets = read_secrets(keys_dir, name)
        if secrets.coming != coming:
            _write(keys_dir, name, replace(secrets, coming=coming))


def settle_api_secrets(keys_dir: Path, name: str, settings: str) -> Secrets:
    """What was announced for these settings, which it has now, takes the place of the secrets before; all of them.

    Raises as `keep_api_secret`.
    """
    with _changing(keys_dir, name):
        secrets = read_secrets(keys_dir, name)
        if secrets.coming is not None and secrets.coming.settings == settings:
            secrets = replace(secrets, api=dict(secrets.coming.api), coming=None)
            _write(keys_dir, name, secrets)
        return secrets


def turn_over_api_secret(keys_dir: Path, name: str, key: str, value: str) -> None:
    """As `keep_api_secret`, for a CRM that changed it; nothing is kept of a connection that was removed meanwhile."""
    with _changing(keys_dir, name):
        secrets = read_secrets(keys_dir, name)
        if secrets.there:
            _write(keys_dir, name, replace(secrets, api={**secrets.api, key: value}))


def add_webhook_secret(keys_dir: Path, name: str, secret: str) -> Secrets:
    """A new secret of its messages; the one in force is taken beside it until it is dropped.

    Raises:
        ConflictError: two are in force already.
        ConfigError: it is no secret.
    """
    with _changing(keys_dir, name):
        secrets = read_secrets(keys_dir, name)
        if secret in secrets.webhook:
            return secrets
        if len(secrets.webhook) >= MAX_WEBHOOK_SECRETS:
            fix = f"cloud-sync crm secret {name} --drop once the CRM has the newer one, --back if it never got it"
            raise ConflictError("two secrets are taken already", where=name, fix=fix)
        new = replace(secrets, webhook=(secret, *secrets.webhook))
        _write(keys_dir, name, new)
        return new


def drop_webhook_secret(keys_dir: Path, name: str) -> Secrets:
    """From now on only the newest secret is taken.

    Raises:
        ConflictError: there is one only.
    """
    fix = "nothing to do: one secret is in use"
    return _keep_one(keys_dir, name, slice(0, 1), "there is no older secret to drop", fix)


def take_back_webhook_secret(keys_dir: Path, name: str) -> Secrets:
    """The newest secret is given up: nobody was told it, or the CRM was not changed after all.

    Raises:
        ConflictError: there is one only.
    """
    fix = "set the older one again: cloud-sync crm secret"
    return _keep_one(keys_dir, name, slice(1, None), "there is no older secret to go back to", fix)


def _keep_one(keys_dir: Path, name: str, kept: slice, problem: str, fix: str) -> Secrets:
    with _changing(keys_dir, name):
        secrets = read_secrets(keys_dir, name)
        if len(secrets.webhook) < MAX_WEBHOOK_SECRETS:
            raise ConflictError(problem, where=name, fix=fix)
        new = replace(secrets, webhook=secrets.webhook[kept])
        _write(keys_dir, name, new)
        return new
