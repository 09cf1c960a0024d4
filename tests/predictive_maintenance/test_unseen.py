"""A recipe that was never made in the time that is learned from: its faults are none, and that is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from kits.core.dataset import Split
from kits.core.kit import RawSample
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.words import CODE, code_of
from kits.predictive_maintenance._judging.tracks import replay
from kits.predictive_maintenance._judging.unseen import told_of_unseen
from kits.predictive_maintenance._reading.recording import Recording
from tests.predictive_maintenance.trained import AT, Trained, learn

SHOTS = 400


def order(number: int, recipe: str, split: Split) -> RawSample:
    rng = np.random.default_rng(number)
    rows = {
        "pressure": 100.0 * ord(recipe) + rng.normal(0, 1, SHOTS),
        "heat": 10.0 * ord(recipe) + rng.normal(0, 1, SHOTS),
        "recipe": np.full(SHOTS, code_of(recipe)),
    }
    channels = tuple(
        Channel(name, CODE if name == "recipe" else "", values.astype(np.float32))
        for name, values in rows.items()
    )
    at = AT + number * timedelta(hours=6)
    window = Window(channels, 1 / 30, at, {})
    name = f"order-{number}"
    return Recording("m-1", name, window, "normal", group=name, split=split).sample()


def trained(folder: Path, judged: str) -> Trained:
    orders: list[tuple[str, Split]] = [(recipe, "train") for recipe in "ABABAB"] + [
        (recipe, "val") for recipe in "AB"
    ]
    orders += [(recipe, "test") for recipe in judged]
    return learn([order(n, *one) for n, one in enumerate(orders)], folder)


@pytest.mark.parametrize(("judged", "told"), [("ACAC", ["m-1 48%"]), ("AABB", [])])
def test_time_in_a_way_of_running_that_was_not_learned_is_told(
    tmp_path: Path, judged: str, told: list[str]
) -> None:
    made = trained(tmp_path, judged)
    for notes in (made.judged().notes, replay(made.task("test")).notes):
        said = [note for note in notes if "was not learned of them" in note]
        assert len(said) == len(told)
        assert all(share in one for share, one in zip(told, said))


def test_machines_are_named_by_how_much_of_their_time_it_is() -> None:
    def some(rows: int) -> np.ndarray:
        return np.arange(100) < rows

    courses = [("a", some(2)), ("b", some(30)), ("c", some(90)), ("c", some(0)), ("d", some(20))]
    (said,) = told_of_unseen([*courses, ("e", some(10)), ("f", some(6))])
    assert "(c 45%, b 30%, d 20% and 2 more)" in said
    assert not told_of_unseen([("a", some(2))])
