"""A small network for remaining life: taken where it wins, left where it does not, and the same in its graph."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import MachineError
from kits.core.runtime import OnnxSession
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.life_columns import (
    PARTS,
    life_columns,
    life_width,
    part_columns,
)
from kits.predictive_maintenance._device.remaining import LIFE, RemainingJudge
from kits.predictive_maintenance._learning import network
from kits.predictive_maintenance._learning.intervals import Life
from kits.predictive_maintenance._learning.life_choice import (
    LEAST_FOR_NETWORK,
    Candidate,
    choose,
    judged,
    methods_to_try,
)
from kits.predictive_maintenance._learning.life_models import Ensemble, Fit, HeldOut, network_s
from kits.predictive_maintenance._learning.recordings import Recording, load
from kits.predictive_maintenance._learning.remaining import LearnedLife, learn_remaining
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.learned import faster_swing, short_trainings
from tests.predictive_maintenance.reading import version
from tests.predictive_maintenance.trained import part, sample

UNITS = 24
CAP = 60.0
SETTINGS = {"window": 12, "trees": 40, "depth": 3, "cap": CAP}
CONFIG = Config.model_validate({"life": SETTINGS})
Course = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def shuffled_levels(rng: np.random.Generator, left: np.ndarray) -> np.ndarray:
    """A level for each stage of life, in no order: trees cut, a smooth function of it is hard to learn."""
    stage = (np.minimum(left, CAP - 1) // 6).astype(int)
    levels = np.array([4.0, 9, 2, 7, 0, 5, 8, 1, 6, 3])
    return levels[stage] + rng.normal(0, 0.05, left.size)


def histories(folder: Path, course: Course, units: int = UNITS) -> list[Recording]:
    """Lives of 40 to 140 cycles, told by one channel; another is noise."""
    rng, samples = np.random.default_rng(4), []
    for number in range(units):
        left = np.arange(int(rng.integers(40, 140)) - 1, -1, -1.0)
        told = {"signal": course(rng, left), "noise": rng.normal(0, 1, left.size)}
        channels = tuple(Channel(name, "", v.astype(np.float32)) for name, v in told.items())
        window = Window(channels, 0.0, None, {"asset": f"u{number:02d}"})
        samples.append(sample(window, f"u{number}", label="", life=0.0))
    data = version(samples, folder)
    return load(data, data.items)


def lives(units: int, rows: int = 40) -> list[Life]:
    """Columns as a table makes them, of two channels of which one falls with the life that is left."""
    rng, made = np.random.default_rng(8), []
    left = np.arange(rows - 1, -1, -1.0)
    for number in range(units):
        scaled = rng.normal(0, 0.3, (rows, 2))
        scaled[:, 0] += 4 * left / rows - 2
        columns = np.hstack([life_columns(scaled, 12), part_columns(scaled, 12)])
        made.append(Life(f"u{number}", columns, left, 1.0))
    return made


def candidate(name: str, errors: np.ndarray) -> tuple[str, HeldOut]:
    """What was said of machines left out, each wrong by the same all its life."""
    left = np.full(50, 30.0)
    said = tuple(
        (Life(f"u{unit}", np.empty((50, 0)), left, 1.0), left + error)
        for unit, error in enumerate(errors)
    )
    return name, said


def test_what_says_no_better_than_the_mean_is_told_from_what_does() -> None:
    rng = np.random.default_rng(3)
    for noise, tells in ((1.0, True), (40.0, False)):
        said = tuple((life, life.left + rng.normal(0, noise, 40)) for life in lives(9))
        assert Candidate.of("trees", said, 40.0).tells_life == tells


def test_who_errs_more_than_the_mean_over_all_rows_tells_no_life_however_many_units_are_right() -> (
    None
):
    short = [
        (Life(f"u{n}", np.empty((10, 0)), np.full(10, 5.0), 1.0), np.full(10, 5.0))
        for n in range(8)
    ]
    long = Life("long", np.empty((400, 0)), np.full(400, 40.0), 1.0)
    for wrong, tells in ((0.0, True), (20.0, False)):
        said = (*short, (long, long.left - wrong))
        assert Candidate("trees", 0.0, said, *judged(said, 40.0)).tells_life == tells


@pytest.fixture(scope="module")
def swings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    return histories(tmp_path_factory.mktemp("swings"), faster_swing)


@pytest.fixture(scope="module")
def by_shape(swings: list[Recording]) -> LearnedLife:
    with short_trainings():
        return learn_remaining(swings, CONFIG, 0)


@pytest.mark.slow
def test_a_network_is_taken_where_the_shape_tells_the_life(by_shape: LearnedLife) -> None:
    figures, method = by_shape.figures, by_shape.spec.method
    assert method in ("network", "both")
    assert figures["cv_rmse"] == figures[f"cv_rmse_{method}"] < 0.8 * figures["cv_rmse_trees"]
    assert figures[f"cv_cost_{method}"] < figures["cv_cost_trees"]
    assert "RMSE and asymmetric cost with machines left out in turn: trees" in by_shape.notes[-1]


@pytest.mark.slow
@pytest.mark.parametrize("steps", [150, pytest.param(600, marks=pytest.mark.slow)])
def test_trees_stay_where_a_network_is_worse(tmp_path: Path, steps: int) -> None:
    recordings = histories(tmp_path, shuffled_levels, LEAST_FOR_NETWORK)
    with short_trainings(steps):
        learned = learn_remaining(recordings, CONFIG, 0)
    assert learned.spec.method == "trees"
    assert not learned.models.networks
    assert learned.models.columns == life_width(2), "the device makes no columns for nothing"
    assert learned.figures["cv_rmse_trees"] < 0.8 * learned.figures["cv_rmse_network"]
    assert learned.notes[-1].endswith("taken: trees")


def test_the_simpler_stays_unless_another_wins_by_more_than_its_standard_error() -> None:
    rng = np.random.default_rng(0)
    trees = rng.normal(0, 6, 30)
    sure, chance = 0.8 * trees, np.where(np.arange(30) == 0, 0.0, trees)
    found = [choose(dict([candidate("trees", trees), candidate("network", other)]), CAP)  # type: ignore[arg-type]
             for other in (sure, chance, trees)]  # fmt: skip
    assert [one.chosen.method for one in found] == ["network", "trees", "trees"]


def test_who_calls_late_is_not_taken_for_a_smaller_error() -> None:
    early, late = (Candidate("trees", 0.0, (), np.full(9, 25.0) + np.arange(9), np.full(9, 1.0)),
                   Candidate("network", 0.0, (), np.full(9, 20.0), np.full(9, 1.2)))  # fmt: skip
    assert late.squares.mean() < early.squares.mean()
    assert not late.beats(early)


@pytest.mark.parametrize("kind", [pytest.param("network", marks=pytest.mark.slow), "both"])
def test_the_graph_says_what_its_members_say(kind: str) -> None:
    known = lives(6)
    models = Fit(CONFIG, 3, "cpu", 40.0, 2).ensemble(known, kind, draws=2)  # type: ignore[arg-type]
    inputs = np.vstack(
        [known[0].inputs, np.random.default_rng(1).normal(0, 30, (20, models.columns))]
    )
    found = OnnxSession(models.to_onnx(), threads=1).run({"rows": inputs.astype(np.float32)})[0]
    assert np.asarray(found).reshape(-1) == pytest.approx(models.predict(inputs), abs=1e-3)
    assert np.ptp(np.asarray(found)) > 20, "not all the same"


def test_what_was_never_seen_does_not_run_away() -> None:
    known = lives(6)
    models = Fit(CONFIG, 3, "cpu", 40.0, 2).ensemble(known, "network")
    outer = np.sign(known[0].inputs)
    far, farther = models.predict(1e3 * outer), models.predict(1e9 * outer)
    assert far == pytest.approx(farther)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network_and_leaves_others_their_chance() -> None:
    import torch

    known = lives(6)
    torch.manual_seed(5)
    expected = float(torch.rand(1))
    torch.manual_seed(5)
    one, same, other = (
        network.fit(known, 2, 40.0, seed=seed, every=1).weights["hidden.weight"]
        for seed in (1, 1, 2)
    )
    assert float(torch.rand(1)) == expected
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.slow
def test_the_device_makes_the_columns_that_training_made(
    swings: list[Recording], by_shape: LearnedLife
) -> None:
    """And the trace of a life up to a moment is the beginning of the trace of the whole life."""
    session = OnnxSession(by_shape.models.to_onnx(), threads=1)
    judge = RemainingJudge(by_shape.spec, session)
    window = swings[-1].window
    said = judge.trace(window).quantities[LIFE].value
    begun = judge.trace(part(window, 0, 30)).quantities[LIFE].value
    assert begun == pytest.approx(said[:30], abs=1e-3)
    truth = np.minimum(np.arange(said.size - 1, -1, -1.0), CAP)
    assert np.sqrt(((said - truth) ** 2).mean()) < 1.2 * by_shape.figures["cv_rmse"]


def test_parts_are_means_of_the_last_two_windows_oldest_first() -> None:
    scaled = np.stack([np.arange(60.0), -np.arange(60.0)], axis=1)
    found = part_columns(scaled, 18).reshape(60, 2, PARTS)
    assert found[-1, 0] == pytest.approx(np.arange(24, 60).reshape(PARTS, 3).mean(axis=1))
    assert found[-1, 1] == pytest.approx(-found[-1, 0])
    assert found[0, 0] == pytest.approx(np.zeros(PARTS)), "a life that just began is its first row"


def test_no_network_is_tried_where_nobody_wants_it(swings: list[Recording]) -> None:
    never = Config.model_validate({"life": {**SETTINGS, "network": "never"}})
    learned = learn_remaining(swings, never, 0)
    assert learned.spec.method == "trees"
    assert not any("network" in note for note in learned.notes)


@pytest.mark.parametrize(
    ("units", "rows", "channels", "wanted", "device", "told"),
    [
        (100, 20_000, 17, "auto", "cpu", ""),
        (100, 20_000, 17, "never", "cuda", ""),
        (100, 20_000, 0, "always", "cpu", ""),
        (19, 20_000, 17, "always", "cpu", "it needs 20 machines with a known end"),
        (900, 200_000, 90, "auto", "cpu", "may take"),
        (900, 200_000, 90, "auto", "cuda", ""),
        (900, 200_000, 90, "always", "cpu", ""),
    ],
)  # fmt: skip
def test_a_network_is_tried_where_it_can_be_judged_and_takes_no_long_time(
    units: int, rows: int, channels: int, wanted: str, device: str, told: str
) -> None:
    methods, notes = methods_to_try(units, rows, channels, wanted, device)
    assert ("network" in methods) == (not told and wanted != "never" and channels > 0)
    assert told in "".join(notes)
    assert bool(notes) == bool(told)


def test_the_time_it_takes_ends_to_grow_with_the_rows() -> None:
    assert network_s(20_000, 17) < network_s(100_000, 17) < network_s(100_000, 200)
    assert network_s(10**9, 17) < 2 * network_s(119_999, 17), "rows are thinned"


def test_torch_is_loaded_only_to_train_a_network() -> None:
    code = (
        "import sys, kits.predictive_maintenance._learning.remaining, "
        "kits.predictive_maintenance._learning.network_graph; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_torch_the_error_says_how_to_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MachineError, match="torch is not installed") as told:
        network.fit(lives(6), 2, 40.0, seed=0, every=1)
    assert "model.life.network: never" in str(told.value.fix)


@pytest.mark.gpu
def test_a_network_trained_on_a_gpu_is_as_good() -> None:
    known = lives(12)
    errors = []
    for device in ("cpu", "cuda"):
        member = network.fit(known[:10], 2, 40.0, seed=0, every=1, device=device)
        said = Ensemble(known[0].inputs.shape[1], 40.0, networks=(member,)).predict(
            known[-1].inputs
        )
        errors.append(float(np.sqrt(((said - known[-1].left) ** 2).mean())))
    assert max(errors) < 4
    assert errors[0] == pytest.approx(errors[1], abs=1.5)
