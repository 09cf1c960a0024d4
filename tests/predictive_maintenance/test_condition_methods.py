"""How unusual is measured: levels that wander, few rows, machines of different sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.core.sample import Sample
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.condition import lagged
from kits.predictive_maintenance._learning.condition import Learned, learn_condition
from kits.predictive_maintenance._learning.methods import METHODS, Parts, index_of
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.trained import AT

Floats = NDArray[np.float64]


def recorded(values: Floats, asset: str) -> Recording:
    """(channels, readings) of normal running, one a second."""
    channels = tuple(Channel(f"c{n}", "", row.astype(np.float32)) for n, row in enumerate(values))
    window = Window(channels, 1.0, AT, {"asset": asset})
    sample = Sample(f"{asset}-{values.shape[1]}", "x", "0" * 64, 1, AT, group=asset)
    return Recording(DatasetItem(sample, None, "train"), window, "normal", (), None)


def index_at_end(learned: Learned, values: Floats) -> float:
    """What the last model says of (channels, readings) at their end."""
    parts = Parts(learned.means[-1], learned.inverse_scales[-1], learned.matrices[-1])
    return float(index_of(lagged(values.T, learned.spec.lags)[-1:], parts)[0])


def test_a_channel_that_wanders_says_less() -> None:
    rng = np.random.default_rng(3)
    still, drifting = rng.normal(0, 1, 800), rng.normal(0, 1, 800) + np.linspace(-2, 2, 800)
    rows = lagged(np.stack([still, drifting / drifting.std()], axis=1), 4)[3:]
    matrix = METHODS["levels"](rows, 2, 0.9)
    seen = [float(x @ matrix @ x) for x in (np.tile([1.0, 0.0], 4), np.tile([0.0, 1.0], 4))]
    assert seen[0] > 3 * seen[1]


def test_few_rows_say_nothing_of_how_channels_belong_together() -> None:
    """A broken relation of two channels is seen after many rows; after few nobody believes in a relation."""
    rng = np.random.default_rng(5)

    def learned_from(count: int) -> Learned:
        both = rng.normal(0, 1, (2, count))
        both[1] = both[0] + 0.1 * both[1]
        return learn_condition([recorded(both, "m-1")], [], Config(), 0)

    few, many = learned_from(250), learned_from(6000)
    assert few.spec.method == "levels"
    assert many.spec.method in ("shrunk", "components")
    broken = np.zeros((2, 10))
    broken[:, -1] = 1.5, -1.5
    assert index_at_end(many, broken) > 5 * index_at_end(few, broken)


def test_of_little_data_what_was_held_out_for_the_tail_is_learned_from_in_the_end() -> None:
    rng = np.random.default_rng(7)
    early, late = rng.normal(0, 1, (3, 280)), rng.normal(3, 1, (3, 280))
    learned = learn_condition([recorded(early, "m-1")], [recorded(late, "m-1")], Config(), 0)
    own = next(model for model in learned.spec.models if model.asset == "m-1")
    assert own.centre == pytest.approx((1.5, 1.5, 1.5), abs=0.2)


def test_a_machine_of_another_size_does_not_set_the_least_spread_of_others() -> None:
    rng = np.random.default_rng(9)
    sizes = {"small": 1.0, "also small": 1.2, "huge": 10_000.0}
    made = [recorded(size * rng.normal(0, 1, (1, 900)), name) for name, size in sizes.items()]
    learned = learn_condition(made, [], Config(), 0)
    spread = {model.asset: model.spread[0] for model in learned.spec.models if model.asset}
    assert spread["small"] == pytest.approx(1.0, rel=0.2)


def press(works: int, stands: int, days: int) -> Recording:
    """Works and stands by turns: at work it warms up again and again, and all that stands follows the hall."""
    rng = np.random.default_rng(11)
    rows = days * (works + stands)
    runs = np.arange(rows) % (works + stands) < works
    cold = np.exp(-(np.arange(rows) % 60) / 20) * np.repeat(rng.uniform(0.5, 1.5, rows), 60)[:rows]
    hall = np.convolve(rng.normal(0, 1, rows + 49), np.ones(50) / 7, "valid")
    noise = rng.normal(0, 1, (2, rows))
    values = {
        "oil": np.where(runs, -10 * cold + 0.4 * noise[0], 3 * hall + 0.3 * noise[0]),
        "drive": np.where(runs, -0.2 * cold + 0.05 * noise[1], 0.06 * hall + 0.006 * noise[1]),
        "running": runs * 1.0,
    }
    made = recorded(np.stack([*values.values()]), "m-1")
    channels = tuple(replace(c, name=n) for c, n in zip(made.window.channels, values))
    return replace(made, window=replace(made.window, channels=channels))


@pytest.mark.parametrize(
    ("works", "stands", "told"),
    [
        (180, 300, "method shrunk, components in 1 of 2 ways of running"),
        (300, 180, "method components, shrunk in 1 of 2 ways of running"),
    ],
)
def test_a_method_is_chosen_where_the_machine_runs_and_where_it_stands(
    works: int, stands: int, told: str
) -> None:
    learned = learn_condition([press(works, stands, 16)], [], Config(), 0)
    assert any(note.startswith(told) for note in learned.notes), learned.notes


def test_a_way_of_running_with_few_rows_is_judged_as_the_commonest() -> None:
    learned = learn_condition([press(660, 60, 9)], [], Config(), 0)
    assert {model.regime for model in learned.spec.models} == {0, 1}
    assert learned.spec.method == "components"
