"""A device at a simulated hub for tests of updates: its folder, its hub, its lives."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import yaml

from edge_agent.enroll import Identity, save_identity
from edge_agent.update.slots import Slots
from kits.core.hub_api import MqttAccess
from tests import forked
from tests.edge_agent.parts import bundle_id_of, picture
from tests.failure import device
from tests.failure.device import DIED, NO_DEATH, Death
from tests.failure.tuf_simulator import Simulator
from tests.waiting import wait_for

LEVELS = (20, 160, 230)


class Station:
    """A device that replays pictures.

    Args:
        kit: folder with the tiny kit.
        hub, url: the simulator and where it is served.
    """

    def __init__(self, folder: Path, kit: Path, hub: Simulator, url: str) -> None:
        self.folder, self.kit, self.hub, self.url = folder, kit, hub, url
        self.process: BaseProcess | None = None

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def config(self) -> Path:
        return self.folder / "agent.yaml"

    def prepare(
        self, first: bytes, *, pictures: int = 30, rate_hz: float = 100, **update: object
    ) -> None:
        """Writes pictures, configuration and identity; lets the first bundle decide."""
        (self.folder / "pictures").mkdir(parents=True)
        for number in range(pictures):
            content = picture(LEVELS[number % 3], 32, seed=number)
            (self.folder / "pictures" / f"{number:03}.png").write_bytes(content)
        (self.folder / "first.kwb").write_bytes(first)
        values = {
            "bundle": "first.kwb",
            "source": {"kind": "folder", "path": "pictures", "rate_hz": rate_hz, "loop": True},
            "selection": {"audit_rate": 0, "novelty": 0, "keep_acts": False, "keep_reviews": False},
            "engine": {"providers": ["cpu"], "threads": 1},
            "sync": {"backoff_s": 5},
            "outbox": {"ballast_bytes": 0},
            "status": {"enabled": False},
            "reject_deadline_ms": 60_000,
            "update": {
                "poll_s": 0.1,
                "shadow_samples": 12,
                "probation_samples": 30,
                "probation_min_s": 0,
                "latency_slack_ms": 1000,
                **update,
            },
        }
        self.config.write_text(yaml.safe_dump(values))
        identity = Identity(
            device=self.folder.name,
            site="s",
            group="",
            token="t",
            mqtt=MqttAccess(host="127.0.0.1", port=9, username="", password=""),
            root=self.hub.first_root,  # type: ignore[arg-type]
            hub=self.url,
        )
        save_identity(identity, self.state / "identity.json")
        self.live()
        wait_for(lambda: self.slots.state.active == bundle_id_of(first))
        self.stop()

    def copy(self, folder: Path) -> Station:
        """The same device in another folder."""
        shutil.copytree(self.folder, folder)
        return Station(folder, self.kit, self.hub, self.url)

    def live(self, death: Death = NO_DEATH) -> None:
        """The next life begins."""
        self.process = device.start(self.config, self.kit, death)

    def wait_for_death(self, otherwise: Callable[[], bool], grace_s: float) -> bool:
        """True when it died where it should; False when it lived on after `otherwise` came true.

        Args:
            grace_s: what follows the last write of an installation may still kill it for so long.
        """
        assert self.process is not None
        wait_for(lambda: not self.alive or otherwise(), 60)
        if not self._ends_within(grace_s):
            return False
        log = (self.folder / "agent.log").read_text()[-3000:]
        assert self.process.exitcode == DIED, f"{self.process.exitcode}: {log}"
        return True

    def commits_before(self, step: str) -> int:
        """Commit points of the device's life until it passed a step."""
        passed = (
            line.split(" ", 1) for line in (self.folder / "steps.txt").read_text().splitlines()
        )
        return next(int(count) for count, name in passed if name == step)

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        assert self._ends_within(20)

    def stop(self) -> None:
        """SIGTERM."""
        assert self.process is not None
        self.process.terminate()
        assert self._ends_within(20)
        assert self.process.exitcode == 0, (self.folder / "agent.log").read_text()[-3000:]

    def _ends_within(self, limit_s: float) -> bool:
        end = time.monotonic() + limit_s
        while self.alive and time.monotonic() < end:
            time.sleep(0.01)
        return not self.alive

    @property
    def alive(self) -> bool:
        return self.process is not None and forked.exit_code(self.process) is None

    @property
    def slots(self) -> Slots:
        """What is on disk."""
        return Slots(self.state)

    @property
    def ended(self) -> str:
        """The last final state that the hub was told of."""
        ends = [
            r.state for r in self.hub.reported if r.state in {"committed", "failed", "rolled_back"}
        ]
        return str(ends[-1]) if ends else ""

    @property
    def reason(self) -> str:
        return next((r.error for r in reversed(self.hub.reported) if r.error), "")

    def written(self) -> dict[str, object]:
        """`slots.json` as it is."""
        value: dict[str, object] = json.loads((self.state / "slots.json").read_text())
        return value
