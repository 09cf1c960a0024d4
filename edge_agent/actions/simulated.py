"""An actuator that only writes down what it would have done, when."""

from __future__ import annotations

import json
import time
from pathlib import Path

from edge_agent.actions.base import Order
from edge_agent.actions.config import SimulatedActionConfig
from kits.core.sample import utc_now


class SimulatedAction:
    """Appends one JSON line per order."""

    def __init__(self, config: SimulatedActionConfig, path: Path) -> None:
        self.name = config.name
        self.verdicts = config.verdicts
        self._path = path
        self.done = 0

    def do(self, order: Order, timeout_s: float) -> None:  # noqa: ARG002  writing a line needs no time-out
        left_ms = (order.deadline_mono - time.monotonic()) * 1000
        line = {
            **order.as_json(),
            "action": self.name,
            "done_at": utc_now().isoformat(),
            "before_deadline_ms": round(left_ms, 1),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.done += 1

    def close(self) -> None:
        """Nothing is held open."""
