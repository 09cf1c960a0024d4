"""Which models are tried when: all of a small table's, of a large one's in stages."""

from __future__ import annotations

import numpy as np

from kits.lead_scoring._learning.candidates import HALF_LIVES, Candidate, candidates
from kits.lead_scoring._learning.choice import Scored
from kits.lead_scoring._learning.effort import MOST_TO_CHOOSE, thinned
from kits.lead_scoring._learning.search import Search
from kits.lead_scoring.config import Config

LARGE, SMALL = 5_000_000, 1_000_000
EVERY = candidates(Config(), few=False, in_time=True, drifting=("month",))


def scored_of(losses: dict[Candidate, float]) -> list[Scored]:
    """Candidates with these mean losses on leads about which they differ much, so that none is far behind."""
    rng = np.random.default_rng(0)
    found = []
    for one, loss in losses.items():
        noise = rng.normal(scale=2.0, size=500)
        found.append(Scored(one, loss + noise - noise.mean(), (0.7,), (2.0,), 0.1))
    return found


def ranked(tried: tuple[Candidate, ...], best: Candidate) -> list[Scored]:
    """`best` is best, and those with trees come before others."""
    return scored_of({o: 0.4 if o == best else 0.5 - 0.01 * o.has_trees for o in tried})


def begun(cells: int) -> Search:
    search = Search(EVERY)
    search.begin(cells)
    return search


def test_a_small_table_tries_all_models_on_all_folds() -> None:
    search = begun(SMALL)
    assert search.tried == EVERY
    search.narrow(ranked(search.tried, EVERY[0]), SMALL)
    assert (search.tried, search.given_up) == (EVERY, [])


def test_a_large_table_tries_each_family_first_with_few_half_lives() -> None:
    search = begun(LARGE)
    assert {one.family for one in search.tried} == {one.family for one in EVERY}
    assert {one.half_life for one in search.tried} == {0.0, 1 / 4, 1 / 16}
    assert len(search.tried) < 0.65 * len(EVERY)


def test_half_lives_beside_the_better_half_join_once() -> None:
    search = begun(LARGE)
    best = Candidate("mean", 1 / 4, straight=True)
    search.narrow(ranked(search.tried, best), LARGE)
    left = search.tried
    joining = search.join()
    assert {Candidate("mean", half, straight=True) for half in (1 / 2, 1 / 8)} <= set(joining)
    assert search.tried == (*left, *joining)
    assert search.join() == ()
    search.narrow(ranked(search.tried, best), LARGE)
    assert len(search.tried) < 0.6 * len((*left, *joining))


def test_every_half_life_can_be_reached() -> None:
    for half in HALF_LIVES:
        search = begun(LARGE)
        wanted = Candidate("recent", half)
        first = min(
            (o for o in search.tried if o.family == "recent" and not (o.straight or o.stable)),
            key=lambda one: abs(HALF_LIVES.index(one.half_life) - HALF_LIVES.index(half)),
        )
        search.narrow(ranked(search.tried, first), LARGE)
        search.join()
        assert wanted in search.tried


def test_after_the_last_fold_drifting_columns_are_in_or_out_for_all_that_are_left() -> None:
    search = begun(LARGE)
    best = Candidate("mean", 1 / 4, stable=True)
    search.settle(ranked(search.tried, best), LARGE)
    assert best in search.tried
    assert all(one.stable for one in search.tried)
    assert not {one.candidate for one in search.given_up} & set(search.tried)


def test_who_was_given_up_is_kept_with_its_figures() -> None:
    search = begun(LARGE)
    tried = search.tried
    search.narrow(ranked(tried, tried[0]), LARGE)
    given_up = {one.candidate for one in search.given_up}
    assert given_up == set(tried) - set(search.tried)
    assert len(given_up) >= len(tried) // 2 - 1


def test_very_many_leads_choose_by_some_of_all_times() -> None:
    rows = np.arange(250_000)
    some = thinned(rows)
    assert len(some) == len(np.unique(some)) == MOST_TO_CHOOSE
    assert (some[0], some[-1]) == (0, 249_999)
    assert np.diff(some).max() == 3
    few = np.arange(MOST_TO_CHOOSE)
    assert thinned(few) is few
