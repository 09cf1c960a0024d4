"""A device without a camera: it commits rows through the real outbox and sends them for real.

It runs in a process of its own so that it can be killed at any moment. After `append` has
returned, each row is written down in a file, the oracle: what stands there was committed, and the
hub must have it exactly once in the end. A row that is killed between COMMIT and oracle is not in
the file and must arrive all the same, because sequence numbers have no holes.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from edge_agent.config import AgentConfig, load_config
from edge_agent.enroll import load_identity
from edge_agent.sync.delivery import make_sender
from edge_agent.sync.entry import Entry
from edge_agent.sync.outbox import Outbox
from kits.core.events import (
    EVENT_CLASSES,
    AlertBody,
    Body,
    DecisionBody,
    EventClass,
    HealthBody,
    LabelBody,
)
from kits.core.sample import utc_now
from tests import forked
from tests.failure import link

MIXED = (0.05, 0.05, 0.5, 0.4)
"""Share of alerts, labels, samples and telemetry: of everything enough to lose."""
ORDINARY = (0.0005, 0.001, 0.5, 0.4985)
"""The same of an ordinary day at a line."""


@dataclass(frozen=True)
class Plan:
    """What one incarnation of a driver does.

    Attributes:
        config: its `agent.yaml`.
        life: number of the incarnation; part of each row's mark.
        rows_s: rows a second it commits, about; 0: as fast as it can.
        group: most rows of one commit.
        picture_every: one row of so many is a sample with a picture of 3,000 bytes.
        shares: of alerts, labels, samples, telemetry.
        rows: it ends after so many; 0 goes on until it is killed.
        drain: commits nothing and ends when the hub has everything.
        namespace: of the network it lives in; empty: this machine's.
    """

    config: Path
    life: int
    rows_s: float = 200.0
    group: int = 20
    picture_every: int = 40
    shares: tuple[float, float, float, float] = MIXED
    rows: int = 0
    drain: bool = False
    namespace: str = ""

    @property
    def oracle(self) -> Path:
        """Where it writes down what was committed."""
        return self.config.parent / "oracle.txt"


def start(plan: Plan) -> BaseProcess:
    """Starts a driver, in 10 ms."""
    return forked.start(run, plan, daemon=True)


def run(plan: Plan) -> None:
    """The driver's life."""
    if plan.namespace:
        link.enter(plan.namespace)
    config = load_config(plan.config)
    outbox = open_outbox(config)
    who = load_identity(config.identity_path)
    assert who is not None
    sender = make_sender(config, who, outbox)
    sender.start()
    if plan.drain:
        while not outbox.empty():
            time.sleep(0.02)
    else:
        commit_rows(plan, outbox)
    sender.close()
    outbox.close()


def open_outbox(config: AgentConfig) -> Outbox:
    """The outbox of a configuration, as the agent opens it."""
    return Outbox(config.state_dir, config.outbox.budgets())


def commit_rows(plan: Plan, outbox: Outbox) -> None:
    """Appends groups of random size until the plan's rows are done."""
    name = plan.config.parent.name
    draw = random.Random(f"{name}-{plan.life}")
    oracle = os.open(plan.oracle, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    done = 0
    while not plan.rows or done < plan.rows:
        size = min(draw.randint(1, plan.group), plan.rows - done if plan.rows else plan.group)
        marks = [f"{name}.{plan.life}.{done + k}" for k in range(size)]
        entries = [make_entry(mark, done + k, plan, draw) for k, mark in enumerate(marks)]
        seqs = outbox.append(entries)
        lines = [
            f"{outbox.epoch} {seq} {entry.klass} {mark} {len(entry.content or b'')}\n"
            for seq, entry, mark in zip(seqs, entries, marks)
        ]
        os.write(oracle, "".join(lines).encode())
        done += size
        if plan.rows_s:
            time.sleep(draw.random() * 2 * size / plan.rows_s)
    os.close(oracle)


def make_entry(mark: str, number: int, plan: Plan, draw: random.Random) -> Entry:
    """One row that carries its mark; its class is drawn, unless it is time for a picture."""
    if number % plan.picture_every == plan.picture_every - 1:
        return Entry(body_of("s", mark), "s", draw.random(), draw.randbytes(3000), "image/png")
    klass = draw.choices(EVENT_CLASSES, plan.shares)[0]
    return Entry(body_of(klass, mark), klass, draw.random())


def body_of(klass: EventClass, mark: str) -> Body:
    """A body of a class; `mark_of` finds the mark again at the hub."""
    if klass == "a":
        return AlertBody(name="test-alert", severity="warning", text=mark)
    if klass == "l":
        stated = {"label": "good", "author": "driver", "at": utc_now().isoformat()}
        return LabelBody(sample_id=mark, annotation={**stated})
    if klass == "t":
        _, life, number = mark.split(".")
        return HealthBody(figures={"life": float(life), "number": float(number)})
    return DecisionBody(
        sample_id=mark,
        captured_at=utc_now(),
        source=f"driver/{mark}",
        media_type="image/png",
        bundle="0" * 64,
        verdict="pass",
        score=0.25,
        latency_ms={"total": 12.5},
    )
