"""mosquitto as a child process: for this machine with passwords, for devices elsewhere with TLS."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Iterable
from pathlib import Path

from cloud_sync.config import ANY_HOST, HubConfig
from cloud_sync.fleet import dynsec, mosquitto_files
from cloud_sync.fleet.broker import (
    HUB_USER,
    BrokerAddress,
    Login,
    answers,
    free_port,
    hub_password,
    make_private,
    write_private,
)
from cloud_sync.fleet.mosquitto_files import TlsListener, broker_secret
from cloud_sync.fleet.pki import Authority
from kits.core.errors import ConfigError, MachineError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

START_TIMEOUT_S = 10.0
MAX_LOG_BYTES = 8 << 20


class MosquittoBroker:
    """One mosquitto that belongs to one hub.

    Args:
        program: path of the mosquitto program.
        config: the hub's; its broker section and folders are used.

    Raises:
        MachineError: certificates are wanted and the plug-in that ends sessions is not installed.
        ConfigError: the certificate authority is damaged.
    """

    def __init__(self, program: str, config: HubConfig) -> None:
        self._program = program
        self._config = config
        self._broker = config.broker
        self._folder = config.broker_dir.resolve()
        self._port = self._broker.port or free_port(self._broker.host)
        self._tls_port = 0
        self._authority: Authority | None = None
        self._plugin = ""
        if config.broker_tls:
            self._authority = Authority(config.pki_dir.resolve())
            self._tls_port = self._broker.tls_port or free_port(self._broker.tls_host)
            self._plugin = _require_plugin(self._broker.plugin)
        self._process: subprocess.Popen[bytes] | None = None
        self._hub_secret = ""
        self._lock = threading.Lock()
        self._to_cut: set[str] = set()

    @property
    def address(self) -> BrokerAddress:
        host = _reachable(self._broker.host)
        return BrokerAddress(host, self._port, HUB_USER, hub_password(self._folder))

    @property
    def device_address(self) -> BrokerAddress:
        port = self._tls_port if self._authority else self._port
        return BrokerAddress(self._config.public_host, port, tls=self._authority is not None)

    def start(self) -> None:
        """Starts the program and waits until it listens.

        Raises:
            MachineError: it ends at once; its last words are in the message.
        """
        self._write_files()
        self._end_leftover()
        for host, port, key in self._listeners():
            if answers(host, port):
                raise MachineError(
                    "something else listens where the broker should",
                    where=f"{host}:{port}",
                    fix=f"set broker.{key} in hub.yaml to a free port, or broker.kind to external",
                )
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with open(os.open(self._log, flags, 0o600), "ab") as out:
            self._process = subprocess.Popen(  # noqa: S603  (the program found on PATH)
                [self._program, "-c", str(self._conf)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                umask=0o077,
                start_new_session=True,  # Ctrl-C reaches the hub first, which then drains
            )
        write_private(self._folder / "mosquitto.pid", str(self._process.pid))
        self._await_listening(self._process)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        (self._folder / "mosquitto.pid").unlink(missing_ok=True)

    def alive(self) -> bool:
        process = self._process
        return process is not None and process.poll() is None

    def set_logins(self, logins: Iterable[Login]) -> None:
        """Writes rules and passwords; mosquitto re-reads them for those who are connected, too."""
        known = list(logins)
        make_private(self._folder)
        by_password = [] if self._authority else known
        with self._lock:
            changed = self._replace("acl", mosquitto_files.acl(known))
            changed |= self._replace(
                "passwords", mosquitto_files.passwords(self._hub_line(), by_password)
            )
        if changed:
            self.reload()

    def reload(self) -> None:
        """SIGHUP: also for certificate, key and revocation list; they hold for new connections."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGHUP)

    def cut(self, names: Collection[str]) -> None:
        """Ends live connections; what fails is tried again by `tend`.

        Raises:
            UnreachableError: mosquitto did not confirm.
        """
        if self._authority is None:
            return  # a reload ends the connection of whoever's password is gone
        with self._lock:
            self._to_cut |= set(names)
            if self._to_cut and self.alive():
                dynsec.cut(self.address, self._to_cut)
                log.info("event=sessions_ended count=%d", len(self._to_cut))
            # a broker that is down has no sessions
            self._to_cut.clear()

    def tend(self) -> None:
        """Tries again to end sessions; keeps the log below 16 MB."""
        if self._to_cut:
            self.cut(())
        if self._log.exists() and self._log.stat().st_size > MAX_LOG_BYTES:
            shutil.copy(self._log, self._log.with_suffix(".log.1"))
            os.truncate(self._log, 0)  # mosquitto appends, so it goes on at the start

    @property
    def _conf(self) -> Path:
        return self._folder / "mosquitto.conf"

    @property
    def _log(self) -> Path:
        return self._folder / "mosquitto.log"

    def _replace(self, name: str, text: str) -> bool:
        path = self._folder / name
        if path.exists() and path.read_text() == text:
            return False
        write_private(path, text)
        return True

    def _hub_line(self) -> str:
        # drawn once per process: the same text every time keeps needless reloads away
        if not self._hub_secret:
            self._hub_secret = broker_secret(hub_password(self._folder))
        return self._hub_secret

    def _listeners(self) -> list[tuple[str, int, str]]:
        found = [(_reachable(self._broker.host), self._port, "port")]
        if self._authority:
            found.append((_reachable(self._broker.tls_host), self._tls_port, "tls_port"))
        return found

    def _write_files(self) -> None:
        make_private(self._folder)
        if not (self._folder / "acl").exists():
            self.set_logins([])
        write_private(self._folder / "dynsec.json", dynsec.EMPTY)
        write_private(
            self._conf,
            mosquitto_files.configuration(
                self._folder,
                (self._broker.host, self._port),
                self._tls_listener(self._authority) if self._authority else None,
                plugin=self._plugin,
                user=pwd.getpwuid(0).pw_name if os.geteuid() == 0 else "",
                memory_mb=self._broker.memory_mb,
            ),
        )

    def _tls_listener(self, authority: Authority) -> TlsListener:
        certificate, key = authority.server_files(self._config.server_names)
        crl = authority.crl_file if authority.crl_expires_at > utc_now() else None
        if crl is None:
            # a list past its end refuses everybody; revoked devices still stand in no rule
            log.error("event=broker_without_revocation_list expired=%s", authority.crl_expires_at)
        return TlsListener(
            self._broker.tls_host, self._tls_port, authority.ca_file, certificate, key, crl
        )

    def _await_listening(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        waiting = self._listeners()
        while time.monotonic() < deadline and process.poll() is None:
            waiting = [place for place in waiting if not answers(place[0], place[1])]
            if not waiting:
                return
            time.sleep(0.02)
        self.stop()
        words = self._log.read_text(errors="replace").splitlines()[-1:]
        raise MachineError(
            "mosquitto does not start", where=str(self._log), fix=" ".join(words) or "see the log"
        )

    def _end_leftover(self) -> None:
        """Ends the mosquitto of a hub that was killed: it still holds the port."""
        path = self._folder / "mosquitto.pid"
        try:
            pid = int(path.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return
        if str(self._conf).encode() in command.split(b"\0"):
            log.warning("event=broker_leftover_ended pid=%d", pid)
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + START_TIMEOUT_S
            while time.monotonic() < deadline and any(
                answers(h, p) for h, p, _ in self._listeners()
            ):
                time.sleep(0.02)


def _reachable(host: str) -> str:
    """Where this machine finds a listener bound to `host`."""
    return "127.0.0.1" if host in {"", *ANY_HOST} else host


def _require_plugin(configured: str) -> str:
    if configured and not Path(configured).exists():
        raise ConfigError("there is no such plug-in", where=f"broker.plugin: {configured}")
    found = configured or mosquitto_files.find_plugin()
    if not found:
        raise MachineError(
            "mosquitto's dynamic-security plug-in is not installed; revoked devices would stay"
            " connected",
            where=mosquitto_files.PLUGIN,
            fix="apt install mosquitto, or set broker.plugin to its path",
        )
    return found
