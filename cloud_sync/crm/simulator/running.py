"""A pretended CRM that runs until somebody ends it: its API, its life, and what it tells. Options are the command's."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from cloud_sync.crm.simulator.life import Life
from cloud_sync.crm.simulator.queue import Noise
from cloud_sync.crm.simulator.sender import QUIET, Sender
from cloud_sync.crm.simulator.serving import sending, serve
from cloud_sync.crm.simulator.simulator import Simulator

TICK_S = 0.1
DAY_S = 86_400.0
DRAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Run:
    """How it runs.

    Attributes:
        port: of its API on loopback; 0: any free one.
        hub: where events go; empty: nowhere.
        signed_url: the hub's public address, where that is another; empty: `hub`.
        context: whom to trust; None: the system's CAs.
        scale: its time runs so many times faster.
        leads_per_day: new ones in a day of its time.
        minutes: it ends after so long, by our clock; 0: when it is interrupted.
    """

    port: int = 8070
    hub: str = ""
    signed_url: str = ""
    context: ssl.SSLContext | None = None
    noise: Noise = QUIET
    scale: float = 2000
    leads_per_day: float = 10
    minutes: float = 0


def run(
    simulator: Simulator,
    how: Run,
    *,
    up: Callable[[str], None],
    told: Callable[[str], None],
) -> None:
    """Runs it to its end.

    Args:
        up: is told its address once it answers.
        told: gets each thing that happens, in one line.

    Raises:
        MachineError: the port is taken.
    """
    one_by_one = threading.Lock()

    def say(line: str) -> None:
        with one_by_one:
            told(line)

    simulator.say = say
    with ExitStack() as stack:
        url = stack.enter_context(serve(simulator, how.port))
        sender: Sender | None = None
        if how.hub:
            sender = stack.enter_context(
                sending(
                    simulator,
                    how.hub,
                    noise=how.noise,
                    scale=how.scale,
                    told=say,
                    context=how.context,
                    signed_url=how.signed_url,
                )
            )
        up(url)
        life = Life(simulator, how.leads_per_day, say)
        try:
            _live(life, how)
        except KeyboardInterrupt:
            say("ends")
        if sender is not None:
            sender.queue.drained(DRAIN_S)


def _live(life: Life, how: Run) -> None:
    started = last = time.monotonic()
    while not how.minutes or time.monotonic() - started < how.minutes * 60:
        time.sleep(TICK_S)
        now = time.monotonic()
        life.advance((now - last) * how.scale / DAY_S)
        last = now
