"""Runs actions off the hot path, each in its own thread with a bounded queue.

Responsible for order, deadline and accounting: an order whose deadline passed is not begun
(a gate that opens late rejects the wrong part), an order that does not fit the queue is refused,
and every outcome is `done`, `late` or `error`, counted and written into the sample's event.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path

from edge_agent.actions.base import Action, Order
from edge_agent.actions.config import ActionConfig, HttpActionConfig, SimulatedActionConfig
from edge_agent.log import Seldom, warn
from edge_agent.sources.base import Alerts
from kits.core.errors import KitwrightError
from kits.core.operating_point import Verdict

_QUEUE = 32


class _Worker:
    def __init__(self, action: Action, timeout_s: float, alerts: Alerts) -> None:
        self.action = action
        self._timeout_s = timeout_s
        self._alerts = alerts
        self._troubled = False
        self._say_failed = Seldom("action_failed")
        self._queue: queue.Queue[tuple[Order, Future[str]] | None] = queue.Queue(_QUEUE)
        self.counts: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name=f"action-{action.name}", daemon=True)
        self._thread.start()

    def submit(self, order: Order) -> Future[str]:
        future: Future[str] = Future()
        try:
            self._queue.put_nowait((order, future))
        except queue.Full:
            self._in_trouble("was late: orders are waiting in front of it")
            self._finish(future, "late")
        return future

    def close(self, timeout_s: float) -> None:
        try:
            self._queue.put(None, timeout=timeout_s)
        except queue.Full:
            warn("action_stuck", action=self.action.name)
            return
        self._thread.join(timeout_s)
        self.action.close()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            order, future = job
            self._finish(future, self._do(order))
        self._say_failed.tell_rest()

    def _do(self, order: Order) -> str:
        left_s = order.deadline_mono - time.monotonic()
        if left_s <= 0:
            self._in_trouble("was late: its deadline had passed before it could begin")
            return "late"
        try:
            self.action.do(order, min(left_s, self._timeout_s))
        except (OSError, KitwrightError) as error:
            self._failed(error)
            return "error"
        except Exception as error:  # noqa: BLE001  top of a supervised loop: an action never ends the line
            self._failed(error)
            return "error"
        if time.monotonic() > order.deadline_mono:
            self._in_trouble("was late: it took longer than the deadline allows")
            return "late"
        self._well()
        return "done"

    def _failed(self, error: Exception) -> None:
        self._say_failed(action=self.action.name, error=error)
        self._in_trouble(f"failed: {error}")

    def _in_trouble(self, text: str) -> None:
        if not self._troubled:
            self._troubled = True
            self._alerts(f"action-{self.action.name}", "error", f"{self.action.name} {text}")

    def _well(self) -> None:
        self._say_failed.look()
        if self._troubled:
            self._troubled = False
            self._alerts(f"action-{self.action.name}", "info", f"{self.action.name} works again")

    def _finish(self, future: Future[str], outcome: str) -> None:
        self.counts[outcome] += 1
        future.set_result(outcome)


class Dispatcher:
    """All actions of the agent.

    Args:
        actions: (action, time-out in seconds).
    """

    def __init__(self, actions: Sequence[tuple[Action, float]], alerts: Alerts) -> None:
        self._workers = [_Worker(action, timeout_s, alerts) for action, timeout_s in actions]

    def dispatch(self, order: Order) -> dict[str, Future[str]]:
        """Orders every action that is for this verdict; returns at once."""
        return {
            worker.action.name: worker.submit(order)
            for worker in self._workers
            if order.verdict in worker.action.verdicts
        }

    def serves(self, verdict: Verdict) -> bool:
        """Whether an action is for this verdict."""
        return any(verdict in worker.action.verdicts for worker in self._workers)

    def counts(self) -> dict[str, dict[str, int]]:
        """Action → outcome → number."""
        return {worker.action.name: dict(worker.counts) for worker in self._workers}

    def close(self, timeout_s: float = 2.0) -> None:
        """Lets orders in the queue finish."""
        for worker in self._workers:
            worker.close(timeout_s)


def make_actions(configs: Sequence[ActionConfig], state_dir: Path) -> list[tuple[Action, float]]:
    """The actions a configuration names."""
    return [(_make(config, state_dir), config.timeout_ms / 1000) for config in configs]


def _make(config: ActionConfig, state_dir: Path) -> Action:
    if isinstance(config, SimulatedActionConfig):
        from edge_agent.actions.simulated import SimulatedAction

        return SimulatedAction(config, config.path or state_dir / "actions.jsonl")
    if isinstance(config, HttpActionConfig):
        from edge_agent.actions.http import HttpAction

        return HttpAction(config)
    from edge_agent.actions.mqtt import MqttAction

    return MqttAction(config)


def collect(futures: dict[str, Future[str]], deadline_mono: float) -> dict[str, str]:
    """Outcomes per action, waiting no longer than shortly after the deadline."""
    outcomes = {}
    for name, future in futures.items():
        left_s = deadline_mono - time.monotonic() + 0.05
        try:
            outcomes[name] = future.result(max(left_s, 0.0))
        except FutureTimeoutError:
            outcomes[name] = "late"
    return outcomes
