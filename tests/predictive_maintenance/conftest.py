"""Trained models on small simulated data, made once per session."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from kits.core.kit import RawSample
from kits.core.prediction import Span
from kits.core.window import Window
from kits.predictive_maintenance._simulated.machines import (
    BearingFault,
    bearing_capture,
    make_motor,
    run_to_failure,
)
from tests.predictive_maintenance.trained import (
    Trained,
    changed,
    learn,
    part,
    plain,
    readings,
    sample,
)
from tests.quick_disk import no_waiting_for_the_disk  # noqa: F401  a fixture

PIECES = ((0, 1200, "train"), (1200, 2000, "val"), (2000, 2800, "test"))
SHIFT = (400, 500)
"""Of the test piece: flow falls although the current does not."""
CONDITIONS: tuple[BearingFault | None, ...] = (None, "outer", "inner", "ball")


def _machine_pieces(asset: str, seed: int) -> Iterator[RawSample]:
    whole = plain(np.random.default_rng(seed), 2800, asset)
    for start, stop, split in PIECES:
        window = part(whole, start, stop)
        spans: tuple[Span, ...] = ()
        if split == "test":
            flow = readings(window, "flow").copy()
            flow[slice(*SHIFT)] -= 40
            window = changed(window, "flow", flow)
            spans = (Span(*SHIFT, "leak", ""),)
        yield sample(
            window,
            f"{asset}/{split}",
            spans=spans,
            group=f"{asset}#{split}",
            split=split,  # type: ignore[arg-type]
        )


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Normal running of two machines, a reading a minute; a leak in each test piece."""
    samples = [*_machine_pieces("m-1", 1), *_machine_pieces("m-2", 2)]
    return learn(samples, tmp_path_factory.mktemp("watched"))


@pytest.fixture(scope="session")
def engines() -> list[Window]:
    return run_to_failure(np.random.default_rng(5), 30, mean_cycles=110)


@pytest.fixture(scope="session")
def fleet(engines: list[Window], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Engines that ran to failure; those of test are cut off before."""
    rng = np.random.default_rng(6)
    samples = []
    for number, window in enumerate(engines):
        cycles = window.channels[0].readings.size
        if number < 24:
            split = "val" if number % 6 == 5 else "train"
            samples.append(sample(window, f"e{number}", label="", life=0.0, split=split))  # type: ignore[arg-type]
        else:
            end = int(cycles * rng.uniform(0.5, 0.95))
            seen = part(window, 0, end)
            samples.append(
                sample(seen, f"e{number}", label="", life=float(cycles - end), split="test")
            )
    folder = tmp_path_factory.mktemp("fleet")
    return learn(samples, folder, {"life": {"trees": 30, "depth": 3, "window": 20}})


@pytest.fixture(scope="session")
def motors(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Captures of four motors per condition, of which one is for val and one for test."""
    rng = np.random.default_rng(7)
    samples = []
    for fault in CONDITIONS:
        for number, split in enumerate(("train", "train", "train", "val", "test")):
            motor = make_motor(rng, f"{fault or 'normal'}-{number}")
            for capture in range(2):
                window = bearing_capture(
                    rng, motor, seconds=0.64, rate_hz=12_800, fault=fault, severity=0.7
                )
                source = f"{motor.asset}_{capture}"
                samples.append(sample(window, source, label=fault or "normal", split=split))  # type: ignore[arg-type]
    settings = {"bearings": ["6205"], "faults": {"trees": 20, "depth": 2}}
    return learn(samples, tmp_path_factory.mktemp("motors"), settings)
