"""Imported again: the newest state of a thing takes the older one's place, and is counted and told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split, build
from kits.core.kit import RawSample
from kits.core.sample import ORDER, key_of
from kits.toolchain import intake as intake_module
from kits.toolchain.evaluation import MemoryBlobStore, leakage_note
from kits.toolchain.intake import ImportOptions, Intake, add_existing, take_in
from kits.toolchain.known_again import as_known, counted_anew

STORE = MemoryBlobStore()


def state(
    what: str, key: str = "crm:1", label: str = "", order: float | None = None, file: str = "a.csv"
) -> RawSample:
    annotation = Annotation(label, author=file) if label else None
    source = f"{file}#{key or what}"
    return RawSample(what.encode(), "application/json", source, annotation, order=order, key=key)


def imported(
    before: Dataset | None, *states: RawSample, split: Split = "train"
) -> tuple[Intake, Dataset]:
    intake = Intake()
    if before is not None:
        add_existing(intake, before)
    take_in(intake, states, ImportOptions(), STORE)
    return intake, version(
        DatasetItem(entry.sample, entry.annotation, entry.fixed or split)
        for entry in intake.entries.values()
    )


def version(items: Iterable[DatasetItem]) -> Dataset:
    return build(DatasetHeader(kit="tiny-kit", split_rule="stated", seed=0), items, STORE)


def told(intake: Intake) -> dict[str, str]:
    return {finding.check: finding.text for finding in intake.findings}


def counts(intake: Intake) -> tuple[int, int, int]:
    return intake.kept, intake.replaced, intake.duplicates


def contents(dataset: Dataset) -> dict[bytes, str]:
    return {
        dataset.content(item): item.annotation.label if item.annotation else ""
        for item in dataset.items
    }


def test_a_newer_state_takes_the_older_ones_place_and_the_old_version_stays() -> None:
    _, first = imported(None, state("size 10"), state("size 20", "crm:2"), split="test")
    intake, second = imported(first, state("size 11", file="b.csv"), state("size 20", "crm:2"))
    assert counts(intake) == (0, 1, 1)
    assert contents(second) == {b"size 11": "", b"size 20": ""}
    assert contents(first) == {b"size 10": "", b"size 20": ""}
    assert told(intake)["newer-states"].startswith("1 samples are newer states")
    assert intake.findings[0].evidence == ("b.csv#crm:1",)
    assert {item.split for item in second.items} == {"test"}, "it stays where its older state was"


def test_things_with_other_keys_or_without_one_are_added() -> None:
    _, first = imported(None, state("size 10", ""), state("size 20", "hubspot:1"))
    intake, second = imported(first, state("size 11", ""), state("size 21", "odoo:1"))
    assert counts(intake) == (2, 0, 0)
    assert len(second.items) == 4
    assert not told(intake)


def test_the_latest_of_one_import_counts() -> None:
    intake, dataset = imported(None, state("size 10"), state("size 11"), state("size 12"))
    assert counts(intake) == (1, 2, 0)
    assert contents(dataset) == {b"size 12": ""}


def test_an_outcome_of_an_equal_state_is_news_once() -> None:
    _, first = imported(None, state("size 10", order=3))
    intake, second = imported(first, state("size 10", label="won", order=5))
    assert counts(intake) == (0, 1, 0)
    assert contents(second) == {b"size 10": "won"}
    [item] = second.items
    assert (item.sample.id, item.sample.meta[ORDER]) == (first.items[0].sample.id, 5)
    intake, third = imported(second, state("size 10", label="won", order=5))
    assert counts(intake) == (0, 0, 1)
    assert third.items == second.items


@pytest.mark.parametrize("label", ["lost", ""])
def test_an_outcome_that_was_taken_back_is_taken_back(label: str) -> None:
    _, first = imported(None, state("size 10", label="won"))
    intake, second = imported(first, state("size 10", label=label))
    assert counts(intake) == (0, 1, 0)
    assert contents(second) == {b"size 10": label}
    assert "conflicting-labels" not in told(intake)


def test_two_outcomes_of_equal_states_in_one_import_are_a_conflict() -> None:
    intake, dataset = imported(None, state("size 10", label="won"), state("size 10", label="lost"))
    assert counts(intake) == (1, 0, 1)
    assert contents(dataset) == {b"size 10": "won"}
    assert "two different labels" in told(intake)["conflicting-labels"]


@pytest.mark.parametrize("what", ["size 10", "size 11"])
def test_what_a_person_said_outlives_newer_states(what: str) -> None:
    _, first = imported(None, state("size 10", label="won"))
    [item] = first.items
    said = replace(item, annotation=Annotation("lost", source="review", author="eve"))
    intake, second = imported(version([said]), state(what, label="won"))
    assert contents(second) == {what.encode(): "lost"}
    assert "the person's word was kept" in told(intake)["conflicting-labels"]
    intake, third = imported(version([said]), state(what))
    assert contents(third) == {what.encode(): "lost"}
    assert "conflicting-labels" not in told(intake)


def test_an_outcome_the_world_gave_gives_way_to_the_next_one_only() -> None:
    _, first = imported(None, state("size 10"))
    known = Annotation("won", source="outcome", author="crm:hubspot")
    won = version([replace(first.items[0], annotation=known)])
    assert contents(imported(won, state("size 11"))[1]) == {b"size 11": "won"}
    assert contents(imported(won, state("size 11", label="lost"))[1]) == {b"size 11": "lost"}


def test_a_version_from_before_there_were_keys_learns_them() -> None:
    _, first = imported(None, state("size 10", ""))
    intake, second = imported(first, state("size 10"))
    assert counts(intake) == (0, 0, 1)
    assert [key_of(item.sample) for item in second.items] == ["crm:1"]
    assert counts(imported(second, state("size 11"))[0]) == (0, 1, 0)


def test_outside_data_in_another_state_is_known_for_what_was_learned_from() -> None:
    _, learned = imported(None, state("size 10"), state("size 20", "crm:2"))
    _, outside = imported(None, state("size 11", file="b.csv"), state("size 9", "crm:9"))
    assert leakage_note(outside.items, learned).startswith("1 of these samples")
    ids = {item.sample.id for item in as_known(outside, learned).items}
    assert len(ids & {item.sample.id for item in learned.items}) == 1


def told_in(file: str, *pages: int) -> list[RawSample]:
    """Records 1, 2, 3, … of a file, of which each tells three things."""
    return [
        state(
            f'{{"id": "{n}", "fields": {{"pages": {one}, "size": {one % 7}, "kind": {one % 3}}}}}',
            f"c:{n}",
            file=file,
        )
        for n, one in enumerate(pages)
    ]


def told_of(file: str, *pages: int) -> Dataset:
    return imported(None, *told_in(file, *pages))[1]


def test_ids_that_each_file_counts_anew_are_other_samples() -> None:
    learned = told_of("a.csv", *range(60))
    others = as_known(told_of("b.csv", *(n * n + 100 for n in range(60))), learned)
    assert counted_anew(others.items, learned) == 60
    assert leakage_note(others.items, learned, named=True) == ""
    same = as_known(told_of("b.csv", *(n if n % 2 else n + 21 for n in range(60))), learned)
    assert counted_anew(same.items, learned) == 0
    assert leakage_note(same.items, learned, named=True).startswith("60 of these samples")


def test_firms_whose_figures_are_others_each_month_are_the_same_firms() -> None:
    """Of eight columns one stays: the country."""

    def month(file: str, by: int) -> list[RawSample]:
        return [
            state(
                json.dumps(
                    {"id": n, "fields": {"country": "abc"[n * 7 % 11 % 3]}}
                    | {f"used {k}": (n + 3) * (k + by) for k in range(7)}
                ),
                f"c:{n}",
                file=file,
            )
            for n in range(60)
        ]

    _, learned = imported(None, *month("a.csv", 5))
    _, later = imported(None, *month("b.csv", 90))
    assert counted_anew(as_known(later, learned).items, learned) == 0
    intake, _ = imported(learned, *month("b.csv", 90))
    [finding] = [one for one in intake.findings if one.check == "newer-states"]
    assert finding.level == "pass"


@pytest.mark.parametrize("remembered", [25, 3_000])
def test_others_that_take_the_place_of_those_with_their_ids_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(intake_module, "_REMEMBERED", remembered)
    first = told_of("a.csv", *range(60))
    intake, _ = imported(first, *told_in("b.csv", *(n * n + 100 for n in range(60))))
    [finding] = [one for one in intake.findings if one.check == "newer-states"]
    assert (finding.level, finding.text.split(" have")[0]) == ("warn", "60 samples")
    assert "--replace" in finding.fix
    newer = told_in("b.csv", *(n if n % 2 else n + 21 for n in range(60)))
    assert [one.level for one in imported(first, *newer)[0].findings] == ["pass"]
