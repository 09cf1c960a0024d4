"""A whole site for tests: a serving hub with its broker and devices at lines, all real processes."""

from __future__ import annotations

import json
import math
import urllib.request
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import JsonValue

from kits.core.addresses import free_port
from kits.core.errors import UnreachableError
from kits.toolchain.demo.hub import Json
from tests.edge_agent.parts import picture
from tests.forked_programs import Running
from tests.integration.hub import HubProcess
from tests.release_engineer import Publisher
from tests.waiting import PATIENCE_S, wait_for

if TYPE_CHECKING:
    from tests.integration.secure_site import SecureSite

LEVELS = {"pass": 20, "review": 160, "act": 230}
"""Brightness of a part → what the bundles of `make_bundle` decide."""


class Site(HubProcess):
    """One hub. Devices come by `add_line`.

    Args:
        broker: kind of broker, or values for its section of `hub.yaml`.
        kit: folder of the kit that its bundles belong to.
    """

    def __init__(
        self, folder: Path, broker: str | Mapping[str, object], kit: Path, **changes: object
    ) -> None:
        super().__init__(folder, broker, path=(kit,), **changes)
        self._publisher = Publisher(self.url, self.token)

    def publish(self, content: bytes) -> str:
        """Brings a bundle into the hub and signs a release of it; its id."""
        return self._publisher.publish(content)

    def roll_out(self, content: bytes, line: Line) -> JsonValue:
        """Publishes a bundle and sends it to one device; the rollout's number."""
        return self.api.roll_out(self.publish(content), line.name)["rollout"]

    def deployment(self, rollout: JsonValue) -> Json:
        """How a rollout to one device ended, once it has."""
        self.api.wait_for_rollout(rollout, timeout_s=120)
        found = self.api.call("GET", f"/v1/rollouts/{rollout}")["deployments"]
        assert isinstance(found, list)
        assert isinstance(found[0], dict)
        return found[0]

    def add_line(
        self, name: str, folder: Path, *, parts: int, group: str = "", **config: object
    ) -> Line:
        """Enrols a device with the command and gives it a folder of `parts` pictures."""
        made = self.api.call("POST", "/v1/devices", {"name": name, "site": "main", "group": group})
        line = Line(self, name, folder, free_port())
        line.configure(parts, **config)
        self.programs.text(
            *("edge-agent", "enroll", "--hub", self.url, "--token", str(made["token"])),
            *("--config", str(line.config)),
        )
        return line

    def samples(self, line: Line) -> list[Json]:
        """What the hub has from a device, by its API."""
        return self.api.samples(device=line.name)

    def alerts_of(self, line: Line) -> dict[str, str]:
        """Name → text of the alerts of a device, by the hub's API."""
        rows = self.api.call("GET", "/v1/alerts?limit=500")["alerts"]
        assert isinstance(rows, list)
        mine = [row for row in rows if isinstance(row, dict) and row["device"] == line.name]
        return {str(row["name"]): str(row["text"]) for row in reversed(mine)}

    def seqs(self, line: Line) -> list[int]:
        """Sequence numbers of everything the hub has from a device, of its only outbox."""
        rows = self.events(line.name)
        assert len({row.epoch for row in rows}) <= 1
        return [row.seq for row in rows]

    def content(self, sample: Json) -> bytes:
        """A sample's bytes, by the hub's API."""
        request = urllib.request.Request(
            f"{self.url}/v1/samples/{sample['id']}/content",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())


@dataclass
class Line:
    """A device with its agent, its pictures and its actuator."""

    site: Site | SecureSite
    name: str
    folder: Path
    status_port: int
    process: Running | None = None

    @property
    def config(self) -> Path:
        return self.folder / "agent.yaml"

    @property
    def pictures(self) -> Path:
        return self.folder / "pictures"

    @property
    def _summary(self) -> Path:
        """What the agent says at its end."""
        return self.folder / "summary.json"

    def configure(self, parts: int, **changes: object) -> None:
        """Writes pictures no other line has, a third for each verdict, and agent.yaml."""
        self.pictures.mkdir(parents=True)
        seed = zlib.crc32(self.name.encode())
        for number in range(parts):
            level = tuple(LEVELS.values())[number % 3]
            path = self.pictures / f"{number:04}.png"
            path.write_bytes(picture(level, 64, seed=seed + number))
        self.set(**changes)

    def set(self, *, rate_hz: float = 0, loop: bool = False, **changes: object) -> None:
        """Writes agent.yaml."""
        values = {
            "source": {"kind": "folder", "path": "pictures", "rate_hz": rate_hz, "loop": loop},
            "actions": [{"kind": "simulated", "name": "reject", "path": "actuator.jsonl",
                         "timeout_ms": 5000}],
            "reject_deadline_ms": 10_000,
            "selection": {"audit_rate": 0, "novelty": 0},
            "sync": {"backoff_s": 0.1, "backoff_max_s": 0.5, "resend_s": 1.0},
            "update": {"poll_s": 0.3, "shadow_samples": 5, "probation_samples": 5,
                       "probation_min_s": 0, "max_latency_factor": 50},
            "engine": {"providers": ["cpu"], "threads": 1},
            "status": {"port": self.status_port},
            **changes,
        }  # fmt: skip
        self.config.write_text(yaml.safe_dump(values))

    def start(self, *options: str) -> None:
        """Starts the agent."""
        assert self.process is None or self.process.poll() is not None
        self._summary.unlink(missing_ok=True)
        self.process = self.site.programs.start(
            *("edge-agent", "run", "--json", *options, "--config", str(self.config)),
            out=self._summary, errors=self.folder / "agent.log",
        )  # fmt: skip

    def finish(self) -> Json:
        """Waits for the agent's end; what it says it did."""
        assert self.process is not None
        code = self.process.wait(90)
        assert code == 0, (self.folder / "agent.log").read_text()[-3000:]
        summary: Json = json.loads(self._summary.read_text())
        return summary

    def run(self) -> Json:
        """Runs the agent until its pictures are at their end and the hub has everything."""
        self.start("--until-empty")
        return self.finish()

    def stop(self) -> None:
        """SIGTERM, as systemd would."""
        assert self.process is not None
        self.process.terminate()
        self.finish()

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def status(self) -> Json:
        """`/status.json` of the running agent."""
        url = f"http://127.0.0.1:{self.status_port}/status.json"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
                found: Json = json.loads(answer.read())
        except OSError as error:
            raise UnreachableError("no agent answers", where=url) from error
        return found

    def figure(self, name: str) -> float:
        """One figure of the running agent; while it does not answer none, which is neither more nor less than any."""
        try:
            figures = self.status()["figures"]
        except UnreachableError:
            return math.nan
        assert isinstance(figures, dict)
        return float(figures[name])  # type: ignore[arg-type]

    def figure_now(self, name: str) -> float:
        """The same of an agent that runs, whose answer may have to be waited for."""
        found = [math.nan]

        def known() -> bool:
            found[0] = self.figure(name)
            return not math.isnan(found[0])

        wait_for(known, 60)
        return found[0]

    def updates(self) -> Json:
        """What the running agent says of its updates."""
        found = self.status()["updates"]
        assert isinstance(found, dict)
        return found

    def running(self) -> str:
        """Id of the bundle that decides; empty before the agent answers."""
        try:
            return str(self.status()["bundle"])
        except UnreachableError:
            return ""

    def open_alerts(self) -> dict[str, str]:
        """Name → text of the alerts the running agent has open; empty before it answers."""
        try:
            found = self.status()["alerts"]
        except UnreachableError:
            return {}
        assert isinstance(found, dict)
        return {str(name): str(text) for name, text in found.items()}

    def rejects(self) -> list[Json]:
        """What the actuator was told."""
        return [
            json.loads(row)
            for row in (self.folder / "actuator.jsonl").read_text().split("\n")
            if row
        ]

    def wait_decided(self, bundle: str, more: int) -> None:
        """Until the hub has `more` further decisions of a bundle from this device."""
        before = Counter(row["bundle"] for row in self.site.samples(self))[bundle]
        wait_for(
            lambda: (
                Counter(row["bundle"] for row in self.site.samples(self))[bundle] >= before + more
            )
        )


def assert_arrived_once(line: Line, summary: Json) -> None:
    """The hub has what the agent says it did: every row, every verdict, every picture, once."""
    rows = line.site.samples(line)
    seqs = line.site.seqs(line)
    assert summary["synced"] is True
    assert len(rows) == summary["samples"]
    assert Counter(str(row["verdict"]) for row in rows) == summary["verdicts"]
    assert len({row["source"] for row in rows}) == len(rows)
    assert seqs == list(range(1, len(seqs) + 1))
    kept = [row for row in rows if row["kept_for"]]
    assert len(kept) == sum(row["verdict"] != "pass" for row in rows)
    for row in kept:
        file = line.pictures / str(row["source"]).rpartition("/")[2]
        assert line.site.content(row) == file.read_bytes()
