"""Splits: no group and no near-duplicate on two sides, stable, and fair to every label."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta

import pytest

from kits.core.dataset import SPLITS, Split
from kits.core.placing import BY_DAY, BY_GROUP, BY_WEEK
from kits.toolchain.splitting import Candidate, place

SHARES: dict[Split, float] = {"train": 0.7, "val": 0.15, "test": 0.15}


def candidates(
    n: int, *, per_group: int = 1, label: str = "good", start: int = 0, given: Split | None = None
) -> list[Candidate]:
    return [
        Candidate(f"s{i:04d}", f"{i}.jpg", f"g{i // per_group:04d}", (label,), given)
        for i in range(start, start + n)
    ]


def test_a_group_is_never_divided() -> None:
    placed = place(candidates(90, per_group=4), [], SHARES, seed=3)
    sides = defaultdict(set)
    for identity, split in placed.splits.items():
        sides[placed.groups[identity]].add(split)
    assert all(len(found) == 1 for found in sides.values())
    assert set(placed.splits.values()) == set(SPLITS)


def test_near_duplicates_share_a_split_and_a_group() -> None:
    samples = candidates(60)
    pairs = [("s0000", "s0030"), ("s0030", "s0059")]
    placed = place(samples, pairs, SHARES, seed=0)
    assert len({placed.splits[i] for i in ("s0000", "s0030", "s0059")}) == 1
    assert len({placed.groups[i] for i in ("s0000", "s0030", "s0059")}) == 1


def test_the_order_of_the_input_does_not_matter() -> None:
    samples = candidates(50) + candidates(9, label="bad", start=50)
    assert place(samples, [], SHARES, 1).splits == place(samples[::-1], [], SHARES, 1).splits


@pytest.mark.parametrize("seed", range(3))
def test_large_groups_and_small_ones_are_in_every_split_alike(seed: int) -> None:
    """Mails of long threads are harder than single ones: a test part of single ones promises too much."""
    samples = candidates(300) + candidates(240, per_group=4, start=400)
    placed = place(samples, [], SHARES, seed)
    alone = Counter(placed.splits[c.id] for c in samples if int(c.id[1:]) < 300)
    together = Counter(placed.splits[c.id] for c in samples if int(c.id[1:]) >= 400)
    for split, share in SHARES.items():
        assert abs(alone[split] - 300 * share) <= 4
        assert abs(together[split] - 240 * share) <= 8


def test_one_very_large_group_is_learned_from() -> None:
    """A form of which a tenth of all mails are copies says little as most of a test part."""
    samples = candidates(300) + candidates(60, per_group=60, start=420)
    placed = place(samples, [], SHARES, seed=0)
    assert placed.splits["s0420"] == "train"
    assert min(Counter(placed.splits.values()).values()) >= 45


def test_another_seed_gives_another_split() -> None:
    samples = candidates(50)
    assert place(samples, [], SHARES, 1).splits != place(samples, [], SHARES, 2).splits


def test_a_rare_label_reaches_every_split() -> None:
    samples = candidates(200) + candidates(3, label="crack", start=200)
    placed = place(samples, [], SHARES, seed=0)
    assert {placed.splits[f"s{i:04d}"] for i in (200, 201, 202)} == set(SPLITS)


def test_shares_are_met_label_by_label() -> None:
    samples = candidates(200) + candidates(40, label="bad", start=200)
    placed = place(samples, [], SHARES, seed=0)
    bad = Counter(placed.splits[c.id] for c in samples if c.labels == ("bad",))
    assert bad == {"train": 28, "val": 6, "test": 6}


def test_a_leak_in_the_given_split_goes_to_the_stricter_side_and_is_said() -> None:
    samples = [
        *candidates(40, given="train"),
        *candidates(10, start=40, given="val"),
        *candidates(10, start=50, given="test"),
    ]
    placed = place(samples, [("s0001", "s0055")], SHARES, seed=0)
    assert placed.splits["s0001"] == placed.splits["s0055"] == "test"
    leak = next(f for f in placed.findings if f.check == "leakage")
    assert any("1.jpg" in line for line in leak.evidence)


def test_many_leaks_are_one_line_with_a_count_and_examples() -> None:
    samples = [*candidates(40, given="train"), *candidates(40, start=40, given="test")]
    pairs = [(f"s{n:04}", f"s{n + 40:04}") for n in range(0, 30, 10)]
    placed = place(samples, pairs, SHARES, seed=0)
    leaks = [f for f in placed.findings if f.check == "leakage"]
    assert len(leaks) == 1
    assert leaks[0].text.startswith("3 groups stood in more than one split: 3 samples were moved")
    assert len(leaks[0].evidence) == 3
    assert all("(train)" in line and "(test)" in line for line in leaks[0].evidence)


def test_two_missing_splits_both_get_their_full_share() -> None:
    placed = place(candidates(200, given="train"), [], SHARES, seed=0)
    counts = Counter(placed.splits.values())
    assert counts == {split: pytest.approx(200 * share, abs=1) for split, share in SHARES.items()}


def test_a_test_split_is_made_when_the_data_has_none() -> None:
    samples = [*candidates(80, given="train"), *candidates(40, start=80, given="val")]
    placed = place(samples, [], SHARES, seed=0)
    counts = Counter(placed.splits.values())
    assert counts["test"] == 18
    assert counts["val"] >= 20
    assert any(f.check == "split-made" and "18 samples" in f.text for f in placed.findings)


def test_defects_that_exist_only_in_test_are_shared_with_val() -> None:
    samples = [
        *candidates(100, given="train"),
        *candidates(20, start=100, given="test"),
        *candidates(20, start=120, given="test", label="bad"),
    ]
    placed = place(samples, [], SHARES, seed=0)
    bad = Counter(placed.splits[c.id] for c in samples if c.labels == ("bad",))
    assert bad["val"] > 0 and bad["test"] >= 10 and bad["train"] == 0


def test_a_chain_through_half_the_data_is_not_believed() -> None:
    samples = candidates(100)
    chain = [(f"s{i:04d}", f"s{i + 1:04d}") for i in range(60)]
    placed = place(samples, chain, SHARES, seed=0)
    assert len(set(placed.groups.values())) == 100
    assert any(f.check == "near-duplicates-everywhere" for f in placed.findings)


def test_what_was_placed_before_stays() -> None:
    first = place(candidates(60), [], SHARES, seed=0)
    again = [
        Candidate(c.id, c.source, c.group, c.labels, fixed=first.splits[c.id])
        for c in candidates(60)
    ]
    second = place([*again, *candidates(40, start=60)], [], SHARES, seed=9)
    assert {i: second.splits[i] for i in first.splits} == dict(first.splits)


def in_days(days: int, per_day: int, label: str = "good", start: int = 0) -> list[Candidate]:
    return [
        replace(
            one,
            id=f"{label}{one.id}",
            day=f"{date(2025, 1, 6) + timedelta(days=number // per_day)}",
        )
        for number, one in enumerate(candidates(days * per_day, label=label, start=start))
    ]


def test_days_stay_whole_and_parts_stay_groups() -> None:
    """Each day has its own lamp: by lot, what judges knows the days that are learned from."""
    samples = in_days(40, 5) + in_days(40, 1, "bad", start=500)
    placed = place(samples, [], SHARES, seed=0)
    sides = defaultdict(set)
    for one in samples:
        sides[one.day].add(placed.splits[one.id])
    assert placed.rule == BY_DAY and all(len(found) == 1 for found in sides.values())
    assert len(set(placed.groups.values())) == len(samples)
    for label in ("good", "bad"):
        counts = Counter(placed.splits[one.id] for one in samples if one.labels == (label,))
        total = counts.total()
        assert all(abs(counts[split] / total - share) < 0.06 for split, share in SHARES.items())
    assert any(f.check == "whole-days" and f.level == "pass" for f in placed.findings)


def test_of_many_weeks_each_stays_whole() -> None:
    """Material lasts longer than a day: the next day of one lot is no other day."""
    start = date(2025, 1, 6)
    samples = [
        replace(one, day=(start + timedelta(days=number // 2)).isoformat())
        for number, one in enumerate(candidates(2 * 7 * 24))
    ]
    placed = place(samples, [], SHARES, seed=0)
    weeks = [{placed.splits[one.id] for one in samples[14 * w : 14 * w + 14]} for w in range(24)]
    assert placed.rule == BY_WEEK and all(len(found) == 1 for found in weeks)
    fewer = place(samples[: 2 * 7 * 12], [], SHARES, seed=0)
    assert fewer.rule == BY_DAY


def test_few_days_are_divided_and_that_is_told() -> None:
    samples = in_days(40, 1, "bad") + in_days(3, 30, start=500)
    placed = place(samples, [], SHARES, seed=0)
    assert placed.rule == BY_GROUP and set(placed.splits.values()) == set(SPLITS)
    (told,) = [f for f in placed.findings if f.check == "whole-days"]
    assert told.level == "warn" and "'good' are of few days" in told.text


def test_days_that_look_alike_do_not_chain_into_one() -> None:
    samples = in_days(40, 3)
    pairs = [(samples[3 * n].id, samples[3 * n + 4].id) for n in range(10)]
    placed = place(samples, [*pairs, (samples[0].id, samples[1].id)], SHARES, seed=0)
    assert placed.rule == BY_DAY
    assert placed.groups[samples[0].id] == placed.groups[samples[1].id]
    assert placed.groups[samples[0].id] != placed.groups[samples[4].id]
    assert any("10 pairs that look alike are of different days" in f.text for f in placed.findings)


def test_what_is_stated_to_belong_together_goes_before_days() -> None:
    lots = [replace(one, group=f"lot{n // 11}") for n, one in enumerate(in_days(40, 5))]
    placed = place(lots, [], SHARES, seed=0)
    assert placed.rule == BY_GROUP and len(set(placed.groups.values())) == 19
    assert any("data.group_by" in f.text and f.level == "pass" for f in placed.findings)


def test_a_day_that_the_version_before_divides_stays_divided() -> None:
    before = [replace(one, fixed=SPLITS[n % 3]) for n, one in enumerate(in_days(20, 3))]
    later = [replace(one, id=f"new{one.id}", group=f"new{one.group}", day=f"later{n // 3}") for n, one in enumerate(in_days(20, 3))]  # fmt: skip
    placed = place([*before, *later], [], SHARES, seed=0)
    assert all(placed.splits[one.id] == one.fixed for one in before)
    sides = defaultdict(set)
    for one in later:
        sides[one.day].add(placed.splits[one.id])
    assert all(len(found) == 1 for found in sides.values())


def test_looking_alike_does_not_join_stated_groups_into_most_of_the_data() -> None:
    samples = candidates(120, per_group=3)
    pairs = [(f"s{n:04d}", f"s{n + 1:04d}") for n in range(2, 110, 3)]
    placed = place(samples, pairs, SHARES, seed=0)
    assert len(set(placed.groups.values())) == 40
    assert any(f.check == "near-duplicates-everywhere" for f in placed.findings)


def test_thanks_at_the_end_of_many_threads_leave_other_copies_together() -> None:
    samples = candidates(300, per_group=2)
    thanks = [("s0001", f"s{n:04d}") for n in range(3, 300, 2)]
    placed = place(samples, [("s0000", "s0002"), *thanks], SHARES, seed=0)
    assert placed.groups["s0000"] == placed.groups["s0002"]
    assert placed.splits["s0000"] == placed.splits["s0002"]
    assert len(set(placed.groups.values())) == 149
    (told,) = [f for f in placed.findings if f.check == "near-duplicates-everywhere"]
    assert told.text.startswith("150 of 300 samples look alike, and would keep 300 together")
    assert any(f.text.startswith("1 pairs of near-duplicates") for f in placed.findings)
