"""The index of passages: the published weights, and what nothing is concluded from."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from kits.support_triage._drafting.bm25 import K1, B, Bm25

DOCUMENTS: tuple[list[str], ...] = (
    ["refund", "money", "back", "refund"],
    ["parcel", "late", "money"],
    ["parcel", "lost", "claim", "carrier", "carrier"],
    [],
)


def published(token: str, place: int) -> float:
    """The weight of a token in a document, after Robertson and Zaragoza (2009), by its formula."""
    holding = sum(token in document for document in DOCUMENTS)
    idf = np.log(1 + (len(DOCUMENTS) - holding + 0.5) / (holding + 0.5))
    mean = sum(map(len, DOCUMENTS)) / len(DOCUMENTS)
    count = Counter(DOCUMENTS[place])[token]
    norm = K1 * (1 - B + B * len(DOCUMENTS[place]) / mean)
    return float(idf * count * (K1 + 1) / (count + norm))


@pytest.mark.parametrize("token", ["refund", "money", "parcel", "carrier", "unheard"])
def test_a_word_weighs_what_the_published_formula_says(token: str) -> None:
    found = Bm25(DOCUMENTS).scores({token: 1.0})
    assert found == pytest.approx([published(token, n) for n in range(4)], rel=1e-5)


def test_weights_of_the_question_count_and_add_up() -> None:
    index = Bm25(DOCUMENTS)
    both = index.scores({"parcel": 2.0, "money": 1.0})
    assert both == pytest.approx(2 * index.scores({"parcel": 1}) + index.scores({"money": 1}))


def test_documents_are_read_once_so_they_may_be_made_on_the_way() -> None:
    made = Bm25((word for word in document) for document in DOCUMENTS)
    assert made.size == 4
    assert (made.scores({"lost": 1.0}) == Bm25(DOCUMENTS).scores({"lost": 1.0})).all()


def test_one_word_in_common_is_chance_unless_it_is_half_of_the_question() -> None:
    index = Bm25(DOCUMENTS)
    assert index.share(["parcel"])[1] == pytest.approx(1.0)
    assert not index.share(["parcel", "opera", "ticket", "tonight"]).any()
    assert index.share(["parcel", "late", "opera"])[1] > index.share(["parcel", "lost", "opera"])[1]


def test_nothing_is_found_where_nothing_is() -> None:
    for index in (Bm25([]), Bm25([[], []])):
        assert not index.scores({"parcel": 1.0}).any()
        assert not index.share(["parcel", "late"]).any()
