"""mosquitto as a child process with generated configuration, password file and topic rules."""

from __future__ import annotations

import base64
import getpass
import hashlib
import logging
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from cloud_sync.config import BrokerConfig
from cloud_sync.fleet.broker import (
    HUB_USER,
    MAX_PACKET_BYTES,
    BrokerAddress,
    Login,
    answers,
    free_port,
    hub_password,
    write_private,
)
from kits.core.errors import MachineError
from kits.core.topics import ROOT

log = logging.getLogger(__name__)

START_TIMEOUT_S = 10.0
# device tokens have 256 random bits, so the work factor of the hash need not slow a guesser down
ITERATIONS = 101

ACL = f"""\
user {HUB_USER}
topic readwrite {ROOT}/#

pattern write {ROOT}/+/%u/up/#
pattern write {ROOT}/+/%u/st/#
pattern read {ROOT}/+/%u/down/#
"""


def broker_secret(password: str) -> str:
    """`password` as mosquitto keeps it: `$7$iterations$salt$PBKDF2-HMAC-SHA512`."""
    salt = secrets.token_bytes(12)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


class MosquittoBroker:
    """One mosquitto that belongs to one hub.

    Args:
        program: path of the mosquitto program.
        config: address to listen on.
        folder: where the generated files and the log lie.
    """

    def __init__(self, program: str, config: BrokerConfig, folder: Path) -> None:
        self._program = program
        self._host = config.host
        self._port = config.port or free_port(config.host)
        self._folder = folder.resolve()
        self._process: subprocess.Popen[bytes] | None = None
        self._hub_secret = ""

    @property
    def address(self) -> BrokerAddress:
        host = "127.0.0.1" if self._host in ("0.0.0.0", "::", "") else self._host  # noqa: S104
        return BrokerAddress(host, self._port, HUB_USER, hub_password(self._folder))

    def start(self) -> None:
        """Starts the program and waits until it listens.

        Raises:
            MachineError: it ends at once; its last words are in the message.
        """
        self._write_files()
        self._end_leftover()
        if answers(self.address.host, self._port):
            raise MachineError(
                "something else listens where the broker should",
                where=f"{self._host}:{self._port}",
                fix="set broker.port in hub.yaml to a free port, or broker.kind to external",
            )
        with open(self._log, "ab") as out:
            self._process = subprocess.Popen(  # noqa: S603  (the program found on PATH)
                [self._program, "-c", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
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
        return self._process is not None and self._process.poll() is None

    def set_logins(self, logins: Iterable[Login]) -> None:
        """Writes the password file; mosquitto re-reads it and cuts off whoever is not in it."""
        lines = [f"{HUB_USER}:{self._hub_line()}"]
        lines += [f"{login.name}:{login.secret}" for login in logins]
        text = "\n".join(lines) + "\n"
        path = self._folder / "passwords"
        self._folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.read_text() == text:
            return
        write_private(path, text)
        if self._process is not None and self.alive():
            self._process.send_signal(signal.SIGHUP)

    @property
    def _config(self) -> Path:
        return self._folder / "mosquitto.conf"

    @property
    def _log(self) -> Path:
        return self._folder / "mosquitto.log"

    def _hub_line(self) -> str:
        # drawn once per process: the same text every time keeps needless reloads away
        if not self._hub_secret:
            self._hub_secret = broker_secret(hub_password(self._folder))
        return self._hub_secret

    def _write_files(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_private(self._folder / "acl", ACL)
        if not (self._folder / "passwords").exists():
            self.set_logins([])
        # as root mosquitto would become another user, who may not read the files above
        user = f"user {getpass.getuser()}\n" if os.geteuid() == 0 else ""
        write_private(
            self._config,
            f"""\
# written by cloud-sync at each start; change hub.yaml instead
{user}listener {self._port} {self._host}
allow_anonymous false
password_file {self._folder / "passwords"}
acl_file {self._folder / "acl"}
persistence false
max_queued_messages 0
max_inflight_messages 200
max_packet_size {MAX_PACKET_BYTES}
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
""",
        )

    def _await_listening(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            if answers(self.address.host, self._port):
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
        if str(self._config).encode() in command.split(b"\0"):
            log.warning("event=broker_leftover_ended pid=%d", pid)
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + START_TIMEOUT_S
            while time.monotonic() < deadline and answers(self.address.host, self._port):
                time.sleep(0.02)
