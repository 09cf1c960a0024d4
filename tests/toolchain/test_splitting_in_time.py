"""Splits in time: the past teaches, the latest judges, and nothing of a group is on both sides."""

from __future__ import annotations

from dataclasses import replace

from kits.core.dataset import Split
from kits.toolchain.splitting import Candidate
from kits.toolchain.splitting_in_time import has_order, place_in_order

SHARES: dict[Split, float] = {"train": 0.7, "val": 0.15, "test": 0.15}


def dated(n: int) -> list[Candidate]:
    return [Candidate(f"s{i:04d}", f"{i}.csv", f"g{i}", ("won",), order=float(i)) for i in range(n)]


def test_the_latest_are_judged_on_and_the_oldest_learned_from() -> None:
    splits = place_in_order(dated(100)[::-1], SHARES).splits
    assert [splits[f"s{i:04d}"] for i in range(100)] == ["train"] * 70 + ["val"] * 15 + [
        "test"
    ] * 15


def test_a_group_goes_where_its_latest_sample_goes() -> None:
    one, *others = dated(100)
    placed = place_in_order([replace(one, group="g99"), *others], SHARES)
    assert placed.splits["s0000"] == placed.splits["s0099"] == "test"


def test_samples_without_an_outcome_take_no_place_from_those_with_one() -> None:
    open_ones = [
        replace(c, id=f"o{c.id}", group=f"o{c.group}", labels=(), order=1000.0) for c in dated(50)
    ]
    splits = place_in_order([*dated(100), *open_ones], SHARES).splits
    assert sum(splits[c.id] == "test" for c in dated(100)) == 15
    assert {splits[c.id] for c in open_ones} == {"test"}


def test_a_split_that_the_data_names_is_respected() -> None:
    first, *others = dated(100)
    assert place_in_order([replace(first, given="test"), *others], SHARES).splits["s0000"] == "test"


def test_later_samples_make_the_old_test_split_a_thing_to_learn_from() -> None:
    fixed = [replace(c, fixed="test") for c in dated(100)[85:]]
    splits = place_in_order([*dated(100)[:85], *fixed, *dated(300)[100:]], SHARES).splits
    assert splits["s0090"] == "train" and splits["s0299"] == "test"


def test_samples_without_a_place_in_time_are_split_by_lot() -> None:
    assert not has_order([replace(c, order=None) for c in dated(100)])
    assert not has_order([replace(c, order=3.0) for c in dated(100)])
    assert has_order([replace(c, order=None) if i < 4 else c for i, c in enumerate(dated(100))])


def test_samples_without_a_label_need_no_place_in_time() -> None:
    undated = [replace(c, id=f"o{c.id}", labels=(), order=None) for c in dated(30)]
    assert has_order([*dated(100), *undated])


def test_a_split_of_few_samples_is_told() -> None:
    placed = place_in_order(dated(60), SHARES)
    assert [f.check for f in placed.findings] == ["thin-split"]


def test_where_nothing_has_a_label_no_splitting_is_to_blame() -> None:
    placed = place_in_order([replace(one, labels=()) for one in dated(60)], SHARES)
    assert not placed.findings


def test_a_split_that_the_data_lacks_is_made_of_what_comes_before_the_judging_one() -> None:
    named = [replace(c, given="train" if i < 70 else "test") for i, c in enumerate(dated(100))]
    placed = place_in_order(named, SHARES)
    assert [placed.splits[c.id] for c in named] == ["train"] * 55 + ["val"] * 15 + ["test"] * 30
    assert placed.findings[0].check == "split-made"

    bare = place_in_order([replace(c, labels=()) for c in named], SHARES).splits
    assert sum(split == "val" for split in bare.values()) == 15

    named = [replace(c, given="train" if i < 70 else "val") for i, c in enumerate(dated(100))]
    splits = place_in_order(named, SHARES).splits
    assert [splits[c.id] for c in named] == ["train"] * 70 + ["val"] * 15 + ["test"] * 15
