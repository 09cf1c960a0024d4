"""mosquitto as a child process: for this machine with passwords, for devices elsewhere with TLS."""

from __future__ import annotations

import logging
import os
import pwd
import threading
import time
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path

from cloud_sync.config import HubConfig
from cloud_sync.fleet import dynsec, mosquitto_files, retained
from cloud_sync.fleet.broker import (
    HUB_USER,
    BrokerAddress,
    Login,
    answers,
    hub_password,
    make_private,
)
from cloud_sync.fleet.child import Child
from cloud_sync.fleet.mosquitto_files import TlsListener, broker_secret
from cloud_sync.fleet.pki import Authority
from cloud_sync.fleet.probes import PATIENCE_S, reachable, speaks_mqtt
from kits.core.addresses import free_port
from kits.core.errors import ConfigError, MachineError, UnreachableError
from kits.core.files import write_atomically
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

LOCAL = "127.0.0.1"
HUB_PORT = "hub.port"
START_TIMEOUT_S = 10.0
CONFIRM_S = 5.0
"""How long mosquitto may take to answer, or to say that sessions ended."""


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
        self._hub_port = self._port if self._authority else self._drawn_port()
        self._child = Child("mosquitto", self._folder, str(self._conf))
        self._hub_secret = ""
        self._lock = threading.Lock()
        self._listening = self._reload_wanted = self._started = False
        self._signals = 0
        """Sent since mosquitto was last known to have read its files; of two it may miss the second."""
        self._shown = b""
        self._list_end: datetime | None = None
        """End of the revocation list that mosquitto has read; None: it was started without one."""
        self._to_cut: set[str] = set()

    @property
    def address(self) -> BrokerAddress:
        host = reachable(self._broker.host) if self._authority else LOCAL
        return BrokerAddress(host, self._hub_port, HUB_USER, hub_password(self._folder))

    @property
    def device_address(self) -> BrokerAddress:
        port = self._tls_port if self._authority else self._port
        return BrokerAddress(self._config.public_host, port, tls=self._authority is not None)

    def start(self) -> None:
        """Starts the program and waits until it listens.

        Raises:
            MachineError: it ends at once; its last words are in the message.
        """
        self._child.end_leftover(self._silent, START_TIMEOUT_S)
        if not self._authority and not self._started and answers(LOCAL, self._hub_port):
            self._hub_port = free_port(LOCAL)  # somebody else's since: nobody has been told it yet
        self._write_files()
        for host, port, key in self._listeners():
            if answers(host, port):
                raise MachineError(
                    "something else listens where the broker should",
                    where=f"{host}:{port}",
                    fix=f"set broker.{key} in hub.yaml to a free port, or broker.kind to external",
                )
        with self._lock:
            self._listening = False
            self._signals = 0
            self._to_cut.clear()  # sessions end with the process
        self._child.start([self._program, "-c", str(self._conf)])
        self._await_listening()
        with self._lock:
            self._listening, wanted = True, self._reload_wanted
            self._started = True
            self._reload_wanted = False
        if wanted:
            self.reload()

    def stop(self) -> None:
        self._child.stop()

    def alive(self) -> bool:
        return self._child.alive()

    def responds(self) -> bool:
        host = reachable(self._broker.host)
        return self.alive() and speaks_mqtt(host, self._port, timeout_s=PATIENCE_S)

    def set_logins(self, logins: Iterable[Login]) -> None:
        """Writes rules and passwords; mosquitto re-reads them for those who are connected, too."""
        known = list(logins)
        make_private(self._folder)
        hub = mosquitto_files.hub_password_line(self._hub_secret_line())
        with self._lock:
            changed = self._replace("acl", mosquitto_files.acl(known))
            if self._authority:
                changed |= self._replace("passwords", hub)
            else:
                changed |= self._replace("passwords", mosquitto_files.passwords(known))
                changed |= self._replace("hub-password", hub)
        if changed:
            self.reload()

    def reload(self) -> None:
        """SIGHUP: also for certificate, key and revocation list; they hold for new connections."""
        with self._lock:
            if not self._listening:  # before mosquitto listens for it, SIGHUP ends it
                self._reload_wanted = True
                return
            self._signal()

    def _signal(self) -> None:
        self._signals += 1
        self._child.reload()
        if self._authority and self._list_end:
            self._list_end = self._authority.crl_expires_at

    def renew(self) -> None:
        """The server's certificate. Raises OSError."""
        if self._authority is None:
            return
        certificate, _ = self._authority.server_files(self._config.server_names)
        content = certificate.read_bytes()
        if content != self._shown:
            self._shown = content
            self.reload()

    def cut(self, names: Collection[str]) -> None:
        """Notes whose live connections must end; `tend` ends them."""
        if self._authority is not None:  # else a reload ends those whose password is gone
            with self._lock:
                self._to_cut |= set(names)

    def tend(self) -> None:
        """Keeps the log below 16 MB, watches memory and revocation list, reloads again, ends sessions.

        Raises:
            UnreachableError: mosquitto did not answer, or confirm that they ended; the next call tries again.
            MachineError: it held too much memory and was ended.
        """
        self._child.trim_log()
        self._watch_memory()
        self._watch_list()
        self._settle()
        self._end_sessions()

    def _settle(self) -> None:
        """Reloads once more what mosquitto may not have read.

        A SIGHUP that comes while it reads its files, 150 ms for 2,000 devices, is forgotten, though some of the files
        were read before they changed. Once it answers a stranger again it has read them, and hears the next one.
        """
        sent = self._signals
        if not sent or not self.alive():
            return
        if not speaks_mqtt(reachable(self._broker.host), self._port, timeout_s=CONFIRM_S):
            raise UnreachableError(
                "mosquitto does not say whether it has read its new rules",
                where=f"{self._broker.host}:{self._port}",
                fix="it is asked again, and started again when it hangs",
            )
        with self._lock:
            if sent == self._signals:
                self._signals = 0
                if sent > 1:
                    self._signal()

    def _watch_memory(self) -> None:
        """Ends a mosquitto that has grown too large: nothing in it has to survive.

        Its own `memory_limit` miscounts beside the plug-in (ADR 12), and what devices leave there
        retained has no other bound.
        """
        held = self._child.memory_bytes()
        if held > self._broker.most_memory_bytes:
            # asked before it ends; it may be too busy to say
            devices = retained.devices_that_leave_frames(self.address)
            self._end_child()
            raise retained.too_much(held, self._broker.most_memory_bytes, devices)

    def _end_child(self) -> bool:
        """Who keeps it running starts it again. False: it is being started, ask again."""
        with self._lock:
            if self._listening:
                self._listening = False
                self._child.stop()
                return True
        return False

    def _watch_list(self) -> None:
        """Ends a mosquitto whose list has ended, and one without a list once there is one.

        It comes back with the list if there is a valid one: past its end a list lets nobody in.
        """
        if self._authority is None or (self._list_end and self._list_end > utc_now()):
            return
        valid = _is_valid(self._authority)
        if valid and self._list_end:
            self.reload()
        elif (valid or self._list_end) and self._end_child():
            log.warning("event=broker_ended_to_change_revocation_list valid=%s", valid)

    def _end_sessions(self) -> None:
        with self._lock:
            if not self.alive():
                self._to_cut.clear()  # a broker that is down has no sessions
            ready = self._listening and self._signals < 2  # else the door may still be open
            names = set(self._to_cut) if ready else set()
        if names:
            # not under the lock: it takes seconds when it fails
            dynsec.cut(self.address, names, timeout_s=CONFIRM_S)
            log.info("event=sessions_ended count=%d", len(names))
            with self._lock:
                self._to_cut -= names

    @property
    def _conf(self) -> Path:
        return self._folder / "mosquitto.conf"

    def _replace(self, name: str, text: str) -> bool:
        path = self._folder / name
        if path.exists() and path.read_text() == text:
            return False
        write_atomically(path, text.encode(), private=True)
        return True

    def _hub_secret_line(self) -> str:
        # drawn once per process: the same text every time keeps needless reloads away
        if not self._hub_secret:
            self._hub_secret = broker_secret(hub_password(self._folder))
        return self._hub_secret

    def _listeners(self) -> list[tuple[str, int, str]]:
        found = [(reachable(self._broker.host), self._port, "port")]
        if self._authority:
            found.append((reachable(self._broker.tls_host), self._tls_port, "tls_port"))
        else:
            found.append((LOCAL, self._hub_port, "port"))
        return found

    def _drawn_port(self) -> int:
        """The port of the hub's own listener: drawn once, and kept where workers find it."""
        path = self._folder / HUB_PORT
        kept = path.read_text().strip() if path.exists() else ""
        return int(kept) if kept.isdecimal() and 0 < int(kept) < 65536 else free_port(LOCAL)

    def _write_files(self) -> None:
        make_private(self._folder)
        if not (self._folder / "acl").exists():
            self.set_logins([])
        text = mosquitto_files.configuration(
            self._folder,
            (self._broker.host, self._port),
            self._tls_listener(self._authority) if self._authority else None,
            hub_port=self._hub_port,
            plugin=self._plugin,
            user=pwd.getpwuid(0).pw_name if os.geteuid() == 0 else "",
            queue_mb=self._broker.queue_mb,
        )
        if not self._authority:
            self._replace(HUB_PORT, f"{self._hub_port}\n")
        write_atomically(self._folder / "dynsec.json", dynsec.EMPTY.encode(), private=True)
        write_atomically(self._conf, text.encode(), private=True)

    def _tls_listener(self, authority: Authority) -> TlsListener:
        certificate, key = authority.server_files(self._config.server_names)
        self._shown = certificate.read_bytes()
        self._list_end = authority.crl_expires_at if _is_valid(authority) else None
        crl = authority.crl_file if self._list_end else None
        if crl is None:
            # a list past its end refuses everybody; revoked devices still stand in no rule, except
            # replaced machines whose names are in use: the alert of `Admission` says which
            log.error("event=broker_without_revocation_list expired=%s", authority.crl_expires_at)
        return TlsListener(
            self._broker.tls_host, self._tls_port, authority.ca_file, certificate, key, crl
        )

    def _await_listening(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        waiting = self._listeners()
        while time.monotonic() < deadline and self._child.alive():
            waiting = [place for place in waiting if not answers(place[0], place[1])]
            if not waiting:
                break
            time.sleep(0.02)
        while time.monotonic() < deadline and self._child.alive():
            if speaks_mqtt(reachable(self._broker.host), self._port):
                return
        self._child.stop()
        raise MachineError(
            "mosquitto does not start",
            where=str(self._child.log_file),
            fix=self._child.last_words() or "see the log",
        )

    def _silent(self) -> bool:
        return not any(answers(host, port) for host, port, _ in self._listeners())


def _is_valid(authority: Authority) -> bool:
    return authority.crl_expires_at > utc_now()


def _require_plugin(configured: str) -> str:
    if configured and not Path(configured).exists():
        raise ConfigError(
            "there is no such plug-in",
            where=f"broker.plugin: {configured}",
            fix="leave broker.plugin empty, or name mosquitto_dynamic_security.so",
        )
    found = configured or mosquitto_files.find_plugin()
    if not found:
        raise MachineError(
            "mosquitto's dynamic-security plug-in is not installed; revoked devices would stay"
            " connected",
            where=mosquitto_files.PLUGIN,
            fix="apt install mosquitto, or set broker.plugin to its path",
        )
    return found
