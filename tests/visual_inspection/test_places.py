"""Distances compared with those of good parts at the same place, and in directions in which good parts hardly vary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.core.runtime import StageTimes
from kits.visual_inspection import _bank, _places
from kits.visual_inspection._good_parts import load_bank
from kits.visual_inspection.runtime import GoodPartsRuntime, GoodPartsSpec, assemble, cut
from tests.visual_inspection.conftest import Trained

SPEC = {"side": 96, "rows": 1, "columns": 1, "top_k": 4, "unit": 1.0, "region_level": 1.0}


def parts(count: int = 20, *, alike: bool = True, seed: int = 0) -> np.ndarray:
    """Maps of 24×24 patches with an edge that is far from the bank, at one place or anywhere."""
    rng = np.random.default_rng(seed)
    maps = rng.normal(2.0, 0.2, (count, 24, 24)).astype(np.float32)
    for one in maps:
        one[:, 8 if alike else int(rng.integers(24))] += rng.normal(6, 0.3, 24)
    return maps


def with_defect(maps: np.ndarray) -> np.ndarray:
    """A defect on the plain face, nearer to the bank than each edge is."""
    marked = maps.copy()
    marked[:, 15:17, 15:17] += 3
    return marked


def test_a_small_defect_on_a_plain_face_does_not_hide_behind_edges() -> None:
    good, new = parts(), parts(seed=1)
    places, _ = _places.of_good_parts(good, range(len(good)))
    assert places is not None
    plain, spec = (
        GoodPartsSpec.model_validate(SPEC),
        GoodPartsSpec.model_validate({**SPEC, "places": places}),
    )

    def caught(spec: GoodPartsSpec) -> float:
        """Share of defective parts above all good ones."""

        def score(one: np.ndarray) -> float:
            return float(np.sort(spec.distances(one[None]).ravel())[-4:].mean())

        highest = max(map(score, new))
        return float(np.mean([score(one) > highest for one in with_defect(new)]))

    assert caught(plain) == 0
    assert caught(spec) == 1
    again = GoodPartsSpec.model_validate_json(spec.model_dump_json())
    assert np.array_equal(again.distances(new[:1]), spec.distances(new[:1]))


def test_where_parts_lie_anywhere_or_are_few_distances_stay_as_they_are() -> None:
    for maps in (parts(alike=False), parts(9)):
        places, adjusted = _places.of_good_parts(maps, range(len(maps)))
        assert places is None
        assert adjusted is maps


def test_a_part_does_not_excuse_itself_nor_do_its_other_pictures() -> None:
    maps = parts()
    maps[:2, 15:17, 15:17] += 3  # two pictures of one part
    singly = _places.of_good_parts(maps, range(len(maps)))[1]
    grouped = _places.of_good_parts(maps, [0, 0, *range(2, len(maps))])[1]
    itself, _ = _places.of_good_parts(maps, range(len(maps)))
    assert itself is not None
    excused = itself.adjust(maps[0])[15, 15]
    assert excused < singly[0, 15, 15] < grouped[0, 15, 15]


def test_maps_of_tiles_are_put_together_and_cut_again() -> None:
    maps = np.arange(6 * 4 * 4, dtype=np.float32).reshape(6, 4, 4)
    assert np.array_equal(cut(assemble(maps, 2, 3), 2, 3), maps)


def test_a_direction_in_which_good_parts_hardly_vary_counts_more() -> None:
    rng = np.random.default_rng(0)
    patches = (rng.normal(size=(2000, 3)) * [3.0, 0.3, 0.3]).astype(np.float32)
    bank = _bank.choose(patches, np.zeros(2000, np.intp), 400, 2000, 0)
    usual, odd = np.array([[13.0, 0, 0]], np.float32), np.array([[0, 2.0, 0]], np.float32)
    assert bank.distances(odd)[0] > 2 * bank.distances(usual)[0]
    white = bank.white(patches)
    assert white.var(axis=0).sum() == pytest.approx(patches.var(axis=0).sum(), rel=0.02)


def test_patches_that_are_all_the_same_make_a_bank_too() -> None:
    bank = _bank.choose(np.ones((50, 3), np.float32), np.zeros(50, np.intp), 10, 50, 0)
    assert bank.distances(np.ones((1, 3), np.float32))[0] == pytest.approx(0, abs=1e-3)


def test_a_bank_of_before_distances_were_whitened_is_read(tmp_path: Path) -> None:
    kept = np.eye(3, dtype=np.float32)
    np.savez(tmp_path / "bank.npz", patches=kept, owner=np.arange(3), centre=np.zeros(3))
    bank = load_bank(tmp_path)
    assert bank.distances(np.zeros((1, 3), np.float32))[0] == pytest.approx(1.0)


def test_training_and_device_score_a_part_alike(good_parts_run: Trained) -> None:
    runtime: GoodPartsRuntime = good_parts_run.good_parts()
    items = good_parts_run.data.of("val")
    payloads = [good_parts_run.data.content(item) for item in items]
    scores = [prediction.score for prediction in runtime.predict(payloads)]
    assert np.median(scores) == pytest.approx(1.0, abs=0.25), "1 is a usual good part"
    _, times = runtime.predict_timed(payloads[0])
    assert isinstance(times, StageTimes)
