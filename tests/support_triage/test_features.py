"""Counted pieces: the same numbers as scikit-learn's, without a list of strings, in bounded time."""

from __future__ import annotations

import numpy as np
import pytest

from kits.support_triage._features.ngrams import Ngrams, learn_ngrams
from kits.support_triage._features.pieces import MAX_CHARACTERS, hashed_pieces, normalised

TEXTS = (
    "Where is my order? It should have arrived on Monday.",
    "I want my money back, the lamp is broken!",
    "Please send the invoice for order 48213 again.",
    "Où est ma commande ? Elle devait arriver lundi.",
    "My order has not arrived and I want my money back",
    "a b c",
)


def dense(ngrams: Ngrams, text: str) -> np.ndarray:
    row = np.zeros(ngrams.size)
    columns, values = ngrams.row(text)
    row[columns] = values
    return row


def test_words_are_weighted_as_scikit_learn_does() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    ngrams = learn_ngrams(TEXTS)
    words = len(ngrams.words.known)
    ours = np.stack([dense(ngrams, text)[:words] for text in TEXTS])
    theirs = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode")
    rows = theirs.fit_transform(TEXTS).toarray()
    assert rows.shape == ours.shape
    assert np.allclose(ours @ ours.T, rows @ rows.T, atol=1e-5)


def test_a_piece_has_one_hash_wherever_it_stands() -> None:
    first, _ = hashed_pieces("refund please")
    second, _ = hashed_pieces("dear all, I would like a refund please, thank you")
    assert set(first) <= set(second)


def test_case_accents_and_width_do_not_count() -> None:
    one = hashed_pieces("Café  RÉSUMÉ")
    other = hashed_pieces("ｃａｆｅ resume")
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_runs_do_not_reach_over_a_space() -> None:
    _, runs = hashed_pieces("ab cd")
    _, across = hashed_pieces("abcd")
    _, apart = hashed_pieces("ab")
    assert set(apart) <= set(runs)
    assert not set(across) <= set(runs)


def test_pieces_of_one_kind_are_not_taken_for_another() -> None:
    words, runs = hashed_pieces("ab")
    assert not set(words) & set(runs)


def test_a_text_without_a_known_piece_has_an_empty_row() -> None:
    ngrams = learn_ngrams(TEXTS)
    for text in ("", " \n ", "汉字汉字", "\ud800"):
        columns, values = ngrams.row(text)
        assert len(columns) == len(values)
        assert np.isfinite(values).all()
    assert len(ngrams.row("")[0]) == 0


def test_both_halves_of_a_row_have_unit_length() -> None:
    ngrams = learn_ngrams(TEXTS)
    row = dense(ngrams, "my order is broken and the invoice is wrong")
    words = len(ngrams.words.known)
    assert np.linalg.norm(row[:words]) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(row[words:]) == pytest.approx(1, abs=1e-5)


def test_the_commonest_pieces_stay_where_there_are_too_many() -> None:
    texts = [f"common words here {n} rare{n}" for n in range(50)]
    small = learn_ngrams(texts, max_pieces=3)
    assert small.size == 6
    assert len(small.row("common words here")[0]) > 0
    assert len(small.words.row(hashed_pieces("rare7")[0])[0]) == 0


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "ab " * 400_000,
        "\ufdfa" * 1_000_000,
        "a" + "\u0301\u0323" * 500_000,
        "\u200b \u3000" * 300_000,
        "é" * 1_000_000,
    ],
    ids=["one word", "many words", "grows 18-fold", "combining marks", "odd spaces", "accents"],
)
def test_a_megabyte_of_anything_is_counted_in_bounds(text: str) -> None:
    assert len(normalised(text)) <= MAX_CHARACTERS + 2
    words, runs = hashed_pieces(text)
    assert len(words) + len(runs) <= 6 * MAX_CHARACTERS


def test_a_model_holds_no_word_of_the_mails_in_readable_form() -> None:
    from kits.support_triage._models.classifier import ngram_files, read_ngrams

    ngrams = learn_ngrams(TEXTS)
    files = ngram_files(ngrams)
    assert all(b"invoice" not in content for content in files.values())
    again = read_ngrams(files)
    assert np.array_equal(dense(again, TEXTS[2]), dense(ngrams, TEXTS[2]))
