"""What to label next and what labels buy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.core.labelling import WithLabelling
from kits.support_triage import KIT
from kits.support_triage._learning.curve import _gain
from kits.support_triage._learning.medoids import representative, unsure
from kits.support_triage.config import Config

from .learned import Said, dataset_of, made_up

WORDS = Config(approach="ngrams")


def clouds(sizes: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = np.eye(len(sizes), 8)
    rows = [centres[n] + 0.05 * rng.normal(size=(size, 8)) for n, size in enumerate(sizes)]
    vectors = np.concatenate(rows).astype(np.float32)
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def test_the_kit_offers_what_labelling_needs() -> None:
    assert isinstance(KIT.train, WithLabelling)


def test_first_one_mail_of_every_cluster_the_largest_first() -> None:
    ids = [f"{n:03d}" for n in range(60)]
    found = representative(clouds((30, 20, 10)), ids, 3, seed=0)
    assert [one.stands_for for one in found] == [30, 20, 10]
    assert [int(one.sample_id) // 10 for one in found][1:] in ([3, 5], [4, 5])
    assert "about 30 mails" in found[0].reason


def test_later_mails_that_could_be_either_come_first() -> None:
    vectors = clouds((20, 20))
    probabilities = np.tile(np.array([0.99, 0.01], np.float32), (40, 1))
    probabilities[7] = (0.51, 0.49)
    probabilities[31] = (0.45, 0.55)
    found = unsure(vectors, probabilities, ("a", "b"), [str(n) for n in range(40)], 2, seed=0)
    assert {one.sample_id for one in found} == {"7", "31"}
    assert "could be a (51%) or b (49%)" in {one.reason for one in found}


def test_suggestions_are_unlabelled_mails_of_train_and_none_comes_twice() -> None:
    mails = made_up(40)
    known, waiting = mails[:6], [replace(m, label="", urgency=None) for m in mails[6:30]]
    held = [replace(m, label="", urgency=None, split="val") for m in mails[30:]]
    data = dataset_of([*known, *waiting, *held])
    allowed = {i.sample.id for i in data.of("train") if i.annotation is None}
    for seed in (0, 1):
        found = KIT.train.next_to_label(data, WORDS, 10, seed)  # type: ignore[attr-defined]  # optional
        ids = [one.sample_id for one in found]
        assert len(ids) == len(set(ids)) == 10
        assert set(ids) <= allowed


def test_asking_for_more_than_there_is_gives_all() -> None:
    data = dataset_of([Said(f"mail number {n} about lamps") for n in range(5)])
    assert len(KIT.train.next_to_label(data, WORDS, 50, 0)) == 5  # type: ignore[attr-defined]  # optional


def test_when_all_are_labelled_that_is_said() -> None:
    with pytest.raises(DataError, match="every mail"):
        KIT.train.next_to_label(dataset_of(made_up(9)), WORDS, 5, 0)  # type: ignore[attr-defined]  # optional


def test_the_curve_grows_and_says_what_more_labels_buy() -> None:
    curve = KIT.train.learning_curve(dataset_of(made_up(90)), WORDS, 0)  # type: ignore[attr-defined]  # optional
    sizes = [point.labels for point in curve.points]
    assert sizes == sorted(sizes) and len(sizes) == 4
    assert curve.points[-1].reached.value >= curve.points[0].reached.value
    assert curve.gain is not None
    assert 0 <= curve.gain.low <= curve.gain.value <= curve.gain.high <= 1
    assert "next 50 labels" in curve.note


def wrong_of(power: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rightly told, judged and learned from, by share and fold, where the error falls as a power of the labels."""
    sizes = np.repeat(np.array([[80], [160], [240], [320]]), 5, axis=1)
    wrong = np.round(4000 * 0.2 * (sizes / 320.0) ** power).astype(np.int64)
    wrong += np.array([-9, -4, 0, 4, 9])
    return 4000 - wrong, np.full(5, 4000), sizes


def test_labels_buy_what_the_power_of_the_error_gives_and_nothing_where_it_stays() -> None:
    """A line through accuracy over the logarithm promised 1.4 times of it here."""
    right, judged, sizes = wrong_of(-0.5)
    # told of 20,000 mails, so that chance has no part in it
    found = _gain(right, judged, sizes, 20_000)
    true = 0.2 * (1 - (20_050 / 20_000) ** -0.5)
    assert found.value == pytest.approx(true, rel=0.02)
    assert found.low < true < found.high
    flat = _gain(*wrong_of(0.0), 20_000)
    assert flat.value == pytest.approx(0.0, abs=1e-6)
    assert flat.low == 0.0


def test_too_few_labels_have_no_curve() -> None:
    curve = KIT.train.learning_curve(dataset_of(made_up(9)), WORDS, 0)  # type: ignore[attr-defined]  # optional
    assert curve.points == () and curve.gain is None
    assert "too few" in curve.note
