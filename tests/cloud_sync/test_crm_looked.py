"""What is looked up of a CRM is kept for a while, and looked up anew then."""

from __future__ import annotations

import itertools

from cloud_sync.crm.looked import FRESH_S, KEPT_S, Looked


def test_a_look_is_kept_and_repeated_when_it_is_old() -> None:
    at, looks = [0.0], itertools.count(1)
    looked = Looked(lambda: next(looks), lambda: at[0])
    assert looked.last is None
    assert (looked(), looked(), looked.last) == (1, 1, 1)
    at[0] = KEPT_S - 1
    assert looked() == 1
    at[0] = KEPT_S
    assert looked() == 2


def test_one_that_must_be_fresh_is_shared_by_those_who_ask_at_once() -> None:
    at, looks = [0.0], itertools.count(1)
    looked = Looked(lambda: next(looks), lambda: at[0])
    assert (looked(anew=True), looked(anew=True)) == (1, 1)
    at[0] = FRESH_S
    assert looked(anew=True) == 2
    looked.forget()
    assert looked() == 3
