"""How often a bundle on probation goes back, by what comes by meanwhile; whether it is at fault is known.

`python -m benchmarks.circle_probations [--rounds 200] [--first-seed 5000]`. One device with the agent's own installer; two
models that judge the same made-up parts a little otherwise. Orders last some parts on average and differ in what their parts
look like (standard deviations between good parts) and in how many are defective. Bad ones turn bad 110 parts after they
decide; *parts until it went back* counts from there.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np

import kits.core.sample
from benchmarks.circle_rollouts_made import START, Lots, Made, MadeClock, MadeDevice, Model
from benchmarks.machines_run import header, table
from kits.core.hub_api import Desired, DesiredBundle
from kits.core.stats import proportion
from tests.cloud_sync.fleet_builders import make_bundle

PARTS_PER_MIN = 6.0
TURNS_BAD_AFTER = 110


@dataclass(frozen=True)
class Orders:
    """How orders follow each other."""

    name: str
    size: int = 0
    apart: float = 0.0
    defects: tuple[float, ...] = (0.02,)


ORDERS = (
    Orders("all parts alike"),
    Orders("orders of 150, 0.5 sd apart", 150, 0.5),
    Orders("orders of 150, 1 sd apart", 150, 1.0),
    Orders("orders of 300, 2 sd apart", 300, 2.0),
    Orders("orders of 150, defects 0 to 40 %", 150, 0.5, (0.0, 0.02, 0.1, 0.4)),
)
MODELS = (
    Model(),
    Model(detector=True),
    Model("one score", TURNS_BAD_AFTER),
    Model("nothing", TURNS_BAD_AFTER, detector=True),
    Model("wrong", TURNS_BAD_AFTER),
    Model("fails", TURNS_BAD_AFTER),
    Model("slow", TURNS_BAD_AFTER),
)


def tried(seed: int, orders: Orders, model: Model) -> tuple[str, int]:
    """How an installation ended, and the parts that were decided by the new bundle."""
    rng = np.random.default_rng(seed)
    MadeClock.at = START
    models = {1: Model(detector=model.detector), 2: model}
    made = [Made(make_bundle(version=n), n, one) for n, one in models.items()]
    old, new = made
    wish = DesiredBundle(
        bundle=new.opened.id, size=len(new.content), path=f"/v1/bundles/{new.opened.id}/content",
        target=new.signed.target, release=2, deployment=7,
    )  # fmt: skip
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as folder:
        lots = Lots(rng, orders.size, orders.apart, orders.defects)
        device = MadeDevice(
            "press", Path(folder), {one.opened.id: one for one in made}, rng, lots,
            per_min=PARTS_PER_MIN,
        )  # fmt: skip
        device.boot(old)
        for _ in range(2000):
            MadeClock.at += timedelta(minutes=1)
            decided = device.line.judged if device.runs == new.opened.id else 0
            device.turn(lambda _name: Desired(bundle=wish), 1.0)
            ends = [
                r
                for r in device.waiting_reports()
                if r.state in ("committed", "rolled_back", "failed")
            ]
            if ends:
                return str(ends[-1].state), decided
    return "under way", 0


def told(orders: Orders, model: Model, seeds: Sequence[int]) -> list[str]:
    """A line of the table."""
    found = [tried(seed, orders, model) for seed in seeds]
    back = [parts for state, parts in found if state != "committed"]
    late = f"{np.median(back) - model.after:.0f}" if back and model.after else ""
    kind = "detector, " if model.detector else ""
    words = {"good": "good"}.get(model.how, f"turns bad: {model.how}")
    return [kind + words, orders.name, proportion(len(back), len(found)).text(2), late]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=5000)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    seeds = range(options.first_seed, options.first_seed + options.rounds)
    print(header("Probations"))
    with patch.object(kits.core.sample, "datetime", MadeClock):
        rows = [told(orders, model, seeds) for model in MODELS for orders in ORDERS]
    print(table(("bundle", "what comes by", "went back", "parts until it went back"), rows))


if __name__ == "__main__":
    main()
