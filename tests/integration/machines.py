"""A pump behind a real OPC UA server, and a hub with a maintenance system: what the tests of machines stand on.

The pump is simulated, as is the maintenance system; server, agent, broker and hub are the real programs.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import yaml

from cloud_sync.cmms.simulator import KEY, Simulator
from kits.core.addresses import free_port
from kits.core.blobs import FolderBlobStore
from kits.core.dataset import from_bytes
from kits.core.files import write_atomically
from kits.toolchain.demo.hub import Json
from kits.toolchain.project import Project
from kits.toolchain.training import train_project
from tests.cloud_sync.cases.test_cmms import served, settings
from tests.edge_agent.machine_servers import OpcUaServer
from tests.integration.site import Line, Site
from tests.predictive_maintenance.learned import UNITS, normal_running, project_with, readings
from tests.waiting import wait_for

RATE_HZ = 8.0
PROJECT = "pumps"
MODEL = (
    "{approach: condition, alarm: {on_delay_s: 1, off_delay_s: 2}, condition: {lags: 5, median: 9}}"
)
Spoil = Callable[[str, float], float]


def well(_channel: str, value: float) -> float:
    """Sensors that tell what is."""
    return value


@dataclass
class Pump:
    """A pump that tells its signals to an OPC UA server, ten times a second.

    Attributes:
        worn: a leak, in shares of flow and pressure.
        opening: of the valve.
        spoil: what its sensors make of a value.
    """

    server: OpcUaServer
    worn: float = 0.0
    opening: float = 1.0
    spoil: Spoil = well
    _over: threading.Event = field(default_factory=threading.Event)
    _silent: threading.Event = field(default_factory=threading.Event)
    _still: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self.server.start()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def restart_server(self) -> None:
        """As after an update of the PLC: all sessions and subscriptions are gone."""
        self._silent.set()
        self._still.wait(5)
        self.server.stop()
        self.server.start()
        self._still.clear()
        self._silent.clear()

    def stop(self) -> None:
        self._over.set()
        assert self._thread is not None
        self._thread.join(10)
        self.server.stop()

    def _live(self) -> None:
        rng = np.random.default_rng(5)
        while not self._over.wait(1 / RATE_HZ):
            if self._silent.is_set():
                self._still.set()
                continue
            told = readings(rng, 1, opening=self.opening, worn=self.worn)
            for channel, values in told.items():
                self.server.write(channel, float(self.spoil(channel, float(values[0]))))


@contextmanager
def pump() -> Iterator[Pump]:
    """A pump that runs as usual."""
    first = {name: float(v[0]) for name, v in readings(np.random.default_rng(4), 1).items()}
    made = Pump(OpcUaServer(free_port(), first))
    made.start()
    yield made
    made.stop()


def source(url: str, asset: str = "pump-1") -> dict[str, object]:
    """The section `source` of an agent that listens to a pump."""
    return {
        "kind": "opcua", "url": url, "asset": asset, "window_s": 5, "hop_s": 1, "late_s": 0.5,
        "grid_hz": RATE_HZ, "publishing_ms": 100, "sampling_ms": 50, "stale_s": 5, "keep_s": 60,
        "signals": [
            {"name": name, "unit": unit, "node": f"ns=2;s={name}"} for name, unit in UNITS.items()
        ],
    }  # fmt: skip


@dataclass(frozen=True)
class Works:
    """A hub with its maintenance system and the project whose bundle watches the pumps."""

    site: Site
    simulator: Simulator
    project: Project
    bundle: Path

    def publish(self, project: Project, bundle: Path) -> str:
        """Brings a bundle to the hub and signs its release, as a person does; its id."""
        keys = str(self.site.data.parent / "keys")
        told = self.site.programs.text(
            *("kit", "publish", str(bundle), "-C", str(project.root), "--hub", self.site.url),
            *("--keys", keys, "--no-passphrase", "--json"),
        )
        found = json.loads(told)
        assert found["project"] == project.config.name
        return str(found["bundle"])

    def line(self, name: str, folder: Path, **config: object) -> Line:
        """An enrolled device with the project's bundle."""
        line = self.site.add_line(name, folder, parts=0, bundle=str(self.bundle))
        values = yaml.safe_load(line.config.read_text())
        alarms = {"audit_per_day": 0, "novel_per_day": 0, "before_s": 20, "after_s": 2, "rows_s": 5}
        values |= {"alarms": alarms, **config}
        line.config.write_text(yaml.safe_dump(values))
        return line

    def cases(self, line: Line) -> list[Json]:
        """Cases of a device at the hub."""
        found = self.site.api.call("GET", f"/v1/cases?device={line.name}")["cases"]
        assert isinstance(found, list)
        return [case for case in found if isinstance(case, dict)]

    def case(self, line: Line, state: str = "", timeout_s: float = 60) -> Json:
        """The only case of a device, once it is in a state."""
        wait_for(
            lambda: [c for c in self.cases(line) if state in ("", c["state"])] != [], timeout_s
        )
        (found,) = self.cases(line)
        return self.site.api.call("GET", f"/v1/cases/{found['id']}")

    def orders(self, case: Json) -> list[str]:
        """Numbers of the work orders that belong to a case."""
        return [n for n, order in self.simulator.orders.items() if str(case["id"]) in str(order)]

    def repaired(self, number: str, cause: str) -> None:
        """What the technician enters in the maintenance system."""
        with self.simulator.lock:
            self.simulator.orders[number] |= {"stage": "Repaired", "x_cause": cause}

    def sample(self, row: Json) -> Json:
        """A sample with all the hub knows of it."""
        return self.site.api.call("GET", f"/v1/samples/{row['id']}")

    def download(self, dataset: str, folder: Path) -> Path:
        """A dataset version with its bytes, as `kit data import` takes it."""
        content = self._get(f"/v1/datasets/{dataset}")
        write_atomically(folder / "manifest.jsonl", content)
        blobs = FolderBlobStore(folder / "blobs")
        for digest in {item.sample.digest for item in from_bytes(content, blobs).items}:
            assert blobs.put(self._get(f"/v1/blobs/{digest}")) == digest
        return folder

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(
            f"{self.site.url}{path}", headers={"Authorization": f"Bearer {self.site.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())


@contextmanager
def works(folder: Path, kit_folder: Path) -> Iterator[Works]:
    """A serving hub that knows the bundle and sends work orders to a pretended Odoo."""
    project = project_with(folder / "project", normal_running(RATE_HZ), MODEL, name=PROJECT)
    trained = train_project(project)
    simulator = Simulator()
    with served("odoo", simulator) as url:
        cmms = settings("odoo", url, poll_s=1, causes={"LEAK": "leak", "NFF": "normal"})
        site = Site(folder / "hub", "mosquitto", kit_folder, cmms=cmms)
        site.programs.env |= {
            "KITWRIGHT_CMMS_KEY": KEY,
            "KITWRIGHT_HUB_TOKEN": site.token,
        }
        site.serve()
        made = Works(site, simulator, project, trained.bundle)
        made.publish(project, trained.bundle)
        try:
            yield made
        finally:
            site.close()
