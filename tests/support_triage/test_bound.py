"""The promise: at most ε wrong among automatic mails. Held on made-up mails whose true error is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.core.stats import upper_bound
from kits.support_triage._judging.bound import Certified, certify, fewest, guarantee_text

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
EPSILON, DELTA = 0.02, 0.05


def mails(
    n: int, seed: int, floor: float = 0.0, overconfident: float = 0.0
) -> tuple[Floats, Flags, Floats]:
    """Confidence, whether wrong, and the true chance of being wrong; `overconfident` makes it lie."""
    rng = np.random.default_rng(seed)
    confidence = np.clip(rng.beta(6, 0.6, n), 0.001, 0.9999)
    chance = np.clip(floor + (1 - confidence) * (1 + overconfident), 0, 1)
    return confidence, rng.random(n) < chance, chance


def promised(confidence: Floats, wrong: Flags) -> Certified:
    return certify(confidence, wrong, ["a"] * len(confidence), epsilon=EPSILON, delta=DELTA)


@pytest.mark.slow
@pytest.mark.parametrize("overconfident", [0.0, 2.0])
def test_the_promise_is_broken_in_at_most_one_of_twenty_calibrations(overconfident: float) -> None:
    confidence, _, chance = mails(200_000, 999, overconfident=overconfident)
    broken, decided = 0, []
    for seed in range(200):
        found = promised(*mails(2000, seed, overconfident=overconfident)[:2])
        if found.threshold is None:
            continue
        accepted = confidence >= found.threshold
        decided.append(accepted.mean())
        broken += chance[accepted].mean() > EPSILON
    assert broken <= 16  # 200 draws at 5 %: more than 16 would come up once in 40
    assert np.mean(decided) > 0.1


def test_the_reported_bound_is_the_exact_one_and_below_the_promise() -> None:
    found = promised(*mails(2000, 3)[:2])
    assert found.threshold is not None
    assert found.accepted > 200
    assert upper_bound(found.errors, found.accepted) <= found.upper <= EPSILON


def test_later_mails_of_a_thread_count_in_the_share_that_is_wrong() -> None:
    """A share of mails is promised: where answers are harder than first mails, one mail of each thread flatters."""
    groups = [str(n) for n in range(600)] + [str(n // 2) for n in range(600)]
    rng = np.random.default_rng(0)
    promised_to = 0
    for _ in range(20):
        wrong = np.concatenate([rng.random(600) < 0.004, rng.random(600) < 0.06])
        found = certify(
            np.full(1200, 0.95), wrong, ["a"] * 1200, epsilon=EPSILON, delta=DELTA, groups=groups
        )
        promised_to += found.threshold is not None
    assert promised_to <= 1  # 3.2 % are wrong


def test_the_bound_is_as_wide_as_there_are_threads() -> None:
    wrong = np.zeros(1200, bool)
    wrong[::150] = True
    labels, groups = ["a"] * 1200, [str(n // 3) for n in range(1200)]
    of_threads = certify(
        np.full(1200, 0.95), wrong, labels, epsilon=EPSILON, delta=DELTA, groups=groups
    )
    of_mails = certify(np.full(1200, 0.95), wrong, labels, epsilon=EPSILON, delta=DELTA)
    assert (of_threads.accepted, of_threads.errors) == (of_mails.accepted, of_mails.errors)
    assert of_mails.upper < of_threads.upper < EPSILON


def test_too_few_mails_give_no_promise_and_say_how_many_would() -> None:
    confidence = np.full(100, 0.99)
    found = certify(confidence, np.zeros(100, bool), ["a"] * 100, epsilon=EPSILON, delta=DELTA)
    assert found.threshold is None
    assert found.needed == fewest(EPSILON, DELTA) == 165
    assert f"about {found.needed} in val would do, if" in guarantee_text(found, EPSILON, DELTA)


def test_how_many_mails_would_do_is_told_in_all_and_is_enough() -> None:
    few, enough = (
        certify(np.full(n, 0.99), np.zeros(n, bool), ["a"] * n, epsilon=EPSILON, delta=DELTA)
        for n in (164, 165)
    )
    # of 1,000 labelled mails val had 164: the reader counts all of them
    told = guarantee_text(few, EPSILON, DELTA, 1000)
    assert "about 165 in val would do, so about 1,100 labelled mails in all" in told
    assert enough.threshold is not None
    assert "would do" not in guarantee_text(enough, EPSILON, DELTA, 1000)


def test_mails_nobody_will_ever_label_are_not_told_to_do() -> None:
    wrong = np.zeros(404, bool)
    wrong[:200:53] = True
    confidence = np.linspace(0.99, 0.5, 404)
    near = certify(confidence, wrong, ["a"] * 404, epsilon=EPSILON, delta=DELTA)
    assert near.needed == 0, "3.9 of 200 are wrong: 1.9 % needs many thousands to be below 2 %"
    wrong[53:] = False
    far = certify(confidence[:250], wrong[:250], ["a"] * 250, epsilon=EPSILON, delta=DELTA)
    assert 250 < far.needed < 5000


def test_a_model_that_is_wrong_too_often_gets_no_promise_from_more_mails() -> None:
    confidence, wrong, _ = mails(4000, 1, floor=0.1)
    found = promised(confidence, wrong)
    assert found.threshold is None
    assert found.needed == 0
    told = guarantee_text(found, EPSILON, DELTA)
    assert "would not do" in told
    assert "correct labels that are wrong" in told


def test_what_is_never_decided_does_not_count_for_the_promise() -> None:
    confidence = np.concatenate([np.full(400, 0.95), np.zeros(600)])
    wrong = np.concatenate([np.zeros(400, bool), np.ones(600, bool)])
    found = certify(confidence, wrong, ["a"] * 1000, epsilon=EPSILON, delta=DELTA)
    assert (found.accepted, found.errors, found.n) == (400, 0, 1000)


def test_a_label_shown_to_be_bad_is_left_to_people_and_the_promise_only_gets_safer() -> None:
    rng = np.random.default_rng(0)
    labels = ["refund"] * 40 + ["order"] * 3960
    wrong = np.concatenate([rng.random(40) < 0.5, rng.random(3960) < 0.003])
    order = rng.permutation(4000)
    confidence = rng.uniform(0.9, 0.99, 4000)
    found = certify(
        confidence, wrong[order], [labels[i] for i in order], epsilon=EPSILON, delta=DELTA
    )
    assert found.threshold is not None
    assert list(found.left_out) == ["refund"]
    assert "were wrong" in found.left_out["refund"]
    assert found.errors / found.accepted < 0.006


def test_a_label_known_to_be_rare_is_left_out_before_any_error_is_looked_at() -> None:
    confidence = np.full(1000, 0.95)
    labels = ["rare"] * 10 + ["order"] * 990
    wrong = np.zeros(1000, bool)
    found = certify(
        confidence, wrong, labels, epsilon=EPSILON, delta=DELTA, known={"rare": "3 mails"}
    )
    assert found.accepted == 990
    assert found.left_out == {"rare": "3 mails"}


def test_a_second_chance_is_taken_where_half_of_the_mails_are_too_hard() -> None:
    rng = np.random.default_rng(1)
    confidence = np.concatenate([rng.uniform(0.9, 0.99, 600), rng.uniform(0.2, 0.5, 1400)])
    wrong = np.concatenate([np.zeros(600, bool), rng.random(1400) < 0.4])
    found = promised(confidence, wrong)
    assert found.threshold is not None
    assert 590 <= found.accepted <= 620


def test_the_sentence_names_n_coverage_and_errors() -> None:
    found = Certified(0.9, 2000, 1600, 20, 0.0185)
    assert guarantee_text(found, EPSILON, DELTA) == (
        "at most 2 % wrong among automatic mails, with 95% confidence, on mails like these: "
        "n 2000, coverage 80.0%, 20 of 1600 wrong"
    )
