"""Heads and scope: probabilities that sum to one, a mean that weighs, and what is unlike everything."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.errors import BundleError
from kits.support_triage._features.ngrams import Block
from kits.support_triage._features.pieces import readable_words
from kits.support_triage._models import arrays
from kits.support_triage._models.heads import combined, shares
from kits.support_triage._models.scope import likeness, means_of, value
from kits.support_triage._models.spec import HeadSpec
from kits.support_triage._models.words import telling_words

A = np.array([[2.0, 0.0, -1.0]], np.float32)
B = np.array([[0.0, 2.0, -1.0]], np.float32)


def spec(weight: float, **settings: float) -> HeadSpec:
    return HeadSpec(classes=("a", "b", "c"), view="last", ngram_weight=weight, **settings)


def test_the_mean_goes_from_one_model_to_the_other_by_weight() -> None:
    likely = [int(combined(spec(w), A, B).argmax()) for w in (0.0, 0.2, 0.8, 1.0)]
    assert likely == [1, 1, 0, 0]
    assert np.allclose(combined(spec(0.0), A, B), combined(spec(0.0), None, B))
    assert np.allclose(combined(spec(0.5), A, B).sum(), 1)


def test_a_certain_no_of_one_model_counts() -> None:
    never = np.array([[0.0, -40.0, -1.0]], np.float32)
    assert combined(spec(0.5), never, B)[0, 1] < 1e-6


def test_a_higher_temperature_is_less_certain_and_decides_the_same() -> None:
    cold, warm = combined(spec(0.3), A, B), combined(spec(0.3, temperature=3.0), A, B)
    assert warm.max() < cold.max()
    assert warm.argmax() == cold.argmax()


def test_words_decide_alone_where_the_network_was_not_asked() -> None:
    assert np.allclose(combined(spec(0.2), A, None), shares(A, several=False))


def test_extreme_decisions_stay_numbers() -> None:
    huge = np.array([[1e30, -1e30, 0.0]], np.float32)
    for several in (False, True):
        found = shares(huge, several)
        assert np.isfinite(found).all()
        assert (found >= 0).all() and (found <= 1).all()


def test_what_is_unlike_its_label_is_less_within_scope() -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 1]]
    truth = np.eye(2, dtype=bool)[[0, 0, 1, 1]]
    means = means_of(vectors, truth)
    strange = np.eye(3, dtype=np.float32)[[2]]
    near = likeness(vectors[:1], means, np.array([0]))
    far = likeness(strange, means, np.array([0]))
    sure = np.array([0.99], np.float32)
    assert value(sure, near)[0] > 0.9
    assert value(sure, far)[0] < 0.1


def test_an_array_comes_back_as_it_was_and_is_not_copied() -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)
    files = {"m.npy": arrays.to_bytes(matrix)}
    again = arrays.floats(files, "m.npy", (None, 4))
    assert np.array_equal(again, matrix)
    assert not again.flags.owndata


@pytest.mark.parametrize(
    "wrong",
    [
        arrays.to_bytes(np.zeros((2, 3), np.float64)),
        arrays.to_bytes(np.zeros((3, 2), np.float32)),
        arrays.to_bytes(np.full((2, 3), np.nan, np.float32)),
        b"\x93NUMPY\x02\x00" + bytes(40),
        b"\x93NUMPY",
        b"",
    ],
    ids=["type", "shape", "no number", "version", "cut off", "empty"],
)
def test_an_array_that_is_not_what_was_asked_for_is_refused(wrong: bytes) -> None:
    with pytest.raises(BundleError):
        arrays.floats({"m.npy": wrong}, "m.npy", (2, 3))


def test_an_array_of_objects_is_never_read() -> None:
    import io

    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(BundleError):
        arrays.floats({"m.npy": buffer.getvalue()}, "m.npy", (1,))


def test_a_word_that_stands_in_every_mail_is_the_last_to_be_a_reason() -> None:
    words, hashes = readable_words("the broken")
    order = np.argsort(hashes)
    rarity = {"the": 1.01, "broken": 3.0}
    block = Block(hashes[order], np.array([rarity[words[n]] for n in order], np.float32))
    strong = {"the": 2.0, "broken": 0.4}  # by weight times value "the" is the stronger one
    weights = np.array([[strong[words[n]], 0.0] for n in order], np.float16)
    told = telling_words("the broken", block, weights, 0)
    assert [word for word, _ in told] == ["broken", "the"]
