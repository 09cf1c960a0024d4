"""Near-duplicates are the same shot, not the same product."""

from __future__ import annotations

import cv2
import numpy as np

from kits.visual_inspection import _duplicates, data
from kits.visual_inspection.demo import draw
from tests.visual_inspection.builders import encoded


def test_reencoded_and_relit_shots_pair_up_but_two_parts_do_not() -> None:
    rng = np.random.default_rng(0)
    one, two = draw(rng, "").image, draw(rng, "").image
    again = cv2.imencode(".jpg", one, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes()
    relit = encoded(np.clip(one.astype(int) + 3, 0, 255).astype(np.uint8))
    contents = [("a", encoded(one)), ("b", encoded(two)), ("c", again), ("d", relit)]
    pairs = data.near_duplicates([*contents, ("broken", b"nothing")])
    assert set(pairs) == {("a", "c"), ("a", "d"), ("c", "d")}


def test_binary_pictures_with_few_differences_stay_apart() -> None:
    rng = np.random.default_rng(1)
    boards = [(rng.random((40, 40)) > 0.5).astype(np.uint8) * 255 for _ in range(30)]
    contents = [
        (str(n), encoded(np.kron(b, np.ones((8, 8), np.uint8)), ".png"))
        for n, b in enumerate(boards)
    ]
    assert data.near_duplicates(contents) == []


def test_flat_pictures_say_nothing() -> None:
    flat = [(str(n), encoded(np.full((64, 64, 3), 10 * n, np.uint8))) for n in range(4)]
    assert data.near_duplicates(flat) == []


def test_most_pairs_of_parts_under_one_camera_end_at_a_few_means_and_no_alike_pair_does() -> None:
    rng = np.random.default_rng(2)
    scene = rng.integers(0, 255, (1, 32, 32))
    change = (
        rng.integers(-2, 3, (60, 32, 32))
        + rng.integers(-25, 26, (60, 4, 4)).repeat(8, axis=1).repeat(8, axis=2)
        * (np.arange(60) % 2)[:, None, None]
    )
    pixels = np.clip(scene + change, 0, 255).astype(np.uint8)
    one, two = np.triu_indices(60, 1)
    same = _duplicates._same(pixels, one, two)
    ((left, right),) = _duplicates._plausible(_duplicates._coarse(pixels), [(one, two)])
    kept = set(zip(left.tolist(), right.tolist()))
    assert {(int(a), int(b)) for a, b in zip(one[same], two[same])} <= kept
    assert same.sum() > 300
    assert len(kept) < len(one) / 2
