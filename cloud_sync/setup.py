"""Making and checking a hub's data folder. No server, no broker. Saving and restoring it: `backups.py`."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from cloud_sync.config import DATABASE_FILE, FILE, HubConfig, dump, load, parse
from cloud_sync.errors import ConflictError
from cloud_sync.fleet.broker import find_mosquitto
from cloud_sync.fleet.pki import CA_ALARM, CRL_ALARM, Authority
from cloud_sync.store.check import MOVED, RESTORE, check_database, looking
from cloud_sync.store.db import Database, migrate
from kits.core.errors import ConfigError, KitwrightError
from kits.core.files import write_atomically
from kits.core.sample import utc_now
from kits.core.signing import SigningKey

_ROOM_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `doctor`."""

    check: str
    found: str
    ok: bool
    fix: str = ""


def init(data_dir: Path, login: str, password: str, changes: dict[str, object]) -> str:
    """Makes a hub: folder, configuration, signing key, tables, first admin.

    Args:
        password: empty draws one.
        changes: values for `hub.yaml` that differ from the defaults.

    Returns:
        the admin's password.

    Raises:
        ConflictError: there is a hub already, or something else; it stays as it is.
        ConfigError: `changes` do not fit.
    """
    if (data_dir / FILE).exists():
        raise ConflictError(
            "there is a hub here already",
            where=str(data_dir),
            fix=f"cloud-sync serve --data {data_dir}",
        )
    if data_dir.exists() and any(contents(data_dir)):
        raise ConflictError(
            "a hub is made in a new or an empty folder only", where=str(data_dir), fix="--data NEW"
        )
    config = parse(changes, data_dir)
    password = password or secrets.token_urlsafe(12)
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o700)
    try:
        _fill(config, login, password)
    except BaseException:
        clear(data_dir)  # half a hub would be in the way of the next try
        raise
    return password


def contents(folder: Path) -> list[Path]:
    """What lies in it, but for what every mounted disk brings with it."""
    return [path for path in folder.iterdir() if path.name != "lost+found"]


def clear(folder: Path) -> None:
    """Removes what lies in it; the folder may be a disk's."""
    for path in contents(folder):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _fill(config: HubConfig, login: str, password: str) -> None:
    from cloud_sync.web.accounts import create_person

    SigningKey.create(config.keys_dir / "hub.pem")
    Authority(config.pki_dir)
    database = Database(config.database)
    try:
        migrate(database)
        with database.transaction() as session:
            create_person(session, login, password, "admin", by="init")
    finally:
        database.close()
    write_atomically(config.data_dir / FILE, dump(config).encode(), private=True)


def doctor(data_dir: Path) -> list[Finding]:
    """Checks what a hub needs; changes nothing."""
    try:
        config = load(data_dir)
    except ConfigError as error:
        wrong = Finding("configuration", error.what, False, error.fix)
        return [_mosquitto(), _disk(data_dir, 0), wrong]
    findings = [
        _mosquitto(),
        _disk(data_dir, config.limits.disk_reserve_bytes),
        Finding("configuration", str(data_dir / FILE), True),
    ]
    database = _database(config)
    leads = [one for ask in _LEADS for one in ask(config)] if database.ok else []
    rest = [_authority(config), database, *_moved(config), *leads]
    return [*findings, *_keys(config), *_crms(config), *rest]


def _mosquitto() -> Finding:
    program = find_mosquitto()
    if program:
        return Finding("mosquitto", program, True)
    return Finding(
        "mosquitto", "not installed: the embedded broker serves this machine only", True,
        "apt install mosquitto",
    )  # fmt: skip


def _disk(data_dir: Path, reserve: int) -> Finding:
    """Room for a while. `reserve`: bytes; with less nothing is taken from devices."""
    place = next(path for path in (data_dir, *data_dir.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free
    least = max(_ROOM_BYTES, 2 * reserve)
    fix = f"at least {least / 1e9:g} GB"
    if least > _ROOM_BYTES:
        fix += ": twice limits.disk_reserve_bytes, with less than which nothing is taken"
    return Finding("free disk", f"{free / 1e9:.1f} GB", free > least, fix)


def _keys(config: HubConfig) -> list[Finding]:
    path = config.keys_dir / "hub.pem"
    if not path.exists():
        return [Finding("signing key", "missing", False, RESTORE)]
    private = path.stat().st_mode & 0o077 == 0
    return [Finding("signing key", str(path), private, f"chmod 600 {path}")]


def _crms(config: HubConfig) -> list[Finding]:
    """Where CRMs are connected: their secrets are private, and they can reach the hub by its public address."""
    from cloud_sync.crm.connection.adding import warnings
    from cloud_sync.crm.connection.secrets import secrets_files

    files = secrets_files(config.keys_dir)
    open_to_others = [path for path in files if path.stat().st_mode & 0o077]
    if not files:
        return []
    wrong = warnings(config.url)
    fix = f"chmod 600 {open_to_others[0]}" if open_to_others else ""
    return [
        Finding("CRM secrets", f"{len(files)} connections", not open_to_others, fix),
        # a pretended CRM on this machine needs no more: said, and no fault
        Finding("CRM address", wrong[0] if wrong else config.url, True),
    ]


def _authority(config: HubConfig) -> Finding:
    if not (config.pki_dir / "ca.pem").exists():
        return Finding("certificate authority", "missing", False, RESTORE)
    try:
        authority = Authority(config.pki_dir)
    except ConfigError as error:
        return Finding("certificate authority", error.what, False, error.fix)
    now, list_ends = utc_now(), authority.crl_expires_at
    found = (
        f"{authority.fingerprint[:16]}… until {authority.expires_at:%Y-%m-%d},"
        f" revocation list until {list_ends:%Y-%m-%d}"
    )
    if authority.expires_at - now < CA_ALARM:
        fix = "plan a new hub data folder: every device must be enrolled at a new authority"
        return Finding("certificate authority", found, False, fix)
    fix = "let cloud-sync serve run: it renews the list; see its log"
    # without TLS at the broker nobody reads the list, and nobody renews it
    good = not config.broker_tls or list_ends - now > CRL_ALARM
    return Finding("certificate authority", found, good, fix)


def _database(config: HubConfig) -> Finding:
    try:
        return Finding("database", f"schema {check_database(config.database)}", True)
    except KitwrightError as error:
        return Finding("database", f"{error.where}: {error.what}", False, error.fix)


def _moved(config: HubConfig) -> list[Finding]:
    """A file whose tables are in PostgreSQL now: said, and no fault."""
    file = config.data_dir / (DATABASE_FILE + MOVED)
    if not file.exists():
        return []
    found = f"{file.name}, {file.stat().st_size / 1e6:.0f} MB: it still has whoever was erased since; delete it when you have a pg_dump"
    return [Finding("file from before the move", found, True)]


def _lots(config: HubConfig) -> list[Finding]:
    """More leads by lot than a bundle was judged with, at a price that nobody knows: they are not shown."""
    most = config.leads.exploration
    if not most:
        return []
    from cloud_sync.crm.leads.lots import too_high

    with looking(config.database) as session:
        over = too_high(session, most)
    if not over:
        return []
    fix = f"set model.team.exploration: {most:g} in kit.yaml of {over[0]}, train and release; or leave leads.exploration out"
    found = f"leads.exploration is {most:g}, the bundles of {', '.join(over)} keep less, and that counts"
    return [Finding("leads by lot", found, False, fix)]


def _keyless(config: HubConfig) -> list[Finding]:
    """Samples of leads that an import may have too, and nobody can tell: said, and no fault."""
    from cloud_sync.crm.outcomes.keyless import count_without

    with looking(config.database) as session:
        without = count_without(session)
    if not without:
        return []
    named = ", ".join(f"{count} of {name}" for name, count in without.items())
    fix = (
        "name the column of ids in the tables you import: cloud-sync crm set NAME options.id_column=COLUMN (within the"
        " hour they are known by it); of a connection that was removed nothing can be told"
    )
    found = (
        f"{named}: whether an imported lead is the same is not known, it may be learned from twice"
    )
    return [Finding("samples without a record", found, True, fix)]


def _alike(config: HubConfig) -> list[Finding]:
    """Accounts of one kind in a project, of which nothing says whose number is whose: said, and no fault."""
    from cloud_sync.crm.outcomes.keyless import alike

    with looking(config.database) as session:
        found = alike(session)
    return [
        Finding(
            "leads of several accounts",
            f"{', '.join(names)} count their records alike: a number is one lead, learned from once and erased for all",
            True,
            f"unless that is so: cloud-sync crm set {names[-1]} options.id_column='records of {names[-1]}'",
        )
        for names in found
    ]


def _versions(config: HubConfig) -> list[Finding]:
    """Until when each CRM is asked by an API that there is, where that is known."""
    from cloud_sync.crm.kinds.lifetimes import FIX, lifetimes

    today = utc_now().date()
    with looking(config.database) as session:
        known = lifetimes(session)
    return [
        Finding("CRM version", one.in_words(today), not one.near(today), FIX.format(connection=one.connection))
        for one in known
    ]  # fmt: skip


_LEADS = (_lots, _keyless, _alike, _versions)
