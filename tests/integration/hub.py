"""A hub as a real process with its broker: started, killed, asked. What tests hold it against."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from cloud_sync import setup
from cloud_sync.config import load
from cloud_sync.hub import Hub
from cloud_sync.web.accounts import issue_token
from kits.core.addresses import free_port
from kits.toolchain.demo.hub import HubApi, Json
from tests.cloud_sync.tables import make_tables
from tests.forked_programs import ForkedPrograms, Running

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as the hub has it."""

    epoch: str
    seq: int
    klass: str
    kind: str
    body: Json


class HubProcess:
    """`cloud-sync serve` in a folder.

    Args:
        folder: gets `hub/` and `logs/`.
        broker: kind of broker, or values for its section of `hub.yaml`.
        path: further folders for `PYTHONPATH`.
        broker_port: of a broker that runs already (kind `external`).
        fresh: hub and agents are programs of their own from their first lines on, not forked.
        changes: values for `hub.yaml`.
    """

    def __init__(
        self,
        folder: Path,
        broker: str | Mapping[str, object] = "mosquitto",
        *,
        path: tuple[Path, ...] = (),
        broker_port: int = 0,
        fresh: bool = False,
        **changes: object,
    ) -> None:
        self.data = folder / "hub"
        env = {
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *path))),
            "OMP_NUM_THREADS": "1",
        }
        self.programs = ForkedPrograms(folder / "logs", env, fresh=fresh)
        port = free_port()
        chosen = {"kind": broker} if isinstance(broker, str) else broker
        values: dict[str, object] = {
            "listen": {"port": port},
            "broker": {"port": free_port(), **chosen},
            "jobs": {"workers": 0},
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                setup, "migrate", make_tables
            )  # a copy; the hub itself looks at it when it starts
            setup.init(self.data, "admin", "four random words", {**values, **changes})
        hub = Hub.open(load(self.data))
        with hub.database.transaction() as session:
            self.token = issue_token(session, "admin", "test", by="test")[1]
        hub.close()
        self.url = f"http://127.0.0.1:{port}"
        self.api = HubApi(self.url, self.token)
        self.process: Running | None = None

    # -- life ------------------------------------------------------------------------------------

    def serve(self, *, wait: bool = True) -> None:
        """Starts the hub unless it runs."""
        if self.process is None or self.process.poll() is not None:
            self.process = self.programs.start("cloud-sync", "serve", "--data", str(self.data))
        process = self.process
        if wait:
            self.api.wait_until_up(lambda: process.poll() is None)

    def kill(self) -> None:
        """`kill -9`: what it started itself is left behind."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, and waits for the end."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(30)

    def broker_pid(self) -> int | None:
        """The mosquitto that belongs to this hub, while it runs."""
        try:
            pid = int((self.data / "broker" / "mosquitto.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if b"mosquitto" in command else None

    def kill_broker(self) -> bool:
        """`kill -9` of the broker; False when it does not run at the moment."""
        pid = self.broker_pid()
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        """Ends everything, also a broker that a killed hub left behind."""
        self.programs.stop_all()
        pid = self.broker_pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)

    # -- devices ---------------------------------------------------------------------------------

    def enroll(self, name: str, folder: Path, **config: object) -> Path:
        """Enrols a device with the command; the path of its `agent.yaml`, which is written."""
        folder.mkdir(parents=True, exist_ok=True)
        values: dict[str, object] = {
            "source": {"kind": "folder", "path": "pictures"},
            "sync": {"backoff_s": 0.1, "backoff_max_s": 0.5, "resend_s": 1.0},
            "engine": {"providers": ["cpu"], "threads": 1},
            "status": {"port": free_port()},
        }
        path = folder / "agent.yaml"
        path.write_text(yaml.safe_dump({**values, **config}))
        made = self.api.call("POST", "/v1/devices", {"name": name, "site": "main"})
        self.programs.text(
            *("edge-agent", "enroll", "--hub", self.url, "--token", str(made["token"])),
            *("--config", str(path)),
        )
        return path

    # -- what it has -----------------------------------------------------------------------------

    def query(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """Reads the hub's database from outside."""
        where = f"file:{self.data / 'hub.sqlite'}?mode=ro"
        with closing(sqlite3.connect(where, uri=True, timeout=30)) as db:
            return db.execute(sql, values).fetchall()

    def events(self, device: str) -> list[Stored]:
        """All events of a device in the order of its sequence numbers."""
        sql = "SELECT epoch, seq, klass, kind, body FROM event WHERE device = ? ORDER BY epoch, seq"
        return [
            Stored(str(epoch), int(str(seq)), str(klass), str(kind), json.loads(str(body)))
            for epoch, seq, klass, kind, body in self.query(sql, (device,))
        ]

    def count(self, device: str) -> int:
        """Number of events of a device."""
        sql = "SELECT COUNT(*) FROM event WHERE device = ?"
        return int(str(self.query(sql, (device,))[0][0]))

    def redelivered(self, device: str) -> int:
        """Rows that came again and were absorbed by the key."""
        sql = "SELECT COALESCE(SUM(duplicates), 0) FROM epoch WHERE device = ?"
        return int(str(self.query(sql, (device,))[0][0]))

    def alerts(self, device: str) -> Mapping[str, str]:
        """Name → newest text of the alerts of a device."""
        sql = "SELECT name, text FROM alert WHERE device = ? ORDER BY id"
        return {str(name): str(text) for name, text in self.query(sql, (device,))}


def resident(pid: int) -> tuple[float, int]:
    """Resident memory in MiB and open descriptors of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir()))
