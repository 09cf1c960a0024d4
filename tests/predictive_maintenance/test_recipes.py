"""Machines that make one product after the other: each is a way of running of its own, and a counter is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.core.dataset import DatasetItem
from kits.core.sample import Sample
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.regimes import (
    UNKNOWN,
    RegimeSpec,
    learn_regimes,
    tells_regime,
)
from kits.predictive_maintenance._device.words import CODE, code_of
from kits.predictive_maintenance._learning.condition import Learned, learn_condition
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.reading import channel, put, read_all, stamps, table, wave
from tests.predictive_maintenance.trained import AT

SHOTS = 300


def order(number: int, recipe: str, *, name: str = "Rezept") -> Recording:
    """One order on a machine: pressure and heat of its recipe, and shots that count on from order to order."""
    rng = np.random.default_rng(number)
    load = np.cumsum(rng.normal(0, 0.05, SHOTS)).clip(-1, 1)
    level = 100.0 * (1 + ord(recipe[-1]) % 7)
    rows = {
        "pressure": level + load + rng.normal(0, 0.2, SHOTS),
        "heat": level / 2 + 2 * load + rng.normal(0, 0.2, SHOTS),
        "shots": number * SHOTS + np.arange(SHOTS, dtype=np.float64),
        name: np.full(SHOTS, code_of(recipe)),
    }
    channels = tuple(
        Channel(key, CODE if key == name else "", value.astype(np.float32))
        for key, value in rows.items()
    )
    item = DatasetItem(Sample(f"s{number}", "x", "0" * 64, 1, AT, group="m"), None, "train")
    return Recording(item, Window(channels, 1 / 30, None, {"asset": "m"}), "normal", (), None)


def learned(recipes: str, **settings: object) -> Learned:
    orders = [order(number, f"R{letter}") for number, letter in enumerate(recipes)]
    config = Config.model_validate({"condition": settings})
    return learn_condition(orders[: len(recipes) // 2], orders[len(recipes) // 2 :], config, 0)


def test_a_machine_that_changes_its_recipe_between_recordings_has_a_regime_of_each() -> None:
    spec = learned("ABCABCABCABC").spec
    assert spec.regimes is not None and len(spec.regimes.centres) == 3
    assert {model.regime for model in spec.models if model.asset} == {0, 1, 2}


def test_a_recipe_that_began_after_what_is_learned_from_has_a_model_of_the_held_out_time() -> None:
    spec = learned("ABABABABCC").spec
    assert spec.regimes is not None and len(spec.regimes.centres) == 3
    known = {model.regime: model.centre[0] for model in spec.models if model.asset}
    assert sorted(round(level / 100) for level in known.values()) == [3, 4, 5]


def test_a_counter_is_left_out_and_told() -> None:
    made = learned("ABABABAB")
    assert "shots" not in made.spec.rows.channels
    assert any("only count" in note and "shots" in note for note in made.notes)


def test_of_more_recipes_than_regimes_none_is_told_and_the_option_is_named() -> None:
    made = learned("ABCDABCDABCD", max_regimes=3)
    assert made.spec.regimes is None
    assert any("Rezept has 4 values" in n and "max_regimes" in n for n in made.notes)


def levels(values: list[float], each: int) -> RegimeSpec | None:
    """As windows keep them: in steps of which each is a little off."""
    rows = np.repeat(np.array(values), each)[:, None]
    rows += np.random.default_rng(0).uniform(-0.3, 0.3, rows.shape)
    return learn_regimes([rows], (0,), most=6, settle=20, smooth=3, seed=0)


def test_recipes_whose_numbers_are_neighbours_are_apart_and_one_never_seen_is_unknown() -> None:
    spec = levels([1000.0, 40_000.0, 1010.0, 40_000.0, 1000.0, 1010.0, 20_000.0], 200)
    assert spec is not None and len(spec.centres) == 4
    found = spec.assign(np.array([[1000.3]] * 30 + [[1009.8]] * 60 + [[1005.0]] * 60))
    assert found[29] != found[89]
    assert found[149] == UNKNOWN


@pytest.mark.parametrize("new", [37_000.0, 33_347.0, 20_000.0])
def test_a_word_never_seen_is_unknown_however_near_its_number_is_to_another(new: float) -> None:
    """Numbers of words are drawn: a quarter of the way to the next would be taken for the word itself."""
    rows = np.tile(
        np.repeat([[33_345.0, 1.0], [49_335.0, 1.0], [49_335.0, 2.0]], 100, axis=0), (3, 1)
    )
    rows[:, 0] += np.random.default_rng(0).uniform(-0.1, 0.1, len(rows))
    words = (True, False)
    spec = learn_regimes([rows], (0, 1), most=6, settle=0, smooth=1, seed=0, words=words)
    assert spec is not None and len(spec.centres) == 3
    assert set(spec.assign(rows).tolist()) == {0, 1, 2}
    assert (spec.assign(np.array([[new, 1.0]])) == UNKNOWN).all()


def test_a_speed_that_is_measured_has_no_levels_however_many_readings_there_are() -> None:
    """Close by close its noise looks like two values and a few beside them."""
    rng = np.random.default_rng(0)
    speed = 1480.0 * (np.arange(30_000) // 1000 % 2) + rng.normal(0, 2, 30_000)
    spec = learn_regimes([speed[:, None]], (0,), most=6, settle=0, smooth=1, seed=0)
    assert spec is not None and len(spec.centres) == 2
    assert (spec.assign(speed[:, None]) == UNKNOWN).mean() < 0.01


@pytest.mark.parametrize("name", ["Produkt", "Artikel-Nr", "Werkzeug", "programme", "material"])
def test_what_is_made_is_a_cause_where_it_stands_in_words(name: str) -> None:
    assert tells_regime(name, words=True)
    assert not tells_regime(name)
    assert not tells_regime("Schwingung Werkzeug", words=True)


def test_a_word_has_one_number_in_all_files(tmp_path: Path) -> None:
    for month, words in (("2024-03", "AB"), ("2024-04", "BC")):
        recipes = [f"R{words[i // 50 % 2]}" for i in range(400)]
        start = 0 if words == "AB" else 400
        times = stamps(800, 60)[start : start + 400]
        content = table(("time", "v", "Rezept"), times, wave(400), recipes)
        put(tmp_path / "press" / f"press_{month}.csv", content)
    samples, _ = read_all(tmp_path)
    told = np.rint(np.concatenate([channel(s, "Rezept").readings for s in samples]))
    assert set(told.tolist()) == {code_of(word) for word in ("RA", "RB", "RC")}
    assert np.array_equal(told[400:450], told[50:100])


def test_usual_words_for_off_and_on_are_nought_and_one_whatever_else_there_is() -> None:
    assert [code_of(word) for word in ("Aus", "ein", "stopped", "Running")] == [0, 1, 0, 1]
    assert code_of("setup") > 1
